package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.TimeZone;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class JdbcSourceTest {
  private static Postgres postgres;

  private final BufferAllocator allocator = new RootAllocator();
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @BeforeAll
  static void startPostgres() throws Exception {
    postgres = Postgres.start();
  }

  @AfterAll
  static void stopPostgres() {
    if (postgres != null) {
      postgres.close();
    }
  }

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  private String type(String column) throws IOException {
    return WarehouseTest.values(
            warehouse,
            "SELECT data_type::VARCHAR FROM duckdb_columns() WHERE table_name = 't'"
                + " AND column_name = '"
                + column
                + "'")
        .get(0)
        .toString();
  }

  private String text(String column) throws IOException {
    return String.valueOf(
        WarehouseTest.values(warehouse, "SELECT " + column + "::VARCHAR FROM t").get(0));
  }

  @Test
  void typesKeepTheirMeaning() throws Exception {
    String sql =
        """
        SELECT true AS flag, 7::smallint AS small, 8::integer AS plain, 9::bigint AS big,
               1.5::real AS single, 2.5::double precision AS twice, 12.34::numeric(10,2) AS price,
               sum(x) AS total, avg(x) AS average, 'é''"表' AS words, 'ab'::char(4) AS padded,
               '2024-02-29'::date AS day, '23:59:59.123456'::time AS clock,
               '2024-03-31 02:30:00.123456'::timestamp AS local,
               '2024-03-31 02:30:00.123456+09'::timestamptz AS moment,
               '\\x00ff'::bytea AS bytes, '{"a": [1, null]}'::jsonb AS document,
               '11111111-2222-3333-4444-555555555555'::uuid AS id,
               ARRAY[1, NULL, 3] AS numbers, ARRAY['a', 'b'] AS texts, '1 day 2 hours'::interval AS gap,
               B'101' AS bits
        FROM (VALUES (1), (2)) AS v(x)""";
    TimeZone before = TimeZone.getDefault();
    // Neither the machine's zone nor its summer time may have a say: this local time is skipped
    // there.
    TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
    try {
      warehouse.load("t", Source.jdbc(postgres.source(), sql));
    } finally {
      TimeZone.setDefault(before);
    }
    String[][] expected = {
      {"flag", "BOOLEAN", "true"},
      {"small", "SMALLINT", "7"},
      {"plain", "INTEGER", "8"},
      {"big", "BIGINT", "9"},
      {"single", "FLOAT", "1.5"},
      {"twice", "DOUBLE", "2.5"},
      {"price", "DECIMAL(10,2)", "12.34"},
      {"total", "BIGINT", "3"},
      {"average", "DECIMAL(38,16)", "1.5000000000000000"},
      {"words", "VARCHAR", "é'\"表"},
      {"padded", "VARCHAR", "ab  "},
      {"day", "DATE", "2024-02-29"},
      {"clock", "TIME", "23:59:59.123456"},
      {"local", "TIMESTAMP", "2024-03-31 02:30:00.123456"},
      {"moment", "TIMESTAMP WITH TIME ZONE", "2024-03-30 17:30:00.123456+00"},
      {"bytes", "BLOB", "\\x00\\xFF"},
      {"document", "JSON", "{\"a\": [1, null]}"},
      {"id", "UUID", "11111111-2222-3333-4444-555555555555"},
      {"numbers", "INTEGER[]", "[1, NULL, 3]"},
      {"texts", "VARCHAR[]", "[a, b]"},
      {"bits", "VARCHAR", "101"},
    };
    for (String[] column : expected) {
      assertThat(type(column[0])).as(column[0]).isEqualTo(column[1]);
      assertThat(text(column[0])).as(column[0]).isEqualTo(column[2]);
    }
  }

  @Test
  void missingValuesStayMissing() throws Exception {
    postgres.execute("DROP TABLE IF EXISTS gaps");
    postgres.execute(
        "CREATE TABLE gaps (a boolean, b smallint, c integer, d bigint, e real, f float8, g numeric,"
            + " h text, i date, j time, k timestamp, l timestamptz, m bytea, n json, o uuid, p int[])");
    postgres.execute("INSERT INTO gaps (c) SELECT NULL FROM generate_series(1, 25000)");
    LoadResult result = warehouse.load("t", Source.jdbc(postgres.source(), "SELECT * FROM gaps"));
    assertThat(result.rows()).isEqualTo(25_000);
    assertThat(result.loaded()).isEqualTo(25_000);
    assertThat(WarehouseTest.values(warehouse, "SELECT count(COLUMNS(*)) FROM t"))
        .hasSize(16)
        .containsOnly(0L);
  }

  @Test
  void manyRowsComeInTheirOrderAndAgreeWithTheOtherDatabase() throws Exception {
    String sql =
        "SELECT i, i * 0.5::float8 AS half, md5(i::text) AS digest FROM generate_series(1, ?) AS g(i)";
    assertThat(warehouse.load("t", Source.jdbc(postgres.source(), sql, 100_001)).rows())
        .isEqualTo(100_001);
    assertThat(
            WarehouseTest.values(
                warehouse,
                "SELECT count(*) FILTER (WHERE i = rowid + 1 AND half = i / 2 AND digest = md5(i::VARCHAR)) FROM t"))
        .containsExactly(100_001L);
  }

  @Test
  void aQueryThatTheOtherDatabaseRefusesChangesNothing() {
    warehouse.execute("CREATE TABLE t AS SELECT 42 AS i");
    assertFails(
            ErrorCode.QUERY_FAILED,
            () -> warehouse.load("t", Source.jdbc(postgres.source(), "SELECT * FROM nowhere")))
        .hasMessageContaining("table 't' was not loaded")
        .hasMessageContaining("\"nowhere\" does not exist");
    assertThat(warehouse.rows("t")).isEqualTo(1);
  }

  @Test
  void aValueThatDoesNotFitIsAnErrorThatNamesItsColumnAndRow() {
    warehouse.execute("CREATE TABLE t AS SELECT 42 AS i");
    for (String value :
        new String[] {
          "1e-20::numeric",
          "1e30::numeric",
          "'NaN'::numeric",
          "'infinity'::date",
          "'infinity'::timestamp",
          "ARRAY[[1, 2], [3, 4]]"
        }) {
      String sql =
          "SELECT CASE WHEN i = 7 THEN " + value + " END AS x FROM generate_series(1, 9) g(i)";
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> warehouse.load("t", Source.jdbc(postgres.source(), sql)))
          .as(value)
          .hasMessageContaining("column 'x' of row 7");
    }
    assertThat(warehouse.rows("t")).isEqualTo(1);
  }

  @Test
  void anErrorHalfWayKeepsNothing() {
    warehouse.execute("CREATE TABLE t AS SELECT 42 AS i");
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () ->
                warehouse.load(
                    "t",
                    Source.jdbc(
                        postgres.source(),
                        "SELECT 10 / (30000 - i) AS i FROM generate_series(1, 40000) AS g(i)"),
                    Load.append()))
        .hasMessageContaining("division by zero");
    assertThat(warehouse.rows("t")).isEqualTo(1);
  }

  /** Rows that are here already would be an error if they came. */
  @Test
  void onlyRowsBeyondTheWatermarkAreReadFromTheOtherDatabase() throws Exception {
    postgres.execute("DROP TABLE IF EXISTS orders");
    postgres.execute(
        "CREATE TABLE orders AS SELECT i AS id, 1 AS one, TIMESTAMPTZ '2024-01-01 00:00+00'"
            + " + i * INTERVAL '1 minute' AS \"updatedAt\" FROM generate_series(1, 1000) AS g(i)");
    Source orders =
        Source.jdbc(
            postgres.source(), "SELECT id, \"updatedAt\", 1 / one AS one FROM orders -- all");
    Load load = Load.append().since("UPDATEDAT");
    assertThat(warehouse.load("t", orders, load).loaded()).isEqualTo(1_000);
    postgres.execute("UPDATE orders SET one = 0");
    postgres.execute(
        "INSERT INTO orders VALUES (1001, 1, '2024-02-01 00:00+00'), (1002, 1, '2024-02-02 00:00+00')");
    assertThat(warehouse.load("t", orders, load).loaded()).isEqualTo(2);
    assertThat(warehouse.load("t", orders, load).loaded()).isZero();
    postgres.execute("INSERT INTO orders VALUES (1003, 1, NULL)");
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> warehouse.load("t", orders, load))
        .hasMessageContaining("UPDATEDAT");
    assertThat(warehouse.rows("t")).isEqualTo(1_002);
  }

  @Test
  void columnsOfOneNameAreRefused() {
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> warehouse.load("t", Source.jdbc(postgres.source(), "SELECT 1 AS x, 2 AS \"X\"")))
        .hasMessageContaining("two columns 'X'");
  }

  @Test
  void aDatabaseThatIsNotThereIsSaidToBeUnreachable() {
    PGSimpleDataSource nowhere = new PGSimpleDataSource();
    nowhere.setServerNames(new String[] {"127.0.0.1"});
    nowhere.setPortNumbers(new int[] {1});
    assertFails(ErrorCode.IO_FAILED, () -> warehouse.load("t", Source.jdbc(nowhere, "SELECT 1")))
        .hasMessageContaining("cannot be reached");
  }

  @Test
  void aDatabaseThatDiesWhileItIsReadLeavesTheTableAsItWas() throws Exception {
    warehouse.execute("CREATE TABLE t AS SELECT 42 AS i");
    try (Postgres other = Postgres.start()) {
      Thread killer =
          new Thread(
              () -> {
                try {
                  Thread.sleep(300);
                  other.kill();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      killer.start();
      assertFails(
              ErrorCode.IO_FAILED,
              () ->
                  warehouse.load(
                      "t",
                      Source.jdbc(
                          other.source(),
                          "SELECT i, md5(i::text) FROM generate_series(1, 100000000) AS g(i)")))
          .hasMessageContaining("table 't' was not loaded");
      killer.join();
    }
    assertThat(warehouse.rows("t")).isEqualTo(1);
  }

  @Test
  void itsConnectionIsGivenBackWithoutATransaction() throws SQLException {
    try (Connection one = postgres.source().getConnection()) {
      DataSourceOf source = new DataSourceOf(one);
      warehouse.load("t", Source.jdbc(source, "SELECT 1 AS x"));
      assertThatThrownBy(() -> warehouse.load("t", Source.jdbc(source, "SELEC 1")));
      assertThat(source.given).isEqualTo(2);
      assertThat(source.returned).isEqualTo(2);
    }
    try (Connection connection = postgres.source().getConnection();
        Statement statement = connection.createStatement();
        ResultSet idle =
            statement.executeQuery(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")) {
      idle.next();
      assertThat(idle.getInt(1)).isZero();
    }
  }
}
