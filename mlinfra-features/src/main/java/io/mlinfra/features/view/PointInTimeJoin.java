package io.mlinfra.features.view;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answers many questions "which values did this entity's features have at that time?" in one sweep.
 */
final class PointInTimeJoin {
  private PointInTimeJoin() {}

  /**
   * Computes features.
   *
   * @param groups per question the group of its entity in {@code events}, or -1 for one without
   *     events
   * @param times per question its time
   * @return per feature and question the value; NaN where it is missing
   */
  static double[][] compute(Events events, List<Feature> features, int[] groups, long[] times) {
    double[][] answers = new double[features.size()][times.length];
    for (int f = 0; f < answers.length; f++) {
      if (features.get(f).aggregate().function() != Aggregate.Function.COUNT) {
        Arrays.fill(answers[f], Double.NaN);
      }
    }
    int[] order = order(events.groups(), groups, times);
    int i = 0;
    while (i < order.length && groups[order[i]] < 0) {
      i++;
    }
    while (i < order.length) {
      int group = groups[order[i]];
      int end = events.end(group);
      List<WindowKernel> windows = windows(events, features, events.start(group));
      for (; i < order.length && groups[order[i]] == group; i++) {
        int question = order[i];
        for (int f = 0; f < answers.length; f++) {
          WindowKernel window = windows.get(f);
          window.moveTo(times[question], end);
          answers[f][question] =
              switch (features.get(f).aggregate().function()) {
                case COUNT -> window.count();
                case SUM -> window.sum();
                case MEAN -> window.mean();
              };
        }
      }
    }
    return answers;
  }

  private static List<WindowKernel> windows(Events events, List<Feature> features, int start) {
    List<WindowKernel> windows = new ArrayList<>();
    for (Feature feature : features) {
      String column = feature.aggregate().column();
      double @Nullable [] values = column.isEmpty() ? null : events.values(column);
      windows.add(
          new WindowKernel(events.times(), values, feature.window().toNanos() / 1000, start));
    }
    return windows;
  }

  /**
   * The questions sorted by group and time: a counting sort by group, then each group by time where
   * it is not yet.
   */
  private static int[] order(int groupCount, int[] groups, long[] times) {
    int[] starts = new int[groupCount + 2];
    for (int group : groups) {
      starts[group + 2]++;
    }
    for (int g = 1; g < starts.length; g++) {
      starts[g] += starts[g - 1];
    }
    int[] next = starts.clone();
    int[] order = new int[groups.length];
    for (int question = 0; question < groups.length; question++) {
      order[next[groups[question] + 1]++] = question;
    }
    for (int g = 0; g + 1 < starts.length; g++) {
      sortByTime(order, starts[g], starts[g + 1], times);
    }
    return order;
  }

  /**
   * A stable merge sort that is done after one look where the questions come in order, as they
   * mostly do.
   */
  private static void sortByTime(int[] order, int from, int to, long[] times) {
    int sorted = from + 1;
    while (sorted < to && times[order[sorted - 1]] <= times[order[sorted]]) {
      sorted++;
    }
    if (sorted >= to) {
      return;
    }
    int middle = (from + to) >>> 1;
    sortByTime(order, from, middle, times);
    sortByTime(order, middle, to, times);
    int[] left = Arrays.copyOfRange(order, from, middle);
    int right = middle;
    int out = from;
    for (int l = 0; l < left.length; ) {
      if (right < to && times[order[right]] < times[left[l]]) {
        order[out++] = order[right++];
      } else {
        order[out++] = left[l++];
      }
    }
  }
}
