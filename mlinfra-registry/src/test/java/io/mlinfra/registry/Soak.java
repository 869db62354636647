package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * Has processes change one registry at once, kills them at random, and looks whether all that was
 * acknowledged is there and nothing else. See {@link SoakWorker} for what they do. For an hour:
 *
 * <pre>
 * mvn -q -pl mlinfra-core,mlinfra-registry -am test -Dtest=SoakTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dmlinfra.soak.rounds=360 -Dmlinfra.soak.seconds=10
 * </pre>
 *
 * <p>or {@link #main} with the test class path. A line is printed for each round; a failure is an
 * {@link AssertionError} that names the folder, which is left as it is.
 */
public final class Soak {
  private static final int PROCESSES = 2;
  private static final int THREADS = 4;

  /** After so many rounds the next begins with a new registry, so that rounds stay comparable. */
  private static final int ROUNDS_OF_ONE_FOLDER = 8;

  private final Path parent;
  private final PrintStream out;
  private final Random random = new Random();
  private final Set<String> acknowledged = new HashSet<>();
  private final Set<String> logged = new LinkedHashSet<>();
  private Path folder;
  private int started;

  Soak(Path parent, PrintStream out) {
    this.parent = parent;
    this.out = out;
    this.folder = parent;
  }

  /**
   * @param arguments rounds, seconds of a round, and a folder to work in, a temporary one if there
   *     is none
   */
  public static void main(String[] arguments) throws Exception {
    Path parent =
        arguments.length > 2
            ? Files.createDirectories(Path.of(arguments[2]))
            : Files.createTempDirectory("soak");
    new Soak(parent, System.out)
        .run(Integer.parseInt(arguments[0]), Duration.ofSeconds(Integer.parseInt(arguments[1])));
  }

  void run(int rounds, Duration ofRound) throws Exception {
    for (int round = 1; round <= rounds; round++) {
      if (round % ROUNDS_OF_ONE_FOLDER == 1) {
        if (!folder.equals(parent)) {
          Fixtures.deleteAll(folder);
        }
        folder = Files.createDirectory(parent.resolve("from-round-" + round));
        acknowledged.clear();
        logged.clear();
      }
      round(round, ofRound);
    }
    Fixtures.deleteAll(folder);
  }

  private void round(int round, Duration duration) throws Exception {
    List<Worker> workers = new ArrayList<>();
    int kills = 0;
    long end = System.nanoTime() + duration.toNanos();
    try {
      for (int i = 0; i < PROCESSES; i++) {
        workers.add(start());
      }
      while (System.nanoTime() < end) {
        long left = Math.max(1, (end - System.nanoTime()) / 1_000_000);
        Thread.sleep(Math.min(left, 1000 + random.nextInt(3000)));
        int victim = random.nextInt(PROCESSES);
        kill(workers.get(victim));
        kills++;
        workers.set(victim, start());
      }
      for (Worker worker : workers) {
        kill(worker);
        kills++;
      }
    } finally {
      for (Worker worker : workers) {
        worker.process().destroyForcibly();
      }
    }
    out.println("round " + round + ": " + kills + " processes killed; " + check());
    out.flush();
  }

  private record Worker(Process process, Path output) {}

  private Worker start() throws IOException {
    String name = "w" + started++;
    Path output = parent.resolve(name);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                SoakWorker.class.getName(),
                folder.toString(),
                name,
                Integer.toString(THREADS),
                Files.createDirectory(exports(name)).toString())
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return new Worker(process, output);
  }

  private Path exports(String worker) {
    return parent.resolve(worker + "-exports");
  }

  private void kill(Worker worker) throws Exception {
    // Starting may take longer than a round on a busy machine.
    for (int i = 0; i < 6000 && worker.process().isAlive() && isSilent(worker); i++) {
      Thread.sleep(10);
    }
    worker.process().destroyForcibly();
    boolean wasKilled = worker.process().waitFor() == 128 + 9;
    // The last line may be cut off: what it would have acknowledged, it did not.
    String text = Files.readString(worker.output(), StandardCharsets.UTF_8);
    List<String> lines = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    require(
        wasKilled
            && !lines.isEmpty()
            && lines.stream().noneMatch(line -> line.startsWith("FAILED")),
        worker.output().getFileName() + " failed: " + text);
    for (String line : lines) {
      if (line.startsWith(SoakWorker.LOGGED) || line.startsWith(SoakWorker.FINISHED)) {
        logged.add(line);
      } else {
        acknowledged.add(line);
      }
    }
    Files.delete(worker.output());
    Fixtures.deleteAll(exports(worker.output().getFileName().toString()));
  }

  private static boolean isSilent(Worker worker) throws IOException {
    return Files.size(worker.output()) == 0;
  }

  private void require(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message + "\nthe registry is " + folder);
    }
  }

  /** Looks at what the killed processes left, and returns what there is, in one line. */
  private String check() {
    try (Registry registry = Registry.open(folder)) {
      Verification verification = registry.verify();
      require(verification.isClean(), verification.toString());
      Set<String> inLog = new HashSet<>();
      for (AuditEntry entry : registry.audit()) {
        String reason = entry.details().get("reason");
        if (reason != null) {
          require(inLog.add(reason) || reason.startsWith("expire"), "twice in the log: " + entry);
        }
      }
      Set<String> inHistories = new HashSet<>();
      for (String model : List.of(SoakWorker.HOT, SoakWorker.COUNTER)) {
        for (AliasMove move : registry.history(model, SoakWorker.ALIAS)) {
          require(inLog.contains(move.reason()), "not in the log: " + move);
          inHistories.add(move.reason());
        }
        registry
            .alias(model, SoakWorker.ALIAS)
            .ifPresent(alias -> registry.content(registry.version(alias.version())));
      }
      for (String reason : acknowledged) {
        require(inLog.contains(reason), "acknowledged and not in the log: " + reason);
        require(
            reason.startsWith("delete")
                || reason.startsWith("expire")
                || inHistories.contains(reason),
            "acknowledged and not in the history: " + reason);
      }
      int counted = checkCounter(registry);
      int points = checkRuns(registry);
      Collected collected = registry.collectGarbage();
      Verification after = registry.verify();
      require(after.isClean() && after.orphans().isEmpty(), after.toString());
      return acknowledged.size()
          + " changes acknowledged, "
          + counted
          + " of them counted, and "
          + points
          + " points of runs; "
          + verification
          + "; collected "
          + collected;
    }
  }

  /** Every point that was acknowledged is there, with its value, and every run that has ended. */
  private int checkRuns(Registry registry) {
    Map<String, Curve> curves = new HashMap<>();
    int points = 0;
    for (String line : logged) {
      String[] words = line.split(" ");
      Curve curve =
          curves.computeIfAbsent(words[1], id -> registry.runs().curve(id, SoakWorker.METRIC));
      int step = Integer.parseInt(words[2]);
      require(
          step < curve.size()
              && curve.step(step) == step
              && curve.value(step) == SoakWorker.value(step),
          "acknowledged and not logged: " + line);
      if (line.startsWith(SoakWorker.FINISHED)) {
        require(
            registry.runs().get(words[1]).status() == TrackedRun.Status.FINISHED
                && curve.size() == step + 1,
            "acknowledged and not finished: " + line);
      } else {
        points++;
      }
    }
    return points;
  }

  /**
   * Each compare-and-set adds one to what it found: so the last value tells how many there were.
   */
  private int checkCounter(Registry registry) {
    List<AliasMove> moves = registry.history(SoakWorker.COUNTER, SoakWorker.ALIAS);
    Optional<VersionId> before = Optional.empty();
    for (int i = 0; i < moves.size(); i++) {
      AliasMove move = moves.get(i);
      Version version = registry.version(move.to().orElseThrow());
      require(move.from().equals(before), "a lost update: " + move);
      require(
          SoakWorker.value(registry.content(version)) == i
              && version.madeFrom().size() == (i == 0 ? 0 : 1),
          "move " + (i + 1) + " has another value: " + version);
      before = move.to();
    }
    require(
        before.equals(registry.alias(SoakWorker.COUNTER, SoakWorker.ALIAS).map(Alias::version)),
        "the counter is not what its history says");
    require(
        registry.versions(Kind.MODEL, SoakWorker.COUNTER).size() >= moves.size(),
        "the counter's versions are gone");
    return moves.size();
  }
}
