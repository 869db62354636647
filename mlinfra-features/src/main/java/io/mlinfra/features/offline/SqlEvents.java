package io.mlinfra.features.offline;

import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.FeaturePlan.Planned;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.Aggregate.Function;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The part of {@link SqlJoin}'s statement that answers for one plan. Tables have the keys of an
 * entity {@code k0…}, the event time {@code e}, the known-at {@code n}, the inputs {@code v0…}, the
 * number {@code r} and time {@code t} of a label.
 *
 * <p><b>Latest events.</b> An ASOF join on the time alone, which is the one form of it that is fast
 * and has no errors with further conditions, finds the latest event time that a label sees; events
 * of that time are then looked up and the last of them is taken. Where events become known later,
 * they are ordered by when they become visible, each with the latest event time up to there. Lags
 * need all events in order.
 *
 * <p><b>Windows.</b> Time is cut into spans as long as the longest window, so that a window lies in
 * two of them, and labels meet events of their entity and those two spans only: a hash join whose
 * cost is that of the windows' content, also for entities of many events.
 */
final class SqlEvents {
  private final FeaturePlan plan;
  private final String labels;
  private final int number;
  private final String events;
  private final String latest;
  private final String windows;
  private final List<Integer> lags;
  private final boolean windowed;
  private final boolean known;

  /**
   * A part.
   *
   * @param number of the plan
   * @param labels the table of the rows that ask
   * @param prefix of the names of this part's tables
   */
  SqlEvents(FeaturePlan plan, int number, String labels, String prefix) {
    this.plan = plan;
    this.number = number;
    this.labels = labels;
    this.events = prefix + "e" + number;
    this.latest = prefix + "h" + number;
    this.windows = prefix + "w" + number;
    this.lags =
        List.copyOf(
            plan.features().stream()
                .filter(feature -> !feature.function().isWindowed())
                .map(Planned::lag)
                .collect(Collectors.toCollection(TreeSet::new)));
    this.windowed = plan.longestWindow() > 0;
    this.known = plan.view().knownAt().isPresent();
  }

  /** The tables that the statement defines. */
  List<String> tables() {
    List<String> tables = new ArrayList<>();
    tables.add(events + " AS MATERIALIZED (" + read() + ")");
    if (!lags.isEmpty()) {
      boolean back = lags.get(lags.size() - 1) > 0;
      tables.add(
          latest + " AS (" + (!back ? latestOnly() : known ? earlierOfVisible() : earlier()) + ")");
    }
    if (windowed) {
      tables.add(windows + " AS (" + windows() + ")");
    }
    return tables;
  }

  /** What comes behind the labels {@code l} in the statement's FROM. */
  String joins() {
    String joins = "";
    if (!lags.isEmpty()) {
      joins += " LEFT JOIN " + latest + " AS h" + number + " ON h" + number + ".r = l.r";
    }
    if (windowed) {
      joins += " LEFT JOIN " + windows + " AS w" + number + " ON w" + number + ".r = l.r";
    }
    return joins;
  }

  /** The columns of the features. */
  List<String> features() {
    List<String> columns = new ArrayList<>();
    for (int f = 0; f < plan.features().size(); f++) {
      Planned feature = plan.features().get(f);
      String value = feature.function().isWindowed() ? "w" + number + ".f" + f : ofEvent(feature);
      if (feature.isCount()) {
        value = "coalesce(" + value + ", 0)";
      }
      value =
          feature.type() == ValueType.TIMESTAMP
              ? "make_timestamp(" + value + ")"
              : "CAST(" + value + " AS " + feature.type().sqlType() + ")";
      columns.add(value + " AS " + Sql.quote(feature.name()));
    }
    return columns;
  }

  private String ofEvent(Planned feature) {
    String event = "h" + number + ".h" + feature.lag();
    String value = event + ".v" + feature.input();
    if (feature.function() == Function.SINCE_LAST) {
      // A difference of two times may need 65 bits.
      value = "CAST(CAST(l.t AS HUGEINT) - " + event + ".e AS DOUBLE) / 1e6";
    } else if (feature.type() == ValueType.FLOAT64) {
      String negative = event + ".z" + feature.input();
      value = "CASE WHEN " + negative + " THEN CAST('-0' AS DOUBLE) ELSE " + value + " END";
    }
    return plan.ttl() == FeaturePlan.FOREVER
        ? value
        : "CASE WHEN " + event + ".e >= " + before("l.t", plan.ttl()) + " THEN " + value + " END";
  }

  /** A time less a length, or the earliest there is. */
  private static String before(String time, long micros) {
    String least = SqlAggregate.literal(Long.MIN_VALUE);
    return "CASE WHEN "
        + time
        + " < "
        + (Long.MIN_VALUE + micros)
        + " THEN "
        + least
        + " ELSE "
        + time
        + " - "
        + micros
        + " END";
  }

  private String each(String separator, IntFunction<String> key) {
    return IntStream.range(0, plan.keyTypes().size())
        .mapToObj(key)
        .collect(Collectors.joining(separator));
  }

  private String keys(String table) {
    return each(", ", k -> table + ".k" + k);
  }

  private String sameEntity() {
    return each(" AND ", k -> "l.p" + number + "k" + k + " = x.k" + k);
  }

  /** The events of the entities that are asked for. */
  private String read() {
    List<String> columns = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      String key = plan.view().entity().keys().get(k);
      columns.add(Sql.key("s", key, plan.keyTypes().get(k)) + " AS k" + k);
    }
    columns.add(Sql.micros("s", plan.view().eventTime()) + " AS e");
    plan.view().knownAt().ifPresent(column -> columns.add(Sql.micros("s", column) + " AS n"));
    for (int v = 0; v < plan.inputs().size(); v++) {
      FeaturePlan.Input input = plan.inputs().get(v);
      columns.add(value(input) + " AS v" + v);
    }
    return "SELECT x.* FROM (SELECT "
        + String.join(", ", columns)
        + " FROM "
        + Sql.from(plan.view())
        + " AS s) AS x SEMI JOIN "
        + labels
        + " AS l ON "
        + sameEntity()
        + " WHERE x.e IS NOT NULL"
        + (known ? " AND x.n IS NOT NULL" : "");
  }

  private String value(FeaturePlan.Input input) {
    String value = Sql.value("s", input.name(), input.type());
    if (input.type() != ValueType.INT64) {
      return value;
    }
    return "CASE WHEN "
        + value
        + " = "
        + SqlAggregate.literal(Long.MIN_VALUE)
        + " THEN error("
        + SqlAggregate.literal(plan.holdsTheMissingOne(input))
        + ") ELSE "
        + value
        + " END";
  }

  /** The columns by which events of one event time are ordered. */
  private List<String> order(String table) {
    List<String> order = new ArrayList<>();
    if (known) {
      order.add(table + ".n");
    }
    for (int v = 0; v < plan.inputs().size(); v++) {
      String value = table + ".v" + v;
      order.add(value);
      if (plan.inputs().get(v).type() == ValueType.FLOAT64) {
        // The database takes -0 for 0.
        order.add("NOT signbit(" + value + ")");
      }
    }
    return order;
  }

  /**
   * One value that orders events as the columns do. A column that is sorted by itself loses the
   * sign of -0.
   */
  private static String sortKey(List<String> columns) {
    return columns.isEmpty()
        ? "0"
        : columns.stream()
            .map(column -> column + ", 'ASC NULLS FIRST'")
            .collect(Collectors.joining(", ", "create_sort_key(", ")"));
  }

  private String sortKey(String table) {
    List<String> columns = new ArrayList<>(List.of(table + ".e"));
    columns.addAll(order(table));
    return sortKey(columns);
  }

  /** What features need of an event; {@code z0…} says of -0 what its way through arg_max loses. */
  private String event(String table) {
    StringBuilder event = new StringBuilder("{'e': " + table + ".e");
    plan.features().stream()
        .filter(feature -> !feature.function().isWindowed() && feature.input() >= 0)
        .map(Planned::input)
        .distinct()
        .forEach(
            v -> {
              String value = table + ".v" + v;
              event.append(", 'v" + v + "': " + value);
              if (plan.inputs().get(v).type() == ValueType.FLOAT64) {
                event.append(", 'z" + v + "': " + value + " = 0 AND signbit(" + value + ")");
              }
            });
    return event.append('}').toString();
  }

  private String latestOnly() {
    String times =
        known
            // In this frame events that become visible together see each other.
            ? "(SELECT "
                + keys("y")
                + ", greatest(y.e, y.n) AS g, max(y.e) OVER (PARTITION BY "
                + keys("y")
                + " ORDER BY greatest(y.e, y.n)) AS e FROM "
                + events
                + " AS y)"
            : events;
    String matched =
        "SELECT l.r, l.t, "
            + keys("x")
            + ", x.e FROM "
            + labels
            + " AS l ASOF JOIN "
            + times
            + " AS x ON "
            + sameEntity()
            + " AND l.t >= x."
            + (known ? "g" : "e");
    return "SELECT m.r AS r, arg_max("
        + event("x")
        + ", "
        + sortKey(order("x"))
        + ") AS h0 FROM ("
        + matched
        + ") AS m JOIN "
        + events
        + " AS x ON "
        + each(" AND ", k -> "m.k" + k + " = x.k" + k)
        + " AND m.e = x.e"
        + (known ? " AND x.n <= m.t" : "")
        + " GROUP BY m.r";
  }

  private String earlier() {
    String columns =
        lags.stream()
            .map(lag -> "lag(" + event("y") + ", " + lag + ") OVER w AS h" + lag)
            .collect(Collectors.joining(", "));
    // Of events of one time only the last is kept, so that the ASOF join has no choice.
    return "SELECT l.r AS r, x.* FROM "
        + labels
        + " AS l ASOF JOIN (SELECT "
        + keys("y")
        + ", y.e, "
        + columns
        + " FROM "
        + events
        + " AS y WINDOW w AS (PARTITION BY "
        + keys("y")
        + " ORDER BY "
        + sortKey("y")
        + ") QUALIFY lead(y.e) OVER w IS DISTINCT FROM y.e) AS x ON "
        + sameEntity()
        + " AND l.t >= x.e";
  }

  private String earlierOfVisible() {
    String columns =
        lags.stream()
            .map(lag -> "x.h[" + (lag + 1) + "] AS h" + lag)
            .collect(Collectors.joining(", "));
    return "SELECT l.r AS r, "
        + columns
        + " FROM "
        + labels
        + " AS l ASOF JOIN (SELECT "
        + keys("y")
        + ", greatest(y.e, y.n) AS g, arg_max("
        + event("y")
        + ", "
        + sortKey("y")
        + ", "
        + plan.latestEvents()
        + ") OVER (PARTITION BY "
        + keys("y")
        + " ORDER BY greatest(y.e, y.n)) AS h FROM "
        + events
        + " AS y) AS x ON "
        + sameEntity()
        + " AND l.t >= x.g";
  }

  private String windows() {
    long longest = plan.longestWindow();
    List<Long> lengths =
        plan.features().stream()
            .filter(feature -> feature.function().isWindowed())
            .map(Planned::window)
            .distinct()
            .toList();
    StringBuilder since = new StringBuilder();
    lengths.forEach(w -> since.append(", " + before("y.t", w) + " AS since" + w));
    boolean ordered =
        plan.features().stream()
            .anyMatch(f -> f.function() == Function.FIRST || f.function() == Function.LAST);
    List<String> columns = new ArrayList<>();
    for (int f = 0; f < plan.features().size(); f++) {
      Planned feature = plan.features().get(f);
      if (feature.function().isWindowed()) {
        columns.add(new SqlAggregate(plan, feature).sql() + " AS f" + f);
      }
    }
    return "SELECT l.r AS r, "
        + String.join(", ", columns)
        + " FROM (SELECT y.*, y.t // "
        + longest
        + " - z.back AS span"
        + since
        + " FROM "
        + labels
        + " AS y CROSS JOIN (VALUES (0), (1)) AS z(back)) AS l JOIN (SELECT y.*, y.e // "
        + longest
        + " AS span"
        + (ordered ? ", " + sortKey("y") + " AS o" : "")
        + " FROM "
        + events
        + " AS y) AS x ON "
        + sameEntity()
        + " AND l.span = x.span AND x.e <= l.t AND x.e > l.since"
        + longest
        + (known ? " AND x.n <= l.t" : "")
        + " GROUP BY l.r";
  }
}
