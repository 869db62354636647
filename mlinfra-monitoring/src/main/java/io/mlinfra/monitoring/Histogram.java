package io.mlinfra.monitoring;

import io.mlinfra.core.text.Format;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of one or two columns in bars of equal width at round numbers, or in one bar per
 * value where there are few. The outer bars take what lies beyond them, half a percent at most.
 */
final class Histogram {
  private static final int MOST_VALUES = 24;
  private static final int WANTED_BARS = 28;
  private static final int WANTED_TICKS = 5;
  private static final double TAIL = 0.005;
  private static final double[] STEPS = {1, 2, 2.5, 5, 10};

  private static final double MINUTE = 60e6;
  private static final double HOUR = 60 * MINUTE;
  private static final double DAY = 24 * HOUR;
  private static final double[] TIME_STEPS = {
    1,
    1e3,
    1e6,
    10e6,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    91 * DAY,
    365 * DAY
  };

  /**
   * One bar.
   *
   * @param reference the share of the reference's values, or of the only column's
   * @param current the share of the current values
   */
  record Bar(String label, double reference, double current) {}

  /**
   * A mark on the axis.
   *
   * @param at where, from 0 to 1
   */
  record Tick(double at, String label) {}

  private final List<Bar> bars = new ArrayList<>();
  private final List<Tick> ticks = new ArrayList<>();
  private final ColumnProfile shown;
  private final Distribution reference;
  private final Distribution current;
  private final boolean time;
  private boolean discrete;

  private Histogram(ColumnProfile reference, @Nullable ColumnProfile current) {
    this.shown = reference;
    this.time = reference.type() == ColumnProfile.Type.TIMESTAMP;
    this.reference = reference.distribution();
    this.current =
        current == null ? Distribution.of(new double[0], new long[0]) : current.distribution();
  }

  static Histogram of(ColumnProfile reference, @Nullable ColumnProfile current) {
    Histogram histogram = new Histogram(reference, current);
    TreeSet<Double> values = new TreeSet<>();
    boolean few = histogram.collect(histogram.reference, values);
    few = few && histogram.collect(histogram.current, values);
    if (few) {
      histogram.barPerValue(values);
    } else {
      boolean whole =
          reference.type() == ColumnProfile.Type.INT64
              && (current == null || current.type() == ColumnProfile.Type.INT64);
      histogram.equalWidth(whole);
    }
    return histogram;
  }

  /** Empty if there are no values. */
  List<Bar> bars() {
    return bars;
  }

  List<Tick> ticks() {
    return ticks;
  }

  /** Whether each bar is a value rather than a range. */
  boolean isDiscrete() {
    return discrete;
  }

  /** The highest bar. */
  double highest() {
    double highest = 0;
    for (Bar bar : bars) {
      highest = Math.max(highest, Math.max(bar.reference, bar.current));
    }
    return highest;
  }

  private boolean collect(Distribution distribution, TreeSet<Double> values) {
    for (int i = 0; i < distribution.size() && values.size() <= MOST_VALUES; i++) {
      values.add(distribution.value(i));
    }
    return values.size() <= MOST_VALUES;
  }

  private void barPerValue(TreeSet<Double> values) {
    discrete = true;
    int index = 0;
    for (double value : values) {
      String label = shown.show(value);
      bar(label, Math.nextDown(value), value);
      ticks.add(new Tick((index++ + 0.5) / values.size(), label));
    }
  }

  private void equalWidth(boolean whole) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Distribution one : List.of(reference, current)) {
      if (one.size() > 0) {
        low = Math.min(low, Math.max(-Double.MAX_VALUE, one.quantile(TAIL)));
        high = Math.max(high, Math.min(Double.MAX_VALUE, one.quantile(1 - TAIL)));
      }
    }
    if (low >= high) {
      // Nearly all values are one; what is left decides the width.
      low = Math.max(-Double.MAX_VALUE, Math.min(least(reference), least(current)));
      high = Math.min(Double.MAX_VALUE, Math.max(most(reference), most(current)));
    }
    // Not the quotient of the difference, which may be more than the largest number.
    double rough = high / WANTED_BARS - low / WANTED_BARS;
    double step = time ? timeStep(rough) : step(rough, whole);
    double first = Math.floor(low / step) * step;
    int count = (int) Math.max(1, Math.min(3 * WANTED_BARS, Math.floor((high - first) / step) + 1));
    if (!Double.isFinite(first) || !Double.isFinite(step)) {
      // Numbers that fill the whole range of doubles have no scale to draw.
      return;
    }
    for (int i = 0; i < count; i++) {
      double from = first + i * step;
      double to = first + (i + 1) * step;
      boolean isFirst = i == 0;
      boolean isLast = i == count - 1;
      bar(
          label(from, to, isFirst && lessThan(first), isLast && moreThan(to), whole, step),
          isFirst ? Double.NEGATIVE_INFINITY : Math.nextDown(from),
          isLast ? Double.POSITIVE_INFINITY : Math.nextDown(to));
    }
    double end = first + count * step;
    double tickStep =
        time
            ? step * Math.ceil(count / (double) WANTED_TICKS)
            : step((end - first) / WANTED_TICKS, whole);
    double tick = time ? first : Math.ceil(first / tickStep) * tickStep;
    for (int i = 0; i <= 2 * WANTED_TICKS && tick <= end + tickStep / 1e6; i++) {
      ticks.add(new Tick((tick - first) / (end - first), show(tick, tickStep)));
      tick += tickStep;
    }
  }

  private String show(double value, double step) {
    return time && step >= DAY ? Format.day((long) value) : shown.show(value);
  }

  private static double timeStep(double rough) {
    for (double step : TIME_STEPS) {
      if (step >= rough) {
        return step;
      }
    }
    return 365 * DAY * Math.ceil(rough / (365 * DAY));
  }

  private static double least(Distribution of) {
    return of.size() == 0 ? Double.POSITIVE_INFINITY : of.value(0);
  }

  private static double most(Distribution of) {
    return of.size() == 0 ? Double.NEGATIVE_INFINITY : of.value(of.size() - 1);
  }

  private boolean lessThan(double value) {
    return reference.atMost(Math.nextDown(value)) + current.atMost(Math.nextDown(value)) > 0;
  }

  private boolean moreThan(double value) {
    return reference.atMost(value) < reference.total() || current.atMost(value) < current.total();
  }

  private String label(
      double from, double to, boolean openBelow, boolean openAbove, boolean whole, double step) {
    if (openBelow) {
      return "less than " + show(to, step);
    }
    if (openAbove) {
      return show(from, step) + " or more";
    }
    double last = whole ? to - 1 : to;
    return last == from ? show(from, step) : show(from, step) + " to " + show(last, step);
  }

  /** The share above {@code after} up to {@code until}. */
  private void bar(String label, double after, double until) {
    bars.add(new Bar(label, share(reference, after, until), share(current, after, until)));
  }

  private static double share(Distribution of, double after, double until) {
    if (of.size() == 0) {
      return 0;
    }
    long before = after == Double.NEGATIVE_INFINITY ? 0 : of.atMost(after);
    return (double) (of.atMost(until) - before) / of.total();
  }

  /** The next round number. */
  static double step(double rough, boolean whole) {
    double magnitude = Math.pow(10, Math.floor(Math.log10(rough)));
    for (double step : STEPS) {
      double candidate = step * magnitude;
      boolean fits = !whole || candidate == Math.rint(candidate);
      if (candidate >= rough && fits) {
        return Math.max(candidate, whole ? 1 : 0);
      }
    }
    return whole ? Math.max(1, Math.rint(10 * magnitude)) : 10 * magnitude;
  }
}
