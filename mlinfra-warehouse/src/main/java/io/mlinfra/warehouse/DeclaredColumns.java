package io.mlinfra.warehouse;

import java.sql.SQLException;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Columns whose types were declared, in that order. Immutable. */
final class DeclaredColumns {
  static final DeclaredColumns NONE = new DeclaredColumns(Map.of(), Map.of());

  private static final Pattern NO_TYPE =
      Pattern.compile(
          "Type with name (.*?) does not exist|Value \"(.*)\" can not be converted to a DuckDB"
              + " Type",
          Pattern.DOTALL);

  private final Map<String, String> types;

  /** Of those that were not declared, where a table has them already. */
  private final Map<String, String> others;

  private DeclaredColumns(Map<String, String> types, Map<String, String> others) {
    this.types = types;
    this.others = others;
  }

  /** These and more; a type that was declared before is replaced. */
  DeclaredColumns with(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(types);
    more.forEach((name, type) -> all.put(name(name), type(name, type)));
    return new DeclaredColumns(Collections.unmodifiableMap(all), others);
  }

  /** These and, for columns that were not declared, the types that a table has for them. */
  DeclaredColumns or(Map<String, String> table) {
    Map<String, String> plain = new LinkedHashMap<>(table);
    plain.values().removeIf(type -> !Widening.isPlain(type));
    return new DeclaredColumns(types, plain);
  }

  private static String name(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("column ('') must have a name");
    }
    return name;
  }

  private static String type(String name, String type) {
    Objects.requireNonNull(type, "type");
    if (type.isBlank()) {
      throw new IllegalArgumentException("type ('') of column '" + name + "' must not be blank");
    }
    return type;
  }

  /** Whether no type is known of any column. */
  boolean isEmpty() {
    return types.isEmpty() && others.isEmpty();
  }

  int size() {
    return types.size();
  }

  Collection<String> names() {
    return types.keySet();
  }

  /** What is known of a column, whatever the case of its name. */
  @Nullable String type(String name) {
    String exact = types.get(name);
    if (exact != null) {
      return exact;
    }
    return Stream.of(types, others)
        .flatMap(known -> known.entrySet().stream())
        .filter(column -> Sql.same(column.getKey(), name))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }

  /** Those that were declared, for {@code columns = …}. */
  String sql() {
    return sql(types.keySet());
  }

  /** Those of these names whose type is known; DuckDB parses each type as nothing but a type. */
  String sql(Collection<String> names) {
    StringJoiner struct = new StringJoiner(", ", "{", "}");
    for (String name : names) {
      String type = type(name);
      if (type != null) {
        struct.add(Sql.literal(name) + ": " + Sql.literal(type));
      }
    }
    return struct.toString();
  }

  /** The caller's mistake if DuckDB does not know a type. */
  @Nullable RuntimeException mistake(SQLException error) {
    Matcher matcher = NO_TYPE.matcher(Errors.message(error));
    if (!matcher.find()) {
      return null;
    }
    String type = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
    for (Map.Entry<String, String> column : types.entrySet()) {
      if (column
          .getValue()
          .toUpperCase(java.util.Locale.ROOT)
          .contains(type.toUpperCase(java.util.Locale.ROOT))) {
        return new IllegalArgumentException(
            "type ('"
                + column.getValue()
                + "') of column '"
                + column.getKey()
                + "' must be one that DuckDB knows",
            error);
      }
    }
    return null;
  }
}
