package io.mlinfra.core.data;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Numbers from Arrow's columns into the rows of a {@link FloatBlock}: the batch's columns in their
 * order, a missing value as NaN. Columns may be integers of up to 64 bits, floating point, decimals
 * (by way of the nearest double) and booleans (1 and 0).
 *
 * <p>Thread-safe as far as the arguments are: batches may go to different rows of a block at once.
 */
public final class FloatBlocks {
  /** So much of a block is written column by column at a time that it stays in a core's cache. */
  private static final int TILE_BYTES = 1 << 16;

  private FloatBlocks() {}

  /**
   * Reads a stream to its end into one block. The number of rows need not be known; while the block
   * is put together, the allocator counts the rows twice.
   *
   * @param reader borrowed, at its start; the caller closes it
   * @return a block that the caller closes
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it,
   *     or there are more rows than a block holds; {@link ErrorCode#IO_FAILED} if reading fails
   */
  public static FloatBlock read(ArrowReader reader, BufferAllocator allocator) {
    try {
      VectorSchemaRoot batch = reader.getVectorSchemaRoot();
      NumberColumn.requireNumbers(batch);
      try (FloatBlockBuilder rows =
          new FloatBlockBuilder(allocator, batch.getFieldVectors().size())) {
        while (reader.loadNextBatch()) {
          rows.append(reader.getVectorSchemaRoot());
        }
        return rows.build();
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading a stream failed: " + e.getMessage(), e);
    }
  }

  /**
   * Copies all rows of a batch into a block.
   *
   * @param batch borrowed; as many columns as the block has
   * @param firstRow the row of the block that takes the batch's first row
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it
   * @throws IndexOutOfBoundsException if the block has no room for so many rows there
   */
  public static void copy(VectorSchemaRoot batch, FloatBlock block, int firstRow) {
    NumberColumn.requireNumbers(batch);
    if (batch.getFieldVectors().size() != block.columns()) {
      throw new IllegalArgumentException(
          "the batch has "
              + batch.getFieldVectors().size()
              + " columns, the block has "
              + block.columns());
    }
    copy(batch, 0, batch.getRowCount(), block, firstRow);
  }

  static void copy(VectorSchemaRoot batch, int from, int count, FloatBlock block, int firstRow) {
    long stride = 4L * block.columns();
    long address = block.address(firstRow, count);
    List<FieldVector> columns = batch.getFieldVectors();
    int tile = (int) Math.max(64, TILE_BYTES / stride);
    for (int done = 0; done < count; done += tile) {
      int rows = Math.min(tile, count - done);
      long column = address + done * stride;
      for (int c = 0; c < columns.size(); c++, column += 4) {
        NumberColumn.copy(columns.get(c), from + done, rows, false, column, stride);
      }
    }
  }
}
