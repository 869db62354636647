package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Names;
import io.mlinfra.core.version.ContentHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Says once how features of an entity are derived from a table of events. Immutable.
 *
 * <pre>{@code
 * FeatureView card = FeatureView.named("card")
 *     .from("payments").entity("card").eventTime("paid").knownAt("booked")
 *     .ttl(Duration.ofDays(90))
 *     .latest("country").lag("amount", 1).sinceLast()
 *     .window(Duration.ofDays(7), count(), sum("amount"), max("amount"))
 *     .window(Duration.ofDays(7), count().where(greaterThan("amount", 100)))
 *     .owner("payments team").tag("pii")
 *     .build();
 * }</pre>
 *
 * <p><b>Meaning.</b> At time {@code t} an event is visible if it had happened and was known: event
 * time ≤ {@code t} and, where declared, known-at ≤ {@code t}. An event known before it happens is
 * visible when it happens; one without an entity, a finite event time or a finite known-at never
 * is. A time to live hides what is older: an event is visible while {@code t} − event time ≤ TTL. A
 * window of length {@code w} holds the visible events with {@code t − w} &lt; event time. Times are
 * compared in microseconds, UTC.
 *
 * <p><b>Order.</b> Events are ordered by event time; among equals by known-at; then by the tie
 * break column, if there is one; and as a last resort by their values in the columns that the
 * features read, in the order in which the definition first names them: missing values first, texts
 * by code point, &minus;0 before 0. So the latest event is the same whatever order the table is
 * stored in. NaN counts as missing.
 */
public final class FeatureView {
  private final String name;
  private final String source;
  private final boolean sql;
  private final Entity entity;
  private final String eventTime;
  private final @Nullable String knownAt;
  private final @Nullable String tieBreak;
  private final @Nullable Duration ttl;
  private final List<Feature> features;
  private final @Nullable String owner;
  private final @Nullable String description;
  private final Set<String> tags;
  private final String definition;

  private FeatureView(Builder from, Entity entity) {
    this.name = from.name;
    this.source = from.source;
    this.sql = from.sql;
    this.entity = entity;
    this.eventTime = from.eventTime;
    this.knownAt = from.knownAt;
    this.tieBreak = from.tieBreak;
    this.ttl = from.ttl;
    this.features = List.copyOf(from.features);
    this.owner = from.owner;
    this.description = from.description;
    this.tags = Collections.unmodifiableSet(new TreeSet<>(from.tags));
    this.definition = write();
  }

  /** Starts a view. Its name begins the name of each of its features. */
  public static Builder named(String name) {
    return new Builder(Names.require("feature view", name));
  }

  /**
   * Reads a {@link #definition}. One written by hand may have its clauses in any order, and blanks
   * and empty lines between them.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if it is none; the message says in
   *     which line, and what was expected there
   */
  public static FeatureView parse(String definition) {
    return DefinitionReader.view(definition);
  }

  /** Starts a view that has all that this one has, and gets more or other parts. */
  public Builder toBuilder() {
    Builder builder = new Builder(name);
    builder.source = source;
    builder.sql = sql;
    builder.entity = entity;
    builder.eventTime = eventTime;
    builder.knownAt = knownAt;
    builder.tieBreak = tieBreak;
    builder.ttl = ttl;
    builder.features.addAll(features);
    builder.owner = owner;
    builder.description = description;
    builder.tags.addAll(tags);
    return builder;
  }

  public String name() {
    return name;
  }

  /** The table of events, or the query that gives them. */
  public String source() {
    return source;
  }

  /** Whether {@link #source()} is a query and not a table. */
  public boolean isSql() {
    return sql;
  }

  /** What the features are about. */
  public Entity entity() {
    return entity;
  }

  /** The column that says when an event happened. */
  public String eventTime() {
    return eventTime;
  }

  /** The column that says when an event was known, where that is not its event time. */
  public Optional<String> knownAt() {
    return Optional.ofNullable(knownAt);
  }

  /** The column that orders events of one event time and known-at. */
  public Optional<String> tieBreak() {
    return Optional.ofNullable(tieBreak);
  }

  /** How long an event is seen after it happened; for ever if empty. */
  public Optional<Duration> ttl() {
    return Optional.ofNullable(ttl);
  }

  public List<Feature> features() {
    return features;
  }

  /** Who answers for it. */
  public Optional<String> owner() {
    return Optional.ofNullable(owner);
  }

  public Optional<String> description() {
    return Optional.ofNullable(description);
  }

  /** In alphabetical order. */
  public Set<String> tags() {
    return tags;
  }

  /**
   * The definition as text, one line a clause: equal definitions give equal texts. It is what a
   * version keeps.
   */
  public String definition() {
    return definition;
  }

  private String write() {
    StringBuilder text = new StringBuilder("feature view ").append(Text.quote(name));
    line(text, sql ? "from sql" : "from table", source);
    text.append("\n  entity ").append(entity);
    line(text, "event time", eventTime);
    line(text, "known at", knownAt);
    line(text, "tie break", tieBreak);
    if (ttl != null) {
      text.append("\n  ttl ").append(Feature.label(ttl));
    }
    features.forEach(feature -> text.append("\n  feature ").append(feature));
    line(text, "owner", owner);
    line(text, "description", description);
    tags.forEach(tag -> line(text, "tag", tag));
    return text.append('\n').toString();
  }

  private static void line(StringBuilder text, String clause, @Nullable String value) {
    if (value != null) {
      text.append("\n  ").append(clause).append(' ').append(Text.quote(value));
    }
  }

  /** The SHA-256 of the definition, by which the registry tells versions apart. */
  public ContentHash hash() {
    return ContentHash.of(definition);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FeatureView that && definition.equals(that.definition);
  }

  @Override
  public int hashCode() {
    return definition.hashCode();
  }

  /** The definition. */
  @Override
  public String toString() {
    return definition;
  }

  /** Collects the parts of a view. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private String source = "";
    private boolean sql;
    private @Nullable Entity entity;
    private String eventTime = "";
    private @Nullable String knownAt;
    private @Nullable String tieBreak;
    private @Nullable Duration ttl;
    private final List<Feature> features = new ArrayList<>();
    private @Nullable String owner;
    private @Nullable String description;
    private final Set<String> tags = new HashSet<>();

    private Builder(String name) {
      this.name = name;
    }

    /**
     * The table of events, or a database view of them; takes the place of what was named before.
     */
    public Builder from(String table) {
      this.source = Text.required("table", table);
      this.sql = false;
      return this;
    }

    /** The query that gives the events. */
    public Builder fromSql(String query) {
      this.source = Text.required("query", query);
      this.sql = true;
      return this;
    }

    /**
     * The columns that identify an entity, which bears their names joined by {@code _}; where these
     * are no name, {@link Entity#of} gives it another.
     */
    public Builder entity(String... keys) {
      return entity(new Entity(String.join("_", keys), Arrays.asList(keys)));
    }

    /** What the features are about. */
    public Builder entity(Entity of) {
      this.entity = Objects.requireNonNull(of, "entity");
      return this;
    }

    /** The column that says when an event happened. */
    public Builder eventTime(String column) {
      this.eventTime = Text.required("eventTime", column);
      return this;
    }

    /** The column that says when an event was known, where that is not when it happened. */
    public Builder knownAt(String column) {
      this.knownAt = Text.required("knownAt", column);
      return this;
    }

    /**
     * The column that orders events of one event time and known-at, such as a sequence number:
     * whole numbers, times or texts.
     */
    public Builder tieBreak(String column) {
      this.tieBreak = Text.required("tieBreak", column);
      return this;
    }

    /**
     * How long an event is seen after it happened.
     *
     * @param length a positive whole number of microseconds, at most 100,000 days, and not shorter
     *     than any window
     */
    public Builder ttl(Duration length) {
      this.ttl = Feature.requireMicros("ttl", length);
      return this;
    }

    /** Adds what the latest event says in some columns. */
    public Builder latest(String... columns) {
      for (String column : columns) {
        add(Aggregate.latest(column), null);
      }
      return this;
    }

    /**
     * Adds what an earlier event says.
     *
     * @param events how many events before the latest, 1 to 100
     */
    public Builder lag(String column, int events) {
      return add(Aggregate.lag(column, events), null);
    }

    /** Adds the seconds since the latest event happened. */
    public Builder sinceLast() {
      return add(Aggregate.sinceLast(), null);
    }

    /**
     * Adds a feature per aggregate.
     *
     * @param length how far back, a positive whole number of microseconds, at most 100,000 days
     */
    public Builder window(Duration length, Aggregate... aggregates) {
      Feature.requireMicros("window", length);
      if (aggregates.length == 0) {
        throw new IllegalArgumentException(
            "a window of " + length + " needs at least one aggregate");
      }
      for (Aggregate aggregate : aggregates) {
        add(aggregate, length);
      }
      return this;
    }

    /** Adds a feature per aggregate and length. */
    public Builder windows(List<Duration> lengths, Aggregate... aggregates) {
      lengths.forEach(length -> window(length, aggregates));
      return this;
    }

    Builder add(Aggregate aggregate, @Nullable Duration window) {
      Objects.requireNonNull(aggregate, "aggregate");
      features.add(new Feature(Feature.name(name, aggregate.label(), window), aggregate, window));
      return this;
    }

    /** Who answers for it. */
    public Builder owner(String who) {
      this.owner = Text.required("owner", who);
      return this;
    }

    public Builder description(String text) {
      this.description = Text.required("description", text);
      return this;
    }

    /** Adds tags, such as {@code pii}. */
    public Builder tag(String... more) {
      for (String tag : more) {
        tags.add(Text.required("tag", tag));
      }
      return this;
    }

    /**
     * The finished view.
     *
     * @throws IllegalStateException if a part is missing
     * @throws IllegalArgumentException if two features have one name, whose case does not matter, a
     *     window is longer than the time to live, or the tie break breaks none
     */
    public FeatureView build() {
      requirePart("from", !source.isEmpty());
      requirePart("entity", entity != null);
      requirePart("eventTime", !eventTime.isEmpty());
      if (features.isEmpty()) {
        throw new IllegalStateException("feature view '" + name + "' needs at least one feature");
      }
      requireThatTiesBreak(Objects.requireNonNull(entity));
      Set<String> seen = new HashSet<>();
      for (Feature feature : features) {
        if (!seen.add(feature.name().toLowerCase(Locale.ROOT))) {
          throw new IllegalArgumentException(
              "feature '"
                  + feature.name()
                  + "' is there twice; give one another label with named(…)");
        }
        if (ttl != null && feature.window() != null && feature.window().compareTo(ttl) > 0) {
          throw new IllegalArgumentException(
              "feature '"
                  + feature.name()
                  + "' looks back further than the time to live, which is "
                  + Feature.label(ttl));
        }
      }
      return new FeatureView(this, Objects.requireNonNull(entity));
    }

    private void requireThatTiesBreak(Entity of) {
      if (tieBreak != null
          && (tieBreak.equalsIgnoreCase(eventTime)
              || tieBreak.equalsIgnoreCase(knownAt)
              || of.keys().stream().anyMatch(tieBreak::equalsIgnoreCase))) {
        throw new IllegalArgumentException(
            "feature view '"
                + name
                + "' breaks ties by '"
                + tieBreak
                + "', which is the same in all events of one entity, event time and known-at");
      }
    }

    private void requirePart(String part, boolean there) {
      if (!there) {
        throw new IllegalStateException("feature view '" + name + "' lacks " + part + "(…)");
      }
    }
  }
}
