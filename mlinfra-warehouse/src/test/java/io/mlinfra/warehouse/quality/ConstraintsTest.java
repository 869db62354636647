package io.mlinfra.warehouse.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.ConstraintResult.Severity;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConstraintsTest {
  private static Warehouse warehouse;

  @BeforeAll
  static void open() {
    warehouse = Warehouse.inMemory();
    warehouse.execute(
        "CREATE TABLE flights AS SELECT * FROM (VALUES"
            + " (1, 'JFK', 2475, 12.5::DOUBLE, TIMESTAMP '2001-01-01 10:00', TIMESTAMP '2001-01-01 15:00'),"
            + " (2, 'SFO', 337, 'nan', TIMESTAMP '2001-01-01 11:00', TIMESTAMP '2001-01-01 10:00'),"
            + " (3, 'jfk', -5, 'inf', TIMESTAMP '2001-01-02 11:00', NULL),"
            + " (3, NULL, NULL, NULL, TIMESTAMP '2001-01-03 11:00', NULL),"
            + " (NULL, 'XXXX', 9000, -3.0, TIMESTAMP '2001-01-03 12:00', NULL))"
            + " t(id, origin, distance, delay, date, landed)");
    warehouse.execute("CREATE TABLE airports AS SELECT unnest(['JFK', 'SFO', NULL]) AS code");
    warehouse.execute("CREATE TABLE empty AS SELECT * FROM flights LIMIT 0");
  }

  @AfterAll
  static void close() {
    warehouse.close();
  }

  private static Constraints flights() {
    return Constraints.on("flights");
  }

  private static ConstraintResult check(Constraints rules) {
    List<ConstraintResult> results = rules.check(warehouse).results();
    assertThat(results).hasSize(1);
    return results.get(0);
  }

  private static void assertFailing(Constraints rules, long failing, String... ids) {
    ConstraintResult result = check(rules);
    assertThat(result.failing()).as("%s", result).isEqualTo(failing);
    assertThat(result.rows()).isEqualTo(5);
    assertThat(result.passed()).isEqualTo(failing == 0);
    assertThat(result.observed()).isEqualTo(failing / 5.0);
    assertThat(result.samples())
        .extracting(sample -> sample.get("id"))
        .containsExactlyInAnyOrder(ids);
  }

  @Test
  void missingValuesViolateNotNullOnly() {
    assertFailing(flights().notNull("date"), 0);
    assertFailing(flights().notNull("id"), 1, (String) null);
    assertFailing(flights().notNull("origin"), 1, "3");
    assertThat(flights().notNull("id", "origin").size()).isEqualTo(2);
    assertThat(
            Constraints.onQuery("SELECT NULL::INTEGER AS a, NULL::VARCHAR AS b")
                .range("a", 0, 1)
                .inSet("a", 7)
                .matches("b", "x")
                .length("b", 1, 1)
                .unique("a")
                .compare("a", "<", "a")
                .sql("unknown", "a > 3")
                .foreignKey("b", "airports", "code")
                .check(warehouse)
                .passed())
        .isTrue();
  }

  @Test
  void keysCountTheRowsThatShareTheirValues() {
    assertFailing(flights().unique("date"), 0);
    assertFailing(flights().unique("id", "date"), 0);
    ConstraintResult id = check(flights().unique("id"));
    assertThat(id.failing()).isEqualTo(2);
    assertThat(id.samples()).containsExactly(Map.of("id", "3", "count(*)", "2"));
    ConstraintResult pair =
        check(Constraints.onQuery("SELECT 1 AS a, x % 2 AS b FROM range(5) t(x)").unique("a", "b"));
    assertThat(pair.failing()).isEqualTo(5);
    assertThat(pair.samples())
        .containsExactlyInAnyOrder(
            Map.of("a", "1", "b", "0", "count(*)", "3"),
            Map.of("a", "1", "b", "1", "count(*)", "2"));
  }

  @Test
  void aPrimaryKeyIsCompleteToo() {
    assertFailing(flights().primaryKey("date"), 0);
    ConstraintResult id = check(flights().primaryKey("id"));
    assertThat(id.failing()).isEqualTo(3);
    assertThat(id.message()).contains("3 of 5 rows fail").contains("1 lack a value");
    ConstraintResult pair = check(flights().primaryKey("date", "origin"));
    assertThat(pair.failing()).isEqualTo(1);
    assertThat(pair.samples()).extracting(s -> s.get("id")).containsExactly("3");
  }

  @Test
  void aForeignKeyIsFoundInTheOtherTable() {
    assertFailing(flights().foreignKey("origin", "airports", "code"), 2, "3", null);
    assertFailing(flights().foreignKey(List.of("id", "date"), "flights", List.of("id", "date")), 0);
    assertFailing(
        flights().foreignKey(List.of("id", "origin"), "empty", List.of("id", "origin")),
        3,
        "1",
        "2",
        "3");
  }

  @Test
  void valuesAreInASetOrARange() {
    assertFailing(flights().inSet("origin", "JFK", "SFO"), 2, "3", null);
    assertFailing(flights().inSet("id", 1, 2L, 3.0), 0);
    assertFailing(flights().range("distance", 0, 5_000), 2, "3", null);
    assertFailing(flights().atLeast("distance", 0), 1, "3");
    assertFailing(flights().atMost("distance", 5_000), 1, (String) null);
    assertFailing(flights().range("delay", -10, 100), 2, "2", "3");
    assertFailing(
        flights().range("date", LocalDate.of(2001, 1, 1), LocalDate.of(2001, 1, 3)), 2, "3", null);
    assertFailing(
        flights()
            .range("date", LocalDateTime.of(2001, 1, 1, 0, 0), LocalDateTime.of(2001, 1, 4, 0, 0)),
        0);
    assertFailing(
        flights().atMost("date", Instant.parse("2001-01-03T11:00:00Z")), 1, (String) null);
  }

  @Test
  void textsMatchAndHaveALength() {
    assertFailing(flights().matches("origin", "[A-Z]{3}"), 2, "3", null);
    assertFailing(flights().matches("origin", "(?i)[a-z]+"), 0);
    assertFailing(flights().length("origin", 3, 3), 1, (String) null);
    assertThat(check(Constraints.onQuery("SELECT '😀é' AS a").length("a", 2, 2)).passed()).isTrue();
    assertThat(
            check(Constraints.onQuery("SELECT 'a'::ENUM('a', 'b') AS a").inSet("a", "a", "zzz"))
                .passed())
        .isTrue();
  }

  @Test
  void columnsAreCompared() {
    assertFailing(flights().compare("landed", ">=", "date"), 1, "2");
    assertFailing(flights().sql("landed is after", "landed >= date -- whatever"), 1, "2");
    assertFailing(flights().sql("not from", "origin <> ?", "SFO"), 1, "2");
  }

  @Test
  void rowsAreCounted() {
    assertThat(check(flights().rowCount(5, 5)).passed()).isTrue();
    ConstraintResult result = check(flights().rowCount(6, 10));
    assertThat(result.passed()).isFalse();
    assertThat(result.observed()).isEqualTo(5);
    assertThat(result.message()).isEqualTo("5 rows");
  }

  @Test
  void freshnessCountsFromTheGivenMoment() {
    Constraints rules = flights().fresh("date", Duration.ofHours(2));
    Instant newest = Instant.parse("2001-01-03T12:00:00Z");
    assertThat(rules.check(warehouse, newest.plus(Duration.ofHours(2))).passed()).isTrue();
    assertThat(rules.check(warehouse, newest.minus(Duration.ofHours(2))).passed()).isTrue();
    ConstraintResult old = rules.check(warehouse, newest.plusSeconds(7201)).results().get(0);
    assertThat(old.passed()).isFalse();
    assertThat(old.observed()).isEqualTo(7201);
    assertThat(old.message()).isEqualTo("the newest is 2001-01-03T12:00:00Z, PT2H1S old");
    assertThat(rules.check(warehouse).passed()).isFalse();
    assertThat(
            Constraints.onQuery("SELECT unnest([DATE 'infinity', DATE '2001-01-03']) AS date")
                .fresh("date", Duration.ofDays(1))
                .check(warehouse, newest)
                .results()
                .get(0)
                .observed())
        .isEqualTo(43200);
  }

  @Test
  void aShareCountsWhatIsTrue() {
    assertThat(check(flights().fraction("distance > 300", 0.6, 0.6)).passed()).isTrue();
    ConstraintResult result = check(flights().fraction("distance > 300", 0, 0.5));
    assertThat(result.passed()).isFalse();
    assertThat(result.observed()).isEqualTo(0.6);
    assertThat(result.message()).isEqualTo("true for 60.0\u00a0% of 5 rows");
  }

  @Test
  void someRowsMayBeAllowedToFail() {
    assertThat(check(flights().range("distance", 0, 5_000).allowing(0.4)).passed()).isTrue();
    ConstraintResult result = check(flights().range("distance", 0, 5_000).allowing(0.39));
    assertThat(result.passed()).isFalse();
    assertThat(result.message())
        .isEqualTo("2 of 5 rows fail (40.0\u00a0%); allowed are 39.0\u00a0%");
    assertThat(check(flights().unique("id").allowing(0.4)).passed()).isTrue();
  }

  @Test
  void aConditionLimitsWhichRowsCount() {
    ConstraintReport report =
        flights()
            .when(
                "id IS NOT NULL",
                c ->
                    c.notNull("landed", "origin")
                        .rowCount(4, 4)
                        .fraction("id = 1", 0.25, 0.25)
                        .unique("id")
                        .primaryKey("id")
                        .when("id < 3", d -> d.notNull("landed")))
            .when("id = 3", c -> c.fresh("date", Duration.ZERO))
            .check(warehouse, Instant.parse("2001-01-03T11:00:00Z"));
    assertThat(report.results())
        .extracting(ConstraintResult::rows)
        .containsExactly(4L, 4L, 4L, 4L, 4L, 4L, 2L, 2L);
    assertThat(report.results())
        .extracting(ConstraintResult::failing)
        .containsExactly(2L, 1L, 0L, 0L, 2L, 2L, 0L, 0L);
    assertThat(report.results())
        .extracting(ConstraintResult::passed)
        .containsExactly(false, false, true, true, false, false, true, true);
  }

  @Test
  void anEmptyTableViolatesOnlyWhatNeedsRows() {
    ConstraintReport report =
        Constraints.on("empty")
            .notNull("id")
            .primaryKey("id")
            .range("id", 0, 1)
            .foreignKey("origin", "airports", "code")
            .fraction("id > 1", 0, 1)
            .rowCount(0, 0)
            .fraction("id > 1", 0.1, 1)
            .rowCount(1, 2)
            .fresh("date", Duration.ofDays(9))
            .check(warehouse);
    assertThat(report.failed())
        .extracting(ConstraintResult::constraint)
        .containsExactly(
            "share of id > 1 >= 0.1 and <= 1.0",
            "row count >= 1 and <= 2",
            "newest \"date\" within PT216H");
    assertThat(report.failed().get(2).message()).isEqualTo("there is no value");
    assertThat(report.failed().get(2).observed()).isNaN();
    assertThat(flights().check(warehouse).passed()).isTrue();
  }

  @Test
  void aGateStopsAtErrorsAndListsThem() {
    Constraints rules =
        flights().notNull("id").rowCount(1, 9).unique("id").inSet("origin", "JFK").asWarning();
    ConstraintReport report = rules.check(warehouse);
    assertThat(report.passed()).isFalse();
    assertThat(report.failed())
        .extracting(ConstraintResult::severity)
        .containsExactly(Severity.ERROR, Severity.ERROR, Severity.WARNING);
    assertThatThrownBy(report::enforce)
        .isInstanceOfSatisfying(
            MlInfraException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONSTRAINT_VIOLATED))
        .hasMessage(
            "table 'flights' violates 2 of 4 constraints:"
                + "\n  \"id\" is not null: 1 of 5 rows fail (20.0\u00a0%)"
                + "\n  (\"id\") is unique: 2 of 5 rows fail (40.0\u00a0%)");
    assertThatThrownBy(() -> flights().rowCount(9, Long.MAX_VALUE).check(warehouse).enforce())
        .hasMessage("table 'flights' violates 1 of 1 constraint: row count >= 9: 5 rows");
    ConstraintReport warned = flights().notNull("id").asWarning().check(warehouse);
    assertThat(warned.enforce()).isSameAs(warned);
  }

  @Test
  void aReportIsForShellsAndNotebooks() {
    ConstraintReport report =
        Constraints.onQuery("SELECT '<b>' AS \">a\", 3 AS b")
            .inSet(">a", "x")
            .range("b", 0, 9)
            .check(warehouse);
    assertThat(report.toString())
        .startsWith("the query: 1 rows, 1 of 2 constraints hold\n\nconstraint ")
        .contains("FAILED")
        .contains("passed")
        .contains(", such as\n");
    assertThat(report.toHtml())
        .contains("&lt;b&gt;")
        .doesNotContain("<b>")
        .doesNotContain("script");
  }

  @Test
  void suitesAreEqualByTheirDefinition() {
    Constraints rules =
        flights()
            .notNull("id")
            .matches("origin", "a\n'b")
            .allowing(0.5)
            .when("id > 1", c -> c.range("distance", 0, 10).asWarning());
    assertThat(rules.definition())
        .isEqualTo(
            "on \"flights\"\n\"id\" is not null\n\"origin\" matches 'a\\n''b', allowing 0.5\n"
                + "\"distance\" >= 0 and <= 10 when id > 1, warning\n");
    assertThat(rules.because("somebody said so"))
        .isEqualTo(rules)
        .hasSameHashCodeAs(rules)
        .hasToString(rules.definition().replace("warning\n", "warning  (somebody said so)\n"));
    assertThat(rules).isNotEqualTo(flights().notNull("id"));
  }

  @Test
  void namesAndValuesAreNeverSql() {
    String evil = "a\"; DROP TABLE flights; --'";
    warehouse.execute(
        "CREATE OR REPLACE TABLE \"x\"\"y'; --\" (\"a\"\"; DROP TABLE flights; --'\" VARCHAR)");
    warehouse.execute("INSERT INTO \"x\"\"y'; --\" VALUES (?)", evil);
    ConstraintReport report =
        Constraints.on("x\"y'; --")
            .notNull(evil)
            .primaryKey(evil)
            .inSet(evil, evil)
            .foreignKey(evil, "x\"y'; --", evil)
            .length(evil, 1, 99)
            .inSet(evil, "')--")
            .matches(evil, "'; DROP TABLE flights; --")
            .compare(evil, "=", evil)
            .check(warehouse);
    assertThat(report.failed()).hasSize(2);
    assertThat(report.failed().get(0).samples()).containsExactly(Map.of(evil, evil));
    assertThat(warehouse.rows("flights")).isEqualTo(5);
  }

  private static void assertRefused(ErrorCode code, Constraints rules, String... messages) {
    assertThatThrownBy(() -> rules.check(warehouse))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as("%s", e).isEqualTo(code))
        .message()
        .contains(messages);
  }

  @Test
  void unknownNamesListWhatThereIs() {
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        flights().notNull("orgin"),
        "table 'flights' has no column 'orgin'; there are id, origin, distance");
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        Constraints.on("fligths").notNull("a"),
        "there is no table 'fligths'; there are airports, empty, flights");
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        Constraints.on("flights.parquet").notNull("a"),
        "there is no table 'flights.parquet'");
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        flights().foreignKey("origin", "airports", "cod"),
        "table 'airports' has no column 'cod'; there are code");
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        flights().foreignKey("origin", "ports.csv", "cod"),
        "there is no table 'ports.csv'");
    assertRefused(ErrorCode.NAME_UNKNOWN, flights().unique("nope"), "no column 'nope'");
    assertThat(Constraints.on("FLIGHTS").notNull("DATE").check(warehouse).passed()).isTrue();
  }

  @Test
  void typesAreCheckedBeforeAnythingIsRead() {
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        flights().range("origin", 0, 1),
        "'\"origin\" >= 0 and <= 1' needs a number; column 'origin' of table 'flights' is VARCHAR");
    assertRefused(ErrorCode.DATA_UNSUITABLE, flights().matches("id", "x"), "needs text");
    assertRefused(ErrorCode.DATA_UNSUITABLE, flights().inSet("origin", 1, 2), "values such as 1");
    assertRefused(ErrorCode.DATA_UNSUITABLE, flights().atLeast("id", LocalDate.EPOCH), "a date");
    assertRefused(ErrorCode.DATA_UNSUITABLE, flights().fresh("origin", Duration.ZERO), "date");
    assertRefused(ErrorCode.DATA_UNSUITABLE, flights().length("date", 1, 2), "TIMESTAMP");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nope > 1",
        "id > ",
        "count(*) > 1",
        "id + 1",
        "id > 0); DROP TABLE flights; --",
        "origin > 3 +",
        "(SELECT 1"
      })
  void whatIsNoPredicateIsRefusedWithItsConstraint(String sql) {
    assertRefused(ErrorCode.QUERY_FAILED, flights().notNull("date").sql("wrong", sql), "'wrong: ");
    assertRefused(ErrorCode.QUERY_FAILED, flights().fraction(sql, 0, 1), "'share of ");
    assertRefused(ErrorCode.QUERY_FAILED, flights().when(sql, c -> c.notNull("id")), " when ");
    assertThat(warehouse.rows("flights")).isEqualTo(5);
  }

  @Test
  void patternsAndFailuresWhileReadingNameTheirConstraint() {
    assertRefused(
        ErrorCode.QUERY_FAILED,
        flights().notNull("date").matches("origin", "[A-"),
        "'\"origin\" matches '[A-'' cannot be checked");
    assertRefused(
        ErrorCode.QUERY_FAILED,
        flights().notNull("date").sql("is number", "origin::INTEGER > 0").unique("id"),
        "'is number: origin::INTEGER > 0' cannot be checked",
        "JFK");
    assertThatThrownBy(() -> flights().sql("few", "id > ? AND id < ?", 1).check(warehouse))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'few: ");
    assertRefused(
        ErrorCode.QUERY_FAILED, Constraints.onQuery("SELEC 1").rowCount(1, 1), "syntax error");
    assertRefused(
        ErrorCode.QUERY_FAILED,
        Constraints.onQuery("SELECT 1; SELECT 2").rowCount(1, 1),
        "more than one");
  }

  @Test
  void argumentsThatCannotBeAreRefusedAtOnce() {
    Constraints rules = flights();
    for (org.assertj.core.api.ThrowableAssert.ThrowingCallable call :
        List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
            () -> rules.notNull(),
            () -> rules.unique(),
            () -> rules.inSet("a"),
            () -> rules.inSet("a", "x", null),
            () -> rules.inSet("a", new Object()),
            () -> rules.range("a", 2, 1),
            () -> rules.range("a", Double.NaN, 1),
            () -> rules.range("a", LocalDate.MAX, LocalDate.EPOCH),
            () -> rules.length("a", -1, 2),
            () -> rules.length("a", 3, 2),
            () -> rules.rowCount(-1, 2),
            () -> rules.rowCount(3, 2),
            () -> rules.fraction("a", 0.5, 0.4),
            () -> rules.fraction("a", 0, 1.1),
            () -> rules.fraction(" ", 0, 1),
            () -> rules.compare("a", "LIKE", "b"),
            () -> rules.fresh("a", Duration.ofSeconds(-1)),
            () -> rules.sql("", "a"),
            () -> rules.sql("a", " "),
            () -> rules.foreignKey(List.of("a"), "b", List.of()),
            () -> rules.foreignKey("a", "", "b"),
            () -> rules.notNull("a").allowing(1),
            () -> rules.notNull("a").allowing(Double.NaN),
            () -> rules.rowCount(1, 2).allowing(0.1),
            () -> rules.when("a", c -> c),
            () -> rules.when("", c -> c.notNull("a")),
            () -> Constraints.on(" "),
            () -> Constraints.on("x".repeat(256)),
            () -> Constraints.onQuery(""))) {
      assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> rules.allowing(0.1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(rules::asWarning).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void columnsMayBeCalledAsAnything() {
    warehouse.execute(
        "CREATE OR REPLACE TABLE ours AS SELECT 1 AS p, NULL AS p0, 3 AS p1, 4 AS k0, NULL AS k1,"
            + " 6 AS n, 7 AS r, NULL AS c0, 9 AS a0, 10 AS s0, 11 AS ours, 12 AS f0, NULL AS c1"
            + " FROM range(2)");
    Constraints rules =
        Constraints.on("ours")
            .range("p1", 3, 3)
            .notNull("p0", "p", "n", "r", "c0")
            .unique("k1")
            .unique("k0", "n")
            .foreignKey("r", "ours", "r")
            .sql("sum", "p1 + k0 = r")
            .when("p0 IS NULL", c -> c.foreignKey("p", "ours", "r"));
    ConstraintReport report = rules.check(warehouse);
    assertThat(report.results())
        .extracting(ConstraintResult::failing)
        .containsExactly(0L, 2L, 0L, 0L, 0L, 2L, 0L, 2L, 0L, 0L, 2L);
    assertThat(report.results().get(10).samples().get(0))
        .containsEntry("p", "1")
        .containsEntry("p0", null)
        .containsEntry("c1", null);
    TableProfile profile = TableProfile.of(warehouse, "ours");
    assertThat(profile.columns())
        .extracting(ColumnSummary::lowest)
        .containsExactly("1", null, "3", "4", null, "6", "7", null, "9", "10", "11", "12", null);
  }

  @Test
  void aQueryMayEndAsAStatementDoes() {
    assertThat(Constraints.onQuery("SELECT 1 AS a;").notNull("a").check(warehouse).passed())
        .isTrue();
    assertThat(Constraints.onQuery("SELECT 1 AS a -- one").unique("a").check(warehouse).passed())
        .isTrue();
  }
}
