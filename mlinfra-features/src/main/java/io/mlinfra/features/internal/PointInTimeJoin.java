package io.mlinfra.features.internal;

/** Answers many questions "which values did this entity's features have at that time?". */
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
    long[][] answers = new long[events.plan().features().size()][times.length];
    for (int question = 0; question < times.length; question++) {
      long[] cells = PlainEvaluation.at(events, groups[question], times[question]);
      for (int f = 0; f < answers.length; f++) {
        answers[f][question] = cells[f];
      }
    }
    return answers;
  }
}
