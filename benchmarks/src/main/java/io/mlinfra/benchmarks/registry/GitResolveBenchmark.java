package io.mlinfra.benchmarks.registry;

import io.mlinfra.benchmarks.Needs;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.nio.file.Path;
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
 * From a name to the version behind it. Run it by {@code mvn -q -Pbench -Dbench=registry}.
 *
 * <p>The peer, {@code git-rev-parse}, looks up a tag. It is a process, and starting that is most of
 * its time: what a Java program that keeps its models in Git pays, not what Git's lookup costs.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Needs("git")
public class GitResolveBenchmark {
  @Param({"ours", "git-rev-parse"})
  public String rival;

  private Registry registry;
  private Git git;

  @Setup
  public void open() throws IOException {
    Path folder = Scratch.folder();
    registry = Registry.open(folder.resolve("registry"));
    registry.promote(
        "m",
        "champion",
        registry.register(Registration.of(Kind.MODEL, "m").content(new byte[] {1})));
    git = Git.init(folder.resolve("git"));
    git.call("commit", "-q", "--allow-empty", "-m", "version 1");
    git.call("tag", "champion");
    if (!git.call("rev-parse", "champion").equals(git.call("rev-parse", "HEAD"))) {
      throw new AssertionError("the tag points elsewhere");
    }
  }

  @Benchmark
  public Object version() throws IOException {
    return switch (rival) {
      case "ours" -> registry.version(Kind.MODEL, "m@champion");
      case "git-rev-parse" -> git.call("rev-parse", "champion");
      default -> throw new IllegalArgumentException(rival);
    };
  }

  @TearDown
  public void close() {
    registry.close();
  }
}
