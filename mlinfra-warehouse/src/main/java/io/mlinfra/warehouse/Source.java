package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * Where rows come from. Immutable. A source can be loaded again and again, but for {@link
 * #arrow(ArrowReader)}, whose stream is read once.
 */
public abstract sealed class Source permits FileSource, ArrowSource, QuerySource, SnapshotSource {
  Source() {}

  /** A Parquet file. The path names one file; characters such as {@code *} stand for themselves. */
  public static Source parquet(Path file) {
    return new FileSource(FileSource.Format.PARQUET, file);
  }

  /**
   * A CSV file with a header line, compressed where its name ends in {@code .gz} or {@code .zst}.
   * Delimiter, quotes and types are found out from its content; where the first rows mislead, all
   * rows are looked at.
   */
  public static Source csv(Path file) {
    return new FileSource(FileSource.Format.CSV, file);
  }

  /**
   * What is left of a stream.
   *
   * @param reader borrowed: loading reads it to its end, and the caller closes it
   */
  public static Source arrow(ArrowReader reader) {
    return new ArrowSource(reader);
  }

  /**
   * What a query of the same warehouse gives, so that a load is a {@code CREATE TABLE … AS} or an
   * {@code INSERT … SELECT}.
   *
   * @param sql one statement that gives rows
   * @param parameters as in {@link Warehouse#query(String, Object...)}
   */
  public static Source query(String sql, @Nullable Object... parameters) {
    Objects.requireNonNull(sql, "sql");
    return new QuerySource(sql, parameters.clone());
  }

  /**
   * Makes the rows available on a connection that is in a transaction.
   *
   * @return closed once the rows have been read, before the connection
   */
  abstract Scan open(Scan.Context context) throws SQLException;

  /**
   * What to try instead after an attempt failed; nothing of it has been kept. Empty: the load
   * failed.
   */
  Optional<Source> instead(SQLException error) {
    return Optional.empty();
  }
}
