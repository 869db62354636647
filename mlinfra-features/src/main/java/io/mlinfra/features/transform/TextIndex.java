package io.mlinfra.features.transform;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.VarCharVector;

/**
 * Finds texts by their UTF-8 bytes, as they lie in Arrow memory: making a String of each value
 * takes most of the time of finding it. Immutable and thread-safe.
 */
final class TextIndex {
  private final byte[][] texts;
  private final int[] positions;

  /** An index of different texts. */
  TextIndex(List<String> list) {
    int size = Integer.highestOneBit(Math.max(4, 3 * list.size()));
    texts = new byte[size][];
    positions = new int[size];
    for (int i = 0; i < list.size(); i++) {
      byte[] text = list.get(i).getBytes(StandardCharsets.UTF_8);
      int hash = 0;
      for (byte b : text) {
        hash = 31 * hash + b;
      }
      int slot = slot(hash);
      while (texts[slot] != null) {
        slot = slot + 1 & size - 1;
      }
      texts[slot] = text;
      positions[slot] = i;
    }
  }

  /** The position in the list of a row's text, -1 if it is not there; missing is empty. */
  int find(VarCharVector vector, int row) {
    boolean missing = vector.isNull(row);
    int start = missing ? 0 : vector.getOffsetBuffer().getInt(4L * row);
    int length = missing ? 0 : vector.getOffsetBuffer().getInt(4L * row + 4) - start;
    long address = vector.getDataBuffer().memoryAddress() + start;
    int hash = 0;
    for (int i = 0; i < length; i++) {
      hash = 31 * hash + MemoryUtil.getByte(address + i);
    }
    for (int slot = slot(hash); texts[slot] != null; slot = slot + 1 & texts.length - 1) {
      if (equal(texts[slot], address, length)) {
        return positions[slot];
      }
    }
    return -1;
  }

  private int slot(int hash) {
    return (hash ^ hash >>> 15) & texts.length - 1;
  }

  private static boolean equal(byte[] text, long address, int length) {
    if (text.length != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (text[i] != MemoryUtil.getByte(address + i)) {
        return false;
      }
    }
    return true;
  }
}
