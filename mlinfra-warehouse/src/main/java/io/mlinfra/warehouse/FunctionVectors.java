package io.mlinfra.warehouse;

import io.mlinfra.core.data.ColumnType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.util.Text;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.duckdb.DuckDBWritableVector;

/** The vectors of one call at a time: what goes in, what comes out. Not thread-safe. */
final class FunctionVectors implements AutoCloseable {
  private static final long SMALL_BYTES = 1 << 20;

  private final ScalarFunction function;
  private final VectorSchemaRoot arguments;
  private final FieldVector result;

  FunctionVectors(ScalarFunction function, BufferAllocator allocator) {
    this.function = function;
    List<FieldVector> vectors = new ArrayList<>();
    for (ScalarFunction.Argument argument : function.arguments()) {
      vectors.add(vector(argument.name(), argument.type(), allocator));
    }
    this.arguments = new VectorSchemaRoot(vectors);
    this.result = vector(function.name(), function.result(), allocator);
  }

  private static FieldVector vector(String name, ColumnType type, BufferAllocator allocator) {
    return switch (type) {
      case FLOAT32 -> new Float4Vector(name, allocator);
      case FLOAT64 -> new Float8Vector(name, allocator);
      case INT64 -> new BigIntVector(name, allocator);
      case STRING -> new VarCharVector(name, allocator);
      case BOOL -> new BitVector(name, allocator);
    };
  }

  VectorSchemaRoot arguments() {
    return arguments;
  }

  FieldVector result() {
    return result;
  }

  /** Takes the arguments over and empties the result. */
  void read(DuckDBDataChunkReader chunk) throws Exception {
    int rows = Math.toIntExact(chunk.rowCount());
    for (int column = 0; column < function.arguments().size(); column++) {
      FieldVector vector = arguments.getVector(column);
      empty(vector, rows);
      read(chunk.vector(column), vector, rows);
      vector.setValueCount(rows);
    }
    arguments.setRowCount(rows);
    empty(result, rows);
  }

  /** The function may have done anything to them, such as having closed them. */
  private static void empty(FieldVector vector, int rows) {
    if (vector.getValueCapacity() < rows) {
      vector.setInitialCapacity(rows);
      vector.allocateNew();
    }
    vector.reset();
  }

  private static void read(DuckDBReadableVector from, FieldVector to, int rows) {
    if (to instanceof Float8Vector vector) {
      for (int row = 0; row < rows; row++) {
        if (!from.isNull(row)) {
          vector.set(row, from.getDouble(row));
        }
      }
    } else if (to instanceof BigIntVector vector) {
      for (int row = 0; row < rows; row++) {
        if (!from.isNull(row)) {
          vector.set(row, from.getLong(row));
        }
      }
    } else if (to instanceof Float4Vector vector) {
      for (int row = 0; row < rows; row++) {
        if (!from.isNull(row)) {
          vector.set(row, from.getFloat(row));
        }
      }
    } else if (to instanceof BitVector vector) {
      for (int row = 0; row < rows; row++) {
        if (!from.isNull(row)) {
          vector.set(row, from.getBoolean(row) ? 1 : 0);
        }
      }
    } else if (to instanceof VarCharVector vector) {
      for (int row = 0; row < rows; row++) {
        if (!from.isNull(row)) {
          vector.setSafe(row, from.getString(row).getBytes(StandardCharsets.UTF_8));
        }
      }
    }
  }

  /** Hands the result over. */
  void write(DuckDBWritableVector to) throws Exception {
    int rows = arguments.getRowCount();
    if (to.rowCount() != rows || result.getValueCount() != to.rowCount()) {
      throw new IllegalStateException(
          "its result has %s values for %s rows; call setValueCount"
              .formatted(result.getValueCount(), to.rowCount()));
    }
    for (int row = 0; row < rows; row++) {
      if (isNull(row)) {
        to.setNull(row);
      } else if (result instanceof Float8Vector vector) {
        to.setDouble(row, vector.get(row));
      } else if (result instanceof BigIntVector vector) {
        to.setLong(row, vector.get(row));
      } else if (result instanceof Float4Vector vector) {
        to.setFloat(row, vector.get(row));
      } else if (result instanceof BitVector vector) {
        to.setBoolean(row, vector.get(row) != 0);
      } else if (result instanceof VarCharVector vector) {
        to.setString(row, text(vector.get(row)));
      }
    }
  }

  private boolean isNull(int row) {
    if (result.isNull(row)) {
      return true;
    }
    if (function.isNullOnNull()) {
      for (FieldVector argument : arguments.getFieldVectors()) {
        if (argument.isNull(row)) {
          return true;
        }
      }
    }
    return false;
  }

  /** DuckDB takes for granted that text is UTF-8. */
  private static String text(byte[] bytes) throws Exception {
    return Text.decode(bytes, 0, bytes.length, false);
  }

  /** Whether it is worth keeping for the next call. */
  boolean isSmall() {
    return arguments.getFieldVectors().stream().mapToLong(FunctionVectors::bytes).sum()
            + bytes(result)
        <= SMALL_BYTES;
  }

  private static long bytes(FieldVector vector) {
    long bytes = 0;
    for (var buffer : vector.getBuffers(false)) {
      bytes += buffer.capacity();
    }
    return bytes;
  }

  @Override
  public void close() {
    try (result) {
      arguments.close();
    }
  }
}
