package io.mlinfra.features.internal;

import java.util.Arrays;
import java.util.function.IntBinaryOperator;

/**
 * Sorts positions by their times, then by a comparison. Time and index go into one long each, which
 * sorts several times as fast as positions through a comparison do; where that takes more than 63
 * bits, the times lose their last ones, and what looks equal then is compared. Stable. Not
 * thread-safe.
 */
final class TimeSort {
  private long[] packed = new long[0];
  private int[] sorted = new int[0];

  /**
   * Sorts a range of positions.
   *
   * @param compare two positions, times first
   * @return whether anything was out of order
   */
  boolean sort(int[] positions, int from, int to, long[] times, IntBinaryOperator compare) {
    if (isInOrder(positions, from, to, times, compare)) {
      return false;
    }
    int count = to - from;
    if (packed.length < count) {
      packed = new long[count];
      sorted = new int[count];
    }
    long least = Long.MAX_VALUE;
    long most = Long.MIN_VALUE;
    for (int i = from; i < to; i++) {
      least = Math.min(least, times[positions[i]]);
      most = Math.max(most, times[positions[i]]);
    }
    // The difference is taken as unsigned: times may be further apart than a long can say.
    int indexBits = 32 - Integer.numberOfLeadingZeros(count - 1);
    int lostBits = Math.max(0, 64 - Long.numberOfLeadingZeros(most - least) + indexBits - 63);
    for (int i = 0; i < count; i++) {
      packed[i] = times[positions[from + i]] - least >>> lostBits << indexBits | i;
    }
    Arrays.sort(packed, 0, count);
    long indexMask = (1L << indexBits) - 1;
    for (int i = 0; i < count; i++) {
      sorted[i] = positions[from + (int) (packed[i] & indexMask)];
    }
    System.arraycopy(sorted, 0, positions, from, count);
    int start = 0;
    for (int i = 1; i <= count; i++) {
      if (i == count || packed[i] >>> indexBits != packed[start] >>> indexBits) {
        merge(positions, from + start, from + i, times, compare);
        start = i;
      }
    }
    return true;
  }

  private static boolean isInOrder(
      int[] positions, int from, int to, long[] times, IntBinaryOperator compare) {
    for (int i = from + 1; i < to; i++) {
      int before = positions[i - 1];
      int at = positions[i];
      if (times[before] > times[at]
          || times[before] == times[at] && compare.applyAsInt(before, at) > 0) {
        return false;
      }
    }
    return true;
  }

  private static void merge(
      int[] positions, int from, int to, long[] times, IntBinaryOperator compare) {
    if (isInOrder(positions, from, to, times, compare)) {
      return;
    }
    int middle = (from + to) >>> 1;
    merge(positions, from, middle, times, compare);
    merge(positions, middle, to, times, compare);
    int[] left = Arrays.copyOfRange(positions, from, middle);
    int right = middle;
    int out = from;
    for (int l = 0; l < left.length; ) {
      boolean later = right < to && compare.applyAsInt(positions[right], left[l]) < 0;
      positions[out++] = later ? positions[right++] : left[l++];
    }
  }
}
