package io.mlinfra.monitoring;

import io.mlinfra.core.data.ColumnType;
import java.math.BigDecimal;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.util.DecimalUtility;
import org.jspecify.annotations.Nullable;

/** Reads numbers, moments and truth values straight from Arrow's buffers, without a box each. */
final class ArrowNumbers {
  /**
   * Up to here powers of ten, and up to 2^53 integers, are doubles, so a quotient is rounded once.
   */
  private static final double[] POWERS_OF_TEN = new double[23];

  static {
    for (int i = 0; i < POWERS_OF_TEN.length; i++) {
      POWERS_OF_TEN[i] = Double.parseDouble("1e" + i);
    }
  }

  private ArrowNumbers() {}

  /** Without validity nothing is null. */
  static boolean isNull(@Nullable ArrowBuf validity, int row) {
    return validity != null && (validity.getByte(row >> 3) >> (row & 7) & 1) == 0;
  }

  static void read(FieldVector vector, @Nullable ArrowBuf validity, int rows, NumberSummary into) {
    ArrowType type = vector.getField().getType();
    ArrowBuf data = vector.getDataBuffer();
    if (vector instanceof BitVector) {
      for (int row = 0; row < rows; row++) {
        if (!isNull(validity, row)) {
          into.add((long) (data.getByte(row >> 3) >> (row & 7) & 1));
        }
      }
    } else if (type instanceof ArrowType.FloatingPoint) {
      readReals(data, ColumnType.of(vector.getField()), validity, rows, into);
    } else if (type instanceof ArrowType.Decimal decimal) {
      readDecimals(data, decimal, validity, rows, into);
    } else {
      readIntegers(data, type, validity, rows, into);
    }
  }

  private static void readReals(
      ArrowBuf data, ColumnType type, @Nullable ArrowBuf validity, int rows, NumberSummary into) {
    if (type == ColumnType.FLOAT32) {
      for (int row = 0; row < rows; row++) {
        if (!isNull(validity, row)) {
          into.add((double) data.getFloat(4L * row));
        }
      }
    } else {
      for (int row = 0; row < rows; row++) {
        if (!isNull(validity, row)) {
          into.add(data.getDouble(8L * row));
        }
      }
    }
  }

  private static void readDecimals(
      ArrowBuf data,
      ArrowType.Decimal type,
      @Nullable ArrowBuf validity,
      int rows,
      NumberSummary into) {
    int width = type.getBitWidth() / 8;
    int scale = type.getScale();
    boolean small = width == 16 && scale >= 0 && scale < POWERS_OF_TEN.length;
    for (int row = 0; row < rows; row++) {
      if (isNull(validity, row)) {
        continue;
      }
      if (small) {
        long low = data.getLong(16L * row);
        long high = data.getLong(16L * row + 8);
        if (high == low >> 63 && Math.abs(low) <= 1L << 53) {
          into.add(low / POWERS_OF_TEN[scale]);
          continue;
        }
      }
      BigDecimal value = DecimalUtility.getBigDecimalFromArrowBuf(data, row, scale, width);
      into.add(value.doubleValue());
    }
  }

  private static void readIntegers(
      ArrowBuf data, ArrowType type, @Nullable ArrowBuf validity, int rows, NumberSummary into) {
    if (type instanceof ArrowType.Int number) {
      int bits = number.getBitWidth();
      boolean signed = number.getIsSigned();
      for (int row = 0; row < rows; row++) {
        if (!isNull(validity, row)) {
          into.add(integer(data, bits, signed, row));
        }
      }
      return;
    }
    int bits = 64;
    long multiplier = 1;
    long divisor = 1;
    if (type instanceof ArrowType.Date date) {
      bits = date.getUnit() == DateUnit.DAY ? 32 : 64;
      multiplier = date.getUnit() == DateUnit.DAY ? 86_400_000_000L : 1_000;
    } else if (type instanceof ArrowType.Timestamp timestamp) {
      multiplier =
          timestamp.getUnit() == TimeUnit.SECOND
              ? 1_000_000
              : timestamp.getUnit() == TimeUnit.MILLISECOND ? 1_000 : 1;
      divisor = timestamp.getUnit() == TimeUnit.NANOSECOND ? 1_000 : 1;
    }
    for (int row = 0; row < rows; row++) {
      if (!isNull(validity, row)) {
        into.add(microseconds(integer(data, bits, true, row), multiplier, divisor));
      }
    }
  }

  private static long integer(ArrowBuf data, int bits, boolean signed, int row) {
    return switch (bits) {
      case 8 -> signed ? data.getByte(row) : data.getByte(row) & 0xFF;
      case 16 -> signed ? data.getShort(2L * row) : data.getShort(2L * row) & 0xFFFF;
      case 32 -> signed ? data.getInt(4L * row) : data.getInt(4L * row) & 0xFFFF_FFFFL;
      default -> data.getLong(8L * row);
    };
  }

  /** Moments too far away for microseconds in 64 bits become the last one that is not. */
  private static long microseconds(long value, long multiplier, long divisor) {
    if (multiplier == 1) {
      return divisor == 1 ? value : Math.floorDiv(value, divisor);
    }
    long product = value * multiplier;
    if (Math.multiplyHigh(value, multiplier) != product >> 63) {
      return value < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
    return product;
  }
}
