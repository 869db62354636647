package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * Brings what a source holds into one table, in one transaction, with the load's id in it.
 *
 * <p>A new table is one {@code CREATE TABLE … AS}, which costs a fraction of what adding row by row
 * does; {@code LoadBenchmark} measures how much.
 */
final class Loader {
  private final Database database;
  private final BufferAllocator imports;
  private final String table;
  private final Load load;
  private final long started = System.nanoTime();

  Loader(Database database, BufferAllocator imports, String table, Load load) {
    this.database = database;
    this.imports = imports;
    this.table = table;
    this.load = load;
  }

  LoadResult load(Source source) throws SQLException {
    try (Running running = new Running("load", load.timeout(), closed -> {})) {
      return running.step(() -> load(source, running));
    }
  }

  private LoadResult load(Source source, Running running) throws SQLException {
    try {
      return attempt(source, running);
    } catch (SQLException e) {
      return repeated(Errors.of(e)).orElseThrow(() -> e);
    } catch (MlInfraException e) {
      return repeated(e).orElseThrow(() -> e);
    }
  }

  /** The result where the conflict was with the same load, which has been done meanwhile. */
  private Optional<LoadResult> repeated(MlInfraException failure) throws SQLException {
    if (failure.code() != ErrorCode.CONFLICT || load.id().isEmpty()) {
      return Optional.empty();
    }
    try (DuckDBConnection connection = database.connect()) {
      connection.setAutoCommit(false);
      return repeated(connection, stored(connection), Ledger.of(connection, table));
    }
  }

  private Optional<LoadResult> repeated(
      DuckDBConnection connection, @Nullable String stored, Ledger ledger) throws SQLException {
    return stored != null && load.id().isPresent() && ledger.has(load.id().get())
        ? Optional.of(new LoadResult(table, rows(connection), 0, 0, 0, List.of(), true, elapsed()))
        : Optional.empty();
  }

  private LoadResult attempt(Source source, Running running) throws SQLException {
    try (DuckDBConnection connection = database.connect()) {
      running.attach(connection);
      try {
        return attempt(source, connection, running);
      } finally {
        running.detach();
      }
    }
  }

  private LoadResult attempt(Source source, DuckDBConnection connection, Running running)
      throws SQLException {
    if (load.progress() != Progress.NONE) {
      ProgressPoll.enable(connection);
    }
    // These two find out what is there and act on it, which another must not change meanwhile.
    boolean alone = load.mode() == Load.Mode.UPSERT || load.since().isPresent();
    Ledger ledger = Ledger.of(connection, table);
    if (alone || load.id().isPresent()) {
      ledger.prepare();
    }
    connection.setAutoCommit(false);
    if (alone) {
      ledger.claim();
    }
    String stored = stored(connection);
    Optional<LoadResult> repeated = repeated(connection, stored, ledger);
    if (repeated.isPresent()) {
      return repeated.get();
    }
    Filling filling = Filling.of(connection, table, stored, load);
    if (filling.creates()) {
      ledger.renew();
    }
    Since since = filling.since();
    Scan.Context context =
        new Scan.Context(
            connection,
            database,
            imports,
            table,
            load.progress(),
            since == null ? Optional.empty() : since.watermark(),
            load.evolves());
    source.roots().forEach(database.files()::requireReadable);
    Source typed = source.typed(filling.types());
    try (Scan scan = typed.open(context)) {
      try {
        Filling.Counts counts = filling.fill(scan);
        return finish(connection, ledger, since, counts, scan.rejected());
      } catch (SQLException e) {
        MlInfraException known = known(e, since);
        if (known != null) {
          throw known;
        }
        Optional<Source> instead = typed.instead(e);
        if (instead.isPresent()) {
          connection.rollback();
          return attempt(instead.get(), running);
        }
        throw filling.mayBlameSource(e) ? scan.failed(e) : Errors.of(e);
      }
    }
  }

  private LoadResult finish(
      DuckDBConnection connection,
      Ledger ledger,
      @Nullable Since since,
      Filling.Counts counts,
      List<RejectedRow> rejected)
      throws SQLException {
    long rows = rows(connection);
    if (load.id().isPresent()) {
      Optional<String> watermark = since == null ? Optional.empty() : since.text(table);
      ledger.record(load.id().get(), counts, rejected.size(), watermark);
    }
    connection.commit();
    return new LoadResult(
        table,
        rows,
        counts.loaded(),
        counts.inserted(),
        counts.updated(),
        rejected,
        false,
        elapsed());
  }

  private @Nullable MlInfraException known(SQLException error, @Nullable Since since) {
    String message = Errors.message(error);
    if (since != null && Since.foundNoValue(error)) {
      return since.noValue();
    } else if (message.startsWith("Constraint Error")) {
      return new MlInfraException(
          ErrorCode.CONSTRAINT_VIOLATED,
          "table '" + table + "' refuses what the source has: " + message,
          error);
    }
    return null;
  }

  /** The table's name as it is stored; null where it is not there. */
  private @Nullable String stored(DuckDBConnection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT table_name FROM duckdb_tables()"
                    + " WHERE database_name = current_database() AND schema_name = 'main'")) {
      while (rows.next()) {
        if (Sql.folded(rows.getString(1)).equals(Sql.folded(table))) {
          return rows.getString(1);
        }
      }
    }
    return null;
  }

  private long rows(DuckDBConnection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet count = statement.executeQuery("SELECT count(*) FROM " + Sql.table(table))) {
      return count.next() ? count.getLong(1) : 0;
    }
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - started);
  }
}
