package io.mlinfra.warehouse.quality;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came out for one constraint. Immutable and thread-safe.
 *
 * @param constraint its definition, the same text whenever the same constraint is checked
 * @param severity what a violation means
 * @param passed whether it holds
 * @param rows how many rows it was checked on: those that meet its conditions
 * @param failing how many of them violate it; for a key those that share their values with another
 *     row and, for a primary key, those with a missing value; 0 for a constraint on the table as a
 *     whole
 * @param observed what was measured: the share of failing rows; of a row count, the count; of a
 *     share, the share; of freshness, the age in seconds. NaN where there is nothing to measure.
 * @param samples up to five failing rows of a constraint that failed, columns in the order of the
 *     table, the constraint's own first, at most 32; values as DuckDB writes them, cut at 200
 *     characters. For a key: the values that most rows share, and under {@code count(*)} how many
 *     do.
 * @param message the result in words
 */
public record ConstraintResult(
    String constraint,
    Severity severity,
    boolean passed,
    long rows,
    long failing,
    double observed,
    List<Map<String, @Nullable String>> samples,
    String message) {
  /** What a violation means. */
  public enum Severity {
    /** {@link ConstraintReport#enforce} throws. */
    ERROR,
    /** It is reported. */
    WARNING
  }

  public ConstraintResult {
    samples =
        samples.stream()
            .map(sample -> Collections.unmodifiableMap(new LinkedHashMap<>(sample)))
            .toList();
  }

  /** The share of the rows that fail; 0 where there are no rows. */
  public double fraction() {
    return rows == 0 ? 0 : (double) failing / rows;
  }

  /** Whether this fails a gate. */
  public boolean isViolation() {
    return !passed && severity == Severity.ERROR;
  }
}
