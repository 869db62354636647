package io.mlinfra.features.online;

import io.mlinfra.features.internal.EventTest;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.Aggregate.Function;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a plan needs of the events of an entity: its distinct conditions, the totals to keep per
 * tile, and its windows. Immutable.
 */
final class Shape {
  /**
   * Totals of the values of one input in the events that meet one condition.
   *
   * @param input -1 where only the events count
   * @param type of the input
   * @param test -1 for all events
   */
  record Slot(
      int input, ValueType type, int test, boolean sums, boolean squares, boolean extremes) {
    private Slot and(Slot other) {
      return new Slot(
          input,
          type,
          test,
          sums || other.sums,
          squares || other.squares,
          extremes || other.extremes);
    }
  }

  /**
   * A window and what is computed over it.
   *
   * @param length in microseconds
   * @param slots whose totals are asked for
   */
  record Window(long length, int[] slots, int[] features) {}

  final FeaturePlan plan;
  final Layout layout;
  final List<EventTest> tests = new ArrayList<>();
  final List<Slot> slots = new ArrayList<>();
  final List<Window> windows = new ArrayList<>();

  /** The slot of each feature, -1 where it has no window. */
  final int[] slotOf;

  /** The condition of each feature, -1 for none. */
  final int[] testOf;

  /** The features of the latest events. */
  final int[] latest;

  /**
   * How many of the latest events an entity keeps whatever their age: one at least, for its age.
   */
  final int latestEvents;

  /** The length of the longest window, in microseconds. */
  final long longestWindow;

  /** Whether any value changes while time goes by and no event comes or goes. */
  final boolean aging;

  Shape(FeaturePlan plan) {
    this.plan = plan;
    this.layout = Layout.of(plan.view());
    this.latestEvents = Math.max(1, plan.latestEvents());
    this.longestWindow = plan.longestWindow();
    List<FeaturePlan.Planned> features = plan.features();
    this.slotOf = new int[features.size()];
    this.testOf = new int[features.size()];
    Map<Long, List<Integer>> byLength = new LinkedHashMap<>();
    List<Integer> unwindowed = new ArrayList<>();
    boolean sinceLast = false;
    for (int f = 0; f < features.size(); f++) {
      FeaturePlan.Planned feature = features.get(f);
      testOf[f] = test(feature);
      slotOf[f] = feature.function().isWindowed() ? slot(feature, testOf[f]) : -1;
      if (slotOf[f] < 0) {
        unwindowed.add(f);
      } else {
        byLength.computeIfAbsent(feature.window(), length -> new ArrayList<>()).add(f);
      }
      sinceLast |= feature.function() == Function.SINCE_LAST;
    }
    this.aging = sinceLast;
    this.latest = ints(unwindowed);
    byLength.forEach(
        (length, of) ->
            windows.add(
                new Window(
                    length, of.stream().mapToInt(f -> slotOf[f]).distinct().toArray(), ints(of))));
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  private int test(FeaturePlan.Planned feature) {
    EventTest wanted = feature.test();
    if (wanted == null) {
      return -1;
    }
    for (int i = 0; i < tests.size(); i++) {
      if (tests.get(i).condition().equals(wanted.condition())) {
        return i;
      }
    }
    tests.add(wanted);
    return tests.size() - 1;
  }

  private int slot(FeaturePlan.Planned feature, int test) {
    int input = feature.input();
    ValueType type = input < 0 ? ValueType.INT64 : plan.inputs().get(input).type();
    Slot wanted =
        switch (feature.function()) {
          case SUM, MEAN -> new Slot(input, type, test, true, false, false);
          case VARIANCE, STDDEV -> new Slot(input, type, test, true, true, false);
          case MIN, MAX -> new Slot(input, type, test, false, false, true);
          default -> new Slot(input, type, test, false, false, false);
        };
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      if (slot.input == input && slot.test == test) {
        slots.set(i, slot.and(wanted));
        return i;
      }
    }
    slots.add(wanted);
    return slots.size() - 1;
  }

  /** How many longs hold which conditions an event meets. */
  int testWords() {
    return (tests.size() + 63) / 64;
  }
}
