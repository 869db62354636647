package io.mlinfra.features.transform;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.stream.Collectors;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Reads raw columns out of Arrow batches. */
final class RawColumns {
  private RawColumns() {}

  /** The type of a column that must be there. */
  static ColumnType type(Schema schema, String name) {
    for (Field field : schema.getFields()) {
      if (field.getName().equals(name)) {
        return ColumnType.of(field);
      }
    }
    throw unknown(schema, name);
  }

  static FieldVector vector(VectorSchemaRoot batch, String name) {
    FieldVector vector = batch.getVector(name);
    if (vector == null) {
      throw unknown(batch.getSchema(), name);
    }
    return vector;
  }

  private static MlInfraException unknown(Schema schema, String name) {
    String there =
        schema.getFields().stream().map(Field::getName).collect(Collectors.joining(", "));
    return new MlInfraException(
        ErrorCode.NAME_UNKNOWN, "there is no column '" + name + "'; the columns are " + there);
  }

  /**
   * The input that a numeric column becomes. A whole number cannot be missing in ONNX, so a column
   * of whole numbers or truth values with gaps goes in as float64, where NaN says missing.
   */
  static Column numericInput(String name, ColumnType type, boolean nullable) {
    return new Column(name, nullable && !type.hasNaN() ? ColumnType.FLOAT64 : type, nullable);
  }

  /** The column of an input, of a type whose values the input can hold. */
  static FieldVector vector(VectorSchemaRoot batch, Column input) {
    FieldVector vector = vector(batch, input.name());
    ColumnType type = ColumnType.of(vector.getField());
    boolean widened = input.type().hasNaN() && type != ColumnType.STRING;
    if (type != input.type() && !widened) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + input.name()
              + "' is "
              + type
              + ", but was "
              + input.type()
              + " in training");
    }
    return vector;
  }

  /**
   * A numeric column as the doubles that the graph computes with, NaN where missing.
   *
   * @throws MlInfraException if {@code column} is not nullable and a value is missing
   */
  static double[] doubles(VectorSchemaRoot batch, Column column) {
    FieldVector vector = vector(batch, column);
    double[] values = doubles(vector, batch.getRowCount());
    if (column.type() == ColumnType.FLOAT32 && !(vector instanceof Float4Vector)) {
      for (int row = 0; row < values.length; row++) {
        values[row] = (float) values[row];
      }
    }
    if (!column.nullable()) {
      for (int row = 0; row < values.length; row++) {
        if (Double.isNaN(values[row])) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "column '"
                  + column.name()
                  + "' is missing in row "
                  + row
                  + " of a batch, and was never missing in the training data");
        }
      }
    }
    return values;
  }

  /** A numeric column as doubles, NaN where missing. */
  static double[] doubles(FieldVector vector, int rows) {
    double[] values = new double[rows];
    // The common types from memory: the vectors' accessors check every value.
    if (vector instanceof Float8Vector) {
      memory(vector, 8, rows).asDoubleBuffer().get(values);
    } else if (vector instanceof BigIntVector) {
      LongBuffer longs = memory(vector, 8, rows).asLongBuffer();
      for (int row = 0; row < rows; row++) {
        values[row] = longs.get(row);
      }
    } else if (vector instanceof IntVector) {
      IntBuffer ints = memory(vector, 4, rows).asIntBuffer();
      for (int row = 0; row < rows; row++) {
        values[row] = ints.get(row);
      }
    } else if (vector instanceof Float4Vector) {
      FloatBuffer floats = memory(vector, 4, rows).asFloatBuffer();
      for (int row = 0; row < rows; row++) {
        values[row] = floats.get(row);
      }
    } else {
      for (int row = 0; row < rows; row++) {
        values[row] = vector.isNull(row) ? Double.NaN : value(vector, row);
      }
      return values;
    }
    if (vector.getNullCount() > 0) {
      for (int row = 0; row < rows; row++) {
        if (vector.isNull(row)) {
          values[row] = Double.NaN;
        }
      }
    }
    return values;
  }

  private static ByteBuffer memory(FieldVector vector, int width, int rows) {
    return vector.getDataBuffer().nioBuffer(0, width * rows).order(ByteOrder.nativeOrder());
  }

  private static double value(FieldVector vector, int row) {
    if (vector instanceof BaseIntVector typed) {
      return typed.getValueAsLong(row);
    } else if (vector instanceof BitVector typed) {
      return typed.get(row);
    } else if (vector instanceof DecimalVector typed) {
      return typed.getObjectNotNull(row).doubleValue();
    }
    throw new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "column '"
            + vector.getName()
            + "' has type "
            + vector.getField().getType()
            + ", not a number");
  }
}
