package io.mlinfra.warehouse.quality;

import io.mlinfra.warehouse.quality.Relation.Column;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a check. Predicates become columns of a projection, which one aggregation
 * counts the failures of; foreign keys are such predicates, too, over a hash table that DuckDB
 * builds beside. All keys are grouped in one pass over grouping sets. Measured on a million rows
 * with two keys, a pass for each was 1.3 times as fast where columns lie in memory, but reads views
 * and files once for each; {@code count(DISTINCT …)} was no faster and tells no duplicates.
 */
final class CheckPlan {
  /** Rows shown of a constraint that failed. */
  static final int SAMPLES = 5;

  private static final int LONGEST_VALUE = 200;
  private static final int MOST_COLUMNS = 32;

  private final Relation relation;
  private final List<Column> columns;

  /** What to compute for each row, with its parameters. */
  private final List<String> projected = new ArrayList<>();

  private final List<Object> parameters = new ArrayList<>();
  private final List<String> aggregates = new ArrayList<>();

  /** Expressions to group by, each once, with the names of their columns. */
  private final Map<String, List<String>> keys = new LinkedHashMap<>();

  /** Where a condition's rows are counted. */
  private final Map<String, Integer> conditions = new LinkedHashMap<>();

  CheckPlan(Relation relation, List<Column> columns) {
    this.relation = relation;
    this.columns = columns;
    aggregates.add("count(*)");
  }

  /** Where in the result it stands how many rows count for a constraint. */
  int rows(Constraint constraint) {
    String condition = constraint.condition();
    if (condition == null) {
      return 0;
    }
    Integer known = conditions.get(condition);
    if (known == null) {
      known = count(project(condition, List.of()));
      conditions.put(condition, known);
    }
    return known;
  }

  /** Where it stands how many rows fail. */
  int failing(Constraint constraint, Fragment holds) {
    return count("NOT " + project(constraint.where(holds.sql()), holds.parameters()));
  }

  /** Where it stands for how many rows a predicate is true. */
  int holding(Constraint constraint, Fragment predicate) {
    return count(project(constraint.where(predicate.sql()), predicate.parameters()));
  }

  /** Where the newest value stands, as microseconds since 1970. */
  int newest(Constraint constraint, String column) {
    String value = project(constraint.where(Fragment.quoted(column) + "::TIMESTAMP"), List.of());
    return aggregate("epoch_us(max(" + value + ") FILTER (WHERE isfinite(" + value + ")))");
  }

  /** Which of the keys it is: its failing rows and its samples stand at {@link #keyResult}. */
  int key(Constraint constraint, List<String> names) {
    String present =
        names.stream()
            .map(name -> Fragment.quoted(name) + " IS NOT NULL")
            .collect(Collectors.joining(" AND "));
    StringBuilder fields = new StringBuilder("{");
    for (int i = 0; i < names.size(); i++) {
      fields.append(i == 0 ? "" : ", ").append("'c").append(i).append("': ");
      fields.append(Fragment.quoted(names.get(i)));
    }
    String expression =
        names.size() == 1
            ? constraint.where(Fragment.quoted(names.get(0)))
            : constraint.where("CASE WHEN " + present + " THEN " + fields + "} END");
    keys.putIfAbsent(expression, List.copyOf(names));
    return new ArrayList<>(keys.keySet()).indexOf(expression);
  }

  /** Where the failing rows of a key stand; its samples follow. */
  int keyResult(int key) {
    return aggregates.size() + 2 * key;
  }

  int scans() {
    return keys.isEmpty() ? 1 : 2;
  }

  private String project(String expression, List<Object> values) {
    projected.add(expression);
    parameters.addAll(values);
    return "p" + (projected.size() - 1);
  }

  private int count(String filter) {
    return aggregate("count(*) FILTER (WHERE " + filter + ")");
  }

  private int aggregate(String sql) {
    aggregates.add(sql);
    return aggregates.size() - 1;
  }

  /** The statement that gives all verdicts in one row. */
  Fragment verdicts() {
    StringBuilder sql = new StringBuilder(relation.with(!keys.isEmpty()));
    sql.append("SELECT * FROM (SELECT ");
    for (int i = 0; i < aggregates.size(); i++) {
      sql.append(i == 0 ? "" : ",\n").append(aggregates.get(i)).append(" AS a").append(i);
    }
    sql.append("\nFROM (SELECT 0 AS p");
    for (int i = 0; i < projected.size(); i++) {
      sql.append(",\n").append(projected.get(i)).append(" AS p").append(i);
    }
    sql.append("\nFROM ").append(Relation.NAME).append("))");
    if (!keys.isEmpty()) {
      sql.append(",\n(").append(grouped()).append(")");
    }
    return new Fragment(sql.toString(), parameters);
  }

  private String grouped() {
    List<String> results = new ArrayList<>();
    List<String> expressions = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, List<String>> key : keys.entrySet()) {
      String k = "k" + names.size();
      names.add(k);
      expressions.add(key.getKey() + " AS " + k);
      String filter = " FILTER (WHERE n > 1 AND " + k + " IS NOT NULL)";
      int width = key.getValue().size();
      StringBuilder values = new StringBuilder();
      for (int i = 0; i < width; i++) {
        values.append(shown(width == 1 ? "s.k" : "s.k.c" + i)).append(", ");
      }
      results.add("coalesce(sum(n)" + filter + ", 0)::BIGINT");
      results.add(
          "list_transform(arg_max({'n': n, 'k': "
              + k
              + "}, n, "
              + SAMPLES
              + ")"
              + filter
              + ", lambda s: ["
              + values
              + "s.n::VARCHAR])");
    }
    // The groups of another set have no value for a key, as those that lack one.
    return "SELECT "
        + String.join(",\n", results)
        + "\nFROM (SELECT "
        + String.join(", ", names)
        + ", count(*) AS n FROM (SELECT "
        + String.join(",\n", expressions)
        + " FROM "
        + Relation.NAME
        + ") GROUP BY GROUPING SETS (("
        + String.join("), (", names)
        + ")))";
  }

  /** The columns that a sample of a constraint shows. */
  List<String> sampleColumns(Constraint constraint) {
    Set<String> names = new LinkedHashSet<>();
    if (constraint.rule() instanceof Rule.Row row) {
      row.needs().forEach(need -> names.add(relation.column(columns, need.column()).name()));
    } else if (constraint.rule() instanceof Rule.Key key) {
      key.columns().forEach(column -> names.add(relation.column(columns, column).name()));
    }
    for (Column column : columns) {
      if (names.size() >= MOST_COLUMNS) {
        break;
      }
      names.add(column.name());
    }
    return List.copyOf(names);
  }

  /** The statement that gives, in one row, some failing rows for each of some constraints. */
  Fragment samples(List<Constraint> failed, List<Fragment> predicates) {
    Map<String, String> fields = new LinkedHashMap<>();
    List<String> results = new ArrayList<>();
    List<String> tests = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < failed.size(); i++) {
      StringBuilder shown = new StringBuilder();
      for (String column : sampleColumns(failed.get(i))) {
        String field = fields.computeIfAbsent(column, name -> "c" + fields.size());
        shown.append(shown.isEmpty() ? "" : ", ").append(shown("s." + field));
      }
      // With the same rank for all it keeps the first that come, in bounded memory.
      results.add(
          "list_transform(arg_min(r, 0, "
              + SAMPLES
              + ") FILTER (WHERE NOT p"
              + i
              + "), lambda s: ["
              + shown
              + "])");
      tests.add(failed.get(i).where(predicates.get(i).sql()) + " AS p" + i);
      values.addAll(predicates.get(i).parameters());
    }
    String row =
        fields.entrySet().stream()
            .map(field -> "'" + field.getValue() + "': " + Fragment.quoted(field.getKey()))
            .collect(Collectors.joining(", ", "{", "}"));
    return new Fragment(
        relation.with(false)
            + "SELECT "
            + String.join(",\n", results)
            + "\nFROM (SELECT "
            + row
            + " AS r,\n"
            + String.join(",\n", tests)
            + "\nFROM "
            + Relation.NAME
            + ")",
        values);
  }

  private static String shown(String value) {
    return "left(" + value + "::VARCHAR, " + LONGEST_VALUE + ")";
  }

  static @Nullable Fragment predicate(Rule rule) {
    if (rule instanceof Rule.Row row) {
      return row.holds();
    }
    if (rule instanceof Rule.Key key && key.primary()) {
      return Fragment.of(
          key.columns().stream()
              .map(name -> Fragment.quoted(name) + " IS NOT NULL")
              .collect(Collectors.joining(" AND ", "(", ")")));
    }
    return null;
  }
}
