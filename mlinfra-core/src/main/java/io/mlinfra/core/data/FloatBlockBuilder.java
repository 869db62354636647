package io.mlinfra.core.data;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Rows that come until they end. They are kept in pieces, each copied once when all are there. */
final class FloatBlockBuilder implements AutoCloseable {
  private static final long FIRST_PIECE_BYTES = 1L << 18;

  /**
   * The C library keeps memory of up to 32 MiB for the next who asks; what is larger it gets from
   * the system, page by page, which takes as long as filling it.
   */
  private static final long LARGEST_PIECE_BYTES = 1L << 24;

  private final BufferAllocator allocator;
  private final int columns;
  private final Deque<FloatBlock> pieces = new ArrayDeque<>();

  /** Rows in the last piece. */
  private int filled;

  private long total;

  FloatBlockBuilder(BufferAllocator allocator, int columns) {
    this.allocator = allocator;
    this.columns = columns;
  }

  void append(VectorSchemaRoot batch) {
    int count = batch.getRowCount();
    if (total + count > Integer.MAX_VALUE) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE, "more than " + Integer.MAX_VALUE + " rows for one block");
    }
    for (int from = 0; from < count; ) {
      FloatBlock piece = room(count - from);
      int rows = Math.min(count - from, piece.rows() - filled);
      FloatBlocks.copy(batch, from, rows, piece, filled);
      filled += rows;
      from += rows;
    }
    total += count;
  }

  private FloatBlock room(int atLeast) {
    FloatBlock last = pieces.peekLast();
    if (last != null && filled < last.rows()) {
      return last;
    }
    // Each piece is as large as all before it together, within bounds.
    long stride = 4L * columns;
    long bytes = Math.max(FIRST_PIECE_BYTES, Math.min(LARGEST_PIECE_BYTES, total * stride));
    int rows = (int) Math.max(atLeast, Math.min(Integer.MAX_VALUE, bytes / stride));
    FloatBlock piece = FloatBlock.allocate(allocator, rows, columns);
    pieces.addLast(piece);
    filled = 0;
    return piece;
  }

  /** All rows. May be called once. */
  FloatBlock build() {
    FloatBlock block = FloatBlock.allocate(allocator, (int) total, columns);
    long target = block.address();
    // Each piece goes as soon as it is copied, and the system gives pages of the block only as they
    // are written: the process never holds much more than the rows once.
    for (FloatBlock piece; (piece = pieces.pollFirst()) != null; ) {
      int rows = pieces.isEmpty() ? filled : piece.rows();
      long bytes = 4L * columns * rows;
      MemoryUtil.copyMemory(piece.address(), target, bytes);
      target += bytes;
      piece.close();
    }
    return block;
  }

  @Override
  public void close() {
    for (FloatBlock piece; (piece = pieces.pollFirst()) != null; ) {
      piece.close();
    }
  }
}
