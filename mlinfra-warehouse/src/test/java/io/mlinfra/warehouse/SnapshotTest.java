package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
  private static final String ROWS =
      "SELECT i, i % 7 AS k, CASE WHEN i % 5 > 0 THEN 'r' || hash(i) % 1000 END AS s,"
          + " TIMESTAMP '2001-01-01' + INTERVAL (i) MINUTE AS ts, (i * 1.1)::DECIMAL(9,2) AS d"
          + " FROM range(300000) t(i)";

  @TempDir Path folder;

  @AfterEach
  void noTemporaryFileIsLeft() throws IOException {
    Path temporary = folder.resolve("temporary");
    if (Files.exists(temporary)) {
      try (Stream<Path> files = Files.list(temporary)) {
        assertThat(files).isEmpty();
      }
    }
  }

  private Warehouse warehouse(int threads) {
    return Warehouse.inMemory(
        WarehouseOptions.builder()
            .threads(threads)
            .temporaryFolder(folder.resolve("temporary"))
            .build());
  }

  @Test
  void keepsRowsAndTellsWhatTheyAre() throws IOException {
    try (Warehouse warehouse = warehouse(2);
        Registry registry = Registry.open(folder.resolve("registry"))) {
      warehouse.execute("CREATE TABLE Flights AS " + ROWS);
      Version version = warehouse.snapshot("Flights", registry, "flights");
      assertThat(version.id().kind()).isEqualTo(Kind.DATASET);
      assertThat(version.id().name()).isEqualTo("flights");
      assertThat(version.madeFrom()).isEmpty();
      assertThat(version.properties())
          .containsEntry("table", "Flights")
          .containsEntry("rows", "300000")
          .containsEntry("columns", "i BIGINT, k BIGINT, s VARCHAR, ts TIMESTAMP, d DECIMAL(9,2)");
      Path file = Files.write(folder.resolve("back.parquet"), registry.content(version));
      warehouse.load("back", Source.parquet(file));
      assertThat(
              warehouse.execute(
                  "SELECT * FROM Flights POSITIONAL JOIN back AS b(j, l, t, us, e)"
                      + " WHERE (i, k, s, ts, d) IS DISTINCT FROM (j, l, t, us, e)"))
          .isZero();
    }
  }

  @Test
  void equalContentIsOneVersionHoweverItCameThere() throws IOException {
    try (Registry registry = Registry.open(folder.resolve("registry"))) {
      Version first;
      try (Warehouse warehouse = warehouse(1)) {
        warehouse.execute("CREATE TABLE t AS " + ROWS);
        first = warehouse.snapshot("t", registry, "data");
        assertThat(warehouse.snapshot("t", registry, "data")).isEqualTo(first);
      }
      WarehouseOptions options =
          WarehouseOptions.builder()
              .threads(3)
              .batchRows(777)
              .temporaryFolder(folder.resolve("temporary"))
              .build();
      try (Warehouse warehouse = Warehouse.open(folder.resolve("w.db"), options)) {
        try (ArrowReader rows = warehouse.query(ROWS)) {
          warehouse.load("piecewise", Source.arrow(rows));
        }
        warehouse.execute("INSERT INTO piecewise SELECT * FROM piecewise LIMIT 1000");
        warehouse.execute("DELETE FROM piecewise WHERE rowid >= 300000");
        assertThat(warehouse.snapshot("piecewise", registry, "data")).isEqualTo(first);
        warehouse.execute("UPDATE piecewise SET k = 8 WHERE i = 123456");
        Version other = warehouse.snapshot("piecewise", registry, "data");
        assertThat(other.id().number()).isEqualTo(2);
        assertThat(other.id().hash()).isNotEqualTo(first.id().hash());
      }
    }
  }

  @Test
  void refusesWhatCannotBeKept() {
    try (Warehouse warehouse = warehouse(1)) {
      Registry registry = Registry.open(folder.resolve("registry"));
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.snapshot("nope", registry, "data"));
      warehouse.execute("CREATE TABLE t AS SELECT 1 AS i");
      assertThatThrownBy(() -> warehouse.snapshot("t", registry, "no/name"))
          .isInstanceOf(IllegalArgumentException.class);
      registry.close();
      assertThatThrownBy(() -> warehouse.snapshot("t", registry, "data"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Registry");
    }
  }
}
