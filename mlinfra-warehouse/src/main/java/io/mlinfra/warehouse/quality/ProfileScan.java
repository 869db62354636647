package io.mlinfra.warehouse.quality;

import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.Relation.Column;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a relation once for everything that sketches can tell, and some columns once more. Used
 * once.
 *
 * <p>DuckDB's approximate most frequent values come without counts. Counting them again exactly
 * takes 15 to 30 ms per column and million rows; a count sketch within the first scan, as the
 * histogram of a hash, took 80 to 310.
 */
final class ProfileScan {
  /** Planning takes a time that grows with the square of it: for 100 columns, half a second. */
  private static final int COLUMNS_OF_TABLE_AT_ONCE = 32;

  /** Columns of a table cost nothing that are not read; a query runs again. */
  private static final int COLUMNS_OF_QUERY_AT_ONCE = 256;

  private final Warehouse warehouse;
  private final Relation relation;
  private long rows;
  private int scans = 1;

  ProfileScan(Warehouse warehouse, Relation relation) {
    this.warehouse = warehouse;
    this.relation = relation;
  }

  TableProfile run() {
    List<Column> columns = relation.columns(warehouse);
    int many = relation.isTable() ? COLUMNS_OF_TABLE_AT_ONCE : COLUMNS_OF_QUERY_AT_ONCE;
    List<ColumnSummary> summaries = new ArrayList<>();
    for (int from = 0; from < columns.size(); from += many) {
      List<Column> some = columns.subList(from, Math.min(columns.size(), from + many));
      List<Sketches> sketches = first(some);
      second(sketches);
      sketches.forEach(sketch -> summaries.add(sketch.summary(rows)));
    }
    return new TableProfile(relation, rows, scans, summaries);
  }

  private List<Sketches> first(List<Column> columns) {
    List<String> aggregates = new ArrayList<>(List.of("count(*)"));
    List<String> projected = new ArrayList<>();
    List<Sketches> sketches = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      Sketches sketch = new Sketches(columns.get(i));
      String quoted = Fragment.quoted(columns.get(i).name());
      projected.add(quoted + " AS c" + i);
      projected.add(sketch.finite(quoted) + " AS f" + i);
      sketch.add(aggregates, "c" + i, "f" + i);
      sketches.add(sketch);
    }
    List<@Nullable Object> row = scan(aggregates, projected, List.of());
    rows = Sketches.number(row.get(0));
    sketches.forEach(sketch -> sketch.row = row);
    return sketches;
  }

  private void second(List<Sketches> sketches) {
    List<String> aggregates = new ArrayList<>();
    List<String> projected = new ArrayList<>();
    List<Object> parameters = new ArrayList<>();
    for (Sketches sketch : sketches) {
      sketch.secondAt = aggregates.size();
      String column = Fragment.quoted(sketch.column.name());
      String hash = "h" + projected.size();
      if (!sketch.candidates().isEmpty()) {
        projected.add("hash(" + column + ") AS " + hash);
        for (List<?> candidate : sketch.candidates()) {
          // A hash is short whatever the value is, and compares as the value does.
          aggregates.add("count(*) FILTER (WHERE " + hash + " = ?::UBIGINT)");
          parameters.add(String.valueOf(candidate.get(1)));
        }
      }
      if (sketch.seemsUnique()) {
        projected.add(column + " AS d" + projected.size());
        aggregates.add("count(DISTINCT d" + (projected.size() - 1) + ")");
      }
    }
    if (!aggregates.isEmpty()) {
      scans = 2;
      List<@Nullable Object> row = scan(aggregates, projected, parameters);
      sketches.forEach(sketch -> sketch.second = row);
    }
  }

  private List<@Nullable Object> scan(
      List<String> aggregates, List<String> projected, List<Object> parameters) {
    return Rows.single(
        warehouse,
        relation.with(false)
            + "SELECT "
            + String.join(",\n", aggregates)
            + "\nFROM (SELECT "
            + String.join(",\n", projected)
            + "\nFROM "
            + Relation.NAME
            + ")",
        parameters);
  }
}
