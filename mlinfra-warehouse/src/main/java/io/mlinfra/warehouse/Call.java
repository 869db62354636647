package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.duckdb.DuckDBResultSetMetaData;
import org.duckdb.StatementReturnType;
import org.jspecify.annotations.Nullable;

/** One statement with its parameters on a connection of its own. Not thread-safe. */
final class Call implements AutoCloseable {
  private final DuckDBConnection connection;
  private final DuckDBPreparedStatement statement;

  private Call(DuckDBConnection connection, DuckDBPreparedStatement statement) {
    this.connection = connection;
    this.statement = statement;
  }

  /**
   * Prepares a statement that the caller of the library wrote.
   *
   * @param prelude statements of our own that run before it on the same connection
   */
  static Call prepare(
      Database database, List<String> prelude, String sql, @Nullable Object[] parameters)
      throws SQLException {
    Statements.requireSingle(sql);
    DuckDBConnection connection = database.connect();
    try {
      for (String before : prelude) {
        try (Statement statement = connection.createStatement()) {
          statement.execute(before);
        }
      }
      DuckDBPreparedStatement statement = connection.prepare(sql);
      Parameters.bind(statement, parameters);
      return new Call(connection, statement);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** Runs what gives rows. */
  ResultSet rows() throws SQLException {
    if (returns() != StatementReturnType.QUERY_RESULT) {
      throw new MlInfraException(
          ErrorCode.QUERY_FAILED, "the statement gives no rows; pass it to execute");
    }
    return statement.executeQuery();
  }

  /** Runs whatever it is; gives the number of affected rows. */
  long run() throws SQLException {
    if (statement.execute()) {
      // Results come lazily: what a statement does besides giving rows happens while they are read.
      try (ResultSet rows = statement.getResultSet()) {
        long count = 0;
        while (rows.next()) {
          count++;
        }
        return count;
      }
    }
    return Math.max(0, statement.getLargeUpdateCount());
  }

  private StatementReturnType returns() throws SQLException {
    return ((DuckDBResultSetMetaData) statement.getMetaData()).getReturnType();
  }

  @Override
  public void close() throws SQLException {
    try (connection) {
      statement.close();
    }
  }
}
