package io.mlinfra.features.internal;

import io.mlinfra.features.view.Aggregate.Function;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Computes features word by word as {@code FeatureView} defines them, looking at every event. */
final class PlainEvaluation {
  private static final MathContext EXACT_ENOUGH = new MathContext(2000);

  private PlainEvaluation() {}

  /**
   * The cells of a view's features.
   *
   * @param group of the entity, or -1 for one without events
   * @param time in microseconds
   */
  static long[] at(Events events, int group, long time) {
    FeaturePlan plan = events.plan();
    List<Integer> visible = new ArrayList<>();
    for (int i = group < 0 ? 0 : events.start(group); group >= 0 && i < events.end(group); i++) {
      long happened = events.eventTimes()[i];
      boolean known = happened <= time && events.knownTimes()[i] <= time;
      boolean young =
          plan.ttl() == FeaturePlan.FOREVER
              || age(time, happened).compareTo(BigDecimal.valueOf(plan.ttl())) <= 0;
      if (known && young) {
        visible.add(i);
      }
    }
    long[] cells = new long[plan.features().size()];
    for (int f = 0; f < cells.length; f++) {
      cells[f] = cell(events, plan.features().get(f), visible, time);
    }
    return cells;
  }

  private static BigDecimal age(long time, long happened) {
    return BigDecimal.valueOf(time).subtract(BigDecimal.valueOf(happened));
  }

  private static long cell(
      Events events, FeaturePlan.Planned feature, List<Integer> visible, long time) {
    switch (feature.function()) {
      case LATEST, LAG:
        int at = visible.size() - 1 - feature.lag();
        return at < 0 ? feature.empty() : events.cells(feature.input())[visible.get(at)];
      case SINCE_LAST:
        if (visible.isEmpty()) {
          return feature.empty();
        }
        long happened = events.eventTimes()[visible.get(visible.size() - 1)];
        return ValueType.cell(age(time, happened).doubleValue() / 1e6);
      default:
        return overWindow(events, feature, visible, time);
    }
  }

  private static long overWindow(
      Events events, FeaturePlan.Planned feature, List<Integer> visible, long time) {
    List<Integer> window =
        visible.stream()
            .filter(
                event ->
                    age(time, events.eventTimes()[event])
                            .compareTo(BigDecimal.valueOf(feature.window()))
                        < 0)
            .toList();
    List<Integer> counted =
        window.stream()
            .filter(
                event ->
                    feature.test() == null
                        || feature
                            .test()
                            .met(
                                events.cells(feature.test().input())[event],
                                events.dictionary(feature.test().input())))
            .toList();
    return switch (feature.function()) {
      case COUNT -> counted.size();
      case FRACTION ->
          window.isEmpty()
              ? feature.empty()
              : ValueType.cell((double) counted.size() / window.size());
      default -> ofValues(events, feature, counted);
    };
  }

  private static long ofValues(Events events, FeaturePlan.Planned feature, List<Integer> counted) {
    ValueType type = events.plan().inputs().get(feature.input()).type();
    Dictionary texts = events.dictionary(feature.input());
    List<Long> cells =
        counted.stream()
            .map(event -> events.cells(feature.input())[event])
            .filter(cell -> !type.isMissing(cell))
            .toList();
    if (cells.isEmpty()) {
      return feature.empty();
    }
    return switch (feature.function()) {
      case FIRST -> cells.get(0);
      case LAST -> cells.get(cells.size() - 1);
      case MIN -> cells.stream().min((a, b) -> type.compare(a, b, texts)).get();
      case MAX -> cells.stream().max((a, b) -> type.compare(a, b, texts)).get();
      case COUNT_DISTINCT -> {
        Set<Long> distinct = new HashSet<>();
        // -0 equals 0.
        cells.forEach(
            cell ->
                distinct.add(
                    type == ValueType.FLOAT64 ? ValueType.cell(type.number(cell) + 0.0) : cell));
        yield distinct.size();
      }
      default -> {
        double number = ofNumbers(feature, cells.stream().map(type::number).toList());
        yield Double.isNaN(number) ? feature.empty() : ValueType.cell(number);
      }
    };
  }

  private static double ofNumbers(FeaturePlan.Planned feature, List<Double> values) {
    boolean plus = values.contains(Double.POSITIVE_INFINITY);
    boolean minus = values.contains(Double.NEGATIVE_INFINITY);
    BigDecimal n = BigDecimal.valueOf(values.size());
    switch (feature.function()) {
      case SUM, MEAN:
        if (plus || minus) {
          return plus && minus
              ? Double.NaN
              : plus ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        }
        BigDecimal sum =
            values.stream().map(BigDecimal::new).reduce(BigDecimal.ZERO, BigDecimal::add);
        double nearest = sum.doubleValue();
        if (feature.function() == Function.SUM) {
          return nearest;
        }
        return Double.isInfinite(nearest)
            ? sum.divide(n, MathContext.DECIMAL128).doubleValue()
            : nearest / values.size();
      default:
        if (plus || minus || values.size() < 2) {
          return Double.NaN;
        }
        BigDecimal first = BigDecimal.ZERO;
        BigDecimal second = BigDecimal.ZERO;
        for (double value : values) {
          BigDecimal exact = new BigDecimal(value);
          first = first.add(exact);
          second = second.add(exact.multiply(exact));
        }
        BigDecimal difference = n.multiply(second).subtract(first.multiply(first));
        double variance =
            difference.divide(n.multiply(n.subtract(BigDecimal.ONE)), EXACT_ENOUGH).doubleValue();
        return feature.function() == Function.STDDEV ? Math.sqrt(variance) : variance;
    }
  }
}
