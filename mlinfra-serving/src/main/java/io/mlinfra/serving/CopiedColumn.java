package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import java.nio.ByteBuffer;
import org.apache.arrow.vector.FieldVector;

/** A column whose values have to be converted, or that has missing ones. */
final class CopiedColumn implements BatchColumn {
  /** Converts one value that is there. */
  interface Copy {
    void copy(int row, ByteBuffer into);
  }

  private final OnnxSession session;
  private final Column column;
  private final FieldVector vector;
  private final ByteBuffer memory;
  private final Copy copy;
  private final boolean hasNulls;

  CopiedColumn(
      OnnxSession session, Column column, FieldVector vector, BatchContext.Place place, Copy copy) {
    BatchColumns.requireNoNulls(column, vector, place);
    this.session = session;
    this.column = column;
    this.vector = vector;
    this.memory = place.memory();
    this.copy = copy;
    this.hasNulls = vector.getNullCount() > 0;
  }

  @Override
  public OnnxTensor tensor(int from, int count) throws OrtException {
    memory.clear();
    for (int row = from; row < from + count; row++) {
      if (!hasNulls || !vector.isNull(row)) {
        copy.copy(row, memory);
      } else if (column.type() == ColumnType.FLOAT32) {
        memory.putFloat(Float.NaN);
      } else {
        memory.putDouble(Double.NaN);
      }
    }
    memory.flip();
    return Tensors.over(session.environment(), column.type(), memory, new long[] {count, 1}, count);
  }
}
