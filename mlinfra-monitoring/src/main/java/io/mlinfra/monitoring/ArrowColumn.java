package io.mlinfra.monitoring;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ColumnType;
import java.math.BigDecimal;
import java.util.Objects;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.util.DecimalUtility;
import org.jspecify.annotations.Nullable;

/** Reads one column of every batch into its summary, straight from Arrow's buffers. */
final class ArrowColumn {
  private static final int TEXT_CHUNK = 1 << 16;

  /**
   * Up to here powers of ten, and up to 2^53 integers, are doubles, so a quotient is rounded once.
   */
  private static final double[] POWERS_OF_TEN = new double[23];

  static {
    for (int i = 0; i < POWERS_OF_TEN.length; i++) {
      POWERS_OF_TEN[i] = Double.parseDouble("1e" + i);
    }
  }

  private final Field field;
  private final ColumnProfile.Type type;
  private final Summary summary;
  private long nulls;
  private byte[] text = new byte[0];

  /**
   * A column that has no values yet.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if it has a type without a summary
   */
  ArrowColumn(Field field, @Nullable DictionaryProvider dictionaries) {
    this.field = field;
    this.type = type(decoded(field, dictionaries));
    this.summary = Summary.of(type);
  }

  String name() {
    return field.getName();
  }

  Field field() {
    return field;
  }

  boolean takes(Field other) {
    return field.getName().equals(other.getName())
        && field.getType().equals(other.getType())
        && Objects.equals(field.getDictionary(), other.getDictionary());
  }

  ColumnProfile profile() {
    return new ColumnProfile(name(), type, nulls, summary.copy());
  }

  private static ColumnProfile.Type type(Field field) {
    ArrowType arrow = field.getType();
    if (arrow instanceof ArrowType.Timestamp || arrow instanceof ArrowType.Date) {
      return ColumnProfile.Type.TIMESTAMP;
    }
    return ColumnProfile.Type.valueOf(ColumnType.of(field).name());
  }

  private static Field decoded(Field field, @Nullable DictionaryProvider dictionaries) {
    if (field.getDictionary() == null) {
      return field;
    }
    Field values = dictionary(field, dictionaries).getVector().getField();
    return new Field(field.getName(), values.getFieldType(), values.getChildren());
  }

  private static Dictionary dictionary(Field field, @Nullable DictionaryProvider dictionaries) {
    Dictionary dictionary =
        dictionaries == null ? null : dictionaries.lookup(field.getDictionary().getId());
    if (dictionary == null) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '" + field.getName() + "' is dictionary-encoded and its dictionary is missing");
    }
    return dictionary;
  }

  /** Before anything is read, so that a bad batch is refused whole. */
  void check(FieldVector vector, int rows, @Nullable DictionaryProvider dictionaries) {
    if (vector.getValueCount() != rows) {
      throw new IllegalArgumentException(
          "column '" + name() + "' has " + vector.getValueCount() + " of " + rows + " rows");
    }
    if (field.getDictionary() == null) {
      return;
    }
    int values = dictionary(field, dictionaries).getVector().getValueCount();
    BaseIntVector indices = (BaseIntVector) vector;
    for (int row = 0; row < rows; row++) {
      // Arrow lets an index one beyond the end pass and reads whatever lies there.
      if (!vector.isNull(row)
          && (indices.getValueAsLong(row) < 0 || indices.getValueAsLong(row) >= values)) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "column '"
                + name()
                + "' refers to value "
                + indices.getValueAsLong(row)
                + " of a dictionary of "
                + values);
      }
    }
  }

  void read(FieldVector vector, int rows, @Nullable DictionaryProvider dictionaries) {
    if (field.getDictionary() == null) {
      readPlain(vector, rows);
      return;
    }
    try (FieldVector decoded =
        (FieldVector) DictionaryEncoder.decode(vector, dictionary(field, dictionaries))) {
      readPlain(decoded, rows);
    }
  }

  private void readPlain(FieldVector vector, int rows) {
    if (rows == 0) {
      return;
    }
    int missing = vector.getNullCount();
    nulls += missing;
    if (missing == rows) {
      return;
    }
    ArrowBuf validity = missing == 0 ? null : vector.getValidityBuffer();
    if (summary instanceof TextSummary texts) {
      readTexts((VarCharVector) vector, validity, rows, texts);
    } else {
      readNumbers(vector, validity, rows, (NumberSummary) summary);
    }
  }

  private static boolean isNull(@Nullable ArrowBuf validity, int row) {
    return validity != null && (validity.getByte(row >> 3) >> (row & 7) & 1) == 0;
  }

  private static void readNumbers(
      FieldVector vector, @Nullable ArrowBuf validity, int rows, NumberSummary into) {
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

  /** Copies many texts at a time: a call per text costs more than the text. */
  private void readTexts(
      VarCharVector vector, @Nullable ArrowBuf validity, int rows, TextSummary into) {
    ArrowBuf offsets = vector.getOffsetBuffer();
    ArrowBuf data = vector.getDataBuffer();
    for (int first = 0; first < rows; ) {
      int start = offsets.getInt(4L * first);
      int last = first + 1;
      int end = offsets.getInt(4L * last);
      for (int next; last < rows; last++, end = next) {
        next = offsets.getInt(4L * (last + 1));
        if (next - start > TEXT_CHUNK) {
          break;
        }
      }
      if (text.length < end - start) {
        text = new byte[Math.max(TEXT_CHUNK, end - start)];
      }
      data.getBytes(start, text, 0, end - start);
      int from = start;
      for (int row = first; row < last; row++) {
        int to = offsets.getInt(4L * (row + 1));
        if (!isNull(validity, row)) {
          into.add(text, from - start, to - from);
        }
        from = to;
      }
      first = last;
    }
  }
}
