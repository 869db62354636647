package io.mlinfra.benchmarks.features;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * As {@link OnlineGetBenchmark}, from an online store in a file, after a warm-up. Run it by {@code
 * mvn -q -Pbench -Dbench=features}; the log has the percentiles.
 *
 * <p>The peer: {@code map}, a {@code ConcurrentHashMap} of ready arrays, the floor under anything
 * that computes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DurableGetBenchmark {
  @Param({"ours", "map"})
  public String rival;

  private Profiles profiles;
  private long next;

  @Setup
  public void open() throws IOException, SQLException {
    Path scratch = Files.createDirectories(Path.of(System.getProperty("scratch")));
    Path folder = Files.createTempDirectory(scratch, "online");
    profiles = new Profiles(rival, folder.resolve("online.db"));
  }

  /** Strides through all customers, so that no cache of the processor holds the next one. */
  private long customer() {
    next = (next + 611_953) % Profiles.CUSTOMERS;
    return next;
  }

  @Benchmark
  public double single() throws SQLException {
    return profiles.get(customer());
  }

  @Benchmark
  public double batch() throws SQLException {
    return profiles.getAll(customer(), 100);
  }

  @TearDown
  public void close() throws SQLException {
    profiles.close();
  }
}
