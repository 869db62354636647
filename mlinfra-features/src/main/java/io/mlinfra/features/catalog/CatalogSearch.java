package io.mlinfra.features.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A search, understood; {@link FeatureCatalog#search} says what may stand in one. */
final class CatalogSearch {
  private static final Map<String, Function<CatalogEntry, Stream<String>>> FIELDS =
      Map.of(
          "type", entry -> Stream.of(entry.type().label()),
          "name", entry -> Stream.of(entry.name()),
          "entity", entry -> entry.entities().stream(),
          "source", entry -> entry.sources().stream(),
          "column", entry -> entry.columns().stream(),
          "feature", entry -> entry.features().stream(),
          "tag", entry -> entry.tags().stream(),
          "owner", entry -> entry.owner().stream());

  private CatalogSearch() {}

  /**
   * Whether an entry is found.
   *
   * @throws IllegalArgumentException if the text is no search
   */
  static Predicate<CatalogEntry> parse(String text) {
    List<Predicate<CatalogEntry>> parts = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      if (Character.isWhitespace(text.charAt(at))) {
        at++;
        continue;
      }
      int end = at;
      while (end < text.length() && ":\"".indexOf(text.charAt(end)) < 0 && !isBlank(text, end)) {
        end++;
      }
      Function<CatalogEntry, Stream<String>> field = null;
      if (end < text.length() && text.charAt(end) == ':') {
        field = FIELDS.get(lower(text.substring(at, end)));
        if (field == null) {
          throw error("one of " + fields() + ", or a text in double quotes", at);
        }
        at = end + 1;
      }
      boolean quoted = at < text.length() && text.charAt(at) == '"';
      int start = quoted ? at + 1 : at;
      end = start;
      while (end < text.length() && (quoted ? text.charAt(end) != '"' : !isBlank(text, end))) {
        end++;
      }
      if (quoted && end == text.length()) {
        throw error("a double quote that ends the text in quotes", start - 1);
      }
      if (end == start) {
        throw error("a text", start);
      }
      parts.add(part(field, lower(text.substring(start, end))));
      at = quoted ? end + 1 : end;
    }
    return entry -> parts.stream().allMatch(part -> part.test(entry));
  }

  private static Predicate<CatalogEntry> part(
      @Nullable Function<CatalogEntry, Stream<String>> field, String wanted) {
    return field == null
        ? entry -> everything(entry).anyMatch(text -> lower(text).contains(wanted))
        : entry -> field.apply(entry).anyMatch(text -> isOrHas(lower(text), wanted));
  }

  private static boolean isOrHas(String text, String word) {
    return text.equals(word) || List.of(text.split("\\s+")).contains(word);
  }

  private static Stream<String> everything(CatalogEntry entry) {
    Stream<String> fields =
        FIELDS.entrySet().stream()
            .filter(field -> !field.getKey().equals("type"))
            .flatMap(field -> field.getValue().apply(entry));
    return Stream.concat(fields, entry.description().stream());
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static boolean isBlank(String text, int at) {
    return Character.isWhitespace(text.charAt(at));
  }

  private static String fields() {
    return FIELDS.keySet().stream().sorted().map(f -> f + ":").collect(Collectors.joining(", "));
  }

  private static IllegalArgumentException error(String expected, int at) {
    return new IllegalArgumentException(
        "search: expected " + expected + " at character " + (at + 1));
  }
}
