package io.mlinfra.warehouse;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * What a load did.
 *
 * @param table the table that is there now
 * @param rows how many rows it has
 * @param elapsed how long that took
 */
public record LoadResult(String table, long rows, Duration elapsed) {
  public LoadResult {
    Objects.requireNonNull(table, "table");
    Objects.requireNonNull(elapsed, "elapsed");
  }

  /** The rate. */
  public double rowsPerSecond() {
    return rows / (Math.max(1, elapsed.toNanos()) / 1e9);
  }

  /** {@code flights: 686,938 rows in 0.05 s (13,500,000 rows/s)}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %,d rows in %.2f s (%,.0f rows/s)",
        table,
        rows,
        elapsed.toNanos() / 1e9,
        rowsPerSecond());
  }
}
