package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

/** The columns of a table or a scan, in their order, found by name as DuckDB does. Immutable. */
final class Columns {
  /**
   * A column.
   *
   * @param name as it is spelt
   * @param type as DuckDB writes it
   * @param optional whether rows may come without it, as it has a default or is generated
   */
  record Column(String name, String type, boolean optional) {}

  private final Map<String, Column> columns;

  private Columns(Map<String, Column> columns) {
    this.columns = columns;
  }

  /** What a scan will give; binds it and reads none of its rows. */
  static Columns of(DuckDBConnection connection, Scan scan) throws SQLException {
    return described(connection, scan.from(), scan.parameters(), Set.of());
  }

  /**
   * Those of a table.
   *
   * @param table its stored name
   */
  static Columns of(DuckDBConnection connection, String table) throws SQLException {
    // DuckDB shows a generated column's expression as its default.
    Set<String> optional = new HashSet<>();
    try (DuckDBPreparedStatement statement =
        connection.prepare(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database()"
                + " AND schema_name = 'main' AND table_name = ? AND column_default IS NOT NULL")) {
      statement.setString(1, table);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          optional.add(Sql.folded(rows.getString(1)));
        }
      }
    }
    return described(connection, Sql.quoted(table), List.of(), optional);
  }

  private static Columns described(
      DuckDBConnection connection,
      String from,
      List<@Nullable Object> parameters,
      Set<String> optional)
      throws SQLException {
    Map<String, Column> columns = new LinkedHashMap<>();
    try (DuckDBPreparedStatement statement = connection.prepare("DESCRIBE SELECT * FROM " + from)) {
      Parameters.bind(statement, parameters.toArray());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String name = rows.getString("column_name");
          String key = Sql.folded(name);
          columns.put(key, new Column(name, rows.getString("column_type"), optional.contains(key)));
        }
      }
    }
    return new Columns(columns);
  }

  /** The type of each. */
  Map<String, String> types() {
    return columns.values().stream().collect(Collectors.toMap(Column::name, Column::type));
  }

  List<Column> all() {
    return List.copyOf(columns.values());
  }

  Optional<Column> find(String name) {
    return Optional.ofNullable(columns.get(Sql.folded(name)));
  }

  /**
   * A column that the caller named.
   *
   * @param what it is named for
   * @param whose columns these are
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it is not there
   */
  Column require(String what, String name, String whose) {
    return find(name)
        .orElseThrow(
            () ->
                new MlInfraException(
                    ErrorCode.NAME_UNKNOWN,
                    "the %s '%s' is no column of %s; there are %s"
                        .formatted(what, name, whose, this)));
  }

  /** The names, for an error message. */
  @Override
  public String toString() {
    return columns.values().stream().map(Column::name).limit(50).collect(Collectors.joining(", "));
  }

  /** All of them quoted, for SQL. */
  static String quoted(List<Column> columns) {
    return columns.stream()
        .map(column -> Sql.quoted(column.name()))
        .collect(Collectors.joining(", "));
  }

  /**
   * How the columns of a source go into a table.
   *
   * @param columns those of the table that get values, in its spelling and with its types
   * @param added those that the table has not got yet, in the source's spelling
   */
  record Match(List<Column> columns, List<Column> added) {}

  /**
   * Compares these, of a table, with those of a source.
   *
   * @param guessed whether the source's types were found out from its values
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if they do not fit, listing all that
   *     differs
   */
  Match match(String table, Columns source, boolean evolve, boolean guessed) {
    List<Column> matched = new ArrayList<>();
    List<Column> added = new ArrayList<>();
    List<String> retyped = new ArrayList<>();
    for (Column from : source.columns.values()) {
      Column to = columns.get(Sql.folded(from.name()));
      if (to == null) {
        added.add(from);
      } else {
        matched.add(to);
        if (!Widening.fits(from.type(), to.type())
            && !(guessed && Widening.mayMean(from.type(), to.type()))) {
          retyped.add("'%s' is %s, the table has %s".formatted(to.name(), from.type(), to.type()));
        }
      }
    }
    List<Column> missing =
        columns.values().stream()
            .filter(column -> !column.optional() && source.find(column.name()).isEmpty())
            .toList();
    List<String> differences = new ArrayList<>();
    if (!evolve || matched.isEmpty()) {
      list(differences, "added: ", added);
      list(differences, "missing: ", missing);
    }
    boolean curable = !evolve && !matched.isEmpty() && retyped.isEmpty();
    differences.addAll(retyped);
    if (matched.isEmpty()) {
      throw unsuitable(
          "the source and table '" + table + "' have no column in common: ", differences, "");
    }
    if (!differences.isEmpty()) {
      throw unsuitable(
          "the source does not fit table '" + table + "': ",
          differences,
          curable ? "; Load.evolve() allows that" : "");
    }
    return new Match(List.copyOf(matched), List.copyOf(added));
  }

  private static MlInfraException unsuitable(String start, List<String> differences, String end) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE, start + String.join("; ", differences) + end);
  }

  private static void list(List<String> differences, String what, List<Column> columns) {
    if (!columns.isEmpty()) {
      differences.add(
          columns.stream()
              .map(column -> column.name() + " " + column.type())
              .collect(Collectors.joining(", ", what, "")));
    }
  }
}
