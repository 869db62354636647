package io.mlinfra.features.internal;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.function.Supplier;

/**
 * The sum of values that come and go, as the double nearest to the exact sum: whatever went through
 * it before, and in whatever order, the same values give the same bits in a training set and
 * online.
 *
 * <p>It is kept as the unevaluated sum of two doubles (Dekker's and Knuth's two-sum; the
 * double-double arithmetic of Hida, Li and Bailey, 2001) beside a bound of all that rounding has
 * lost, which is 0 for whole numbers. Where the bound leaves a doubt about the nearest double, as
 * after a value 2⁵⁰ times larger than the rest has left, the values are added up anew.
 *
 * <p>NaN means missing; infinities are counted apart, so that one of them does not spoil the sums
 * after it. Not thread-safe: asking for the sum may change how it is kept, too.
 */
public final class ExactSum {
  private long count;
  private long positiveInfinities;
  private long negativeInfinities;

  /** The nearest double to {@code high + low}. */
  private double high;

  private double low;

  /** At least the distance of {@code high + low} from the exact sum; NaN after an overflow. */
  private double lost;

  public void add(double value) {
    put(value, 1);
  }

  /** Takes away a value that was added. */
  public void remove(double value) {
    put(value, -1);
  }

  private void put(double value, int sign) {
    if (Math.abs(value) <= Double.MAX_VALUE) {
      count += sign;
      plus(sign * value);
      restart();
    } else if (value == Double.POSITIVE_INFINITY) {
      count += sign;
      positiveInfinities += sign;
    } else if (value == Double.NEGATIVE_INFINITY) {
      count += sign;
      negativeInfinities += sign;
    }
  }

  /** Adds all that another sum holds. */
  public void merge(ExactSum other) {
    count += other.count;
    positiveInfinities += other.positiveInfinities;
    negativeInfinities += other.negativeInfinities;
    lost += other.lost;
    plus(other.high);
    plus(other.low);
  }

  public void clear() {
    count = 0;
    positiveInfinities = 0;
    negativeInfinities = 0;
    restart();
  }

  /** Starts again from an exact zero where nothing finite is left. */
  private void restart() {
    if (count == positiveInfinities + negativeInfinities) {
      high = 0;
      low = 0;
      lost = 0;
    }
  }

  private void plus(double value) {
    double sum = high + value;
    double error = error(high, value, sum);
    double rest = low + error;
    lost += Math.abs(error(low, error, rest));
    high = sum + rest;
    low = error(sum, rest, high);
  }

  /** What rounding {@code a + b} to {@code sum} has lost, exactly, unless it overflowed. */
  static double error(double a, double b, double sum) {
    double back = sum - a;
    return (a - (sum - back)) + (b - back);
  }

  /** Adds the square of a finite value, or takes it away. */
  void putSquare(double value, int sign) {
    count += sign;
    plusProduct(value, sign * value);
    restart();
  }

  /** Adds a product without rounding it first. */
  private void plusProduct(double a, double b) {
    double product = a * b;
    plus(product);
    plus(Math.fma(a, b, -product));
    if (Math.abs(product) < 0x1p-960 && a != 0 && b != 0) {
      // The last bits of the product may be smaller than the smallest double.
      lost += Double.MIN_VALUE;
    }
  }

  /** {@code n · squares − sum²}, without rounding but for the losses that are kept with it. */
  static ExactSum spread(long n, ExactSum sum, ExactSum squares) {
    ExactSum spread = new ExactSum();
    spread.plusProduct(n, squares.high);
    spread.plusProduct(n, squares.low);
    spread.plusProduct(sum.high, -sum.high);
    spread.plusProduct(2 * sum.high, -sum.low);
    spread.plusProduct(sum.low, -sum.low);
    double away = Math.abs(sum.high) + Math.abs(sum.low) + sum.lost;
    // Rounded up: the losses of the parts, multiplied as the parts are.
    spread.lost += 1.001 * (n * squares.lost + 2 * away * sum.lost);
    return spread;
  }

  /**
   * The nearest double to the quotient of what the sum is by {@code a · b}, or NaN where it is in
   * doubt.
   */
  double over(long a, long b) {
    // A double-double division: the quotient, and from what remains of it the next bits.
    ExactSum product = new ExactSum();
    product.plusProduct(a, b);
    double first = high / product.high;
    ExactSum rest = new ExactSum();
    rest.plus(high);
    rest.plus(low);
    rest.plusProduct(first, -product.high);
    rest.plusProduct(first, -product.low);
    double second = rest.high / product.high;
    double quotient = first + second;
    double tail = second - (quotient - first);
    double doubt =
        1.001 * (lost + rest.lost) / product.high
            + 0x1p-100 * Math.abs(first)
            + 0x1p-50 * Math.abs(second);
    if (lost == 0 && high == 0) {
      return 0;
    }
    boolean certain =
        Math.abs(quotient) > 0x1p-900
            && quotient + (tail + doubt) == quotient
            && quotient + (tail - doubt) == quotient;
    return certain ? quotient : Double.NaN;
  }

  /** Whether {@code high} is the nearest double to the exact sum for certain. */
  private boolean isCertain() {
    if (lost == 0) {
      return true;
    }
    // Twice, as the bound was itself added up with rounding; the ulp, as the next sums round too.
    double doubt = 2 * lost + Math.ulp(low);
    return high + (low + doubt) == high && high + (low - doubt) == high;
  }

  /** Takes over the sum of the finite values, computed otherwise. */
  void set(BigDecimal exact) {
    high = exact.doubleValue();
    if (Double.isInfinite(high)) {
      low = 0;
      lost = Double.NaN;
      return;
    }
    BigDecimal rest = exact.subtract(new BigDecimal(high));
    low = rest.doubleValue();
    BigDecimal left = rest.subtract(new BigDecimal(low)).abs();
    // What is not 0 must not be taken for it because a double cannot be so small.
    lost = left.signum() == 0 ? 0 : Math.max(Double.MIN_VALUE, left.doubleValue());
  }

  /** Becomes the difference of two sums of finite values: what comes behind the first of them. */
  void set(long present, double firstHigh, double firstLow, double wholeHigh, double wholeLow) {
    clear();
    count = present;
    high = wholeHigh;
    low = wholeLow;
    plus(-firstHigh);
    plus(-firstLow);
  }

  /** The exact sum of the finite ones among some values. */
  static BigDecimal exactly(double[] values) {
    BigDecimal exact = BigDecimal.ZERO;
    for (double value : values) {
      if (Double.isFinite(value) && value != 0) {
        exact = exact.add(new BigDecimal(value));
      }
    }
    return exact;
  }

  /** How many values there are. */
  public long count() {
    return count;
  }

  /** Whether one of the values is infinite. */
  boolean hasInfinities() {
    return positiveInfinities + negativeInfinities > 0;
  }

  /**
   * The sum; NaN where there is no value, or infinities of both signs.
   *
   * @param values all that are in the sum, in any order; NaNs are passed over. Asked for only where
   *     they must be added up anew
   */
  public double sum(Supplier<double[]> values) {
    if (count == 0 || positiveInfinities > 0 && negativeInfinities > 0) {
      return Double.NaN;
    }
    if (positiveInfinities > 0) {
      return Double.POSITIVE_INFINITY;
    }
    if (negativeInfinities > 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (!isCertain()) {
      set(exactly(values.get()));
    }
    return high;
  }

  /** The sum divided by the number of values; NaN where {@link #sum} is. */
  public double mean(Supplier<double[]> values) {
    double sum = sum(values);
    if (Double.isInfinite(sum) && !hasInfinities()) {
      // The sum is too large for a double, the mean is not.
      return exactly(values.get())
          .divide(BigDecimal.valueOf(count), MathContext.DECIMAL128)
          .doubleValue();
    }
    return sum / count;
  }
}
