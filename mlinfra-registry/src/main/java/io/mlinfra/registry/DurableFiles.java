package io.mlinfra.registry;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Files that are there wholly or not at all, and stay there when the power fails: written under a
 * temporary name, forced to the disk, renamed, and the rename forced to the disk as well.
 */
final class DurableFiles {
  private DurableFiles() {}

  /** A new name in the folder, one that no reader looks for. */
  static Path temporaryIn(Path folder) {
    return folder.resolve("." + UUID.randomUUID() + ".tmp");
  }

  /** Whether a file has a name of {@link #temporaryIn}. */
  static boolean isTemporary(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(".") && name.endsWith(".tmp");
  }

  /** Writes the file, replacing what is there. */
  static void write(Path target, byte[] content) throws IOException {
    Path temporary = temporaryIn(parent(target));
    try {
      Files.write(temporary, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      publish(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Gives a temporary file its name, replacing what is there. */
  static void publish(Path temporary, Path target) throws IOException {
    sync(temporary, StandardOpenOption.WRITE);
    // Atomic alone leaves it to the file system whether it replaces; the default ones do.
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    syncFolder(parent(target));
  }

  /** Makes the folder and those above it, where they are missing. */
  static void createFolders(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path parent = folder.getParent();
    if (parent != null) {
      createFolders(parent);
    }
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
    if (parent != null) {
      syncFolder(parent);
    }
  }

  /**
   * Forces the names in a folder to the disk, where the platform can: Windows cannot. A file system
   * that is not the platform's own has no folders to open; what it promises is all there is.
   */
  static void syncFolder(Path folder) throws IOException {
    FileSystem files = folder.getFileSystem();
    if (files == FileSystems.getDefault()
        && files.supportedFileAttributeViews().contains("posix")) {
      sync(folder, StandardOpenOption.READ);
    }
  }

  static Path parent(Path file) {
    Path parent = file.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("'" + file + "' must be a file in a folder");
    }
    return parent;
  }

  // An interrupt closes the channel. By then the file may have its name already, and an error would
  // deny what has happened: so the interrupt waits.
  static void sync(Path path, OpenOption option) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try (FileChannel channel = FileChannel.open(path, option)) {
          channel.force(true);
          return;
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
