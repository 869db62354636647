package io.mlinfra.features.internal;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FloatingPointVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/** Reads Arrow columns and Java values as the plain values that {@link DerivedValue} takes. */
final class DerivedInput {
  private static final long DAY = 86_400_000_000L;

  /** A column of numbers, NaN where missing. */
  interface Numbers {
    double at(int row);
  }

  /** A column of times, {@link DerivedValue#NO_TIME} where missing. */
  interface Times {
    long at(int row);
  }

  private DerivedInput() {}

  static Numbers numbers(FieldVector column) {
    if (column instanceof UInt8Vector unsigned) {
      return row -> unsigned.isNull(row) ? Double.NaN : unsigned(unsigned.get(row));
    }
    if (column instanceof BaseIntVector whole) {
      return row -> column.isNull(row) ? Double.NaN : whole.getValueAsLong(row);
    }
    if (column instanceof FloatingPointVector floating) {
      return row -> column.isNull(row) ? Double.NaN : floating.getValueAsDouble(row);
    }
    return row -> number(column.getObject(row));
  }

  /** The nearest double: half of it, with a last bit that stands for all that is cut off. */
  private static double unsigned(long bits) {
    return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
  }

  /** A number, NaN for null. */
  static double number(@Nullable Object value) {
    return value == null ? Double.NaN : ((Number) value).doubleValue();
  }

  static Times times(FieldVector column) {
    if (column instanceof DateDayVector days) {
      return row -> days.isNull(row) ? DerivedValue.NO_TIME : day(days.get(row));
    }
    if (column instanceof DateMilliVector millis) {
      return row ->
          millis.isNull(row) ? DerivedValue.NO_TIME : DerivedValue.micros(millis.get(row), 1000);
    }
    TimeStampVector times = (TimeStampVector) column;
    ArrowType.Timestamp type = (ArrowType.Timestamp) column.getField().getType();
    return switch (type.getUnit()) {
      case SECOND -> scaled(times, 1_000_000);
      case MILLISECOND -> scaled(times, 1000);
      case MICROSECOND -> scaled(times, 1);
      case NANOSECOND ->
          row -> {
            long nanos = times.isNull(row) ? DerivedValue.NO_TIME : finite(times.get(row));
            return nanos == DerivedValue.NO_TIME ? nanos : Math.floorDiv(nanos, 1000L);
          };
    };
  }

  private static Times scaled(TimeStampVector times, long unit) {
    return row ->
        times.isNull(row) ? DerivedValue.NO_TIME : DerivedValue.micros(times.get(row), unit);
  }

  private static long finite(long time) {
    return DerivedValue.micros(time, 1);
  }

  private static long day(int day) {
    // The database's infinite dates.
    return day == Integer.MAX_VALUE || day == -Integer.MAX_VALUE
        ? DerivedValue.NO_TIME
        : DerivedValue.micros(day, DAY);
  }

  /** The microseconds of a time in Java, {@link DerivedValue#NO_TIME} for null. */
  static long time(@Nullable Object value) {
    if (value == null) {
      return DerivedValue.NO_TIME;
    }
    if (value instanceof LocalDate date) {
      return DerivedValue.micros(date.toEpochDay(), DAY);
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
    long seconds = DerivedValue.micros(instant.getEpochSecond(), 1_000_000);
    try {
      return finite(Math.addExact(seconds, instant.getNano() / 1000));
    } catch (ArithmeticException e) {
      throw DerivedValue.tooFar(e);
    }
  }

  /** A text, whole number or truth value of a column, to be compared; null where missing. */
  static @Nullable Object plain(FieldVector column, int row) {
    if (column.isNull(row)) {
      return null;
    }
    if (column instanceof VarCharVector texts) {
      return new String(texts.get(row), StandardCharsets.UTF_8);
    }
    return column instanceof BitVector truths
        ? (Object) (truths.get(row) != 0)
        : (Object) ((BaseIntVector) column).getValueAsLong(row);
  }

  /** A text, whole number or truth value in Java, to be compared. */
  static @Nullable Object plain(@Nullable Object value) {
    return value instanceof Number number ? (Object) number.longValue() : value;
  }
}
