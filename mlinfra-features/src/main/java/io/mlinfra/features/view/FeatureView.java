package io.mlinfra.features.view;

import io.mlinfra.core.Names;
import io.mlinfra.core.version.ContentHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says once how features of an entity are derived from a table of events. Immutable.
 *
 * <pre>{@code
 * FeatureView origin = FeatureView.named("origin")
 *     .from("flights").entity("origin").eventTime("date").knownAt("landed")
 *     .window(Duration.ofHours(3), mean("delay"), count())
 *     .window(Duration.ofDays(7), mean("late"))
 *     .build();
 * }</pre>
 *
 * <p><b>Meaning.</b> An event becomes visible at {@code v = max(event time, known-at)}, or at its
 * event time where no known-at is declared. At time {@code t} a window of length {@code w} holds
 * the entity's events with {@code t − w < v ≤ t}. Events without an entity or a finite time are in
 * no window; NaN counts as a missing value. Times are compared in microseconds, UTC.
 */
public final class FeatureView {
  private static final Duration LONGEST_WINDOW = Duration.ofDays(100_000);

  private final String name;
  private final String source;
  private final String entity;
  private final String eventTime;
  private final @Nullable String knownAt;
  private final List<Feature> features;

  private FeatureView(
      String name,
      String source,
      String entity,
      String eventTime,
      @Nullable String knownAt,
      List<Feature> features) {
    this.name = name;
    this.source = source;
    this.entity = entity;
    this.eventTime = eventTime;
    this.knownAt = knownAt;
    this.features = List.copyOf(features);
  }

  /** Starts a view. Its name begins the name of each of its features. */
  public static Builder named(String name) {
    return new Builder(Names.require("feature view", name));
  }

  public String name() {
    return name;
  }

  /** The table of events. */
  public String source() {
    return source;
  }

  /** The column that names the entity, in the events and in the rows that ask. */
  public String entity() {
    return entity;
  }

  public String eventTime() {
    return eventTime;
  }

  /** The column that says when an event was known, or null where that is its event time. */
  public @Nullable String knownAt() {
    return knownAt;
  }

  public List<Feature> features() {
    return features;
  }

  /**
   * The definition as text, one line a clause: equal definitions give equal texts. It is what a
   * version keeps.
   */
  public String definition() {
    StringBuilder text = new StringBuilder("feature view " + name);
    text.append("\n  from ").append(source);
    text.append("\n  entity ").append(entity);
    text.append("\n  event time ").append(eventTime);
    if (knownAt != null) {
      text.append("\n  known at ").append(knownAt);
    }
    features.forEach(feature -> text.append("\n  ").append(feature));
    return text.append('\n').toString();
  }

  /** The hash of the definition. */
  public ContentHash hash() {
    return ContentHash.of(definition());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FeatureView that && definition().equals(that.definition());
  }

  @Override
  public int hashCode() {
    return definition().hashCode();
  }

  @Override
  public String toString() {
    return definition();
  }

  /** Collects the parts of a view. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private String source = "";
    private String entity = "";
    private String eventTime = "";
    private @Nullable String knownAt;
    private final List<Feature> features = new ArrayList<>();

    private Builder(String name) {
      this.name = name;
    }

    /** The table of events. */
    public Builder from(String table) {
      this.source = required("table", table);
      return this;
    }

    /** The column that names the entity. */
    public Builder entity(String column) {
      this.entity = required("entity", column);
      return this;
    }

    /** The column that says when an event happened. */
    public Builder eventTime(String column) {
      this.eventTime = required("eventTime", column);
      return this;
    }

    /** The column that says when an event was known, where that is later than it happened. */
    public Builder knownAt(String column) {
      this.knownAt = required("knownAt", column);
      return this;
    }

    /**
     * Adds a feature per aggregate.
     *
     * @param length how far back, a positive whole number of microseconds, at most 100,000 days
     */
    public Builder window(Duration length, Aggregate... aggregates) {
      if (!isMicros(length)) {
        throw new IllegalArgumentException(
            "window ("
                + length
                + ") must be a positive whole number of microseconds up to 100,000 days");
      }
      if (aggregates.length == 0) {
        throw new IllegalArgumentException(
            "a window of " + length + " needs at least one aggregate");
      }
      for (Aggregate aggregate : aggregates) {
        String feature = name + "__" + aggregate.label() + "_" + Feature.label(length);
        features.add(new Feature(feature, aggregate, length));
      }
      return this;
    }

    private static boolean isMicros(Duration length) {
      return !length.isNegative()
          && !length.isZero()
          && length.getNano() % 1000 == 0
          && length.compareTo(LONGEST_WINDOW) <= 0;
    }

    /**
     * The finished view.
     *
     * @throws IllegalStateException if a part is missing
     * @throws IllegalArgumentException if a feature is there twice
     */
    public FeatureView build() {
      requirePart("from", source);
      requirePart("entity", entity);
      requirePart("eventTime", eventTime);
      if (features.isEmpty()) {
        throw new IllegalStateException("feature view '" + name + "' needs at least one window");
      }
      Set<String> seen = new HashSet<>();
      for (Feature feature : features) {
        if (!seen.add(feature.name())) {
          throw new IllegalArgumentException("feature '" + feature.name() + "' is there twice");
        }
      }
      return new FeatureView(name, source, entity, eventTime, knownAt, features);
    }

    private void requirePart(String part, String value) {
      if (value.isEmpty()) {
        throw new IllegalStateException("feature view '" + name + "' lacks " + part + "(…)");
      }
    }

    private static String required(String what, String value) {
      if (value.isBlank()) {
        throw new IllegalArgumentException(what + " must not be blank");
      }
      return value;
    }
  }
}
