package io.mlinfra.features.view;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** Times in UTC as microseconds since 1970. */
final class Times {
  private Times() {}

  /** The last microsecond that is not after a time. */
  static long floor(LocalDateTime time) {
    return micros(time, time.getNano() / 1000);
  }

  /** The first microsecond that is not before a time. */
  static long ceiling(LocalDateTime time) {
    return micros(time, (time.getNano() + 999) / 1000);
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
