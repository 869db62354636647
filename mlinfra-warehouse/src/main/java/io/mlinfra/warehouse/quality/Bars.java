package io.mlinfra.warehouse.quality;

import io.mlinfra.warehouse.quality.ColumnSummary.Bar;
import java.util.ArrayList;
import java.util.List;

/**
 * A histogram without another scan, from percentiles: the number of values up to an edge lies
 * between the ranks of the percentiles around it.
 */
final class Bars {
  private static final int BARS = 20;

  private Bars() {}

  static List<Bar> of(List<Double> percentiles, long count) {
    if (percentiles.isEmpty() || count == 0) {
      return List.of();
    }
    double lowest = percentiles.get(0);
    double highest = percentiles.get(percentiles.size() - 1);
    if (lowest == highest) {
      return List.of(new Bar(lowest, highest, count));
    }
    List<Bar> bars = new ArrayList<>();
    double from = lowest;
    long below = 0;
    for (int i = 1; i <= BARS; i++) {
      double share = (double) i / BARS;
      double to = i == BARS ? highest : lowest * (1 - share) + highest * share;
      long upTo = i == BARS ? count : Math.round(count * rank(percentiles, to));
      bars.add(new Bar(from, to, upTo - below));
      below = upTo;
      from = to;
    }
    return bars;
  }

  /** The share of the values that are at most so high. */
  private static double rank(List<Double> percentiles, double value) {
    int last = percentiles.size() - 1;
    int below = 0;
    int above = last;
    // The last percentile that is at most the value; equal ones are a value that is frequent.
    while (below < above) {
      int middle = (below + above + 1) >>> 1;
      if (percentiles.get(middle) <= value) {
        below = middle;
      } else {
        above = middle - 1;
      }
    }
    if (below == last) {
      return 1;
    }
    double first = percentiles.get(below);
    double second = percentiles.get(below + 1);
    double within = value <= first ? 0 : (value / 2 - first / 2) / (second / 2 - first / 2);
    return (below + Math.min(1, Math.max(0, within))) / last;
  }
}
