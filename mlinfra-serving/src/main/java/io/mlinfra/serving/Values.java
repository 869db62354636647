package io.mlinfra.serving;

import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import java.math.BigDecimal;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** From a raw value to what a tensor holds: exactly, or not at all. */
final class Values {
  private Values() {}

  static float float32(Column column, @Nullable Object value) {
    if (value instanceof Float number) {
      return number;
    }
    if (value == null) {
      return (float) missing(column);
    }
    if (value instanceof Double number) {
      if (fitsFloat32(number)) {
        return number.floatValue();
      }
      throw inexact(column, value);
    }
    if (value instanceof Integer
        || value instanceof Long
        || value instanceof Short
        || value instanceof Byte) {
      long number = ((Number) value).longValue();
      if (fitsFloat32(number)) {
        return number;
      }
      throw inexact(column, value);
    }
    throw wrongType(column, value);
  }

  static double float64(Column column, @Nullable Object value) {
    if (value instanceof Double number) {
      return number;
    }
    if (value == null) {
      return missing(column);
    }
    if (value instanceof Long number) {
      if (fitsFloat64(number)) {
        return number;
      }
      throw inexact(column, value);
    }
    if (value instanceof Float
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte
        || value instanceof BigDecimal) {
      return ((Number) value).doubleValue();
    }
    throw wrongType(column, value);
  }

  static long int64(Column column, @Nullable Object value) {
    if (value instanceof Long number) {
      return number;
    }
    if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    }
    throw value == null ? isNull(column) : wrongType(column, value);
  }

  static boolean bool(Column column, @Nullable Object value) {
    if (value instanceof Boolean bool) {
      return bool;
    }
    throw value == null ? isNull(column) : wrongType(column, value);
  }

  static String string(Column column, @Nullable Object value) {
    if (value instanceof String text) {
      return text;
    }
    if (value == null && column.nullable()) {
      return "";
    }
    throw value == null ? isNull(column) : wrongType(column, value);
  }

  static boolean fitsFloat32(double number) {
    return (float) number == number || number != number;
  }

  // 2^63 as a long is the largest long, one less: the cast back alone would not notice.
  static boolean fitsFloat32(long number) {
    float rounded = number;
    return (long) rounded == number && rounded != 0x1p63f;
  }

  static boolean fitsFloat64(long number) {
    double rounded = number;
    return (long) rounded == number && rounded != 0x1p63;
  }

  /** Why a column cannot be null, for the end of a message. */
  static String whyNotNull(Column column) {
    return column.nullable()
        ? "a tensor of " + label(column.type()) + " has no missing value"
        : "the model does not take missing values there";
  }

  static String label(ColumnType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  static String expected(ColumnType type) {
    return switch (type) {
      case FLOAT32 -> "float32 (a Float, or another number that converts exactly)";
      case FLOAT64 -> "float64 (a Double, or another number that converts exactly)";
      case INT64 -> "int64 (a Long, Integer, Short or Byte)";
      case STRING -> "string (a String)";
      case BOOL -> "bool (a Boolean)";
    };
  }

  /** A value as a message shows it. */
  static String show(Object value) {
    String text = String.valueOf(value);
    return text.length() <= 40
        ? text
        : text.substring(0, 40) + "… (" + text.length() + " characters)";
  }

  private static double missing(Column column) {
    if (column.nullable()) {
      return Double.NaN;
    }
    throw isNull(column);
  }

  private static IllegalArgumentException isNull(Column column) {
    return new IllegalArgumentException(
        "column '"
            + column.name()
            + "' is null and takes "
            + expected(column.type())
            + ": "
            + whyNotNull(column));
  }

  private static IllegalArgumentException wrongType(Column column, Object value) {
    return new IllegalArgumentException(
        "column '"
            + column.name()
            + "' takes "
            + expected(column.type())
            + ", not the "
            + value.getClass().getSimpleName()
            + " '"
            + show(value)
            + "'");
  }

  private static IllegalArgumentException inexact(Column column, Object value) {
    return new IllegalArgumentException(
        "column '"
            + column.name()
            + "' takes "
            + expected(column.type())
            + ", and the "
            + value.getClass().getSimpleName()
            + " "
            + value
            + " does not");
  }
}
