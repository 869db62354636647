package io.mlinfra.features.internal;

import java.math.BigDecimal;
import java.math.MathContext;
import org.jspecify.annotations.Nullable;

/**
 * Slides windows over the events of one entity, for asking times in ascending order. Each event
 * enters and leaves a window once, so the work is linear in events plus questions.
 *
 * <p>A sum is the double nearest to the exact sum of the values in the window, whatever went
 * through the window before: the same window gives the same bits in a training set and online. Sums
 * are kept as the unevaluated sum of two doubles (Dekker's and Knuth's two-sum; the double-double
 * arithmetic of Hida, Li and Bailey, 2001) beside a bound of all that rounding has lost, which is 0
 * for whole numbers. Where the bound leaves a doubt about the nearest double, as after a value 2⁵⁰
 * times larger than the rest has left, the window is added up anew.
 *
 * <p>NaN means missing; infinities are counted apart, so that one of them does not spoil the
 * windows after it.
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

  /** The nearest double to {@code high + low}. */
  private double high;

  private double low;

  /** At least the distance of {@code high + low} from the exact sum; NaN after an overflow. */
  private double lost;

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
      double error = error(high, x, sum);
      double rest = low + error;
      lost += Math.abs(error(low, error, rest));
      high = sum + rest;
      low = error(sum, rest, high);
      if (present == positiveInfinities + negativeInfinities) {
        // Nothing finite is left: start again from an exact zero.
        high = 0;
        low = 0;
        lost = 0;
      }
    }
  }

  /** What rounding {@code a + b} to {@code sum} has lost, exactly, unless it overflowed. */
  private static double error(double a, double b, double sum) {
    double back = sum - a;
    return (a - (sum - back)) + (b - back);
  }

  /** Whether {@code high} is the nearest double to the exact sum for certain. */
  private boolean certain() {
    if (lost == 0) {
      return true;
    }
    // Twice, as the bound was itself added up with rounding; the ulp, as the next sums round too.
    double doubt = 2 * lost + Math.ulp(low);
    return high + (low + doubt) == high && high + (low - doubt) == high;
  }

  private BigDecimal exactSum() {
    BigDecimal exact = BigDecimal.ZERO;
    for (int event = leave; event < enter; event++) {
      double value = finite(event);
      if (value != 0) {
        exact = exact.add(new BigDecimal(value));
      }
    }
    return exact;
  }

  private double finite(int event) {
    return values == null || !Double.isFinite(values[event]) ? 0 : values[event];
  }

  private void addUpAnew() {
    BigDecimal exact = exactSum();
    high = exact.doubleValue();
    if (Double.isInfinite(high)) {
      low = 0;
      lost = Double.NaN;
      return;
    }
    BigDecimal rest = exact.subtract(new BigDecimal(high));
    low = rest.doubleValue();
    lost = Math.abs(rest.subtract(new BigDecimal(low)).doubleValue());
  }

  /** How many events the window holds, missing values included. */
  long count() {
    return enter - leave;
  }

  /** The sum of the values; NaN where there is none, or infinities of both signs. */
  double sum() {
    if (present == 0 || positiveInfinities > 0 && negativeInfinities > 0) {
      return Double.NaN;
    }
    if (positiveInfinities > 0) {
      return Double.POSITIVE_INFINITY;
    }
    if (negativeInfinities > 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (!certain()) {
      addUpAnew();
    }
    return high;
  }

  /** The mean of the values, good to 1 ulp; NaN where {@link #sum()} is. */
  double mean() {
    double sum = sum();
    if (Double.isInfinite(sum) && positiveInfinities + negativeInfinities == 0) {
      // The sum is too large for a double, the mean is not.
      return exactSum().divide(BigDecimal.valueOf(present), MathContext.DECIMAL128).doubleValue();
    }
    return sum / present;
  }
}
