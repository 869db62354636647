package io.mlinfra.features.internal;

import io.mlinfra.features.internal.FeaturePlan.Planned;
import io.mlinfra.features.internal.WindowValue.Best;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.features.view.Condition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers the questions about one group after the other. Features of one window length share a
 * window, and those that are told by the same events share what is kept of them. Not thread-safe;
 * several of them may answer about the same events.
 */
final class GroupSweep {
  /** A feature, with the window that tells it and what is kept there; neither for the latest. */
  private record Told(
      Planned feature, @Nullable WindowKernel window, @Nullable WindowValue value) {}

  private final Events events;
  private final long ttl;
  private final VisibleEvents visible;
  private final List<WindowKernel> windows = new ArrayList<>();
  private final List<PrefixSum> prefixes = new ArrayList<>();
  private final Told[] features;

  /** The times of the questions about a group, in order. */
  private long[] asked = new long[0];

  /**
   * A sweep.
   *
   * @param met per condition a bit for each event that meets it
   */
  GroupSweep(Events events, Map<Condition, long[]> met) {
    this.events = events;
    this.ttl = events.plan().ttl();
    this.visible = new VisibleEvents(events);
    List<Planned> planned = events.plan().features();
    Map<List<Object>, WindowValue> values = new HashMap<>();
    // Variances first: they keep the sum, too.
    for (Planned feature : planned) {
      if (kind(feature) == WindowValue.Variance.class) {
        value(feature, met, values);
      }
    }
    this.features =
        planned.stream()
            .map(
                feature ->
                    feature.function().isWindowed()
                        ? new Told(feature, window(feature), value(feature, met, values))
                        : new Told(feature, null, null))
            .toArray(Told[]::new);
  }

  private WindowKernel window(Planned feature) {
    for (WindowKernel window : windows) {
      if (window.length() == feature.window()) {
        return window;
      }
    }
    windows.add(new WindowKernel(events.eventTimes(), feature.window(), visible));
    return windows.get(windows.size() - 1);
  }

  private static Object kind(Planned feature) {
    return switch (feature.function()) {
      case COUNT, FRACTION -> WindowValue.Count.class;
      case SUM, MEAN -> WindowValue.Sum.class;
      case VARIANCE, STDDEV -> WindowValue.Variance.class;
      case COUNT_DISTINCT -> WindowValue.Distinct.class;
      case MIN -> Best.LEAST;
      case MAX -> Best.LARGEST;
      case FIRST -> Best.FIRST;
      case LAST -> Best.LAST;
      case LATEST, LAG, SINCE_LAST -> VisibleEvents.class;
    };
  }

  private @Nullable WindowValue value(
      Planned feature, Map<Condition, long[]> met, Map<List<Object>, WindowValue> values) {
    Object kind = kind(feature);
    EventTest test = feature.test();
    if (kind == WindowValue.Count.class && test == null) {
      return null;
    }
    List<Object> key =
        List.of(feature.window(), feature.input(), test == null ? "" : test.condition());
    WindowValue known =
        kind == WindowValue.Sum.class ? values.get(with(key, WindowValue.Variance.class)) : null;
    if (known == null) {
      known = values.get(with(key, kind));
    }
    if (known == null) {
      WindowKernel window = window(feature);
      int input = feature.input();
      EventValues of =
          new EventValues(
              input < 0 ? ValueType.INT64 : events.plan().inputs().get(input).type(),
              input < 0 ? new long[0] : events.cells(input),
              test == null ? null : met.get(test.condition()));
      known =
          kind == WindowValue.Count.class
              ? new WindowValue.Count(of)
              : kind == WindowValue.Sum.class
                  ? new WindowValue.Sum(prefix(of), window)
                  : kind == WindowValue.Variance.class
                      ? new WindowValue.Variance(of, window)
                      : kind == WindowValue.Distinct.class
                          ? new WindowValue.Distinct(of)
                          : new WindowValue.Front(of, (Best) kind);
      window.values().add(known);
      values.put(with(key, kind), known);
    }
    return known;
  }

  private PrefixSum prefix(EventValues of) {
    for (PrefixSum prefix : prefixes) {
      if (prefix.of().cells() == of.cells() && prefix.of().met() == of.met()) {
        return prefix;
      }
    }
    prefixes.add(new PrefixSum(of));
    return prefixes.get(prefixes.size() - 1);
  }

  private static List<Object> with(List<Object> key, Object kind) {
    return List.of(key, kind);
  }

  /**
   * Answers the questions about a group.
   *
   * @param order the questions, those about the group by time from {@code from} to {@code to}
   * @param answers per feature and question the cell
   */
  void answer(int group, int[] order, int from, int to, long[] times, long[][] answers) {
    int count = to - from;
    if (asked.length < count) {
      asked = new long[Math.max(count, asked.length + asked.length / 2)];
    }
    // All at once: the times lie apart, and the processor fetches many together only where nothing
    // else waits for one of them.
    for (int i = 0; i < count; i++) {
      asked[i] = times[order[from + i]];
    }
    visible.reset(events.start(group), events.end(group));
    for (WindowKernel window : windows) {
      window.reset(events.start(group));
    }
    for (PrefixSum prefix : prefixes) {
      prefix.reset(events.start(group), visible.isInOrder());
    }
    for (int i = 0; i < count; i++) {
      int question = order[from + i];
      long time = asked[i];
      visible.moveTo(time);
      for (int p = 0; p < prefixes.size(); p++) {
        prefixes.get(p).extendTo(visible.visibleEnd());
      }
      for (int w = 0; w < windows.size(); w++) {
        windows.get(w).moveTo(time);
      }
      for (int f = 0; f < features.length; f++) {
        answers[f][question] = cell(features[f], time);
      }
    }
  }

  private long cell(Told told, long time) {
    Planned feature = told.feature;
    if (told.window == null) {
      return latest(feature, time);
    }
    int events = told.window.count();
    if (told.value == null) {
      return events;
    }
    return switch (feature.function()) {
      case COUNT -> ((WindowValue.Count) told.value).count();
      case FRACTION ->
          events == 0
              ? feature.empty()
              : ValueType.cell((double) ((WindowValue.Count) told.value).count() / events);
      case COUNT_DISTINCT -> ((WindowValue.Distinct) told.value).count();
      case MIN, MAX, FIRST, LAST -> ((WindowValue.Front) told.value).cell();
      default -> {
        double number = number(feature, told.value);
        yield Double.isNaN(number) ? feature.empty() : ValueType.cell(number);
      }
    };
  }

  private static double number(Planned feature, WindowValue value) {
    if (value instanceof WindowValue.Sum sum) {
      return feature.function() == Function.SUM ? sum.sum() : sum.mean();
    }
    WindowValue.Variance variance = (WindowValue.Variance) value;
    return switch (feature.function()) {
      case SUM -> variance.sum();
      case MEAN -> variance.mean();
      case VARIANCE -> variance.variance();
      default -> Math.sqrt(variance.variance());
    };
  }

  private long latest(Planned feature, long time) {
    int event = visible.latest(feature.lag());
    if (event < 0) {
      return feature.empty();
    }
    // As unsigned: times may be further apart than a long can say.
    long age = time - events.eventTimes()[event];
    if (ttl != FeaturePlan.FOREVER && Long.compareUnsigned(age, ttl) > 0) {
      return feature.empty();
    }
    if (feature.input() >= 0) {
      return events.cells(feature.input())[event];
    }
    // Where the age takes 64 bits: half of it, whose last bit says what was cut off.
    double micros = age >= 0 ? age : 2.0 * (age >>> 1 | age & 1);
    return ValueType.cell(micros / 1e6);
  }
}
