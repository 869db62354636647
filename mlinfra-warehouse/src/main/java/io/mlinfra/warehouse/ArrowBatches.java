package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BaseLargeVariableWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.LargeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.ValueVectorUtility;
import org.jspecify.annotations.Nullable;

/** Whether native code may follow what a batch says of itself. */
final class ArrowBatches {
  private ArrowBatches() {}

  /**
   * Does nothing if DuckDB takes columns like these. Lists of dictionary-encoded values, with a
   * null among them, have it write past the end of its memory (1.5.6), which ends the process.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is such a list, or there
   *     is none
   */
  static void requireLoadable(Schema schema) {
    if (schema.getFields().isEmpty()) {
      throw new MlInfraException(ErrorCode.DATA_UNSUITABLE, "there are no columns to load");
    }
    for (Field field : schema.getFields()) {
      requireLoadable(field.getName(), field, false);
    }
  }

  private static void requireLoadable(String column, Field field, boolean inList) {
    if (field.getDictionary() != null) {
      if (inList) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "column '"
                + column
                + "' holds lists of dictionary-encoded values (ENUM in SQL), which cannot be"
                + " loaded; make them lists of text");
      }
      return;
    }
    boolean list = inList || !(field.getType() instanceof ArrowType.Struct);
    for (Field child : field.getChildren()) {
      requireLoadable(column, child, list);
    }
  }

  /**
   * Does nothing if every offset and every position in a dictionary is within what is there. Costs
   * a look at each of them, none at the values.
   *
   * @throws IOException if one is not
   */
  static void requireSound(VectorSchemaRoot root, DictionaryProvider dictionaries)
      throws IOException {
    ValueVectorUtility.validate(root);
    for (FieldVector vector : root.getFieldVectors()) {
      if (vector.getValueCount() != root.getRowCount()) {
        throw unsound(vector, "has " + vector.getValueCount() + " values, not one per row");
      }
      requireSound(vector, dictionaries);
    }
  }

  private static void requireSound(FieldVector vector, DictionaryProvider dictionaries)
      throws IOException {
    DictionaryEncoding encoding = vector.getField().getDictionary();
    if (encoding != null) {
      requirePositions(vector, dictionaries.lookup(encoding.getId()));
      return;
    }
    if (vector instanceof BaseVariableWidthVector text) {
      requireOffsets(text, text.getOffsetBuffer(), 4, text.getDataBuffer().capacity());
    } else if (vector instanceof BaseLargeVariableWidthVector text) {
      requireOffsets(text, text.getOffsetBuffer(), 8, text.getDataBuffer().capacity());
    } else if (vector instanceof ListVector list) {
      requireOffsets(list, list.getOffsetBuffer(), 4, list.getDataVector().getValueCount());
    } else if (vector instanceof LargeListVector list) {
      requireOffsets(list, list.getOffsetBuffer(), 8, list.getDataVector().getValueCount());
    } else if (!(vector instanceof BaseFixedWidthVector || vector instanceof StructVector)) {
      // Not for decimals: it looks at what stands in the place of a null, too.
      ValueVectorUtility.validateFull(vector);
    }
    for (FieldVector child : vector.getChildrenFromFields()) {
      requireSound(child, dictionaries);
    }
  }

  private static void requireOffsets(FieldVector vector, ArrowBuf offsets, int width, long end)
      throws IOException {
    long count = vector.getValueCount();
    if (count == 0) {
      return;
    }
    if (offsets.capacity() < (count + 1) * width) {
      throw unsound(vector, "lacks offsets");
    }
    long before = 0;
    for (long i = 0; i <= count; i++) {
      long offset = width == 4 ? offsets.getInt(i * width) : offsets.getLong(i * width);
      if (offset < before || offset > end) {
        throw unsound(vector, "has offset " + offset + " outside its " + end);
      }
      before = offset;
    }
  }

  private static void requirePositions(FieldVector vector, @Nullable Dictionary dictionary)
      throws IOException {
    if (dictionary == null || !(vector instanceof BaseIntVector positions)) {
      throw unsound(vector, "lacks its dictionary");
    }
    FieldVector values = dictionary.getVector();
    ValueVectorUtility.validate(values);
    requireSound(values, new DictionaryProvider.MapDictionaryProvider());
    for (int i = 0; i < vector.getValueCount(); i++) {
      if (!vector.isNull(i)) {
        long position = positions.getValueAsLong(i);
        if (position < 0 || position >= values.getValueCount()) {
          throw unsound(
              vector, "names value " + position + " of " + values.getValueCount() + " values");
        }
      }
    }
  }

  private static IOException unsound(FieldVector vector, String why) {
    return new IOException("column '" + vector.getName() + "' " + why);
  }
}
