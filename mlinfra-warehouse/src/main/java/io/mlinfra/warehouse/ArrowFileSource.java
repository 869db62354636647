package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A file of Arrow batches. */
final class ArrowFileSource extends Source {
  private final Path file;

  ArrowFileSource(Path file) {
    this.file = Objects.requireNonNull(file, "file");
  }

  @Override
  Scan open(Scan.Context context) throws SQLException {
    requireReadable();
    ArrowFileReading reader = ArrowFileReading.open(file);
    try {
      return new ArrowFileScan(ArrowSource.open(context, reader), reader);
    } catch (SQLException | RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  @Override
  List<Path> roots() {
    return List.of(file);
  }

  private void requireReadable() {
    String path = "'" + file.toAbsolutePath() + "'";
    if (!Files.exists(file)) {
      throw new MlInfraException(ErrorCode.FILE_MISSING, "there is no file " + path);
    }
    if (!Files.isRegularFile(file)) {
      throw new MlInfraException(ErrorCode.FILE_UNREADABLE, path + " is not a file");
    }
    if (!Files.isReadable(file)) {
      throw new MlInfraException(ErrorCode.FILE_UNREADABLE, "no permission to read " + path);
    }
  }

  /** The stream's scan, and the file that it reads. */
  private record ArrowFileScan(Scan rows, ArrowFileReading reader) implements Scan {
    @Override
    public String from() {
      return rows.from();
    }

    @Override
    public List<@Nullable Object> parameters() {
      return rows.parameters();
    }

    @Override
    public boolean tellsProgress() {
      return true;
    }

    @Override
    public RuntimeException failed(SQLException error) {
      return rows.failed(error);
    }

    @Override
    public void close() {
      try (reader;
          rows) {
        return;
      }
    }
  }

  @Override
  public String toString() {
    return "Source[Arrow '" + file + "']";
  }
}
