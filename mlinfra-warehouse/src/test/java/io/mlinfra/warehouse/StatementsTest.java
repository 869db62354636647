package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatementsTest {
  private static Warehouse warehouse;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1",
        "SELECT 1;",
        " ; ; SELECT 1 ; -- ; SELECT 2",
        "SELECT 1 /* ; /* ; */ ; */",
        "SELECT ';', 'it''s;', \"a;\"\"b\" FROM (SELECT 1 AS \"a;\"\"b\")",
        "SELECT $$;$$, $tag$ ; $$ ; $tag$",
        "SELECT e'\\';', E'\\\\'",
        "SELECT 'a\\' AS \"x;\"",
        "SELECT 1 AS a$b$ -- ;",
        "SELECT 1 -- one\r; -- two",
        "SELECT e'a'\n'\\';'",
      })
  void acceptsOneStatement(String sql) {
    assertThatCode(() -> Statements.requireSingle(sql)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1; SELECT 2",
        "SELECT 1;/**/SELECT 2;",
        "SELECT ''; DROP TABLE t --'",
        "SELECT 'a\\'; DROP TABLE t --'",
        "SELECT 1 AS a$b; DROP TABLE t --$b",
        "SELECT 1 -- ' \n; SELECT '2'",
        "SELECT $1; SELECT $1",
        "SELECT \"';\" ; SELECT 2",
        "SELECT e'x' '\\'; SELECT 2 --'",
      })
  void refusesSeveral(String sql) {
    assertFails(ErrorCode.QUERY_FAILED, () -> Statements.requireSingle(sql))
        .hasMessageContaining("more than one statement");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1) x, (SELECT 2",
        "SELECT 1) TO 'elsewhere' (FORMAT csv) --",
        "SELECT (1",
        "SELECT ')' || \"(\" || '(' /* ) */ -- )\n)",
      })
  void refusesToEndTheStatementThatItIsAPartOf(String sql) {
    assertThatCode(() -> Statements.requireSingle(sql)).doesNotThrowAnyException();
    assertFails(ErrorCode.QUERY_FAILED, () -> Statements.single(sql))
        .hasMessageContaining("brackets do not match");
    assertThat(Statements.single("SELECT (')') || '(' -- (")).isNotEmpty();
    try (Warehouse own = Warehouse.inMemory()) {
      assertFails(ErrorCode.QUERY_FAILED, () -> own.sql(sql).show());
      assertFails(ErrorCode.QUERY_FAILED, () -> own.load("t", Source.query(sql)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n", ";", "-- nothing", "/* nothing */ ;;"})
  void refusesNone(String sql) {
    assertFails(ErrorCode.QUERY_FAILED, () -> Statements.requireSingle(sql))
        .hasMessage("there is no statement");
  }

  @org.junit.jupiter.api.Test
  void refusesTextThatTheParserWouldNotSee() {
    assertFails(ErrorCode.QUERY_FAILED, () -> Statements.requireSingle("SELECT 1\0; SELECT 2"))
        .hasMessageContaining("NUL");
  }

  @BeforeContainer
  static void open() {
    warehouse = Warehouse.inMemory();
  }

  @AfterContainer
  static void close() {
    warehouse.close();
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
            "$1",
            "a",
            "e",
            "E'",
            "x'",
            "U&'",
            "\\",
            "--",
            "/*",
            "*/",
            "*",
            "/",
            "-",
            "\n",
            "\r",
            " ",
            "\t",
            "\u000b",
            ";",
            "1",
            "SELECT 1",
            ",",
            "(",
            ")",
            "é",
            "\u00a0",
            "\ufeff",
            "#",
            "B'",
            "e'\\''",
            "@",
            ":",
            "{",
            "}",
            "[",
            "]")
        .list()
        .ofMaxSize(12)
        .map(pieces -> String.join("", pieces));
  }

  /** The guard and DuckDB's own parser must agree on where a statement ends. */
  @Property(tries = 3000)
  void whatIsAppendedNeverRuns(@ForAll("tricky") String start, @ForAll("tricky") String end) {
    String sql = "SELECT 1 " + start + "; CREATE TABLE canary(i INTEGER);" + end;
    try {
      warehouse.execute(sql);
    } catch (MlInfraException | IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
    assertThat(warehouse.tables()).as("%s", sql).isEmpty();
  }

  /** The guard must not refuse what is one statement. */
  @Property(tries = 500)
  void quotedTextsAreOneStatement(@ForAll("tricky") String text) {
    String clean = text.replace("\0", "");
    for (String sql :
        List.of(
            "SELECT " + Sql.literal(clean),
            "SELECT 1 AS " + Sql.quoted("x" + clean),
            "SELECT $q$" + clean.replace("$", "") + "$q$")) {
      assertThat(warehouse.execute(sql)).isEqualTo(1);
    }
  }
}
