package io.mlinfra.features;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Columns of Java values, null where missing, as Arrow batches. */
public final class ArrowTable {
  /** A column and its values. */
  public record Values(Field field, List<?> list) {
    /** Some of the rows. */
    public Values rows(int from, int to) {
      return new Values(field, list.subList(from, to));
    }
  }

  private ArrowTable() {}

  public static Values text(String name, List<String> values) {
    return column(name, new ArrowType.Utf8(), values);
  }

  public static Values int64(String name, List<Long> values) {
    return column(name, new ArrowType.Int(64, true), values);
  }

  public static Values int32(String name, List<Integer> values) {
    return column(name, new ArrowType.Int(32, true), values);
  }

  public static Values float64(String name, List<Double> values) {
    return column(name, new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE), values);
  }

  public static Values float32(String name, List<Float> values) {
    return column(name, new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE), values);
  }

  public static Values bool(String name, List<Boolean> values) {
    return column(name, new ArrowType.Bool(), values);
  }

  /** Microseconds since 1970. */
  public static Values timestamp(String name, List<Long> values) {
    return column(name, new ArrowType.Timestamp(TimeUnit.MICROSECOND, null), values);
  }

  public static Values column(String name, ArrowType type, List<?> values) {
    return new Values(Field.nullable(name, type), values);
  }

  /** All rows as one batch, the caller's to close. */
  public static VectorSchemaRoot batch(BufferAllocator allocator, Values... columns) {
    VectorSchemaRoot batch = VectorSchemaRoot.create(schema(columns), allocator);
    fill(batch, 0, columns[0].list().size(), columns);
    return batch;
  }

  /** The rows as batches of a few, the caller's to close. */
  public static ArrowReader reader(BufferAllocator allocator, int batchRows, Values... columns) {
    return new ArrowReader(allocator) {
      private int position;

      @Override
      protected Schema readSchema() {
        return schema(columns);
      }

      @Override
      public boolean loadNextBatch() throws java.io.IOException {
        int end = Math.min(columns[0].list().size(), position + batchRows);
        fill(getVectorSchemaRoot(), position, end, columns);
        boolean more = end > position;
        position = end;
        return more;
      }

      @Override
      public long bytesRead() {
        return 0;
      }

      @Override
      protected void closeReadSource() {}
    };
  }

  private static Schema schema(Values... columns) {
    return new Schema(Arrays.stream(columns).map(Values::field).toList());
  }

  private static void fill(VectorSchemaRoot batch, int from, int to, Values... columns) {
    batch.allocateNew();
    for (int c = 0; c < columns.length; c++) {
      FieldVector vector = batch.getVector(c);
      for (int row = from; row < to; row++) {
        set(vector, row - from, columns[c].list().get(row));
      }
    }
    batch.setRowCount(to - from);
  }

  private static void set(FieldVector vector, int row, Object value) {
    while (vector.getValueCapacity() <= row) {
      vector.reAlloc();
    }
    if (value == null) {
      vector.setNull(row);
    } else if (vector instanceof VarCharVector typed) {
      typed.setSafe(row, ((String) value).getBytes(StandardCharsets.UTF_8));
    } else if (vector instanceof BigIntVector typed) {
      typed.setSafe(row, (Long) value);
    } else if (vector instanceof IntVector typed) {
      typed.setSafe(row, (Integer) value);
    } else if (vector instanceof SmallIntVector typed) {
      typed.setSafe(row, ((Number) value).intValue());
    } else if (vector instanceof TinyIntVector typed) {
      typed.setSafe(row, ((Number) value).intValue());
    } else if (vector instanceof UInt1Vector typed) {
      typed.setSafe(row, ((Number) value).intValue());
    } else if (vector instanceof UInt2Vector typed) {
      typed.setSafe(row, ((Number) value).intValue());
    } else if (vector instanceof UInt4Vector typed) {
      typed.setSafe(row, ((Number) value).intValue());
    } else if (vector instanceof Float8Vector typed) {
      typed.setSafe(row, (Double) value);
    } else if (vector instanceof Float4Vector typed) {
      typed.setSafe(row, (Float) value);
    } else if (vector instanceof BitVector typed) {
      typed.setSafe(row, (Boolean) value ? 1 : 0);
    } else if (vector instanceof DecimalVector typed) {
      typed.setSafe(row, ((BigDecimal) value).setScale(typed.getScale()));
    } else if (vector instanceof TimeStampVector typed) {
      typed.setSafe(row, (Long) value);
    } else {
      throw new IllegalArgumentException(vector.getField().toString());
    }
  }
}
