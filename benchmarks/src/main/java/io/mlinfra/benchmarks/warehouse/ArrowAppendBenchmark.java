package io.mlinfra.benchmarks.warehouse;

import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
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
 * Five million rows of five columns (int64, int32, two float64, a short text) from Arrow batches in
 * memory into a new table in memory. Run it by {@code mvn -q -Pbench -Dbench=warehouse}.
 *
 * <p>The peers: {@code raw}, {@code registerArrowStream} and {@code CREATE TABLE AS} by hand, which
 * is all that ours may hope to reach; {@code appender}, the driver's way to insert rows one by one.
 * For JDBC's own way see {@link BatchInsertBenchmark}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class ArrowAppendBenchmark {
  @Param({"ours", "raw", "appender"})
  public String rival;

  @Param("5000000")
  public int rows;

  private Appending appending;

  @Setup
  public void open() throws SQLException {
    appending = new Appending(rows);
  }

  @Benchmark
  public long append() throws SQLException, IOException {
    return appending.run(rival);
  }

  @TearDown
  public void close() throws SQLException {
    appending.close();
  }
}
