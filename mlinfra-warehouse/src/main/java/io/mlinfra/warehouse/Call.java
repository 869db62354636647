package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.duckdb.DuckDBResultSetMetaData;
import org.duckdb.StatementReturnType;
import org.jspecify.annotations.Nullable;

/** One statement with its parameters on a connection of its own. Not thread-safe. */
final class Call implements AutoCloseable {
  /** What a statement's progress is counted in. */
  private static final int WHOLE = 100;

  /** How statements begin that can be part of another. */
  private static final Set<String> QUERIES = Set.of("select", "from", "with", "values");

  private static final Pattern RENAMED = Pattern.compile("_\\d+$");

  private final DuckDBConnection connection;
  private final Text text;
  private final DuckDBPreparedStatement statement;

  /** What the statement calls its columns, where it had to run with other names. */
  private final @Nullable List<String> names;

  private final Running running;
  private final Progress progress;

  private Call(
      DuckDBConnection connection,
      Text text,
      Prepared prepared,
      Running running,
      Progress progress) {
    this.connection = connection;
    this.text = text;
    this.statement = prepared.statement();
    this.names = prepared.names();
    this.running = running;
    this.progress = progress;
  }

  /** What a call is made of. */
  record Text(List<String> prelude, String sql, @Nullable Object[] parameters) {}

  private record Prepared(DuckDBPreparedStatement statement, @Nullable List<String> names) {}

  /** A result's columns, and DuckDB's names of their types. */
  record Columns(List<String> names, List<String> types) {
    private static Columns of(ResultSetMetaData data) throws SQLException {
      List<String> names = new ArrayList<>();
      List<String> types = new ArrayList<>();
      for (int i = 1; i <= data.getColumnCount(); i++) {
        names.add(data.getColumnName(i));
        types.add(data.getColumnTypeName(i));
      }
      return new Columns(names, types);
    }

    /** The same name twice is none that a subquery can have. */
    private boolean isAmbiguous() {
      return names.stream().map(Sql::folded).distinct().count() < names.size();
    }
  }

  /**
   * How a result is had. The driver reads rows of a lazy one, and takes an error on the way for
   * their end; only Arrow streams tell it. So rows are read from whole results, which are limited.
   *
   * @param rows the most that a query gives
   */
  record Mode(boolean lazy, long rows) {
    static final Mode LAZY = new Mode(true, Long.MAX_VALUE);
    static final Mode WHOLE = new Mode(false, Long.MAX_VALUE);

    static Mode first(long rows) {
      return new Mode(false, rows);
    }
  }

  /**
   * Prepares a statement that the caller of the library wrote, in a step of the run.
   *
   * @param text with statements of our own that run before it on the same connection
   * @param running what may end it; closed by the caller
   */
  static Call prepare(Database database, Text text, Mode mode, Running running, Progress progress)
      throws SQLException {
    Statements.requireSingle(text.sql());
    DuckDBConnection connection = database.connect();
    try {
      running.attach(connection);
      if (progress != Progress.NONE) {
        ProgressPoll.enable(connection);
      }
      try (Statement settings = connection.createStatement()) {
        if (mode.lazy()) {
          settings.execute("SET SESSION jdbc_stream_results = true");
        }
        for (String before : text.prelude()) {
          settings.execute(before);
        }
      }
      Prepared prepared = prepare(connection, text.sql(), mode.rows());
      running.attach(prepared.statement());
      Parameters.bind(prepared.statement(), text.parameters());
      return new Call(connection, text, prepared, running, progress);
    } catch (SQLException | RuntimeException e) {
      running.detach();
      connection.close();
      throw e;
    }
  }

  /**
   * With a limit, unless it is a statement such as EXPLAIN that cannot be part of another. What
   * begins as a query does is prepared with the limit only, once instead of twice. For the rest
   * DuckDB has to say first that it gives rows; within a query {@code CHECKPOINT} is the name of a
   * table.
   */
  private static Prepared prepare(DuckDBConnection connection, String sql, long rows)
      throws SQLException {
    if (rows == Long.MAX_VALUE) {
      return new Prepared(connection.prepare(sql), null);
    }
    if (QUERIES.contains(Statements.firstWord(sql))) {
      DuckDBPreparedStatement limited = limited(connection, sql, null, rows);
      if (limited != null && !mayBeRenamed(limited.getMetaData())) {
        return new Prepared(limited, null);
      }
      if (limited != null) {
        limited.close();
      }
    }
    DuckDBPreparedStatement statement = connection.prepare(sql);
    if (!gives(statement)) {
      return new Prepared(statement, null);
    }
    Columns columns = Columns.of(statement.getMetaData());
    List<String> names = columns.isAmbiguous() ? columns.names() : null;
    DuckDBPreparedStatement limited = limited(connection, sql, names, rows);
    if (limited == null) {
      return new Prepared(statement, null);
    }
    statement.close();
    return new Prepared(limited, names);
  }

  /** Null where DuckDB refuses it. */
  private static @Nullable DuckDBPreparedStatement limited(
      DuckDBConnection connection, String sql, @Nullable List<String> names, long rows) {
    String others =
        names == null
            ? ""
            : IntStream.range(0, names.size())
                .mapToObj(i -> "c" + i)
                .collect(Collectors.joining(", ", " t(", ")"));
    String from = "(" + Statements.single(sql) + "\n)";
    try {
      return connection.prepare("SELECT * FROM " + from + others + " LIMIT " + rows);
    } catch (SQLException e) {
      return null;
    }
  }

  /** In a subquery the second {@code a} is {@code a_1}. */
  private static boolean mayBeRenamed(ResultSetMetaData data) throws SQLException {
    for (int i = 2; i <= data.getColumnCount(); i++) {
      if (RENAMED.matcher(data.getColumnName(i)).find()) {
        return true;
      }
    }
    return false;
  }

  /** The columns of what {@link #rows} gave. */
  Columns columns(ResultSet rows) throws SQLException {
    Columns columns = Columns.of(rows.getMetaData());
    return names == null ? columns : new Columns(names, columns.types());
  }

  /** Runs what gives rows. */
  ResultSet rows() throws SQLException {
    if (!gives(statement)) {
      throw new MlInfraException(
          ErrorCode.QUERY_FAILED, "the statement gives no rows; pass it to execute");
    }
    try {
      return statement.executeQuery();
    } catch (SQLException e) {
      throw Errors.isLost(e) ? found(e) : e;
    }
  }

  /**
   * The error of a lazy result that failed before its first row, which the driver of DuckDB 2.0.0
   * loses. Run whole, the statement fails as it did; should it not, nothing of it stays.
   */
  private SQLException found(SQLException lost) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement settings = connection.createStatement()) {
      settings.execute("SET SESSION jdbc_stream_results = false");
      try (DuckDBPreparedStatement whole = connection.prepare(text.sql())) {
        Parameters.bind(whole, text.parameters());
        whole.execute();
        return lost;
      }
    } catch (SQLException e) {
      return e;
    } finally {
      connection.rollback();
    }
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

  private static boolean gives(DuckDBPreparedStatement statement) throws SQLException {
    return ((DuckDBResultSetMetaData) statement.getMetaData()).getReturnType()
        == StatementReturnType.QUERY_RESULT;
  }

  @Override
  public void close() throws SQLException {
    running.detach();
    try (connection) {
      statement.close();
    }
  }
}
