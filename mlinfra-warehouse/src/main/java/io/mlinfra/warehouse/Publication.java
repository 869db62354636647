package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A file or folder that gets its name once it is complete. It is written beside its target, so that
 * a rename puts it in place, as {@code .mlinfra-export-<uuid>.partial}: what is left under such a
 * name belongs to a process that died. A folder that is replaced is called {@code .replaced} for
 * the moment between two renames.
 */
final class Publication implements AutoCloseable {
  private final Target target;
  private final Path parent;
  private final Path path;
  private final Path partial;
  private final Path replaced;

  private Publication(Target target, Path parent, Path path) {
    String name = ".mlinfra-export-" + UUID.randomUUID();
    this.target = target;
    this.parent = parent;
    this.path = path;
    this.partial = parent.resolve(name + ".partial");
    this.replaced = parent.resolve(name + ".replaced");
  }

  /**
   * Looks whether the target can be written.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if its folder is missing, {@link
   *     ErrorCode#CONFLICT} if something is there that must not be replaced
   */
  static Publication of(Target target) {
    Path path = target.path().toAbsolutePath().normalize();
    Path parent = path.getParent();
    if (parent == null || path.getFileName() == null) {
      throw new IllegalArgumentException("target (" + path + ") must not be a root folder");
    }
    if (!Files.isDirectory(parent)) {
      throw new MlInfraException(
          ErrorCode.FILE_MISSING,
          "there is no folder '" + parent + "' for '" + path.getFileName() + "'");
    }
    Publication publication = new Publication(target, parent, path);
    publication.requireReplaceable();
    return publication;
  }

  private void requireReplaceable() {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!target.overwrite()) {
      throw conflict("exists already; overwrite(true) replaces it");
    }
    boolean isFolder = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    if (!target.isFolder()) {
      if (!Files.isRegularFile(path)) {
        throw conflict("is not a file, and a file is to replace it");
      }
    } else if (!isFolder) {
      throw conflict("is not a folder, and a folder is to replace it");
    } else {
      requireParquetOnly();
    }
  }

  /** A mistaken path must not cost anybody a folder of other things. */
  private void requireParquetOnly() {
    try (Stream<Path> all = Files.walk(path)) {
      List<Path> others =
          all.filter(file -> !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS))
              .filter(file -> !file.getFileName().toString().endsWith(".parquet"))
              .limit(1)
              .toList();
      if (!others.isEmpty()) {
        throw conflict("holds '" + path.relativize(others.get(0)) + "', which is no Parquet file");
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Where to write; nothing is there yet. */
  Path partial() {
    return partial;
  }

  /** Where it will be. */
  Path path() {
    return path;
  }

  /** Puts what was written in place, on disk before it has its name. */
  void publish() {
    try {
      force();
      if (!target.overwrite()) {
        // Refuses what has come meanwhile, but for the moment within this call.
        Files.move(partial, path);
      } else if (target.isFolder() && Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        swap();
      } else {
        Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE);
      }
      forceFolder(parent);
    } catch (FileAlreadyExistsException e) {
      throw conflict("has been made by somebody else meanwhile");
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void swap() throws IOException {
    // Somebody may have put something into it meanwhile.
    requireReplaceable();
    Files.move(path, replaced, StandardCopyOption.ATOMIC_MOVE);
    try {
      Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.move(replaced, path, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
    WorkFolder.delete(replaced);
  }

  private void force() throws IOException {
    List<Path> written;
    try (Stream<Path> all = Files.walk(partial)) {
      written = all.toList();
    }
    for (Path file : written) {
      if (Files.isDirectory(file)) {
        forceFolder(file);
      } else {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
  }

  /** Windows opens no folder, and needs no such thing. */
  private static void forceFolder(Path folder) throws IOException {
    if (java.io.File.separatorChar == '/') {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private MlInfraException conflict(String why) {
    return new MlInfraException(ErrorCode.CONFLICT, "'" + path + "' " + why);
  }

  private MlInfraException failed(IOException error) {
    return new MlInfraException(
        ErrorCode.IO_FAILED, "'" + path + "' cannot be written: " + error, error);
  }

  /** Removes what was not published. */
  @Override
  public void close() {
    WorkFolder.delete(partial);
  }
}
