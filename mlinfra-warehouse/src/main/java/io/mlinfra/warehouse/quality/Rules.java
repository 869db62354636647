package io.mlinfra.warehouse.quality;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Builds rules, and refuses what the arguments alone show to be wrong. */
final class Rules {
  private static final Set<String> OPERATORS = Set.of("<", "<=", "=", "<>", ">=", ">");

  private Rules() {}

  static Rule notNull(String column) {
    return Rule.Row.of(
        name(column) + " is not null",
        List.of(any(column)),
        Fragment.of(name(column) + " IS NOT NULL"));
  }

  static Rule key(List<String> columns, boolean primary) {
    requireSome("columns", columns);
    return new Rule.Key(
        "(" + Fragment.quoted(columns) + (primary ? ") is the primary key" : ") is unique"),
        List.copyOf(columns),
        primary);
  }

  static Rule foreignKey(List<String> columns, String table, List<String> referenced) {
    requireSome("columns", columns);
    if (columns.size() != referenced.size()) {
      throw new IllegalArgumentException(
          "referenced columns ("
              + referenced.size()
              + ") must be as many as columns ("
              + columns.size()
              + ")");
    }
    String from = new Relation(true, table).from();
    // As a set, which becomes one hash table beside the scan; an anti join would be a scan more.
    String missing =
        String.join(
            " OR ", columns.stream().map(column -> Fragment.quoted(column) + " IS NULL").toList());
    String present =
        String.join(
            " AND ",
            referenced.stream()
                .map(column -> "r." + Fragment.quoted(column) + " IS NOT NULL")
                .toList());
    String left = Fragment.quoted(columns);
    String right =
        String.join(", ", referenced.stream().map(c -> "r." + Fragment.quoted(c)).toList());
    boolean one = columns.size() == 1;
    String holds =
        missing
            + " OR "
            + (one ? left : "(" + left + ")")
            + " IN (SELECT "
            + (one ? right : "(" + right + ")")
            + " FROM "
            + from
            + " AS r WHERE "
            + present
            + ")";
    return new Rule.Row(
        "(" + left + ") is in " + from + " (" + Fragment.quoted(referenced) + ")",
        columns.stream().map(Rules::any).toList(),
        Fragment.of("(" + holds + ")"),
        new Rule.Reference(table, List.copyOf(referenced)),
        null,
        false);
  }

  static Rule inSet(String column, Collection<?> values) {
    requireSome("values", values);
    List<Object> all = new ArrayList<>();
    for (Object value : values) {
      all.add(value("value of '" + column + "'", value));
    }
    Object first = all.get(0);
    return Rule.Row.of(
        name(column)
            + " in ("
            + all.stream().map(Rules::shown).collect(Collectors.joining(", "))
            + ")",
        List.of(
            new Rule.Need(
                column,
                kind -> all.stream().allMatch(kind::takes),
                "values such as " + shown(first) + " to compare with")),
        new Fragment(comparable(column, first) + " IN (" + Fragment.holes(all.size()) + ")", all));
  }

  static Rule range(String column, @Nullable Object lowest, @Nullable Object highest) {
    List<Object> bounds = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    List<String> tests = new ArrayList<>();
    if (lowest != null) {
      bounds.add(value("lowest", lowest));
      texts.add(">= " + shown(bounds.get(0)));
      tests.add(name(column) + " >= ?");
    }
    if (highest != null) {
      Object bound = value("highest", highest);
      bounds.add(bound);
      texts.add("<= " + shown(bound));
      tests.add(name(column) + " <= ?");
    }
    if (bounds.isEmpty()) {
      throw new IllegalArgumentException("lowest and highest must not both be null");
    }
    requireOrdered(bounds);
    Object first = bounds.get(0);
    return Rule.Row.of(
        name(column) + " " + String.join(" and ", texts),
        List.of(
            new Rule.Need(
                column,
                kind ->
                    (kind.isNumber() || kind.isMoment() || kind == ColumnKind.TIME)
                        && kind.takes(first),
                first instanceof Number ? "a number" : "a date or time")),
        new Fragment("(" + String.join(" AND ", tests) + ")", bounds));
  }

  private static void requireOrdered(List<Object> bounds) {
    if (bounds.size() < 2) {
      return;
    }
    Object lowest = bounds.get(0);
    Object highest = bounds.get(1);
    boolean wrong =
        lowest instanceof Number a && highest instanceof Number b
            ? Double.compare(a.doubleValue(), b.doubleValue()) > 0
            : isAfter(lowest, highest);
    if (wrong) {
      throw new IllegalArgumentException(
          "lowest (" + lowest + ") must be <= highest (" + highest + ")");
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // both are of one class
  private static boolean isAfter(Object lowest, Object highest) {
    return lowest.getClass() == highest.getClass()
        && lowest instanceof Comparable comparable
        && comparable.compareTo(highest) > 0;
  }

  static Rule matches(String column, String pattern) {
    return new Rule.Row(
        name(column) + " matches " + shown(pattern),
        List.of(text(column)),
        Fragment.of("regexp_full_match(" + asText(column) + ", ?)", pattern),
        null,
        pattern,
        false);
  }

  static Rule length(String column, int shortest, int longest) {
    if (shortest < 0 || longest < shortest) {
      throw new IllegalArgumentException(
          "shortest (" + shortest + ") must be >= 0 and <= longest (" + longest + ")");
    }
    return Rule.Row.of(
        "length of " + name(column) + " >= " + shortest + " and <= " + longest,
        List.of(text(column)),
        Fragment.of("length(" + asText(column) + ") BETWEEN ? AND ?", shortest, longest));
  }

  static Rule compare(String left, String operator, String right) {
    if (!OPERATORS.contains(operator)) {
      throw new IllegalArgumentException(
          "operator ('" + operator + "') must be one of <, <=, =, <>, >= and >");
    }
    String test = name(left) + " " + operator + " " + name(right);
    return Rule.Row.of(test, List.of(any(left), any(right)), Fragment.of(test));
  }

  static Rule sql(String name, String predicate, Object... parameters) {
    requireText("name", name);
    requireText("predicate", predicate);
    List<Object> values = new ArrayList<>();
    for (Object parameter : parameters) {
      values.add(value("parameter", parameter));
    }
    return new Rule.Row(
        name.strip()
            + ": "
            + predicate.strip()
            + (values.isEmpty()
                ? ""
                : values.stream()
                    .map(Rules::shown)
                    .collect(Collectors.joining(", ", " with ", ""))),
        List.of(),
        new Fragment(Fragment.enclosed(predicate), values),
        null,
        null,
        true);
  }

  static Rule rows(long lowest, long highest) {
    if (lowest < 0 || highest < lowest) {
      throw new IllegalArgumentException(
          "lowest (" + lowest + ") must be >= 0 and <= highest (" + highest + ")");
    }
    String most = highest == Long.MAX_VALUE ? "" : " and <= " + highest;
    return new Rule.Count("row count >= " + lowest + most, lowest, highest);
  }

  static Rule fresh(String column, Duration age) {
    if (age.isNegative()) {
      throw new IllegalArgumentException("age (" + age + ") must be >= 0");
    }
    return new Rule.Fresh("newest " + name(column) + " within " + age, column, age);
  }

  static Rule share(String predicate, double lowest, double highest) {
    requireText("predicate", predicate);
    // Written so that NaN is refused.
    if (!(lowest >= 0 && lowest <= highest && highest <= 1)) {
      throw new IllegalArgumentException(
          "lowest (" + lowest + ") and highest (" + highest + ") must be ordered shares of one");
    }
    return new Rule.Share(
        "share of " + predicate.strip() + " >= " + lowest + " and <= " + highest,
        Fragment.of(Fragment.enclosed(predicate)),
        lowest,
        highest);
  }

  static void requireText(String what, String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException(what + " must not be blank");
    }
  }

  private static void requireSome(String what, Collection<?> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException(what + " must not be empty");
    }
  }

  private static Rule.Need any(String column) {
    return new Rule.Need(column, kind -> true, "");
  }

  private static Rule.Need text(String column) {
    Predicate<ColumnKind> isText = kind -> kind == ColumnKind.TEXT;
    return new Rule.Need(column, isText, "text");
  }

  private static Object value(String what, @Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException(what + " must not be null; see notNull");
    }
    if (!ColumnKind.isValue(value)) {
      throw new IllegalArgumentException(
          what
              + " has type "
              + value.getClass().getName()
              + "; pass a number, Boolean, String, UUID or a date, time or moment of java.time");
    }
    if (value instanceof Double number && number.isNaN()
        || value instanceof Float single && single.isNaN()) {
      throw new IllegalArgumentException(what + " must not be NaN");
    }
    if (value instanceof ZonedDateTime zoned) {
      return zoned.toInstant().atOffset(ZoneOffset.UTC);
    }
    return value instanceof Instant moment ? moment.atOffset(ZoneOffset.UTC) : value;
  }

  /** A value as a definition shows it; it never gets into SQL this way. */
  private static String shown(Object value) {
    if (value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    String text =
        value instanceof Temporal ? value.toString() : value.toString().replace("'", "''");
    return "'" + text + "'";
  }

  /** An enumeration compared with a text that it does not have would be an error. */
  private static String comparable(String column, Object value) {
    return value instanceof String ? asText(column) : name(column);
  }

  private static String asText(String column) {
    return name(column) + "::VARCHAR";
  }

  private static String name(String column) {
    return Fragment.quoted(column);
  }
}
