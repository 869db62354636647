package io.mlinfra.warehouse;

import java.nio.file.FileSystems;
import java.nio.file.Path;

/** What has to go into SQL as text, made safe. Values never do: they are parameters. */
final class Sql {
  private static final int LONGEST_NAME = 255;

  private Sql() {}

  /**
   * A table's name, quoted.
   *
   * @throws IllegalArgumentException if no table can have it
   */
  static String table(String name) {
    if (name.isBlank() || name.length() > LONGEST_NAME) {
      throw new IllegalArgumentException(
          "table ('" + shown(name) + "') must be 1 to " + LONGEST_NAME + " characters, not blank");
    }
    for (int i = 0; i < name.length(); i++) {
      if (Character.isISOControl(name.charAt(i))) {
        throw new IllegalArgumentException(
            "table ('" + shown(name) + "') must not contain control characters");
      }
    }
    return quoted(name);
  }

  /** Any identifier, quoted. */
  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** A name as DuckDB compares names: only letters of ASCII have no case. */
  static String folded(String name) {
    StringBuilder folded = new StringBuilder(name);
    for (int i = 0; i < folded.length(); i++) {
      char c = folded.charAt(i);
      if (c >= 'A' && c <= 'Z') {
        folded.setCharAt(i, (char) (c + ('a' - 'A')));
      }
    }
    return folded.toString();
  }

  /** Whether two names are the same to DuckDB. */
  static boolean same(String name, String other) {
    return folded(name).equals(folded(other));
  }

  /** A text as a literal, for the few places where DuckDB takes no parameter. */
  static String literal(String text) {
    return '\'' + text.replace("'", "''") + '\'';
  }

  /**
   * The pattern that matches this one file.
   *
   * @throws IllegalArgumentException if the path is not one of the default file system
   */
  static String pattern(Path file) {
    StringBuilder pattern = new StringBuilder();
    for (char c : path(file).toCharArray()) {
      if (c == '*' || c == '?' || c == '[') {
        pattern.append('[').append(c).append(']');
      } else {
        pattern.append(c);
      }
    }
    return pattern.toString();
  }

  /**
   * The absolute path as native code takes it.
   *
   * @throws IllegalArgumentException if the path is not one of the default file system
   */
  static String path(Path file) {
    if (file.getFileSystem() != FileSystems.getDefault()) {
      throw new IllegalArgumentException(
          "file (" + file + ") must be on the default file system: DuckDB opens it itself");
    }
    return file.toAbsolutePath().toString();
  }

  private static String shown(String name) {
    String text = name.length() <= 40 ? name : name.substring(0, 40) + "…";
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
