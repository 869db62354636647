package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files that a path stands for.
 *
 * @param root a file, or the folder they lie below
 * @param glob they match, relative to the folder; null: all that end as files of the format do
 * @param endings of the format's files
 */
record FileSet(Path root, @Nullable String glob, List<String> endings) {
  FileSet {
    Objects.requireNonNull(root, "file");
    if (glob != null) {
      matcher(root, glob);
    }
  }

  /**
   * What was there.
   *
   * @param files at least one, sorted by their paths
   * @param keys of the partitions that the folders between root and files name, the same for all
   * @param strangeKeys what DuckDB takes for partitions beside them: folders above the root
   */
  record Found(List<Path> files, List<String> keys, List<String> strangeKeys) {
    boolean isOne() {
      return files.size() == 1;
    }

    /** The patterns that DuckDB takes. */
    List<@Nullable Object> patterns() {
      List<@Nullable Object> patterns = new ArrayList<>(files.size());
      files.forEach(file -> patterns.add(Sql.pattern(file)));
      return patterns;
    }

    /** How large the files are together. */
    long bytes() {
      long bytes = 0;
      for (Path file : files) {
        try {
          bytes += Files.size(file);
        } catch (IOException e) {
          throw new MlInfraException(
              ErrorCode.FILE_UNREADABLE, "'" + file + "': " + e.getMessage(), e);
        }
      }
      return bytes;
    }

    /** A list with a {@code ?} for each file. */
    String marks() {
      return "[" + "?, ".repeat(files.size() - 1) + "?]";
    }

    /** The table function without what it makes of folders above the root. */
    String from(String function) {
      if (strangeKeys.isEmpty()) {
        return function;
      }
      return "(SELECT * EXCLUDE ("
          + String.join(", ", strangeKeys.stream().map(Sql::quoted).toList())
          + ") FROM "
          + function
          + ")";
    }
  }

  /**
   * Looks for the files and at what DuckDB would report badly.
   *
   * @param partitions whether folders such as {@code year=2024} count
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING}, {@link ErrorCode#FILE_UNREADABLE}
   */
  Found find(boolean partitions) {
    Sql.path(root);
    if (!Files.exists(root)) {
      throw new MlInfraException(
          ErrorCode.FILE_MISSING,
          (glob == null ? "there is no file '" : "there is no folder '")
              + root.toAbsolutePath()
              + "'");
    }
    if (glob == null && !Files.isDirectory(root)) {
      requireReadable(root);
      return new Found(List.of(root), List.of(), List.of());
    }
    if (!Files.isDirectory(root)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + root.toAbsolutePath() + "' is not a folder");
    }
    List<Path> files = list();
    if (files.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.FILE_MISSING,
          "no file below '"
              + root.toAbsolutePath()
              + (glob == null
                  ? "' ends in " + String.join(", ", endings)
                  : "' matches '" + glob + "'"));
    }
    files.forEach(FileSet::requireReadable);
    List<String> keys = partitions ? keys(files) : List.of();
    Set<String> strange = new LinkedHashSet<>();
    if (!keys.isEmpty()) {
      strange.addAll(keysOf(root.toAbsolutePath()));
      keys.forEach(strange::remove);
    }
    return new Found(files, keys, List.copyOf(strange));
  }

  private List<Path> list() {
    Predicate<Path> wanted =
        glob == null ? file -> !isHidden(file) && endsRight(file) : matcher(root, glob)::matches;
    // Links to files are followed, links to folders are not: they may lead in a circle.
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> wanted.test(root.relativize(file)))
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "folder '" + root.toAbsolutePath() + "' cannot be listed: " + e.getMessage(),
          e);
    }
  }

  /** What writers leave beside their data, as Spark's {@code _temporary}. */
  private static boolean isHidden(Path file) {
    for (Path part : file) {
      String name = part.toString();
      if (name.startsWith(".") || (name.startsWith("_") && name.indexOf('=') < 0)) {
        return true;
      }
    }
    return false;
  }

  private boolean endsRight(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(java.util.Locale.ROOT);
    return endings.stream().anyMatch(name::endsWith);
  }

  private List<String> keys(List<Path> files) {
    List<String> keys = keysOf(parent(files.get(0)));
    for (Path file : files) {
      List<String> others = keysOf(parent(file));
      if (!others.equals(keys)) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE,
            "'"
                + file.toAbsolutePath()
                + "' has the partitions "
                + others
                + ", but '"
                + files.get(0).toAbsolutePath()
                + "' has "
                + keys
                + "; partitions(false) takes folders for folders");
      }
    }
    return keys;
  }

  /** The folders between the root and a file. */
  private @Nullable Path parent(Path file) {
    return root.relativize(file).getParent();
  }

  private static List<String> keysOf(@Nullable Path folders) {
    List<String> keys = new ArrayList<>();
    if (folders != null) {
      for (Path folder : folders) {
        int equal = folder.toString().indexOf('=');
        if (equal > 0) {
          keys.add(folder.toString().substring(0, equal));
        }
      }
    }
    return keys;
  }

  private static void requireReadable(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file.toAbsolutePath() + "' is not a file");
    }
    if (!Files.isReadable(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "no permission to read '" + file.toAbsolutePath() + "'");
    }
  }

  private static PathMatcher matcher(Path root, String glob) {
    try {
      return root.getFileSystem().getPathMatcher("glob:" + glob);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "glob ('" + glob + "') is no pattern: " + e.getDescription(), e);
    }
  }

  /** {@code '/data'} or {@code '/data' matching '*.csv'}. */
  @Override
  public String toString() {
    return "'" + root + "'" + (glob == null ? "" : " matching '" + glob + "'");
  }
}
