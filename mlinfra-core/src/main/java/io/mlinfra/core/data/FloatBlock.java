package io.mlinfra.core.data;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;

/**
 * A row-major matrix of float32 outside the heap: row {@code r}, column {@code c} lies {@code 4 *
 * (r * columns + c)} bytes behind {@link #address()}. It is the shape in which linear algebra and
 * ONNX Runtime take numbers.
 *
 * <p>The caller of {@link #allocate} owns the memory and closes the block. Reading from several
 * threads is safe while nobody writes; threads may write different rows at once.
 */
public final class FloatBlock implements AutoCloseable {
  private final ArrowBuf memory;
  private final int rows;
  private final int columns;

  private FloatBlock(ArrowBuf memory, int rows, int columns) {
    this.memory = memory;
    this.rows = rows;
    this.columns = columns;
  }

  /**
   * A block of undefined content.
   *
   * @param rows how many, 0 or more
   * @param columns how many, 1 or more
   */
  public static FloatBlock allocate(BufferAllocator allocator, int rows, int columns) {
    if (rows < 0) {
      throw new IllegalArgumentException("rows (" + rows + ") must be >= 0");
    }
    if (columns < 1) {
      throw new IllegalArgumentException("columns (" + columns + ") must be > 0");
    }
    // The product of two ints fits into a long; four times that need not.
    long values = (long) rows * columns;
    if (values > Long.MAX_VALUE / 4) {
      throw new IllegalArgumentException(
          "rows x columns (" + rows + " x " + columns + ") must be < 2^61");
    }
    return new FloatBlock(allocator.buffer(Math.max(4, 4 * values)), rows, columns);
  }

  public int rows() {
    return rows;
  }

  public int columns() {
    return columns;
  }

  /** Where the first value lies. Valid until the block is closed. */
  public long address() {
    requireOpen();
    return memory.memoryAddress();
  }

  /** Where the first of some rows lies, once it is sure that they are there. */
  long address(int firstRow, int count) {
    requireRows(firstRow, count);
    return memory.memoryAddress() + 4L * firstRow * columns;
  }

  /**
   * A view of some rows, for bulk reading and writing; its position 0 is the first value of {@code
   * firstRow}. Valid until the block is closed.
   *
   * @param firstRow from 0 to {@link #rows()}
   * @param count how many rows; together less than 2 GiB
   * @throws IndexOutOfBoundsException if they are not all there
   * @throws IllegalArgumentException if they are too many for one view
   */
  public FloatBuffer rows(int firstRow, int count) {
    requireRows(firstRow, count);
    long rowBytes = 4L * columns;
    if (count * rowBytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "count (" + count + ") rows of " + columns + " columns must be less than 2 GiB");
    }
    // Arrow hands the buffer out big-endian; native code reads it as the machine's own order.
    return memory
        .nioBuffer(firstRow * rowBytes, (int) (count * rowBytes))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  /** One value. For single looks; bulk work goes through {@link #rows(int, int)}. */
  public float get(int row, int column) {
    return memory.getFloat(offset(row, column));
  }

  /** Sets one value. */
  public void set(int row, int column, float value) {
    memory.setFloat(offset(row, column), value);
  }

  /** Sets all values of some rows to 0. */
  public void clear(int firstRow, int count) {
    requireRows(firstRow, count);
    memory.setZero(4L * firstRow * columns, 4L * count * columns);
  }

  private long offset(int row, int column) {
    if (row < 0 || row >= rows || column < 0 || column >= columns) {
      throw new IndexOutOfBoundsException(
          "row " + row + ", column " + column + " of a block of " + rows + " x " + columns);
    }
    requireOpen();
    return 4L * ((long) row * columns + column);
  }

  private void requireRows(int firstRow, int count) {
    if (firstRow < 0 || count < 0 || count > rows - firstRow) {
      throw new IndexOutOfBoundsException(
          "rows " + firstRow + " to " + (firstRow + (long) count) + " of " + rows);
    }
    requireOpen();
  }

  private void requireOpen() {
    if (memory.refCnt() == 0) {
      throw new IllegalStateException("the block is closed");
    }
  }

  @Override
  public void close() {
    if (memory.refCnt() > 0) {
      memory.close();
    }
  }

  @Override
  public String toString() {
    return "FloatBlock[" + rows + " x " + columns + "]";
  }
}
