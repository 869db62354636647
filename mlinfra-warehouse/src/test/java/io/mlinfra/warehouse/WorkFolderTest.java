package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderTest {
  @TempDir Path parent;

  private List<Path> folders() throws IOException {
    try (Stream<Path> all = Files.list(parent)) {
      return all.sorted().toList();
    }
  }

  @Test
  void goesAwayWithItsWarehouse() throws IOException {
    WarehouseOptions options = WarehouseOptions.builder().temporaryFolder(parent).build();
    try (Warehouse warehouse = Warehouse.inMemory(options)) {
      assertThat(folders()).hasSize(1);
      Files.writeString(warehouse.database().work().newPath("x"), "x");
    }
    assertThat(folders()).isEmpty();
  }

  @Test
  void goesAwayWhenOpeningFails() throws IOException {
    Path file = Files.write(parent.resolve("x.db"), new byte[20]);
    Path temporary = parent.resolve("temporary");
    WarehouseOptions options =
        WarehouseOptions.builder().hardened(parent).temporaryFolder(temporary).build();
    try (Warehouse holder = Warehouse.open(parent.resolve("y.db"))) {
      assertThat(holder.tables()).isEmpty();
      Failures.assertFails(
          io.mlinfra.core.ErrorCode.CONFLICT,
          () -> Warehouse.open(parent.resolve("y.db"), options));
    }
    assertThat(temporary).isEmptyDirectory();
    assertThat(file).exists();
  }

  @Test
  void goesAwayAfterItsProcessWasKilledAndNotBefore() throws Exception {
    Process owner = ChildJvm.start(true, Hold.class, parent.toString());
    assertThat(owner.inputReader().readLine()).isEqualTo("open");
    Path theirs = folders().get(0);
    assertThat(theirs.resolve("files")).isNotEmptyDirectory();
    Instant later = Instant.now().plusSeconds(3600);
    WorkFolder.clean(parent, later);
    assertThat(theirs).exists();
    owner.destroyForcibly().waitFor();
    WorkFolder.clean(parent, Instant.now().minusSeconds(3600));
    assertThat(theirs).as("one just made may not have its lock yet").exists();
    try (WorkFolder own = new WorkFolder(Optional.of(parent))) {
      own.newPath("x");
      WorkFolder.clean(parent, later);
      assertThat(theirs).doesNotExist();
      assertThat(own.path()).exists();
    }
  }

  @Test
  void leavesAloneWhatItDidNotMake() throws IOException {
    for (String name :
        List.of("mlinfra-data", "mlinfra-1-x", "other", "mlinfra-1-" + UUID.randomUUID())) {
      Files.createDirectory(parent.resolve(name));
      if (!name.endsWith("x")) {
        continue;
      }
      Files.createFile(parent.resolve(name).resolve("owner.lock"));
    }
    WorkFolder.clean(parent, Instant.now().plusSeconds(3600));
    assertThat(folders()).hasSize(4);
  }

  /** Has a folder until it is killed. */
  static final class Hold {
    private Hold() {}

    public static void main(String[] arguments) throws IOException {
      try (Warehouse warehouse =
          Warehouse.inMemory(
              WarehouseOptions.builder().temporaryFolder(Path.of(arguments[0])).build())) {
        Files.writeString(warehouse.database().work().newPath("x"), "x");
        System.out.println("open");
        while (System.in.read() >= 0) {
          // Waits.
        }
      }
    }
  }
}
