package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

/**
 * The loads of one table that had an id, in tables of a schema of our own that are made when the
 * first of them comes.
 *
 * <p>Transactions see the state of their start. So two of them could both find an id missing, both
 * find a key new, or one could replace the table while another adds to it. What keeps their sum
 * right is: ids are a primary key; who must not run beside others of the same table changes its row
 * in {@code loaded_tables}, which DuckDB lets only one do at a time; and an id counts only with the
 * generation of the table that its load saw, which a replacement ends.
 */
final class Ledger {
  private static final String SCHEMA = "mlinfra";

  /** Others set up the same at the same time; each attempt is one of theirs done. */
  private static final int MOST_ATTEMPTS = 1_000;

  private static final long PAUSE_NANOS = 1_000_000;

  private final DuckDBConnection connection;

  /** As the tables' names are compared. */
  private final String table;

  private final String schema;
  private final String loads;
  private final String tables;
  private boolean there;

  private Ledger(DuckDBConnection connection, String table, String database) {
    this.connection = connection;
    this.table = Sql.folded(table);
    // A file of that name makes a database of that name, which hides the schema.
    this.schema = Sql.quoted(database) + "." + SCHEMA;
    this.loads = schema + ".loads";
    this.tables = schema + ".loaded_tables";
  }

  static Ledger of(DuckDBConnection connection, String table) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT current_database(), (SELECT count(*) FROM duckdb_tables()"
                    + " WHERE database_name = current_database() AND schema_name = '"
                    + SCHEMA
                    + "' AND table_name IN ('loads', 'loaded_tables'))")) {
      row.next();
      Ledger ledger = new Ledger(connection, table, row.getString(1));
      ledger.there = row.getInt(2) == 2;
      return ledger;
    }
  }

  /** Makes what is missing, in transactions of its own, on a connection that is in none. */
  void prepare() throws SQLException {
    for (int attempt = 1; ; attempt++) {
      try {
        if (!there) {
          execute("CREATE SCHEMA IF NOT EXISTS " + schema);
          execute(
              "CREATE TABLE IF NOT EXISTS "
                  + tables
                  + " (table_name VARCHAR PRIMARY KEY, generation BIGINT NOT NULL,"
                  + " changes BIGINT NOT NULL)");
          execute(
              "CREATE TABLE IF NOT EXISTS "
                  + loads
                  + " (table_name VARCHAR, generation BIGINT, id VARCHAR, loaded BIGINT NOT NULL,"
                  + " inserted BIGINT NOT NULL, updated BIGINT NOT NULL, rejected BIGINT NOT NULL,"
                  + " watermark VARCHAR, loaded_at TIMESTAMPTZ NOT NULL,"
                  + " PRIMARY KEY (table_name, generation, id))");
          there = true;
        }
        change("INSERT INTO " + tables + " VALUES (?, 0, 0) ON CONFLICT DO NOTHING", table);
        return;
      } catch (SQLException e) {
        if (attempt == MOST_ATTEMPTS || !isConflict(e)) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /**
   * Has this transaction alone write to the table, of those that do this.
   *
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if it is not
   */
  void claim() throws SQLException {
    try {
      change("UPDATE " + tables + " SET changes = changes + 1 WHERE table_name = ?", table);
    } catch (SQLException e) {
      requireNoConflict(e);
      throw e;
    }
  }

  /** Forgets the ids of before, as the table is made anew. */
  void renew() throws SQLException {
    if (!there) {
      return;
    }
    try {
      change(
          "UPDATE "
              + tables
              + " SET generation = generation + 1, changes = changes + 1 WHERE table_name = ?",
          table);
      change("DELETE FROM " + loads + " WHERE table_name = ?", table);
    } catch (SQLException e) {
      requireNoConflict(e);
      throw e;
    }
  }

  /** Whether a load was done. */
  boolean has(String id) throws SQLException {
    if (!there) {
      return false;
    }
    try (DuckDBPreparedStatement statement =
        connection.prepare(
            "SELECT 1 FROM %s JOIN %s USING (table_name, generation) WHERE table_name = ? AND id = ?"
                .formatted(loads, tables))) {
      Parameters.bind(statement, new Object[] {table, id});
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next();
      }
    }
  }

  /**
   * Writes down a load, in its transaction and at the time of its start.
   *
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if another one has written the same
   */
  void record(String id, Filling.Counts counts, int rejected, Optional<String> watermark)
      throws SQLException {
    try {
      change(
          "INSERT INTO "
              + loads
              + " SELECT table_name, generation, ?, ?, ?, ?, ?, ?, now() FROM "
              + tables
              + " WHERE table_name = ?",
          id,
          counts.loaded(),
          counts.inserted(),
          counts.updated(),
          rejected,
          watermark.orElse(null),
          table);
    } catch (SQLException e) {
      requireNoConflict(e);
      throw e;
    }
  }

  /** Those that count, the oldest first. */
  List<RecordedLoad> list() throws SQLException {
    List<RecordedLoad> list = new ArrayList<>();
    if (!there) {
      return list;
    }
    try (DuckDBPreparedStatement statement =
        connection.prepare(
            ("SELECT id, loaded, inserted, updated, rejected, watermark, loaded_at FROM %s JOIN %s"
                    + " USING (table_name, generation) WHERE table_name = ? ORDER BY loaded_at, id")
                .formatted(loads, tables))) {
      statement.setString(1, table);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          list.add(
              new RecordedLoad(
                  rows.getString(1),
                  rows.getLong(2),
                  rows.getLong(3),
                  rows.getLong(4),
                  rows.getLong(5),
                  Optional.ofNullable(rows.getString(6)),
                  rows.getObject(7, OffsetDateTime.class).toInstant()));
        }
      }
    }
    return list;
  }

  private void requireNoConflict(SQLException error) {
    if (isConflict(error)) {
      throw new MlInfraException(
          ErrorCode.CONFLICT, "another load is writing to table '" + table + "'", error);
    }
  }

  private static boolean isConflict(SQLException error) {
    return Errors.isConflict(error)
        || Errors.message(error).startsWith("Constraint Error: Duplicate key");
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void change(String sql, @Nullable Object... parameters) throws SQLException {
    try (DuckDBPreparedStatement statement = connection.prepare(sql)) {
      Parameters.bind(statement, parameters);
      statement.executeLargeUpdate();
    }
  }
}
