package io.mlinfra.features.internal;

import io.mlinfra.features.view.Condition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Answers many questions "which values did this entity's features have at that time?" in one sweep:
 * the questions sorted by entity and time, then each entity's windows slid over its events. Several
 * threads share the entities; the answers do not depend on how many.
 */
public final class PointInTimeJoin {
  private PointInTimeJoin() {}

  /**
   * Computes features.
   *
   * @param groups per question the group of its entity in {@code events}, or -1 for one without
   *     events
   * @param times per question its time, in microseconds
   * @return per feature of the plan and question the cell
   */
  public static long[][] compute(Events events, int[] groups, long[] times) {
    List<FeaturePlan.Planned> features = events.plan().features();
    long[][] answers = new long[features.size()][times.length];
    int[] starts = starts(events.groups(), groups);
    int[] order = order(starts, groups);
    for (int i = 0; i < starts[0]; i++) {
      for (int f = 0; f < answers.length; f++) {
        answers[f][order[i]] = features.get(f).empty();
      }
    }
    Map<Condition, long[]> met = met(events);
    int[] eventStarts = events.starts();
    int[] tasks =
        Parallel.ranges(events.groups(), group -> eventStarts[group] + 4L * starts[group]);
    Parallel.run(
        tasks.length - 1,
        () -> {
          TimeSort sort = new TimeSort();
          GroupSweep sweep = new GroupSweep(events, met);
          return task -> {
            for (int group = tasks[task]; group < tasks[task + 1]; group++) {
              int from = starts[group];
              int to = starts[group + 1];
              if (from < to) {
                sort.sort(order, from, to, times, (a, b) -> Long.compare(times[a], times[b]));
                sweep.answer(group, order, from, to, times, answers);
              }
            }
          };
        });
    return answers;
  }

  /** Where the questions about each group start among all by group; those about none come first. */
  private static int[] starts(int groupCount, int[] groups) {
    int[] starts = new int[groupCount + 1];
    for (int group : groups) {
      starts[group + 1]++;
    }
    for (int g = 1; g < starts.length; g++) {
      starts[g] += starts[g - 1];
    }
    return starts;
  }

  /** The questions by group, those about one as they came. */
  private static int[] order(int[] starts, int[] groups) {
    int[] next = new int[starts.length];
    System.arraycopy(starts, 0, next, 1, starts.length - 1);
    int[] order = new int[groups.length];
    for (int question = 0; question < groups.length; question++) {
      order[next[groups[question] + 1]++] = question;
    }
    return order;
  }

  /** Per condition a bit for each event that meets it. */
  private static Map<Condition, long[]> met(Events events) {
    Map<Condition, long[]> met = new HashMap<>();
    for (FeaturePlan.Planned feature : events.plan().features()) {
      EventTest test = feature.test();
      if (test != null && !met.containsKey(test.condition())) {
        met.put(test.condition(), met(events, test));
      }
    }
    return met;
  }

  private static long[] met(Events events, EventTest test) {
    long[] cells = events.cells(test.input());
    Dictionary texts = events.dictionary(test.input());
    long[] met = new long[(events.size() + 63) / 64];
    int[] tasks = Parallel.ranges(met.length, words -> 64L * words);
    Parallel.run(
        tasks.length - 1,
        () ->
            task -> {
              for (int word = tasks[task]; word < tasks[task + 1]; word++) {
                int first = word << 6;
                for (int i = Math.min(64, events.size() - first) - 1; i >= 0; i--) {
                  met[word] = met[word] << 1 | (test.met(cells[first + i], texts) ? 1 : 0);
                }
              }
            });
    return met;
  }
}
