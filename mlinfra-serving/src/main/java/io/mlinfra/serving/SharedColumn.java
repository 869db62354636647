package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.mlinfra.core.data.Column;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.arrow.vector.BaseFixedWidthVector;

/** A column whose memory is what the model takes: read where it lies. */
final class SharedColumn implements BatchColumn {
  private final OnnxSession session;
  private final Column column;
  private final BaseFixedWidthVector vector;

  SharedColumn(
      OnnxSession session, Column column, BaseFixedWidthVector vector, BatchContext.Place place) {
    BatchColumns.requireNoNulls(column, vector, place);
    BatchColumns.requireBytes(column, vector, place.rows());
    this.session = session;
    this.column = column;
    this.vector = vector;
  }

  @Override
  public OnnxTensor tensor(int from, int count) throws OrtException {
    int width = Tensors.width(column.type());
    ByteBuffer values =
        vector
            .getDataBuffer()
            .nioBuffer((long) from * width, count * width)
            .order(ByteOrder.nativeOrder());
    return Tensors.over(session.environment(), column.type(), values, new long[] {count, 1}, count);
  }
}
