package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which files the warehouse touches when the host names them. Every path that comes through the API
 * is passed by here; DuckDB checks those in SQL by itself. Immutable.
 *
 * <p>Paths are compared after every link in them has been followed, as DuckDB does. What is linked
 * or moved between the check and the use is not noticed, and neither is a hard link or a mount
 * inside an allowed folder: both are the file itself.
 */
final class FileAccess {
  /** As the host named them; null where everything is allowed. */
  private final @Nullable List<Path> folders;

  private final Set<Path> real;

  /** The database's own, which nobody may write over. */
  private final @Nullable Path database;

  private FileAccess(@Nullable List<Path> folders, Set<Path> real, @Nullable Path database) {
    this.folders = folders;
    this.real = real;
    this.database = database;
  }

  /** Everything but writing over the database itself. */
  static FileAccess everywhere(@Nullable Path database) {
    return new FileAccess(null, Set.of(), database);
  }

  /**
   * Only what lies in one of the folders.
   *
   * @param own folders of the warehouse itself, which no message names
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if one of them is no folder
   */
  static FileAccess within(List<Path> folders, List<Path> own, @Nullable Path database) {
    Set<Path> real = new LinkedHashSet<>();
    List<Path> all = new ArrayList<>(folders);
    all.addAll(own);
    for (Path folder : all) {
      Sql.path(folder);
      if (!Files.isDirectory(folder)) {
        throw new MlInfraException(
            ErrorCode.FILE_MISSING,
            "there is no folder '" + folder.toAbsolutePath() + "' to allow");
      }
      try {
        real.add(folder.toRealPath());
      } catch (IOException e) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE, "folder '" + folder + "' cannot be found out: " + e, e);
      }
    }
    return new FileAccess(
        folders.stream().map(Path::toAbsolutePath).collect(Collectors.toUnmodifiableList()),
        real,
        database);
  }

  /** Whether there are limits at all. */
  boolean limited() {
    return folders != null;
  }

  /** The allowed folders without a link in them, the warehouse's own among them. */
  Set<Path> realFolders() {
    return real;
  }

  /**
   * Does nothing if a file or folder may be read.
   *
   * @throws MlInfraException {@link ErrorCode#ACCESS_REFUSED} naming it and the allowed folders
   */
  void requireReadable(Path path) {
    if (limited()) {
      requireInside(path, resolved(path));
    }
  }

  /**
   * Does nothing if a file or folder may be written, whether it is there or not.
   *
   * @throws MlInfraException {@link ErrorCode#ACCESS_REFUSED} naming it and the allowed folders, or
   *     if it is the database
   */
  void requireWritable(Path path) {
    Path resolved = resolved(path);
    if (limited()) {
      requireInside(path, resolved);
    }
    if (database != null && resolved != null) {
      Path file = resolved(database);
      if (file != null && (resolved.equals(file) || resolved.equals(besides(file, ".wal")))) {
        throw new MlInfraException(
            ErrorCode.ACCESS_REFUSED, "'" + path.toAbsolutePath() + "' is the warehouse itself");
      }
    }
  }

  /** An end of a message: which folders may be used. */
  String listed() {
    if (folders == null) {
      return "";
    }
    return folders.isEmpty()
        ? "it may use none"
        : "it may use "
            + folders.stream().map(folder -> "'" + folder + "'").collect(Collectors.joining(", "));
  }

  private void requireInside(Path path, @Nullable Path resolved) {
    if (resolved == null || real.stream().noneMatch(resolved::startsWith)) {
      throw new MlInfraException(
          ErrorCode.ACCESS_REFUSED,
          "'" + path.toAbsolutePath() + "' is outside the folders of this warehouse; " + listed());
    }
  }

  /**
   * Where a path leads, links followed, as far as it exists; null where that cannot be told: a link
   * to nothing (writing to it would make its target), a step up from what is not there, no
   * permission.
   */
  private static @Nullable Path resolved(Path path) {
    Path absolute = path.toAbsolutePath();
    if (Files.exists(absolute)) {
      try {
        return absolute.toRealPath();
      } catch (IOException e) {
        return null;
      }
    }
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    if (Files.isSymbolicLink(absolute)
        || parent == null
        || name == null
        || name.toString().equals("..")) {
      return null;
    }
    Path above = resolved(parent);
    return above == null ? null : above.resolve(name).normalize();
  }

  private static Path besides(Path file, String end) {
    return file.resolveSibling(file.getFileName() + end);
  }
}
