package io.mlinfra.core.data;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * A matrix of float32 or float64 in memory that the caller owns, to be filled from Arrow's columns:
 *
 * <pre>{@code
 * float[] values = new float[3_000_000 * 2];
 * NumberBlock block = NumberBlock.floats(FloatBuffer.wrap(values), 3_000_000, 2);
 * int rows = warehouse.sql("SELECT delay, distance FROM flights").fill(block);
 * }</pre>
 *
 * <p>The memory is a heap or direct buffer. The block begins at the buffer's position, which stays
 * where it is. Row {@code r}, column {@code c} is value {@code r * columns + c} or, {@link
 * #columnMajor}, {@code c * rows + r}: columns lie {@code rows()} apart however many rows are
 * filled. What lies behind the filled rows is not touched.
 *
 * <p>Columns may be what {@link FloatBlocks} takes. A missing value is NaN; a {@link #mask} tells
 * it from a NaN that was there. A number that the block's type does not have becomes the nearest
 * that it has, ties to even: integers beyond 2<sup>24</sup> as float32 and 2<sup>53</sup> as
 * float64 lose digits, doubles beyond float32 become infinite. Each number is rounded once, but
 * decimals go by way of the nearest double.
 *
 * <p>Not thread-safe. A direct buffer over memory that was freed behind it cannot be told from a
 * good one: for Arrow's memory, take {@link #of(FloatBlock)}, which knows.
 */
public final class NumberBlock {
  /** What is converted at a time, and stays in a core's cache until it is handed over. */
  private static final int TILE_BYTES = 1 << 16;

  private final String memory;
  private final int rows;
  private final int columns;
  private final boolean wide;
  private final boolean columnMajor;
  private final Sink values;

  /** Takes one byte for each value, or nobody wants it. */
  private final @Nullable ByteBuffer mask;

  /** Takes some numbers, which lie at the start of the tile, as those from an index on. */
  private interface Sink {
    void put(long index, ByteBuffer tile, int count);
  }

  private NumberBlock(
      String memory,
      int rows,
      int columns,
      boolean wide,
      boolean columnMajor,
      Sink values,
      @Nullable ByteBuffer mask) {
    this.memory = memory;
    this.rows = rows;
    this.columns = columns;
    this.wide = wide;
    this.columnMajor = columnMajor;
    this.values = values;
    this.mask = mask;
  }

  /**
   * A row-major block of float32.
   *
   * @param memory writable, in the machine's byte order, with at least {@code rows * columns}
   *     remaining; {@link FloatBuffer#wrap(float[])} makes one of an array
   * @param rows the most that it takes, 0 or more
   * @param columns how many, 1 or more
   */
  public static NumberBlock floats(FloatBuffer memory, int rows, int columns) {
    require("memory", memory, memory.order(), rows, columns);
    FloatBuffer target = memory.slice();
    return new NumberBlock(
        "float32",
        rows,
        columns,
        false,
        false,
        (index, tile, count) -> target.put((int) index, tile.asFloatBuffer(), 0, count),
        null);
  }

  /** A row-major block of float64, otherwise as {@link #floats}. */
  public static NumberBlock doubles(DoubleBuffer memory, int rows, int columns) {
    require("memory", memory, memory.order(), rows, columns);
    DoubleBuffer target = memory.slice();
    return new NumberBlock(
        "float64",
        rows,
        columns,
        true,
        false,
        (index, tile, count) -> target.put((int) index, tile.asDoubleBuffer(), 0, count),
        null);
  }

  /**
   * All rows of a block, which may have more than 2<sup>31</sup> values. Filling it once it is
   * closed throws {@link IllegalStateException}.
   *
   * @param block borrowed
   */
  public static NumberBlock of(FloatBlock block) {
    return new NumberBlock(
        "float32",
        block.rows(),
        block.columns(),
        false,
        false,
        (index, tile, count) ->
            MemoryUtil.copyMemory(
                MemoryUtil.getByteBufferAddress(tile), block.address() + 4 * index, 4L * count),
        null);
  }

  /** The same memory, column after column. */
  public NumberBlock columnMajor() {
    return new NumberBlock(memory, rows, columns, wide, true, values, mask);
  }

  /**
   * The same block with a mask beside it: one byte for each value, in the order of the values, 1
   * where the value is there and 0 where it is missing.
   *
   * @param mask writable, heap or direct, with at least {@code rows * columns} remaining from its
   *     position, which stays where it is
   */
  public NumberBlock mask(ByteBuffer mask) {
    require("mask", mask, ByteOrder.nativeOrder(), rows, columns);
    return new NumberBlock(memory, rows, columns, wide, columnMajor, values, mask.slice());
  }

  private static void require(String name, Buffer memory, ByteOrder order, int rows, int columns) {
    if (rows < 0) {
      throw new IllegalArgumentException("rows (" + rows + ") must be >= 0");
    }
    if (columns < 1) {
      throw new IllegalArgumentException("columns (" + columns + ") must be > 0");
    }
    if (memory.isReadOnly()) {
      throw new IllegalArgumentException(name + " is a read-only buffer");
    }
    if (!order.equals(ByteOrder.nativeOrder())) {
      throw new IllegalArgumentException(
          name
              + " has the byte order "
              + order
              + ", must be "
              + ByteOrder.nativeOrder()
              + ": set it with order(ByteOrder.nativeOrder()) before making a view of a buffer");
    }
    if (memory.remaining() < (long) rows * columns) {
      throw new IllegalArgumentException(
          name
              + " has room for "
              + memory.remaining()
              + " values, must have it for "
              + rows
              + " x "
              + columns);
    }
  }

  /** The most rows that it takes. */
  public int rows() {
    return rows;
  }

  public int columns() {
    return columns;
  }

  /**
   * Reads a stream to its end into the first rows. When this throws, the block's content is
   * undefined; nothing beyond it is written, ever.
   *
   * @param reader borrowed, at its start; the caller closes it
   * @return how many rows came
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it,
   *     or there are more rows than the block has; {@link ErrorCode#IO_FAILED} if reading fails
   * @throws IllegalArgumentException if there are more or fewer columns than the block has
   */
  public int read(ArrowReader reader) {
    try {
      requireColumns(reader.getVectorSchemaRoot());
      ByteBuffer tile = tile();
      int filled = 0;
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        int count = batch.getRowCount();
        if (count > rows - filled) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "the block has room for " + rows + " rows, and there are more to read");
        }
        copy(batch.getFieldVectors(), count, filled, tile);
        filled += count;
      }
      return filled;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading a stream failed: " + e.getMessage(), e);
    }
  }

  /**
   * Copies all rows of a batch.
   *
   * @param batch borrowed
   * @param firstRow the row of the block that takes the batch's first row
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it
   * @throws IllegalArgumentException if there are more or fewer columns than the block has
   * @throws IndexOutOfBoundsException if the block has no room for so many rows there
   */
  public void copy(VectorSchemaRoot batch, int firstRow) {
    requireColumns(batch);
    int count = batch.getRowCount();
    if (firstRow < 0 || count > rows - firstRow) {
      throw new IndexOutOfBoundsException(
          "rows " + firstRow + " to " + (firstRow + (long) count) + " of " + rows);
    }
    copy(batch.getFieldVectors(), count, firstRow, tile());
  }

  private void requireColumns(VectorSchemaRoot batch) {
    NumberColumn.requireNumbers(batch);
    int given = batch.getFieldVectors().size();
    if (given != columns) {
      throw new IllegalArgumentException(
          "there are " + given + " columns to read, the block has " + columns);
    }
  }

  /** Room for at least one row. */
  private ByteBuffer tile() {
    int rowBytes = Math.multiplyExact(width(), columns);
    return ByteBuffer.allocateDirect(Math.max(TILE_BYTES, rowBytes)).order(ByteOrder.nativeOrder());
  }

  private int width() {
    return wide ? 8 : 4;
  }

  private void copy(List<FieldVector> from, int count, int firstRow, ByteBuffer tile) {
    if (columnMajor) {
      for (int c = 0; c < columns; c++) {
        copy(from.subList(c, c + 1), count, (long) c * rows + firstRow, tile);
      }
    } else {
      copy(from, count, (long) firstRow * columns, tile);
    }
  }

  /** Row-major, be it one column, to where the values from an index on lie. */
  private void copy(List<FieldVector> from, int count, long index, ByteBuffer tile) {
    long address = MemoryUtil.getByteBufferAddress(tile);
    int width = width();
    int stride = from.size();
    int most = tile.capacity() / (width * stride);
    for (int done = 0; done < count; done += most) {
      int some = Math.min(most, count - done);
      long at = index + (long) done * stride;
      for (int c = 0; c < stride; c++) {
        NumberColumn.copy(
            from.get(c), done, some, wide, address + (long) c * width, (long) stride * width);
      }
      values.put(at, tile, some * stride);
      if (mask != null) {
        for (int c = 0; c < stride; c++) {
          NumberColumn.mask(from.get(c), done, some, address + c, stride);
        }
        mask.put((int) at, tile, 0, some * stride);
      }
    }
  }

  @Override
  public String toString() {
    return "NumberBlock["
        + rows
        + " x "
        + columns
        + ", "
        + memory
        + (columnMajor ? ", column-major" : "")
        + (mask == null ? "" : ", masked")
        + "]";
  }
}
