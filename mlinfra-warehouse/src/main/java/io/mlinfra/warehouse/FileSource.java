package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** A file that DuckDB reads by itself. */
record FileSource(Format format, Path file) implements Source {
  enum Format {
    PARQUET("Parquet"),
    CSV("CSV");

    private final String label;

    Format(String label) {
      this.label = label;
    }

    /** As people call it. */
    String label() {
      return label;
    }
  }

  FileSource {
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(file, "file");
  }

  /** Finds out what DuckDB would report badly: it takes a folder for all the files in it. */
  void requireReadable() {
    if (!Files.exists(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_MISSING, "there is no file '" + file.toAbsolutePath() + "'");
    }
    if (!Files.isRegularFile(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file.toAbsolutePath() + "' is not a file");
    }
    if (!Files.isReadable(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "no permission to read '" + file.toAbsolutePath() + "'");
    }
  }

  /**
   * A table function with one parameter, the {@link #pattern()}.
   *
   * @param allRows whether types are found out from all rows, which takes more than twice as long
   */
  String scan(boolean allRows) {
    return switch (format) {
      case PARQUET -> "read_parquet(?)";
      case CSV -> allRows ? "read_csv(?, sample_size = -1)" : "read_csv(?)";
    };
  }

  String pattern() {
    return Sql.pattern(file);
  }
}
