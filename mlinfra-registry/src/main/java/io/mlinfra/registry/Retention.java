package io.mlinfra.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How long versions are kept that nobody asks to delete. Immutable.
 *
 * <pre>{@code
 * registry.expire(Retention.keepLast(10).keepFor(Duration.ofDays(90)), "older than the policy");
 * }</pre>
 *
 * <p>Kept is, whatever the policy says, a version that an alias points at; and whatever a kept
 * version was made from, down to the sources. What was made from a kept version is not: a report on
 * a model may be deleted while the model stays.
 */
public final class Retention {
  private final int last;
  private final Duration duration;

  private Retention(int last, Duration duration) {
    this.last = last;
    this.duration = duration;
  }

  /**
   * Keeps the latest versions under each name of each kind.
   *
   * @throws IllegalArgumentException if the number is negative
   */
  public static Retention keepLast(int versions) {
    if (versions < 0) {
      throw new IllegalArgumentException("versions (" + versions + ") must be >= 0");
    }
    return new Retention(versions, Duration.ZERO);
  }

  /**
   * Keeps also what was registered less than so long ago.
   *
   * @throws IllegalArgumentException if the duration is negative
   */
  public Retention keepFor(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("duration (" + duration + ") must be >= 0");
    }
    return new Retention(last, duration);
  }

  /**
   * @param versions those of one name, oldest first
   */
  List<Version> kept(List<Version> versions, Instant now) {
    int latest = Math.max(0, versions.size() - last);
    return IntStream.range(0, versions.size())
        .filter(
            i ->
                i >= latest
                    || Duration.between(versions.get(i).created(), now).compareTo(duration) < 0)
        .mapToObj(versions::get)
        .toList();
  }

  /** {@code keep the last 10 and for PT2160H}. */
  @Override
  public String toString() {
    return "keep the last " + last + " and for " + duration;
  }
}
