package io.mlinfra.features.offline;

import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Rows that the database has answered. */
final class SqlRows implements AnsweredRows {
  private final LabelReader answers;
  private final LabelColumns labels;
  private long done;

  /** Takes the ownership of the reader. */
  SqlRows(LabelReader answers, LabelColumns labels) {
    this.answers = answers;
    this.labels = labels;
  }

  @Override
  public int next(List<FieldVector> columns) {
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
      return rows.getRowCount();
    }
  }

  @Override
  public void close() {
    answers.close();
  }
}
