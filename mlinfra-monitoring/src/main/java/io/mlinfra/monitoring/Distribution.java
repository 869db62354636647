package io.mlinfra.monitoring;

import java.util.Arrays;

/**
 * Numbers in ascending order and how many values are less than or equal to each. Each number stands
 * there once.
 */
final class Distribution {
  private final double[] values;
  private final long[] cumulative;

  private Distribution(double[] values, long[] cumulative) {
    this.values = values;
    this.cumulative = cumulative;
  }

  /** From ascending numbers, equal ones next to each other, and their weights. */
  static Distribution of(double[] ascending, long[] weights) {
    double[] values = new double[ascending.length];
    long[] cumulative = new long[ascending.length];
    int size = 0;
    long total = 0;
    for (int i = 0; i < ascending.length; i++) {
      total += weights[i];
      if (size == 0 || values[size - 1] != ascending[i]) {
        values[size++] = ascending[i];
      }
      cumulative[size - 1] = total;
    }
    return new Distribution(Arrays.copyOf(values, size), Arrays.copyOf(cumulative, size));
  }

  int size() {
    return values.length;
  }

  double value(int index) {
    return values[index];
  }

  long total() {
    return cumulative.length == 0 ? 0 : cumulative[cumulative.length - 1];
  }

  /** How many values are less than or equal to {@code value}. */
  long atMost(double value) {
    int low = 0;
    int high = values.length;
    while (low < high) {
      int middle = low + high >>> 1;
      if (values[middle] <= value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? 0 : cumulative[low - 1];
  }

  /** The smallest value that at least this share does not exceed; there must be a value. */
  double quantile(double share) {
    long wanted = Math.max(1, (long) Math.ceil(share * total()));
    int index = Arrays.binarySearch(cumulative, wanted);
    return values[Math.min(index >= 0 ? index : -index - 1, values.length - 1)];
  }

  /** The largest distance between the two distribution functions; NaN if one has no value. */
  static double kolmogorovSmirnov(Distribution a, Distribution b) {
    if (a.size() == 0 || b.size() == 0) {
      return Double.NaN;
    }
    double largest = 0;
    for (int i = 0, j = 0; i < a.size() || j < b.size(); ) {
      double at =
          j == b.size() || i < a.size() && a.values[i] <= b.values[j] ? a.values[i] : b.values[j];
      if (i < a.size() && a.values[i] == at) {
        i++;
      }
      if (j < b.size() && b.values[j] == at) {
        j++;
      }
      double atMostA = i == 0 ? 0 : (double) a.cumulative[i - 1] / a.total();
      double atMostB = j == 0 ? 0 : (double) b.cumulative[j - 1] / b.total();
      largest = Math.max(largest, Math.abs(atMostA - atMostB));
    }
    return largest;
  }
}
