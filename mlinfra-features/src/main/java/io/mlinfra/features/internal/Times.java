package io.mlinfra.features.internal;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** Times in UTC as microseconds since 1970. */
public final class Times {
  private Times() {}

  /** The last microsecond that is not after a time. */
  public static long floor(LocalDateTime time) {
    return micros(time, time.getNano() / 1000);
  }

  /** The first microsecond that is not before a time. */
  public static long ceiling(LocalDateTime time) {
    return micros(time, (time.getNano() + 999) / 1000);
  }

  /** The time of some microseconds. */
  public static LocalDateTime of(long micros) {
    return LocalDateTime.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L),
        (int) Math.floorMod(micros, 1_000_000L) * 1000,
        ZoneOffset.UTC);
  }

  private static long micros(LocalDateTime time, int microsOfSecond) {
    try {
      long seconds = time.toEpochSecond(ZoneOffset.UTC);
      return Math.addExact(Math.multiplyExact(seconds, 1_000_000L), microsOfSecond);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "time (" + time + ") must be within 290,000 years of 1970", e);
    }
  }
}
