package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
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
      DuckDBConnection connection,
      String table,
      Registry registry,
      String name,
      Optional<Path> temporaryFolder)
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
    Path file = temporaryFile(temporaryFolder);
    try {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "COPY (SELECT * FROM "
                + quoted
                + ") TO "
                + Sql.literal(Sql.path(file))
                // Whatever the host's SQL set: otherwise the same table gives other bytes each
                // time.
                + " (FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true)");
      }
      return registry.register(Kind.DATASET, name, file, properties, List.of());
    } finally {
      delete(file);
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

  private static Path temporaryFile(Optional<Path> folder) {
    try {
      if (folder.isEmpty()) {
        return Files.createTempFile("mlinfra-snapshot", ".parquet");
      }
      Files.createDirectories(folder.get());
      return Files.createTempFile(folder.get(), "mlinfra-snapshot", ".parquet");
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "no temporary file for a snapshot: " + e.getMessage(), e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "'" + file + "' cannot be deleted: " + e.getMessage(), e);
    }
  }
}
