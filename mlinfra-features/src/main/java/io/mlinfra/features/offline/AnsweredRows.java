package io.mlinfra.features.offline;

import java.util.List;
import org.apache.arrow.vector.FieldVector;

/** The rows that ask, in their order, and their features: what an engine gives. */
interface AnsweredRows extends AutoCloseable {
  /**
   * The next rows, at most {@link TrainingSet#BATCH_ROWS}.
   *
   * @param columns get the columns of the rows and then a column per feature, in place of what they
   *     held
   * @return how many rows there are; 0 at the end
   */
  int next(List<FieldVector> columns);

  @Override
  void close();
}
