package io.mlinfra.features.offline;

import io.mlinfra.core.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Rows that are answered together. */
final class LabelChunk implements AutoCloseable {
  /** Fewer rows would read the events too often, however little memory there is. */
  private static final int FEWEST_ROWS = 1 << 16;

  private static final int MOST_ROWS = 1 << 28;

  private final List<VectorSchemaRoot> batches = new ArrayList<>();
  private long[] times = new long[TrainingSet.BATCH_ROWS];
  private int rows;
  private boolean last;
  private long spare;

  private LabelChunk() {}

  /**
   * Reads as many rows as there is room for.
   *
   * @param first the number of the first row
   * @param bytes how much memory the rows and their answers may take
   * @param answerBytes how much the answers of one row take
   * @return the caller's to close
   */
  static LabelChunk read(
      LabelReader reader,
      LabelColumns columns,
      long first,
      long bytes,
      long answerBytes,
      Progress progress) {
    LabelChunk chunk = new LabelChunk();
    try (Progress.Task task = progress.start("reading labels", -1, "rows")) {
      long own = 0;
      while (chunk.rows < FEWEST_ROWS
          || chunk.rows < MOST_ROWS && own + chunk.rows * answerBytes < bytes) {
        VectorSchemaRoot batch = reader.next();
        if (batch == null) {
          chunk.last = true;
          chunk.spare = Math.max(0, bytes - own - chunk.rows * answerBytes);
          break;
        }
        chunk.batches.add(batch);
        chunk.add(columns.times(batch, first + chunk.rows));
        own += batch.getFieldVectors().stream().mapToLong(FieldVector::getBufferSize).sum();
        task.advance(batch.getRowCount());
      }
      return chunk;
    } catch (RuntimeException | Error e) {
      chunk.close();
      throw e;
    }
  }

  private void add(long[] more) {
    if (rows + more.length > times.length) {
      times = Arrays.copyOf(times, Math.max(2 * times.length, rows + more.length));
    }
    System.arraycopy(more, 0, times, rows, more.length);
    rows += more.length;
  }

  int rows() {
    return rows;
  }

  /** Whether no rows come after it. */
  boolean isLast() {
    return last;
  }

  /** How many bytes of what it may take nobody needs, this being the last. */
  long spare() {
    return spare;
  }

  long[] times() {
    if (times.length > rows) {
      times = Arrays.copyOf(times, rows);
    }
    return times;
  }

  /** The rows in order, this chunk's to close. */
  List<VectorSchemaRoot> batches() {
    return batches;
  }

  @Override
  public void close() {
    batches.forEach(VectorSchemaRoot::close);
  }
}
