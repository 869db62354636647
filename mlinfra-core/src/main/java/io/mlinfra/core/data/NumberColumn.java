package io.mlinfra.core.data;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.math.BigDecimal;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * One Arrow column into memory: float32 or, {@code wide}, float64. Reads and writes by address, one
 * loop per type: the vectors' own accessors check every value and cost three times as much.
 */
final class NumberColumn {
  /** The powers of ten that a double holds exactly. */
  private static final double[] POWERS = new double[23];

  static {
    for (int i = 0; i < POWERS.length; i++) {
      POWERS[i] = Double.parseDouble("1e" + i);
    }
  }

  private NumberColumn() {}

  /** Refuses a batch that has no column, or one that is no number. */
  static void requireNumbers(VectorSchemaRoot batch) {
    if (batch.getFieldVectors().isEmpty()) {
      throw new MlInfraException(ErrorCode.DATA_UNSUITABLE, "there is no column to read");
    }
    for (FieldVector column : batch.getFieldVectors()) {
      requireNumber(column);
    }
  }

  private static void requireNumber(FieldVector vector) {
    // An enumeration's numbers are codes of its dictionary, not values.
    if (vector.getField().getDictionary() == null && width(vector) >= 0) {
      return;
    }
    throw new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "column '"
            + vector.getName()
            + "' has type "
            + (vector.getField().getDictionary() == null
                ? vector.getField().getType()
                : "enumeration")
            + ", which is no number; cast it to one or leave it out");
  }

  /** Bytes of one value, 0 for single bits, -1 for what is no number. */
  private static int width(FieldVector vector) {
    if (vector instanceof BitVector) {
      return 0;
    } else if (vector instanceof TinyIntVector || vector instanceof UInt1Vector) {
      return 1;
    } else if (vector instanceof SmallIntVector || vector instanceof UInt2Vector) {
      return 2;
    } else if (vector instanceof IntVector
        || vector instanceof UInt4Vector
        || vector instanceof Float4Vector) {
      return 4;
    } else if (vector instanceof BigIntVector
        || vector instanceof UInt8Vector
        || vector instanceof Float8Vector) {
      return 8;
    } else if (vector instanceof DecimalVector) {
      return 16;
    }
    return -1;
  }

  /**
   * Copies some rows, a missing value as NaN.
   *
   * @param vector a number, see {@link #requireNumbers}
   * @param wide whether to float64
   * @param to the address that takes the first value
   * @param stride bytes from there to the next
   */
  static void copy(FieldVector vector, int from, int count, boolean wide, long to, long stride) {
    int width = width(vector);
    requireBytes(vector, vector.getDataBuffer(), bytes(width, from + (long) count));
    values(vector, from, count, vector.getDataBuffer().memoryAddress(), wide, to, stride);
    long validity = validity(vector, from, count);
    for (int i = 0; i < count; i++) {
      if (all(validity, from + i, count - i)) {
        i += 63;
      } else if (bit(validity, from + i) == 0) {
        put(to + i * stride, wide, Float.NaN);
      }
    }
  }

  /** Sets a byte for each of some rows: 1 where there is a value, 0 where it is missing. */
  static void mask(FieldVector vector, int from, int count, long to, long stride) {
    long validity = validity(vector, from, count);
    for (int i = 0; i < count; i++) {
      MemoryUtil.putByte(to + i * stride, (byte) bit(validity, from + i));
    }
  }

  private static long validity(FieldVector vector, int from, int count) {
    requireBytes(vector, vector.getValidityBuffer(), bytes(0, from + (long) count));
    return vector.getValidityBuffer().memoryAddress();
  }

  /** Whether 64 rows are all there; Arrow's count of the nulls looks at the whole vector. */
  private static boolean all(long validity, int row, int left) {
    return (row & 7) == 0 && left >= 64 && MemoryUtil.getLong(validity + (row >> 3)) == -1;
  }

  private static long bytes(int width, long rows) {
    return width == 0 ? (rows + 7) / 8 : width * rows;
  }

  private static void requireBytes(FieldVector vector, ArrowBuf buffer, long bytes) {
    if (buffer.capacity() < bytes) {
      throw new IllegalArgumentException(
          "column '" + vector.getName() + "' holds fewer rows than its batch says");
    }
  }

  private static void values(
      FieldVector vector, int from, int count, long base, boolean wide, long to, long stride) {
    long end = to + count * stride;
    if (vector instanceof Float8Vector) {
      for (long at = base + 8L * from; to < end; at += 8, to += stride) {
        put(to, wide, Double.longBitsToDouble(MemoryUtil.getLong(at)));
      }
    } else if (vector instanceof Float4Vector) {
      for (long at = base + 4L * from; to < end; at += 4, to += stride) {
        put(to, wide, Float.intBitsToFloat(MemoryUtil.getInt(at)));
      }
    } else if (vector instanceof BigIntVector) {
      for (long at = base + 8L * from; to < end; at += 8, to += stride) {
        put(to, wide, MemoryUtil.getLong(at));
      }
    } else if (vector instanceof IntVector) {
      for (long at = base + 4L * from; to < end; at += 4, to += stride) {
        put(to, wide, MemoryUtil.getInt(at));
      }
    } else if (vector instanceof SmallIntVector) {
      for (long at = base + 2L * from; to < end; at += 2, to += stride) {
        put(to, wide, MemoryUtil.getShort(at));
      }
    } else if (vector instanceof TinyIntVector) {
      for (long at = base + from; to < end; at += 1, to += stride) {
        put(to, wide, MemoryUtil.getByte(at));
      }
    } else if (vector instanceof UInt4Vector) {
      for (long at = base + 4L * from; to < end; at += 4, to += stride) {
        put(to, wide, MemoryUtil.getInt(at) & 0xFFFF_FFFFL);
      }
    } else if (vector instanceof UInt2Vector) {
      for (long at = base + 2L * from; to < end; at += 2, to += stride) {
        put(to, wide, MemoryUtil.getShort(at) & 0xFFFFL);
      }
    } else if (vector instanceof UInt1Vector) {
      for (long at = base + from; to < end; at += 1, to += stride) {
        put(to, wide, MemoryUtil.getByte(at) & 0xFFL);
      }
    } else if (vector instanceof UInt8Vector) {
      for (long at = base + 8L * from; to < end; at += 8, to += stride) {
        long bits = MemoryUtil.getLong(at);
        if (bits >= 0) {
          put(to, wide, bits);
        } else {
          // The half, odd where a bit was lost, rounds the same way; and twice that is exact.
          long half = bits >>> 1 | bits & 1;
          put(to, wide, 2 * (wide ? (double) half : (float) half));
        }
      }
    } else if (vector instanceof BitVector) {
      for (int row = from; to < end; row++, to += stride) {
        put(to, wide, bit(base, row));
      }
    } else {
      decimals((DecimalVector) vector, from, base, wide, to, end, stride);
    }
  }

  private static void decimals(
      DecimalVector vector, int from, long base, boolean wide, long to, long end, long stride) {
    int scale = vector.getScale();
    boolean exact = scale >= 0 && scale < POWERS.length;
    double unit = exact ? POWERS[scale] : 1;
    for (int row = from; to < end; row++, to += stride) {
      long low = MemoryUtil.getLong(base + 16L * row);
      long high = MemoryUtil.getLong(base + 16L * row + 8);
      // Both numbers are exact doubles then, so that the quotient is the nearest one.
      if (exact && high == low >> 63 && Math.abs(low) < 1L << 53) {
        put(to, wide, low / unit);
      } else if (!vector.isNull(row)) {
        BigDecimal value = vector.getObject(row);
        put(to, wide, value.doubleValue());
      }
    }
  }

  private static int bit(long base, int index) {
    return MemoryUtil.getByte(base + (index >> 3)) >> (index & 7) & 1;
  }

  /** Rounds once, whichever it is rounded to: not every long is a double. */
  private static void put(long address, boolean wide, long value) {
    if (wide) {
      MemoryUtil.putLong(address, Double.doubleToRawLongBits((double) value));
    } else {
      MemoryUtil.putInt(address, Float.floatToRawIntBits((float) value));
    }
  }

  private static void put(long address, boolean wide, float value) {
    if (wide) {
      MemoryUtil.putLong(address, Double.doubleToRawLongBits(value));
    } else {
      MemoryUtil.putInt(address, Float.floatToRawIntBits(value));
    }
  }

  private static void put(long address, boolean wide, double value) {
    if (wide) {
      MemoryUtil.putLong(address, Double.doubleToRawLongBits(value));
    } else {
      MemoryUtil.putInt(address, Float.floatToRawIntBits((float) value));
    }
  }
}
