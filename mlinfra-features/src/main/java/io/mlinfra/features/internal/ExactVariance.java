package io.mlinfra.features.internal;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.function.Supplier;

/**
 * The sample variance of values that come and go, as the double nearest to the exact one. It is
 * {@code (n · Σx² − (Σx)²) / (n · (n − 1))}, of an {@link ExactSum} of the values and one of their
 * squares, whose losses say whether the quotient is certain; where it is not, as where all values
 * are close to each other and far from 0, it is computed anew from the values. NaN means missing.
 * Not thread-safe.
 */
public final class ExactVariance {
  /** Enough to tell any quotient from the middle between two doubles. */
  private static final MathContext DIGITS = new MathContext(1400);

  private final ExactSum sum = new ExactSum();
  private final ExactSum squares = new ExactSum();

  public void add(double value) {
    put(value, 1);
  }

  /** Takes away a value that was added. */
  public void remove(double value) {
    put(value, -1);
  }

  private void put(double value, int sign) {
    if (sign > 0) {
      sum.add(value);
    } else {
      sum.remove(value);
    }
    if (Math.abs(value) <= Double.MAX_VALUE) {
      squares.putSquare(value, sign);
    }
  }

  /** Adds all that another one holds. */
  public void merge(ExactVariance other) {
    sum.merge(other.sum);
    squares.merge(other.squares);
  }

  public void clear() {
    sum.clear();
    squares.clear();
  }

  /** The sum of the same values; not to be changed. */
  public ExactSum sum() {
    return sum;
  }

  /**
   * The variance; NaN where there are fewer than two values, or one is infinite.
   *
   * @param values all of them, as {@link ExactSum#sum} takes them
   */
  public double variance(Supplier<double[]> values) {
    long n = sum.count();
    if (n < 2 || sum.hasInfinities()) {
      return Double.NaN;
    }
    double variance = ExactSum.spread(n, sum, squares).over(n, n - 1);
    return Double.isNaN(variance) ? anew(n, values.get()) : variance;
  }

  private double anew(long n, double[] values) {
    if (isConstant(values)) {
      return 0;
    }
    BigDecimal first = ExactSum.exactly(values);
    BigDecimal second = BigDecimal.ZERO;
    for (double value : values) {
      if (Double.isFinite(value) && value != 0) {
        BigDecimal exact = new BigDecimal(value);
        second = second.add(exact.multiply(exact));
      }
    }
    // What a giant that has left took with it is whole again, for the windows to come.
    sum.set(first);
    squares.set(second);
    BigDecimal count = BigDecimal.valueOf(n);
    return count
        .multiply(second)
        .subtract(first.multiply(first))
        .divide(count.multiply(BigDecimal.valueOf(n - 1)), DIGITS)
        .doubleValue();
  }

  private static boolean isConstant(double[] values) {
    double one = Double.NaN;
    for (double value : values) {
      if (!Double.isNaN(value)) {
        if (value != one && !Double.isNaN(one)) {
          return false;
        }
        one = value;
      }
    }
    return true;
  }
}
