package io.mlinfra.features.internal;

import java.util.Arrays;

/**
 * Numbers longs in the order in which they are first seen: a hash table with linear probing, at
 * most half full. Not thread-safe while longs are added.
 */
final class LongIndex {
  private long[] longs = new long[16];
  private int size;

  /** Pairs of a long and its number + 1, side by side so that a look costs one cache line. */
  private long[] slots = new long[64];

  int size() {
    return size;
  }

  /** The long of a number. */
  long get(int number) {
    return longs[number];
  }

  /** The number of a long, or -1. */
  int find(long value) {
    return (int) slots[slot(value) + 1] - 1;
  }

  /** The number of a long, a new one if it has none. */
  int add(long value) {
    int slot = slot(value);
    if (slots[slot + 1] != 0) {
      return (int) slots[slot + 1] - 1;
    }
    if (size == longs.length) {
      longs = Arrays.copyOf(longs, 2 * size);
    }
    longs[size] = value;
    slots[slot] = value;
    slots[slot + 1] = ++size;
    if (4 * size > slots.length) {
      grow();
    }
    return size - 1;
  }

  private int slot(long value) {
    int slot = (int) mix(value) << 1 & slots.length - 1;
    while (slots[slot + 1] != 0 && slots[slot] != value) {
      slot = slot + 2 & slots.length - 1;
    }
    return slot;
  }

  private void grow() {
    slots = new long[Math.multiplyExact(2, slots.length)];
    for (int number = 0; number < size; number++) {
      int slot = slot(longs[number]);
      slots[slot] = longs[number];
      slots[slot + 1] = number + 1;
    }
  }

  /** Spreads every bit over all others, after the finaliser of MurmurHash3. */
  static long mix(long value) {
    long mixed = (value ^ value >>> 33) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ mixed >>> 33;
  }
}
