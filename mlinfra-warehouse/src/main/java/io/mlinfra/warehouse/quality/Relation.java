package io.mlinfra.warehouse.quality;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import java.util.ArrayList;
import java.util.List;

/** What is looked at: a table, or the result of a query. */
record Relation(boolean isTable, String text) {
  /** Stands for the relation in a statement; nobody's table is called so. */
  static final String NAME = "\"mlinfra relation\"";

  private static final int LONGEST_NAME = 255;
  private static final int MOST_LISTED = 20;

  /** A column with DuckDB's name of its type. */
  record Column(String name, String type) {
    ColumnKind kind() {
      return ColumnKind.of(type);
    }
  }

  Relation {
    if (text.isBlank() || isTable && text.length() > LONGEST_NAME) {
      throw new IllegalArgumentException(
          isTable
              ? "table ('"
                  + text.substring(0, Math.min(40, text.length()))
                  + "') must be 1 to "
                  + LONGEST_NAME
                  + " characters, not blank"
              : "query must not be blank");
    }
  }

  static Relation table(String name) {
    return new Relation(true, name);
  }

  static Relation query(String sql) {
    String text = sql.strip();
    return new Relation(false, text.endsWith(";") ? text.substring(0, text.length() - 1) : text);
  }

  /** How messages call it. */
  String label() {
    return isTable ? "table '" + text + "'" : "the query";
  }

  /** Its stable text. */
  String definition() {
    return "on " + Constraint.oneLine(isTable ? Fragment.quoted(text) : text);
  }

  /** What stands behind FROM. */
  String from() {
    return isTable ? Fragment.quoted(text) : Fragment.enclosed(text);
  }

  /**
   * Stands before a statement that selects from {@link #NAME}.
   *
   * @param often read more than once, so that a query is worth keeping while the statement runs
   */
  String with(boolean often) {
    return "WITH "
        + NAME
        + (often && !isTable ? " AS MATERIALIZED (" : " AS NOT MATERIALIZED (")
        + "SELECT * FROM "
        + from()
        + ")\n";
  }

  /**
   * Its columns.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such table
   */
  List<Column> columns(Warehouse warehouse) {
    if (isTable) {
      // Selecting from a name that is no table's would read a file of that name.
      List<String> tables = warehouse.tables();
      if (tables.stream().noneMatch(name -> Fragment.same(name, text))) {
        throw new MlInfraException(
            ErrorCode.NAME_UNKNOWN, "there is no table '" + text + "'; " + listed(tables));
      }
    }
    List<Column> columns = new ArrayList<>();
    for (List<Object> row : Rows.of(warehouse, "DESCRIBE SELECT * FROM " + from(), List.of())) {
      columns.add(new Column(String.valueOf(row.get(0)), String.valueOf(row.get(1))));
    }
    return columns;
  }

  /**
   * One of the columns, whatever the case of its letters.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name
   */
  Column column(List<Column> columns, String name) {
    for (Column column : columns) {
      if (Fragment.same(column.name(), name)) {
        return column;
      }
    }
    throw new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        label()
            + " has no column '"
            + name
            + "'; "
            + listed(columns.stream().map(Column::name).toList()));
  }

  private static String listed(List<String> names) {
    if (names.isEmpty()) {
      return "there is none at all";
    }
    return "there are "
        + String.join(", ", names.subList(0, Math.min(names.size(), MOST_LISTED)))
        + (names.size() > MOST_LISTED ? " and " + (names.size() - MOST_LISTED) + " more" : "");
  }
}
