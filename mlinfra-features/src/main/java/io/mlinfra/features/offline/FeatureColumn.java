package io.mlinfra.features.offline;

import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.ValueType;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;

/** The values of a feature as an Arrow column. */
final class FeatureColumn {
  private FeatureColumn() {}

  static Field field(FeaturePlan.Planned feature) {
    return new Field(
        feature.name(), new FieldType(!feature.isCount(), feature.type().arrowType(), null), null);
  }

  /**
   * Fills a column.
   *
   * @param first the cell of its first row
   * @param texts of the cells, for texts
   * @param to of the feature's {@link #field}; what it held is gone
   */
  static void fill(
      ValueType type, long[] cells, int first, int count, Dictionary texts, FieldVector to) {
    to.setInitialCapacity(count);
    to.allocateNew();
    if (to instanceof BaseFixedWidthVector wide && wide.getTypeWidth() == Long.BYTES) {
      fill(type, cells, first, count, wide);
    } else {
      for (int row = 0; row < count; row++) {
        long cell = cells[first + row];
        if (!type.isMissing(cell)) {
          set(to, row, cell, texts);
        }
      }
    }
    to.setValueCount(count);
  }

  /** Cells are what such a vector holds, but for the missing ones, which may hold anything. */
  private static void fill(
      ValueType type, long[] cells, int first, int count, BaseFixedWidthVector to) {
    to.getDataBuffer()
        .nioBuffer(0, Long.BYTES * count)
        .order(ByteOrder.nativeOrder())
        .asLongBuffer()
        .put(cells, first, count);
    byte[] there = new byte[(count + 7) / 8];
    for (int row = 0; row < count; row++) {
      there[row >> 3] |= (byte) ((type.isMissing(cells[first + row]) ? 0 : 1) << (row & 7));
    }
    to.getValidityBuffer().setBytes(0, there);
  }

  private static void set(FieldVector vector, int row, long cell, Dictionary texts) {
    if (vector instanceof BitVector truths) {
      truths.set(row, (int) cell);
    } else {
      ((VarCharVector) vector).setSafe(row, texts.text(cell).getBytes(StandardCharsets.UTF_8));
    }
  }
}
