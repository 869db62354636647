package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WarehouseTest {
  @TempDir Path folder;

  @Test
  void keepsWhatItWasGiven() {
    Path file = folder.resolve("flights.db");
    try (Warehouse warehouse = Warehouse.open(file)) {
      assertThat(warehouse.execute("CREATE TABLE t(i INTEGER, s VARCHAR)")).isZero();
      assertThat(warehouse.execute("INSERT INTO t VALUES (?, ?), (?, ?)", 1, "a", 2, null))
          .isEqualTo(2);
      assertThat(warehouse.execute("UPDATE t SET i = i + 1")).isEqualTo(2);
    }
    try (Warehouse warehouse = Warehouse.open(file)) {
      assertThat(warehouse.rows("t")).isEqualTo(2);
      assertThat(values(warehouse, "SELECT i, s FROM t ORDER BY i"))
          .containsExactly(2, "a", 3, null);
      assertThat(warehouse.execute("DELETE FROM t WHERE i = ?", 3)).isEqualTo(1);
      assertThat(warehouse.execute("SELECT * FROM t")).isEqualTo(1);
      assertThat(warehouse.toString()).isEqualTo("Warehouse 'flights.db'");
    }
  }

  @Test
  void runsWhatAStatementDoesBesideGivingRows() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse.execute("CREATE TABLE t(i INTEGER)");
      assertThat(warehouse.execute("INSERT INTO t SELECT * FROM range(100000) RETURNING i"))
          .isEqualTo(100_000);
      assertThat(warehouse.rows("t")).isEqualTo(100_000);
    }
  }

  @Test
  void listsTablesAndViewsAndTheirColumns() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      assertThat(warehouse.tables()).isEmpty();
      warehouse.execute("CREATE TABLE b(i INTEGER, d DECIMAL(9,2), t TIMESTAMP)");
      warehouse.execute("CREATE VIEW a AS SELECT i * 2 AS j FROM b");
      warehouse.execute("CREATE TEMP TABLE gone(i INTEGER)");
      assertThat(warehouse.tables()).containsExactly("a", "b");
      assertThat(warehouse.schema("b").getFields())
          .extracting(Field::toString)
          .containsExactly(
              "i: Int(32, true)", "d: Decimal(9, 2, 128)", "t: Timestamp(MICROSECOND, null)");
      assertThat(warehouse.schema("A").getFields()).extracting(Field::getName).containsExactly("j");
      assertThat(warehouse.rows("B")).isZero();
    }
  }

  @Test
  void namesTheTablesThatThereAreWhenOneIsMissing() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.rows("t")).hasMessageContaining("none");
      warehouse.execute("CREATE TABLE flights(i INTEGER)");
      warehouse.execute("CREATE TABLE labels(i INTEGER)");
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.rows("flihgts"))
          .hasMessageContaining("'flihgts'")
          .hasMessageContaining("flights, labels");
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.schema("nope"));
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.query("SELECT * FROM nope"))
          .hasMessageContaining("nope")
          .hasMessageContaining("flights, labels");
    }
  }

  @Test
  void aTableNameIsNeverTakenForAFile() throws IOException {
    Path csv = folder.resolve("secret.csv");
    Files.writeString(csv, "a\n1\n");
    try (Warehouse warehouse = Warehouse.inMemory()) {
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.rows(csv.toString()));
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.schema(csv.toString()));
    }
  }

  @Test
  void reportsDuckDbsMessageForBadSql() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.query("SELEC 1"))
          .hasMessageContaining("syntax error")
          .hasMessageContaining("SELEC");
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT nope(1)"))
          .hasMessageContaining("nope");
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.query("CREATE TABLE t(i INTEGER)"))
          .hasMessageContaining("execute");
      assertThat(warehouse.tables()).isEmpty();
    }
  }

  @Test
  void anErrorInTheMiddleOfAStreamIsReported() throws IOException {
    try (Warehouse warehouse = Warehouse.inMemory();
        ArrowReader reader =
            warehouse.query(
                "SELECT CASE WHEN i = 900000 THEN error('no such luck') ELSE i END"
                    + " FROM range(1000000) t(i)")) {
      assertFails(
              ErrorCode.QUERY_FAILED,
              () -> {
                while (reader.loadNextBatch()) {
                  assertThat(reader.getVectorSchemaRoot().getRowCount()).isPositive();
                }
              })
          .hasMessageContaining("no such luck");
    }
  }

  @Test
  void takesExactlyTheParametersOfTheStatement() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      assertThatThrownBy(() -> warehouse.query("SELECT ?::INTEGER", 1, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("parameters (2) must be as many as the statement takes: 1");
      assertThatThrownBy(() -> warehouse.execute("SELECT ?::INTEGER, ?::INTEGER", 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void givesBatchesOfTheSizeAskedFor() throws IOException {
    WarehouseOptions options = WarehouseOptions.builder().batchRows(5_000).build();
    try (Warehouse warehouse = Warehouse.inMemory(options);
        ArrowReader reader = warehouse.query("SELECT i FROM range(12000) t(i)")) {
      List<Integer> sizes = new ArrayList<>();
      while (reader.loadNextBatch()) {
        sizes.add(reader.getVectorSchemaRoot().getRowCount());
      }
      assertThat(sizes.stream().mapToInt(i -> i).sum()).isEqualTo(12_000);
      assertThat(sizes).allMatch(size -> size <= 5_000);
    }
  }

  @Test
  void worksInTheHostsAllocatorAndLeavesNothingThere() throws IOException {
    try (BufferAllocator allocator = new RootAllocator()) {
      try (Warehouse warehouse =
          Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build())) {
        assertThat(warehouse.allocator()).isSameAs(allocator);
        try (ArrowReader reader = warehouse.query("SELECT i FROM range(1000) t(i)")) {
          reader.loadNextBatch();
          assertThat(allocator.getAllocatedMemory()).isPositive();
        }
        assertThat(allocator.getAllocatedMemory()).isZero();
      }
    }
  }

  @Test
  void aLimitOfTheHostDoesNotBreakAStream() throws IOException {
    try (BufferAllocator allocator = new RootAllocator(1_000);
        BufferAllocator child = allocator.newChildAllocator("host", 0, Long.MAX_VALUE);
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(child).build());
        ArrowReader reader = warehouse.query("SELECT i FROM range(100000) t(i)")) {
      long rows = 0;
      while (reader.loadNextBatch()) {
        rows += reader.getVectorSchemaRoot().getRowCount();
      }
      assertThat(rows).isEqualTo(100_000);
      assertThatThrownBy(() -> warehouse.floats(child, "SELECT i FROM range(100000) t(i)"))
          .isInstanceOf(org.apache.arrow.memory.OutOfMemoryException.class);
    }
  }

  @Test
  void spillsWhereItIsTold() {
    Path spill = folder.resolve("spill");
    WarehouseOptions options =
        WarehouseOptions.builder()
            .memoryLimitBytes(60_000_000)
            .temporaryFolder(spill)
            .threads(2)
            .build();
    try (Warehouse warehouse = Warehouse.inMemory(options)) {
      warehouse.execute(
          "CREATE TABLE t AS SELECT hash(i) AS h FROM range(10000000) t(i) ORDER BY h");
      assertThat(spill).isDirectory();
      assertThat(warehouse.rows("t")).isEqualTo(10_000_000);
    }
  }

  @Test
  void refusesOptionsThatMakeNoSense() {
    assertThatThrownBy(() -> WarehouseOptions.builder().threads(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("threads (0) must be > 0");
    assertThatThrownBy(() -> WarehouseOptions.builder().batchRows(-1))
        .hasMessage("batchRows (-1) must be > 0");
    assertThatThrownBy(() -> WarehouseOptions.builder().memoryLimitBytes(0))
        .hasMessage("memoryLimitBytes (0) must be >= 1048576");
    assertThatThrownBy(() -> Warehouse.inMemory(WarehouseOptions.builder().readOnly(true).build()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void extensionsAreNotLoadedUnasked() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      assertThat(
              values(
                  warehouse,
                  "SELECT value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'"))
          .containsExactly("false", "false");
    }
  }

  @Test
  void afterClosingEveryCallSaysSo() {
    Warehouse warehouse = Warehouse.inMemory();
    warehouse.close();
    warehouse.close();
    List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> calls =
        List.of(
            () -> warehouse.execute("SELECT 1"),
            () -> warehouse.query("SELECT 1"),
            () -> warehouse.load("t", Source.csv(folder.resolve("x.csv"))),
            () -> warehouse.rows("t"),
            () -> warehouse.schema("t"),
            warehouse::tables,
            warehouse::allocator);
    for (var call : calls) {
      assertThatThrownBy(call)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("in-memory Warehouse is closed");
    }
  }

  /** DuckDB's. */
  static String version() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      return warehouse.sql("SELECT version()").value(String.class);
    }
  }

  static List<Object> values(Warehouse warehouse, String sql, Object... parameters) {
    List<Object> values = new ArrayList<>();
    try (ArrowReader reader = warehouse.query(sql, parameters)) {
      VectorSchemaRoot batch = reader.getVectorSchemaRoot();
      while (reader.loadNextBatch()) {
        for (int row = 0; row < batch.getRowCount(); row++) {
          for (int column = 0; column < batch.getFieldVectors().size(); column++) {
            Object value = batch.getVector(column).getObject(row);
            values.add(value instanceof org.apache.arrow.vector.util.Text t ? t.toString() : value);
          }
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return values;
  }
}
