package io.mlinfra.features.online;

import java.time.Clock;
import java.time.Duration;
import java.util.Objects;

/** How an online store works. Immutable. */
public final class OnlineOptions {
  private static final Duration MOST_LATENESS = Duration.ofDays(100_000);
  private static final OnlineOptions DEFAULTS = builder().build();

  private final Clock clock;
  private final long mostEntities;
  private final Duration allowedLateness;
  private final String prefix;

  private OnlineOptions(Builder builder) {
    this.clock = builder.clock;
    this.mostEntities = builder.mostEntities;
    this.allowedLateness = builder.allowedLateness;
    this.prefix = builder.prefix;
  }

  /** The system's clock, no bound of memory, a day of lateness, the prefix {@code mlinfra}. */
  public static OnlineOptions defaults() {
    return DEFAULTS;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Says at which time a read without one is meant. */
  public Clock clock() {
    return clock;
  }

  /** How many entities of a view stay in memory; {@link Long#MAX_VALUE} for all. */
  public long mostEntities() {
    return mostEntities;
  }

  /** How much earlier than the latest event of a view an event or a read may be. */
  public Duration allowedLateness() {
    return allowedLateness;
  }

  /** What the names of everything kept in Redis begin with. */
  public String prefix() {
    return prefix;
  }

  @Override
  public String toString() {
    return "OnlineOptions["
        + (mostEntities == Long.MAX_VALUE ? "" : "mostEntities=" + mostEntities + ", ")
        + "allowedLateness="
        + allowedLateness
        + ", prefix="
        + prefix
        + "]";
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private Clock clock = Clock.systemUTC();
    private long mostEntities = Long.MAX_VALUE;
    private Duration allowedLateness = Duration.ofDays(1);
    private String prefix = "mlinfra";

    private Builder() {}

    /** The clock that says at which time a read without one is meant. */
    public Builder clock(Clock reads) {
      this.clock = Objects.requireNonNull(reads, "clock");
      return this;
    }

    /**
     * How many entities of a view stay in memory, about; those asked for most do. Of a store in
     * memory the others are gone until the next materialisation, and look as if they had no events.
     *
     * @param perView 1 or more
     */
    public Builder mostEntities(long perView) {
      if (perView < 1) {
        throw new IllegalArgumentException("mostEntities (" + perView + ") must be > 0");
      }
      this.mostEntities = perView;
      return this;
    }

    /**
     * How much earlier than the latest event of a view an event may become visible, and a read may
     * be. Events are kept for so much longer.
     *
     * @param length not negative, a whole number of microseconds, at most 100,000 days
     */
    public Builder allowedLateness(Duration length) {
      if (length.isNegative()
          || length.getNano() % 1000 != 0
          || length.compareTo(MOST_LATENESS) > 0) {
        throw new IllegalArgumentException(
            "allowedLateness ("
                + length
                + ") must be a whole number of microseconds from 0 to 100,000 days");
      }
      this.allowedLateness = length;
      return this;
    }

    /** What the names of everything kept in Redis begin with. */
    public Builder prefix(String text) {
      if (text.isBlank()) {
        throw new IllegalArgumentException("prefix must not be blank");
      }
      this.prefix = text;
      return this;
    }

    public OnlineOptions build() {
      return new OnlineOptions(this);
    }
  }
}
