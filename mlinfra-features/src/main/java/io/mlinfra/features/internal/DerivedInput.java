package io.mlinfra.features.internal;

import java.nio.charset.StandardCharsets;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FloatingPointVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.jspecify.annotations.Nullable;

/** Reads Arrow columns and Java values as the plain values that {@link DerivedValue} takes. */
final class DerivedInput {
  /** A column of numbers, NaN where missing. */
  interface Numbers {
    double at(int row);
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
