package io.mlinfra.warehouse.quality;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.Relation.Column;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How often a check reads its table, by what it says and by DuckDB's plans. */
class ConstraintScansTest {
  private static Warehouse warehouse;

  @BeforeAll
  static void open() {
    warehouse = Warehouse.inMemory();
    warehouse.execute(
        "CREATE TABLE measured AS SELECT i AS id, i % 500 AS distance, i * 0.5 AS delay,"
            + " ['JFK', 'SFO', 'LAX'][1 + i % 3] AS origin, 'user' || (i % 100) AS name,"
            + " TIMESTAMP '2001-01-01' + INTERVAL (i) SECOND AS date, date + INTERVAL 1 HOUR AS"
            + " landed, i % 2 = 0 AS flag, nullif(i % 7, 0) AS gap, i AS k FROM range(10000) r(i)");
    warehouse.execute("CREATE TABLE airports AS SELECT unnest(['JFK', 'SFO', 'LAX']) AS code");
  }

  @AfterAll
  static void close() {
    warehouse.close();
  }

  static Constraints sixteen(String table) {
    return Constraints.on(table)
        .notNull("date", "origin", "id")
        .unique("id")
        .primaryKey("date", "origin")
        .foreignKey("origin", "airports", "code")
        .inSet("origin", "JFK", "SFO", "LAX")
        .range("distance", 0, 5_000)
        .matches("origin", "[A-Z]{3}")
        .length("name", 5, 10)
        .rowCount(1, 10_000_000)
        .fresh("date", Duration.ofDays(100_000))
        .fraction("flag", 0.4, 0.6)
        .sql("landed is after", "landed >= date")
        .compare("k", "=", "id")
        .when("gap IS NOT NULL", c -> c.range("gap", 1, 6));
  }

  @Test
  void sixteenConstraintsTakeTwoScans() {
    ConstraintReport report = sixteen("measured").check(warehouse);
    assertThat(report.results()).hasSize(16);
    assertThat(report.passed()).as("%s", report).isTrue();
    assertThat(report.scans()).isEqualTo(2);
  }

  @Test
  void samplesTakeOneMoreWhateverFails() {
    Constraints rules = sixteen("measured");
    for (int i = 0; i < 20; i++) {
      rules = rules.atLeast("distance", i + 1).unique("distance").matches("origin", "J.*");
    }
    ConstraintReport report = rules.check(warehouse);
    assertThat(report.failed()).hasSize(60);
    assertThat(report.failed()).allSatisfy(result -> assertThat(result.samples()).isNotEmpty());
    assertThat(report.scans()).isEqualTo(3);
  }

  @Test
  void constraintsOnRowsTakeOne() {
    assertThat(Constraints.on("measured").notNull("id").rowCount(1, 2).check(warehouse).scans())
        .isEqualTo(1);
    assertThat(Constraints.on("measured").range("id", 1, 2).check(warehouse).scans()).isEqualTo(2);
  }

  @Test
  void thePlansReadTheTableAsOften() {
    List<Column> columns = Relation.table("measured").columns(warehouse);
    CheckPlan plan = new CheckPlan(Relation.table("measured"), columns);
    Rule.Row range = (Rule.Row) Rules.range("distance", 0, 5);
    Rule.Row key = (Rule.Row) Rules.foreignKey(List.of("origin"), "airports", List.of("code"));
    for (Rule.Row rule : List.of(range, key, (Rule.Row) Rules.notNull("id"))) {
      plan.failing(Constraint.of(rule), rule.holds());
    }
    plan.newest(Constraint.of(Rules.fresh("date", Duration.ZERO)), "date");
    assertThat(reads(plan.verdicts())).isEqualTo(1);
    plan.key(Constraint.of(Rules.key(List.of("id"), false)), List.of("id"));
    plan.key(Constraint.of(Rules.key(List.of("k", "id"), false)), List.of("k", "id"));
    assertThat(plan.scans()).isEqualTo(2);
    assertThat(reads(plan.verdicts())).isEqualTo(2);
    assertThat(
            reads(
                plan.samples(
                    List.of(Constraint.of(range), Constraint.of(key)),
                    List.of(range.holds(), key.holds()))))
        .isEqualTo(1);
  }

  private static long reads(Fragment statement) {
    List<List<Object>> plan =
        Rows.of(warehouse, "EXPLAIN " + statement.sql(), statement.parameters());
    return Pattern.compile("memory\\.main\\.measured").matcher(plan.toString()).results().count();
  }

  @Test
  void aQueryWithKeysRunsOnceForAllVerdicts() {
    ConstraintReport report =
        Constraints.onQuery("SELECT (random() * 1e15)::BIGINT AS a FROM range(1000)")
            .unique("a")
            .range("a", 0, 1_000_000_000_000_000L)
            .check(warehouse);
    assertThat(report.scans()).isEqualTo(2);
    assertThat(report.rows()).isEqualTo(1000);
  }
}
