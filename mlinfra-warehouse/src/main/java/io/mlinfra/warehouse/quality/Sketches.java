package io.mlinfra.warehouse.quality;

import io.mlinfra.warehouse.quality.ColumnSummary.Bar;
import io.mlinfra.warehouse.quality.ColumnSummary.Value;
import io.mlinfra.warehouse.quality.Relation.Column;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What to ask of one column, and what came out. */
final class Sketches {
  private static final double MICROSECONDS_PER_DAY = 86_400e6;

  private static final int TOP = 20;
  private static final int LONGEST_VALUE = 200;

  /** Above, a square overflows, which DuckDB takes for an error of the whole statement. */
  private static final double LARGEST_SQUARED = 1e150;

  private static final String PERCENTILES =
      IntStream.rangeClosed(0, 100)
          .mapToObj(percent -> Double.toString(percent / 100.0))
          .collect(Collectors.joining(", ", "[", "]::FLOAT[]"));

  /** Below this share of different values some are worth being called frequent. */
  private static final double REPEATING = 0.9;

  /** From this share on values may all be different; the estimate is about 13 % off. */
  private static final double NEARLY_ALL_DISTINCT = 0.5;

  final Column column;
  final ColumnKind kind;
  private final Map<String, Integer> places = new HashMap<>();
  List<@Nullable Object> row = List.of();
  List<@Nullable Object> second = List.of();
  int secondAt;

  Sketches(Column column) {
    this.column = column;
    this.kind = column.kind();
  }

  /** The value as the digest takes it, NULL where it has none. */
  String finite(String quoted) {
    if (kind == ColumnKind.FLOAT) {
      return "CASE WHEN isfinite(" + quoted + ") THEN " + quoted + "::DOUBLE END";
    }
    if (kind.isNumber()) {
      return quoted + "::DOUBLE";
    }
    if (kind.isMoment()) {
      String time = quoted + "::TIMESTAMP";
      return "CASE WHEN isfinite(" + time + ") THEN epoch_us(" + time + ") END";
    }
    return kind == ColumnKind.TEXT ? "length(" + quoted + "::VARCHAR)" : "NULL::DOUBLE";
  }

  void add(List<String> aggregates, String c, String f) {
    put(aggregates, "count", "count(" + c + ")");
    put(aggregates, "distinct", "approx_count_distinct(" + c + ")");
    if (kind != ColumnKind.OTHER) {
      boolean measured = kind == ColumnKind.FLOAT || kind.isMoment();
      String finite = measured ? " FILTER (WHERE " + f + " IS NOT NULL)" : "";
      put(aggregates, "lowest", cut("min(" + c + ")" + finite));
      put(aggregates, "highest", cut("max(" + c + ")" + finite));
      put(
          aggregates,
          "top",
          "list_transform(approx_top_k("
              + c
              + ", "
              + TOP
              + "), lambda v: ["
              + cut("v")
              + ", hash(v)::VARCHAR])");
    }
    if (kind.isNumber() || kind.isMoment()) {
      put(aggregates, "percentiles", "approx_quantile(" + f + ", " + PERCENTILES + ")::DOUBLE[]");
    }
    if (kind == ColumnKind.FLOAT || kind.isMoment()) {
      put(aggregates, "finite", "count(" + f + ")");
    }
    if (kind.isMoment()) {
      put(aggregates, "from", "min(" + f + ")");
      put(aggregates, "to", "max(" + f + ")");
    }
    if (kind.isNumber()) {
      String small =
          kind == ColumnKind.FLOAT
              ? " FILTER (WHERE abs(" + f + ") < " + LARGEST_SQUARED + ")"
              : "";
      put(aggregates, "mean", "avg(" + f + ")" + small);
      put(aggregates, "deviation", "stddev_samp(" + f + ")" + small);
    }
    if (kind == ColumnKind.FLOAT) {
      put(aggregates, "nans", "count(*) FILTER (WHERE isnan(" + c + "))");
    }
    if (kind == ColumnKind.TEXT) {
      put(aggregates, "shortest", "min(" + f + ")");
      put(aggregates, "longest", "max(" + f + ")");
      put(aggregates, "meanLength", "avg(" + f + ")");
    }
  }

  private static String cut(String value) {
    return "left((" + value + ")::VARCHAR, " + LONGEST_VALUE + ")";
  }

  private void put(List<String> aggregates, String name, String sql) {
    places.put(name, aggregates.size());
    aggregates.add(sql);
  }

  private @Nullable Object get(String name) {
    Integer place = places.get(name);
    return place == null ? null : row.get(place);
  }

  private double real(String name) {
    return get(name) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  private double bound(String name) {
    return get(name) instanceof String text ? Double.parseDouble(text) : Double.NaN;
  }

  List<List<?>> candidates() {
    List<List<?>> candidates = new ArrayList<>();
    if (get("top") instanceof List<?> top
        && number(get("distinct")) < REPEATING * number(get("count"))) {
      top.forEach(candidate -> candidates.add((List<?>) candidate));
    }
    return candidates;
  }

  boolean seemsUnique() {
    boolean identifies =
        kind == ColumnKind.INTEGER || kind == ColumnKind.TEXT || column.type().equals("UUID");
    return identifies
        && number(get("count")) > 0
        && number(get("distinct")) >= NEARLY_ALL_DISTINCT * number(get("count"));
  }

  ColumnSummary summary(long rows) {
    long count = number(get("count"));
    List<Value> top = new ArrayList<>();
    List<List<?>> candidates = candidates();
    for (int i = 0; i < candidates.size(); i++) {
      long times = number(second.get(secondAt + i));
      if (times > 1) {
        top.add(new Value(String.valueOf(candidates.get(i).get(0)), times));
      }
    }
    top.sort(Comparator.comparingLong(Value::count).reversed().thenComparing(Value::text));
    boolean all = count > 0 && top.stream().mapToLong(Value::count).sum() == count;
    long distinct = Math.min(number(get("distinct")), count);
    if (all) {
      distinct = top.size();
    } else if (seemsUnique()) {
      distinct = number(second.get(secondAt + candidates.size()));
    }
    long nans = number(get("nans"));
    long finite = places.containsKey("finite") ? number(get("finite")) : count;
    boolean extreme =
        kind.isNumber()
            && Math.max(Math.abs(bound("lowest")), Math.abs(bound("highest"))) >= LARGEST_SQUARED;
    List<Double> percentiles = percentiles();
    return new ColumnSummary(
        column.name(),
        column.type(),
        rows,
        rows - count,
        distinct,
        all || seemsUnique() || count == 0,
        (String) get("lowest"),
        (String) get("highest"),
        extreme ? Double.NaN : real("mean"),
        extreme ? Double.NaN : real("deviation"),
        nans,
        count - finite - nans,
        percentiles,
        all && kind.isNumber() && nans == 0 && count == finite
            ? exactBars(top)
            : Bars.of(percentiles, finite),
        top,
        kind == ColumnKind.TEXT && count > 0 ? number(get("shortest")) : -1,
        kind == ColumnKind.TEXT && count > 0 ? number(get("longest")) : -1,
        real("meanLength"));
  }

  private List<Double> percentiles() {
    List<Double> percentiles = new ArrayList<>();
    if (get("percentiles") instanceof List<?> values) {
      // A digest tells the extremes only nearly, and need not rise to the last bit.
      double from = kind.isNumber() ? bound("lowest") : real("from");
      double to = kind.isNumber() ? bound("highest") : real("to");
      double highest = from;
      for (Object value : values) {
        double found = whole(((Number) Objects.requireNonNull(value)).doubleValue());
        highest = Math.min(to, Math.max(highest, found));
        percentiles.add(highest);
      }
      percentiles.set(0, from);
      percentiles.set(percentiles.size() - 1, to);
    }
    return percentiles;
  }

  /** A digest goes on between whole numbers, too. */
  private double whole(double value) {
    return switch (kind) {
      case INTEGER -> Math.rint(value);
      case DATE -> Math.rint(value / MICROSECONDS_PER_DAY) * MICROSECONDS_PER_DAY;
      default -> value;
    };
  }

  private static List<Bar> exactBars(List<Value> values) {
    return values.stream()
        .map(
            value -> {
              double at = Double.parseDouble(value.text());
              return new Bar(at, at, value.count());
            })
        .sorted(Comparator.comparingDouble(Bar::from))
        .toList();
  }

  static long number(@Nullable Object value) {
    return value == null ? 0 : ((Number) value).longValue();
  }
}
