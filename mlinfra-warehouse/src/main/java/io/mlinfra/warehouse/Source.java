package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * Where rows come from. Immutable. A source can be loaded again and again, but for {@link
 * #arrow(ArrowReader)}, whose stream is read once.
 */
public abstract sealed class Source permits FileSource, ArrowSource, QuerySource, JdbcSource {
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
   * What a query of another database gives, such as one of PostgreSQL. Rows are read as they come,
   * so that a result may be larger than memory; the types become those of the same meaning here:
   * numbers, booleans, text, binary, dates, times, moments (in UTC), UUID, JSON and, of PostgreSQL,
   * arrays of one dimension. A decimal without a precision becomes a DECIMAL(38, 16). A value that
   * does not fit exactly is an error, as is a type without a counterpart; both name the column.
   *
   * <p>Loading takes one connection, reads in a transaction of its own and rolls that back.
   *
   * @param database borrowed; on the class path is its driver
   * @param sql one statement in the other database's SQL
   * @param parameters for its {@code ?}, as its driver takes them
   */
  public static Source jdbc(DataSource database, String sql, @Nullable Object... parameters) {
    return new JdbcSource(database, sql, parameters);
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
