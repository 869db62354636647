package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Manifest.Part;
import io.mlinfra.warehouse.Snapshot.Column;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * Compares two snapshots. Parts that both have hold no difference and are left out, but for the
 * search for keys that occur twice. In its queries a column is {@code a3} or {@code b3}, by its
 * place in the first or the second snapshot.
 */
final class SnapshotComparison {
  private static final int SAMPLES = 10;

  private final Snapshot before;
  private final Snapshot after;

  /** Places of the columns that are compared: in the first, in the second. */
  private final Map<Integer, Integer> compared = new LinkedHashMap<>();

  /** The places of the key, likewise. */
  private final Map<Integer, Integer> key = new LinkedHashMap<>();

  private final List<String> keyNames = new ArrayList<>();
  private final SnapshotDiff.Columns columns;

  SnapshotComparison(Snapshot before, Snapshot after, List<String> key) {
    this.before = before;
    this.after = after;
    List<Column> added = new ArrayList<>(after.columns());
    List<Column> removed = new ArrayList<>();
    List<SnapshotDiff.Retyped> retyped = new ArrayList<>();
    for (int a = 0; a < before.columns().size(); a++) {
      Column column = before.columns().get(a);
      int b = find(after, column.name());
      if (b < 0) {
        removed.add(column);
        continue;
      }
      Column now = after.columns().get(b);
      added.remove(now);
      if (now.type().equals(column.type())) {
        compared.put(a, b);
      } else {
        retyped.add(new SnapshotDiff.Retyped(column.name(), column.type(), now.type()));
      }
    }
    this.columns = new SnapshotDiff.Columns(added, removed, retyped);
    key.forEach(this::addKey);
  }

  private void addKey(String name) {
    int a = find(before, name);
    int b = find(after, name);
    for (Snapshot snapshot : List.of(before, after)) {
      if (find(snapshot, name) < 0) {
        throw new IllegalArgumentException(
            "key ('"
                + name
                + "') must be a column of both snapshots; "
                + snapshot.version().id()
                + " has "
                + snapshot.columns().stream().map(Column::name).collect(Collectors.joining(", ")));
      }
    }
    if (!compared.containsKey(a)) {
      throw new IllegalArgumentException(
          "key ('"
              + name
              + "') must be of one type in both snapshots; it is "
              + before.columns().get(a).type()
              + " and "
              + after.columns().get(b).type());
    }
    if (key.put(a, b) != null) {
      throw new IllegalArgumentException("key ('" + name + "') must be named once");
    }
    keyNames.add(before.columns().get(a).name());
  }

  /** As in SQL, names that differ in case are the same. */
  private static int find(Snapshot snapshot, String name) {
    List<Column> columns = snapshot.columns();
    return IntStream.range(0, columns.size())
        .filter(i -> Sql.same(columns.get(i).name(), name))
        .findFirst()
        .orElse(-1);
  }

  SnapshotDiff run(DuckDBConnection connection, PartFiles files) throws SQLException {
    List<Part> differBefore = before.manifest().parts();
    List<Part> differAfter = after.manifest().parts();
    if (before.columns().equals(after.columns())) {
      differBefore = without(differBefore, after.manifest().parts());
      differAfter = without(differAfter, before.manifest().parts());
    }
    if (!key.isEmpty()) {
      String all = rows(before, "a", files.of(before));
      requireUnique(connection, before, all, key.keySet(), "a");
      all = rows(after, "b", files.of(after));
      requireUnique(connection, after, all, key.values(), "b");
    }
    String a = rows(before, "a", files.of(before, differBefore));
    String b = rows(after, "b", files.of(after, differAfter));
    if (!key.isEmpty()) {
      return byKey(connection, a, b);
    }
    return compared.isEmpty() ? nothingInCommon() : asWholes(connection, a, b);
  }

  /** The parts but for those of another snapshot, each as often as it is there. */
  private static List<Part> without(List<Part> parts, List<Part> others) {
    Map<String, Integer> left = new HashMap<>();
    others.forEach(part -> left.merge(part.attachment(), 1, Integer::sum));
    List<Part> rest = new ArrayList<>();
    for (Part part : parts) {
      Integer more = left.computeIfPresent(part.attachment(), (name, n) -> n - 1);
      if (more == null || more < 0) {
        rest.add(part);
      }
    }
    return rest;
  }

  /** Some parts of a snapshot as a query, its columns called by their places. */
  private static String rows(Snapshot snapshot, String side, List<Path> files) {
    List<Column> columns = snapshot.columns();
    StringJoiner renamed = new StringJoiner(", ");
    for (int i = 0; i < columns.size(); i++) {
      String value =
          files.isEmpty()
              ? "CAST(NULL AS " + columns.get(i).type() + ")"
              : Sql.quoted(columns.get(i).name());
      renamed.add(value + " AS " + side + i);
    }
    return files.isEmpty()
        ? "(SELECT " + renamed + " WHERE false)"
        : "(SELECT " + renamed + " FROM " + PartFiles.from(columns, files) + ")";
  }

  private void requireUnique(
      DuckDBConnection connection,
      Snapshot snapshot,
      String rows,
      Iterable<Integer> places,
      String side)
      throws SQLException {
    StringJoiner keys = new StringJoiner(", ");
    StringJoiner texts = new StringJoiner(", ");
    for (int place : places) {
      keys.add(side + place);
      texts.add(side + place + "::VARCHAR");
    }
    String sql =
        "SELECT count(*), %2$s FROM %3$s GROUP BY %1$s HAVING count(*) > 1 ORDER BY %1$s LIMIT 1";
    try (Statement statement = connection.createStatement();
        ResultSet twice = statement.executeQuery(sql.formatted(keys, texts, rows))) {
      if (twice.next()) {
        StringJoiner values = new StringJoiner(", ");
        for (int i = 0; i < keyNames.size(); i++) {
          values.add(keyNames.get(i) + " = " + twice.getString(i + 2));
        }
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "the key must tell the rows of "
                + snapshot.version().id()
                + " apart; "
                + twice.getLong(1)
                + " of them have "
                + values);
      }
    }
  }

  private SnapshotDiff byKey(DuckDBConnection connection, String a, String b) throws SQLException {
    StringJoiner same = new StringJoiner(" AND ");
    key.forEach((i, j) -> same.add("a%d IS NOT DISTINCT FROM b%d".formatted(i, j)));
    StringJoiner differs = new StringJoiner(" OR ", "(", ")").setEmptyValue("false");
    Map<Integer, Integer> values = new LinkedHashMap<>(compared);
    values.keySet().removeAll(key.keySet());
    values.forEach((i, j) -> differs.add("a%d IS DISTINCT FROM b%d".formatted(i, j)));
    run(
        connection,
        "CREATE TEMP TABLE differences AS SELECT *, CASE WHEN a IS NULL THEN 'added'"
            + " WHEN b IS NULL THEN 'removed' ELSE 'changed' END AS sort"
            + " FROM (SELECT true AS a, * FROM %s) FULL OUTER JOIN (SELECT true AS b, * FROM %s)"
                .formatted(a, b)
            + " ON %s WHERE a IS NULL OR b IS NULL OR %s".formatted(same, differs));
    StringJoiner counts = new StringJoiner(", ");
    for (String sort : List.of("added", "removed", "changed")) {
      counts.add("count(*) FILTER (sort = '" + sort + "')");
    }
    values.forEach(
        (i, j) ->
            counts.add(
                "count(*) FILTER (sort = 'changed' AND a%d IS DISTINCT FROM b%d)".formatted(i, j)));
    List<Long> numbers = numbers(connection, "SELECT " + counts + " FROM differences");
    Map<String, Long> byColumn = new LinkedHashMap<>();
    int at = 3;
    for (int place : values.keySet()) {
      long rows = numbers.get(at++);
      if (rows > 0) {
        byColumn.put(before.columns().get(place).name(), rows);
      }
    }
    String byA = order("a", key.keySet());
    List<Map<String, @Nullable String>> changedBefore =
        sample(connection, before, "a", "changed", byA);
    List<Map<String, @Nullable String>> changedAfter =
        sample(connection, after, "b", "changed", byA);
    return new SnapshotDiff(
        before,
        after,
        List.copyOf(keyNames),
        columns,
        new SnapshotDiff.Counts(
            numbers.get(0), numbers.get(1), numbers.get(2), Collections.unmodifiableMap(byColumn)),
        new SnapshotDiff.Samples(
            sample(connection, after, "b", "added", order("b", key.values())),
            sample(connection, before, "a", "removed", byA),
            IntStream.range(0, changedBefore.size())
                .mapToObj(
                    i -> new SnapshotDiff.ChangedRow(changedBefore.get(i), changedAfter.get(i)))
                .toList()));
  }

  private static String order(String side, Iterable<Integer> places) {
    StringJoiner order = new StringJoiner(", ");
    places.forEach(place -> order.add(side + place));
    return order.toString();
  }

  private static List<Map<String, @Nullable String>> sample(
      DuckDBConnection connection, Snapshot snapshot, String side, String sort, String order)
      throws SQLException {
    return sample(
        connection,
        snapshot,
        IntStream.range(0, snapshot.columns().size()).boxed().toList(),
        i -> side + i,
        "differences WHERE sort = '" + sort + "' ORDER BY " + order);
  }

  private static List<Map<String, @Nullable String>> sample(
      DuckDBConnection connection,
      Snapshot snapshot,
      List<Integer> places,
      IntFunction<String> name,
      String from)
      throws SQLException {
    StringJoiner texts = new StringJoiner(", ");
    places.forEach(place -> texts.add(name.apply(place) + "::VARCHAR"));
    List<Map<String, @Nullable String>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery("SELECT %s FROM %s LIMIT %d".formatted(texts, from, SAMPLES))) {
      while (found.next()) {
        Map<String, @Nullable String> row = new LinkedHashMap<>();
        for (int i = 0; i < places.size(); i++) {
          row.put(snapshot.columns().get(places.get(i)).name(), found.getString(i + 1));
        }
        rows.add(SnapshotDiff.copy(row));
      }
    }
    return List.copyOf(rows);
  }

  private SnapshotDiff asWholes(DuckDBConnection connection, String a, String b)
      throws SQLException {
    String fromA = "SELECT " + order("a", compared.keySet()) + " FROM " + a;
    String fromB = "SELECT " + order("b", compared.values()) + " FROM " + b;
    run(connection, "CREATE TEMP TABLE removed AS " + fromA + " EXCEPT ALL " + fromB);
    run(connection, "CREATE TEMP TABLE added AS " + fromB + " EXCEPT ALL " + fromA);
    List<Long> numbers =
        numbers(connection, "SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)");
    return new SnapshotDiff(
        before,
        after,
        List.of(),
        columns,
        new SnapshotDiff.Counts(numbers.get(0), numbers.get(1), 0, Map.of()),
        new SnapshotDiff.Samples(
            sample(
                connection,
                after,
                List.copyOf(compared.values()),
                i -> "b" + i,
                "added ORDER BY " + order("b", compared.values())),
            sample(
                connection,
                before,
                List.copyOf(compared.keySet()),
                i -> "a" + i,
                "removed ORDER BY " + order("a", compared.keySet())),
            List.of()));
  }

  private SnapshotDiff nothingInCommon() {
    return new SnapshotDiff(
        before,
        after,
        List.of(),
        columns,
        new SnapshotDiff.Counts(after.rows(), before.rows(), 0, Map.of()),
        new SnapshotDiff.Samples(List.of(), List.of(), List.of()));
  }

  private static void run(DuckDBConnection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static List<Long> numbers(DuckDBConnection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      List<Long> numbers = new ArrayList<>();
      for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
        numbers.add(row.getLong(i));
      }
      return numbers;
    }
  }
}
