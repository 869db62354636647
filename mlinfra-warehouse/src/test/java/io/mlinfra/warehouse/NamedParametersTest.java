package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

class NamedParametersTest {
  private static Warehouse warehouse;

  @BeforeContainer
  static void open() {
    warehouse = Warehouse.inMemory();
  }

  @AfterContainer
  static void close() {
    warehouse.close();
  }

  private static String rewritten(String sql) {
    return new Bindings(sql).sql();
  }

  private static String text(Query query) {
    return query.value(String.class);
  }

  @Example
  void nameAValueWhereverItStands() {
    assertThat(
            text(
                warehouse
                    .sql("SELECT concat_ws('-', $b, $a, $B, $ b, $\"a\", $/* $c */b)")
                    .bind("a", "one")
                    .bind("b", 2)))
        .isEqualTo("2-one-2-2-one-2");
  }

  @Example
  void leaveTextsCommentsAndNumbersAlone() {
    for (String sql :
        List.of(
            "SELECT '$a', \"$b\", $$ $c $$, $d$ $e $d$ -- $f",
            "SELECT e'\\'$a' /* $b /* $c */ $d */",
            "SELECT a$b, $1, $2",
            "SELECT ? + ?")) {
      assertThat(rewritten(sql)).isEqualTo(sql);
    }
    assertThat(rewritten("SELECT $name, '$name', $b -- $c"))
        .isEqualTo("SELECT $1   , '$name', $2 -- $c");
  }

  @Example
  void haveErrorsThatPointToTheirPlace() {
    assertFails(
            ErrorCode.QUERY_FAILED,
            () -> warehouse.sql("SELECT $name, nowhere").bind("name", 1).execute())
        .hasMessageContaining("SELECT $1   , nowhere");
  }

  @Example
  void areNamedByTheErrorsOfTheirBinding() {
    Query query = warehouse.sql("SELECT $origin, $delay").bind("origin", "JFK");
    assertThatThrownBy(() -> query.bind("destination", "LAX"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("parameter 'destination' is not in the statement, which has $origin, $delay");
    assertThatThrownBy(() -> query.bind("ORIGIN", "LAX"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("parameter 'ORIGIN' is bound already; the statement has $origin, $delay");
    assertThatThrownBy(query::execute)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("parameter 'delay' is not bound; the statement has $origin, $delay");
    assertThatThrownBy(() -> query.bind(15))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("by name")
        .hasMessageContaining("$origin, $delay");
    assertThatThrownBy(() -> warehouse.sql("SELECT 1").bind("a", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a'")
        .hasMessageContaining("no parameters");
    assertThatThrownBy(() -> warehouse.sql("SELECT ?").bind(1).bind(2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bound already");
  }

  @Example
  void areFoundBehindTheSpacesOfUnicode() {
    assertThat(
            text(
                warehouse
                    .sql("SELECT\u00a0$a\u3000||\ufeff$\u00a0b")
                    .bind("a", "x")
                    .bind("b", "y")))
        .isEqualTo("xy");
  }

  @Example
  void areNotMixedWithOthers() {
    for (String sql : List.of("SELECT $a, ?", "SELECT $1, $a")) {
      assertThatThrownBy(() -> warehouse.sql(sql).execute())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("with and without a name")
          .hasMessageContaining("$a");
    }
  }

  @Example
  void doNotMistakeATextForAName() {
    assertThat(text(warehouse.sql("SELECT ? || '/' || ?").bind("JFK", 15))).isEqualTo("JFK/15");
    assertThat(text(warehouse.sql("SELECT $2 || '/' || $1").bind("JFK", 15))).isEqualTo("15/JFK");
    assertThatThrownBy(() -> warehouse.sql("SELECT $origin, $delay").bind("JFK", 15))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'JFK'")
        .hasMessageContaining("$origin");
  }

  @Example
  void numbersHaveNoGap() {
    for (String sql : List.of("SELECT $3", "SELECT $1, $99999999999", "SELECT ?2")) {
      assertThatThrownBy(() -> warehouse.sql(sql).bind(1).execute())
          .as(sql)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("and no $");
    }
  }

  @Example
  void mayBeLists() {
    Query query = warehouse.sql("SELECT count(*) FROM range(10) t(i) WHERE i = ANY($ids)");
    assertThat(query.bind("ids", List.of(1L, 5L, 99L)).value(Long.class)).isEqualTo(2);
    String shown = "SELECT typeof(v) || ' ' || v::VARCHAR FROM (SELECT ? AS v)";
    assertThat(text(warehouse.sql(shown).bind(Arrays.asList("it's", null))))
        .isEqualTo("VARCHAR[] ['it\\'s', NULL]");
    assertThat(text(warehouse.sql(shown).bind(Set.of(LocalDate.of(2001, 2, 3)))))
        .isEqualTo("DATE[] [2001-02-03]");
    assertThat(text(warehouse.sql(shown).bind(List.of(Instant.parse("2001-02-03T04:05:06Z")))))
        .isEqualTo("TIMESTAMP WITH TIME ZONE[] ['2001-02-03 04:05:06+00']");
    assertThat(
            text(
                warehouse
                    .sql(shown)
                    .bind(List.of(new BigDecimal("12.5"), new BigDecimal("0.001")))))
        .isEqualTo("DECIMAL(5,3)[] [12.500, 0.001]");
    assertThat(text(warehouse.sql(shown).bind(List.of()))).isEqualTo("INTEGER[] []");
    assertThat(text(warehouse.sql(shown).bind(List.of(TimeUnit.DAYS))))
        .isEqualTo("VARCHAR[] [DAYS]");
    assertThat(text(warehouse.sql(shown).bind(TimeUnit.DAYS))).isEqualTo("VARCHAR DAYS");
    for (List<?> wrong :
        List.of(List.of(1, 2L), List.of("a", 1), List.of(BigInteger.ONE), List.of(List.of(1)))) {
      assertThatThrownBy(() -> warehouse.sql(shown).bind(wrong).execute())
          .as("%s", wrong)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("parameter 1");
    }
  }

  @Provide
  Arbitrary<String> tricky() {
    return Arbitraries.of(
            "'",
            "''",
            "\"",
            "$",
            "$$",
            "$a$",
            "$a",
            "$b",
            "$A",
            "$é",
            "$\"a b\"",
            "$ a",
            "$1",
            "?",
            "a",
            "e",
            "E'",
            "x'",
            "\\",
            "--",
            "/*",
            "*/",
            "\n",
            "\r",
            " ",
            "\t",
            ",",
            ",",
            ",",
            "(",
            ")",
            "1",
            "é",
            "+",
            "::INT",
            "[",
            "]",
            "@",
            "#",
            "$_1",
            "$/**/c",
            "AS x",
            "'$a'",
            "$select",
            "$1a",
            "U&",
            "e'\\''")
        .list()
        .ofMaxSize(10)
        .map(pieces -> String.join("", pieces));
  }

  /** Ours must agree with DuckDB's own parser wherever that accepts the text. */
  @Property(tries = 4000)
  void areFoundWhereTheParserFindsThem(@ForAll("tricky") String text) {
    String sql = "SELECT 1 " + text;
    int expected = expected(sql);
    if (expected < 0) {
      return;
    }
    List<Statements.Placeholder> found = Statements.placeholders(sql);
    if (expected == 0) {
      assertThat(found).as("%s", sql).isEmpty();
      assertThat(rewritten(sql)).isEqualTo(sql);
      return;
    }
    String ours = rewritten(sql);
    assertThat(expected(ours)).as("%s as %s", sql, ours).isEqualTo(expected);
    if (found.get(0).name() != null) {
      // Only names that are bound once each make as many values.
      Bindings bindings = new Bindings(sql);
      List<@Nullable String> bound = new ArrayList<>();
      for (Statements.Placeholder each : found) {
        try {
          bindings.named(String.valueOf(each.name()), 1);
          bound.add(each.name());
        } catch (IllegalArgumentException e) {
          assertThat(e).hasMessageContaining("bound already");
        }
      }
      assertThat(bindings.values()).as("%s: %s", sql, bound).hasSize(expected);
    }
  }

  /** How many parameters DuckDB finds; -1 if it refuses the text. */
  private static int expected(String sql) {
    try (DuckDBConnection connection = warehouse.database().connect();
        DuckDBPreparedStatement statement = connection.prepare(sql)) {
      return statement.getParameterMetaData().getParameterCount();
    } catch (SQLException e) {
      return -1;
    }
  }
}
