package io.mlinfra.benchmarks.features;

import java.io.IOException;
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
 * A million rows ask about 100,000 customers with a hundred purchases each. Run it by {@code mvn -q
 * -Pbench -Dbench=features}; the plans of the peers are in {@code Purchases}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 3)
public class SparseEntitiesBenchmark {
  @Param({"ours", "range-window", "range-join", "prefix-sums"})
  public String rival;

  @Param("1000000")
  public int labels;

  private Purchases purchases;

  @Setup
  public void open() {
    purchases = new Purchases("(hash(i) % 100000)::BIGINT", labels);
  }

  @Benchmark
  public long trainingSet() throws IOException {
    return purchases.run(rival);
  }

  @TearDown
  public void close() {
    purchases.close();
  }
}
