package io.mlinfra.features.internal;

import java.nio.ByteOrder;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;

/**
 * Copies rows of Arrow vectors into arrays, a block at a time: the copy is as fast as memory, and
 * what comes after it needs no check of bounds by hand. Not thread-safe; the arrays are used again
 * by the next call.
 */
final class ColumnReader {
  /**
   * How many rows are read at once: whole vectors of the database, and as longs less than half a
   * megabyte, for G1 gives what is larger a region of its own, the rest of which stays empty.
   */
  static final int BLOCK = 30 * 2048;

  private long[] longs = new long[0];
  private int[] ends = new int[0];
  private byte[] bytes = new byte[0];

  /** Copies values of 8 bytes; what stands for missing ones is left as it is in the vector. */
  static void longs(FieldVector vector, int row, int rows, long[] to) {
    ((BaseFixedWidthVector) vector)
        .getDataBuffer()
        .nioBuffer(8L * row, 8 * rows)
        .order(ByteOrder.nativeOrder())
        .asLongBuffer()
        .get(to, 0, rows);
  }

  /**
   * Numbers the values of some rows, but for those that are -1 already.
   *
   * @param add whether new values are given a number; else they are -1
   */
  void numbers(FieldVector vector, int row, int rows, LongIndex index, boolean add, int[] to) {
    if (longs.length < rows) {
      longs = new long[rows];
    }
    longs(vector, row, rows, longs);
    for (int i = 0; i < rows; i++) {
      if (to[i] >= 0) {
        to[i] = add ? index.add(longs[i]) : index.find(longs[i]);
      }
    }
  }

  /** Numbers texts as it does longs. */
  void numbers(VarCharVector vector, int row, int rows, Dictionary texts, boolean add, int[] to) {
    if (ends.length < rows + 1) {
      ends = new int[rows + 1];
    }
    vector
        .getOffsetBuffer()
        .nioBuffer(4L * row, 4 * (rows + 1))
        .order(ByteOrder.nativeOrder())
        .asIntBuffer()
        .get(ends, 0, rows + 1);
    int first = ends[0];
    int length = ends[rows] - first;
    if (bytes.length < length) {
      bytes = new byte[Math.max(length, bytes.length + bytes.length / 2)];
    }
    vector.getDataBuffer().getBytes(first, bytes, 0, length);
    for (int i = 0; i < rows; i++) {
      if (to[i] >= 0) {
        int start = ends[i] - first;
        int end = ends[i + 1] - first;
        to[i] = add ? texts.add(bytes, start, end) : texts.find(bytes, start, end);
      }
    }
  }
}
