package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Snapshot.Column;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.UUID;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.duckdb.DuckDBResultSetMetaData;
import org.duckdb.StatementReturnType;

/**
 * A temporary copy of the rows that a snapshot is taken of, in their order. They are gone through
 * several times and must be the same each time, whatever the query; and where they stand in the
 * copy is their number, whatever happened to the table before. The connection's end is its end.
 */
final class FrozenRows {
  private final DuckDBConnection connection;
  private final String table;
  private final List<Column> columns;

  /** How the columns are called here, quoted. */
  private final List<String> names;

  private final String hash;

  /** Rows that follow one another. */
  record Range(long first, long end) {
    long rows() {
      return end - first;
    }
  }

  private FrozenRows(DuckDBConnection connection, String table) throws SQLException {
    this.connection = connection;
    this.table = table;
    this.columns = columns(connection, table);
    this.names = new ArrayList<>();
    StringJoiner hashed = new StringJoiner(", ");
    for (Column column : columns) {
      ColumnTypes.requireKept(column);
      String name = renamed(column);
      names.add(name);
      hashed.add(ColumnTypes.hashed(name, column.type()));
    }
    this.hash = hashed.toString();
  }

  /** A column of this name would hide the number of the row. */
  private String renamed(Column column) throws SQLException {
    if (!column.name().equalsIgnoreCase("rowid")) {
      return Sql.quoted(column.name());
    }
    String other = Sql.quoted(UUID.randomUUID().toString());
    run("ALTER TABLE " + table + " RENAME COLUMN " + Sql.quoted(column.name()) + " TO " + other);
    return other;
  }

  /** The rows of a table or view. */
  static FrozenRows ofTable(DuckDBConnection connection, String name) throws SQLException {
    String copy = newName();
    // In one transaction the table that was looked up is the one that is read.
    connection.setAutoCommit(false);
    String from = Catalog.require(connection, name);
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMP TABLE " + copy + " AS SELECT * FROM " + from);
    }
    connection.commit();
    connection.setAutoCommit(true);
    return new FrozenRows(connection, copy);
  }

  /** What a query gives. */
  static FrozenRows ofQuery(DuckDBConnection connection, String sql) throws SQLException {
    String query = Statements.single(sql);
    try (DuckDBPreparedStatement statement = connection.prepare(query)) {
      if (statement.getParameterMetaData().getParameterCount() > 0) {
        throw new MlInfraException(
            ErrorCode.QUERY_FAILED, "the query of a snapshot must have no parameters: " + sql);
      }
      StatementReturnType returns =
          ((DuckDBResultSetMetaData) statement.getMetaData()).getReturnType();
      if (returns != StatementReturnType.QUERY_RESULT) {
        throw new MlInfraException(
            ErrorCode.QUERY_FAILED, "the query of a snapshot must give rows: " + sql);
      }
    }
    String copy = newName();
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMP TABLE " + copy + " AS " + query);
    }
    return new FrozenRows(connection, copy);
  }

  private static String newName() {
    return Sql.quoted("snapshot " + UUID.randomUUID());
  }

  /** The columns of anything that can stand behind {@code FROM}. */
  static List<Column> columns(DuckDBConnection connection, String from) throws SQLException {
    List<Column> columns = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("DESCRIBE SELECT * FROM " + from)) {
      while (rows.next()) {
        columns.add(new Column(rows.getString("column_name"), rows.getString("column_type")));
      }
    }
    return columns;
  }

  List<Column> columns() {
    return columns;
  }

  /**
   * Cuts the rows into parts, at least one. Where a part ends is decided by the hash of its last
   * row and not by its number, so that after rows that were added or removed the parts are soon the
   * same again.
   */
  List<Range> cut(PartSizes sizes) throws SQLException {
    List<Range> parts = new ArrayList<>();
    long first = 0;
    try (Statement statement = connection.createStatement();
        ResultSet ends =
            statement.executeQuery(
                "SELECT r FROM (SELECT rowid AS r, hash(%s) AS h FROM %s)".formatted(hash, table)
                    + " WHERE h %% %d = 0 ORDER BY r".formatted(sizes.mean()))) {
      while (ends.next()) {
        long end = ends.getLong(1) + 1;
        first = cutLong(parts, first, end, sizes);
        if (end - first >= sizes.least()) {
          parts.add(new Range(first, end));
          first = end;
        }
      }
    }
    long rows = rows();
    first = cutLong(parts, first, rows, sizes);
    if (first < rows || parts.isEmpty()) {
      parts.add(new Range(first, rows));
    }
    return parts;
  }

  private static long cutLong(List<Range> parts, long from, long end, PartSizes sizes) {
    long first = from;
    while (end - first > sizes.most()) {
      parts.add(new Range(first, first + sizes.most()));
      first += sizes.most();
    }
    return first;
  }

  private long rows() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + table)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /**
   * 128 bits by which to recognise the same rows in the same order: two sums over hashes of each
   * row and its place. DuckDB's hash has 64 bits and is made for speed, not against people who look
   * for collisions.
   */
  String fingerprint(Range range) throws SQLException {
    String sql =
        "SELECT coalesce(sum(hash(h, r)::HUGEINT), 0) & 18446744073709551615::HUGEINT,"
            + " coalesce(sum(hash(i, r)::HUGEINT), 0) & 18446744073709551615::HUGEINT"
            + " FROM (SELECT rowid - %1$d AS r, hash(%3$s) AS h, hash('2', %3$s) AS i FROM %4$s"
            + " WHERE rowid >= %1$d AND rowid < %2$d)";
    try (Statement statement = connection.createStatement();
        ResultSet sums =
            statement.executeQuery(sql.formatted(range.first(), range.end(), hash, table))) {
      sums.next();
      return hex(sums.getString(1)) + hex(sums.getString(2));
    }
  }

  private static String hex(String sum) {
    return String.format("%016x", Long.parseUnsignedLong(sum));
  }

  /**
   * Writes rows to a Parquet file. The same rows in the same order give the same bytes: without the
   * sort they would follow the chunks in which the rows happen to be stored. It costs a fifth of
   * the time.
   */
  void write(Range range, Path file) throws SQLException {
    StringJoiner stored = new StringJoiner(", ");
    for (int i = 0; i < names.size(); i++) {
      stored.add(
          ColumnTypes.stored(names.get(i), columns.get(i).type())
              + " AS "
              + Sql.quoted(columns.get(i).name()));
    }
    // Qualified, since a column of the snapshot may be called like that.
    String sorted =
        "SELECT %s FROM %s AS t WHERE t.rowid >= %d AND t.rowid < %d ORDER BY t.rowid"
            .formatted(stored, table, range.first(), range.end());
    run(
        "COPY (%s) TO %s".formatted(sorted, Sql.literal(Sql.path(file)))
            + " (FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true, ROW_GROUP_SIZE %d)"
                .formatted(PartSizes.DEFAULT.most()));
  }

  private void run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
