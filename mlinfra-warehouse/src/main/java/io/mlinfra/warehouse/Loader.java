package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;

/**
 * Brings what a source holds into one table, in one transaction.
 *
 * <p>A new table is one {@code CREATE TABLE … AS}, which costs a fraction of what adding row by row
 * does; {@code LoadBenchmark} measures how much.
 */
final class Loader {
  private final Database database;
  private final BufferAllocator imports;
  private final String table;
  private final Load load;

  Loader(Database database, BufferAllocator imports, String table, Load load) {
    this.database = database;
    this.imports = imports;
    this.table = table;
    this.load = load;
  }

  LoadResult load(Source source) throws SQLException {
    return attempt(source, System.nanoTime());
  }

  private LoadResult attempt(Source source, long started) throws SQLException {
    try (DuckDBConnection connection = database.connect()) {
      if (isWatched()) {
        ProgressPoll.enable(connection);
      }
      connection.setAutoCommit(false);
      Scan.Context context =
          new Scan.Context(connection, database, imports, table, load.progress(), false);
      try (Scan scan = source.open(context)) {
        try {
          long loaded = apply(connection, scan);
          List<RejectedRow> rejected = scan.rejected();
          long rows = rows(connection);
          connection.commit();
          return new LoadResult(
              table, rows, loaded, rejected, Duration.ofNanos(System.nanoTime() - started));
        } catch (SQLException e) {
          Optional<Source> instead = source.instead(e);
          if (instead.isEmpty()) {
            throw scan.failed(e);
          }
          connection.rollback();
          return attempt(instead.get(), started);
        }
      }
    }
  }

  private boolean isWatched() {
    return load.progress() != Progress.NONE;
  }

  /** Reads the scan into the table; gives the number of rows it had. */
  private long apply(DuckDBConnection connection, Scan scan) throws SQLException {
    String name = Sql.table(table);
    String rows = " SELECT * FROM " + scan.from();
    return switch (load.mode()) {
      case CREATE -> run(connection, scan, "CREATE TABLE " + name + " AS" + rows);
      case REPLACE -> run(connection, scan, "CREATE OR REPLACE TABLE " + name + " AS" + rows);
      case APPEND ->
          Catalog.has(connection, table)
              ? run(connection, scan, "INSERT INTO " + name + " BY NAME" + rows)
              : run(connection, scan, "CREATE TABLE " + name + " AS" + rows);
    };
  }

  private long run(DuckDBConnection connection, Scan scan, String sql) throws SQLException {
    boolean polled = isWatched() && !scan.tellsProgress();
    long units = polled ? scan.units() : -1;
    try (DuckDBPreparedStatement statement = connection.prepare(sql)) {
      Parameters.bind(statement, scan.parameters().toArray());
      if (!polled) {
        return statement.executeLargeUpdate();
      }
      try (Progress.Task task = load.progress().start("loading " + table, units, scan.unit());
          ProgressPoll poll = ProgressPoll.start(statement, task, units)) {
        long loaded = statement.executeLargeUpdate();
        poll.finish();
        return loaded;
      }
    }
  }

  private long rows(DuckDBConnection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet count = statement.executeQuery("SELECT count(*) FROM " + Sql.table(table))) {
      return count.next() ? count.getLong(1) : 0;
    }
  }
}
