package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBResultSet;

/** The tables and views that are there. */
final class Catalog {
  private static final int MOST_LISTED = 20;

  private Catalog() {}

  static List<String> tables(DuckDBConnection connection) throws SQLException {
    List<String> names = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT table_name AS name FROM duckdb_tables()"
                    + " WHERE database_name = current_database() AND schema_name = 'main'"
                    + " UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
                    + " AND database_name = current_database() AND schema_name = 'main'"
                    + " ORDER BY name")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return List.copyOf(names);
  }

  /**
   * The table's name as it is stored, quoted. In the transaction that looks it up, selecting from
   * it is safe; the name of what is no table DuckDB takes for a file to read.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such table or view
   */
  static String require(DuckDBConnection connection, String table) throws SQLException {
    Sql.table(table);
    List<String> names = tables(connection);
    if (names.contains(table)) {
      return Sql.quoted(table);
    }
    for (String name : names) {
      if (Sql.same(name, table)) {
        return Sql.quoted(name);
      }
    }
    throw new MlInfraException(
        ErrorCode.NAME_UNKNOWN, "there is no table '" + table + "'; " + listed(names));
  }

  /** Whether there is a table or view of that name. */
  static boolean has(DuckDBConnection connection, String table) throws SQLException {
    return tables(connection).stream().anyMatch(name -> Sql.same(name, table));
  }

  static long rows(DuckDBConnection connection, String table) throws SQLException {
    String name = require(connection, table);
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + name)) {
      return rows.next() ? rows.getLong(1) : 0;
    }
  }

  static Schema schema(DuckDBConnection connection, String table, BufferAllocator allocator)
      throws SQLException {
    String name = require(connection, table);
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT * FROM " + name + " LIMIT 0");
        ArrowReader reader =
            (ArrowReader) rows.unwrap(DuckDBResultSet.class).arrowExportStream(allocator, 1)) {
      return reader.getVectorSchemaRoot().getSchema();
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.INTERNAL, "table '" + table + "' has no schema: " + e.getMessage(), e);
    }
  }

  /** What there is, for an error message. */
  static String listed(List<String> names) {
    if (names.isEmpty()) {
      return "there is none at all";
    }
    return "there are "
        + String.join(", ", names.subList(0, Math.min(names.size(), MOST_LISTED)))
        + (names.size() > MOST_LISTED ? " and " + (names.size() - MOST_LISTED) + " more" : "");
  }
}
