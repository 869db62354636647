package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.duckdb.DuckDBConnection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DataSourceTest {
  private static long value(Statement statement, String sql) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      assertThat(rows.next()).isTrue();
      return rows.getLong(1);
    }
  }

  @Test
  void seesWhatTheWarehouseSeesInConnectionsOfTheirOwn() throws SQLException {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse.execute("CREATE TABLE t AS SELECT range AS i FROM range(10)");
      DataSource source = warehouse.dataSource();
      assertThat(warehouse.dataSource()).isSameAs(source);
      try (Connection one = source.getConnection();
          Connection two = source.getConnection();
          Statement first = one.createStatement();
          Statement second = two.createStatement()) {
        first.execute("CREATE TEMP TABLE own AS SELECT 1 AS j");
        assertThat(value(first, "SELECT sum(i) FROM t, own")).isEqualTo(45);
        assertThatThrownBy(() -> second.execute("FROM own")).isInstanceOf(SQLException.class);
        assertThat(first.getConnection()).isSameAs(one).isNotEqualTo(two);
        assertThat(one.unwrap(DuckDBConnection.class)).isNotNull();
      }
      assertThat(warehouse.execute("FROM t")).isEqualTo(10);
    }
  }

  @Test
  void keepsSeveralResultsOpenOnOneConnection() throws SQLException {
    try (Warehouse warehouse = Warehouse.inMemory();
        Connection connection = warehouse.dataSource().getConnection();
        Statement first = connection.createStatement();
        PreparedStatement second = connection.prepareStatement("SELECT count(*) FROM range(?)");
        ResultSet outer = first.executeQuery("SELECT i FROM range(100000) r(i)")) {
      long rows = 0;
      while (outer.next()) {
        if (rows++ % 10_000 == 0) {
          second.setLong(1, outer.getLong(1));
          try (ResultSet inner = second.executeQuery()) {
            assertThat(inner.next()).isTrue();
            assertThat(inner.getLong(1)).isEqualTo(outer.getLong(1));
          }
        }
      }
      assertThat(rows).isEqualTo(100_000);
    }
  }

  @Test
  void hasTransactions() throws SQLException {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      try (Connection connection = warehouse.dataSource().getConnection();
          Statement statement = connection.createStatement()) {
        assertThat(connection.getAutoCommit()).isTrue();
        statement.execute("CREATE TABLE t(i INTEGER)");
        connection.setAutoCommit(false);
        statement.execute("INSERT INTO t VALUES (1)");
        assertThat(warehouse.rows("t")).isZero();
        connection.rollback();
        assertThat(value(statement, "SELECT count(*) FROM t")).isZero();
        statement.execute("INSERT INTO t VALUES (1), (2)");
        connection.commit();
        assertThat(warehouse.rows("t")).isEqualTo(2);
        statement.execute("DELETE FROM t");
      }
      // Closing gives up what was not committed.
      assertThat(warehouse.rows("t")).isEqualTo(2);
    }
  }

  @Test
  void hasUtcForItsTimeZone() throws SQLException {
    try (Warehouse warehouse = Warehouse.inMemory();
        Connection connection = warehouse.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT TIMESTAMPTZ '2026-11-22 10:00:00+02', current_setting('TimeZone')")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getObject(1, OffsetDateTime.class).toInstant())
          .isEqualTo(OffsetDateTime.of(2026, 11, 22, 8, 0, 0, 0, ZoneOffset.UTC).toInstant());
      assertThat(rows.getString(2)).isEqualTo("UTC");
    }
  }

  @Test
  void takesOneStatementPerCall() throws SQLException {
    try (Warehouse warehouse = Warehouse.inMemory();
        Connection connection = warehouse.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      String two = "SELECT 1; SELECT 2";
      assertThatThrownBy(() -> statement.execute(two))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42601"))
          .hasMessageContaining("more than one statement");
      assertThatThrownBy(() -> statement.executeQuery(two)).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> statement.executeUpdate(two)).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> statement.addBatch(two)).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> connection.prepareStatement(two)).isInstanceOf(SQLException.class);
      assertThat(value(statement, "SELECT 1;")).isEqualTo(1);
    }
  }

  @Test
  void isAnOrdinaryDataSource() throws SQLException {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      DataSource source = warehouse.dataSource();
      assertThatThrownBy(() -> source.getConnection("me", "secret"))
          .isInstanceOf(SQLFeatureNotSupportedException.class);
      assertThat(source.isWrapperFor(DataSource.class)).isTrue();
      assertThat(source.unwrap(DataSource.class)).isSameAs(source);
      assertThatThrownBy(() -> source.unwrap(String.class)).isInstanceOf(SQLException.class);
      assertThat(source.getLogWriter()).isNull();
      assertThat(source.getLoginTimeout()).isZero();
      assertThat(source).hasToString("DataSource of in-memory Warehouse");
      try (Connection connection = source.getConnection()) {
        assertThat(connection.isValid(1)).isTrue();
        assertThat(connection).isEqualTo(connection).hasSameHashCodeAs(connection);
        assertThat(connection.getMetaData().getDatabaseProductName()).isEqualTo("DuckDB");
      }
    }
  }

  @Test
  void closesWithItsWarehouse(@TempDir Path folder) throws SQLException {
    Path file = folder.resolve("w.db");
    Warehouse warehouse = Warehouse.open(file);
    DataSource source = warehouse.dataSource();
    Connection connection = source.getConnection();
    Statement statement = connection.createStatement();
    ResultSet rows = statement.executeQuery("SELECT i FROM range(100000) r(i)");
    assertThat(rows.next()).isTrue();
    warehouse.close();
    assertThat(connection.isClosed()).isTrue();
    assertThat(connection.isValid(1)).isFalse();
    for (org.assertj.core.api.ThrowableAssert.ThrowingCallable call :
        java.util.List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
            source::getConnection,
            connection::createStatement,
            connection::commit,
            () -> statement.execute("SELECT 1"))) {
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"))
          .hasMessage("Warehouse 'w.db' is closed");
    }
    assertThatThrownBy(rows::next).isInstanceOf(SQLException.class);
    statement.close();
    connection.close();
    // Nothing holds the file.
    Warehouse.open(file, WarehouseOptions.builder().threads(1).build()).close();
  }

  @Test
  void closingWaitsForARunningStatementWhichCanBeCancelled() throws Exception {
    Warehouse warehouse = Warehouse.inMemory();
    Connection connection = warehouse.dataSource().getConnection();
    Statement statement = connection.createStatement();
    CountDownLatch running = new CountDownLatch(1);
    CompletableFuture<String> result =
        CompletableFuture.supplyAsync(
            () -> {
              running.countDown();
              try {
                statement
                    .executeQuery(
                        "SELECT sum(sqrt(a.range + b.range)) FROM range(1000000) a,"
                            + " range(1000000) b")
                    .close();
                return "finished";
              } catch (SQLException e) {
                return String.valueOf(e.getMessage());
              }
            });
    running.await();
    TimeUnit.MILLISECONDS.sleep(50);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(warehouse::close);
    while (!result.isDone()) {
      assertThat(closing).isNotDone();
      statement.cancel();
      TimeUnit.MILLISECONDS.sleep(20);
    }
    closing.get(10, TimeUnit.SECONDS);
    assertThat(result.get()).containsAnyOf("INTERRUPT", "Interrupt", "is closed");
  }

  @Test
  void resultsReadWhileTheWarehouseClosesEndInAnError() throws Exception {
    for (int round = 0; round < 20; round++) {
      Warehouse warehouse = Warehouse.inMemory();
      Connection connection = warehouse.dataSource().getConnection();
      ResultSet rows =
          connection.createStatement().executeQuery("SELECT i, i::VARCHAR FROM range(300000) r(i)");
      CountDownLatch reading = new CountDownLatch(1);
      CompletableFuture<Void> reader =
          CompletableFuture.runAsync(
              () -> {
                try {
                  while (rows.next()) {
                    assertThat(rows.getString(2)).isNotNull();
                    reading.countDown();
                  }
                } catch (SQLException e) {
                  assertThat(e.getMessage()).contains("closed");
                }
              });
      reading.await();
      warehouse.close();
      reader.get(10, TimeUnit.SECONDS);
    }
  }
}
