package io.mlinfra.registry;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Texts that callers pass in, and lists for error messages. */
final class Texts {
  private static final int SHOWN = 8;

  private Texts() {}

  /** A sorted copy of texts that can all be written as UTF-8. */
  static Map<String, String> sorted(String what, Map<String, String> texts) {
    Map<String, String> sorted = new TreeMap<>(texts);
    sorted.forEach(
        (key, value) -> {
          requireUnicode(what + " name", key);
          String which = what + " '" + abbreviated(key) + "'";
          requireUnicode(which, Objects.requireNonNull(value, which));
        });
    return Collections.unmodifiableMap(sorted);
  }

  /** Half of a surrogate pair has no UTF-8 form; it would come back as a question mark. */
  static String requireUnicode(String what, String value) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(value)) {
      throw new IllegalArgumentException(
          what
              + " ('"
              + abbreviated(value)
              + "') must be Unicode text; it has half of a surrogate pair");
    }
    return value;
  }

  /** A text for an error message, however long the caller made it. */
  static String abbreviated(String text) {
    return text.length() <= 80
        ? text
        : text.substring(0, 80) + "… (" + text.length() + " characters)";
  }

  /** The first few, and how many there are beside them. */
  static String few(Collection<String> names) {
    String shown = names.stream().limit(SHOWN).collect(Collectors.joining(", "));
    return names.size() <= SHOWN ? shown : shown + " and " + (names.size() - SHOWN) + " more";
  }
}
