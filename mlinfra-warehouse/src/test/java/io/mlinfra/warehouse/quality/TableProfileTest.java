package io.mlinfra.warehouse.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.ColumnSummary.Bar;
import io.mlinfra.warehouse.quality.ColumnSummary.Value;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableProfileTest {
  private static Warehouse warehouse;

  @BeforeAll
  static void open() {
    warehouse = Warehouse.inMemory();
  }

  @AfterAll
  static void close() {
    warehouse.close();
  }

  private static ColumnSummary column(String sql) {
    TableProfile profile = TableProfile.ofQuery(warehouse, sql);
    assertThat(profile.columns()).hasSize(1);
    return profile.columns().get(0);
  }

  private static double value(String sql) {
    return ((Number) Rows.single(warehouse, sql, List.of()).get(0)).doubleValue();
  }

  @Test
  void numbersHaveMomentsExtremesAndFrequentValues() {
    ColumnSummary column =
        column("SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE i % 4 END AS a FROM range(1000) r(i)");
    assertThat(column.type()).isEqualTo("BIGINT");
    assertThat(column.rows()).isEqualTo(1000);
    assertThat(column.nulls()).isEqualTo(100);
    assertThat(column.nullFraction()).isEqualTo(0.1);
    assertThat(column.distinct()).isEqualTo(4);
    assertThat(column.distinctExact()).isTrue();
    assertThat(column.lowest()).isEqualTo("0");
    assertThat(column.highest()).isEqualTo("3");
    assertThat(column.mean()).isCloseTo(1400.0 / 900, within(1e-9));
    assertThat(column.top())
        .containsExactly(
            new Value("1", 250), new Value("3", 250), new Value("0", 200), new Value("2", 200));
    assertThat(column.histogram())
        .containsExactly(
            new Bar(0, 0, 200), new Bar(1, 1, 250), new Bar(2, 2, 200), new Bar(3, 3, 250));
  }

  /** The bounds that the documentation states, against exact values. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "i::DOUBLE",
        "(hash(i) % 1000000)::DOUBLE",
        "ln(1 + hash(i) % 1000000)",
        "exp((hash(i) % 1000) / 100.0)",
        "CASE WHEN hash(i) % 10 < 4 THEN 7 ELSE hash(i) % 100 END",
        "(hash(i) % 30)::INTEGER",
        "((hash(i) % 100000) / 7)::DECIMAL(12, 3)",
        "-i::HUGEINT * i",
        "TIMESTAMP '2001-01-01' + INTERVAL (hash(i) % 100000) SECOND",
        "DATE '2001-01-01' + (hash(i) % 500)::INTEGER"
      })
  void sketchesStayWithinTheirBounds(String expression) {
    warehouse.execute(
        "CREATE OR REPLACE TABLE exact AS SELECT " + expression + " AS a FROM range(100000) r(i)");
    ColumnSummary column = TableProfile.of(warehouse, "exact").column("A");
    String a = column.kind().isMoment() ? "epoch_us(a::TIMESTAMP)" : "a::DOUBLE";
    double distinct = value("SELECT count(DISTINCT a) FROM exact");
    assertThat(column.distinct() / distinct).isBetween(0.5, 1.5);
    assertThat(column.percentiles()).hasSize(101).isSorted();
    assertThat(column.quantile(0))
        .isCloseTo(value("SELECT min(" + a + ") FROM exact"), within(1e-6));
    assertThat(column.quantile(1)).isEqualTo(value("SELECT max(" + a + ") FROM exact"));
    for (int percent = 1; percent < 100; percent++) {
      double found = column.quantile(percent / 100.0);
      List<Object> ranks =
          Rows.single(
              warehouse,
              "SELECT count(*) FILTER (WHERE "
                  + a
                  + " < ?) / 1e5, count(*) FILTER (WHERE "
                  + a
                  + " <= ?) / 1e5 FROM exact",
              List.of(found, found));
      double below = ((Number) ranks.get(0)).doubleValue();
      double upTo = ((Number) ranks.get(1)).doubleValue();
      // Between two values it has the rank of either.
      double off = Math.max(below - percent / 100.0, percent / 100.0 - upTo);
      assertThat(off).as("percentile %s, %s", percent, found).isLessThan(0.02);
    }
    assertThat(column.histogram().stream().mapToLong(Bar::count).sum()).isEqualTo(100_000);
    for (int i = 0; i < column.histogram().size(); i++) {
      Bar bar = column.histogram().get(i);
      double exact =
          value(
              "SELECT count(*) FROM exact WHERE "
                  + a
                  + (i == 0 ? " >= " : " > ")
                  + "'"
                  + bar.from()
                  + "'::DOUBLE AND "
                  + a
                  + " <= '"
                  + bar.to()
                  + "'::DOUBLE");
      assertThat((double) bar.count()).as("%s", bar).isCloseTo(exact, within(4_000.0));
    }
    for (Value value : column.top()) {
      assertThat((double) value.count())
          .isEqualTo(value("SELECT count(*) FROM exact WHERE a = '" + value.text() + "'"));
    }
  }

  @Test
  void whatIsNoNumberAndWhatIsInfiniteCountsApart() {
    ColumnSummary column =
        column("SELECT unnest(['nan', 'inf', '-inf', '1', '3', NULL]::DOUBLE[]) AS a");
    assertThat(column.nans()).isEqualTo(1);
    assertThat(column.infinities()).isEqualTo(2);
    assertThat(column.count()).isEqualTo(5);
    assertThat(column.mean()).isEqualTo(2);
    assertThat(column.standardDeviation()).isCloseTo(Math.sqrt(2), within(1e-12));
    assertThat(column.lowest()).isEqualTo("1.0");
    assertThat(column.highest()).isEqualTo("3.0");
    assertThat(column.histogram().stream().mapToLong(Bar::count).sum()).isEqualTo(2);
    ColumnSummary dates =
        column("SELECT unnest(['infinity', '2001-01-01', '2001-01-03']::TIMESTAMP[]) AS a");
    assertThat(dates.infinities()).isEqualTo(1);
    assertThat(dates.highest()).isEqualTo("2001-01-03 00:00:00");
  }

  @Test
  void numbersTooLargeToSquareHaveNoMean() {
    ColumnSummary column = column("SELECT unnest([1e300, -1e300, 1.7e308, -1.7e308]) AS a");
    assertThat(column.mean()).isNaN();
    assertThat(column.standardDeviation()).isNaN();
    assertThat(column.quantile(0)).isEqualTo(-1.7e308);
    assertThat(column.histogram().stream().mapToLong(Bar::count).sum()).isEqualTo(4);
  }

  @Test
  void textsHaveLengthsAndFrequentValuesOfAnyLength() {
    String longText = "x".repeat(100_000);
    ColumnSummary column =
        column(
            "SELECT unnest(['a', 'a', '😀é', repeat('x', 100000), repeat('x', 100000), 'b''\"'])"
                + " AS a");
    assertThat(column.shortest()).isEqualTo(1);
    assertThat(column.longest()).isEqualTo(100_000);
    assertThat(column.meanLength()).isCloseTo((2 + 2 + 200_000 + 3) / 6.0, within(1e-9));
    assertThat(column.top())
        .containsExactly(new Value("a", 2), new Value(longText.substring(0, 200), 2));
    assertThat(column.distinct()).isEqualTo(4);
    assertThat(column.distinctExact()).isTrue();
    assertThat(column.mean()).isNaN();
    assertThat(column.percentiles()).isEmpty();
  }

  @Test
  void everyTypeHasAtLeastNullsAndDistinctValues() {
    warehouse.execute(
        "CREATE TABLE every AS SELECT true AS bool, 1::TINYINT AS tiny, 1::UHUGEINT AS huge,"
            + " 1.5::FLOAT AS single, 1.50::DECIMAL(38, 2) AS dec, 'a' AS text,"
            + " 'a'::ENUM('a', 'b') AS enum, '\\x01'::BLOB AS blob, uuid() AS id, '101'::BIT AS bits,"
            + " DATE '2001-01-01' AS date, TIME '10:00' AS time, TIMETZ '10:00:00+01' AS timetz,"
            + " TIMESTAMP_NS '2001-01-01 00:00:00.000000001' AS ns, TIMESTAMP_S '2001-01-01' AS s,"
            + " TIMESTAMPTZ '2001-01-01' AS tz, INTERVAL 1 DAY AS span, [1, 2] AS list,"
            + " [1, 2]::INTEGER[2] AS array, {'a': 1} AS struct, MAP {'a': 1} AS map,"
            + " '{\"a\": 1}'::JSON AS json, NULL AS nothing, union_value(a := 1) AS either"
            + " FROM range(2)");
    TableProfile profile = TableProfile.of(warehouse, "every");
    assertThat(profile.columns()).hasSize(24);
    for (ColumnSummary column : profile.columns()) {
      boolean nothing = column.name().equals("nothing");
      assertThat(column.nulls()).as(column.name()).isEqualTo(nothing ? 2 : 0);
      assertThat(column.distinct())
          .as(column.name())
          .isEqualTo(nothing ? 0 : column.name().equals("id") ? 2 : 1);
    }
    assertThat(profile.column("enum").lowest()).isEqualTo("a");
    assertThat(profile.column("dec").top()).containsExactly(new Value("1.50", 2));
    assertThat(profile.column("bool").top()).containsExactly(new Value("true", 2));
    assertThat(profile.column("tz").lowest()).isEqualTo("2001-01-01 00:00:00+00");
    assertThat(profile.toString()).contains("TIME WITH TIME ZONE", "UNION(");
    assertThat(profile.toHtml()).contains("<svg");
  }

  @Test
  void anEmptyTableHasAProfile() {
    warehouse.execute(
        "CREATE TABLE none (a INTEGER, b VARCHAR, c DOUBLE, d TIMESTAMP, e INTEGER[], f BOOLEAN)");
    TableProfile profile = TableProfile.of(warehouse, "none");
    assertThat(profile.rows()).isZero();
    assertThat(profile.scans()).isEqualTo(1);
    for (ColumnSummary column : profile.columns()) {
      assertThat(column.distinct()).isZero();
      assertThat(column.nullFraction()).isZero();
      assertThat(column.lowest()).isNull();
      assertThat(column.histogram()).isEmpty();
      assertThat(column.top()).isEmpty();
      assertThat(column.quantile(0.5)).isNaN();
    }
    assertThat(profile.toString()).startsWith("table 'none': 0 rows, 6 columns\n");
    assertThat(profile.toHtml()).doesNotContain("<rect");
    assertThat(Constraints.suggest(profile).size()).isZero();
  }

  @Test
  void aThousandColumnsAndLongNamesAreReadInTurns() {
    String sql =
        IntStream.range(0, 1000)
            .mapToObj(i -> "i + " + i + " AS \"" + "n".repeat(200) + i + "\"")
            .collect(Collectors.joining(", ", "SELECT ", " FROM range(10) r(i)"));
    warehouse.execute("CREATE TABLE wide AS " + sql);
    TableProfile profile = TableProfile.of(warehouse, "wide");
    assertThat(profile.columns()).hasSize(1000);
    assertThat(profile.columns().get(999).highest()).isEqualTo("1008");
    assertThat(profile.toString().lines().skip(3))
        .allSatisfy(l -> assertThat(l.length()).isLessThan(200));
  }

  @Test
  void namesAndValuesAreHarmless() {
    String evil = "<script>\"; DROP TABLE every; --'";
    warehouse.execute("CREATE TABLE evil (\"" + evil.replace("\"", "\"\"") + "\" VARCHAR)");
    warehouse.execute("INSERT INTO evil SELECT ? FROM range(20)", evil);
    TableProfile profile = TableProfile.of(warehouse, "evil");
    assertThat(profile.column(evil).top()).containsExactly(new Value(evil, 20));
    assertThat(profile.scans()).isEqualTo(2);
    assertThat(profile.toHtml()).doesNotContain("<script").contains("&lt;script&gt;");
    assertThat(Constraints.suggest(profile).check(warehouse).passed()).isTrue();
  }

  @Test
  void unknownNamesListWhatThereIs() {
    warehouse.execute("CREATE OR REPLACE TABLE one AS SELECT 1 AS a");
    assertThatThrownBy(() -> TableProfile.of(warehouse, "one.parquet"))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
        .hasMessageContaining("there is no table 'one.parquet'; there are ");
    assertThatThrownBy(() -> TableProfile.of(warehouse, "one").column("b"))
        .hasMessageContaining("no column 'b'; there are a");
    assertThatThrownBy(() -> TableProfile.ofQuery(warehouse, "SELEC 1"))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.QUERY_FAILED));
    assertThatThrownBy(() -> TableProfile.of(warehouse, "one").column("a").quantile(1.1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
