package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/** A file that DuckDB reads by itself. */
final class FileSource extends Source {
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

  private final Format format;
  private final Path file;

  /** Whether types are found out from all rows, which takes more than twice as long. */
  private final boolean allRows;

  FileSource(Format format, Path file) {
    this(format, file, false);
  }

  private FileSource(Format format, Path file, boolean allRows) {
    this.format = Objects.requireNonNull(format, "format");
    this.file = Objects.requireNonNull(file, "file");
    this.allRows = allRows;
  }

  Format format() {
    return format;
  }

  Path file() {
    return file;
  }

  @Override
  Scan open(Scan.Context context) {
    context.database().files().requireReadable(file);
    requireReadable();
    return new FileScan(context.connection());
  }

  /** The types were guessed from the first rows, and a later one did not fit. */
  @Override
  Optional<Source> instead(SQLException error) {
    boolean guessed =
        format == Format.CSV && !allRows && Errors.message(error).startsWith("Conversion Error");
    return guessed ? Optional.of(new FileSource(format, file, true)) : Optional.empty();
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

  private final class FileScan implements Scan {
    private final DuckDBConnection connection;

    private FileScan(DuckDBConnection connection) {
      this.connection = connection;
    }

    @Override
    public String from() {
      return switch (format) {
        case PARQUET -> "read_parquet(?)";
        case CSV -> allRows ? "read_csv(?, sample_size = -1)" : "read_csv(?)";
      };
    }

    @Override
    public List<@Nullable Object> parameters() {
      return List.of(Sql.pattern(file));
    }

    @Override
    public boolean prunes() {
      return format == Format.PARQUET;
    }

    @Override
    public String unit() {
      return format == Format.PARQUET ? "rows" : "bytes";
    }

    /** How many rows a Parquet file says it has; how many bytes another file has. */
    @Override
    public long units() throws SQLException {
      if (format != Format.PARQUET) {
        try {
          return Files.size(file);
        } catch (IOException e) {
          throw new MlInfraException(
              ErrorCode.FILE_UNREADABLE, "'" + file + "': " + e.getMessage(), e);
        }
      }
      try (PreparedStatement count =
          connection.prepareStatement("SELECT sum(num_rows) FROM parquet_file_metadata(?)")) {
        count.setString(1, Sql.pattern(file));
        try (ResultSet rows = count.executeQuery()) {
          return rows.next() ? rows.getLong(1) : 0;
        }
      }
    }

    @Override
    public RuntimeException failed(SQLException error) {
      return Errors.reading(FileSource.this, error);
    }
  }

  @Override
  public String toString() {
    return "Source[" + format.label() + " '" + file + "']";
  }
}
