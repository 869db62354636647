package io.mlinfra.warehouse;

import java.nio.file.Path;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Where rows come from. Not intended to be implemented by clients. A source of files can be loaded
 * again and again; one of a stream only once.
 */
public sealed interface Source permits FileSource, ArrowSource {
  /** A Parquet file. The path names one file; characters such as {@code *} stand for themselves. */
  static Source parquet(Path file) {
    return new FileSource(FileSource.Format.PARQUET, file);
  }

  /**
   * A CSV file with a header line, compressed where its name ends in {@code .gz} or {@code .zst}.
   * Delimiter, quotes and types are found out from its content; where the first rows mislead, all
   * rows are looked at.
   */
  static Source csv(Path file) {
    return new FileSource(FileSource.Format.CSV, file);
  }

  /**
   * What is left of a stream.
   *
   * @param reader borrowed: loading reads it to its end, and the caller closes it
   */
  static Source arrow(ArrowReader reader) {
    return new ArrowSource(reader);
  }
}
