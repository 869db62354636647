package io.mlinfra.features.offline;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.Field;

/** One column of a table that rows are picked from. */
final class GatheredColumn {
  private final Field field;
  private final FieldVector from;

  /** Bytes of a value that is copied by address, 0 for one that is not. */
  private final int width;

  private final boolean gaps;

  /**
   * A column.
   *
   * @param field what the table calls it: a vector forgets the names inside its lists
   */
  GatheredColumn(Field field, FieldVector from) {
    this.field = field;
    this.from = from;
    int bytes = from instanceof BaseFixedWidthVector fixed ? fixed.getTypeWidth() : 0;
    this.width = bytes == 4 || bytes == 8 ? bytes : 0;
    this.gaps = from.getNullCount() > 0;
  }

  Field field() {
    return field;
  }

  /**
   * Copies some rows.
   *
   * @param rows which; the first is {@code rows[first]}
   * @param capacity how many rows later calls may ask for
   */
  void gather(int[] rows, int first, int count, int capacity, FieldVector to) {
    if (from instanceof BaseVariableWidthVector source) {
      gather(source, rows, first, count, capacity, (BaseVariableWidthVector) to);
      return;
    }
    to.setInitialCapacity(capacity);
    if (to.getValueCapacity() < count) {
      to.allocateNew();
    }
    if (width > 0) {
      values(rows, first, count, to.getDataBuffer());
      validity(rows, first, count, to.getValidityBuffer());
    } else {
      // Copying a nested value moves a cursor that the column shares among its readers.
      synchronized (from) {
        for (int i = 0; i < count; i++) {
          to.copyFromSafe(rows[first + i], i, from);
        }
      }
    }
    to.setValueCount(count);
  }

  /** By address: the buffers check every access, which costs more than the copy. */
  private void values(int[] rows, int first, int count, ArrowBuf to) {
    to.checkBytes(0, (long) count * width);
    long in = from.getDataBuffer().memoryAddress();
    long out = to.memoryAddress();
    if (width == 8) {
      for (int i = 0; i < count; i++) {
        MemoryUtil.putLong(out + 8L * i, MemoryUtil.getLong(in + 8L * rows[first + i]));
      }
    } else {
      for (int i = 0; i < count; i++) {
        MemoryUtil.putInt(out + 4L * i, MemoryUtil.getInt(in + 4L * rows[first + i]));
      }
    }
  }

  private void gather(
      BaseVariableWidthVector source,
      int[] rows,
      int first,
      int count,
      int capacity,
      BaseVariableWidthVector to) {
    long ends = source.getOffsetBuffer().memoryAddress();
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      long at = ends + 4L * rows[first + i];
      bytes += MemoryUtil.getInt(at + 4) - MemoryUtil.getInt(at);
    }
    if (to.getValueCapacity() < count || to.getDataBuffer().capacity() < bytes) {
      to.allocateNew(bytes, Math.max(capacity, count));
    }
    long in = source.getDataBuffer().memoryAddress();
    long out = to.getDataBuffer().memoryAddress();
    long outEnds = to.getOffsetBuffer().memoryAddress();
    int end = 0;
    MemoryUtil.putInt(outEnds, 0);
    for (int i = 0; i < count; i++) {
      long at = ends + 4L * rows[first + i];
      int start = MemoryUtil.getInt(at);
      int length = MemoryUtil.getInt(at + 4) - start;
      MemoryUtil.copyMemory(in + start, out + end, length);
      end += length;
      MemoryUtil.putInt(outEnds + 4L * (i + 1), end);
    }
    validity(rows, first, count, to.getValidityBuffer());
    to.setLastSet(count - 1);
    to.setValueCount(count);
  }

  private void validity(int[] rows, int first, int count, ArrowBuf to) {
    int bytes = (count + 7) / 8;
    to.checkBytes(0, bytes);
    if (!gaps) {
      to.setOne(0L, bytes);
      return;
    }
    long in = from.getValidityBuffer().memoryAddress();
    for (int i = 0; i < bytes; i++) {
      int bits = 0;
      for (int bit = 0; bit < 8 && 8 * i + bit < count; bit++) {
        int row = rows[first + 8 * i + bit];
        bits |= (MemoryUtil.getByte(in + (row >> 3)) >> (row & 7) & 1) << bit;
      }
      to.setByte(i, bits);
    }
  }
}
