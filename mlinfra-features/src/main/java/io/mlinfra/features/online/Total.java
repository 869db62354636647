package io.mlinfra.features.online;

import io.mlinfra.features.internal.ValueType;
import java.math.BigDecimal;
import java.math.MathContext;
import org.jspecify.annotations.Nullable;

/**
 * How many, the sum, the sum of squares, the least and the largest of some values, mergeable.
 *
 * <p>A sum is the unevaluated sum of two doubles (Dekker's and Knuth's two-sum; the double-double
 * arithmetic of Hida, Li and Bailey, 2001) beside a bound of all that rounding has lost. Where the
 * bound leaves a doubt about the nearest double, the values are added up exactly. So the result
 * does not depend on how events were cut into tiles.
 */
final class Total {
  /** Hands over the values of a window once more. */
  interface Values {
    void forEach(java.util.function.DoubleConsumer to);
  }

  private static final MathContext ROUGH = new MathContext(40);
  private static final MathContext EXACT_ENOUGH = new MathContext(2000);

  private static final class Sum {
    private double high;
    private double low;
    private double lost;

    void add(double value) {
      double sum = high + value;
      double error = error(high, value, sum);
      double rest = low + error;
      lost += Math.abs(error(low, error, rest));
      high = sum + rest;
      low = error(sum, rest, high);
    }

    void addSquare(double value) {
      double square = value * value;
      // Below, the part that does not fit in the product is too small for a double itself.
      if (value != 0 && square < 0x1p-960) {
        lost = Double.NaN;
      }
      add(square);
      add(Math.fma(value, value, -square));
    }

    void add(Sum other) {
      add(other.high);
      add(other.low);
      lost += other.lost;
    }

    /** At least the distance from the exact sum; NaN where nothing is known of it. */
    double doubt() {
      // Twice, as the bound was itself added up with rounding.
      return Double.isFinite(high) && Double.isFinite(low) ? 2 * lost : Double.NaN;
    }

    boolean certain() {
      double doubt = doubt();
      if (doubt == 0) {
        return true;
      }
      doubt += Math.ulp(low);
      return high + (low + doubt) == high && high + (low - doubt) == high;
    }

    BigDecimal decimal() {
      return new BigDecimal(high).add(new BigDecimal(low));
    }
  }

  /** What rounding {@code a + b} to {@code sum} has lost, exactly, unless it overflowed. */
  private static double error(double a, double b, double sum) {
    double back = sum - a;
    return (a - (sum - back)) + (b - back);
  }

  private final Shape.Slot slot;

  /** How many events met the condition. */
  long met;

  /** In how many of them there was a value. */
  long present;

  private long positiveInfinities;
  private long negativeInfinities;
  private final Sum sum = new Sum();
  private final @Nullable Sum squares;
  private long least;
  private long largest;

  Total(Shape.Slot slot) {
    this.slot = slot;
    this.squares = slot.squares() ? new Sum() : null;
    this.least = slot.type().missing();
    this.largest = least;
  }

  /** Takes in an event. */
  void add(Tile tile, int event) {
    if (slot.test() >= 0 && !tile.met(event, slot.test())) {
      return;
    }
    met++;
    if (slot.input() < 0) {
      return;
    }
    if (!(tile.columns[slot.input()] instanceof long[] cells)) {
      present += ((@Nullable String[]) tile.columns[slot.input()])[event] == null ? 0 : 1;
      return;
    }
    long cell = cells[event];
    if (slot.type().isMissing(cell)) {
      return;
    }
    present++;
    if (slot.sums()) {
      add(slot.type().number(cell));
    }
    if (slot.extremes()) {
      extend(cell, cell);
    }
  }

  private void add(double value) {
    if (value == Double.POSITIVE_INFINITY) {
      positiveInfinities++;
    } else if (value == Double.NEGATIVE_INFINITY) {
      negativeInfinities++;
    } else {
      sum.add(value);
      if (squares != null) {
        squares.addSquare(value);
      }
    }
  }

  private void extend(long low, long high) {
    if (slot.type().isMissing(least) || compare(low, least) < 0) {
      least = low;
    }
    if (slot.type().isMissing(largest) || compare(high, largest) > 0) {
      largest = high;
    }
  }

  private int compare(long a, long b) {
    return slot.type() == ValueType.FLOAT64
        ? Double.compare(Double.longBitsToDouble(a), Double.longBitsToDouble(b))
        : Long.compare(a, b);
  }

  /** Takes in another total of the same slot. */
  void add(Total other) {
    met += other.met;
    present += other.present;
    if (slot.sums()) {
      positiveInfinities += other.positiveInfinities;
      negativeInfinities += other.negativeInfinities;
      sum.add(other.sum);
      if (squares != null && other.squares != null) {
        squares.add(other.squares);
      }
    }
    if (slot.extremes() && !slot.type().isMissing(other.least)) {
      extend(other.least, other.largest);
    }
  }

  /** The cell of the least value. */
  long least() {
    return least;
  }

  /** The cell of the largest value. */
  long largest() {
    return largest;
  }

  /** NaN where there is no value, or infinities of both signs. */
  double sum(Values again) {
    if (present == 0 || positiveInfinities > 0 && negativeInfinities > 0) {
      return Double.NaN;
    }
    if (positiveInfinities > 0) {
      return Double.POSITIVE_INFINITY;
    }
    if (negativeInfinities > 0) {
      return Double.NEGATIVE_INFINITY;
    }
    return sum.certain() ? sum.high : exact(again)[0].doubleValue();
  }

  double mean(Values again) {
    double nearest = sum(again);
    if (Double.isInfinite(nearest) && positiveInfinities + negativeInfinities == 0) {
      // The sum is too large for a double, the mean is not.
      return exact(again)[0]
          .divide(BigDecimal.valueOf(present), MathContext.DECIMAL128)
          .doubleValue();
    }
    return nearest / present;
  }

  /** NaN where there are fewer than two values, or infinities. */
  double variance(Values again) {
    if (squares == null || present < 2 || positiveInfinities + negativeInfinities > 0) {
      return Double.NaN;
    }
    BigDecimal n = BigDecimal.valueOf(present);
    double doubt = squares.doubt();
    double sumDoubt = sum.doubt();
    if (!Double.isNaN(doubt) && !Double.isNaN(sumDoubt)) {
      BigDecimal first = sum.decimal();
      BigDecimal middle = n.multiply(squares.decimal()).subtract(first.multiply(first));
      BigDecimal less = new BigDecimal(sumDoubt);
      BigDecimal within =
          n.multiply(new BigDecimal(doubt))
              .add(first.abs().add(first.abs()).add(less).multiply(less));
      double low = variance(middle.subtract(within), n, false);
      if (low == variance(middle.add(within), n, true)) {
        return low;
      }
    }
    BigDecimal[] exact = exact(again);
    return n.multiply(exact[1])
        .subtract(exact[0].multiply(exact[0]))
        .divide(n.multiply(n.subtract(BigDecimal.ONE)), EXACT_ENOUGH)
        .doubleValue();
  }

  /** A double not above, or not below, the one nearest to a variance, and mostly that. */
  private static double variance(BigDecimal numerator, BigDecimal n, boolean up) {
    if (numerator.signum() <= 0) {
      return 0;
    }
    BigDecimal quotient = numerator.divide(n.multiply(n.subtract(BigDecimal.ONE)), ROUGH);
    BigDecimal rounding = quotient.movePointLeft(ROUGH.getPrecision() - 2);
    return (up ? quotient.add(rounding) : quotient.subtract(rounding)).doubleValue();
  }

  /** The exact sums of the finite values and of their squares. */
  private BigDecimal[] exact(Values again) {
    BigDecimal[] exact = {BigDecimal.ZERO, BigDecimal.ZERO};
    again.forEach(
        value -> {
          BigDecimal decimal = new BigDecimal(value);
          exact[0] = exact[0].add(decimal);
          if (squares != null) {
            exact[1] = exact[1].add(decimal.multiply(decimal));
          }
        });
    return exact;
  }
}
