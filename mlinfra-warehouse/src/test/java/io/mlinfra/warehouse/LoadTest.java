package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadTest {
  @TempDir Path folder;

  private final BufferAllocator allocator = new RootAllocator();
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  private Path parquet(String name, int rows) {
    Path file = folder.resolve(name);
    warehouse.execute(
        "COPY (SELECT i::INTEGER AS i, 'r' || i AS s FROM range("
            + rows
            + ") t(i)) TO "
            + Sql.literal(file.toString())
            + " (FORMAT parquet)");
    return file;
  }

  @Test
  void createsAndReplacesATable() throws IOException {
    LoadResult first = warehouse.load("t", Source.parquet(parquet("a.parquet", 1_000)));
    assertThat(first.table()).isEqualTo("t");
    assertThat(first.rows()).isEqualTo(1_000);
    assertThat(first.elapsed()).isPositive();
    assertThat(warehouse.rows("t")).isEqualTo(1_000);
    Path csv = Files.writeString(folder.resolve("b.csv"), "x;y\n1;a\n2;\n");
    assertThat(warehouse.load("T", Source.csv(csv)).rows()).isEqualTo(2);
    assertThat(warehouse.tables()).hasSize(1);
    assertThat(WarehouseTest.values(warehouse, "SELECT * FROM t"))
        .containsExactly(1L, "a", 2L, null);
  }

  @Test
  void aStreamMayHaveAnAllocatorOfItsOwn() throws IOException {
    try (Warehouse other = Warehouse.inMemory();
        ArrowReader reader =
            other.query(
                "SELECT i, 'x' || i AS s, [i, NULL] AS l, 'b'::ENUM('a', 'b') AS e"
                    + " FROM range(50000) t(i)")) {
      assertThat(warehouse.load("t", Source.arrow(reader)).rows()).isEqualTo(50_000);
    }
    assertThat(
            WarehouseTest.values(
                warehouse, "SELECT count(*) FROM t WHERE s = 'x' || i AND l[1] = i AND e = 'b'"))
        .containsExactly(50_000L);
  }

  @Test
  void tellsTheRate() {
    LoadResult result = result(686_938, 686_938, 0, false, Duration.ofMillis(50));
    assertThat(result.rowsPerSecond()).isEqualTo(13_738_760);
    assertThat(result).hasToString("flights: 686,938 rows in 0.05 s (13,738,760 rows/s)");
    assertThat(result(0, 0, 0, false, Duration.ZERO).rowsPerSecond()).isZero();
  }

  @Test
  void tellsWhatBecameOfTheRows() {
    Duration elapsed = Duration.ofMillis(10);
    assertThat(result(1_020, 20, 0, false, elapsed))
        .hasToString("flights: 20 rows (1,020 in all) in 0.01 s (2,000 rows/s)");
    assertThat(result(1_017, 20, 3, false, elapsed))
        .hasToString(
            "flights: 20 rows, 17 new and 3 replaced (1,017 in all) in 0.01 s (2,000 rows/s)");
    assertThat(result(1_017, 0, 0, true, elapsed))
        .hasToString("flights: nothing to do, the load was done before (1,017 rows)");
  }

  private static LoadResult result(
      long rows, long loaded, long updated, boolean repeated, Duration elapsed) {
    return new LoadResult(
        "flights", rows, loaded, loaded - updated, updated, List.of(), repeated, elapsed);
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("no such.parquet");
    assertFails(ErrorCode.FILE_MISSING, () -> warehouse.load("t", Source.parquet(file)))
        .hasMessageContaining(file.toString());
    assertFails(ErrorCode.FILE_MISSING, () -> warehouse.load("t", Source.csv(file)))
        .hasMessageContaining(file.toString());
    assertThat(warehouse.tables()).isEmpty();
  }

  @Test
  void whatIsNotReadableIsNamedAndLeavesTheOldTable() throws IOException {
    warehouse.execute("CREATE TABLE t AS SELECT 42 AS i");
    Path text = Files.writeString(folder.resolve("text.parquet"), "no parquet at all, is it?");
    Path empty = Files.createFile(folder.resolve("empty.parquet"));
    byte[] whole = Files.readAllBytes(parquet("whole.parquet", 300_000));
    Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(whole, 5_000));
    byte[] hole = whole.clone();
    Arrays.fill(hole, 1_000, hole.length / 2, (byte) 7);
    Path torn = Files.write(folder.resolve("torn.parquet"), hole);
    parquet("folder-content.parquet", 3);
    for (Path file : List.of(text, empty, cut, torn, folder)) {
      assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.parquet(file)))
          .hasMessageContaining(file.toString());
      assertThat(WarehouseTest.values(warehouse, "SELECT i FROM t")).containsExactly(42);
    }
    Path binary = Files.write(folder.resolve("binary.csv"), whole);
    assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.csv(binary)))
        .hasMessageContaining(binary.toString());
    assertThat(WarehouseTest.values(warehouse, "SELECT i FROM t")).containsExactly(42);
  }

  @Test
  void charactersOfAPathStandForThemselves() {
    parquet("aXb.parquet", 5);
    parquet("a1.parquet", 5);
    parquet("aYb.parquet", 5);
    for (String name :
        List.of("a*b.parquet", "a?b.parquet", "a[1].parquet", "it's.parquet", "a b\"ü$.parquet")) {
      assertThat(warehouse.load("t", Source.parquet(parquet(name, 2))).rows())
          .as("%s", name)
          .isEqualTo(2);
    }
  }

  @Test
  void lateValuesOfAnotherTypeMakeACsvColumnText() throws IOException {
    StringBuilder text = new StringBuilder("id,code\n");
    for (int i = 0; i < 100_000; i++) {
      text.append(i).append(',').append(i).append('\n');
    }
    Path csv = Files.writeString(folder.resolve("codes.csv"), text.append("100000,A7\n"));
    assertThat(warehouse.load("t", Source.csv(csv)).rows()).isEqualTo(100_001);
    assertThat(warehouse.schema("t").findField("code").getType()).isEqualTo(new ArrowType.Utf8());
    assertThat(warehouse.schema("t").findField("id").getType())
        .isEqualTo(new ArrowType.Int(64, true));
  }

  @Test
  void aTableNameIsQuoted() {
    Path file = parquet("a.parquet", 3);
    warehouse.execute("CREATE TABLE victim(i INTEGER)");
    for (String name :
        List.of(
            "t\"; DROP TABLE victim; --",
            "victim\" AS SELECT 1; --",
            "SELECT",
            "a.b",
            "\"",
            "'; --",
            "é 表")) {
      assertThat(warehouse.load(name, Source.parquet(file)).rows()).isEqualTo(3);
      assertThat(warehouse.rows(name)).isEqualTo(3);
      assertThat(warehouse.schema(name).getFields()).hasSize(2);
      assertThat(warehouse.tables()).contains(name, "victim");
    }
    assertThat(warehouse.rows("victim")).isZero();
    for (String name : List.of("", " ", "a\0b", "a\nb", "x".repeat(256))) {
      assertThatThrownBy(() -> warehouse.load(name, Source.parquet(file)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("table");
    }
  }

  @Test
  void aViewIsNotReplaced() {
    warehouse.execute("CREATE VIEW v AS SELECT 1 AS i");
    assertFails(
            ErrorCode.QUERY_FAILED,
            () -> warehouse.load("v", Source.parquet(parquet("a.parquet", 3))))
        .hasMessageContaining("View");
  }

  @Test
  void borrowsAnArrowStream() throws IOException {
    try (ArrowReader reader = new Ints(allocator, 10, 0, 2_000)) {
      assertThat(warehouse.load("t", Source.arrow(reader)).rows()).isEqualTo(20_000);
      assertThat(reader.getVectorSchemaRoot().getSchema().getFields()).hasSize(1);
      assertThat(warehouse.load("t", Source.arrow(reader)).rows()).isZero();
    }
    try (ArrowReader reader = new Ints(allocator, 0, 0, 2_000)) {
      assertThat(warehouse.load("t", Source.arrow(reader)).rows()).isZero();
      assertThat(warehouse.schema("t").getFields()).hasSize(1);
    }
  }

  @Test
  void borrowsAStreamFromAnotherAllocator() throws IOException {
    try (BufferAllocator other = new RootAllocator();
        ArrowReader reader = new Ints(other, 10, 0, 2_000)) {
      assertThat(warehouse.load("t", Source.arrow(reader)).rows()).isEqualTo(20_000);
      assertThat(warehouse.load("t", Source.arrow(reader), Load.append()).rows()).isEqualTo(20_000);
    }
    try (BufferAllocator other = new RootAllocator(100);
        ArrowReader reader = new Ints(other, 10, 0, 2_000)) {
      assertThatThrownBy(() -> warehouse.load("t", Source.arrow(reader)))
          .isInstanceOf(RuntimeException.class);
    }
    assertThat(warehouse.rows("t")).isEqualTo(20_000);
  }

  @Test
  void loadsFromAStreamOfItself() throws IOException {
    warehouse.execute("CREATE TABLE t AS SELECT i FROM range(100000) t(i)");
    try (ArrowReader reader = warehouse.query("SELECT i * 2 AS i FROM t")) {
      assertThat(warehouse.load("t", Source.arrow(reader)).rows()).isEqualTo(100_000);
    }
    assertThat(WarehouseTest.values(warehouse, "SELECT max(i) FROM t")).containsExactly(199_998L);
  }

  @Test
  void aStreamThatBreaksLeavesTheOldTable() throws IOException {
    warehouse.execute("CREATE TABLE t AS SELECT 42 AS i");
    try (ArrowReader reader = new Ints(allocator, 10, 5, 2_000)) {
      assertFails(ErrorCode.IO_FAILED, () -> warehouse.load("t", Source.arrow(reader)))
          .hasMessageContaining("'t'")
          .hasMessageContaining("torn")
          .hasCauseInstanceOf(IOException.class);
    }
    assertThat(WarehouseTest.values(warehouse, "SELECT i FROM t")).containsExactly(42);
    try (ArrowReader reader = new Ints(allocator, 10, 0, 2_000)) {
      warehouse.execute("CREATE VIEW v AS SELECT 1 AS i");
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.load("v", Source.arrow(reader)));
    }
    assertThat(allocator.getAllocatedMemory()).isZero();
  }

  @Test
  void aClosedStreamIsReported() throws IOException {
    ArrowReader closed = warehouse.query("SELECT 1");
    closed.close();
    assertThatThrownBy(() -> warehouse.load("t", Source.arrow(closed)))
        .hasMessageContaining("closed");
    assertThat(warehouse.tables()).isEmpty();
  }

  @Test
  void tellsItsProgress() throws IOException {
    Steps parquet = new Steps();
    warehouse.load(
        "t", Source.parquet(parquet("a.parquet", 100_000)), Load.replace().progress(parquet));
    assertThat(parquet.started).containsExactly("loading t, 100000 rows");
    assertThat(parquet.done).hasValue(100_000);
    assertThat(parquet.closed).hasValue(1);

    Steps csv = new Steps();
    Path file = Files.writeString(folder.resolve("b.csv"), "x,y\n1,2\n3,4\n");
    warehouse.load("t", Source.csv(file), Load.replace().progress(csv));
    assertThat(csv.started).containsExactly("loading t, 12 bytes");
    assertThat(csv.done).hasValue(12);

    Steps arrow = new Steps();
    try (ArrowReader reader = new Ints(allocator, 10, 0, 2_000)) {
      warehouse.load("t", Source.arrow(reader), Load.replace().progress(arrow));
    }
    assertThat(arrow.started).containsExactly("loading t, -1 rows");
    assertThat(arrow.done).hasValue(20_000);
    assertThat(arrow.closed).hasValue(1);

    Steps failed = new Steps();
    Path broken = Files.writeString(folder.resolve("x.parquet"), "nothing");
    assertFails(
        ErrorCode.FILE_UNREADABLE,
        () -> warehouse.load("t", Source.parquet(broken), Load.replace().progress(failed)));
    assertThat(failed.closed.get()).isEqualTo(failed.started.size());
  }

  @Test
  void tellsStepsOfALongLoad() {
    Path file = parquet("long.parquet", 5_000_000);
    Steps steps = new Steps();
    warehouse.load("t", Source.parquet(file), Load.replace().progress(steps));
    assertThat(steps.done).hasValue(5_000_000);
    assertThat(steps.calls.get()).isGreaterThan(1);
  }

  /** Batches of integers; breaks before one of them. */
  private static final class Ints extends ArrowReader {
    private final int batches;
    private final int breaksAt;
    private final int rows;
    private int batch;

    Ints(BufferAllocator allocator, int batches, int breaksAt, int rows) {
      super(allocator);
      this.batches = batches;
      this.breaksAt = breaksAt;
      this.rows = rows;
    }

    @Override
    public boolean loadNextBatch() throws IOException {
      prepareLoadNextBatch();
      if (batch == batches) {
        return false;
      }
      if (++batch == breaksAt) {
        throw new IOException("torn");
      }
      IntVector vector = (IntVector) getVectorSchemaRoot().getVector(0);
      vector.allocateNew(rows);
      for (int row = 0; row < rows; row++) {
        vector.set(row, row);
      }
      getVectorSchemaRoot().setRowCount(rows);
      return true;
    }

    @Override
    public long bytesRead() {
      return 0;
    }

    @Override
    protected void closeReadSource() {}

    @Override
    protected Schema readSchema() {
      return new Schema(List.of(Field.nullable("i", new ArrowType.Int(32, true))));
    }
  }
}
