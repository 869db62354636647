package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static io.mlinfra.warehouse.WarehouseTest.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchemaDriftTest {
  @TempDir Path folder;

  private final Warehouse warehouse = Warehouse.inMemory();

  @AfterEach
  void close() {
    warehouse.close();
  }

  private LoadResult load(Load load, String sql) {
    return warehouse.load("t", Source.query(sql), load);
  }

  private List<Object> table() {
    return values(warehouse, "SELECT * FROM t ORDER BY ALL");
  }

  @Test
  void allDifferencesAreListedAndNothingIsWritten() {
    warehouse.execute("CREATE TABLE t AS SELECT 1 AS id, 'a' AS y, 2::BIGINT AS z, 3 AS w");
    for (Load load : List.of(Load.append(), Load.upsert("id"))) {
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> load(load, "SELECT 1 AS id, 5 AS x, 'b' AS Z, [1] AS v"))
          .hasMessage(
              "the source does not fit table 't': added: x INTEGER, v INTEGER[];"
                  + " missing: y VARCHAR, w INTEGER; 'z' is VARCHAR, the table has BIGINT");
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> load(load.evolve(), "SELECT 1 AS id, 5 AS x, 'b' AS Z"))
          .hasMessage("the source does not fit table 't': 'z' is VARCHAR, the table has BIGINT");
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> load(load, "SELECT 1 AS id, 'b' AS y"))
          .hasMessageContaining("evolve");
    }
    for (Load load : List.of(Load.append(), Load.append().evolve())) {
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> load(load, "SELECT 1 AS other"))
          .hasMessageContaining("no column in common");
    }
    assertThat(table()).containsExactly(1, "a", 2L, 3);
    assertThat(warehouse.schema("t").getFields()).hasSize(4);
  }

  @Test
  void columnsMayComeAndGoWhereThatIsWanted() {
    load(Load.create(), "SELECT 1 AS id, 'a' AS s");
    load(Load.append().evolve(), "SELECT {'b \" c': 5, 'l': [1]} AS more, 2 AS ID");
    load(Load.upsert("id").evolve(), "SELECT 1 AS id, DATE '2026-01-01' AS \"d\"\"; --\"");
    assertThat(values(warehouse, "SELECT id, s, more IS NULL, \"d\"\"; --\" IS NULL FROM t"))
        .containsExactlyInAnyOrder(2, null, false, true, 1, null, true, false);
    warehouse.execute("ALTER TABLE t ALTER s SET DEFAULT 'none'");
    load(Load.append().evolve(), "SELECT 3 AS id");
    assertThat(values(warehouse, "SELECT s FROM t WHERE id = 3")).containsExactly("none");
  }

  @Test
  void aColumnIsNotAddedWhenTheLoadFails() throws Exception {
    load(Load.create(), "SELECT 1 AS id, 1 AS w");
    assertFails(
        ErrorCode.QUERY_FAILED,
        () -> load(Load.append().evolve(), "SELECT 1 AS id, 1 AS w, error('broken')::INT AS x"));
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () -> load(Load.upsert("id").evolve(), "SELECT 1 AS id, 2 AS x FROM range(2)"));
    assertThat(warehouse.schema("t").getFields()).hasSize(2);
    assertThat(table()).containsExactly(1, 1);
  }

  @Test
  void numbersThatFitAreTaken() {
    List<List<String>> taken =
        List.of(
            List.of("TINYINT", "SMALLINT"),
            List.of("INTEGER", "BIGINT"),
            List.of("UBIGINT", "HUGEINT"),
            List.of("UINTEGER", "BIGINT"),
            List.of("BIGINT", "DECIMAL(19,0)"),
            List.of("INTEGER", "DOUBLE"),
            List.of("SMALLINT", "FLOAT"),
            List.of("FLOAT", "DOUBLE"),
            List.of("DECIMAL(9,2)", "DECIMAL(11,3)"));
    for (List<String> types : taken) {
      for (Load load : List.of(Load.append(), Load.upsert("id"))) {
        warehouse.execute("CREATE OR REPLACE TABLE t(id " + types.get(1) + ")");
        load(load, "SELECT 101::" + types.get(0) + " AS id");
        assertThat(values(warehouse, "SELECT id = 101, typeof(id) FROM t"))
            .as("%s", types)
            .containsExactly(true, types.get(1));
      }
    }
    List<List<String>> refused =
        List.of(
            List.of("BIGINT", "INTEGER"),
            List.of("INTEGER", "UINTEGER"),
            List.of("UINTEGER", "INTEGER"),
            List.of("UBIGINT", "BIGINT"),
            List.of("BIGINT", "DOUBLE"),
            List.of("INTEGER", "FLOAT"),
            List.of("DOUBLE", "FLOAT"),
            List.of("BIGINT", "DECIMAL(18,0)"),
            List.of("DECIMAL(9,2)", "DECIMAL(9,3)"),
            List.of("DECIMAL(9,2)", "DOUBLE"),
            List.of("BOOLEAN", "INTEGER"),
            List.of("INTEGER", "VARCHAR"),
            List.of("DATE", "TIMESTAMP"));
    for (List<String> types : refused) {
      warehouse.execute("CREATE OR REPLACE TABLE t(id " + types.get(1) + ")");
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> load(Load.append(), "SELECT NULL::" + types.get(0) + " AS id"))
          .hasMessageContaining(
              "'id' is %s, the table has %s".formatted(types.get(0), types.get(1)));
    }
  }

  @Test
  void whatTheTableRefusesChangesNothing() throws Exception {
    warehouse.execute(
        "CREATE TABLE t(id INTEGER NOT NULL CHECK (id < 10), n INTEGER DEFAULT 7,"
            + " g INTEGER GENERATED ALWAYS AS (id + 1))");
    load(Load.append(), "SELECT 1 AS id");
    Path csv = Files.writeString(folder.resolve("ids.csv"), "id\n2\n\n30\n");
    warehouse.execute("CREATE TABLE wide AS SELECT 1 AS id");
    for (String sql : List.of("SELECT NULL::INTEGER AS id", "SELECT 11 AS id")) {
      assertFails(ErrorCode.CONSTRAINT_VIOLATED, () -> load(Load.append(), sql))
          .hasMessageContaining("'t'")
          .hasMessageContaining("constraint failed");
    }
    assertFails(ErrorCode.QUERY_FAILED, () -> load(Load.append(), "SELECT 1 AS id, 2 AS g"))
        .hasMessageContaining("generated column");
    assertFails(
        ErrorCode.CONSTRAINT_VIOLATED, () -> warehouse.load("t", Source.csv(csv), Load.append()));
    Path parquet = folder.resolve("ids.parquet");
    warehouse.execute("COPY (SELECT 30 AS id) TO " + Sql.literal(parquet.toString()));
    assertFails(
        ErrorCode.CONSTRAINT_VIOLATED,
        () -> warehouse.load("t", Source.parquet(parquet), Load.append()));
    assertThat(table()).containsExactly(1, 7, 2);
  }

  @Test
  void whatATextSeemsToBeGivesWayToWhatTheTableHas() throws Exception {
    warehouse.execute(
        "CREATE TABLE t(id SMALLINT, price DECIMAL(9, 2), day TIMESTAMP, note VARCHAR)");
    Path csv =
        Files.writeString(folder.resolve("a.csv"), "id,price,day,note\n1,2,2024-01-02,007\n");
    Path json =
        Files.writeString(
            folder.resolve("b.json"),
            "{\"id\": 2, \"price\": 2.5, \"day\": \"2024-01-03\", \"note\": \"x\"}");
    for (Source source : List.of(Source.csv(csv), Source.json(json))) {
      warehouse.load("t", source, Load.append());
      warehouse.load("t", source, Load.upsert("id"));
    }
    assertThat(warehouse.sql("SELECT note FROM t ORDER BY id").list(String.class))
        .containsExactly("007", "x");
    Path large = Files.writeString(folder.resolve("c.csv"), "id,price,day,note\n70000,,,\n");
    assertFails(
            ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.csv(large), Load.append()))
        .hasMessageContaining("column 'id'");
    Path wide = Files.writeString(folder.resolve("d.json"), "{\"id\": 70000}");
    assertFails(
            ErrorCode.QUERY_FAILED,
            () -> warehouse.load("t", Source.json(wide), Load.append().evolve()))
        .hasMessageContaining("70000");
    assertThat(warehouse.rows("t")).isEqualTo(2);
  }

  @Test
  void aViewTakesNoRows() {
    warehouse.execute("CREATE VIEW t AS SELECT 1 AS id");
    for (Load load :
        List.of(Load.create(), Load.replace(), Load.append(), Load.upsert("id").id("x"))) {
      assertFails(ErrorCode.QUERY_FAILED, () -> load(load, "SELECT 2 AS id"))
          .hasMessageContaining("View");
    }
    assertThat(table()).containsExactly(1);
  }
}
