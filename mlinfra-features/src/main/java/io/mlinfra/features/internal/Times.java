package io.mlinfra.features.internal;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/** Times in UTC as microseconds since 1970; a date is its first moment. */
public final class Times {
  /** Stands for a time that is missing or infinite. */
  public static final long NONE = Long.MIN_VALUE;

  private static final long DAY = 86_400_000_000L;

  /** A column of times. */
  public interface Column {
    /**
     * The time of a row, finer ones rounded down; {@link #NONE} where there is no finite one.
     *
     * @throws ArithmeticException if it is too far from 1970
     */
    long at(int row);
  }

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

  /**
   * A column of dates or times of any unit, read where it is.
   *
   * @param vector lives longer than what is returned
   */
  public static Column column(FieldVector vector) {
    if (vector instanceof DateDayVector days) {
      return row -> days.isNull(row) ? NONE : day(days.get(row));
    }
    if (vector instanceof DateMilliVector millis) {
      return row -> millis.isNull(row) ? NONE : micros(millis.get(row), 1000);
    }
    TimeStampVector times = (TimeStampVector) vector;
    return switch (((ArrowType.Timestamp) vector.getField().getType()).getUnit()) {
      case SECOND -> row -> times.isNull(row) ? NONE : micros(times.get(row), 1_000_000);
      case MILLISECOND -> row -> times.isNull(row) ? NONE : micros(times.get(row), 1000);
      case MICROSECOND -> row -> times.isNull(row) ? NONE : micros(times.get(row), 1);
      case NANOSECOND ->
          row -> {
            long nanos = times.isNull(row) ? NONE : micros(times.get(row), 1);
            return nanos == NONE ? NONE : Math.floorDiv(nanos, 1000L);
          };
    };
  }

  private static long day(int day) {
    // The database's infinite dates.
    return day == Integer.MAX_VALUE || day == -Integer.MAX_VALUE ? NONE : micros(day, DAY);
  }

  /**
   * The microseconds of a time or date in Java, {@link #NONE} for null.
   *
   * @throws ArithmeticException if it is too far from 1970
   */
  static long micros(@Nullable Object value) {
    if (value == null) {
      return NONE;
    }
    if (value instanceof LocalDate date) {
      return micros(date.toEpochDay(), DAY);
    }
    Instant instant;
    if (value instanceof LocalDateTime time) {
      instant = time.toInstant(ZoneOffset.UTC);
    } else if (value instanceof OffsetDateTime time) {
      instant = time.toInstant();
    } else if (value instanceof ZonedDateTime time) {
      instant = time.toInstant();
    } else {
      instant = (Instant) value;
    }
    long seconds = micros(instant.getEpochSecond(), 1_000_000);
    try {
      return micros(Math.addExact(seconds, instant.getNano() / 1000), 1);
    } catch (ArithmeticException e) {
      throw tooFar(e);
    }
  }

  /**
   * A time of another unit in microseconds.
   *
   * @param time in units of so many microseconds; what the database means an infinite time by is
   *     {@link #NONE}
   */
  private static long micros(long time, long unit) {
    if (time == Long.MAX_VALUE || time <= -Long.MAX_VALUE) {
      return NONE;
    }
    try {
      return Math.multiplyExact(time, unit);
    } catch (ArithmeticException e) {
      throw tooFar(e);
    }
  }

  private static ArithmeticException tooFar(RuntimeException cause) {
    ArithmeticException tooFar = new ArithmeticException("more than 290,000 years from 1970");
    tooFar.initCause(cause);
    return tooFar;
  }
}
