package io.mlinfra.warehouse;

import io.mlinfra.core.data.ColumnType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.BitVectorHelper;
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

  /** Past the vectors' own setters, which take twice as long. */
  private static void read(DuckDBReadableVector from, FieldVector to, int rows) {
    ArrowBuf valid = to.getValidityBuffer();
    valid.setOne(0L, (rows + 7L) / 8);
    ArrowBuf data = to.getDataBuffer();
    for (int row = 0; row < rows; row++) {
      if (from.isNull(row)) {
        BitVectorHelper.unsetBit(valid, row);
      } else if (to instanceof Float8Vector) {
        data.setDouble(8L * row, from.getDouble(row));
      } else if (to instanceof BigIntVector) {
        data.setLong(8L * row, from.getLong(row));
      } else if (to instanceof Float4Vector) {
        data.setFloat(4L * row, from.getFloat(row));
      } else if (to instanceof BitVector vector) {
        vector.set(row, from.getBoolean(row) ? 1 : 0);
      } else if (to instanceof VarCharVector vector) {
        vector.setSafe(row, from.getString(row).getBytes(StandardCharsets.UTF_8));
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
    if (result instanceof VarCharVector vector) {
      writeText(vector, to, rows);
      return;
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
      }
    }
  }

  /** At once: each hand-over of texts crosses into native code. */
  private void writeText(VarCharVector from, DuckDBWritableVector to, int rows) throws Exception {
    byte[][] texts = new byte[rows][];
    for (int row = 0; row < rows; row++) {
      if (!isNull(row)) {
        texts[row] = from.get(row);
        // DuckDB takes that for granted.
        Text.validateUTF8(texts[row]);
      }
    }
    to.setStringUtf8Batch(0, texts);
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
