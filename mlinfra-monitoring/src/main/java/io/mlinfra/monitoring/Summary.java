package io.mlinfra.monitoring;

import java.util.List;

/**
 * What is known of the values of one column. Grows while a profile is built; belongs to a {@link
 * ColumnProfile} afterwards, and nobody changes it any more.
 */
abstract sealed class Summary permits NumberSummary, TextSummary {
  /** How many values there are, without those that are missing. */
  abstract long count();

  abstract long distinct();

  /** Whether every value was counted, so that nothing is an estimate. */
  abstract boolean isExact();

  /** The frequent values, the most frequent first. */
  abstract List<ValueCounts.Entry> frequent();

  /** By how much a frequency is too low at most. */
  abstract long frequencyError();

  /** A summary of its own with everything in it that was added so far. */
  abstract Summary copy();

  /** Adds what another summary of the same kind of values holds, which stays as it is. */
  abstract void merge(Summary other);

  abstract void write(ByteWriter out);

  static Summary of(ColumnProfile.Type type) {
    return type == ColumnProfile.Type.STRING ? new TextSummary() : new NumberSummary(type);
  }

  static Summary read(ByteReader in, ColumnProfile.Type type) {
    return type == ColumnProfile.Type.STRING ? TextSummary.read(in) : NumberSummary.read(in, type);
  }
}
