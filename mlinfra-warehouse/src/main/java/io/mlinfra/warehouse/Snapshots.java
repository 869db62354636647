package io.mlinfra.warehouse;

import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.StringJoiner;
import java.util.UUID;
import org.duckdb.DuckDBConnection;

/** Tables into the registry. */
final class Snapshots {
  private Snapshots() {}

  /**
   * Takes one.
   *
   * @param connection in a transaction, so that the file and its properties tell of one state
   */
  static Version take(
      DuckDBConnection connection, String table, Registry registry, String name, WorkFolder work)
      throws SQLException {
    String quoted = Catalog.require(connection, table);
    Map<String, String> properties =
        Map.of(
            "table",
            table,
            "rows",
            Long.toString(Catalog.rows(connection, table)),
            "columns",
            columns(connection, quoted));
    Path file = work.newPath("snapshot.parquet");
    try {
      write(connection, quoted, file);
      return registry.register(
          Registration.of(Kind.DATASET, name).content(file).properties(properties));
    } finally {
      WorkFolder.delete(file);
    }
  }

  /**
   * Writes a table so that the same rows in the same order give the same bytes. Without the sort
   * the file's row groups follow the chunks in which rows happen to be stored, which differ with
   * the way they were loaded, with deletions and with the number of threads; it costs as much time
   * again.
   */
  private static void write(DuckDBConnection connection, String quoted, Path file)
      throws SQLException {
    String number = Sql.quoted("row " + UUID.randomUUID());
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "COPY (SELECT * EXCLUDE (%1$s) FROM (SELECT *, row_number() OVER () AS %1$s FROM %2$s)"
                  .formatted(number, quoted)
              + " ORDER BY %s) TO %s".formatted(number, Sql.literal(Sql.path(file)))
              + " (FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true)");
    }
  }

  /** {@code date TIMESTAMP, delay BIGINT}. */
  private static String columns(DuckDBConnection connection, String quoted) throws SQLException {
    StringJoiner columns = new StringJoiner(", ");
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("DESCRIBE SELECT * FROM " + quoted)) {
      while (rows.next()) {
        columns.add(rows.getString("column_name") + " " + rows.getString("column_type"));
      }
    }
    return columns.toString();
  }
}
