package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import io.mlinfra.warehouse.WritingProcess.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Kills a process that writes, at random moments, and looks at what it left. {@code -Dcrashes=50}
 * for a longer run, which says at the end at which stages the process was.
 */
class CrashTest {
  private static final int CRASHES = Integer.getInteger("crashes", 1);
  private static final int LONG_RUN = 20;

  /** A process that says nothing for so long hangs. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path folder;

  private final Random random = new Random();

  /** What a process has said. */
  private record Told(int acknowledged, String stage) {}

  @ParameterizedTest
  @EnumSource
  void whatWasAcknowledgedIsThereOnceAndNothingIsHalfThere(Work work) throws Exception {
    Map<String, Integer> stages = new TreeMap<>();
    int acknowledged = 0;
    int undone = 0;
    for (int crash = 1; crash <= CRASHES; crash++) {
      Told told = crash(work, acknowledged + 1);
      acknowledged = Math.max(acknowledged, told.acknowledged());
      stages.merge(told.stage(), 1, Integer::sum);
      try (Warehouse warehouse = WritingProcess.warehouse(folder);
          Registry registry = Registry.open(WritingProcess.registry(folder))) {
        int done = check(work, acknowledged, warehouse, registry);
        assertThat(done).as("after %s", told).isBetween(acknowledged, acknowledged + 1);
        undone += done == acknowledged ? 1 : 0;
      }
    }
    if (CRASHES >= LONG_RUN) {
      System.out.printf(
          "%s: %d processes killed after %d acknowledged steps; the next step was undone %d times;"
              + " stages %s%n",
          work, CRASHES, acknowledged, undone, stages);
      assertThat(undone).isPositive();
      assertThat(stages).hasSizeGreaterThan(1);
    }
  }

  private Told crash(Work work, int first) throws Exception {
    Path output = folder.resolve("output");
    Path temporary = Files.createDirectories(folder.resolve("temporary"));
    Process process =
        ChildJvm.builder(
                true,
                temporary,
                WritingProcess.class,
                folder.toString(),
                work.name(),
                Integer.toString(first))
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      // While it opens what the one before has left, in its first step, or in its own kind of work.
      int moment = CRASHES == 1 ? 3 : random.nextInt(4);
      String from =
          moment == 0 ? " open" : moment == 1 ? "\n" + first + " " : " " + work.stage + "\n";
      long start = System.nanoTime();
      while (!Files.readString(output).contains(from)) {
        assertThat(process.isAlive()).as("%s", process).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
        Thread.sleep(2);
      }
      Thread.sleep(random.nextInt(moment > 1 ? work.millis : 500));
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).isNotZero();
    return told(Files.readString(output));
  }

  /** The last line may be cut off. */
  private static Told told(String output) {
    Told told = new Told(0, "");
    for (String line : output.substring(0, output.lastIndexOf('\n') + 1).lines().toList()) {
      String[] words = line.split(" ");
      boolean done = words[1].equals("done");
      told = new Told(done ? Integer.parseInt(words[0]) : told.acknowledged(), words[1]);
    }
    return told;
  }

  /** Gives the last step that is there as a whole. */
  private int check(Work work, int acknowledged, Warehouse warehouse, Registry registry)
      throws IOException {
    return switch (work) {
      case LOAD -> loaded(warehouse);
      case UPSERT -> upserted(warehouse);
      case SNAPSHOT, RETENTION -> snapshots(work, warehouse, registry);
      case EXPORT -> exported(acknowledged, warehouse);
    };
  }

  private static int loaded(Warehouse warehouse) {
    if (!warehouse.tables().contains("loaded")) {
      return 0;
    }
    int steps = (int) (warehouse.rows("loaded") / WritingProcess.LOADED);
    long n = WritingProcess.LOADED;
    long whole =
        warehouse
            .sql(
                "SELECT count(*) FROM (SELECT step FROM loaded GROUP BY step HAVING count(*) = $n"
                    + " AND count(DISTINCT i) = $n AND min(i) = 0 AND max(i) = $n - 1)")
            .bind("n", n)
            .value(Long.class);
    assertThat(whole).isEqualTo(steps);
    assertThat(warehouse.rows("loaded")).isEqualTo(steps * n);
    List<RecordedLoad> loads = warehouse.loads("loaded");
    assertThat(loads).hasSize(steps);
    for (int step = 1; step <= steps; step++) {
      assertThat(loads.get(step - 1).id()).isEqualTo("step " + step);
      assertThat(loads.get(step - 1).rejected()).isEqualTo(step % 3 == 2 ? 1 : 0);
    }
    return steps;
  }

  private static int upserted(Warehouse warehouse) {
    if (!warehouse.tables().contains("state")) {
      return 0;
    }
    List<Object> found =
        WarehouseTest.values(
            warehouse, "SELECT count(*), count(DISTINCT key), min(step), max(step) FROM state");
    long keys = WritingProcess.UPSERTED;
    int step = (int) found.get(3);
    assertThat(found).containsExactly(new Object[] {keys, keys, step, step});
    assertThat(warehouse.loads("state")).hasSize(step);
    return step;
  }

  private static int snapshots(Work work, Warehouse warehouse, Registry registry)
      throws IOException {
    assertThat(registry.verify().problems()).isEmpty();
    Snapshots snapshots = WritingProcess.snapshots(warehouse, registry);
    List<Snapshot> kept = snapshots.list("grown");
    if (kept.isEmpty()) {
      return 0;
    }
    int last = kept.get(kept.size() - 1).version().id().number();
    if (work == Work.RETENTION) {
      assertThat(kept.size())
          .isBetween(Math.min(last, WritingProcess.KEPT), WritingProcess.KEPT + 1);
    } else {
      assertThat(kept).hasSize(last);
    }
    // Of the old ones, the registry has just read every byte.
    for (Snapshot snapshot : kept.subList(Math.max(0, kept.size() - 4), kept.size())) {
      int step = snapshot.version().id().number();
      int steps = Math.min(step, WritingProcess.WINDOW);
      long rows = (long) steps * WritingProcess.GROWTH;
      assertThat(snapshot.rows()).isEqualTo(rows);
      assertThat(
              warehouse
                  .sql(
                      "SELECT count(DISTINCT (step, i)) FROM g WHERE digest = md5(i::VARCHAR)"
                          + " AND step BETWEEN $first AND $last")
                  .asOf("g", snapshot)
                  .bind("first", step - steps + 1)
                  .bind("last", step)
                  .value(Long.class))
          .isEqualTo(rows);
    }
    if (work == Work.RETENTION) {
      snapshots.expire("grown", Retention.keepLast(WritingProcess.KEPT), "a test");
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(snapshots.list("grown")).hasSize(Math.min(last, WritingProcess.KEPT));
    }
    return last;
  }

  private int exported(int acknowledged, Warehouse warehouse) throws IOException {
    List<Path> left;
    try (Stream<Path> all = Files.list(folder)) {
      left = all.filter(path -> path.getFileName().toString().startsWith(".")).toList();
    }
    assertThat(left)
        .allMatch(
            path ->
                path.getFileName()
                    .toString()
                    .matches("\\.mlinfra-export-[0-9a-f-]{36}\\.(partial|replaced)"));
    int step = exported(folder.resolve("file.parquet"), warehouse);
    assertThat(step).isBetween(acknowledged, acknowledged + 1);
    Path parts = folder.resolve("parts");
    if (Files.exists(parts)) {
      int inFolder = exported(parts, warehouse);
      assertThat(inFolder).isBetween(acknowledged, step);
      step = inFolder;
    } else if (acknowledged > 0) {
      // Killed between the two renames: the one before is whole under its other name.
      List<Path> replaced =
          left.stream().filter(path -> path.toString().endsWith(".replaced")).toList();
      assertThat(replaced).hasSize(1);
      assertThat(exported(replaced.get(0), warehouse)).isEqualTo(acknowledged);
      step = acknowledged;
    } else {
      step = 0;
    }
    left.forEach(WorkFolder::delete);
    return step;
  }

  /** Gives the step of which there are all rows; 0 if there is nothing. */
  private static int exported(Path path, Warehouse warehouse) {
    if (!Files.exists(path)) {
      return 0;
    }
    List<Object> found =
        WarehouseTest.values(
            warehouse,
            "SELECT count(*), count(DISTINCT i), min(step), max(step) FROM read_parquet("
                + Sql.literal(path + (Files.isDirectory(path) ? "/**/*.parquet" : ""))
                + ")");
    long rows = WritingProcess.EXPORTED;
    int step = (int) found.get(3);
    assertThat(found).containsExactly(new Object[] {rows, rows, step, step});
    return step;
  }
}
