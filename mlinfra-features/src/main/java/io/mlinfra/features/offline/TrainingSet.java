package io.mlinfra.features.offline;

import io.mlinfra.core.version.VersionId;
import io.mlinfra.features.internal.Times;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Rows with a time of their own and the features that were known by then, in Arrow memory.
 *
 * <p>{@link #before} and {@link #since} give views of the same memory: they need no closing and
 * live as long as the set that {@link FeatureStore#trainingSet} returned, which its caller closes.
 * Reading is thread-safe; each reader belongs to one thread and is its caller's to close.
 */
public final class TrainingSet implements AutoCloseable {
  /** Rows per batch of a reader: the numbers of a few columns then fit in a core's cache. */
  static final int BATCH_ROWS = 8192;

  private final TableMemory memory;
  private final String timeColumn;
  private final long[] times;
  private final int[] rows;
  private final List<VersionId> madeFrom;
  private final boolean owner;

  private TrainingSet(
      TableMemory memory,
      String timeColumn,
      long[] times,
      int[] rows,
      List<VersionId> madeFrom,
      boolean owner) {
    this.memory = memory;
    this.timeColumn = timeColumn;
    this.times = times;
    this.rows = rows;
    this.madeFrom = madeFrom;
    this.owner = owner;
  }

  /** Takes the ownership of {@code table} and {@code allocator}. */
  static TrainingSet owning(
      VectorSchemaRoot table, BufferAllocator allocator, String timeColumn, long[] times) {
    int[] all = IntStream.range(0, table.getRowCount()).toArray();
    TableMemory memory = new TableMemory(table, allocator);
    return new TrainingSet(memory, timeColumn, times, all, List.of(), true);
  }

  private TrainingSet view(int[] selected, List<VersionId> from) {
    return new TrainingSet(memory, timeColumn, times, selected, from, false);
  }

  /** How many rows there are. */
  public int rows() {
    return rows.length;
  }

  public Schema schema() {
    return memory.table().getSchema();
  }

  /** The column that holds each row's time. */
  public String timeColumn() {
    return timeColumn;
  }

  /** The versions that this was made from, for the lineage of what is trained on it. */
  public List<VersionId> madeFrom() {
    return madeFrom;
  }

  /** A view of the same rows that bears a note of the versions that they were made from. */
  public TrainingSet madeFrom(List<VersionId> versions) {
    return view(rows, List.copyOf(versions));
  }

  /**
   * The rows before a time.
   *
   * @param time {@code 2001-02-05} or {@code 2001-02-05T12:30}, UTC
   */
  public TrainingSet before(String time) {
    return before(parse(time));
  }

  /** The rows before a time, UTC. */
  public TrainingSet before(LocalDateTime time) {
    long limit = Times.ceiling(time);
    return where(at -> at < limit);
  }

  /**
   * The rows at or after a time.
   *
   * @param time {@code 2001-02-05} or {@code 2001-02-05T12:30}, UTC
   */
  public TrainingSet since(String time) {
    return since(parse(time));
  }

  /** The rows at or after a time, UTC. */
  public TrainingSet since(LocalDateTime time) {
    long limit = Times.ceiling(time);
    return where(at -> at >= limit);
  }

  /** The time of a row of this view, in microseconds. */
  long time(int row) {
    return times[rows[row]];
  }

  private TrainingSet where(LongPredicate wanted) {
    return view(IntStream.of(rows).filter(row -> wanted.test(times[row])).toArray(), madeFrom);
  }

  /**
   * Reads the rows in order.
   *
   * @param columns the columns to read; all if none is named
   * @return the caller's to close
   * @throws io.mlinfra.core.MlInfraException if there is no column of a name
   * @throws IllegalStateException if the set is closed
   */
  public ArrowReader reader(String... columns) {
    return GatherReader.open(memory, rows, BATCH_ROWS, List.of(columns));
  }

  /**
   * Reads the rows in an order drawn at random from a seed: the same seed, the same order.
   *
   * @param batchRows how many rows a batch holds, but for the last; 1 or more
   * @param columns the columns to read; all if none is named
   * @return the caller's to close
   * @throws io.mlinfra.core.MlInfraException if there is no column of a name
   * @throws IllegalStateException if the set is closed
   */
  public ArrowReader shuffled(long seed, int batchRows, String... columns) {
    int[] order = rows.clone();
    Random random = new Random(seed);
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return GatherReader.open(memory, order, batchRows, List.of(columns));
  }

  /**
   * Frees the memory, if this is the set that {@link FeatureStore#trainingSet} returned; a view has
   * none to free. Waits for reads under way and closes the readers that are still open. Idempotent;
   * reading after it throws {@link IllegalStateException}.
   */
  @Override
  public void close() {
    if (owner) {
      memory.close();
    }
  }

  @Override
  public String toString() {
    return "TrainingSet["
        + rows.length
        + " rows by "
        + timeColumn
        + ", "
        + memory.table().getSchema().getFields().size()
        + " columns]";
  }

  private static LocalDateTime parse(String time) {
    try {
      return time.indexOf('T') < 0
          ? LocalDate.parse(time).atStartOfDay()
          : LocalDateTime.parse(time);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "time ('" + time + "') must look like 2001-02-05 or 2001-02-05T12:30", e);
    }
  }
}
