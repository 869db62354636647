package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of one open warehouse for what does not fit in memory and for files on their way. It is
 * made when it is first needed and goes away, with whatever is in it, when the warehouse closes.
 * One that a killed process left behind goes away when the next one is made beside it: its owner
 * holds a lock as long as it lives. Thread-safe.
 */
final class WorkFolder implements AutoCloseable {
  private static final String LOCK = "owner.lock";

  /**
   * The process is in the name, because to open and close the lock file of one's own process would
   * give the lock up.
   */
  private static final Pattern NAME =
      Pattern.compile("mlinfra-(\\d+)-\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

  /** Between making its lock file and locking it, an owner looks dead. */
  private static final Duration NEWBORN = Duration.ofMinutes(1);

  private final Path folder;
  private @Nullable FileChannel lock;

  /**
   * @param parent the system's folder for temporary files where not given
   */
  WorkFolder(Optional<Path> parent) {
    parent.ifPresent(WorkFolder::make);
    Path system = Path.of(System.getProperty("java.io.tmpdir"));
    this.folder =
        parent
            .orElse(system)
            .toAbsolutePath()
            .resolve("mlinfra-" + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
  }

  /** Where it is, or will be. */
  Path path() {
    return folder;
  }

  /** Where DuckDB puts what does not fit in memory; it makes the folder itself when it does. */
  Path spill() {
    own();
    return folder.resolve("spill");
  }

  /** The folder, which is there, that {@link #newPath} gives paths in. */
  Path files() {
    own();
    Path files = folder.resolve("files");
    make(files);
    return files;
  }

  /** A path of its own that nothing is at yet; the folder it is in is there. */
  Path newPath(String name) {
    return files().resolve(UUID.randomUUID() + "-" + name);
  }

  private synchronized void own() {
    if (lock != null) {
      return;
    }
    Path parent = folder.getParent();
    if (parent != null) {
      clean(parent, Instant.now().minus(NEWBORN));
    }
    make(folder);
    try {
      FileChannel channel =
          FileChannel.open(
              folder.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      lock = channel;
      // Where the file system has no locks, nobody takes it for dead either.
      channel.tryLock();
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "temporary folder '" + folder + "' cannot be used: " + e, e);
    }
  }

  /**
   * Deletes the folders of dead processes. What cannot be deleted, such as another user's, stays.
   *
   * @param before when a folder must have been made
   */
  static void clean(Path parent, Instant before) {
    String self = Long.toString(ProcessHandle.current().pid());
    try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, "mlinfra-*")) {
      for (Path candidate : all) {
        Path name = candidate.getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        if (matcher.matches() && !self.equals(matcher.group(1))) {
          deleteIfDead(candidate, before);
        }
      }
    } catch (IOException | RuntimeException e) {
      return;
    }
  }

  private static void deleteIfDead(Path folder, Instant before) {
    Path file = folder.resolve(LOCK);
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
        || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      if (Files.getLastModifiedTime(file).toInstant().isAfter(before)) {
        return;
      }
      try (FileLock free = channel.tryLock()) {
        if (free != null) {
          delete(folder);
        }
      }
    } catch (IOException | RuntimeException e) {
      return;
    }
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
  public synchronized void close() {
    try {
      if (lock != null) {
        lock.close();
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "'" + folder + "' cannot be given up: " + e.getMessage(), e);
    } finally {
      delete(folder);
    }
  }
}
