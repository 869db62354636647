package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ArrowMemory;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.data.FloatBlocks;
import io.mlinfra.core.data.NumberBlock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * One statement with its parameters and settings, to be run once or often. Not thread-safe.
 *
 * <pre>{@code
 * try (ArrowReader rows =
 *     warehouse.sql("SELECT * FROM flights WHERE delay > ?").bind(15).batchRows(50_000).stream()) {
 *   while (rows.loadNextBatch()) {
 *     …
 *   }
 * }
 * }</pre>
 */
public final class Query {
  private final Warehouse warehouse;
  private final String sql;
  private @Nullable Object[] parameters = {};
  private int batchRows;

  /** What stands before the statement on its connection, such as temporary views. */
  private final List<String> prelude = new ArrayList<>();

  Query(Warehouse warehouse, String sql, int batchRows) {
    this.warehouse = warehouse;
    this.sql = Objects.requireNonNull(sql, "sql");
    this.batchRows = batchRows;
  }

  /** The values for the statement's {@code ?}, in their order; replaces what was bound before. */
  public Query bind(@Nullable Object... parameters) {
    this.parameters = parameters.clone();
    return this;
  }

  /** The most rows that a batch of {@link #stream} has; 10,000 to 100,000 go fast. */
  public Query batchRows(int batchRows) {
    if (batchRows < 1) {
      throw new IllegalArgumentException("batchRows (" + batchRows + ") must be > 0");
    }
    this.batchRows = batchRows;
    return this;
  }

  /**
   * Lets the statement see a query under a name, which hides a table of that name.
   *
   * @param from what stands behind {@code FROM}; trusted
   */
  Query view(String name, String from) {
    prelude.add("CREATE TEMP VIEW " + Sql.table(name) + " AS SELECT * FROM " + from);
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
   *     that is not there
   */
  public ArrowReader stream() {
    ArrowMemory.requireAccess();
    return warehouse.inside(() -> warehouse.stream(prepare(), batchRows));
  }

  /**
   * Runs the statement to its end, such as one that creates or changes tables.
   *
   * @return the number of rows that it changed; for one that gives rows, how many it gave
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} with DuckDB's message
   */
  public long execute() {
    return warehouse.inside(
        () -> {
          try (Call call = prepare()) {
            return call.run();
          }
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

  private Call prepare() throws java.sql.SQLException {
    return Call.prepare(warehouse.database(), prelude, sql, parameters);
  }

  /** The statement. */
  @Override
  public String toString() {
    return sql;
  }
}
