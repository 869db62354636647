package io.mlinfra.features.online;

import org.jspecify.annotations.Nullable;

/**
 * Counts how many different values were added: a hash table with linear probing, at most half full.
 * A window may hold thousands of events, so that nodes and boxes would be most of a read. Either
 * cells or texts are added; used by one thread.
 */
final class DistinctValues {
  /** 2 to the 64 over the golden ratio: spreads neighbours over the upper bits. */
  private static final long SPREAD = 0x9e3779b97f4a7c15L;

  private static final int START_BITS = 5;

  private int bits = START_BITS;
  private long[] cells = new long[0];
  private @Nullable String[] texts = new @Nullable String[0];
  private boolean zero;
  private int size;

  /** How many there are. */
  int size() {
    return size;
  }

  void add(long cell) {
    if (cell == 0) {
      // It marks what is free.
      size += zero ? 0 : 1;
      zero = true;
      return;
    }
    if (2 * size >= cells.length) {
      grow(cells);
    }
    int slot = slot(cell);
    if (cells[slot] == 0) {
      cells[slot] = cell;
      size++;
    }
  }

  void add(String text) {
    if (2 * size >= texts.length) {
      grow(texts);
    }
    int slot = slot(text);
    if (texts[slot] == null) {
      texts[slot] = text;
      size++;
    }
  }

  private int slot(long cell) {
    int slot = first(cell);
    while (cells[slot] != 0 && cells[slot] != cell) {
      slot = slot + 1 & cells.length - 1;
    }
    return slot;
  }

  private int slot(String text) {
    int slot = first(text.hashCode());
    String there;
    while ((there = texts[slot]) != null && !there.equals(text)) {
      slot = slot + 1 & texts.length - 1;
    }
    return slot;
  }

  private int first(long value) {
    return (int) (value * SPREAD >>> 64 - bits);
  }

  private void grow(long[] old) {
    bits += old.length == 0 ? 0 : 1;
    cells = new long[1 << bits];
    for (long cell : old) {
      if (cell != 0) {
        cells[slot(cell)] = cell;
      }
    }
  }

  private void grow(@Nullable String[] old) {
    bits += old.length == 0 ? 0 : 1;
    texts = new @Nullable String[1 << bits];
    for (String text : old) {
      if (text != null) {
        texts[slot(text)] = text;
      }
    }
  }
}
