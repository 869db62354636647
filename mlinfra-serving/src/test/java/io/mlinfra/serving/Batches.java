package io.mlinfra.serving;

import java.io.IOException;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** A reader whose float32 column {@code x} counts the rows. */
final class Batches extends ArrowReader {
  private final int batches;
  private final int rows;
  private int next;
  private int nullAt = -1;
  private int failsAt = -1;

  Batches(BufferAllocator allocator, int batches, int rows) {
    super(allocator);
    this.batches = batches;
    this.rows = rows;
  }

  Batches withNullAt(int row) {
    nullAt = row;
    return this;
  }

  Batches failingAt(int batch) {
    failsAt = batch;
    return this;
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    if (next == failsAt) {
      throw new IOException("the disk is gone");
    }
    if (next == batches) {
      return false;
    }
    prepareLoadNextBatch();
    Float4Vector x = (Float4Vector) getVectorSchemaRoot().getVector("x");
    for (int i = 0; i < rows; i++) {
      int row = next * rows + i;
      if (row == nullAt) {
        x.setNull(i);
      } else {
        x.setSafe(i, row);
      }
    }
    getVectorSchemaRoot().setRowCount(rows);
    next++;
    return true;
  }

  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  protected void closeReadSource() {}

  @Override
  protected Schema readSchema() {
    return new Schema(
        List.of(Field.nullable("x", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))));
  }
}
