package io.mlinfra.warehouse;

import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * A JVM that writes to a warehouse without end and says at which step and stage it is; {@code 12
 * done} comes after step 12 was acknowledged. Whoever starts it again names the step that was not.
 */
final class WritingProcess {
  /** What one step writes. */
  enum Work {
    /** 50,000 rows of their own, twice under one id: from a query, Arrow or CSV in turn. */
    LOAD("repeat", 500),
    /** The same 50,000 keys, with the step as their value. */
    UPSERT("done", 500),
    /** 10,000 rows more, and a snapshot of the last 50,000, in small parts. */
    SNAPSHOT("snapshot", 200),
    /** A snapshot; all but the last three expire, and what nobody needs is collected. */
    RETENTION("expire", 60),
    /** A file and a folder, each in the place of the one before. */
    EXPORT("folder", 200);

    /** What it says when it comes to what it is about, or has been there once. */
    final String stage;

    /** How long that, and what comes after, takes at least. */
    final int millis;

    Work(String stage, int millis) {
      this.stage = stage;
      this.millis = millis;
    }
  }

  static final int LOADED = 50_000;
  static final int UPSERTED = 50_000;
  static final int GROWTH = 10_000;
  static final int WINDOW = 5;
  static final int KEPT = 3;
  static final int EXPORTED = 30_000;
  static final PartSizes SMALL = new PartSizes(1_000, 2_000, 8_000);

  private final Path folder;
  private final Warehouse warehouse;
  private final Registry registry;

  private WritingProcess(Path folder, Warehouse warehouse, Registry registry) {
    this.folder = folder;
    this.warehouse = warehouse;
    this.registry = registry;
  }

  static Path registry(Path folder) {
    return folder.resolve("registry");
  }

  static Warehouse warehouse(Path folder) {
    return Warehouse.open(
        folder.resolve("w.db"),
        WarehouseOptions.builder().temporaryFolder(folder.resolve("temporary")).build());
  }

  static Snapshots snapshots(Warehouse warehouse, Registry registry) {
    return new Snapshots(warehouse, registry, SMALL, false);
  }

  /**
   * @param arguments the folder of everything, what to write, number of the first step
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Work work = Work.valueOf(arguments[1]);
    int first = Integer.parseInt(arguments[2]);
    // Otherwise it would fill the disk when whoever started it is killed.
    ProcessHandle.current()
        .parent()
        .ifPresent(parent -> parent.onExit().thenRun(() -> Runtime.getRuntime().halt(1)));
    say(first, "open");
    try (Warehouse warehouse = warehouse(folder);
        Registry registry = Registry.open(registry(folder))) {
      WritingProcess process = new WritingProcess(folder, warehouse, registry);
      for (int step = first; ; step++) {
        process.write(work, step);
        say(step, "done");
      }
    }
  }

  private static void say(int step, String stage) {
    System.out.println(step + " " + stage);
    System.out.flush();
  }

  private void write(Work work, int step) throws IOException {
    switch (work) {
      case LOAD -> {
        say(step, "load");
        load(step);
        say(step, "repeat");
        load(step);
      }
      case UPSERT -> {
        say(step, "upsert");
        warehouse.load(
            "state",
            Source.query(
                "SELECT i AS key, ?::INTEGER AS step FROM range(?) AS r(i)", step, UPSERTED),
            Load.upsert("key").id("step " + step));
      }
      case SNAPSHOT -> snapshot(step);
      case RETENTION -> {
        snapshot(step);
        say(step, "expire");
        snapshots(warehouse, registry).expire("grown", Retention.keepLast(KEPT), "a test");
      }
      case EXPORT -> {
        Query query =
            warehouse
                .sql("SELECT ?::INTEGER AS step, i, i % 3 AS part FROM range(?) AS r(i)")
                .bind(step, EXPORTED);
        say(step, "file");
        query.export(Target.parquet(folder.resolve("file.parquet")).overwrite(true));
        say(step, "folder");
        query.export(Target.parquet(folder.resolve("parts")).partitionBy("part").overwrite(true));
      }
    }
  }

  private void load(int step) throws IOException {
    String sql = "SELECT ?::INTEGER AS step, i FROM range(?) AS r(i)";
    Load load = Load.append().id("step " + step);
    switch (step % 3) {
      case 0 -> warehouse.load("loaded", Source.query(sql, step, LOADED), load);
      case 1 -> {
        try (ArrowReader rows = warehouse.query(sql, step, LOADED)) {
          warehouse.load("loaded", Source.arrow(rows), load);
        }
      }
      default -> {
        StringBuilder lines = new StringBuilder("step,i\n");
        for (int i = 0; i < LOADED; i++) {
          lines.append(step).append(',').append(i).append('\n');
        }
        lines.append("rejected\n");
        Path file = Files.writeString(folder.resolve("rows.csv"), lines);
        warehouse.load(
            "loaded",
            Source.csv(file).column("step", "INTEGER").column("i", "BIGINT").rejectAtMost(1),
            load);
      }
    }
  }

  private void snapshot(int step) {
    say(step, "grow");
    warehouse.load(
        "grown",
        Source.query(
            "SELECT ?::INTEGER AS step, i, md5(i::VARCHAR) AS digest FROM range(?) AS r(i)",
            step,
            GROWTH),
        Load.append().id("step " + step));
    say(step, "snapshot");
    snapshots(warehouse, registry)
        .take(
            "grown",
            "SELECT * FROM grown WHERE step > "
                + (step - WINDOW)
                + " AND step <= "
                + step
                + " ORDER BY step, i");
  }
}
