package io.mlinfra.warehouse;

import io.mlinfra.core.Gate;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/** Connections to one warehouse for code that speaks JDBC. Thread-safe. */
final class WarehouseDataSource implements DataSource, AutoCloseable {
  /** "Connection does not exist", as SQL has it. */
  private static final String CLOSED = "08003";

  private final String label;
  private final Gate gate;
  private final Database database;

  /** The open ones, the newest last; its own lock. */
  private final Deque<DuckDBConnection> open = new ArrayDeque<>();

  WarehouseDataSource(String label, Gate gate, Database database) {
    this.label = label;
    this.gate = gate;
    this.database = database;
  }

  @Override
  @SuppressWarnings("try") // the pass is held, not used
  public Connection getConnection() throws SQLException {
    try (Gate.Pass pass = enter()) {
      DuckDBConnection connection = database.connect();
      try (Statement statement = connection.createStatement()) {
        // A result that is still being read ends when the next statement starts, without a word in
        // DuckDB 1.5 and with an error in 2.0. JDBC code has several open.
        statement.execute("SET SESSION jdbc_stream_results = false");
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
      synchronized (open) {
        open.addLast(connection);
      }
      return GuardedJdbc.connection(this, connection);
    }
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new SQLFeatureNotSupportedException(label + " knows no users; call getConnection()");
  }

  Database database() {
    return database;
  }

  /** For one call, which closing the warehouse waits for. */
  Gate.Pass enter() throws SQLException {
    Gate.Pass pass = gate.tryEnter();
    if (pass == null) {
      throw new SQLException(label + " is closed", CLOSED);
    }
    return pass;
  }

  void close(DuckDBConnection connection) throws SQLException {
    synchronized (open) {
      open.remove(connection);
    }
    connection.close();
  }

  /** Closes the connections that are still open, the newest first. */
  @Override
  public void close() {
    SQLException failure = null;
    while (true) {
      DuckDBConnection newest;
      synchronized (open) {
        newest = open.pollLast();
      }
      if (newest == null) {
        break;
      }
      try {
        newest.close();
      } catch (SQLException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw Errors.of(failure);
    }
  }

  @Override
  public @Nullable PrintWriter getLogWriter() {
    return null;
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
    if (out != null) {
      throw new SQLFeatureNotSupportedException("nothing is logged");
    }
  }

  @Override
  public int getLoginTimeout() {
    return 0;
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    if (seconds != 0) {
      throw new SQLFeatureNotSupportedException("connecting does not wait for anybody");
    }
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException("nothing is logged");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw new SQLException(this + " is no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }

  @Override
  public String toString() {
    return "DataSource of " + label;
  }
}
