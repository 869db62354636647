package io.mlinfra.features.internal;

import io.mlinfra.features.view.Derived.Operation;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Optional;

/**
 * The arithmetic of derived features, on doubles, NaN where missing, and on times in microseconds
 * since 1970, {@link Times#NONE} where missing.
 */
public final class DerivedValue {
  /** The mean radius of the earth in kilometres. */
  private static final double EARTH = 6371.0088;

  private static final double RADIANS = Math.PI / 180;
  private static final long DAY = 86_400;

  private DerivedValue() {}

  /** The type of what an operation gives. */
  public static ValueType type(Operation operation) {
    if (operation.isTimePart()) {
      return ValueType.INT64;
    }
    return operation == Operation.SAME ? ValueType.BOOLEAN : ValueType.FLOAT64;
  }

  /** The type that an operation reads its inputs as; empty for one that takes several. */
  public static Optional<ValueType> inputType(Operation operation) {
    if (operation == Operation.SAME) {
      return Optional.empty();
    }
    return Optional.of(
        operation == Operation.SECONDS || operation.isTimePart()
            ? ValueType.TIMESTAMP
            : ValueType.FLOAT64);
  }

  /** Whether an operation takes an input of a type. */
  static boolean takes(Operation operation, ValueType type) {
    ValueType read = inputType(operation).orElse(null);
    if (read == null) {
      return type == ValueType.TEXT || type == ValueType.INT64 || type == ValueType.BOOLEAN;
    }
    return read == type || read == ValueType.FLOAT64 && type == ValueType.INT64;
  }

  /**
   * What an operation makes of numbers; NaN where an input is missing that it needs.
   *
   * @param inputs as many as it takes
   */
  static double number(Operation operation, double... inputs) {
    double a = inputs[0];
    double b = inputs[1];
    return switch (operation) {
      case DIFFERENCE -> a - b;
      case TOTAL -> a + b;
      case PRODUCT -> a * b;
      case RATIO -> b == 0 ? Double.NaN : a / b;
      case FIRST_PRESENT -> Double.isNaN(a) ? b : a;
      case DISTANCE -> kilometres(a, b, inputs[2], inputs[3]);
      default -> throw new IllegalArgumentException(operation + " takes no numbers");
    };
  }

  /**
   * The haversine formula. Strict: the sines of {@code Math} may differ in the last bit between
   * machines, and between compiled and interpreted code.
   */
  private static double kilometres(
      double latitudeA, double longitudeA, double latitudeB, double longitudeB) {
    double a = latitudeA * RADIANS;
    double b = latitudeB * RADIANS;
    double across = StrictMath.sin((b - a) / 2);
    double along = StrictMath.sin((longitudeB - longitudeA) * RADIANS / 2);
    double square = across * across + StrictMath.cos(a) * StrictMath.cos(b) * along * along;
    // Rounding may lead past 1 for points opposite each other.
    return 2 * EARTH * StrictMath.asin(Math.min(1, Math.sqrt(square)));
  }

  /** The seconds between two times, NaN where one is missing. */
  static double seconds(long from, long until) {
    if (from == Times.NONE || until == Times.NONE) {
      return Double.NaN;
    }
    long micros = until - from;
    boolean overflow = ((until ^ from) & (until ^ micros)) < 0;
    double nearest =
        overflow
            ? BigInteger.valueOf(until).subtract(BigInteger.valueOf(from)).doubleValue()
            : micros;
    return nearest / 1e6;
  }

  /** A part of a time that is there, as clocks in a zone show it. */
  static long part(Operation operation, ZoneId zone, long micros) {
    long seconds = Math.floorDiv(micros, 1_000_000L);
    if (!zone.equals(ZoneOffset.UTC)) {
      seconds += zone.getRules().getOffset(Instant.ofEpochSecond(seconds)).getTotalSeconds();
    }
    long day = Math.floorDiv(seconds, DAY);
    return switch (operation) {
      case HOUR -> Math.floorMod(seconds, DAY) / 3600;
      // The first of January 1970 was a Thursday.
      case WEEKDAY -> Math.floorMod(day + 3, 7L) + 1;
      case DAY -> LocalDate.ofEpochDay(day).getDayOfMonth();
      case MONTH -> LocalDate.ofEpochDay(day).getMonthValue();
      default -> throw new IllegalArgumentException(operation + " is no part of a time");
    };
  }
}
