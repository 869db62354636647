package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes that are killed while they take snapshots and let them expire. {@code -Dkills=50} has
 * more of them killed.
 */
class SnapshotCrashTest {
  private static final PartSizes SMALL = new PartSizes(50, 100, 400);

  @TempDir Path folder;

  /** Takes snapshots until it is killed, and tells of each that it has. */
  static final class Taker {
    private Taker() {}

    public static void main(String[] arguments) throws IOException {
      Path folder = Path.of(arguments[0]);
      WarehouseOptions options =
          WarehouseOptions.builder().temporaryFolder(folder.resolve("temporary")).build();
      try (Warehouse warehouse = Warehouse.inMemory(options);
          Registry registry = Registry.open(folder.resolve("registry"))) {
        Snapshots snapshots = new Snapshots(warehouse, registry, SMALL, false);
        long seed = System.nanoTime();
        warehouse.execute(
            "CREATE TABLE t AS SELECT i, hash(i, ?) AS h FROM range(2000) t(i)", seed);
        for (int n = 1; ; n++) {
          warehouse.execute("INSERT INTO t SELECT i, hash(i, ?) FROM range(50) t(i)", n);
          Snapshot taken = snapshots.takeTable("t", "t");
          Files.writeString(
              folder.resolve("acknowledged"),
              taken.version().id().number() + " " + taken.rows() + "\n",
              StandardOpenOption.CREATE,
              StandardOpenOption.APPEND);
          if (n % 5 == 0) {
            snapshots.expire("t", Retention.keepLast(3), "old");
          }
        }
      }
    }
  }

  @Test
  @Timeout(value = 600, unit = TimeUnit.SECONDS)
  void whatWasAcknowledgedIsThereAndNothingIsHalfThere() throws Exception {
    Random random = new Random();
    for (int kill = Integer.getInteger("kills", 2); kill > 0; kill--) {
      String last = killAfter(2 + random.nextInt(4), random.nextInt(200));
      try (Warehouse warehouse = Warehouse.inMemory();
          Registry registry = Registry.open(folder.resolve("registry"))) {
        assertThat(registry.verify().problems()).isEmpty();
        Snapshots snapshots = new Snapshots(warehouse, registry, SMALL, false);
        Snapshot acknowledged = snapshots.get("t:" + last.split(" ")[0]);
        assertThat(acknowledged.rows()).isEqualTo(Long.parseLong(last.split(" ")[1]));
        for (Snapshot snapshot : snapshots.list("t")) {
          assertThat(warehouse.sql("FROM t").asOf("t", snapshot).execute())
              .isEqualTo(snapshot.rows());
        }
        snapshots.expire("t", Retention.keepLast(1), "old");
        assertThat(registry.verify().problems()).isEmpty();
      }
    }
  }

  /** Gives the last line of a process that was killed some time after it had written so many. */
  private String killAfter(int lines, int millis) throws Exception {
    Path output = folder.resolve("acknowledged");
    Files.deleteIfExists(output);
    Process process = ChildJvm.start(true, Taker.class, folder.toString());
    try {
      while (!Files.exists(output) || Files.readAllLines(output).size() < lines) {
        assertThat(process.isAlive()).isTrue();
        Thread.sleep(5);
      }
      Thread.sleep(millis);
    } finally {
      process.destroyForcibly().waitFor();
    }
    // The last line may be cut off; the one before it cannot be.
    String written = Files.readString(output);
    return written.substring(0, written.lastIndexOf('\n')).lines().reduce("", (a, b) -> b);
  }
}
