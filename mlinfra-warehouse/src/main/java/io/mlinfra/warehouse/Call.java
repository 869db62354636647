package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.UUID;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.duckdb.DuckDBResultSetMetaData;
import org.duckdb.StatementReturnType;
import org.jspecify.annotations.Nullable;

/** One statement with its parameters on a connection of its own. Not thread-safe. */
final class Call implements AutoCloseable {
  private static final List<Class<?>> PLAIN =
      List.of(
          Boolean.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class,
          BigInteger.class,
          BigDecimal.class,
          String.class,
          byte[].class,
          UUID.class,
          LocalDate.class,
          LocalTime.class,
          LocalDateTime.class,
          OffsetDateTime.class);

  private final DuckDBConnection connection;
  private final DuckDBPreparedStatement statement;

  private Call(DuckDBConnection connection, DuckDBPreparedStatement statement) {
    this.connection = connection;
    this.statement = statement;
  }

  /** Prepares a statement that the caller of the library wrote. */
  static Call prepare(Database database, String sql, @Nullable Object[] parameters)
      throws SQLException {
    Statements.requireSingle(sql);
    DuckDBConnection connection = database.connect();
    try {
      DuckDBPreparedStatement statement = connection.prepare(sql);
      bind(statement, parameters);
      return new Call(connection, statement);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static void bind(DuckDBPreparedStatement statement, @Nullable Object[] parameters)
      throws SQLException {
    int expected = statement.getParameterMetaData().getParameterCount();
    if (expected != parameters.length) {
      throw new IllegalArgumentException(
          "the statement has "
              + expected
              + " parameters and was given "
              + parameters.length
              + " values");
    }
    for (int i = 0; i < parameters.length; i++) {
      statement.setObject(i + 1, value(i + 1, parameters[i]));
    }
  }

  private static @Nullable Object value(int position, @Nullable Object value) {
    if (value == null || PLAIN.contains(value.getClass())) {
      return value;
    } else if (value instanceof Instant instant) {
      return instant.atOffset(ZoneOffset.UTC);
    } else if (value instanceof ZonedDateTime moment) {
      return moment.toOffsetDateTime();
    }
    // java.sql.Timestamp and its kin mean another moment in every zone.
    throw new IllegalArgumentException(
        "parameter "
            + position
            + " has type "
            + value.getClass().getName()
            + "; pass a number, Boolean, String, byte[], UUID or a moment, date or time of"
            + " java.time");
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

  /** Makes a running statement fail. May be called from any thread. */
  void cancel() throws SQLException {
    statement.cancel();
  }

  @Override
  public void close() throws SQLException {
    try (connection) {
      statement.close();
    }
  }
}
