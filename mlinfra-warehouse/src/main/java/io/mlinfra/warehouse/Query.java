package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.data.ArrowMemory;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.data.FloatBlocks;
import io.mlinfra.core.data.NumberBlock;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * One statement with its parameters and settings, to be run once or often.
 *
 * <pre>{@code
 * record Flight(String origin, int delay, LocalDateTime landed) {}
 *
 * List<Flight> late =
 *     warehouse
 *         .sql("SELECT origin, delay, landed FROM flights WHERE origin = $origin AND delay > $delay")
 *         .bind("origin", "JFK")
 *         .bind("delay", 15)
 *         .timeout(Duration.ofSeconds(10))
 *         .list(Flight.class);
 * }</pre>
 *
 * <p><b>Parameters</b> are {@code ?}, or {@code $name}, or {@code $1}; a statement has one of these
 * kinds. Names are compared as DuckDB does, upper and lower case alike. A value is a number, {@code
 * Boolean}, {@code String}, enum, {@code byte[]}, {@code UUID}, a date, time or moment of {@code
 * java.time}, null, or a {@code Collection} of one of these types (but not {@code BigInteger}),
 * which becomes a LIST: {@code WHERE origin = ANY($origins)}.
 *
 * <p><b>Threads.</b> One thread sets up a query; several may then run it at once, and any may
 * {@link #cancel} it. Interrupting a thread does not end what it runs, and its interrupted status
 * stays as it is.
 */
public final class Query {
  private static final long MAX_ROWS = 1_000_000;
  private static final int SHOWN_ROWS = 20;

  private final Warehouse warehouse;
  private final String sql;
  private final Bindings bindings;
  private int batchRows;
  private long maxRows = MAX_ROWS;
  private @Nullable Duration timeout;
  private Progress progress = Progress.NONE;

  private final Set<Running> runs = ConcurrentHashMap.newKeySet();

  /** Which snapshots the statement sees, by the names that it calls them. */
  private final Map<String, Snapshot> past = new LinkedHashMap<>();

  Query(Warehouse warehouse, String sql, int batchRows) {
    this.warehouse = warehouse;
    this.sql = Objects.requireNonNull(sql, "sql");
    this.bindings = new Bindings(sql);
    this.batchRows = batchRows;
  }

  /**
   * The values for the statement's {@code ?} or {@code $1}, all of them in their order.
   *
   * @throws IllegalArgumentException if the statement has names, or values were bound before
   */
  public Query bind(@Nullable Object... parameters) {
    bindings.positional(parameters);
    return this;
  }

  /**
   * The value for the statement's {@code $name}, wherever and however often it stands. A statement
   * that has {@code ?} takes these for its two values, a text and another: which is meant, the
   * statement decides.
   *
   * @param name without the dollar
   * @throws IllegalArgumentException if the statement has no such name, or it was bound before
   */
  public Query bind(String name, @Nullable Object value) {
    bindings.named(name, value);
    return this;
  }

  /** The most rows that a batch of {@link #stream} has; 10,000 to 100,000 go fast. */
  public Query batchRows(int batchRows) {
    this.batchRows = (int) positive("batchRows", batchRows);
    return this;
  }

  /**
   * The most rows that {@link #list} takes, so that a forgotten condition does not fill the heap;
   * 1,000,000 where not given.
   */
  public Query maxRows(long maxRows) {
    this.maxRows = positive("maxRows", maxRows);
    return this;
  }

  /**
   * How long one run may take: a call until it returns, a stream until it is closed. After that it
   * ends with {@link ErrorCode#TIMED_OUT}; what a statement changed is undone.
   */
  public Query timeout(Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout (" + timeout + ") must be > 0");
    }
    this.timeout = timeout;
    return this;
  }

  /** Is told how far runs are: {@link #execute} in percent, lists and streams in rows. */
  public Query progress(Progress progress) {
    this.progress = Objects.requireNonNull(progress, "progress");
    return this;
  }

  /**
   * Lets the statement see a snapshot under a name, its rows in their order. It hides a table or
   * view of that name, also from views that the statement uses. Of a table that the statement
   * changes there can be no snapshot in it.
   *
   * <p>Before the first row is given, all of the snapshot's files have been compared with their
   * hashes: {@link ErrorCode#CONTENT_ALTERED} where one is not what was registered.
   *
   * @param snapshot borrowed, with its registry
   */
  public Query asOf(String table, Snapshot snapshot) {
    Sql.table(table);
    past.put(table, Objects.requireNonNull(snapshot, "snapshot"));
    return this;
  }

  /**
   * Starts the query. Its rows come as they are read, in batches of up to {@link #batchRows}, so
   * that a result may be larger than memory. The vectors of a batch are valid until the next one is
   * loaded or the stream is closed. A stream that was closed, or whose warehouse was, throws {@link
   * IllegalStateException}.
   *
   * @return a stream for one thread at a time; the caller closes it
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} with DuckDB's message if the statement
   *     is refused, here or while it is read; {@link ErrorCode#NAME_UNKNOWN} if it names a table
   *     that is not there; {@link ErrorCode#OUT_OF_MEMORY} if DuckDB needs more than it has; {@link
   *     ErrorCode#CANCELLED} and {@link ErrorCode#TIMED_OUT}, here or while it is read
   */
  public ArrowReader stream() {
    ArrowMemory.requireAccess();
    return warehouse.inside(
        () -> {
          Running running = start();
          try {
            return running.step(
                () ->
                    warehouse.stream(
                        running, prepare("", Call.Mode.LAZY, running), batchRows, progress));
          } catch (SQLException | RuntimeException e) {
            running.close();
            throw e;
          }
        });
  }

  /**
   * Runs the statement to its end, such as one that creates or changes tables. Rows that it gives
   * are held in memory until all are counted; {@link #stream} reads many.
   *
   * @return the number of rows that it changed; for one that gives rows, how many it gave
   * @throws MlInfraException as {@link #stream}
   */
  public long execute() {
    return run("", Call.Mode.WHOLE, Call::run);
  }

  /**
   * The rows as records, or the values of a single column.
   *
   * <p>A record's components are matched to columns by name, where {@code eventTime}, {@code
   * event_time} and {@code EVENT_TIME} are alike; each must have its column and the other way
   * round. Types are {@code boolean}, {@code byte} to {@code long}, {@code float}, {@code double},
   * their boxes, {@code BigInteger}, {@code BigDecimal}, {@code String}, {@code byte[]}, {@code
   * UUID}, {@code LocalDate}, {@code LocalTime}, {@code LocalDateTime} for TIMESTAMP, {@code
   * Instant} and {@code OffsetDateTime} for TIMESTAMP WITH TIME ZONE, enums by name, {@code List},
   * {@code Map}, and records for STRUCT. A number fits where nothing of it is lost, a DECIMAL into
   * a {@code double} that is written alike; a value that does not fit is an error. A component is
   * null where the column is, unless it is primitive, which is an error, too.
   *
   * <p>Needs no JVM flag. Meant for small results; {@link #stream} is many times faster.
   *
   * @param type a record, or the type of the only column, which must have no NULL then
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if columns and type do not fit,
   *     naming the column, and the row (from 1) where it is about a value, or if there are more
   *     than {@link #maxRows}; otherwise as {@link #stream}
   * @throws IllegalArgumentException if no column can become this type
   */
  public <T> List<T> list(Class<T> type) {
    RowMapper.Plan<T> plan = RowMapper.of(type);
    return run("", Call.Mode.first(maxRows + 1), call -> plan.list(call, maxRows, progress));
  }

  /**
   * The one row of a result that has exactly one, as {@link #list} gives it.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if there is none, or more than one
   *     row, or a NULL; otherwise as {@link #list}
   */
  public <T> T value(Class<T> type) {
    RowMapper.Plan<T> plan = RowMapper.of(type);
    return run("", Call.Mode.first(2), plan::only);
  }

  /** The first row as {@link #list} gives it; empty where there is no row, or a NULL alone. */
  public <T> Optional<T> first(Class<T> type) {
    RowMapper.Plan<T> plan = RowMapper.of(type);
    return run("", Call.Mode.first(1), plan::first);
  }

  /** The first 20 rows for people to look at, see {@link #show(int)}. */
  public Preview show() {
    return show(SHOWN_ROWS);
  }

  /**
   * The first rows for people to look at. Needs no JVM flag.
   *
   * @param rows so many are kept; further ones are counted, up to 100,000
   */
  public Preview show(int rows) {
    positive("rows", rows);
    return run("", Call.Mode.first(Preview.most(rows)), call -> Preview.of(call, rows));
  }

  /** How DuckDB would run the statement, drawn with lines of text. It does not run. */
  public String explain() {
    return explain("EXPLAIN ");
  }

  /** How DuckDB ran the statement, with the time and rows of each part. It does run. */
  public String explainAnalyze() {
    return explain("EXPLAIN ANALYZE ");
  }

  private String explain(String prefix) {
    return run(
        prefix,
        Call.Mode.WHOLE,
        call -> {
          StringBuilder plan = new StringBuilder();
          try (ResultSet rows = call.rows()) {
            while (rows.next()) {
              plan.append(rows.getString(2).stripTrailing()).append('\n');
            }
          }
          return plan.toString();
        });
  }

  /**
   * The whole result as one row-major block, a missing value as NaN. All columns must be numbers
   * (or booleans, 1 and 0), see {@link FloatBlocks}.
   *
   * @param allocator of the block
   * @return the caller's to close
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it;
   *     otherwise as {@link #stream}
   */
  public FloatBlock floats(BufferAllocator allocator) {
    Objects.requireNonNull(allocator, "allocator");
    return read(rows -> FloatBlocks.read(rows, allocator));
  }

  /**
   * The whole result into memory that the caller owns, a missing value as NaN. All columns must be
   * numbers (or booleans, 1 and 0), as many as the block has.
   *
   * @param block borrowed; if this throws, what it holds is undefined
   * @return how many rows came; the rows of the block behind them are as they were
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is no number, naming it,
   *     or there are more rows than the block has; otherwise as {@link #stream}
   * @throws IllegalArgumentException if there are more or fewer columns than the block has
   */
  public int fill(NumberBlock block) {
    Objects.requireNonNull(block, "block");
    return read(block::read);
  }

  /** Inside as a whole: what reads memory by address must not see it freed by a close. */
  private <T> T read(Function<ArrowReader, T> reading) {
    return warehouse.inside(
        () -> {
          try (ArrowReader rows = stream()) {
            return reading.apply(rows);
          } catch (IOException e) {
            throw new MlInfraException(ErrorCode.INTERNAL, "closing a stream failed: " + e, e);
          }
        });
  }

  /**
   * Writes the whole result to a file or folder, all or nothing: it is written beside the target
   * under another name, {@code .mlinfra-export-….partial}, and renamed once it is complete and on
   * disk. When this throws, what was there before is still there; a process that dies leaves at
   * most such a file, which nobody needs.
   *
   * <p>The query is run once. The same rows give the same bytes if the order of the rows is total:
   * if {@link Target#sortBy} names columns that tell all rows apart or, for a target that is not
   * partitioned, if the query itself sorts so; until DuckDB's version changes. An Arrow file is
   * written batch by batch, as {@link #stream} gives them, in bounded memory.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if the target's folder is missing;
   *     {@link ErrorCode#CONFLICT} if the target is there and {@link Target#overwrite} does not
   *     allow to replace it; {@link ErrorCode#NAME_UNKNOWN} if a column to sort or partition by is
   *     not in the result; {@link ErrorCode#IO_FAILED} if it cannot be written, as when the disk is
   *     full; otherwise as {@link #stream}
   */
  public Exported export(Target target) {
    if (Objects.requireNonNull(target, "target").isArrow()) {
      ArrowMemory.requireAccess();
    }
    Statements.requireSingle(sql);
    return warehouse.inside(
        () -> {
          try (Running running = start()) {
            Exporter exporter =
                new Exporter(warehouse.database(), calls(running), bindings.sql(), target);
            // The batches of an Arrow stream are steps of their own.
            return target.isArrow() ? exporter.export() : running.step(exporter::export);
          }
        });
  }

  private Exporter.Calls calls(Running running) {
    return new Exporter.Calls() {
      @Override
      public Call prepare(String statement) throws SQLException {
        return call(statement, Call.Mode.WHOLE, running);
      }

      @Override
      public ArrowReader stream(String statement) throws SQLException {
        // A step, too: what sorts does most of its work before the first batch.
        return running.step(
            () ->
                warehouse.stream(
                    running, call(statement, Call.Mode.LAZY, running), batchRows, progress));
      }

      @Override
      public void attach(DuckDBConnection connection) {
        running.attach(connection);
      }
    };
  }

  /**
   * Ends what this query is running, from any thread: each call under way throws {@link
   * ErrorCode#CANCELLED} in its own thread, and so does the next batch of each stream that is not
   * closed, be it under way or not. What a statement changed is undone; one that has already ended
   * stays. The query can be run again. Does nothing where nothing runs.
   */
  public void cancel() {
    runs.forEach(Running::cancel);
  }

  private interface Work<T> {
    T on(Call call) throws SQLException;
  }

  private <T> T run(String prefix, Call.Mode mode, Work<T> work) {
    return warehouse.inside(
        () -> {
          try (Running running = start()) {
            return running.step(
                () -> {
                  try (Call call = prepare(prefix, mode, running)) {
                    return work.on(call);
                  }
                });
          }
        });
  }

  private Running start() {
    Running running = new Running("query", timeout, runs::remove);
    runs.add(running);
    return running;
  }

  private Call prepare(String prefix, Call.Mode mode, Running running) throws SQLException {
    Statements.requireSingle(sql);
    return call(prefix + bindings.sql(), mode, running);
  }

  /** Prepares a statement that contains this one, with its parameters and what stands before it. */
  private Call call(String statement, Call.Mode mode, Running running) throws SQLException {
    List<String> before = new ArrayList<>();
    past.forEach(
        (table, snapshot) ->
            before.add(
                "CREATE TEMP VIEW "
                    + Sql.table(table)
                    + " AS SELECT * FROM "
                    + warehouse.parts().from(snapshot)));
    Call.Text text = new Call.Text(before, statement, bindings.values());
    return Call.prepare(warehouse.database(), text, mode, running, progress);
  }

  private static long positive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " (" + value + ") must be > 0");
    }
    return value;
  }

  /** The statement. */
  @Override
  public String toString() {
    return sql;
  }
}
