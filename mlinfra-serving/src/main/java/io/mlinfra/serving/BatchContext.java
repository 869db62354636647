package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * Scores batches, some thousand rows a run, and keeps the memory that needs for the next batch. Not
 * thread-safe; calls take turns through a {@link Pool}.
 */
final class BatchContext implements AutoCloseable {
  /** Fastest for small networks; it also bounds what the runtime keeps between runs. */
  static final int ROWS_A_RUN = 4096;

  private final OnnxSession session;
  private final List<Column> inputs;
  private final @Nullable ByteBuffer[] memory;

  BatchContext(OnnxSession session) {
    this.session = session;
    this.inputs = session.signature().inputs();
    this.memory = new ByteBuffer[inputs.size() + 1];
  }

  /**
   * Writes one answer per row behind the position of {@code into}, which stays.
   *
   * @param output the index of a float32 output
   * @param firstRow what the batch's first row is called in messages
   */
  void score(VectorSchemaRoot batch, int output, FloatBuffer into, long firstRow) {
    int rows = batch.getRowCount();
    List<BatchColumn> columns = new ArrayList<>(inputs.size());
    for (int i = 0; i < inputs.size(); i++) {
      columns.add(BatchColumns.bind(session, inputs.get(i), batch, new Place(i, rows, firstRow)));
    }
    for (int from = 0; from < rows; from += ROWS_A_RUN) {
      int count = Math.min(ROWS_A_RUN, rows - from);
      run(columns, from, count, output, into.slice(into.position() + from, count));
    }
  }

  private void run(List<BatchColumn> columns, int from, int count, int output, FloatBuffer into) {
    // Pinned memory must be direct: the runtime would write to a copy of anything else.
    boolean shared = into.isDirect() && into.order() == ByteOrder.nativeOrder();
    FloatBuffer answers =
        shared ? into : memory(inputs.size()).clear().asFloatBuffer().slice(0, count);
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    try (OnnxTensor answer =
        OnnxTensor.createTensor(session.environment(), answers, new long[] {count, 1})) {
      for (int i = 0; i < columns.size(); i++) {
        tensors.put(session.inputNames().get(i), columns.get(i).tensor(from, count));
      }
      OrtSession.Result result =
          session.run(tensors, Set.of(), Map.of(session.outputNames().get(output), answer));
      result.close();
    } catch (OrtException e) {
      throw session.failed(e);
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
    if (!shared) {
      into.put(answers);
    }
  }

  private ByteBuffer memory(int index) {
    ByteBuffer found = memory[index];
    if (found == null) {
      found = ByteBuffer.allocateDirect(ROWS_A_RUN * 8).order(ByteOrder.nativeOrder());
      memory[index] = found;
    }
    return found;
  }

  @Override
  public void close() {
    // The memory is the JVM's to free; the tensors over it are gone with each run.
  }

  /** Where a column stands: its memory, and its rows' names in messages. */
  final class Place {
    private final int input;
    private final int rows;
    private final long firstRow;

    private Place(int input, int rows, long firstRow) {
      this.input = input;
      this.rows = rows;
      this.firstRow = firstRow;
    }

    int rows() {
      return rows;
    }

    /** Room for the values of one run, eight bytes each. */
    ByteBuffer memory() {
      return BatchContext.this.memory(input);
    }

    MlInfraException unsuitable(Column column, int row, String what) {
      return new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '" + column.name() + "' at row " + (firstRow + row) + " " + what);
    }

    MlInfraException inexact(Column column, int row, Number value) {
      return unsuitable(
          column, row, "is " + value + ", which " + Values.label(column.type()) + " cannot hold");
    }
  }
}
