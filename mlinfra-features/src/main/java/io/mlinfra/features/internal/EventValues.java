package io.mlinfra.features.internal;

import org.jspecify.annotations.Nullable;

/**
 * The values that one column gives to a function: those that are there, of events that meet the
 * condition.
 *
 * @param cells of the column; none where the function needs no values
 * @param met a bit per event that meets the condition; null for all
 */
record EventValues(ValueType type, long[] cells, long @Nullable [] met) {
  boolean counts(int event) {
    return met == null || (met[event >> 6] >>> event & 1) != 0;
  }

  boolean has(int event) {
    return counts(event) && !type.isMissing(cells[event]);
  }

  /** NaN where there is none. */
  double number(int event) {
    return counts(event) ? type.number(cells[event]) : Double.NaN;
  }
}
