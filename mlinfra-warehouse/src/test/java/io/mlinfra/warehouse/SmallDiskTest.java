package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A disk that becomes full. {@code -Dsmall.folder=} names a folder on a file system of 8 to 100 MB,
 * such as one made by {@code mount -t tmpfs -o size=32m}; otherwise {@code /dev/shm} is used where
 * it is that small.
 */
class SmallDiskTest {
  private static final long LEAST = 8_000_000;
  private static final long MOST = 100_000_000;
  private static final int ROWS = 10_000;

  /** What is freed again. */
  private static final long SPARE = 3_000_000;

  private Path folder;

  @BeforeEach
  void find() throws IOException {
    Path disk = Path.of(System.getProperty("small.folder", "/dev/shm"));
    assumeTrue(Files.isDirectory(disk) && Files.isWritable(disk), disk + " is not there");
    long free = Files.getFileStore(disk).getUsableSpace();
    assumeTrue(
        free >= LEAST && free <= MOST,
        disk + " has " + free + " bytes free; -Dsmall.folder= names one with 8 to 100 MB");
    folder = Files.createTempDirectory(disk, "small");
  }

  @AfterEach
  void delete() {
    if (folder != null) {
      WorkFolder.delete(folder);
    }
  }

  private Warehouse open() {
    Warehouse warehouse =
        Warehouse.open(
            folder.resolve("w.db"),
            WarehouseOptions.builder().temporaryFolder(folder.resolve("temporary")).build());
    if (warehouse.tables().isEmpty()) {
      warehouse.load("kept", rows(ROWS), Load.create());
    }
    return warehouse;
  }

  /** Nothing that compresses. */
  private static Source rows(long rows) {
    return Source.query("SELECT i, hash(i) AS a, hash(i, 1) AS b FROM range(?) AS r(i)", rows);
  }

  private long free() throws IOException {
    return Files.getFileStore(folder).getUsableSpace();
  }

  private long tooMany() throws IOException {
    return free() / 8;
  }

  private static void assertKept(Warehouse warehouse) {
    assertThat(warehouse.execute("FROM kept WHERE a = hash(i) AND b = hash(i, 1) AND i < " + ROWS))
        .isEqualTo(ROWS);
    assertThat(warehouse.rows("kept")).isEqualTo(ROWS);
  }

  private Path fill(long left) throws IOException {
    Path file = folder.resolve("filler");
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] block = new byte[64 << 10];
      while (free() > left + block.length) {
        out.write(block);
      }
    }
    return file;
  }

  private void assertFailsAndGoesOn(ThrowingCallable write, Warehouse warehouse) {
    assertFails(ErrorCode.IO_FAILED, write);
    assertKept(warehouse);
  }

  @Test
  void aLoadThatDoesNotFitLeavesWhatWasThere() throws IOException {
    try (Warehouse warehouse = open()) {
      Path filler = fill(free() - SPARE);
      long rows = tooMany();
      assertFailsAndGoesOn(() -> warehouse.load("large", rows(rows), Load.append()), warehouse);
      assertThat(warehouse.tables()).containsExactly("kept");
      Files.delete(filler);
    }
    try (Warehouse warehouse = open()) {
      assertKept(warehouse);
      assertThat(warehouse.load("more", rows(ROWS)).rows()).isEqualTo(ROWS);
    }
  }

  @Test
  void anUpsertThatDoesNotFitLeavesWhatWasThere() throws IOException {
    try (Warehouse warehouse = open()) {
      Path filler = fill(free() - SPARE);
      long rows = tooMany();
      assertFailsAndGoesOn(
          () -> warehouse.load("kept", rows(rows), Load.upsert("i").id("large")), warehouse);
      assertThat(warehouse.loads("kept")).isEmpty();
      Files.delete(filler);
    }
    try (Warehouse warehouse = open()) {
      assertKept(warehouse);
      assertThat(warehouse.load("kept", rows(ROWS + 1), Load.upsert("i").id("large")).rows())
          .isEqualTo(ROWS + 1);
    }
  }

  @Test
  void whatIsCommittedStaysWhereACheckpointDoesNotFit() throws IOException {
    try (Warehouse warehouse = open()) {
      Path filler = fill(100_000);
      int done = 0;
      MlInfraException failure = null;
      while (failure == null) {
        try {
          warehouse.load("small", rows(1_000), Load.append().id("step " + done));
          done++;
        } catch (MlInfraException e) {
          failure = e;
        }
      }
      assertThat(failure.code()).as("%s", failure).isEqualTo(ErrorCode.IO_FAILED);
      assertThatThrownBy(() -> warehouse.execute("CHECKPOINT"))
          .isInstanceOf(MlInfraException.class);
      Files.delete(filler);
    }
    try (Warehouse warehouse = open()) {
      assertKept(warehouse);
      warehouse.load("small", rows(1_000), Load.append().id("afterwards"));
      warehouse.execute("CHECKPOINT");
      assertThat(warehouse.rows("small")).isEqualTo(1_000L * warehouse.loads("small").size());
    }
  }

  @Test
  void aSortThatDoesNotFitOnDiskEither() throws IOException {
    long rows = tooMany();
    try (Warehouse warehouse =
        Warehouse.inMemory(
            WarehouseOptions.builder()
                .memoryLimitBytes(16_000_000)
                .threads(2)
                .temporaryFolder(folder.resolve("temporary"))
                .build())) {
      assertThatThrownBy(
              () ->
                  warehouse.execute(
                      "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY hash(i)) AS n, i"
                          + " FROM range(?) AS r(i))",
                      rows * 2))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e ->
                  assertThat(e.code())
                      .as("%s", e)
                      .isIn(ErrorCode.IO_FAILED, ErrorCode.OUT_OF_MEMORY));
      assertThat(warehouse.sql("SELECT 1").value(Integer.class)).isEqualTo(1);
    }
  }

  @Test
  void aSnapshotThatDoesNotFitIsNotThere() throws IOException {
    try (Warehouse warehouse = Warehouse.inMemory();
        Registry registry = Registry.open(folder.resolve("registry"))) {
      Snapshots snapshots = warehouse.snapshots(registry);
      warehouse.load("kept", rows(ROWS));
      Snapshot first = snapshots.takeTable("kept", "kept");
      warehouse.load("large", rows(tooMany()));
      assertFails(ErrorCode.IO_FAILED, () -> snapshots.takeTable("kept", "large"));
      assertThat(snapshots.list("kept")).containsExactly(first);
      assertThat(registry.verify().problems()).isEmpty();
      registry.collectGarbage();
      warehouse.load("kept", rows(ROWS + 1));
      assertThat(snapshots.takeTable("kept", "kept").rows()).isEqualTo(ROWS + 1);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Target.Format.class)
  void anExportThatDoesNotFitLeavesWhatWasThere(Target.Format format) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "precious");
    try (Warehouse warehouse = Warehouse.inMemory()) {
      Query query =
          warehouse.sql("SELECT hash(i), hash(i, 1) FROM range(?) AS r(i)").bind(tooMany());
      Target target = ExportTest.target(format, file).overwrite(true);
      assertFails(ErrorCode.IO_FAILED, () -> query.export(target))
          .hasMessageContaining(file.toString());
      assertThat(file).hasContent("precious");
      assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
      warehouse.sql("SELECT 1 AS i").export(target);
    }
  }
}
