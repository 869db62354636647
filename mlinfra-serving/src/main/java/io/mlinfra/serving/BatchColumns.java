package io.mlinfra.serving;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.Decimal256Vector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FixedWidthVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/** Finds a batch's columns and checks their types; their values are checked as they are read. */
final class BatchColumns {
  private BatchColumns() {}

  /** The column that an input is read from. */
  static BatchColumn bind(
      OnnxSession session, Column column, VectorSchemaRoot batch, BatchContext.Place place) {
    FieldVector vector = find(column, batch);
    if (vector.getField().getDictionary() != null) {
      throw unsuitable(column, "is dictionary-encoded; decode it first");
    }
    if (vector.getValueCount() < batch.getRowCount()) {
      throw unsuitable(
          column, "has " + vector.getValueCount() + " values for " + batch.getRowCount() + " rows");
    }
    BatchColumn bound =
        switch (column.type()) {
          case FLOAT32 -> float32(session, column, vector, place);
          case FLOAT64 -> float64(session, column, vector, place);
          case INT64 -> int64(session, column, vector, place);
          case BOOL ->
              vector instanceof BitVector bits
                  ? new CopiedColumn(
                      session, column, bits, place, (row, into) -> into.put((byte) bits.get(row)))
                  : null;
          case STRING ->
              vector instanceof VarCharVector texts
                  ? new TextColumn(session, column, texts, place)
                  : null;
        };
    if (bound == null) {
      throw unsuitable(
          column,
          "has the type "
              + vector.getField().getType()
              + " and must be "
              + Values.label(column.type())
              + " or convert to it");
    }
    return bound;
  }

  private static @Nullable BatchColumn float32(
      OnnxSession session, Column column, FieldVector vector, BatchContext.Place place) {
    if (vector instanceof Float4Vector floats) {
      return floats.getNullCount() == 0
          ? new SharedColumn(session, column, floats, place)
          : new CopiedColumn(
              session, column, floats, place, (row, into) -> into.putFloat(floats.get(row)));
    }
    if (vector instanceof Float8Vector doubles) {
      return new CopiedColumn(
          session,
          column,
          doubles,
          place,
          (row, into) -> {
            double value = doubles.get(row);
            if (!Values.fitsFloat32(value)) {
              throw place.inexact(column, row, value);
            }
            into.putFloat((float) value);
          });
    }
    LongReader integers = integers(vector);
    return integers == null
        ? null
        : new CopiedColumn(
            session,
            column,
            vector,
            place,
            (row, into) -> {
              long value = integers.get(row);
              if (!Values.fitsFloat32(value)) {
                throw place.inexact(column, row, value);
              }
              into.putFloat(value);
            });
  }

  private static @Nullable BatchColumn float64(
      OnnxSession session, Column column, FieldVector vector, BatchContext.Place place) {
    if (vector instanceof Float8Vector doubles) {
      return doubles.getNullCount() == 0
          ? new SharedColumn(session, column, doubles, place)
          : new CopiedColumn(
              session, column, doubles, place, (row, into) -> into.putDouble(doubles.get(row)));
    }
    if (vector instanceof Float4Vector floats) {
      return new CopiedColumn(
          session, column, floats, place, (row, into) -> into.putDouble(floats.get(row)));
    }
    if (vector instanceof DecimalVector decimals) {
      return new CopiedColumn(
          session,
          column,
          decimals,
          place,
          (row, into) -> into.putDouble(decimals.getObjectNotNull(row).doubleValue()));
    }
    if (vector instanceof Decimal256Vector decimals) {
      return new CopiedColumn(
          session,
          column,
          decimals,
          place,
          (row, into) -> into.putDouble(decimals.getObjectNotNull(row).doubleValue()));
    }
    LongReader integers = integers(vector);
    return integers == null
        ? null
        : new CopiedColumn(
            session,
            column,
            vector,
            place,
            (row, into) -> {
              long value = integers.get(row);
              if (!Values.fitsFloat64(value)) {
                throw place.inexact(column, row, value);
              }
              into.putDouble(value);
            });
  }

  private static @Nullable BatchColumn int64(
      OnnxSession session, Column column, FieldVector vector, BatchContext.Place place) {
    if (vector instanceof BigIntVector longs) {
      return new SharedColumn(session, column, longs, place);
    }
    LongReader integers = integers(vector);
    return integers == null
        ? null
        : new CopiedColumn(
            session, column, vector, place, (row, into) -> into.putLong(integers.get(row)));
  }

  private interface LongReader {
    long get(int row);
  }

  /** How to read an integer column, or null if it is none that fits into 64 bits signed. */
  private static @Nullable LongReader integers(FieldVector vector) {
    if (vector instanceof BigIntVector integers) {
      return integers::get;
    } else if (vector instanceof IntVector integers) {
      return integers::get;
    } else if (vector instanceof SmallIntVector integers) {
      return integers::get;
    } else if (vector instanceof TinyIntVector integers) {
      return integers::get;
    } else if (vector instanceof UInt1Vector integers) {
      return row -> Byte.toUnsignedLong(integers.get(row));
    } else if (vector instanceof UInt2Vector integers) {
      return integers::get;
    } else if (vector instanceof UInt4Vector integers) {
      return row -> Integer.toUnsignedLong(integers.get(row));
    }
    return null;
  }

  private static FieldVector find(Column column, VectorSchemaRoot batch) {
    FieldVector found = null;
    for (FieldVector vector : batch.getFieldVectors()) {
      if (vector.getName().equals(column.name())) {
        if (found != null) {
          throw unsuitable(column, "is there twice");
        }
        found = vector;
      }
    }
    if (found == null) {
      List<FieldVector> vectors = batch.getFieldVectors();
      throw unsuitable(
          column,
          "is missing; the batch has "
              + vectors.stream().map(FieldVector::getName).collect(Collectors.joining(", ")));
    }
    return found;
  }

  private static MlInfraException unsuitable(Column column, String what) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE, "the batch's column '" + column.name() + "' " + what);
  }

  /** Refuses nulls in a column that takes none. */
  static void requireNoNulls(Column column, FieldVector vector, BatchContext.Place place) {
    boolean taken = column.nullable() && column.type().canBeMissing();
    if (!taken && vector.getNullCount() > 0) {
      for (int row = 0; row < place.rows(); row++) {
        if (vector.isNull(row)) {
          throw place.unsuitable(column, row, "is null: " + Values.whyNotNull(column));
        }
      }
    }
  }

  /** The bytes of a fixed-width column must really be there before native code reads them. */
  static void requireBytes(Column column, FixedWidthVector vector, int rows) {
    long needed = (long) rows * Tensors.width(column.type());
    if (vector.getDataBuffer().capacity() < needed) {
      throw unsuitable(
          column,
          "has " + vector.getDataBuffer().capacity() + " bytes of data and needs " + needed);
    }
  }
}
