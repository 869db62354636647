package io.mlinfra.features.internal;

import java.util.Arrays;

/**
 * Numbers longs in the order in which they are first seen: a hash table with linear probing, at
 * most half full; and a plain table for the small ones where there are many of them, for keys often
 * count from 0, and a look into it costs a fraction. Not thread-safe while longs are added.
 */
final class LongIndex {
  /** How many places of the plain table there may be for each long, before it is rounded up. */
  private static final int PLACES = 8;

  private static final int MOST_PLACES = 1 << 29;

  private long[] longs = new long[16];
  private int size;

  /** Pairs of a long and its number + 1, side by side so that a look costs one cache line. */
  private long[] slots = new long[64];

  /** How many longs went into the hash table. */
  private int hashed;

  /** The numbers + 1 of the longs from 0; its length is a power of two. */
  private int[] direct = new int[16];

  int size() {
    return size;
  }

  /** The long of a number. */
  long get(int number) {
    return longs[number];
  }

  /** The number of a long, or -1. */
  int find(long value) {
    if (isDirect(value)) {
      return direct[(int) value] - 1;
    }
    return (int) slots[slot(value) + 1] - 1;
  }

  /** The number of a long, a new one if it has none. */
  int add(long value) {
    if (isDirect(value)) {
      int known = direct[(int) value];
      return known != 0 ? known - 1 : addDirect(value);
    }
    int slot = slot(value);
    if (slots[slot + 1] != 0) {
      return (int) slots[slot + 1] - 1;
    }
    if (value >= 0 && value < Math.min((long) PLACES * size, MOST_PLACES)) {
      extendTo((int) value);
      return add(value);
    }
    append(value);
    slots[slot] = value;
    slots[slot + 1] = size;
    if (4 * ++hashed > slots.length) {
      grow();
    }
    return size - 1;
  }

  private boolean isDirect(long value) {
    return (value & -(long) direct.length) == 0;
  }

  private int addDirect(long value) {
    append(value);
    direct[(int) value] = size;
    return size - 1;
  }

  private void append(long value) {
    if (size == longs.length) {
      longs = Arrays.copyOf(longs, 2 * size);
    }
    longs[size++] = value;
  }

  private int slot(long value) {
    int slot = (int) mix(value) << 1 & slots.length - 1;
    while (slots[slot + 1] != 0 && slots[slot] != value) {
      slot = slot + 2 & slots.length - 1;
    }
    return slot;
  }

  /** Makes the plain table hold a long; what it holds is not looked for among the hashed. */
  private void extendTo(int value) {
    direct = new int[Integer.highestOneBit(value) << 1];
    for (int number = 0; number < size; number++) {
      if (isDirect(longs[number])) {
        direct[(int) longs[number]] = number + 1;
      }
    }
  }

  private void grow() {
    slots = new long[Math.multiplyExact(2, slots.length)];
    hashed = 0;
    for (int number = 0; number < size; number++) {
      if (isDirect(longs[number])) {
        continue;
      }
      hashed++;
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
