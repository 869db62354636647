package io.mlinfra.features.offline;

import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.ValueType;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMicroVector;
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
    for (int row = 0; row < count; row++) {
      long cell = cells[first + row];
      if (!type.isMissing(cell)) {
        set(to, row, cell, texts);
      }
    }
    to.setValueCount(count);
  }

  private static void set(FieldVector vector, int row, long cell, Dictionary texts) {
    if (vector instanceof Float8Vector numbers) {
      numbers.set(row, Double.longBitsToDouble(cell));
    } else if (vector instanceof BigIntVector numbers) {
      numbers.set(row, cell);
    } else if (vector instanceof TimeStampMicroVector times) {
      times.set(row, cell);
    } else if (vector instanceof BitVector truths) {
      truths.set(row, (int) cell);
    } else {
      ((VarCharVector) vector).setSafe(row, texts.text(cell).getBytes(StandardCharsets.UTF_8));
    }
  }
}
