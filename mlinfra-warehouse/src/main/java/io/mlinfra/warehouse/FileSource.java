package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.util.List;

/** Files that DuckDB reads by itself. */
abstract sealed class FileSource extends Source permits ParquetSource, CsvSource, JsonSource {
  private final FileSet files;

  FileSource(FileSet files) {
    this.files = files;
  }

  FileSet files() {
    return files;
  }

  /** As people call the format. */
  abstract String label();

  @Override
  List<Path> roots() {
    return List.of(files.root());
  }

  /** {@code Source[CSV '/data' matching '*.csv']}. */
  @Override
  public String toString() {
    return "Source[" + label() + " " + files + "]";
  }
}
