package io.mlinfra.training;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.TrainingSet;
import java.io.IOException;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.ArrowReader;

/** Reads a binary label. */
final class Labels {
  private Labels() {}

  /** The labels of all rows as 0 and 1. */
  static float[] read(TrainingSet data, String label) {
    float[] labels = new float[data.rows()];
    int at = 0;
    try (ArrowReader reader = data.reader(label)) {
      while (reader.loadNextBatch()) {
        at = read(reader.getVectorSchemaRoot().getVector(0), labels, at);
      }
      return labels;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the label '" + label + "' failed: " + e.getMessage(), e);
    }
  }

  /**
   * Appends a batch of labels.
   *
   * @return where the next batch goes
   */
  static int read(FieldVector vector, float[] into, int from) {
    for (int row = 0; row < vector.getValueCount(); row++) {
      into[from + row] = binary(vector.getName(), vector.getObject(row), from + row);
    }
    return from + vector.getValueCount();
  }

  private static float binary(String label, Object value, int row) {
    if (value == null) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE, "the label '" + label + "' is missing in row " + row);
    }
    if (value instanceof Boolean truth) {
      return truth ? 1 : 0;
    }
    if (value instanceof Number number
        && (number.doubleValue() == 0 || number.doubleValue() == 1)) {
      return number.floatValue();
    }
    throw new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "the label '"
            + label
            + "' must be binary (true, false, 0 or 1); row "
            + row
            + " holds '"
            + value
            + "'");
  }

  /** Refuses labels from which a classifier can learn nothing. */
  static void requireBothClasses(String label, float[] labels) {
    long ones = 0;
    for (float value : labels) {
      ones += (long) value;
    }
    if (ones == 0 || ones == labels.length) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the label '"
              + label
              + "' is "
              + (ones == 0 ? "0" : "1")
              + " in all "
              + labels.length
              + " rows; a classifier needs both classes");
    }
  }
}
