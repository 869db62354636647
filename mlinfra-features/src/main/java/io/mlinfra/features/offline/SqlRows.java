package io.mlinfra.features.offline;

import io.mlinfra.core.Progress;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/** Rows that the database has answered. */
final class SqlRows implements AnsweredRows {
  private final LabelReader answers;
  private final LabelColumns labels;
  private final Progress progress;
  private Progress.@Nullable Task task;
  private long done;

  /** Takes the ownership of the reader. */
  SqlRows(LabelReader answers, LabelColumns labels, Progress progress) {
    this.answers = answers;
    this.labels = labels;
    this.progress = progress;
  }

  @Override
  public int next(List<FieldVector> columns) {
    if (task == null) {
      task = progress.start("features at each row's time", -1, "rows");
    }
    try (VectorSchemaRoot rows = answers.next()) {
      if (rows == null) {
        return 0;
      }
      // For the check alone: a row without a time is answered by no engine.
      labels.times(rows, done);
      for (int i = 0; i < columns.size(); i++) {
        rows.getVector(i).makeTransferPair(columns.get(i)).transfer();
      }
      done += rows.getRowCount();
      task.advance(rows.getRowCount());
      return rows.getRowCount();
    }
  }

  @Override
  @SuppressWarnings("try") // the task is ended, not used
  public void close() {
    try (Progress.Task ending = task) {
      answers.close();
    }
  }
}
