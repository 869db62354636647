package io.mlinfra.training;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.offline.TrainingSet;
import java.io.IOException;
import java.math.BigDecimal;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FloatingPointVector;
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
    int count = vector.getValueCount();
    for (int row = 0; row < count; row++) {
      if (vector.isNull(row)) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "the label '" + vector.getName() + "' is missing in row " + (from + row));
      }
      double value = value(vector, row);
      if (value != 0 && value != 1) {
        throw notBinary(vector, "row " + (from + row) + " holds '" + vector.getObject(row) + "'");
      }
      into[from + row] = (float) value;
    }
    return from + count;
  }

  private static double value(FieldVector vector, int row) {
    if (vector instanceof BitVector typed) {
      return typed.get(row);
    } else if (vector instanceof BaseIntVector typed) {
      return typed.getValueAsLong(row);
    } else if (vector instanceof FloatingPointVector typed) {
      return typed.getValueAsDouble(row);
    } else if (vector instanceof DecimalVector typed) {
      // Not by way of the nearest double: 1 + 10⁻³⁰ is not 1.
      BigDecimal value = typed.getObjectNotNull(row);
      return value.compareTo(BigDecimal.ONE) == 0 ? 1 : value.signum() == 0 ? 0 : Double.NaN;
    }
    throw notBinary(vector, "it holds " + vector.getField().getType());
  }

  private static MlInfraException notBinary(FieldVector vector, String why) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "the label '" + vector.getName() + "' must be binary (true, false, 0 or 1); " + why);
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
          labels.length == 0
              ? "there is no row to learn '" + label + "' from"
              : "the label '"
                  + label
                  + "' is "
                  + (ones == 0 ? "0" : "1")
                  + " in all "
                  + labels.length
                  + " rows; both classes are needed");
    }
  }
}
