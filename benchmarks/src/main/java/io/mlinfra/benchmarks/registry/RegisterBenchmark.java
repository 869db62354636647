package io.mlinfra.benchmarks.registry;

import io.mlinfra.benchmarks.Needs;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * A thousand files of 1 KB, each registered as a version of one model, into a fresh folder. Run it
 * by {@code mvn -q -Pbench -Dbench=registry}.
 *
 * <p>The peers are Git by its plumbing, a process a call. {@code git-each} makes a commit of each
 * version, as ours is on the disk after each call; {@code git-once} hands all files to one call of
 * {@code hash-object} and makes one commit, which loses all of them if it does not come to its end.
 * Git as it is set does not force loose objects to the disk; {@code -durable} is with {@code
 * core.fsync=all}, which forces files but, unlike ours, not the folders that name them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1)
@Measurement(iterations = 3)
@Needs("git")
public class RegisterBenchmark {
  private static final int COUNT = 1000;

  @Param({"ours", "git-each", "git-each-durable", "git-once", "git-once-durable"})
  public String rival;

  private List<Path> files;
  private Registry registry;
  private Git git;

  @Setup(Level.Iteration)
  public void open() throws IOException {
    Path folder = Scratch.folder();
    files = new ArrayList<>();
    Random random = new Random(7);
    byte[] content = new byte[1024];
    for (int i = 0; i < COUNT; i++) {
      random.nextBytes(content);
      files.add(Files.write(folder.resolve("file-" + i), content));
    }
    registry = Registry.open(folder.resolve("registry"));
    git =
        rival.endsWith("-durable")
            ? Git.init(folder.resolve("git"), "core.fsync=all")
            : Git.init(folder.resolve("git"));
  }

  @Benchmark
  public void thousandVersions() throws IOException {
    switch (rival) {
      case "ours" -> ours();
      case "git-each", "git-each-durable" -> gitEach();
      case "git-once", "git-once-durable" -> gitOnce();
      default -> throw new IllegalArgumentException(rival);
    }
  }

  private void ours() {
    for (Path file : files) {
      registry.register(Registration.of(Kind.MODEL, "m").content(file));
    }
  }

  private void gitEach() throws IOException {
    for (Path file : files) {
      String hash = git.call("hash-object", "-w", file.toString());
      git.call("update-index", "--add", "--cacheinfo", "100644," + hash + ",m");
      git.call("commit", "-q", "-m", "version");
    }
  }

  private void gitOnce() throws IOException {
    String paths = files.stream().map(Path::toString).collect(Collectors.joining("\n"));
    List<String> hashes =
        git.callWith(paths, "hash-object", "-w", "--stdin-paths").lines().toList();
    StringBuilder index = new StringBuilder();
    for (int i = 0; i < COUNT; i++) {
      index.append("100644 ").append(hashes.get(i)).append("\tm/").append(i + 1).append('\n');
    }
    git.callWith(index.toString(), "update-index", "--index-info");
    git.call("commit", "-q", "-m", "versions");
  }

  @TearDown(Level.Iteration)
  public void close() throws IOException {
    long kept =
        switch (rival) {
          case "ours" -> registry.versions(Kind.MODEL, "m").size();
          case "git-each", "git-each-durable" ->
              Long.parseLong(git.call("rev-list", "--count", "HEAD"));
          default -> git.call("ls-tree", "-r", "--name-only", "HEAD").lines().count();
        };
    registry.close();
    if (kept != COUNT) {
      throw new AssertionError(rival + " kept " + kept);
    }
  }
}
