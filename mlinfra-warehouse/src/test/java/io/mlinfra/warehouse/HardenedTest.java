package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.registry.Registry;
import io.mlinfra.warehouse.quality.Constraints;
import io.mlinfra.warehouse.quality.TableProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In the statements, {@code IN}, {@code OUT} and {@code ROOT} stand for folders. */
class HardenedTest {
  @TempDir Path root;

  private Path in;
  private Path out;
  private Warehouse warehouse;

  @BeforeEach
  void open() throws IOException {
    in = Files.createDirectory(root.resolve("data"));
    out = Files.createDirectory(root.resolve("data-not"));
    for (Path folder : List.of(in, out)) {
      Files.writeString(folder.resolve("x.csv"), "a,b\n1,2\n");
      Files.writeString(folder.resolve("x.json"), "{\"a\": 1}\n");
    }
    Files.createSymbolicLink(in.resolve("link.csv"), out.resolve("x.csv"));
    Files.createSymbolicLink(in.resolve("link"), out);
    Files.createSymbolicLink(in.resolve("nothing.csv"), out.resolve("new.csv"));
    Files.createSymbolicLink(in.resolve("inside.csv"), in.resolve("x.csv"));
    Files.createSymbolicLink(root.resolve("alias"), in);
    warehouse =
        Warehouse.open(
            root.resolve("w.db"),
            WarehouseOptions.builder()
                .hardened(in)
                .threads(1)
                .memoryLimitBytes(200_000_000)
                .temporaryFolder(root.resolve("temporary"))
                .build());
    warehouse.execute("CREATE TABLE t AS SELECT 1 AS i");
  }

  @AfterEach
  void close() throws IOException {
    warehouse.close();
    assertThat(out.resolve("new.csv")).doesNotExist();
    try (var files = Files.list(out)) {
      assertThat(files).hasSize(2);
    }
    try (var files = Files.list(root.resolve("temporary"))) {
      assertThat(files).isEmpty();
    }
  }

  private String text(String sql) {
    return sql.replace("OUT", out.toString())
        .replace("IN/", in + "/")
        .replace("ROOT", root.toString())
        .replace("LOUD", in.toString().toUpperCase(java.util.Locale.ROOT));
  }

  private static final List<String> INSIDE =
      List.of(
          "FROM read_csv('IN/x.csv')",
          "SELECT * FROM 'IN/x.csv'",
          "FROM 'IN/[x].csv'",
          "FROM 'IN/../data/x.csv'",
          "FROM 'IN//./x.csv'",
          "FROM read_csv('IN/inside.csv')",
          "FROM read_json('IN/x.json')",
          "FROM read_text('IN/x.csv')",
          "FROM (SELECT file FROM glob('IN/x*v'))",
          "/* copy */ SELECT 1 -- COPY",
          "((SELECT 'COPY t TO ''x''' AS copy))",
          "SELECT load, \"set\" FROM (SELECT 1 AS load, 2 AS \"set\")",
          "WITH c AS (SELECT 1 AS query) SELECT query FROM c",
          "EXPLAIN SELECT 1",
          "EXPLAIN (ANALYZE, FORMAT json) SELECT 1",
          "EXPLAIN (SELECT 1)",
          "DESCRIBE t",
          "SUMMARIZE t",
          "SHOW TABLES",
          "TABLE t",
          "VALUES (1), (2)",
          "PIVOT t ON i USING count(*)",
          "INSERT INTO t VALUES (2)",
          "UPDATE t SET i = 3",
          "DELETE FROM t",
          "CREATE OR REPLACE TEMP TABLE x AS SELECT 1",
          "CREATE VIEW v AS SELECT 1",
          "CREATE MACRO twice(x) AS (x * 2)",
          "ALTER TABLE t ADD COLUMN j INTEGER",
          "DROP TABLE t");

  @Test
  void runsWhatStaysInside() throws IOException {
    for (String sql : INSIDE) {
      warehouse.execute("CREATE OR REPLACE TABLE t AS SELECT 1 AS i");
      assertThatCode(() -> warehouse.execute(text(sql))).as(sql).doesNotThrowAnyException();
    }
  }

  private static final List<String> OUTSIDE =
      List.of(
          // Reading elsewhere.
          "FROM read_csv('OUT/x.csv')",
          "SELECT * FROM 'OUT/x.csv'",
          "FROM read_json('OUT/x.json')",
          "FROM read_parquet('OUT/x.parquet')",
          "FROM parquet_metadata('OUT/x.parquet')",
          "FROM read_text('/etc/passwd')",
          "FROM read_blob('/proc/self/environ')",
          "FROM read_csv('/dev/stdin', header = false)",
          "FROM glob('OUT/*')",
          "FROM glob('ROOT/*')",
          "FROM glob('ROOT/dat*/*')",
          "FROM read_csv('IN/../data-not/x.csv')",
          "FROM read_csv(['IN/x.csv', 'OUT/x.csv'])",
          "FROM read_csv('file://OUT/x.csv')",
          "FROM read_csv('file:OUT/x.csv')",
          "FROM read_csv('file://localhost/OUT/x.csv')",
          "FROM read_csv('x.csv')",
          "FROM read_csv('../x.csv')",
          "FROM read_csv('~/x.csv')",
          "FROM read_csv('LOUD/x.csv')",
          "FROM read_csv('https://example.invalid/x.csv')",
          "FROM read_csv('s3://bucket/x.csv')",
          "FROM query('FROM ''OUT/x.csv''')",
          "FROM \"query\" /* */ ('SELECT 1')",
          "FROM\u00a0query('SELECT 1')",
          "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
          "SELECT json_structure(repeat('[', 200000) || repeat(']', 200000))",
          "SELECT json_contains('[]', '[]')",
          "SELECT json_merge_patch('{}', '{}')",
          "SELECT '[]'::JSON::VARIANT",
          "CREATE TABLE v (x VARIANT)",
          "SELECT CAST('[]'::JSON AS \"variant\")",
          "FROM read_duckdb('IN/y.db', table_name = 't')",
          "FROM read_csv('IN/link.csv')",
          "FROM read_csv('IN/link/x.csv')",
          "FROM glob('IN/link/*')",
          // Writing.
          "COPY t TO 'OUT/o.csv'",
          "COPY t TO 'IN/o.csv'",
          "COPY t TO 'IN/nothing.csv'",
          "COPY t TO 'ROOT/w.db' (FORMAT csv, USE_TMP_FILE false)",
          "COPY t FROM 'IN/x.csv'",
          "EXPLAIN ANALYZE COPY t TO 'IN/o.csv'",
          "EXPLAIN (ANALYZE) COPY t TO 'IN/o.csv'",
          "PREPARE p AS COPY t TO 'IN/o.csv'",
          "WITH c AS (COPY t TO 'IN/o.csv') SELECT 1",
          "WITH c AS MATERIALIZED ((COPY t TO 'IN/o.csv')) SELECT 1",
          "EXPORT DATABASE 'IN/e'",
          "IMPORT DATABASE 'IN/e'",
          "CALL enable_logging(storage = 'file', storage_path = 'OUT/log')",
          "FROM enable_logging(storage = 'file', storage_path = 'OUT/log')",
          "FROM system.main.\"Enable_Logging\"(storage = 'file', storage_path = 'OUT/log')",
          "FROM enable_profiling(save_location = 'OUT/p.json', format = 'json')",
          "PRAGMA enable_profiling",
          "PRAGMA profiling_output = 'OUT/p.json'",
          // Other databases, extensions, secrets.
          "ATTACH 'OUT/z.db'",
          "ATTACH 'IN/z.db'",
          "ATTACH ':memory:' AS m",
          "DETACH w",
          "USE w",
          "DROP DATABASE w",
          "ALTER DATABASE w RENAME TO v",
          "INSTALL httpfs",
          "INSTALL 'IN/x.duckdb_extension'",
          "LOAD 'IN/x.duckdb_extension'",
          "LOAD json",
          "UPDATE EXTENSIONS",
          "FORCE INSTALL httpfs FROM community",
          "CREATE SECRET s (TYPE http)",
          "CREATE OR REPLACE PERSISTENT SECRET s (TYPE http)",
          "DROP SECRET s",
          // Settings.
          "SET memory_limit = '4GB'",
          "SET GLOBAL threads = 8",
          "SET enable_progress_bar = true",
          "RESET lock_configuration",
          "PRAGMA threads = 8",
          "PRAGMA database_list",
          "CHECKPOINT",
          "FROM force_checkpoint('w')");

  @Test
  void refusesWhatLeadsOut() throws IOException {
    for (String sql : OUTSIDE) {
      assertThatThrownBy(() -> warehouse.execute(text(sql)))
          .as(sql)
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).as(sql + ": " + e).isEqualTo(ErrorCode.ACCESS_REFUSED));
    }
    assertThat(warehouse.rows("t")).isEqualTo(1);
    try (var files = Files.list(in)) {
      assertThat(files).hasSize(6);
    }
  }

  @Test
  void namesThePathAndTheFolders() {
    Path file = out.resolve("x.csv");
    assertFails(ErrorCode.ACCESS_REFUSED, () -> warehouse.execute("FROM '" + file + "'"))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("it may use '" + in + "'");
    assertFails(ErrorCode.ACCESS_REFUSED, () -> warehouse.load("x", Source.csv(file)))
        .hasMessage(
            "'" + file + "' is outside the folders of this warehouse; it may use '" + in + "'");
    assertFails(ErrorCode.ACCESS_REFUSED, () -> warehouse.execute("COPY t TO 'x'"))
        .hasMessageContaining("does not run COPY");
  }

  @Test
  void doesItsOwnWork() {
    assertThat(warehouse.load("x", Source.csv(in.resolve("x.csv"))).rows()).isEqualTo(1);
    assertThat(warehouse.load("x", Source.csv(root.resolve("alias/x.csv"))).rows()).isEqualTo(1);
    assertThat(
            warehouse
                .load(
                    "x",
                    Source.csv(in.resolve("inside.csv")),
                    Load.append().progress((name, total, unit) -> units -> {}))
                .rows())
        .isEqualTo(2);
    for (String link : List.of("link.csv", "link/x.csv", "../data-not/x.csv")) {
      assertFails(
          ErrorCode.ACCESS_REFUSED, () -> warehouse.load("x", Source.csv(in.resolve(link))));
    }
    assertFails(
        ErrorCode.ACCESS_REFUSED,
        () -> warehouse.load("x", Source.query("FROM query('SELECT 1')")));
    for (String sql : List.of("", "SELECT 1; SELECT 2", "SELECT 1; COPY x TO 'y'", "SELECT \0")) {
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute(sql));
    }
    assertFails(ErrorCode.CONFLICT, () -> Warehouse.open(root.resolve("w.db")));
    assertThat(warehouse.rows("x")).isEqualTo(2);
  }

  @Test
  void holdsWhereverSqlComesIn() {
    Target target = Target.parquet(in.resolve("o.parquet"));
    Constraints rules = Constraints.on("t");
    try (Registry registry = Registry.open(root.resolve("registry"))) {
      Snapshots snapshots = warehouse.snapshots(registry);
      for (String from : List.of("query('SELECT 1')", "read_csv('OUT/x.csv')", "'OUT/x.csv'")) {
        String sql = text("SELECT * FROM " + from);
        String predicate = text("EXISTS (FROM " + from + ")");
        Map<String, ThrowingCallable> ways = new LinkedHashMap<>();
        ways.put("stream", () -> warehouse.query(sql));
        ways.put("list", () -> warehouse.sql(sql).list(Long.class));
        ways.put("show", () -> warehouse.sql(sql).show());
        ways.put("explain", () -> warehouse.sql(sql).explain());
        ways.put("export", () -> warehouse.sql(sql).export(target));
        ways.put("load", () -> warehouse.load("x", Source.query(sql)));
        ways.put("snapshot", () -> snapshots.take("d", sql));
        ways.put("profile", () -> TableProfile.ofQuery(warehouse, sql));
        ways.put("suite", () -> Constraints.onQuery(sql).rowCount(0, 9).check(warehouse));
        ways.put("sql", () -> rules.sql("x", predicate).check(warehouse));
        ways.put("fraction", () -> rules.fraction(predicate, 0, 1).check(warehouse));
        ways.put("when", () -> rules.when(predicate, c -> c.notNull("i")).check(warehouse));
        ways.forEach(
            (way, call) ->
                assertThatThrownBy(call)
                    .as("%s of %s", way, sql)
                    .isInstanceOfSatisfying(
                        MlInfraException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.ACCESS_REFUSED)));
      }
    }
    assertThat(warehouse.tables()).containsExactly("t");
    assertThat(in.resolve("o.parquet")).doesNotExist();
  }

  @Test
  void spillsAndBoundsIt() throws IOException {
    Path temporary = root.resolve("spill");
    WarehouseOptions options =
        WarehouseOptions.builder()
            .hardened()
            .threads(1)
            .memoryLimitBytes(20_000_000)
            .maxTemporaryBytes(20_000_000)
            .temporaryFolder(temporary)
            .build();
    String table = "CREATE TABLE %s AS SELECT md5(i::VARCHAR) AS i FROM range(%d) r(i)";
    try (Warehouse other = Warehouse.inMemory(options)) {
      other.execute(table.formatted("s", 700_000));
      assertThat(other.execute("FROM duckdb_temporary_files()")).isPositive();
      assertThatThrownBy(() -> other.execute(table.formatted("l", 2_000_000)))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("offload");
      assertThat(other.rows("s")).isEqualTo(700_000);
    }
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void checksThePathsOfTheInterfaceByWhereTheyLead() {
    FileAccess files = warehouse.database().files();
    files.requireWritable(in.resolve("new.parquet"));
    files.requireWritable(in.resolve("new/deeper/new.parquet"));
    files.requireWritable(root.resolve("alias/new.parquet"));
    files.requireWritable(warehouse.database().work().newPath("x"));
    for (Path path :
        List.of(
            out.resolve("new.parquet"),
            in.resolve("nothing.csv"),
            in.resolve("link/new.parquet"),
            in.resolve("link.csv"),
            in.resolve("no/../../data-not/new.parquet"),
            in.resolve("../new.parquet"),
            Path.of("new.parquet"),
            root)) {
      assertFails(ErrorCode.ACCESS_REFUSED, () -> files.requireWritable(path))
          .hasMessageContaining(path.toString());
      assertFails(ErrorCode.ACCESS_REFUSED, () -> files.requireReadable(path));
    }
  }

  @Test
  void nobodyWritesOverTheDatabaseItself() throws IOException {
    Path file = root.resolve("other.db");
    Files.createSymbolicLink(root.resolve("other"), file);
    try (Warehouse other = Warehouse.open(file)) {
      FileAccess files = other.database().files();
      files.requireReadable(file);
      files.requireWritable(root.resolve("new.db"));
      for (String name : List.of("other.db", "other.db.wal", "other", "data/../other.db")) {
        assertFails(ErrorCode.ACCESS_REFUSED, () -> files.requireWritable(root.resolve(name)))
            .hasMessageContaining("is the warehouse itself");
      }
    }
  }

  @Test
  void holdsForJdbcToo() throws SQLException {
    try (Connection connection = warehouse.dataSource().getConnection()) {
      for (String sql :
          List.of(
              "COPY t TO 'IN/o.csv'",
              "FROM 'OUT/x.csv'",
              "SET threads = 8",
              "SET jdbc_stream_results = true",
              "SELECT 1; SELECT 2")) {
        assertThatThrownBy(() -> connection.createStatement().execute(text(sql)))
            .isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> connection.createStatement().addBatch(text(sql) + "; SELECT 1"))
            .isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> connection.prepareStatement(text(sql)).execute())
            .isInstanceOf(SQLException.class);
      }
      assertThatThrownBy(() -> connection.unwrap(org.duckdb.DuckDBConnection.class))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42501"));
      try (Statement other = connection.createStatement();
          ResultSet rows = other.executeQuery(text("FROM 'IN/x.csv'"))) {
        assertThat(rows.next()).isTrue();
      }
    }
  }

  @Test
  void takesFoldersOfAnyNameAndNoneAtAll() throws IOException {
    Path odd = Files.createDirectory(root.resolve("it's, [a] \"x\""));
    Files.writeString(odd.resolve("x.csv"), "a,b\n1,2\n");
    WarehouseOptions.Builder builder = WarehouseOptions.builder();
    try (Warehouse other = Warehouse.inMemory(builder.hardened(odd, in).build())) {
      assertThat(other.load("x", Source.csv(odd.resolve("x.csv"))).rows()).isEqualTo(1);
      assertThat(other.load("x", Source.csv(in.resolve("x.csv"))).rows()).isEqualTo(1);
      assertFails(ErrorCode.ACCESS_REFUSED, () -> other.execute(text("FROM 'OUT/x.csv'")));
    }
    try (Warehouse other = Warehouse.inMemory(builder.hardened().build())) {
      assertThat(other.execute("SELECT 1")).isEqualTo(1);
      assertFails(ErrorCode.ACCESS_REFUSED, () -> other.execute(text("FROM 'IN/x.csv'")))
          .hasMessageContaining("it may use none");
    }
    for (Path none : List.of(root.resolve("none"), in.resolve("x.csv"))) {
      assertFails(ErrorCode.FILE_MISSING, () -> Warehouse.inMemory(builder.hardened(none).build()))
          .hasMessageContaining(none.toString());
    }
  }
}
