package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
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
  /** What a statement's progress is counted in. */
  private static final int WHOLE = 100;

  private final DuckDBConnection connection;
  private final DuckDBPreparedStatement statement;
  private final Running running;
  private final Progress progress;

  private Call(
      DuckDBConnection connection,
      DuckDBPreparedStatement statement,
      Running running,
      Progress progress) {
    this.connection = connection;
    this.statement = statement;
    this.running = running;
    this.progress = progress;
  }

  /** What a call is made of. */
  record Text(List<String> prelude, String sql, @Nullable Object[] parameters) {}

  /**
   * Prepares a statement that the caller of the library wrote, in a step of the run.
   *
   * @param text with statements of our own that run before it on the same connection
   * @param running what may end it; closed by the caller
   */
  static Call prepare(Database database, Text text, Running running, Progress progress)
      throws SQLException {
    Statements.requireSingle(text.sql());
    DuckDBConnection connection = database.connect();
    try {
      running.attach(connection);
      if (progress != Progress.NONE) {
        ProgressPoll.enable(connection);
      }
      for (String before : text.prelude()) {
        try (Statement statement = connection.createStatement()) {
          statement.execute(before);
        }
      }
      DuckDBPreparedStatement statement = connection.prepare(text.sql());
      running.attach(statement);
      Parameters.bind(statement, text.parameters());
      return new Call(connection, statement, running, progress);
    } catch (SQLException | RuntimeException e) {
      running.detach();
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
    if (progress == Progress.NONE) {
      return runUnwatched();
    }
    try (Progress.Task task = progress.start("running the statement", WHOLE, "percent");
        ProgressPoll poll = ProgressPoll.start(statement, task, WHOLE)) {
      long changed = runUnwatched();
      poll.finish();
      return changed;
    }
  }

  private long runUnwatched() throws SQLException {
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
    running.detach();
    try (connection) {
      statement.close();
    }
  }
}
