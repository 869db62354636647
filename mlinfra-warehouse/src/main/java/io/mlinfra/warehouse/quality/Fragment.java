package io.mlinfra.warehouse.quality;

import java.util.Collections;
import java.util.List;

/** A piece of SQL with the values for its {@code ?}. */
record Fragment(String sql, List<Object> parameters) {
  Fragment {
    parameters = List.copyOf(parameters);
  }

  static Fragment of(String sql, Object... parameters) {
    return new Fragment(sql, List.of(parameters));
  }

  /** An identifier, quoted. */
  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** Identifiers, quoted, with commas between. */
  static String quoted(List<String> names) {
    return String.join(", ", names.stream().map(Fragment::quoted).toList());
  }

  /** Whether two names are the same to DuckDB, for which only letters of ASCII have no case. */
  static boolean same(String name, String other) {
    return folded(name).equals(folded(other));
  }

  private static String folded(String name) {
    StringBuilder folded = new StringBuilder(name);
    for (int i = 0; i < folded.length(); i++) {
      char c = folded.charAt(i);
      if (c >= 'A' && c <= 'Z') {
        folded.setCharAt(i, (char) (c + ('a' - 'A')));
      }
    }
    return folded.toString();
  }

  /** SQL that a caller wrote, closed in; a line comment at its end ends before the bracket. */
  static String enclosed(String sql) {
    return "(" + sql + "\n)";
  }

  /** As many parameters, with commas between. */
  static String holes(int count) {
    return String.join(", ", Collections.nCopies(count, "?"));
  }
}
