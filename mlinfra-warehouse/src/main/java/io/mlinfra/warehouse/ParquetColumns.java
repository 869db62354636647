package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;

/** The columns of Parquet files, which have to be the same. */
final class ParquetColumns {
  private static final int MOST_LISTED = 10;

  private ParquetColumns() {}

  /**
   * Compares every file with the first one; one statement reads the footers of all.
   *
   * @param evolve whether a column may be missing from a file
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} naming file and columns
   */
  static void require(DuckDBConnection connection, FileSet.Found found, boolean evolve)
      throws SQLException {
    Map<String, Map<String, String>> columns = read(connection, found);
    Map<String, String> first = new LinkedHashMap<>();
    String firstFile = "";
    for (Path path : found.files()) {
      String file = Sql.path(path);
      Map<String, String> others = columns.getOrDefault(file, Map.of());
      for (String key : found.keys()) {
        if (others.keySet().stream().anyMatch(name -> Sql.same(name, key))) {
          throw new MlInfraException(
              ErrorCode.FILE_UNREADABLE,
              "'"
                  + file
                  + "' has a column '"
                  + key
                  + "', and a folder names it, too; partitions(false) takes the file's");
        }
      }
      if (firstFile.isEmpty()) {
        first.putAll(others);
        firstFile = file;
        continue;
      }
      List<String> differences = differences(first, others, evolve);
      if (!differences.isEmpty()) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE,
            "'"
                + file
                + "' differs from '"
                + firstFile
                + "': "
                + String.join(
                    ", ", differences.subList(0, Math.min(MOST_LISTED, differences.size())))
                + (differences.size() > MOST_LISTED
                    ? " and " + (differences.size() - MOST_LISTED) + " more"
                    : ""));
      }
      if (evolve) {
        others.forEach(first::putIfAbsent);
      }
    }
  }

  private static List<String> differences(
      Map<String, String> first, Map<String, String> others, boolean evolve) {
    List<String> differences = new ArrayList<>();
    others.forEach(
        (name, type) -> {
          String before = first.get(name);
          if (before != null && !before.equals(type)) {
            differences.add("column '" + name + "' is " + type + " instead of " + before);
          } else if (before == null && !evolve) {
            differences.add("column '" + name + "' is added");
          }
        });
    if (!evolve) {
      for (String name : first.keySet()) {
        if (!others.containsKey(name)) {
          differences.add("column '" + name + "' is missing");
        }
      }
    }
    return differences;
  }

  /** File to column to type; a nested type is written with its children. */
  private static Map<String, Map<String, String>> read(
      DuckDBConnection connection, FileSet.Found found) throws SQLException {
    Map<String, Map<String, String>> all = new LinkedHashMap<>();
    try (DuckDBPreparedStatement schemas =
        connection.prepare(
            "SELECT file_name, name, coalesce(num_children, 0),"
                + " coalesce(duckdb_type, converted_type, logical_type, 'STRUCT')"
                + " FROM parquet_schema("
                + found.marks()
                + ")")) {
      Parameters.bind(schemas, found.patterns().toArray());
      try (ResultSet rows = schemas.executeQuery()) {
        while (rows.next()) {
          Map<String, String> columns =
              all.computeIfAbsent(rows.getString(1), file -> new LinkedHashMap<>());
          // The first row is the root, whose children are the columns, each before its own.
          long left = rows.getLong(3);
          for (; left > 0 && rows.next(); left--) {
            String name = rows.getString(2);
            columns.put(name, type(rows));
          }
        }
      }
    }
    return all;
  }

  private static String type(ResultSet rows) throws SQLException {
    long children = rows.getLong(3);
    String type = rows.getString(4);
    if (children == 0) {
      return type;
    }
    StringBuilder nested = new StringBuilder(type).append('(');
    for (long i = 0; i < children && rows.next(); i++) {
      nested.append(i == 0 ? "" : ", ").append(rows.getString(2)).append(' ').append(type(rows));
    }
    return nested.append(')').toString();
  }
}
