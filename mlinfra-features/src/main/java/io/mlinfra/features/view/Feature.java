package io.mlinfra.features.view;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One feature of a view: what the latest event says, or an aggregate over a window.
 *
 * @param name {@code view__aggregate_window}, such as {@code origin__mean_delay_3h}
 * @param aggregate what is computed
 * @param window how far back, a positive whole number of microseconds, at most 100,000 days; null
 *     for what the latest events say
 */
public record Feature(String name, Aggregate aggregate, @Nullable Duration window) {
  private static final Duration LONGEST = Duration.ofDays(100_000);

  public Feature {
    Text.required("the name of a feature", name);
    if ((window != null) != aggregate.function().isWindowed()) {
      throw new IllegalArgumentException(
          aggregate + (window == null ? " needs a window" : " takes no window"));
    }
    if (window != null) {
      requireMicros("window", window);
    }
  }

  /** A length of time that every engine can count in microseconds. */
  static Duration requireMicros(String what, Duration length) {
    if (Objects.requireNonNull(length, what).isNegative()
        || length.isZero()
        || length.getNano() % 1000 != 0
        || length.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          what
              + " ("
              + length
              + ") must be a positive whole number of microseconds up to 100,000 days");
    }
    return length;
  }

  /** What a feature is called whose aggregate bears this label. */
  static String name(String view, String label, @Nullable Duration window) {
    return prefix(view) + label + suffix(window);
  }

  static String prefix(String view) {
    return view + "__";
  }

  static String suffix(@Nullable Duration window) {
    return window == null ? "" : "_" + label(window);
  }

  /**
   * A duration as it stands in names and definitions: {@code 3h}, {@code 7d}, the largest unit that
   * divides it.
   */
  public static String label(Duration window) {
    long micros = window.toNanos() / 1000;
    String[] units = {"d", "h", "m", "s", "ms", "us"};
    long[] sizes = {86_400_000_000L, 3_600_000_000L, 60_000_000L, 1_000_000L, 1_000L, 1L};
    int unit = 0;
    while (micros % sizes[unit] != 0) {
      unit++;
    }
    return micros / sizes[unit] + units[unit];
  }

  /** {@code "origin__mean_delay_3h" = mean("delay") over 3h}, as it stands in a definition. */
  @Override
  public String toString() {
    String over = window == null ? "" : " over " + label(window);
    return Text.quote(name) + " = " + aggregate + over;
  }
}
