package io.mlinfra.features.catalog;

import io.mlinfra.features.view.Aggregate;
import io.mlinfra.features.view.Condition;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the features of a view say, and what makes them say something else.
 *
 * <p>A feature is taken apart into all that its values follow from. A time to live hides nothing
 * from a window, which is not longer; and the order of events matters only to what says which one
 * is first or last. Among events that tie, that is decided by the columns up to its own: two events
 * that are equal in all of them say the same.
 */
final class ViewComparison {
  private static final int SHOWN = 80;

  private ViewComparison() {}

  /** The features that the other view has not, or that say something else there, and why. */
  static Map<String, String> changes(FeatureView view, FeatureView other) {
    Map<String, Feature> others = byName(other);
    Map<String, String> changes = new LinkedHashMap<>();
    for (Feature feature : view.features()) {
      Feature counterpart = others.get(feature.name());
      if (counterpart == null) {
        changes.put(feature.name(), "removed");
        continue;
      }
      String why =
          String.join(", ", differences(meaning(view, feature), meaning(other, counterpart)));
      if (!why.isEmpty()) {
        changes.put(feature.name(), why);
      }
    }
    return changes;
  }

  /** All that differs, in words. */
  static List<String> diff(FeatureView view, FeatureView other) {
    List<String> lines = differences(Map.of("name", view.name()), Map.of("name", other.name()));
    lines.addAll(differences(frame(view), frame(other)));
    Map<String, Feature> before = byName(view);
    Map<String, Feature> after = byName(other);
    before.forEach(
        (name, feature) -> {
          Feature counterpart = after.get(name);
          if (counterpart == null) {
            lines.add("feature " + oneLine(name) + " removed: " + computed(feature));
            return;
          }
          Map<String, Object> own = own(view, feature);
          for (String line : differences(own, own(other, counterpart))) {
            lines.add("feature " + oneLine(name) + ": " + line);
          }
        });
    after.forEach(
        (name, feature) -> {
          if (!before.containsKey(name)) {
            lines.add("feature " + oneLine(name) + " added: " + computed(feature));
          }
        });
    List<String> kept = before.keySet().stream().filter(after::containsKey).toList();
    if (!kept.equals(after.keySet().stream().filter(before::containsKey).toList())) {
      lines.add("features in another order");
    }
    lines.addAll(differences(about(view), about(other)));
    return List.copyOf(lines);
  }

  /** Why features read a column of the view's source, by name; only those that do. */
  static Map<String, String> readers(FeatureView view, String column) {
    Map<String, String> readers = new LinkedHashMap<>();
    String frame = role(view, column);
    for (Feature feature : view.features()) {
      String why = frame.isEmpty() ? role(view, feature, column) : frame;
      if (!why.isEmpty()) {
        readers.put(feature.name(), why);
      }
    }
    return readers;
  }

  private static String role(FeatureView view, String column) {
    if (view.entity().keys().stream().anyMatch(column::equalsIgnoreCase)) {
      return "its entity key";
    }
    if (view.eventTime().equalsIgnoreCase(column)) {
      return "its event time";
    }
    return view.knownAt().filter(column::equalsIgnoreCase).isPresent()
        ? "when its events were known"
        : "";
  }

  private static String role(FeatureView view, Feature feature, String column) {
    Condition condition = feature.aggregate().condition();
    if (feature.aggregate().column().equalsIgnoreCase(column)) {
      return "computed from it";
    }
    if (condition != null && condition.column().equalsIgnoreCase(column)) {
      return "where " + condition;
    }
    boolean orders =
        isOrdered(feature)
            && (view.tieBreak().filter(column::equalsIgnoreCase).isPresent()
                || inputsUpTo(view, feature).contains(column.toLowerCase(Locale.ROOT)));
    return orders ? "events that tie are ordered by it" : "";
  }

  private static Map<String, Feature> byName(FeatureView view) {
    Map<String, Feature> byName = new LinkedHashMap<>();
    view.features().forEach(feature -> byName.put(feature.name(), feature));
    return byName;
  }

  private static List<String> differences(Map<String, Object> one, Map<String, Object> other) {
    List<String> lines = new ArrayList<>();
    Set<String> parts = new LinkedHashSet<>(one.keySet());
    parts.addAll(other.keySet());
    for (String part : parts) {
      if (!Objects.equals(one.get(part), other.get(part))) {
        String before = shown(one.get(part));
        String after = shown(other.get(part));
        lines.add(part + (before.equals(after) ? " changed" : " " + before + " → " + after));
      }
    }
    return lines;
  }

  private static String shown(@Nullable Object part) {
    if (part == null) {
      return "none";
    }
    String text =
        part instanceof List<?> list
            ? list.stream().map(String::valueOf).collect(Collectors.joining(", "))
            : part.toString();
    String line = oneLine(text);
    int points = line.codePointCount(0, line.length());
    return points <= SHOWN ? line : line.substring(0, line.offsetByCodePoints(0, SHOWN)) + "…";
  }

  static String oneLine(String text) {
    return text.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}\\s]+", " ");
  }

  /** All that a feature's values follow from. */
  private static Map<String, Object> meaning(FeatureView view, Feature feature) {
    Map<String, Object> parts = frame(view);
    parts.remove("entity");
    if (feature.window() != null) {
      parts.remove("time to live");
    }
    if (!isOrdered(feature)) {
      parts.remove("tie break");
    }
    parts.putAll(own(view, feature));
    return parts;
  }

  private static Map<String, Object> frame(FeatureView view) {
    Map<String, Object> parts = new LinkedHashMap<>();
    parts.put("source", (view.isSql() ? "query " : "table ") + view.source());
    parts.put("entity", view.entity().name());
    parts.put("keys", view.entity().keys());
    parts.put("event time", view.eventTime());
    view.knownAt().ifPresent(column -> parts.put("known-at", column));
    view.tieBreak().ifPresent(column -> parts.put("tie break", column));
    view.ttl().ifPresent(ttl -> parts.put("time to live", Feature.label(ttl)));
    return parts;
  }

  private static Map<String, Object> own(FeatureView view, Feature feature) {
    Map<String, Object> parts = new LinkedHashMap<>();
    parts.put("computed as", computed(feature));
    if (isOrdered(feature)) {
      parts.put("events that tie ordered by", inputsUpTo(view, feature));
    }
    return parts;
  }

  private static Map<String, Object> about(FeatureView view) {
    Map<String, Object> parts = new LinkedHashMap<>();
    view.owner().ifPresent(owner -> parts.put("owner", owner));
    view.description().ifPresent(text -> parts.put("description", text));
    if (!view.tags().isEmpty()) {
      parts.put("tags", List.copyOf(view.tags()));
    }
    return parts;
  }

  private static String computed(Feature feature) {
    Duration window = feature.window();
    return feature.aggregate() + (window == null ? "" : " over " + Feature.label(window));
  }

  private static boolean isOrdered(Feature feature) {
    return switch (feature.aggregate().function()) {
      case FIRST, LAST, LATEST, LAG -> true;
      default -> false;
    };
  }

  /** The columns that order events which tie, in lower case, up to that of a feature. */
  private static List<String> inputsUpTo(FeatureView view, Feature of) {
    String tieBreak = view.tieBreak().orElse("");
    List<String> inputs =
        view.features().stream()
            .flatMap(feature -> inputs(feature.aggregate()))
            .filter(column -> !column.isEmpty() && !column.equalsIgnoreCase(tieBreak))
            .map(column -> column.toLowerCase(Locale.ROOT))
            .distinct()
            .toList();
    // Where its own column breaks the ties, none of the others has a say.
    return inputs.subList(0, inputs.indexOf(of.aggregate().column().toLowerCase(Locale.ROOT)) + 1);
  }

  private static Stream<String> inputs(Aggregate aggregate) {
    Condition condition = aggregate.condition();
    return Stream.of(aggregate.column(), condition == null ? "" : condition.column());
  }
}
