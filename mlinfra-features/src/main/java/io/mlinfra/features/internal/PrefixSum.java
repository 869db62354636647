package io.mlinfra.features.internal;

import java.util.Arrays;

/**
 * The running sum of the values of a group, as long as it is exact in two doubles, which it is for
 * all but values of very different sizes. Windows of any length share it: a window's sum is the
 * difference of two of its entries, which costs no work when events come and go. Not thread-safe.
 */
final class PrefixSum {
  private final EventValues of;
  private double[] highs = new double[64];
  private double[] lows = new double[64];
  private int[] counts = new int[64];
  private int start;
  private int end;
  private boolean exact;

  PrefixSum(EventValues of) {
    this.of = of;
  }

  EventValues of() {
    return of;
  }

  /**
   * Goes to the start of a group.
   *
   * @param usable whether windows over it are runs of neighbours
   */
  void reset(int groupStart, boolean usable) {
    start = groupStart;
    end = groupStart;
    exact = usable;
    highs[0] = 0;
    lows[0] = 0;
    counts[0] = 0;
  }

  /** Adds the events up to one. */
  void extendTo(int to) {
    if (!exact) {
      return;
    }
    if (to - start >= counts.length) {
      int room = Math.max(to - start + 1, counts.length + counts.length / 2);
      highs = Arrays.copyOf(highs, room);
      lows = Arrays.copyOf(lows, room);
      counts = Arrays.copyOf(counts, room);
    }
    int at = end - start;
    double high = highs[at];
    double low = lows[at];
    int count = counts[at];
    for (int event = end; event < to; event++) {
      double value = of.number(event);
      if (!Double.isNaN(value)) {
        double sum = high + value;
        double error = ExactSum.error(high, value, sum);
        double rest = low + error;
        double lost = ExactSum.error(low, error, rest);
        high = sum + rest;
        low = ExactSum.error(sum, rest, high);
        if (lost != 0 || !(Math.abs(high) <= Double.MAX_VALUE)) {
          exact = false;
          return;
        }
        count++;
      }
      at++;
      highs[at] = high;
      lows[at] = low;
      counts[at] = count;
    }
    end = to;
  }

  /** Whether it holds the events that it was extended to; if not, it does not again either. */
  boolean isExact() {
    return exact;
  }

  /** Makes a sum be that of a run of events. */
  void put(int from, int to, ExactSum sum) {
    int a = from - start;
    int b = to - start;
    sum.set(counts[b] - counts[a], highs[a], lows[a], highs[b], lows[b]);
  }
}
