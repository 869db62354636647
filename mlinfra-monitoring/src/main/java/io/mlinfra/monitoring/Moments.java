package io.mlinfra.monitoring;

/**
 * Count, mean and spread of finite numbers, and the extremes of all. Blocks are summed up in two
 * passes and combined by the formula of Chan, Golub and LeVeque (1979), so that a large mean does
 * not drown a small spread.
 */
final class Moments {
  private long finite;
  private double mean;
  private double squares;
  private long infinities;
  private double min = Double.POSITIVE_INFINITY;
  private double max = Double.NEGATIVE_INFINITY;

  void add(double[] values, int count) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    double sum = 0;
    for (int i = 0; i < count; i++) {
      double value = values[i];
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
    }
    min = Math.min(min, least);
    max = Math.max(max, most);
    if (Double.isInfinite(sum) || Double.isNaN(sum)) {
      for (int i = 0; i < count; i++) {
        if (Double.isInfinite(values[i])) {
          infinities++;
        } else {
          combine(1, values[i], 0);
        }
      }
      return;
    }
    // Rounding must not give a constant column a spread.
    double center = least == most ? least : sum / count;
    double rest = 0;
    double spread = 0;
    for (int i = 0; i < count; i++) {
      double apart = values[i] - center;
      rest += apart;
      spread += apart * apart;
    }
    // What rounding took from the sum shows as a rest, and is put right here.
    boolean usable = Double.isFinite(rest) && Double.isFinite(spread);
    combine(
        count,
        usable ? center + rest / count : center,
        usable ? Math.max(0, spread - rest * rest / count) : Double.POSITIVE_INFINITY);
  }

  void merge(Moments other) {
    min = Math.min(min, other.min);
    max = Math.max(max, other.max);
    infinities += other.infinities;
    combine(other.finite, other.mean, other.squares);
  }

  private void combine(long otherFinite, double otherMean, double otherSquares) {
    if (otherFinite == 0) {
      return;
    }
    long together = finite + otherFinite;
    double share = (double) otherFinite / together;
    double apart = otherMean - mean;
    squares += otherSquares + (finite == 0 ? 0 : apart * apart * finite * share);
    // The difference of two large numbers of unlike sign may overflow; their weighted sum cannot.
    mean = Double.isInfinite(apart) ? mean * (1 - share) + otherMean * share : mean + apart * share;
    finite = together;
  }

  long count() {
    return finite + infinities;
  }

  long infinities() {
    return infinities;
  }

  double min() {
    return count() == 0 ? Double.NaN : min;
  }

  double max() {
    return count() == 0 ? Double.NaN : max;
  }

  double mean() {
    return finite == 0 ? Double.NaN : mean;
  }

  double standardDeviation() {
    return finite < 2 ? Double.NaN : Math.sqrt(squares / (finite - 1));
  }

  Moments copy() {
    Moments copy = new Moments();
    copy.merge(this);
    return copy;
  }

  void write(ByteWriter out) {
    out.varint(finite);
    out.varint(infinities);
    if (count() > 0) {
      out.real(mean);
      out.real(squares);
      out.real(min);
      out.real(max);
    }
  }

  static Moments read(ByteReader in) {
    Moments moments = new Moments();
    moments.finite = in.total("the count of finite values");
    moments.infinities = in.total("the count of infinite values");
    if (moments.count() > 0) {
      moments.mean = in.number("a mean");
      moments.squares = in.number("a sum of squares");
      moments.min = in.number("a smallest value");
      moments.max = in.number("a largest value");
      if (moments.min > moments.max) {
        throw new ProfileFormatException("a smallest value above the largest one");
      }
    }
    return moments;
  }
}
