package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.UUID;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

class RowMappingTest {
  private static Warehouse warehouse;

  @BeforeContainer
  static void open() {
    warehouse = Warehouse.inMemory();
  }

  @AfterContainer
  static void close() {
    warehouse.close();
  }

  private enum Mood {
    GOOD,
    BAD
  }

  private record Point(int x, double y) {}

  private record Everything(
      boolean flag,
      byte tiny,
      short small,
      int number,
      long big,
      float single,
      double real,
      BigInteger huge,
      BigDecimal exact,
      String text,
      byte[] bytes,
      UUID id,
      LocalDate day,
      LocalTime time,
      LocalDateTime eventTime,
      Instant moment,
      OffsetDateTime knownAt,
      Mood mood,
      String json,
      List<Integer> numbers,
      Map<String, Long> counts,
      Point point,
      List<Point> points,
      @Nullable Long nothing) {}

  private static final String EVERYTHING =
      "SELECT true AS flag, 1::TINYINT AS tiny, 2::SMALLINT AS small, 3 AS number,"
          + " 4::BIGINT AS big, 1.5::FLOAT AS single, 0.1::DOUBLE AS \"real\", 5::HUGEINT AS huge,"
          + " 1.50 AS exact, 'é' AS text, 'ab'::BLOB AS bytes,"
          + " '0a1b2c3d-0000-4000-8000-000000000001'::UUID AS id, DATE '2001-04-01' AS day,"
          + " TIME '02:30:00.000007' AS time, TIMESTAMP '2001-04-01 02:30:00.000007' AS event_time,"
          + " TIMESTAMPTZ '2001-04-01 02:30:00+00' AS moment,"
          + " TIMESTAMPTZ '2001-04-01 02:30:00+02' AS KNOWN_AT,"
          + " 'BAD'::ENUM('GOOD', 'BAD') AS mood, '{\"a\": 1}'::JSON AS json,"
          + " [1, NULL] AS numbers, MAP {'a': 1} AS counts,"
          + " {'y': 2.5::DOUBLE, 'x': 1} AS point, [{'X': 1, 'y': 2}, NULL] AS points,"
          + " NULL::BIGINT AS nothing";

  @Example
  void everyTypeArrivesInEveryZone() {
    TimeZone before = TimeZone.getDefault();
    try {
      for (String zone : new String[] {"UTC", "America/New_York", "Asia/Kathmandu"}) {
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        Everything row = warehouse.sql(EVERYTHING).value(Everything.class);
        assertThat(row)
            .usingRecursiveComparison()
            .isEqualTo(
                new Everything(
                    true,
                    (byte) 1,
                    (short) 2,
                    3,
                    4,
                    1.5f,
                    0.1,
                    BigInteger.valueOf(5),
                    new BigDecimal("1.50"),
                    "é",
                    new byte[] {'a', 'b'},
                    UUID.fromString("0a1b2c3d-0000-4000-8000-000000000001"),
                    LocalDate.of(2001, 4, 1),
                    LocalTime.of(2, 30, 0, 7_000),
                    LocalDateTime.of(2001, 4, 1, 2, 30, 0, 7_000),
                    Instant.parse("2001-04-01T02:30:00Z"),
                    OffsetDateTime.of(2001, 4, 1, 0, 30, 0, 0, ZoneOffset.UTC),
                    Mood.BAD,
                    "{\"a\": 1}",
                    Arrays.asList(1, null),
                    Map.of("a", 1L),
                    new Point(1, 2.5),
                    Arrays.asList(new Point(1, 2), null),
                    null));
      }
    } finally {
      TimeZone.setDefault(before);
    }
  }

  private record Delay(String origin, double meanDelay) {}

  @Example
  void listsRecordsAndSingleValuesInTheirOrder() {
    String sql = "SELECT 'A' || i AS ORIGIN, i / 2 AS mean_delay FROM range(3) t(i) ORDER BY i";
    assertThat(warehouse.sql(sql).list(Delay.class))
        .containsExactly(new Delay("A0", 0), new Delay("A1", 0.5), new Delay("A2", 1));
    assertThat(warehouse.sql("SELECT i FROM range(3000) t(i)").list(int.class)).hasSize(3000);
    assertThat(warehouse.sql("SELECT 'a'").list(String.class)).containsExactly("a");
    assertThat(warehouse.sql("SELECT 'a' WHERE false").list(String.class)).isEmpty();
    assertThat(warehouse.sql("SHOW TABLES").list(String.class)).isEmpty();
    assertThat(warehouse.sql("SELECT [1, 2]").value(Object.class)).isEqualTo(List.of(1, 2));
    assertThat(warehouse.sql("SELECT {'a': 1}").value(Object.class)).isEqualTo(Map.of("a", 1));
  }

  @Example
  void oneValueIsExactlyOne() {
    assertThat(warehouse.sql("SELECT 42").value(Long.class)).isEqualTo(42);
    assertUnsuitable("SELECT 42 WHERE false", Long.class, "no row");
    assertUnsuitable("SELECT * FROM range(2)", Long.class, "more than one row");
    assertFails(
            ErrorCode.DATA_UNSUITABLE, () -> warehouse.sql("SELECT NULL AS n").value(Long.class))
        .hasMessageContaining("'n' is NULL");
    assertThat(warehouse.sql("SELECT 42 WHERE false").first(Long.class)).isEmpty();
    assertThat(warehouse.sql("SELECT NULL").first(Long.class)).isEmpty();
    assertThat(warehouse.sql("FROM range(7, 9)").first(Long.class)).contains(7L);
  }

  private static void assertUnsuitable(String sql, Class<?> type, String... parts) {
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> warehouse.sql(sql).value(type))
        .satisfies(e -> assertThat(e.getMessage()).as(sql).contains(parts));
  }

  @Example
  void columnsAndComponentsMustMatch() {
    assertUnsuitable(
        "SELECT 1 AS x, 2 AS z", Point.class, "none for y", "no component for z", "x, z", "Point");
    assertUnsuitable("SELECT 1 AS x", Point.class, "there is none for y");
    assertUnsuitable("SELECT 1 AS x, 2 AS y, 3 AS y", Point.class, "'y'", "alike");
    assertUnsuitable("SELECT 1 AS a_b, 2 AS aB", Point.class, "'a_b' and 'aB' are alike");
    assertUnsuitable("SELECT 1 AS a, 2 AS b", Long.class, "2 columns (a, b)", "Long takes one");
    assertUnsuitable("SELECT {'x': 1} AS s", Point.class, "none for x, y");
  }

  private record Nested(Point point) {}

  @Example
  void nothingIsLostSilently() {
    assertUnsuitable("SELECT NULL::INT AS x, 1 AS y", Point.class, "'x'", "NULL", "row 1");
    assertUnsuitable("SELECT 3000000000 AS x, 1 AS y", Point.class, "'x'", "3000000000", "Integer");
    assertUnsuitable("SELECT 1.0::DOUBLE AS x, 1 AS y", Point.class, "'x'", "Double", "row 1");
    assertUnsuitable("SELECT 1 AS x, '2' AS y", Point.class, "'y'", "String");
    assertUnsuitable("SELECT 9007199254740993", Double.class, "9007199254740993");
    assertUnsuitable("SELECT 16777217", Float.class, "16777217");
    assertUnsuitable("SELECT 0.1::DOUBLE", Float.class, "0.1");
    assertUnsuitable("SELECT 1.5", Long.class, "1.5");
    assertUnsuitable("SELECT 1", String.class, "cannot become String");
    assertUnsuitable("SELECT 1", Boolean.class, "cannot become Boolean");
    assertUnsuitable("SELECT 'so-so'", Mood.class, "so-so", "GOOD, BAD");
    assertUnsuitable("SELECT TIMESTAMP '2001-01-01'", Instant.class, "Instant");
    assertUnsuitable("SELECT DATE 'infinity' AS d", LocalDate.class, "'d' is infinite", "row 1");
    assertUnsuitable("SELECT TIMESTAMP '-infinity' AS t", LocalDateTime.class, "'t' is infinite");
    assertUnsuitable("SELECT TIMESTAMPTZ 'infinity' AS t", Instant.class, "'t' is infinite");
    assertUnsuitable(
        "SELECT {'x': 1, 'y': 'a'} AS point", Nested.class, "'point'", "'y'", "String");
    assertUnsuitable("SELECT {'x': 1} AS point", Nested.class, "'point'", "none for y");
    assertUnsuitable("SELECT 1 AS point", Nested.class, "'point'", "no STRUCT");
    assertThat(warehouse.sql("SELECT 0.1").value(Double.class)).isEqualTo(0.1);
    assertThat(warehouse.sql("SELECT sum(i) FROM range(5) t(i)").value(Long.class)).isEqualTo(10);
    assertThat(warehouse.sql("SELECT 'NaN'::DOUBLE").value(Float.class)).isNaN();
    assertThat(warehouse.sql("SELECT DATE '290000-01-01'").value(LocalDate.class))
        .isEqualTo(LocalDate.of(290_000, 1, 1));
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () ->
                warehouse
                    .sql("SELECT CASE WHEN i < 4 THEN 1 END AS n FROM range(9) t(i) ORDER BY i")
                    .list(Integer.class))
        .hasMessageContaining("'n' is NULL (row 5)");
  }

  @Example
  void nestedTimesAreReadWhereTheyAreExact() {
    Query query = warehouse.sql("SELECT [TIMESTAMP '2001-04-01 02:30:00'] AS times");
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("America/New_York"));
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> query.value(List.class))
          .hasMessageContaining("'times'")
          .hasMessageContaining("America/New_York");
      TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
      assertThat(query.value(Object.class)).isEqualTo(List.of(LocalDateTime.of(2001, 4, 1, 2, 30)));
    } finally {
      TimeZone.setDefault(before);
    }
  }

  private record Even(int number) {
    Even {
      if (number % 2 != 0) {
        throw new IllegalArgumentException("number (" + number + ") must be even");
      }
    }
  }

  @Example
  void whatARecordRefusesNamesTheRow() {
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> warehouse.sql("SELECT i AS number FROM range(3) t(i)").list(Even.class))
        .hasMessageContaining("number (1) must be even")
        .hasMessageContaining("row 2");
  }

  private record Endless(List<Endless> next) {}

  private record Odd(java.util.Date date) {}

  @Example
  void aTypeThatNoColumnBecomesIsRefusedBeforeAnythingRuns() {
    for (Class<?> type :
        List.<Class<?>>of(Odd.class, Endless.class, Runnable.class, char.class, int[].class)) {
      assertThatThrownBy(() -> warehouse.sql("this is never parsed").list(type))
          .as("%s", type)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> warehouse.sql("SELECT 1").list(Odd.class))
        .hasMessageContaining("component 'date' of Odd")
        .hasMessageContaining("java.util.Date");
  }

  @Example
  void aListHasABound() {
    Query query = warehouse.sql("FROM range(1000)").maxRows(1000);
    assertThat(query.list(Long.class)).hasSize(1000);
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> query.maxRows(999).list(Long.class))
        .hasMessageContaining("more than 999 rows");
    assertThatThrownBy(() -> query.maxRows(0)).hasMessage("maxRows (0) must be > 0");
    // Reads no more than it needs.
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () -> warehouse.sql("FROM range(1000000000000)").maxRows(10).list(Long.class));
  }

  /** Nothing shows before so many rows, in any of the ways to read them. */
  @Example
  void anErrorOnTheWayIsNotTheEnd() throws Exception {
    String sql =
        "SELECT CASE WHEN i = 90000 THEN error('boo') ELSE 1 END AS n FROM range(200000) t(i)";
    for (int round = 0; round < 2; round++) {
      Query query = warehouse.sql(sql);
      assertFails(ErrorCode.QUERY_FAILED, query::execute).hasMessageContaining("boo");
      assertFails(ErrorCode.QUERY_FAILED, () -> query.list(Integer.class))
          .hasMessageContaining("boo");
      assertFails(ErrorCode.QUERY_FAILED, query::show).hasMessageContaining("boo");
      assertFails(
              ErrorCode.QUERY_FAILED,
              () -> {
                try (var reader = query.stream()) {
                  while (reader.loadNextBatch()) {
                    // Goes on until it fails.
                  }
                }
              })
          .hasMessageStartingWith("Invalid Input Error: boo");
      // What one statement sets for all must not undo it.
      warehouse.execute("SET GLOBAL jdbc_stream_results = true");
    }
    warehouse.execute("RESET GLOBAL jdbc_stream_results");
  }

  private record Numbers(long whole, double real, @Nullable String text) {}

  @Property(tries = 200)
  void whatGoesInComesOut(@ForAll long whole, @ForAll double real, @ForAll String text) {
    String clean =
        text.codePoints()
            .filter(c -> Character.getType(c) != Character.SURROGATE)
            .filter(c -> c != 0)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    assertThat(
            warehouse
                .sql("SELECT $whole AS whole, $real AS real, $text AS text")
                .bind("whole", whole)
                .bind("real", real)
                .bind("text", clean)
                .value(Numbers.class))
        .isEqualTo(new Numbers(whole, real, clean));
  }
}
