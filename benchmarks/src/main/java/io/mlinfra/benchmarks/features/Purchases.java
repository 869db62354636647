package io.mlinfra.benchmarks.features;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.sum;

import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Ten million purchases over a year and the rows that ask about the customers: the latest amount,
 * and over 7 and 30 days sum, count and maximum. Ours beside the SQL that gives the same, in the
 * same process and database, both read to the end as Arrow.
 *
 * <p>The plans in SQL: {@code range-window}, window functions over the union of purchases and
 * labels; {@code range-join}, an ASOF join for the latest amount and a join of each label with its
 * 30 days; {@code prefix-sums}, running totals met by an ASOF join at both ends of each window,
 * which cannot do the maxima and leaves them out.
 */
final class Purchases implements AutoCloseable {
  static final int PURCHASES = 10_000_000;

  private static final String LABELS = "SELECT * FROM labels";

  private final Warehouse warehouse = Warehouse.inMemory();
  private final FeatureStore features;
  private final int labels;

  /**
   * Makes the tables.
   *
   * @param customer the customer of row {@code i}, as SQL
   * @param labels how many rows ask
   */
  Purchases(String customer, int labels) {
    this.labels = labels;
    warehouse.execute(
        "CREATE TABLE purchases AS SELECT "
            + customer
            + " AS customer, TIMESTAMP '2023-01-01' + to_microseconds(i * 3153600) AS bought,"
            + " (hash(i + 1) % 1000000)::DOUBLE / 100 AS amount FROM range("
            + PURCHASES
            + ") AS r(i)");
    warehouse.execute(
        "CREATE TABLE labels AS SELECT i AS id, "
            + customer.replace("hash(i)", "hash(i + 77)")
            + " AS customer, TIMESTAMP '2023-02-01' + to_microseconds((hash(i + 5) %"
            + " 28000000000000)::BIGINT) AS asked FROM range("
            + labels
            + ") AS r(i)");
    FeatureView view =
        FeatureView.named("customer")
            .from("purchases")
            .entity("customer")
            .eventTime("bought")
            .latest("amount")
            .windows(
                List.of(Duration.ofDays(7), Duration.ofDays(30)),
                sum("amount"),
                count(),
                max("amount"))
            .build();
    features = FeatureStore.open(warehouse, view);
  }

  /** Answers all labels once; the number of values, so that nothing is left out. */
  long run(String rival) throws IOException {
    long rows =
        switch (rival) {
          case "ours" -> ours();
          case "range-window" -> read(RANGE_WINDOW);
          case "range-join" -> read(RANGE_JOIN);
          case "prefix-sums" -> read(PREFIX_SUMS);
          default -> throw new IllegalArgumentException(rival);
        };
    if (rows != labels) {
      throw new AssertionError(rival + " gave " + rows + " rows");
    }
    return rows;
  }

  private long ours() throws IOException {
    try (ArrowReader reader = features.training(LABELS, "asked").stream()) {
      return rows(reader);
    }
  }

  private long read(String sql) throws IOException {
    try (ArrowReader reader = warehouse.query(sql)) {
      return rows(reader);
    }
  }

  private static long rows(ArrowReader reader) throws IOException {
    long rows = 0;
    while (reader.loadNextBatch()) {
      rows += reader.getVectorSchemaRoot().getRowCount();
    }
    return rows;
  }

  @Override
  public void close() {
    features.close();
    warehouse.close();
  }

  /** A window of ours is open at its start, SQL's is closed: hence the microsecond. */
  private static String over(int days) {
    long micros = days * 86_400_000_000L - 1;
    return " OVER (PARTITION BY customer ORDER BY t RANGE BETWEEN INTERVAL '"
        + micros
        + " microseconds' PRECEDING AND CURRENT ROW)";
  }

  private static final String RANGE_WINDOW =
      """
      SELECT id, customer, t, latest, sum7, count7, max7, sum30, count30, max30 FROM (
        SELECT id, customer, t,
          last_value(amount IGNORE NULLS) OVER (PARTITION BY customer ORDER BY t
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS latest,
          sum(amount) %1$s AS sum7, count(amount) %1$s AS count7, max(amount) %1$s AS max7,
          sum(amount) %2$s AS sum30, count(amount) %2$s AS count30, max(amount) %2$s AS max30
        FROM (SELECT id, customer, asked AS t, NULL::DOUBLE AS amount FROM labels
              UNION ALL SELECT NULL, customer, bought, amount FROM purchases))
      WHERE id IS NOT NULL"""
          .formatted(over(7), over(30));

  private static final String LATEST =
      """
      latest AS (
        SELECT l.id, e.amount AS latest FROM labels AS l ASOF LEFT JOIN purchases AS e
        ON l.customer = e.customer AND l.asked >= e.bought)
      """;

  private static final String RANGE_JOIN =
      "WITH "
          + LATEST
          + """
          , windows AS (
            SELECT l.id,
              sum(amount) FILTER (bought > asked - INTERVAL 7 DAY) AS sum7,
              count(amount) FILTER (bought > asked - INTERVAL 7 DAY) AS count7,
              max(amount) FILTER (bought > asked - INTERVAL 7 DAY) AS max7,
              sum(amount) AS sum30, count(amount) AS count30, max(amount) AS max30
            FROM labels AS l LEFT JOIN purchases AS e ON l.customer = e.customer
              AND e.bought <= l.asked AND e.bought > l.asked - INTERVAL 30 DAY
            GROUP BY l.id)
          SELECT l.*, latest.latest, windows.* EXCLUDE (id) FROM labels AS l
          JOIN latest USING (id) JOIN windows USING (id)""";

  private static final String PREFIX_SUMS =
      """
      WITH p AS (
        SELECT customer, bought, amount,
          sum(amount) OVER running AS s, count(*) OVER running AS n
        FROM purchases
        WINDOW running AS (PARTITION BY customer ORDER BY bought ROWS UNBOUNDED PRECEDING)),
      l AS (
        SELECT *, asked - INTERVAL 7 DAY AS open7, asked - INTERVAL 30 DAY AS open30 FROM labels)
      SELECT l.id, l.customer, l.asked, a.amount,
        a.s - coalesce(b.s, 0) AS sum7, coalesce(a.n, 0) - coalesce(b.n, 0) AS count7,
        a.s - coalesce(c.s, 0) AS sum30, coalesce(a.n, 0) - coalesce(c.n, 0) AS count30
      FROM l ASOF LEFT JOIN p AS a ON l.customer = a.customer AND l.asked >= a.bought
        ASOF LEFT JOIN p AS b ON l.customer = b.customer AND l.open7 >= b.bought
        ASOF LEFT JOIN p AS c ON l.customer = c.customer AND l.open30 >= c.bought""";
}
