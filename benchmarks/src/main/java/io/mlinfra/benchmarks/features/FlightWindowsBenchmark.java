package io.mlinfra.benchmarks.features;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;

import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.vector.ipc.ArrowReader;
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
 * The eight windows of the flight job, for every flight: of its origin and its destination the mean
 * delay over 3 and 24 hours, the count over 3 hours and the share of late flights over 7 days. Run
 * it by {@code mvn -q -Pbench -Dbench=features}.
 *
 * <p>The peer: {@code range-window}, SQL's window functions over the union of flights that ask and
 * flights that have landed, once for each end of the flight.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 3)
public class FlightWindowsBenchmark {
  @Param({"ours", "range-window"})
  public String rival;

  private Warehouse warehouse;
  private FeatureStore features;
  private long flights;

  @Setup
  public void open() {
    warehouse = Warehouse.inMemory();
    warehouse.load("trips", Source.parquet(Path.of(System.getProperty("data"))));
    warehouse.execute(
        """
        CREATE TABLE flights AS
        SELECT row_number() OVER () AS id, *, delay > 15 AS late,
               date + to_minutes(CAST(30 + distance // 8 + greatest(delay, 0) AS INTEGER)) AS landed
        FROM trips""");
    flights = warehouse.rows("flights");
    features = FeatureStore.open(warehouse, airport("origin"), airport("destination"));
  }

  private static FeatureView airport(String column) {
    return FeatureView.named(column)
        .from("flights")
        .entity(column)
        .eventTime("landed")
        .window(Duration.ofHours(3), mean("delay"), count())
        .window(Duration.ofHours(24), mean("delay"))
        .window(Duration.ofDays(7), mean("late"))
        .build();
  }

  @Benchmark
  public long windows() throws IOException {
    try (ArrowReader reader =
        rival.equals("ours")
            ? features.training("SELECT * FROM flights", "date").stream()
            : warehouse.query(RANGE_WINDOW)) {
      long rows = 0;
      while (reader.loadNextBatch()) {
        rows += reader.getVectorSchemaRoot().getRowCount();
      }
      if (rows != flights) {
        throw new AssertionError(rival + " gave " + rows + " rows");
      }
      return rows;
    }
  }

  @TearDown
  public void close() {
    features.close();
    warehouse.close();
  }

  /** A window of ours is open at its start, SQL's is closed: hence the microsecond. */
  private static String over(int hours) {
    return " OVER (PARTITION BY airport ORDER BY t RANGE BETWEEN INTERVAL '"
        + (hours * 3_600_000_000L - 1)
        + " microseconds' PRECEDING AND CURRENT ROW)";
  }

  private static String airportWindows(String column) {
    return """
        SELECT * FROM (
          SELECT id, mean(delay) %s AS delay3, count(event) %s AS count3, mean(delay) %s AS delay24,
            mean(late) %s AS late7
          FROM (SELECT id, %5$s AS airport, date AS t, NULL AS delay, NULL AS late, NULL AS event
                FROM flights
                UNION ALL SELECT NULL, %5$s, landed, delay, late::TINYINT, 1 FROM flights))
        WHERE id IS NOT NULL"""
        .formatted(over(3), over(3), over(24), over(24 * 7), column);
  }

  private static final String RANGE_WINDOW =
      "SELECT f.*, o.* EXCLUDE (id), d.* EXCLUDE (id) FROM flights AS f JOIN ("
          + airportWindows("origin")
          + ") AS o USING (id) JOIN ("
          + airportWindows("destination")
          + ") AS d USING (id)";
}
