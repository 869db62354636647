package io.mlinfra.features.offline;

import io.mlinfra.features.internal.Derivations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Rows that ask with their features and what is derived from both, batch by batch. */
final class TrainingStream extends ArrowReader {
  private final AnsweredRows rows;
  private final List<Field> fields;
  private final @Nullable Derivations derivations;
  private boolean failed;
  private boolean closed;

  /**
   * Takes the ownership of the rows and the allocator.
   *
   * @param answered the columns of the rows, then the features
   */
  TrainingStream(
      AnsweredRows rows,
      List<Field> answered,
      @Nullable Derivations derivations,
      BufferAllocator allocator) {
    super(allocator);
    this.rows = rows;
    this.fields = answered;
    this.derivations = derivations;
  }

  @Override
  protected Schema readSchema() {
    List<Field> all = new ArrayList<>(fields);
    if (derivations != null) {
      all.addAll(derivations.fields());
    }
    return new Schema(all);
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    if (closed) {
      throw new IllegalStateException("the training stream is closed");
    }
    if (failed) {
      // The next rows would follow on others than the caller has seen.
      throw new IllegalStateException("the training stream has failed; start another");
    }
    failed = true;
    prepareLoadNextBatch();
    boolean more = next(getVectorSchemaRoot());
    failed = false;
    return more;
  }

  private boolean next(VectorSchemaRoot batch) {
    List<FieldVector> answered = batch.getFieldVectors().subList(0, fields.size());
    int count = rows.next(answered);
    if (count == 0) {
      batch.clear();
      return false;
    }
    if (derivations != null) {
      // Not closed: its vectors belong to the batch.
      VectorSchemaRoot inputs = new VectorSchemaRoot(fields, answered, count);
      List<FieldVector> derived = derivations.compute(inputs, allocator);
      try {
        for (int i = 0; i < derived.size(); i++) {
          derived.get(i).makeTransferPair(batch.getVector(fields.size() + i)).transfer();
        }
      } finally {
        derived.forEach(FieldVector::close);
      }
    }
    batch.setRowCount(count);
    return true;
  }

  @Override
  public long bytesRead() {
    return 0;
  }

  /** Frees everything, whichever way it is called. Idempotent. */
  @Override
  public void close(boolean closeReadSource) throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (allocator;
        rows) {
      super.close(closeReadSource);
    }
  }

  @Override
  protected void closeReadSource() {}
}
