package io.mlinfra.warehouse;

import io.mlinfra.warehouse.Statements.Placeholder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The values of one statement, by position or by name. The driver takes them by position only, so
 * that {@code $name} becomes {@code $1}. Not thread-safe.
 */
final class Bindings {
  private final String sql;
  private final List<Placeholder> placeholders;

  /** The names as the statement first writes them, by what DuckDB compares. */
  private final Map<String, String> names = new LinkedHashMap<>();

  private final Map<String, @Nullable Object> named = new LinkedHashMap<>();
  private @Nullable Object @Nullable [] positional;

  Bindings(String sql) {
    this.sql = sql;
    this.placeholders = Statements.placeholders(sql);
    for (Placeholder placeholder : placeholders) {
      String name = placeholder.name();
      if (name != null) {
        names.putIfAbsent(Sql.folded(name), name);
      }
    }
  }

  /** All values of a statement that has {@code ?} or {@code $1}. */
  void positional(@Nullable Object[] values) {
    if (positional != null) {
      throw new IllegalArgumentException("the parameters are bound already");
    }
    if (values.length > 0 && !names.isEmpty()) {
      throw new IllegalArgumentException(
          "parameters ("
              + values.length
              + ") must be bound by name: the statement has "
              + listed());
    }
    positional = values.clone();
  }

  /** One value of a statement that has names; of another, its two values. */
  void named(String name, @Nullable Object value) {
    Objects.requireNonNull(name, "name");
    if (names.isEmpty() && !placeholders.isEmpty()) {
      // In bind("JFK", 15) the text is a value.
      positional(new @Nullable Object[] {name, value});
      return;
    }
    String key = Sql.folded(name);
    if (!names.containsKey(key)) {
      throw new IllegalArgumentException(
          "parameter '" + name + "' is not in the statement, which has " + listed());
    }
    if (named.containsKey(key)) {
      throw new IllegalArgumentException(
          "parameter '" + name + "' is bound already; the statement has " + listed());
    }
    named.put(key, value);
  }

  /**
   * The statement as the driver takes it.
   *
   * @throws IllegalArgumentException if it mixes kinds or leaves a number out
   */
  String sql() {
    requireOneKind();
    if (names.isEmpty()) {
      return sql;
    }
    List<String> keys = List.copyOf(names.keySet());
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (Placeholder placeholder : placeholders) {
      text.append(sql, from, placeholder.start());
      String number =
          "$" + (keys.indexOf(Sql.folded(Objects.requireNonNull(placeholder.name()))) + 1);
      int length = placeholder.end() - placeholder.start();
      // As wide as before, so that DuckDB's errors point to the right place.
      text.append(number).append(" ".repeat(Math.max(0, length - number.length())));
      from = placeholder.end();
    }
    return text.append(sql, from, sql.length()).toString();
  }

  /**
   * The values in the order of {@link #sql}.
   *
   * @throws IllegalArgumentException naming those that are missing
   */
  @Nullable Object[] values() {
    if (names.isEmpty()) {
      return positional == null ? new @Nullable Object[0] : positional.clone();
    }
    List<@Nullable Object> values = new ArrayList<>();
    for (Map.Entry<String, String> name : names.entrySet()) {
      if (!named.containsKey(name.getKey())) {
        throw new IllegalArgumentException(
            "parameter '" + name.getValue() + "' is not bound; the statement has " + listed());
      }
      values.add(named.get(name.getKey()));
    }
    return values.toArray();
  }

  private void requireOneKind() {
    if (names.isEmpty()) {
      requireNoGap();
    } else if (placeholders.stream().anyMatch(each -> each.name() == null)) {
      throw new IllegalArgumentException(
          "the statement has parameters with and without a name; it must have one kind: "
              + placeholders.stream()
                  .map(each -> sql.substring(each.start(), each.end()))
                  .distinct()
                  .collect(Collectors.joining(", ")));
    }
  }

  /** A gap is an internal error of DuckDB. */
  private void requireNoGap() {
    long[] numbers = new long[placeholders.size()];
    long most = 0;
    for (int i = 0; i < numbers.length; i++) {
      long own = placeholders.get(i).number();
      numbers[i] = own == 0 ? most + 1 : own;
      most = Math.max(most, numbers[i]);
    }
    long[] distinct = Arrays.stream(numbers).sorted().distinct().toArray();
    for (int i = 0; i < distinct.length; i++) {
      if (distinct[i] != i + 1) {
        throw new IllegalArgumentException(
            "the statement has parameter $" + most + " and no $" + (i + 1));
      }
    }
  }

  private String listed() {
    if (names.isEmpty()) {
      return placeholders.isEmpty() ? "no parameters" : "parameters without names";
    }
    return names.values().stream().map(name -> "$" + name).collect(Collectors.joining(", "));
  }
}
