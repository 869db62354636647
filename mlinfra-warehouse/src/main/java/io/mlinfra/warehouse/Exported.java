package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * What an export wrote.
 *
 * @param path the file or folder
 * @param files every file, sorted
 * @param rows how many rows they have together
 * @param bytes how large they are together
 * @param elapsed how long that took
 */
public record Exported(Path path, List<Path> files, long rows, long bytes, Duration elapsed) {
  public Exported {
    Objects.requireNonNull(path, "path");
    files = List.copyOf(files);
    Objects.requireNonNull(elapsed, "elapsed");
  }

  /** {@code flights: 686,938 rows, 12 files, 4.1 MB in 0.31 s}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %,d rows, %,d %s, %s in %.2f s",
        path.getFileName() == null ? path : path.getFileName(),
        rows,
        files.size(),
        files.size() == 1 ? "file" : "files",
        size(),
        elapsed.toNanos() / 1e9);
  }

  private String size() {
    if (bytes < 10_000) {
      return bytes + " bytes";
    }
    return bytes < 10_000_000
        ? String.format(Locale.ROOT, "%,.1f kB", bytes / 1e3)
        : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
  }
}
