package io.mlinfra.monitoring;

import java.util.List;

/**
 * How far one column moved. {@link DriftTest} says what the statistics are.
 *
 * @param name the column
 * @param type of the reference
 * @param psi the population stability index, 0 for no change
 * @param ks the Kolmogorov-Smirnov statistic from 0 to 1, NaN for text and without values
 * @param referenceMissing the share of the reference's rows that are null or NaN
 * @param currentMissing the same of the current rows
 * @param level what that amounts to
 * @param bins what the index was computed from: ranges in ascending order, or values by frequency
 */
public record ColumnDrift(
    String name,
    ColumnProfile.Type type,
    double psi,
    double ks,
    double referenceMissing,
    double currentMissing,
    Level level,
    List<Bin> bins) {
  /** What a movement amounts to. */
  public enum Level {
    /** Less than half of every threshold. */
    STABLE,
    /** At least half of a threshold. */
    SHIFTED,
    /** A threshold is reached. */
    DRIFTED,
    /** The column was not judged. */
    IGNORED
  }

  /**
   * A range of values, or one value.
   *
   * @param label the values, as text
   * @param reference the share of the reference's rows in it
   * @param current the share of the current rows in it
   */
  public record Bin(String label, double reference, double current) {}

  public ColumnDrift {
    bins = List.copyOf(bins);
  }

  /** Whether a threshold is reached. */
  public boolean drifted() {
    return level == Level.DRIFTED;
  }

  /** By how much the share of missing values grew; negative if it shrank. */
  public double missingChange() {
    return currentMissing - referenceMissing;
  }
}
