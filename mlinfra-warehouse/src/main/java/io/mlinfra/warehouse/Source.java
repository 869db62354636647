package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * Where rows come from. Immutable. A source can be loaded again and again, but for {@link
 * #arrow(ArrowReader)}, whose stream is read once.
 */
public abstract sealed class Source
    permits FileSource, ArrowSource, ArrowFileSource, QuerySource, JdbcSource, SnapshotSource {
  private static final List<String> PARQUET = List.of(".parquet");
  private static final List<String> CSV =
      List.of(".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst");
  private static final List<String> JSON =
      List.of(
          ".json",
          ".json.gz",
          ".json.zst",
          ".ndjson",
          ".ndjson.gz",
          ".ndjson.zst",
          ".jsonl",
          ".jsonl.gz",
          ".jsonl.zst");

  Source() {}

  /**
   * Parquet.
   *
   * @param path of a file, whose characters such as {@code *} stand for themselves; or of a folder
   *     for all {@code .parquet} files below it
   */
  public static ParquetSource parquet(Path path) {
    return new ParquetSource(new FileSet(path, null, PARQUET));
  }

  /**
   * The Parquet files below a folder that match a pattern.
   *
   * @param glob for paths relative to the folder, as {@code year=*}{@code /*.parquet}; {@code *}
   *     stays within a folder's name, see {@link java.nio.file.FileSystem#getPathMatcher}
   */
  public static ParquetSource parquet(Path folder, String glob) {
    return new ParquetSource(new FileSet(folder, Objects.requireNonNull(glob, "glob"), PARQUET));
  }

  /**
   * CSV with a header line, compressed where a name ends in {@code .gz} or {@code .zst}.
   *
   * @param path of a file, whose characters such as {@code *} stand for themselves; or of a folder
   *     for all {@code .csv} and {@code .tsv} files below it
   */
  public static CsvSource csv(Path path) {
    return new CsvSource(new FileSet(path, null, CSV));
  }

  /**
   * The CSV files below a folder that match a pattern.
   *
   * @param glob as in {@link #parquet(Path, String)}
   */
  public static CsvSource csv(Path folder, String glob) {
    return new CsvSource(new FileSet(folder, Objects.requireNonNull(glob, "glob"), CSV));
  }

  /**
   * JSON, compressed where a name ends in {@code .gz} or {@code .zst}: an array, one value per line
   * or one after the other.
   *
   * @param path of a file, whose characters such as {@code *} stand for themselves; or of a folder
   *     for all {@code .json}, {@code .ndjson} and {@code .jsonl} files below it
   */
  public static JsonSource json(Path path) {
    return new JsonSource(new FileSet(path, null, JSON));
  }

  /**
   * The JSON files below a folder that match a pattern.
   *
   * @param glob as in {@link #parquet(Path, String)}
   */
  public static JsonSource json(Path folder, String glob) {
    return new JsonSource(new FileSet(folder, Objects.requireNonNull(glob, "glob"), JSON));
  }

  /**
   * What is left of a stream.
   *
   * @param reader borrowed: loading reads it to its end, and the caller closes it; its allocator
   *     may be any
   */
  public static Source arrow(ArrowReader reader) {
    return new ArrowSource(reader);
  }

  /**
   * A file in Arrow's IPC format, either kind: the file format or the stream format, told apart by
   * how it begins. It is read batch by batch. A dictionary-encoded column comes in as the values it
   * stands for. A stream must end with its end marker, without which it may have been cut off.
   *
   * <p>Loading throws {@link io.mlinfra.core.ErrorCode#FILE_UNREADABLE} if the file is damaged or
   * something else, and {@link io.mlinfra.core.ErrorCode#ARTIFACT_MISSING} if it is compressed and
   * {@code org.apache.arrow:arrow-compression} is not on the class path.
   */
  public static Source arrow(Path file) {
    return new ArrowFileSource(file);
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
   * <p>Loading takes one connection, reads in a transaction of its own and rolls that back. Of a
   * load {@linkplain Load#since since} a watermark, that is no text, the other database leaves out
   * what is here already.
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
   * The same for a table that is there: a source that finds types out from its values reads them as
   * the table's instead.
   *
   * @param types of the table's columns
   */
  Source typed(Map<String, String> types) {
    return this;
  }

  /**
   * What to try instead after an attempt failed; nothing of it has been kept. Empty: the load
   * failed.
   */
  Optional<Source> instead(SQLException error) {
    return Optional.empty();
  }

  /** The files and folders it reads, before any is opened; what lies below a folder counts. */
  List<Path> roots() {
    return List.of();
  }
}
