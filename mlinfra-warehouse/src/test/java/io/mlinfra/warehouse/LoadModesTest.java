package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static io.mlinfra.warehouse.WarehouseTest.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadModesTest {
  @TempDir Path folder;

  private final BufferAllocator allocator = new RootAllocator();
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  private LoadResult load(Load load, String sql) {
    return warehouse.load("t", Source.query(sql), load);
  }

  private List<Object> table() {
    return values(warehouse, "SELECT * FROM t ORDER BY ALL");
  }

  @Test
  void createsOnlyWhatIsNotThere() {
    assertThat(load(Load.create(), "SELECT 1 AS i").inserted()).isOne();
    assertFails(ErrorCode.QUERY_FAILED, () -> load(Load.create(), "SELECT 2 AS i"))
        .hasMessageContaining("'t'");
    assertFails(
            ErrorCode.QUERY_FAILED,
            () -> warehouse.load("T", Source.query("SELECT 2"), Load.create()))
        .hasMessageContaining("'t'");
    assertThat(table()).containsExactly(1);
  }

  @Test
  void appendsByName() {
    assertThat(load(Load.append(), "SELECT 1 AS i, 'a' AS s").rows()).isOne();
    LoadResult result = load(Load.append(), "SELECT 'b' AS S, 2 AS I");
    assertThat(result.rows()).isEqualTo(2);
    assertThat(result.loaded()).isOne();
    assertThat(result.inserted()).isOne();
    assertThat(result.updated()).isZero();
    assertThat(table()).containsExactly(1, "a", 2, "b");
  }

  @Test
  void anUpsertReplacesEqualKeysAndAddsNewOnes() {
    load(Load.upsert("id"), "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL)) t(id, s)");
    LoadResult result =
        load(Load.upsert("ID"), "SELECT * FROM (VALUES ('B', 2), (NULL, 1), ('D', 4)) t(s, id)");
    assertThat(result.loaded()).isEqualTo(3);
    assertThat(result.inserted()).isOne();
    assertThat(result.updated()).isEqualTo(2);
    assertThat(result.rows()).isEqualTo(4);
    assertThat(table()).containsExactly(1, null, 2, "B", 3, null, 4, "D");
  }

  @Test
  void anUpsertTakesSeveralKeysAndAStream() throws IOException {
    load(Load.create(), "SELECT i % 10 AS a, i // 10 AS b, 0 AS v FROM range(100) t(i)");
    try (ArrowReader reader =
        warehouse.query("SELECT i % 10 AS a, i // 10 AS b, 1 AS v FROM range(50, 120) t(i)")) {
      LoadResult result = warehouse.load("t", Source.arrow(reader), Load.upsert("a", "b"));
      assertThat(result.updated()).isEqualTo(50);
      assertThat(result.inserted()).isEqualTo(20);
    }
    assertThat(values(warehouse, "SELECT count(*), sum(v)::BIGINT, count(DISTINCT (a, b)) FROM t"))
        .containsExactly(120L, 70L, 120L);
  }

  @Test
  void anUpsertWorksBesideAPrimaryKeyOfTheTable() {
    warehouse.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER CHECK (v < 10))");
    load(Load.upsert("id"), "SELECT 1 AS id, 1 AS v UNION ALL SELECT 2, 2");
    load(Load.upsert("id"), "SELECT 2 AS id, 3 AS v UNION ALL SELECT 3, 3");
    assertThat(table()).containsExactly(1, 1, 2, 3, 3, 3);
    assertFails(
            ErrorCode.CONSTRAINT_VIOLATED, () -> load(Load.upsert("id"), "SELECT 1 AS id, 50 AS v"))
        .hasMessageContaining("CHECK");
    assertFails(ErrorCode.CONSTRAINT_VIOLATED, () -> load(Load.append(), "SELECT 1 AS id, 1 AS v"))
        .hasMessageContaining("primary key");
    assertThat(table()).containsExactly(1, 1, 2, 3, 3, 3);
  }

  @Test
  void keysThatAreNullOrTwiceThereAreErrors() {
    for (String before :
        List.of("DROP TABLE IF EXISTS t", "CREATE TABLE t AS SELECT 1 AS i, 1 j")) {
      warehouse.execute(before);
      List<String> tables = warehouse.tables();
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> load(Load.upsert("i", "j"), "SELECT 7 AS i, j FROM (VALUES (8), (8)) t(j)"))
          .hasMessageContaining("2 rows")
          .hasMessageContaining("(i, j) = (7, 8)");
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> load(Load.upsert("i"), "SELECT i, 1 AS j FROM (VALUES (1), (NULL)) t(i)"))
          .hasMessageContaining("(i)")
          .hasMessageContaining("null");
      assertThat(warehouse.tables()).isEqualTo(tables);
    }
    assertThat(table()).containsExactly(1, 1);
  }

  @Test
  void takesOnlyWhatGoesBeyondTheTable() throws IOException {
    load(Load.append().since("w"), "SELECT i AS id, i AS w FROM range(5) t(i)");
    LoadResult appended =
        load(Load.append().since("W"), "SELECT i + 100 AS id, i AS w FROM range(3, 8) t(i)");
    assertThat(appended.loaded()).isEqualTo(3);
    assertThat(values(warehouse, "SELECT list(w ORDER BY w)::VARCHAR FROM t"))
        .containsExactly("[0, 1, 2, 3, 4, 5, 6, 7]");
    LoadResult upserted =
        load(Load.upsert("id").since("w"), "SELECT i + 100 AS id, i AS w FROM range(9) t(i)");
    assertThat(upserted.loaded()).isEqualTo(2);
    assertThat(upserted.updated()).isOne();
    warehouse.execute("DELETE FROM t");
    assertThat(load(Load.append().since("w"), "SELECT 1::BIGINT AS id, -5::BIGINT AS w").loaded())
        .isOne();
    try (ArrowReader reader = warehouse.query("SELECT i AS id, i - 8 AS w FROM range(10) t(i)")) {
      assertThat(warehouse.load("t", Source.arrow(reader), Load.append().since("w")).loaded())
          .isEqualTo(6);
    }
  }

  @Test
  void aWatermarkIsANumberADateATimeStampOrAText() {
    List<String> steps =
        List.of(
            "i::UTINYINT",
            "i::BIGINT",
            "i::HUGEINT * 1000000000000000000000",
            "i::UBIGINT",
            "(i / 10)::DECIMAL(9,1)",
            "i::FLOAT / 3",
            "i::DOUBLE / 3",
            "DATE '2026-01-01' + i::INTEGER",
            "TIMESTAMP '2026-01-01 00:00:00.123456' + to_microseconds(i)",
            "make_timestamp_ns(1767225600000000000 + i)",
            "(TIMESTAMP '2026-01-01 00:00:00' + to_milliseconds(i))::TIMESTAMP_MS",
            "(TIMESTAMP '2026-01-01 00:00:00' + to_seconds(i))::TIMESTAMP_S",
            "TIMESTAMPTZ '2026-01-01 00:00:00+01' + to_seconds(i)",
            "'2026-' || i");
    for (String step : steps) {
      String sql = "SELECT " + step + " AS w FROM range(%s) t(i)";
      warehouse.execute("DROP TABLE IF EXISTS t");
      load(Load.append().since("w"), sql.formatted(5));
      assertThat(load(Load.append().since("w"), sql.formatted(8)).loaded()).as(step).isEqualTo(3);
      assertThat(values(warehouse, "SELECT count(*), count(DISTINCT w) FROM t"))
          .as(step)
          .containsExactly(8L, 8L);
    }
    for (String type : List.of("BOOLEAN", "INTEGER[]", "BLOB")) {
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () ->
                  warehouse.load(
                      "u",
                      Source.query("SELECT NULL::" + type + " AS w"),
                      Load.append().since("w")))
          .hasMessageContaining(type);
    }
  }

  @Test
  void aRowWithoutAWatermarkIsAnError() throws IOException {
    Path parquet = folder.resolve("nulls.parquet");
    String nulls = "SELECT i AS id, CASE WHEN i <> 77 THEN i END AS w FROM range(100) t(i)";
    warehouse.execute("COPY (" + nulls + ") TO " + Sql.literal(parquet.toString()));
    Path csv = Files.writeString(folder.resolve("nulls.csv"), "id,w\n1,5\n2,\n");
    for (String before :
        List.of("DROP TABLE IF EXISTS t", "CREATE TABLE t AS SELECT 1::BIGINT id, 3::BIGINT W")) {
      warehouse.execute(before);
      for (Load load : List.of(Load.append().since("w"), Load.upsert("id").since("w"))) {
        for (Source source :
            List.of(Source.query(nulls), Source.parquet(parquet), Source.csv(csv))) {
          assertFails(ErrorCode.DATA_UNSUITABLE, () -> warehouse.load("t", source, load))
              .hasMessageContaining("'w' is null");
        }
        try (ArrowReader reader = warehouse.query(nulls)) {
          assertFails(
              ErrorCode.DATA_UNSUITABLE, () -> warehouse.load("t", Source.arrow(reader), load));
        }
      }
    }
    assertThat(table()).containsExactly(1L, 3L);
    for (String value :
        List.of("'NaN'::DOUBLE", "'infinity'::DATE", "'-infinity'::TIMESTAMP", "'inf'::FLOAT")) {
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () ->
              warehouse.load(
                  "u", Source.query("SELECT " + value + " AS w"), Load.append().since("w")));
    }
  }

  @Test
  void aFileIsReadFromTheWatermarkOn() {
    Path parquet = folder.resolve("rows.parquet");
    warehouse.execute(
        "COPY (SELECT i AS id, i AS w FROM range(100000) t(i)) TO "
            + Sql.literal(parquet.toString()));
    load(Load.append(), "SELECT 7 AS id, 99990::BIGINT AS w");
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () -> warehouse.load("t", Source.parquet(parquet), Load.append().since("w")));
    warehouse.execute("ALTER TABLE t ALTER id TYPE BIGINT");
    assertThat(warehouse.load("t", Source.parquet(parquet), Load.append().since("w")).loaded())
        .isEqualTo(9);
  }

  @Test
  void columnsThatAreNotThereAreNamed() {
    load(Load.create(), "SELECT 1 AS id, 2 AS w");
    String injection = "id\" = 1; DROP TABLE t; --";
    for (String name : List.of("no such", injection, "'; --", "a\0b", "é")) {
      for (Load load :
          List.of(
              Load.upsert(name),
              Load.upsert("id", name),
              Load.append().since(name),
              Load.upsert("id").since(name))) {
        for (String table : List.of("t", "new")) {
          assertFails(
                  ErrorCode.NAME_UNKNOWN,
                  () ->
                      warehouse.load(
                          table, Source.query("SELECT 1 AS id, 2 AS w"), load.id(injection)))
              .hasMessageContaining(name)
              .hasMessageContaining("id, w");
        }
      }
    }
    assertFails(ErrorCode.NAME_UNKNOWN, () -> load(Load.upsert("id").evolve(), "SELECT 2 AS w"))
        .hasMessageContaining("'id'")
        .hasMessageContaining("the source");
    assertThat(warehouse.tables()).containsExactly("t");
    assertThat(table()).containsExactly(1, 2);
  }

  @Test
  void namesOfAllKindsAreQuoted() {
    String odd = "x\"; DROP TABLE victim; --";
    warehouse.execute("CREATE TABLE victim(i INTEGER)");
    Source source = Source.query("SELECT 1 AS " + Sql.quoted(odd) + ", 2 AS \"select\"");
    Source wider = Source.query("SELECT 3 AS " + Sql.quoted(odd) + ", 4 AS \"select\", 5 AS \"'\"");
    for (String table : List.of(odd, "loads", "mlinfra", "'", "main.t")) {
      Load load = Load.upsert(odd, "select").since("select").id(odd).evolve();
      assertThat(warehouse.load(table, source, load).rows()).isOne();
      assertThat(warehouse.load(table, source, load).repeated()).isTrue();
      assertThat(warehouse.load(table, wider, load.id("'")).rows()).isEqualTo(2);
      assertThat(warehouse.loads(table)).hasSize(2);
    }
    assertThat(warehouse.tables()).hasSize(6).contains("victim");
  }

  @Test
  void whatCannotBeAsked() {
    assertThatThrownBy(Load::upsert).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Load.upsert("a", "A")).hasMessageContaining("differ");
    assertThatThrownBy(() -> Load.upsert(" ")).hasMessageContaining("key");
    assertThatThrownBy(() -> Load.append().since("")).hasMessageContaining("since");
    assertThatThrownBy(() -> Load.replace().since("w"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("replace");
    assertThat(Load.upsert("a", "b").since("w").id("x").evolve())
        .hasToString("Load[upsert by a, b since w, id 'x', evolve]");
    assertThat(Load.append()).hasToString("Load[append]");
  }

  @Test
  void upsertsAtOnceNeverDoubleAKey() throws Exception {
    load(Load.create(), "SELECT 0 AS id, 0 AS v");
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      for (int round = 0; round < 10; round++) {
        int id = round;
        Callable<Boolean> upsert =
            () -> {
              try {
                load(
                    Load.upsert("id"),
                    "SELECT (i + %s)::INTEGER AS id, 1 AS v FROM range(5) t(i)".formatted(id));
                return true;
              } catch (io.mlinfra.core.MlInfraException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT);
                return false;
              }
            };
        boolean any = false;
        for (Future<Boolean> done : threads.invokeAll(List.of(upsert, upsert, upsert, upsert))) {
          any |= done.get();
        }
        assertThat(any).isTrue();
      }
    } finally {
      threads.shutdown();
    }
    assertThat(values(warehouse, "SELECT count(*), count(DISTINCT id) FROM t"))
        .containsExactly(14L, 14L);
  }
}
