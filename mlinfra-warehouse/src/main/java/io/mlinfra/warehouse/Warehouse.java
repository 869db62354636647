package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Names;
import io.mlinfra.core.Progress;
import io.mlinfra.core.data.ArrowMemory;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.data.FloatBlocks;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * A columnar SQL database inside the process: one DuckDB file, or memory only.
 *
 * <p>SQL is DuckDB's. Every call takes exactly one statement, runs on a connection of its own and
 * commits by itself: what a statement sets for its session, a temporary table or an open
 * transaction, ends with the call. Values go in as parameters ({@code ?}): numbers, {@code
 * Boolean}, {@code String}, {@code byte[]}, {@code UUID}, the dates and times of {@code java.time},
 * or null. The session's time zone is UTC whatever the machine's is, and no statement loads an
 * extension that is not built in, unless it says so itself. SQL that a stranger wrote is safe
 * nowhere: it can read files.
 *
 * <p>Thread-safe; calls run side by side. {@link #close()} waits for calls in flight and for
 * batches being fetched, closes the streams that are still open, newest first, and may be called
 * again. A call after that throws {@link IllegalStateException}.
 *
 * <p>Streams and blocks need the JVM flag that {@link ArrowMemory} names.
 */
public final class Warehouse implements AutoCloseable {
  private final String label;
  private final WarehouseOptions options;
  private final Database database;
  private final Memory memory;
  private final Gate gate;

  /** The open ones, the newest last; its own lock. */
  private final Deque<QueryStream> streams = new ArrayDeque<>();

  private Warehouse(String label, WarehouseOptions options, Supplier<Database> database) {
    this.label = label;
    this.options = options;
    this.gate = new Gate(label);
    this.memory = Memory.open(label, options.allocator());
    try {
      this.database = database.get();
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /** Opens a file with the default options, see {@link #open(Path, WarehouseOptions)}. */
  public static Warehouse open(Path file) {
    return open(file, WarehouseOptions.defaults());
  }

  /**
   * Opens a DuckDB file; creates it where it is missing. One process at a time may write to a file.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if its folder is missing, {@link
   *     ErrorCode#FILE_UNREADABLE} if it is no DuckDB file or one of a later version, {@link
   *     ErrorCode#CONFLICT} if another process has it open, telling which
   */
  public static Warehouse open(Path file, WarehouseOptions options) {
    return new Warehouse(
        "Warehouse '" + file.getFileName() + "'", options, () -> Database.open(file, options));
  }

  /** A database that is gone when it is closed, with the default options. */
  public static Warehouse inMemory() {
    return inMemory(WarehouseOptions.defaults());
  }

  /** A database that is gone when it is closed. */
  public static Warehouse inMemory(WarehouseOptions options) {
    return new Warehouse("in-memory Warehouse", options, () -> Database.inMemory(options));
  }

  /** Loads without listening, see {@link #load(String, Source, Progress)}. */
  public LoadResult load(String table, Source source) {
    return load(table, source, Progress.NONE);
  }

  /**
   * Creates a table, or replaces it, by what a source holds, all or nothing: when this throws, a
   * table that was there before is as it was.
   *
   * @param table any name; it is quoted
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} or {@link ErrorCode#FILE_UNREADABLE},
   *     naming the file; {@link ErrorCode#CONFLICT} if somebody replaced the table meanwhile
   */
  public LoadResult load(String table, Source source, Progress progress) {
    Sql.table(table);
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(progress, "progress");
    if (source instanceof ArrowSource) {
      ArrowMemory.requireAccess();
    }
    return inside(
        () -> {
          if (options.readOnly()) {
            throw new IllegalStateException(label + " was opened for reading only");
          }
          long started = System.nanoTime();
          long rows = new Loader(database, memory.imports(), table, progress).load(source);
          return new LoadResult(table, rows, Duration.ofNanos(System.nanoTime() - started));
        });
  }

  /**
   * Starts a query. Its rows come as they are read, in batches of up to {@link
   * WarehouseOptions#batchRows()}, so that a result may be larger than memory. The vectors of a
   * batch are valid until the next one is loaded or the stream is closed. A stream that was closed,
   * or whose warehouse was, throws {@link IllegalStateException}.
   *
   * @return a stream for one thread at a time; the caller closes it
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} with DuckDB's message if the statement
   *     is refused, here or while it is read; {@link ErrorCode#NAME_UNKNOWN} if it names a table
   *     that is not there
   */
  public ArrowReader query(String sql, @Nullable Object... parameters) {
    ArrowMemory.requireAccess();
    return inside(
        () -> {
          QueryStream stream = start(sql, parameters);
          synchronized (streams) {
            streams.addLast(stream);
          }
          return stream;
        });
  }

  /**
   * Runs one statement to its end, such as one that creates or changes tables.
   *
   * @return the number of rows that it changed; for one that gives rows, how many it gave
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} with DuckDB's message
   */
  public long execute(String sql, @Nullable Object... parameters) {
    return inside(
        () -> {
          try (Call call = Call.prepare(database, sql, parameters)) {
            return call.run();
          }
        });
  }

  /**
   * The whole result of a query as one row-major block, a missing value as NaN. All columns must be
   * numbers (or booleans, 1 and 0), see {@link FloatBlocks}.
   *
   * @param allocator of the block
   * @return the caller's to close
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it;
   *     otherwise as {@link #query}
   */
  public FloatBlock floats(BufferAllocator allocator, String sql, @Nullable Object... parameters) {
    ArrowMemory.requireAccess();
    return inside(
        () -> {
          try (QueryStream stream = start(sql, parameters)) {
            return FloatBlocks.read(stream, allocator);
          }
        });
  }

  private QueryStream start(String sql, @Nullable Object... parameters) throws SQLException {
    return QueryStream.open(
        Call.prepare(database, sql, parameters),
        memory.imports(),
        options.batchRows(),
        this::forget);
  }

  private void forget(QueryStream stream) {
    synchronized (streams) {
      streams.remove(stream);
    }
  }

  /** The names of the tables and views, sorted. */
  public List<String> tables() {
    return inTransaction(Catalog::tables);
  }

  /**
   * The columns of a table or view, as a query gives them.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name
   */
  public Schema schema(String table) {
    ArrowMemory.requireAccess();
    return inTransaction(connection -> Catalog.schema(connection, table, memory.imports()));
  }

  /**
   * How many rows a table or view has.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name
   */
  public long rows(String table) {
    return inTransaction(connection -> Catalog.rows(connection, table));
  }

  /**
   * Freezes a table as a version: its rows in their order, as a Parquet file. The same rows in the
   * same order under the same name give the same version, whatever else happened to the table,
   * until DuckDB's version changes.
   *
   * @param name of the data set in the registry
   * @return a version of {@link Kind#DATASET} with the properties {@code table}, {@code rows} and
   *     {@code columns}
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such table
   */
  public Version snapshot(String table, Registry registry, String name) {
    Names.require("data set name", name);
    return inTransaction(
        connection -> Snapshots.take(connection, table, registry, name, options.temporaryFolder()));
  }

  /**
   * The allocator from the options or, where none was given, the warehouse's own, which it closes.
   */
  public BufferAllocator allocator() {
    return inside(memory::allocator);
  }

  private interface Work<T> {
    T get() throws SQLException;
  }

  private interface TransactionWork<T> {
    T on(DuckDBConnection connection) throws SQLException;
  }

  /** Does something that {@link #close()} waits for. */
  @SuppressWarnings("try") // the pass is held, not used
  private <T> T inside(Work<T> work) {
    try (Gate.Pass pass = gate.enter()) {
      try {
        return work.get();
      } catch (SQLException e) {
        throw failed(e);
      }
    }
  }

  /** Looks at one state of the database; changes nothing. */
  private <T> T inTransaction(TransactionWork<T> work) {
    return inside(
        () -> {
          try (DuckDBConnection connection = database.connect()) {
            connection.setAutoCommit(false);
            T result = work.on(connection);
            connection.rollback();
            return result;
          }
        });
  }

  private MlInfraException failed(SQLException error) {
    MlInfraException failure = Errors.of(error);
    if (failure.code() != ErrorCode.NAME_UNKNOWN) {
      return failure;
    }
    try (DuckDBConnection connection = database.connect()) {
      String listed = Catalog.listed(Catalog.tables(connection));
      return new MlInfraException(
          ErrorCode.NAME_UNKNOWN, failure.getMessage() + "\n\nTables: " + listed, error);
    } catch (SQLException e) {
      failure.addSuppressed(e);
      return failure;
    }
  }

  /** Waits for calls in flight, then closes the open streams, newest first, and the database. */
  @Override
  public void close() {
    if (!gate.close()) {
      return;
    }
    // Closed in reverse order, each even if one before it fails.
    try (memory;
        database) {
      closeStreams();
    }
  }

  private void closeStreams() {
    RuntimeException failure = null;
    while (true) {
      QueryStream newest;
      synchronized (streams) {
        newest = streams.peekLast();
      }
      if (newest == null) {
        break;
      }
      try {
        newest.close(label);
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public String toString() {
    return label;
  }
}
