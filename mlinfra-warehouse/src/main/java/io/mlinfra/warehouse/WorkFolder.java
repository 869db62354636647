package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A folder of one open warehouse for what does not fit in memory and for files on their way. It is
 * made when it is first needed and goes away, with whatever is in it, when the warehouse closes.
 * Thread-safe.
 */
final class WorkFolder implements AutoCloseable {
  private final Path folder;

  /**
   * @param parent the system's folder for temporary files where not given
   */
  WorkFolder(Optional<Path> parent) {
    // DuckDB makes the folder itself when it spills, but not the one that it is in.
    parent.ifPresent(WorkFolder::make);
    Path system = Path.of(System.getProperty("java.io.tmpdir"));
    this.folder = parent.orElse(system).toAbsolutePath().resolve("mlinfra-" + UUID.randomUUID());
  }

  /** Where it is, or will be. */
  Path path() {
    return folder;
  }

  /** A path of its own that nothing is at yet; the folder it is in is there. */
  Path newPath(String name) {
    make(folder);
    return folder.resolve(UUID.randomUUID() + "-" + name);
  }

  private static void make(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "there is no temporary folder '" + folder + "': " + e, e);
    }
  }

  /** Deletes a file or folder with all that is in it, if it is there. */
  static void delete(Path path) {
    if (!Files.exists(path)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(path)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "'" + path + "' cannot be deleted: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    delete(folder);
  }
}
