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
 * The rows of {@link ArrowAppendBenchmark}, a hundredth as many: JDBC's batches of inserts would
 * take minutes for all. Ours pays for its transaction with fewer rows here, so the ratio is a lower
 * bound of that for all. Run it by {@code mvn -q -Pbench -Dbench=warehouse}.
 *
 * <p>The peer: {@code jdbc-batch}, {@code addBatch} and {@code executeBatch} for every 1,000 rows,
 * in one transaction.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BatchInsertBenchmark {
  @Param({"ours", "jdbc-batch"})
  public String rival;

  @Param("50000")
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
