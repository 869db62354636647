package io.mlinfra.warehouse;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * What a load did.
 *
 * @param table the table that is there now
 * @param rows how many rows it has
 * @param loaded how many rows came from the source
 * @param rejected the rows of the source that were refused; empty unless the source allows some
 * @param elapsed how long that took
 */
public record LoadResult(
    String table, long rows, long loaded, List<RejectedRow> rejected, Duration elapsed) {
  public LoadResult {
    Objects.requireNonNull(table, "table");
    rejected = List.copyOf(rejected);
    Objects.requireNonNull(elapsed, "elapsed");
  }

  /** Rows that came from the source, per second. */
  public double rowsPerSecond() {
    return loaded / (Math.max(1, elapsed.toNanos()) / 1e9);
  }

  /** {@code flights: 686,938 rows in 0.05 s (13,500,000 rows/s)}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %,d rows%s in %.2f s (%,.0f rows/s)%s",
        table,
        loaded,
        loaded == rows ? "" : String.format(Locale.ROOT, " (%,d in all)", rows),
        elapsed.toNanos() / 1e9,
        rowsPerSecond(),
        rejected.isEmpty() ? "" : String.format(Locale.ROOT, ", %,d rejected", rejected.size()));
  }
}
