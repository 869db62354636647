package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ArrowMemory;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A query of another database, read row by row through its driver and handed on in batches. */
final class JdbcSource extends Source {
  /** How many rows a batch has, and how many the driver is asked to fetch at a time. */
  private static final int BATCH_ROWS = 10_000;

  private final DataSource database;
  private final String sql;
  private final @Nullable Object[] parameters;

  JdbcSource(DataSource database, String sql, @Nullable Object[] parameters) {
    this.database = Objects.requireNonNull(database, "database");
    this.sql = Objects.requireNonNull(sql, "sql");
    this.parameters = parameters.clone();
  }

  @Override
  Scan open(Scan.Context context) throws SQLException {
    ArrowMemory.requireAccess();
    Remote remote;
    try {
      remote = Remote.open(database, sql, parameters, context.watermark());
    } catch (SQLException e) {
      throw refused(context.table(), e);
    }
    try {
      JdbcReader reader =
          new JdbcReader(context.imports(), remote.rows, remote.columns, BATCH_ROWS);
      return new JdbcScan(ArrowSource.open(context, reader), reader, remote);
    } catch (SQLException | RuntimeException e) {
      remote.close();
      throw e;
    }
  }

  static MlInfraException refused(String table, SQLException error) {
    String state = error.getSQLState();
    boolean connection = state != null && state.startsWith("08");
    return new MlInfraException(
        connection ? ErrorCode.IO_FAILED : ErrorCode.QUERY_FAILED,
        "table '"
            + table
            + "' was not loaded, the other database "
            + (connection ? "cannot be reached: " : "refused: ")
            + error.getMessage(),
        error);
  }

  /** A query under way in the other database. */
  private static final class Remote implements AutoCloseable {
    private final Connection connection;
    private final PreparedStatement statement;
    private final ResultSet rows;
    private final JdbcColumns columns;

    private Remote(Connection connection, PreparedStatement statement, ResultSet rows)
        throws SQLException {
      this.connection = connection;
      this.statement = statement;
      this.rows = rows;
      this.columns = JdbcColumns.of(rows.getMetaData());
    }

    /** Nothing is left open when this throws. */
    static Remote open(
        DataSource database,
        String sql,
        @Nullable Object[] parameters,
        Optional<Watermark> watermark)
        throws SQLException {
      Connection connection = database.getConnection();
      try {
        // Many drivers, PostgreSQL's among them, hold the whole result in memory otherwise.
        connection.setAutoCommit(false);
        String beyond =
            watermark.isEmpty() ? null : JdbcWatermark.wrap(connection, sql, watermark.get());
        PreparedStatement statement =
            connection.prepareStatement(
                beyond == null ? sql : beyond,
                ResultSet.TYPE_FORWARD_ONLY,
                ResultSet.CONCUR_READ_ONLY);
        statement.setFetchSize(BATCH_ROWS);
        for (int i = 0; i < parameters.length; i++) {
          statement.setObject(i + 1, parameters[i]);
        }
        if (beyond != null) {
          statement.setObject(parameters.length + 1, JdbcWatermark.value(watermark.get()));
        }
        return new Remote(connection, statement, statement.executeQuery());
      } catch (SQLException | RuntimeException e) {
        try (connection) {
          connection.rollback();
        } catch (SQLException closing) {
          e.addSuppressed(closing);
        }
        throw e;
      }
    }

    /** The rows have been read, or the load has failed: what goes wrong now changes nothing. */
    @Override
    public void close() {
      try (connection;
          statement;
          rows) {
        connection.rollback();
      } catch (SQLException e) {
        return;
      }
    }
  }

  private record JdbcScan(Scan stream, JdbcReader reader, Remote remote) implements Scan {
    /** Casts what Arrow carries as text to the type that it has in the other database. */
    @Override
    public String from() {
      String casts =
          remote.columns.list().stream()
              .filter(column -> !column.castTo().isEmpty())
              .map(
                  column ->
                      "CAST(%1$s AS %2$s) AS %1$s"
                          .formatted(Sql.quoted(column.name()), column.castTo()))
              .collect(Collectors.joining(", "));
      return casts.isEmpty()
          ? stream.from()
          : "(SELECT * REPLACE (" + casts + ") FROM " + stream.from() + ")";
    }

    @Override
    public boolean tellsProgress() {
      return true;
    }

    @Override
    public RuntimeException failed(SQLException error) {
      return stream.failed(error);
    }

    @Override
    public void close() {
      try (remote;
          reader) {
        stream.close();
      } catch (java.io.IOException e) {
        throw new MlInfraException(
            ErrorCode.INTERNAL, "closing the rows of another database failed: " + e, e);
      }
    }
  }

  @Override
  public String toString() {
    return "Source[JDBC query]";
  }
}
