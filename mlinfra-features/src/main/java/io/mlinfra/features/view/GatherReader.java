package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BitVectorHelper;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Reads chosen rows of a table that stays where it is, in a chosen order, batch by batch. */
final class GatherReader extends ArrowReader {
  private final VectorSchemaRoot table;
  private final int[] rows;
  private final int batchRows;
  private final List<FieldVector> sources = new ArrayList<>();
  private int position;
  private boolean closed;

  GatherReader(
      VectorSchemaRoot table,
      BufferAllocator allocator,
      int[] rows,
      int batchRows,
      List<String> columns) {
    super(allocator);
    if (batchRows < 1) {
      throw new IllegalArgumentException("batchRows (" + batchRows + ") must be > 0");
    }
    this.table = table;
    this.rows = rows;
    this.batchRows = batchRows;
    if (columns.isEmpty()) {
      sources.addAll(table.getFieldVectors());
    }
    for (String column : columns) {
      FieldVector vector = table.getVector(column);
      if (vector == null) {
        throw new MlInfraException(
            ErrorCode.NAME_UNKNOWN,
            "the training set has no column '"
                + column
                + "'; its columns are "
                + table.getSchema().getFields().stream()
                    .map(Field::getName)
                    .collect(Collectors.joining(", ")));
      }
      sources.add(vector);
    }
  }

  @Override
  protected Schema readSchema() {
    return new Schema(sources.stream().map(FieldVector::getField).toList());
  }

  @Override
  public boolean loadNextBatch() throws java.io.IOException {
    if (closed) {
      throw new IllegalStateException("the reader is closed");
    }
    prepareLoadNextBatch();
    int count = Math.min(batchRows, rows.length - position);
    if (count == 0) {
      return false;
    }
    VectorSchemaRoot batch = getVectorSchemaRoot();
    for (int i = 0; i < sources.size(); i++) {
      gather(sources.get(i), batch.getVector(i), count);
    }
    batch.setRowCount(count);
    position += count;
    return true;
  }

  private void gather(FieldVector from, FieldVector to, int count) {
    to.setInitialCapacity(batchRows);
    if (to.getValueCapacity() < count) {
      to.allocateNew();
    }
    int width = from instanceof BaseFixedWidthVector fixed ? fixed.getTypeWidth() : 0;
    if (width == 8 || width == 4) {
      gatherFixed(from, to, count, width);
    } else {
      for (int i = 0; i < count; i++) {
        to.copyFromSafe(rows[position + i], i, from);
      }
    }
    to.setValueCount(count);
  }

  /** The common case without a call per value. */
  private void gatherFixed(FieldVector from, FieldVector to, int count, int width) {
    ArrowBuf in = from.getDataBuffer();
    ArrowBuf out = to.getDataBuffer();
    for (int i = 0; i < count; i++) {
      long row = rows[position + i];
      if (width == 8) {
        out.setLong(8L * i, in.getLong(8 * row));
      } else {
        out.setInt(4L * i, in.getInt(4 * row));
      }
    }
    if (from.getNullCount() == 0) {
      for (int i = 0; i < count; i++) {
        BitVectorHelper.setBit(to.getValidityBuffer(), i);
      }
    } else {
      for (int i = 0; i < count; i++) {
        BitVectorHelper.setValidityBit(
            to.getValidityBuffer(), i, from.isNull(rows[position + i]) ? 0 : 1);
      }
    }
  }

  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  protected void closeReadSource() {
    closed = true;
  }
}
