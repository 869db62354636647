package io.mlinfra.benchmarks.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Folders to write to. */
final class Scratch {
  private Scratch() {}

  /**
   * A fresh folder, for good: ext4 makes files slowly for a minute after many were deleted, so that
   * cleaning up between iterations would be measured. {@code Benchmarks} does it at the end.
   */
  static Path folder() throws IOException {
    Path scratch = Files.createDirectories(Path.of(System.getProperty("scratch")));
    return Files.createTempDirectory(scratch, "registry").toRealPath();
  }
}
