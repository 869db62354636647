package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/** The rows of a source on one connection. */
interface Scan extends AutoCloseable {
  /**
   * What a source may use to make its rows available.
   *
   * @param connection in the transaction of the load
   * @param database of the connection
   * @param imports for Arrow memory, without a limit
   * @param table that is loaded, for messages
   * @param progress of the load
   * @param watermark up to where the rows are there already; a source may use it to give fewer
   * @param evolve whether the files of the load may differ in their columns, which are then matched
   *     by name
   */
  record Context(
      DuckDBConnection connection,
      Database database,
      BufferAllocator imports,
      String table,
      Progress progress,
      Optional<Watermark> watermark,
      boolean evolve) {}

  /**
   * What stands behind {@code FROM}: a table function, a quoted view or a query in brackets, with a
   * {@code ?} for each of {@link #parameters}.
   */
  String from();

  /** The values for {@link #from}. */
  default List<@Nullable Object> parameters() {
    return List.of();
  }

  /**
   * Whether a comparison of a column with a constant saves most of the reading, as the statistics
   * of a Parquet file do. Such a scan can be read more than once.
   */
  default boolean prunes() {
    return false;
  }

  /** Whether its types were found out from the values, so that another may be meant. */
  default boolean guesses() {
    return false;
  }

  /** How many {@link #unit units} there are to read, or -1 where that is not known. */
  default long units() throws SQLException {
    return -1;
  }

  /** What {@link #units} counts. */
  default String unit() {
    return "rows";
  }

  /**
   * Whether reading it advances the progress by itself; otherwise the running statement is asked.
   */
  default boolean tellsProgress() {
    return false;
  }

  /** The rows that were refused, once all have been read. */
  default List<RejectedRow> rejected() throws SQLException {
    return List.of();
  }

  /** An error of the statement that read it, as the caller should see it. */
  RuntimeException failed(SQLException error);

  @Override
  default void close() {}
}
