package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AsOfTest {
  @TempDir Path folder;
  private Warehouse warehouse;
  private Registry registry;
  private Snapshots snapshots;

  @BeforeEach
  void open() {
    warehouse =
        Warehouse.inMemory(
            WarehouseOptions.builder().temporaryFolder(folder.resolve("temporary")).build());
    registry = Registry.open(folder.resolve("registry"));
    snapshots = new Snapshots(warehouse, registry, new PartSizes(50, 100, 400), false);
    warehouse.execute("CREATE TABLE t AS SELECT i, i % 10 AS k FROM range(5000) t(i)");
  }

  @AfterEach
  void close() {
    registry.close();
    warehouse.close();
  }

  private List<Long> numbers(Query query) throws IOException {
    List<Long> numbers = new ArrayList<>();
    try (ArrowReader rows = query.stream()) {
      while (rows.loadNextBatch()) {
        BigIntVector vector = (BigIntVector) rows.getVectorSchemaRoot().getVector(0);
        for (int i = 0; i < vector.getValueCount(); i++) {
          numbers.add(vector.get(i));
        }
      }
    }
    return numbers;
  }

  @Test
  void theStatementSeesThePastAndNothingElseDoes() throws IOException {
    Snapshot first = snapshots.takeTable("t", "t");
    warehouse.execute("DELETE FROM t WHERE k > 0");
    Snapshot second = snapshots.takeTable("t", "t");
    warehouse.execute("DROP TABLE t");
    warehouse.execute("CREATE TABLE t AS SELECT 'now' AS s");
    warehouse.execute("CREATE VIEW v AS SELECT count(*) AS n FROM t");
    assertThat(numbers(warehouse.sql("SELECT count(*) FROM t").asOf("t", first)))
        .containsExactly(5000L);
    assertThat(numbers(warehouse.sql("SELECT count(*) FROM main.T").asOf("t", second)))
        .containsExactly(500L);
    assertThat(numbers(warehouse.sql("SELECT n FROM v").asOf("t", second))).containsExactly(500L);
    assertThat(numbers(warehouse.sql("SELECT count(*) FROM t").asOf("gone", first)))
        .containsExactly(1L);
    assertThat(
            numbers(
                warehouse
                    .sql("SELECT count(*) FROM was JOIN later USING (i), t WHERE was.k = ?")
                    .asOf("was", first)
                    .asOf("later", second)
                    .bind(0)))
        .containsExactly(500L);
    assertThat(warehouse.tables()).containsExactly("t", "v");
  }

  @Test
  void rowsComeInTheirOrder() throws IOException {
    Snapshot shuffled = snapshots.take("s", "SELECT i FROM t ORDER BY hash(i)");
    List<Long> order = numbers(warehouse.sql("SELECT i FROM t ORDER BY hash(i)"));
    assertThat(shuffled.parts()).isGreaterThan(10);
    assertThat(numbers(warehouse.sql("SELECT i FROM s").asOf("s", shuffled))).isEqualTo(order);
    try (Warehouse elsewhere = Warehouse.inMemory()) {
      assertThat(numbers(elsewhere.sql("SELECT i FROM s").asOf("s", shuffled))).isEqualTo(order);
    }
  }

  @Test
  void aBitThatFlippedIsFoundBeforeAnyRowIsSeen() throws IOException {
    Snapshot first = snapshots.takeTable("t", "t");
    String part = first.manifest().parts().get(first.parts() - 1).attachment();
    Path blob =
        folder
            .resolve("registry/blobs")
            .resolve(part.substring(0, 2))
            .resolve(part.substring(0, 64));
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length / 2] ^= 4;
    Files.write(blob, bytes);
    assertFails(ErrorCode.CONTENT_ALTERED, () -> warehouse.sql("FROM t").asOf("t", first).stream())
        .hasMessageContaining(part)
        .hasMessageContaining("dataset t:1");
    warehouse.execute("CREATE TABLE kept AS SELECT 1 AS one");
    assertFails(ErrorCode.CONTENT_ALTERED, () -> snapshots.restore(first, "kept", Load.replace()))
        .hasMessageContaining(part);
    assertThat(warehouse.rows("kept")).isEqualTo(1);
    Files.delete(blob);
    assertFails(ErrorCode.CONTENT_ALTERED, () -> warehouse.sql("FROM t").asOf("t", first).execute())
        .hasMessageContaining("missing");
  }

  @Test
  void filesAreReadOnceAndAgainWhenTheyAreGone() throws IOException {
    Snapshot first = snapshots.takeTable("t", "t");
    Query query = warehouse.sql("SELECT count(*) FROM t").asOf("t", first);
    assertThat(numbers(query)).containsExactly(5000L);
    assertThat(numbers(query)).containsExactly(5000L);
    List<Path> cached;
    try (Stream<Path> files = Files.walk(folder.resolve("temporary"))) {
      cached = files.filter(file -> file.toString().endsWith(".parquet")).toList();
    }
    assertThat(cached).hasSameSizeAs(first.version().attachments().keySet());
    Files.delete(cached.get(0));
    assertThat(numbers(query)).containsExactly(5000L);
    WorkFolder.delete(folder.resolve("temporary"));
    assertThat(numbers(query)).containsExactly(5000L);
    WorkFolder.delete(folder.resolve("temporary"));
    assertThat(snapshots.strict().take("again", "FROM t").rows()).isEqualTo(5000);
  }

  @Test
  void aWarehouseOpenedForReadingTakesAndReadsThem() throws IOException {
    Path file = folder.resolve("w.db");
    try (Warehouse writer = Warehouse.open(file)) {
      writer.execute("CREATE TABLE t AS SELECT i FROM range(100) t(i)");
    }
    try (Warehouse reader =
        Warehouse.open(file, WarehouseOptions.builder().readOnly(true).build())) {
      Snapshot snapshot = reader.snapshots(registry).takeTable("read", "t");
      assertThat(numbers(reader.sql("SELECT count(*) FROM past").asOf("past", snapshot)))
          .containsExactly(100L);
      assertThatThrownBy(() -> reader.snapshots(registry).restore(snapshot, "back"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("reading only");
    }
  }

  @Test
  void manyThreadsTakeAndReadThemAtOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Long>> counts = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int rows = 500 + 100 * (i % 4);
        counts.add(
            threads.submit(
                () -> {
                  Snapshot taken = snapshots.take("m", "SELECT i FROM t LIMIT " + rows);
                  return warehouse.sql("FROM m").asOf("m", taken).execute() - rows;
                }));
      }
      for (Future<Long> count : counts) {
        assertThat(count.get()).isZero();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(snapshots.list("m")).hasSize(4);
    assertThat(registry.verify().isClean()).isTrue();
  }

  @Test
  void refusesWhatCannotBe() {
    Snapshot first = snapshots.takeTable("t", "t");
    assertThatThrownBy(() -> warehouse.sql("FROM t").asOf(" ", first))
        .isInstanceOf(IllegalArgumentException.class);
    assertFails(
        ErrorCode.QUERY_FAILED,
        () -> warehouse.sql("INSERT INTO t VALUES (1, 2)").asOf("t", first).execute());
    assertThat(warehouse.rows("t")).isEqualTo(5000);
    Snapshot gone = snapshots.take("gone", "SELECT 1 AS one");
    registry.delete(gone.version(), "no longer needed");
    assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.sql("FROM t").asOf("t", gone).execute())
        .hasMessageContaining("no longer needed");
    registry.close();
    assertThatThrownBy(() -> warehouse.sql("FROM t").asOf("t", gone).execute())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Registry");
  }
}
