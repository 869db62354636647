package io.mlinfra.features.internal;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * The types that values of events and features have. Each value is kept in a long, its cell; a
 * missing one is a cell of its own, so that no mask is needed.
 */
public enum ValueType {
  /** Itself. */
  INT64(Long.class, "BIGINT", new ArrowType.Int(64, true)),
  /** The bits of the double; a missing one is NaN. */
  FLOAT64(Double.class, "DOUBLE", new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE)),
  /** 0 or 1. */
  BOOLEAN(Boolean.class, "BOOLEAN", new ArrowType.Bool()),
  /** Microseconds since 1970, UTC. */
  TIMESTAMP(LocalDateTime.class, "TIMESTAMP", new ArrowType.Timestamp(TimeUnit.MICROSECOND, null)),
  /** The number of the text in a {@link Dictionary}. */
  TEXT(String.class, "VARCHAR", new ArrowType.Utf8());

  private static final long NAN = Double.doubleToLongBits(Double.NaN);

  private final Class<?> javaType;
  private final String sqlType;
  private final ArrowType arrowType;

  ValueType(Class<?> javaType, String sqlType, ArrowType arrowType) {
    this.javaType = javaType;
    this.sqlType = sqlType;
    this.arrowType = arrowType;
  }

  /** The type of what {@link #value} gives. */
  public Class<?> javaType() {
    return javaType;
  }

  /** DuckDB's name of the type. */
  public String sqlType() {
    return sqlType;
  }

  public ArrowType arrowType() {
    return arrowType;
  }

  /** The cell of a missing value. */
  public long missing() {
    return this == FLOAT64 ? NAN : Long.MIN_VALUE;
  }

  public boolean isMissing(long cell) {
    return this == FLOAT64 ? Double.isNaN(Double.longBitsToDouble(cell)) : cell == Long.MIN_VALUE;
  }

  /** Whether sums can be made of it. */
  public boolean isNumeric() {
    return this == INT64 || this == FLOAT64 || this == BOOLEAN;
  }

  /** The number that a cell of a numeric type stands for; NaN for a missing one. */
  public double number(long cell) {
    if (this == FLOAT64) {
      return Double.longBitsToDouble(cell);
    }
    return cell == Long.MIN_VALUE ? Double.NaN : cell;
  }

  /** The cell of a number. */
  public static long cell(double number) {
    return Double.doubleToRawLongBits(number);
  }

  /**
   * Orders two cells: missing first, then by value; texts by code point, as the database does.
   *
   * @param texts of the cells, for {@link #TEXT}
   */
  public int compare(long a, long b, Dictionary texts) {
    if (a == b) {
      return 0;
    }
    if (isMissing(a) || isMissing(b)) {
      return Boolean.compare(isMissing(b), isMissing(a));
    }
    return switch (this) {
      case FLOAT64 -> Double.compare(Double.longBitsToDouble(a), Double.longBitsToDouble(b));
      case TEXT -> Dictionary.compare(texts.text(a), texts.text(b));
      default -> Long.compare(a, b);
    };
  }

  /**
   * The value of a cell, null where it is missing.
   *
   * @param texts of the cell, for {@link #TEXT}
   */
  public @Nullable Object value(long cell, Dictionary texts) {
    if (isMissing(cell)) {
      return null;
    }
    return switch (this) {
      case INT64 -> cell;
      case FLOAT64 -> Double.longBitsToDouble(cell);
      case BOOLEAN -> cell != 0;
      case TIMESTAMP -> Times.of(cell);
      case TEXT -> texts.text(cell);
    };
  }

  /**
   * The cell of a value that a caller passes; numbers of any width, {@link LocalDateTime} (UTC) and
   * {@link Instant} for times.
   *
   * @param texts takes the text, for {@link #TEXT}
   * @throws IllegalArgumentException if the value is not of this type, saying what it is
   */
  public long cell(@Nullable Object value, Dictionary texts) {
    if (value == null) {
      return missing();
    }
    switch (this) {
      case INT64:
        if (value instanceof Long
            || value instanceof Integer
            || value instanceof Short
            || value instanceof Byte) {
          return requireCell(((Number) value).longValue());
        }
        break;
      case FLOAT64:
        if (value instanceof Number number) {
          double wide = number.doubleValue();
          return Double.isNaN(wide) ? missing() : cell(wide);
        }
        break;
      case BOOLEAN:
        if (value instanceof Boolean truth) {
          return truth ? 1 : 0;
        }
        break;
      case TIMESTAMP:
        if (value instanceof LocalDateTime time) {
          return Times.floor(time);
        }
        if (value instanceof Instant time) {
          return Times.floor(LocalDateTime.ofInstant(time, ZoneOffset.UTC));
        }
        break;
      case TEXT:
        if (value instanceof String text) {
          return texts.add(text);
        }
        break;
    }
    throw new IllegalArgumentException(
        "the value " + value + " is a " + value.getClass().getSimpleName() + ", must be " + noun());
  }

  /** A whole number that is not taken for a missing value. */
  static long requireCell(long value) {
    if (value == Long.MIN_VALUE) {
      throw new IllegalArgumentException(
          "the value " + value + " is the one whole number that stands for a missing one");
    }
    return value;
  }

  /** For error messages. */
  public String noun() {
    return switch (this) {
      case INT64 -> "a whole number";
      case FLOAT64 -> "a number";
      case BOOLEAN -> "true or false";
      case TIMESTAMP -> "a time";
      case TEXT -> "a text";
    };
  }

  /** The type that a column of a table is read as; empty where features cannot be made of it. */
  public static Optional<ValueType> of(Field field) {
    if (field.getDictionary() != null) {
      return Optional.of(TEXT);
    }
    ArrowType type = field.getType();
    if (type instanceof ArrowType.Int whole) {
      return Optional.of(whole.getBitWidth() < 64 || whole.getIsSigned() ? INT64 : FLOAT64);
    }
    if (type instanceof ArrowType.FloatingPoint || type instanceof ArrowType.Decimal) {
      return Optional.of(FLOAT64);
    }
    if (type instanceof ArrowType.Bool) {
      return Optional.of(BOOLEAN);
    }
    if (type instanceof ArrowType.Timestamp || type instanceof ArrowType.Date) {
      return Optional.of(TIMESTAMP);
    }
    return type instanceof ArrowType.Utf8 ? Optional.of(TEXT) : Optional.empty();
  }

  /** The type of a value that somebody passes who asks; empty where there is none for it. */
  public static Optional<ValueType> ofValue(Object value) {
    if (value instanceof Long
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte) {
      return Optional.of(INT64);
    }
    if (value instanceof Number) {
      return Optional.of(FLOAT64);
    }
    if (value instanceof Boolean) {
      return Optional.of(BOOLEAN);
    }
    if (value instanceof String) {
      return Optional.of(TEXT);
    }
    return value instanceof LocalDateTime
            || value instanceof LocalDate
            || value instanceof Instant
            || value instanceof OffsetDateTime
            || value instanceof ZonedDateTime
        ? Optional.of(TIMESTAMP)
        : Optional.empty();
  }
}
