package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.ConstraintReport;
import io.mlinfra.warehouse.quality.Constraints;
import io.mlinfra.warehouse.quality.TableProfile;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.duckdb.DuckDBDriver;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Sixteen constraints on ten columns of a million rows, and a profile of the same table. Run it by
 * {@code mvn -q -Pbench -Dbench=warehouse}.
 *
 * <p>The peer {@code sql} is one plain {@code SELECT}, written by hand, of the same aggregates; for
 * the profile it is DuckDB's {@code SUMMARIZE}, which has no histogram, most frequent values or
 * lengths, and three quantiles instead of 101.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ConstraintBenchmark {
  private static final String DATA =
      "CREATE TABLE trips AS SELECT i AS id, (hash(i) % 5000)::BIGINT AS distance,"
          + " (hash(i + 1) % 100000) / 1000.0::DOUBLE AS price,"
          + " ['JFK', 'SFO', 'LAX', 'ORD'][1 + (hash(i + 2) % 4)::BIGINT] AS origin,"
          + " 'user' || (hash(i + 3) % 100000) AS name,"
          + " TIMESTAMP '2001-01-01' + INTERVAL (i) SECOND AS date,"
          + " date + INTERVAL 1 HOUR AS landed, hash(i + 4) % 2 = 0 AS flag,"
          + " CASE WHEN hash(i + 5) % 10 > 0 THEN (hash(i + 6) % 60)::BIGINT END AS delay,"
          + " (hash(i + 7) % 7)::INTEGER AS weekday FROM range(1000000) t(i)";

  private static final String AIRPORTS =
      "CREATE TABLE airports AS SELECT unnest(['JFK', 'SFO', 'LAX', 'ORD']) AS code";

  private static final String SQL =
      """
      SELECT count(*), count(*) - count(date), count(*) - count(origin), count(*) - count(id),
        (SELECT sum(n) FROM (SELECT count(*) AS n FROM trips GROUP BY id HAVING n > 1)),
        count(*) FILTER (WHERE date IS NULL OR origin IS NULL),
        (SELECT sum(n) FROM (SELECT count(*) AS n FROM trips GROUP BY date, origin HAVING n > 1)),
        count(*) FILTER (WHERE origin NOT IN (SELECT code FROM airports)),
        count(*) FILTER (WHERE origin NOT IN ('JFK', 'SFO', 'LAX', 'ORD')),
        count(*) FILTER (WHERE NOT distance BETWEEN 0 AND 5000),
        count(*) FILTER (WHERE NOT price BETWEEN 0 AND 100),
        count(*) FILTER (WHERE NOT regexp_full_match(origin, '[A-Z]{3}')),
        count(*) FILTER (WHERE NOT length(name) BETWEEN 5 AND 10),
        max(date),
        count(*) FILTER (WHERE flag),
        count(*) FILTER (WHERE landed < date),
        count(*) FILTER (WHERE weekday NOT IN (0, 1, 2, 3, 4, 5, 6)),
        count(*) FILTER (WHERE delay IS NOT NULL),
        count(*) FILTER (WHERE delay IS NOT NULL AND NOT delay BETWEEN 0 AND 59)
      FROM trips
      """;

  private static final Constraints RULES =
      Constraints.on("trips")
          .notNull("date", "origin", "id")
          .unique("id")
          .primaryKey("date", "origin")
          .foreignKey("origin", "airports", "code")
          .inSet("origin", "JFK", "SFO", "LAX", "ORD")
          .range("distance", 0, 5_000)
          .range("price", 0, 100)
          .matches("origin", "[A-Z]{3}")
          .length("name", 5, 10)
          .fresh("date", Duration.ofDays(100_000))
          .fraction("flag", 0.4, 0.6)
          .compare("landed", ">=", "date")
          .inSet("weekday", 0, 1, 2, 3, 4, 5, 6)
          .when("delay IS NOT NULL", c -> c.range("delay", 0, 59));

  @Param({"ours", "sql"})
  public String rival;

  private Warehouse warehouse;
  private Connection connection;

  @Setup
  public void open() throws SQLException {
    warehouse = Warehouse.inMemory();
    warehouse.execute(DATA);
    warehouse.execute(AIRPORTS);
    connection = new DuckDBDriver().connect("jdbc:duckdb:", null);
    try (Statement statement = connection.createStatement()) {
      statement.execute(DATA);
      statement.execute(AIRPORTS);
    }
    ConstraintReport report = RULES.check(warehouse);
    if (RULES.size() != 16 || !report.passed() || report.scans() > 3) {
      throw new AssertionError(report.toString());
    }
  }

  @Benchmark
  public Object constraints() throws SQLException {
    return rival.equals("ours") ? RULES.check(warehouse) : rows(SQL);
  }

  @Benchmark
  public Object profile() throws SQLException {
    return rival.equals("ours") ? TableProfile.of(warehouse, "trips") : rows("SUMMARIZE trips");
  }

  private int rows(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      int count = 0;
      while (rows.next()) {
        count += rows.getObject(1) == null ? 0 : 1;
      }
      return count;
    }
  }

  @TearDown
  public void close() throws SQLException {
    connection.close();
    warehouse.close();
  }
}
