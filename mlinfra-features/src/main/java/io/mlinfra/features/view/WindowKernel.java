package io.mlinfra.features.view;

import org.jspecify.annotations.Nullable;

/**
 * Slides windows over the events of one entity, for asking times in ascending order. Each event
 * enters and leaves a window once, so the work is linear in events plus questions.
 *
 * <p>Sums are kept as the unevaluated sum of two doubles and each step is exact to about 2⁻¹⁰⁴ of
 * the largest intermediate sum (Dekker's and Knuth's two-sum; the double-double arithmetic of Hida,
 * Li and Bailey, 2001). A value that has left therefore leaves no trace that a result of double
 * precision would show, unless values differ by more than 2⁵⁰ in size, and whole numbers are exact.
 * NaN means missing; infinities are counted apart, so that one of them does not spoil the windows
 * after it.
 */
final class WindowKernel {
  private final long[] times;
  private final double @Nullable [] values;
  private final long length;
  private int enter;
  private int leave;
  private int present;
  private int positiveInfinities;
  private int negativeInfinities;
  private double high;
  private double low;

  /**
   * A window at the start of a group.
   *
   * @param values the column that is summed, or null where only the events count
   * @param length in microseconds
   * @param start the group's first event
   */
  WindowKernel(long[] times, double @Nullable [] values, long length, int start) {
    this.times = times;
    this.values = values;
    this.length = length;
    this.enter = start;
    this.leave = start;
  }

  /** Moves to a time, not before the last one, of a group that ends before {@code end}. */
  void moveTo(long time, int end) {
    while (enter < end && times[enter] <= time) {
      add(enter++, 1);
    }
    // times[leave] <= time - length, written so that it cannot overflow where times are far apart.
    while (leave < enter && time - times[leave] >= length
        || leave < enter && time - times[leave] < 0) {
      add(leave++, -1);
    }
  }

  private void add(int event, int sign) {
    double value = values == null ? Double.NaN : values[event];
    if (Double.isNaN(value)) {
      return;
    }
    present += sign;
    if (value == Double.POSITIVE_INFINITY) {
      positiveInfinities += sign;
    } else if (value == Double.NEGATIVE_INFINITY) {
      negativeInfinities += sign;
    } else {
      double x = sign * value;
      double sum = high + x;
      double back = sum - high;
      double error = (high - (sum - back)) + (x - back) + low;
      high = sum + error;
      low = error - (high - sum);
      if (present == positiveInfinities + negativeInfinities) {
        // Nothing finite is left: start again from an exact zero.
        high = 0;
        low = 0;
      }
    }
  }

  /** How many events the window holds, missing values included. */
  long count() {
    return enter - leave;
  }

  /** How many values the window holds. */
  long present() {
    return present;
  }

  /** The sum of the values; NaN where there is none. */
  double sum() {
    if (present == 0 || positiveInfinities > 0 && negativeInfinities > 0) {
      return Double.NaN;
    }
    if (positiveInfinities > 0) {
      return Double.POSITIVE_INFINITY;
    }
    return negativeInfinities > 0 ? Double.NEGATIVE_INFINITY : high + low;
  }

  /** The mean of the values; NaN where there is none. */
  double mean() {
    return present == 0 ? Double.NaN : sum() / present;
  }
}
