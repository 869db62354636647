package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.WarehouseOptions;
import java.io.IOException;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;

/** The ways to get rows into a table in memory; each replaces what the last one left. */
final class Appending implements AutoCloseable {
  private static final int JDBC_BATCH = 1_000;

  private final BufferAllocator allocator = new RootAllocator();
  private final AppendRows rows;
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());
  private final DuckDBConnection connection;

  Appending(int count) throws SQLException {
    rows = new AppendRows(allocator, count);
    connection = new DuckDBDriver().connect("jdbc:duckdb:", null).unwrap(DuckDBConnection.class);
  }

  long run(String rival) throws SQLException, IOException {
    return switch (rival) {
      case "ours" -> ours();
      case "raw" -> raw();
      case "appender" -> appender();
      case "jdbc-batch" -> jdbc();
      default -> throw new IllegalArgumentException(rival);
    };
  }

  private long ours() throws IOException {
    try (ArrowReader reader = rows.reader()) {
      return warehouse.load("rows", Source.arrow(reader)).rows();
    }
  }

  private long raw() throws SQLException {
    try (ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator);
        Statement statement = connection.createStatement()) {
      Data.exportArrayStream(allocator, rows.reader(), stream);
      connection.registerArrowStream("given", stream);
      statement.execute("CREATE OR REPLACE TABLE rows AS FROM given");
      statement.execute("DROP VIEW given");
    }
    return rows.rows();
  }

  private long appender() throws SQLException {
    create();
    try (DuckDBAppender appender = connection.createAppender("rows")) {
      for (int row = 0; row < rows.rows(); row++) {
        appender.beginRow();
        appender.append((long) row);
        appender.append(rows.bucket(row));
        appender.append(rows.amount(row));
        appender.append(rows.ratio(row));
        appender.append(rows.name(row));
        appender.endRow();
      }
    }
    return rows.rows();
  }

  private long jdbc() throws SQLException {
    create();
    connection.setAutoCommit(false);
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO rows VALUES (?, ?, ?, ?, ?)")) {
      for (int row = 0; row < rows.rows(); row++) {
        insert.setLong(1, row);
        insert.setInt(2, rows.bucket(row));
        insert.setDouble(3, rows.amount(row));
        insert.setDouble(4, rows.ratio(row));
        insert.setString(5, rows.name(row));
        insert.addBatch();
        if (row % JDBC_BATCH == JDBC_BATCH - 1) {
          insert.executeBatch();
        }
      }
      insert.executeBatch();
      connection.commit();
    } finally {
      connection.setAutoCommit(true);
    }
    return rows.rows();
  }

  private void create() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE OR REPLACE TABLE rows " + AppendRows.DDL);
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
    warehouse.close();
    rows.close();
    allocator.close();
  }
}
