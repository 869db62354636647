package io.mlinfra.warehouse.quality;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.warehouse.Warehouse;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

class SuggestTest {
  private static Warehouse warehouse;

  @BeforeContainer
  static void open() {
    warehouse = Warehouse.inMemory();
  }

  @AfterContainer
  static void close() {
    warehouse.close();
  }

  @Example
  void everySuggestionHasItsReason() {
    Constraints rules =
        Constraints.suggest(
            TableProfile.ofQuery(
                warehouse,
                "SELECT i AS id, ['JFK', 'SFO'][1 + i % 2] AS origin, i % 50 - 5 AS delay,"
                    + " nullif(i % 10, 0) AS gap, 'user' || i AS name FROM range(1000) r(i)"));
    assertThat(rules.toString().lines().skip(1))
        .containsExactly(
            "\"id\" is not null  (complete in 1,000 rows)",
            "(\"id\") is unique  (1,000 different values in 1,000 rows)",
            "\"id\" >= 0  (the lowest is 0)",
            "\"origin\" is not null  (complete in 1,000 rows)",
            "\"origin\" in ('JFK', 'SFO')  (no other values in 1,000 rows)",
            "length of \"origin\" >= 3 and <= 3  (all 1,000 are so long)",
            "\"delay\" is not null  (complete in 1,000 rows)",
            "\"gap\" >= 0  (the lowest is 1)",
            "\"name\" is not null  (complete in 1,000 rows)",
            "(\"name\") is unique  (1,000 different values in 1,000 rows)");
  }

  /** Columns of few, many and nearly unique values, with gaps, NaN and infinities among them. */
  @Property(tries = 40)
  void whatIsSuggestedHoldsForTheDataItComesFrom(
      @ForAll @IntRange(min = 0, max = 400) int rows,
      @ForAll @IntRange(min = 1, max = 500) int distinct,
      @ForAll @IntRange(min = 1, max = 50) int gap,
      @ForAll @IntRange(min = -3, max = 3) int shift,
      @ForAll int seed) {
    warehouse.execute(
        "CREATE OR REPLACE TABLE data AS SELECT (h % "
            + distinct
            + ")::BIGINT + "
            + shift
            + " AS whole, nullif(whole, "
            + gap
            + ") AS gaps, 'v' || whole AS text, chr((65 + h % 26)::INTEGER) AS letter,"
            + " CASE WHEN h % 97 = 0 THEN 'nan' WHEN h % 89 = 0 THEN '-inf'"
            + " ELSE (whole / 3)::VARCHAR END::DOUBLE AS real, whole::DECIMAL(9, 2) AS money,"
            + " DATE '2001-01-01' + whole::INTEGER AS date, [whole] AS list, whole > 3 AS flag,"
            + " (whole % 3)::VARCHAR AS digit, i AS id"
            + " FROM (SELECT i, hash(i + "
            + seed
            + ") AS h FROM range("
            + rows
            + ") r(i))");
    Constraints rules = Constraints.suggest(TableProfile.of(warehouse, "data"));
    ConstraintReport report = rules.check(warehouse);
    assertThat(report.failed()).as("%s", report).isEmpty();
    assertThat(rules.size()).isEqualTo(report.results().size());
    if (rows > 1) {
      assertThat(rules.definition()).contains("(\"id\") is unique");
    }
  }
}
