package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.data.ArrowMemory;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.registry.Registry;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import javax.sql.DataSource;
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
 * transaction, ends with the call. Values go in as parameters ({@code ?} or {@code $name}); {@link
 * Query} says which. The session's time zone is UTC whatever the machine's is, and no statement
 * loads an extension that is not built in, unless it says so itself. SQL that a stranger wrote
 * belongs in a warehouse that is {@linkplain WarehouseOptions.Builder#hardened hardened}; in any
 * other it can read and write files.
 *
 * <p>Thread-safe; calls run side by side. {@link #close()} waits for calls in flight and for
 * batches being fetched, closes the streams that are still open, newest first, and may be called
 * again. A call after that throws {@link IllegalStateException}.
 *
 * <p>Streams and blocks need the JVM flag that {@link ArrowMemory} names, and so does what is built
 * on them: {@link #schema}, Arrow and JDBC as sources or targets, constraints and profiles. Lists,
 * values, previews and snapshots do not.
 */
public final class Warehouse implements AutoCloseable {
  private final String label;
  private final WarehouseOptions options;
  private final Database database;
  private final Memory memory;
  private final Functions functions;
  private final PartFiles parts;
  private final WarehouseDataSource dataSource;
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
    this.dataSource = new WarehouseDataSource(label, gate, this.database);
    this.functions = new Functions(this.database, memory.allocator());
    this.parts = new PartFiles(this.database.work());
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

  /** Creates a table, or replaces it, see {@link #load(String, Source, Load)}. */
  public LoadResult load(String table, Source source) {
    return load(table, source, Load.replace());
  }

  /**
   * Brings what a source holds into a table, all or nothing: when this throws, everything is as it
   * was.
   *
   * @param table any name; it is quoted
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} or {@link ErrorCode#FILE_UNREADABLE},
   *     naming the file; {@link ErrorCode#QUERY_FAILED} if the table is there already and the load
   *     is to create it; {@link ErrorCode#DATA_UNSUITABLE} if the source's columns, keys or
   *     watermarks do not fit, see {@link Load}; {@link ErrorCode#NAME_UNKNOWN} if the load names a
   *     column that is not there; {@link ErrorCode#CONSTRAINT_VIOLATED} if the table refuses a row;
   *     {@link ErrorCode#CONFLICT} if somebody else changes the table meanwhile: nothing was done,
   *     and a source that is no stream can be loaded again; {@link ErrorCode#TIMED_OUT}
   */
  public LoadResult load(String table, Source source, Load load) {
    Sql.table(table);
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(load, "load");
    if (source instanceof ArrowSource || source instanceof ArrowFileSource) {
      ArrowMemory.requireAccess();
    }
    return inside(
        () -> {
          if (options.readOnly()) {
            throw new IllegalStateException(label + " was opened for reading only");
          }
          return new Loader(database, memory.imports(), table, load).load(source);
        });
  }

  /**
   * The loads that had an id and count for a table as it is, the oldest first.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such table
   */
  public List<RecordedLoad> loads(String table) {
    return inTransaction(
        connection -> {
          Catalog.require(connection, table);
          return List.copyOf(Ledger.of(connection, table).list());
        });
  }

  /**
   * A statement, to be given parameters and settings and then run.
   *
   * @throws MlInfraException {@link ErrorCode#ACCESS_REFUSED} if the warehouse is hardened against
   *     it
   */
  public Query sql(String sql) {
    Objects.requireNonNull(sql, "sql");
    return inside(
        () -> {
          database.requireAllowed(sql);
          return new Query(this, sql, options.batchRows());
        });
  }

  /** Starts a query: short for {@link Query#stream()} of a statement with these parameters. */
  public ArrowReader query(String sql, @Nullable Object... parameters) {
    return sql(sql).bind(parameters).stream();
  }

  /** Runs one statement: short for {@link Query#execute()} of one with these parameters. */
  public long execute(String sql, @Nullable Object... parameters) {
    return sql(sql).bind(parameters).execute();
  }

  /** The result as numbers: short for {@link Query#floats} of a query with these parameters. */
  public FloatBlock floats(BufferAllocator allocator, String sql, @Nullable Object... parameters) {
    return sql(sql).bind(parameters).floats(allocator);
  }

  /**
   * The warehouse for code that speaks JDBC, such as jOOQ, JDBI or Spring. Every connection is one
   * of its own, made in a fraction of a millisecond, so that no pool is needed; it counts as open
   * until it is closed, by its user or with the warehouse. A connection takes one statement per
   * call, has UTC as its time zone, and holds each result in memory, so that several may be open on
   * it; what is larger goes through {@link #query}. Thread-safe; a connection is for one thread at
   * a time.
   *
   * <p>Errors are {@link SQLException}s, as JDBC code expects: state {@code 08003} after the
   * warehouse was closed, {@code 42501} for what a hardened warehouse refuses.
   */
  public DataSource dataSource() {
    return inside(() -> dataSource);
  }

  /**
   * Lets SQL call a function written in Java, on every connection of this warehouse, until what
   * this returns is closed.
   *
   * @return the caller's to close; the warehouse closes it otherwise
   * @throws IllegalArgumentException if SQL has a function or keyword of that name
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if a function of that name is registered,
   *     or one of other types has been
   */
  public Registered register(ScalarFunction function) {
    Objects.requireNonNull(function, "function");
    return inside(() -> functions.register(function));
  }

  Database database() {
    return database;
  }

  /** The parts of snapshots that were read. */
  PartFiles parts() {
    return parts;
  }

  /** Starts a prepared query; the stream is closed by whoever gets it, or with the warehouse. */
  ArrowReader stream(Running running, Call call, int batchRows, Progress progress)
      throws SQLException {
    QueryStream stream =
        QueryStream.open(
            running,
            call,
            memory.imports(),
            batchRows,
            progress,
            this::forget,
            functions::explained);
    synchronized (streams) {
      streams.addLast(stream);
    }
    return stream;
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
   * What takes snapshots of this warehouse into a registry, and reads them again.
   *
   * @param registry borrowed; it must be open while they are taken and read
   */
  public Snapshots snapshots(Registry registry) {
    Objects.requireNonNull(registry, "registry");
    return inside(() -> new Snapshots(this, registry, PartSizes.DEFAULT, false));
  }

  /**
   * The allocator from the options or, where none was given, the warehouse's own, which it closes.
   */
  public BufferAllocator allocator() {
    return inside(memory::allocator);
  }

  /** Something to do while the warehouse is open. */
  interface Work<T> {
    T get() throws SQLException;
  }

  private interface TransactionWork<T> {
    T on(DuckDBConnection connection) throws SQLException;
  }

  /** Does something that {@link #close()} waits for. */
  @SuppressWarnings("try") // the pass is held, not used
  <T> T inside(Work<T> work) {
    try (Gate.Pass pass = gate.enter()) {
      try {
        return work.get();
      } catch (SQLException e) {
        throw functions.explained(failed(e));
      } catch (MlInfraException e) {
        throw functions.explained(e);
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
    if (failure.code() == ErrorCode.ACCESS_REFUSED && options.hardened()) {
      return new MlInfraException(
          ErrorCode.ACCESS_REFUSED,
          failure.getMessage() + "\n\nFolders: " + database.files().listed(),
          error);
    }
    if (failure.code() != ErrorCode.NAME_UNKNOWN) {
      return failure;
    }
    try (DuckDBConnection connection = database.connect()) {
      String listed = Catalog.listed(Catalog.tables(connection));
      return new MlInfraException(
          ErrorCode.NAME_UNKNOWN, failure.getMessage() + "\n\nOf tables " + listed, error);
    } catch (SQLException e) {
      failure.addSuppressed(e);
      return failure;
    }
  }

  /** Waits for calls in flight, then closes the open streams and JDBC connections, newest first. */
  @Override
  public void close() {
    functions.requireOutside(label);
    if (!gate.close()) {
      return;
    }
    // Closed in reverse order, each even if one before it fails.
    try (memory;
        database;
        functions;
        dataSource) {
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
