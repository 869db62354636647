package io.mlinfra.monitoring;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Bins at the quantiles of a reference. A value that fills a bin alone, and every value of a column
 * with no more values than bins, gets a bin of its own, so that neighbours cannot hide behind it.
 */
final class NumberBins {
  /** The upper ends, ascending and different; the last bin has none. */
  private final double[] edges;

  private NumberBins(double[] edges) {
    this.edges = edges;
  }

  static NumberBins of(Distribution reference, int bins) {
    TreeSet<Double> edges = new TreeSet<>();
    if (reference.size() <= bins) {
      for (int i = 0; i < reference.size(); i++) {
        isolate(edges, reference.value(i));
      }
    } else {
      double before = Double.NaN;
      for (int i = 1; i < bins; i++) {
        double edge = reference.quantile((double) i / bins);
        if (edge == before) {
          isolate(edges, edge);
        }
        edges.add(edge);
        before = edge;
      }
    }
    return new NumberBins(edges.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static void isolate(TreeSet<Double> edges, double value) {
    edges.add(value);
    if (value > Double.NEGATIVE_INFINITY) {
      edges.add(Math.nextDown(value));
    }
  }

  /** How many values fall into each bin. */
  long[] count(Distribution values) {
    long[] counts = new long[edges.length + 1];
    long before = 0;
    for (int i = 0; i < edges.length; i++) {
      long atMost = values.atMost(edges[i]);
      counts[i] = atMost - before;
      before = atMost;
    }
    counts[edges.length] = values.total() - before;
    return counts;
  }

  /** What is in each bin, for people; {@code column} knows how to show its numbers. */
  List<String> labels(ColumnProfile column) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i <= edges.length; i++) {
      boolean alone = i > 0 && i < edges.length && edges[i - 1] == Math.nextDown(edges[i]);
      if (alone) {
        labels.add(column.show(edges[i]));
      } else if (edges.length == 0) {
        labels.add("all");
      } else if (i == 0) {
        labels.add((isBelowNext(0) ? "< " : "≤ ") + column.show(shown(0)));
      } else if (i == edges.length) {
        labels.add("> " + column.show(edges[i - 1]));
      } else {
        labels.add(
            column.show(shown(i - 1)) + (isBelowNext(i) ? " < " : " – ") + column.show(shown(i)));
      }
    }
    return labels;
  }

  /** Whether the bin ends just below a value that has a bin of its own. */
  private boolean isBelowNext(int edge) {
    return edge + 1 < edges.length && edges[edge] == Math.nextDown(edges[edge + 1]);
  }

  private double shown(int edge) {
    return isBelowNext(edge) ? edges[edge + 1] : edges[edge];
  }
}
