package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

/** The statements that bring the rows of a scan into a table, within the transaction of a load. */
final class Filling {
  /**
   * What became of the rows.
   *
   * @param loaded rows that came
   * @param updated rows of the table that were replaced
   */
  record Counts(long loaded, long updated) {
    /** Rows that came and are new. */
    long inserted() {
      return Math.max(0, loaded - updated);
    }
  }

  private static final int LONGEST_SHOWN = 100;

  private final DuckDBConnection connection;
  private final String table;
  private final Load load;

  /** The table's stored name, quoted; null where it is not there. */
  private final @Nullable String existing;

  /** Those of the table; null where rows do not go into one that is there. */
  private final @Nullable Columns columns;

  private final @Nullable Since since;
  private boolean bound;
  private boolean read;

  private Filling(
      DuckDBConnection connection,
      String table,
      Load load,
      @Nullable String existing,
      @Nullable Columns columns,
      @Nullable Since since) {
    this.connection = connection;
    this.table = table;
    this.load = load;
    this.existing = existing;
    this.columns = columns;
    this.since = since;
  }

  /**
   * Looks at the table; changes nothing.
   *
   * @param table as the caller wrote it
   * @param stored its stored name; null where it is not there
   */
  static Filling of(DuckDBConnection connection, String table, @Nullable String stored, Load load)
      throws SQLException {
    if (stored == null) {
      Since since = load.since().map(column -> Since.start(connection, column)).orElse(null);
      return new Filling(connection, table, load, null, null, since);
    }
    String quoted = Sql.quoted(stored);
    return switch (load.mode()) {
      case CREATE ->
          throw new MlInfraException(
              ErrorCode.QUERY_FAILED,
              "there is a table '" + stored + "' already; replace it, or append to it");
      case REPLACE -> new Filling(connection, table, load, quoted, null, null);
      case APPEND, UPSERT -> {
        Columns columns = Columns.of(connection, stored);
        for (String key : load.keys()) {
          columns.require("key", key, "table '" + stored + "'");
        }
        boolean inclusive = load.mode() == Load.Mode.UPSERT;
        Since since =
            load.since().isEmpty()
                ? null
                : Since.of(connection, stored, columns, load.since().get(), inclusive);
        yield new Filling(connection, table, load, quoted, columns, since);
      }
    };
  }

  /** From where rows are wanted; null for all. */
  @Nullable Since since() {
    return since;
  }

  /** The types of the table's columns; none where it is made anew. */
  Map<String, String> types() {
    return columns == null ? Map.of() : columns.types();
  }

  /** Whether the table is made anew. */
  boolean creates() {
    return columns == null;
  }

  /** Whether an error may lie in the source rather than in the table. */
  boolean mayBlameSource(SQLException error) {
    return !read && !(bound && Errors.message(error).startsWith("Binder Error"));
  }

  Counts fill(Scan scan) throws SQLException {
    if (columns == null) {
      return create(scan);
    }
    String target = Objects.requireNonNull(existing);
    Columns source = columns(scan);
    Columns.Match match = columns.match(table, source, load.evolves(), scan.guesses());
    String where = since == null ? "" : since.where(scan, source);
    for (Columns.Column added : match.added()) {
      execute(
          "ALTER TABLE %s ADD COLUMN %s %s"
              .formatted(target, Sql.quoted(added.name()), added.type()));
    }
    List<Columns.Column> all = new ArrayList<>(match.columns());
    all.addAll(match.added());
    String names = Columns.quoted(all);
    String rows =
        "SELECT "
            + all.stream().map(to -> value(source, to)).collect(Collectors.joining(", "))
            + " FROM "
            + scan.from()
            + where;
    if (load.mode() == Load.Mode.UPSERT) {
      return upsert(scan, target, names, rows);
    }
    long loaded = run(scan, "INSERT INTO " + target + " (" + names + ") " + rows);
    read = true;
    return new Counts(loaded, 0);
  }

  private Columns columns(Scan scan) throws SQLException {
    Columns source = Columns.of(connection, scan);
    bound = true;
    for (String key : load.keys()) {
      source.require("key", key, "the source");
    }
    return source;
  }

  private static String value(Columns source, Columns.Column to) {
    String name = Sql.quoted(to.name());
    boolean same = source.find(to.name()).orElse(to).type().equals(to.type());
    return same ? name : "CAST(%s AS %s) AS %s".formatted(name, to.type(), name);
  }

  private Counts create(Scan scan) throws SQLException {
    String target = Sql.table(table);
    // Most loads need not know the columns, and a file is opened once less.
    boolean looks = since != null || !load.keys().isEmpty();
    Columns source = looks ? columns(scan) : null;
    String where = since == null || source == null ? "" : since.where(scan, source);
    String verb = load.mode() == Load.Mode.REPLACE ? "CREATE OR REPLACE" : "CREATE";
    run(scan, verb + " TABLE " + target + " AS SELECT * FROM " + scan.from() + where);
    read = true;
    if (!load.keys().isEmpty()) {
      requireKeys(target);
    }
    // The driver does not tell how many rows went into a new table.
    return new Counts(Catalog.rows(connection, table), 0);
  }

  /**
   * Deletes the rows with a key that comes and inserts all that come. DuckDB's {@code MERGE} takes
   * twice the processor time (a million rows into five million: 0.5 to 0.9 s against 0.3 to 0.4 s)
   * and four times where it tells updates from inserts.
   */
  private Counts upsert(Scan scan, String target, String names, String rows) throws SQLException {
    // The rows are read three times: for their keys, to delete, to insert.
    String stage = Sql.quoted("mlinfra stage " + UUID.randomUUID());
    run(scan, "CREATE TEMP TABLE " + stage + " AS " + rows);
    read = true;
    long loaded = requireKeys(stage);
    String equal =
        load.keys().stream()
            .map(Sql::quoted)
            .map(key -> target + "." + key + " = " + stage + "." + key)
            .collect(Collectors.joining(" AND "));
    long updated = execute("DELETE FROM " + target + " USING " + stage + " WHERE " + equal);
    execute("INSERT INTO %s (%s) SELECT %s FROM %s".formatted(target, names, names, stage));
    execute("DROP TABLE " + stage);
    return new Counts(loaded, updated);
  }

  /** Makes sure that every row has a key and no two have the same; gives their number. */
  private long requireKeys(String rows) throws SQLException {
    List<String> keys = load.keys().stream().map(Sql::quoted).toList();
    String label = "key (" + String.join(", ", load.keys()) + ")";
    String anyNull = keys.stream().map(key -> key + " IS NULL").collect(Collectors.joining(" OR "));
    String names = String.join(", ", keys);
    try (Statement statement = connection.createStatement()) {
      long count;
      try (ResultSet row =
          statement.executeQuery(
              "SELECT count(*), count(*) FILTER (%s) FROM %s".formatted(anyNull, rows))) {
        row.next();
        count = row.getLong(1);
        if (row.getLong(2) > 0) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "the source has %d rows whose %s is null".formatted(row.getLong(2), label));
        }
      }
      try (ResultSet row =
          statement.executeQuery(
              "SELECT %s, count(*) FROM %s GROUP BY %s HAVING count(*) > 1 LIMIT 1"
                  .formatted(texts(keys), rows, names))) {
        if (row.next()) {
          List<String> sample = new ArrayList<>();
          for (int i = 1; i <= keys.size(); i++) {
            sample.add(shown(row.getString(i)));
          }
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "the source has %d rows with the %s = (%s); one is allowed"
                  .formatted(row.getLong(keys.size() + 1), label, String.join(", ", sample)));
        }
      }
      return count;
    }
  }

  private static String texts(List<String> keys) {
    return keys.stream()
        .map(key -> "CAST(" + key + " AS VARCHAR)")
        .collect(Collectors.joining(", "));
  }

  private static String shown(String value) {
    return value.length() <= LONGEST_SHOWN ? value : value.substring(0, LONGEST_SHOWN) + "…";
  }

  private long execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeLargeUpdate(sql);
    }
  }

  /** Runs a statement that reads the scan; gives the number of rows that an insert inserted. */
  private long run(Scan scan, String sql) throws SQLException {
    boolean polled = load.progress() != Progress.NONE && !scan.tellsProgress();
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
}
