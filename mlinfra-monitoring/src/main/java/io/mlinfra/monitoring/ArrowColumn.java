package io.mlinfra.monitoring;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ColumnType;
import java.util.Objects;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** Reads one column of every batch into its summary, straight from Arrow's buffers. */
final class ArrowColumn {
  private static final int TEXT_CHUNK = 1 << 16;

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
      ArrowNumbers.read(vector, validity, rows, (NumberSummary) summary);
    }
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
        if (!ArrowNumbers.isNull(validity, row)) {
          into.add(text, from - start, to - from);
        }
        from = to;
      }
      first = last;
    }
  }
}
