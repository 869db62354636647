package io.mlinfra.benchmarks.registry;

import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A point of a metric, of a hundred thousand that a run logs. Run it by {@code mvn -q -Pbench
 * -Dbench=registry}.
 *
 * <p>The peers write the same line: {@code sync} forces it to the disk before it returns, which
 * also survives a power failure; {@code append} opens, writes and closes the file, as MLflow's file
 * store does for each point, and like ours survives the death of the process.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public class LogBenchmark {
  private static final int POINTS = 100_000;

  @Param({"ours", "sync", "append"})
  public String rival;

  private Registry registry;
  private ActiveRun run;
  private Path file;
  private FileChannel channel;

  @Setup(Level.Iteration)
  public void open() throws IOException {
    Path folder = Scratch.folder();
    registry = Registry.open(folder.resolve("registry"));
    run = registry.runs().start("flight-delay");
    file = Files.createFile(folder.resolve("points"));
    channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  @Benchmark
  @OperationsPerInvocation(POINTS)
  public void points() throws IOException {
    for (int step = 0; step < POINTS; step++) {
      double loss = 1 / (1 + step * 1e-3);
      switch (rival) {
        case "ours" -> run.metric("train.logLoss", step, loss);
        case "sync" -> {
          channel.write(ByteBuffer.wrap(line(step, loss).getBytes(StandardCharsets.UTF_8)));
          channel.force(false);
        }
        case "append" -> Files.writeString(file, line(step, loss), StandardOpenOption.APPEND);
        default -> throw new IllegalArgumentException(rival);
      }
    }
  }

  private static String line(int step, double loss) {
    return System.currentTimeMillis() + " " + loss + " " + step + "\n";
  }

  @TearDown(Level.Iteration)
  public void close() throws IOException {
    channel.close();
    long kept;
    if (rival.equals("ours")) {
      run.finish();
      kept = registry.runs().curve(run.id(), "train.logLoss").size();
    } else {
      try (var lines = Files.lines(file)) {
        kept = lines.count();
      }
    }
    registry.close();
    if (kept != POINTS) {
      throw new AssertionError(rival + " kept " + kept);
    }
  }
}
