package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeMicroVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a result of another database as batches. Dates and times are read as those of {@code
 * java.time}: what {@code java.sql.Timestamp} means depends on the zone of the machine. A value
 * that its type here cannot hold exactly is an error.
 */
final class JdbcReader extends ArrowReader {
  /** Takes one value of the current row. */
  private interface Cell {
    void read(int row) throws SQLException;
  }

  private interface Read<T> {
    @Nullable T value() throws SQLException;
  }

  private interface Write<T> {
    void set(int row, T value) throws SQLException;
  }

  private final ResultSet rows;
  private final JdbcColumns columns;
  private final int batchRows;
  private final List<Cell> cells = new ArrayList<>();
  private long done;
  private boolean ended;

  /**
   * A reader of what is left of a result.
   *
   * @param rows borrowed
   */
  JdbcReader(BufferAllocator allocator, ResultSet rows, JdbcColumns columns, int batchRows) {
    super(allocator);
    this.rows = rows;
    this.columns = columns;
    this.batchRows = batchRows;
  }

  @Override
  protected Schema readSchema() {
    return columns.schema();
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    prepareLoadNextBatch();
    VectorSchemaRoot batch = getVectorSchemaRoot();
    if (cells.isEmpty()) {
      for (int i = 0; i < batch.getFieldVectors().size(); i++) {
        cells.add(cell(batch.getVector(i), i + 1));
      }
    }
    batch.clear();
    int row = 0;
    while (row < batchRows && !ended) {
      if (next()) {
        read(row++);
      }
    }
    batch.setRowCount(row);
    done += row;
    return row > 0;
  }

  private boolean next() {
    try {
      ended = !rows.next();
      return !ended;
    } catch (SQLException e) {
      ended = true;
      throw failed("after row " + done, e);
    }
  }

  private void read(int row) {
    for (int i = 0; i < cells.size(); i++) {
      try {
        cells.get(i).read(row);
      } catch (SQLException | ArithmeticException e) {
        throw failed("column '" + columns.list().get(i).name() + "' of row " + (done + row + 1), e);
      }
    }
  }

  private static MlInfraException failed(String where, Exception error) {
    return new MlInfraException(
        error instanceof SQLException sql && String.valueOf(sql.getSQLState()).startsWith("08")
            ? ErrorCode.IO_FAILED
            : ErrorCode.DATA_UNSUITABLE,
        "the other database, " + where + ": " + error.getMessage(),
        error);
  }

  private Cell cell(FieldVector vector, int i) {
    if (vector instanceof BitVector bits) {
      return number(bits, row -> bits.setSafe(row, rows.getBoolean(i) ? 1 : 0));
    } else if (vector instanceof SmallIntVector integers) {
      return number(integers, row -> integers.setSafe(row, rows.getShort(i)));
    } else if (vector instanceof IntVector integers) {
      return number(integers, row -> integers.setSafe(row, rows.getInt(i)));
    } else if (vector instanceof BigIntVector integers) {
      return number(integers, row -> integers.setSafe(row, rows.getLong(i)));
    } else if (vector instanceof Float4Vector floats) {
      return number(floats, row -> floats.setSafe(row, rows.getFloat(i)));
    } else if (vector instanceof Float8Vector doubles) {
      return number(doubles, row -> doubles.setSafe(row, rows.getDouble(i)));
    } else if (vector instanceof DecimalVector decimals) {
      return object(
          decimals,
          () -> rows.getBigDecimal(i),
          (row, value) -> decimals.setSafe(row, fitting(value, decimals)));
    } else if (vector instanceof DateDayVector days) {
      return object(
          days,
          () -> rows.getObject(i, LocalDate.class),
          (row, value) -> days.setSafe(row, Math.toIntExact(value.toEpochDay())));
    } else if (vector instanceof TimeMicroVector times) {
      return object(
          times,
          () -> rows.getObject(i, LocalTime.class),
          (row, value) -> times.setSafe(row, value.toNanoOfDay() / 1_000));
    } else if (vector instanceof TimeStampMicroVector times) {
      return object(
          times,
          () -> rows.getObject(i, LocalDateTime.class),
          (row, value) -> times.setSafe(row, micros(value)));
    } else if (vector instanceof TimeStampMicroTZVector moments) {
      return object(
          moments,
          () -> rows.getObject(i, OffsetDateTime.class),
          (row, value) ->
              moments.setSafe(
                  row, micros(value.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime())));
    } else if (vector instanceof VarBinaryVector bytes) {
      return object(bytes, () -> rows.getBytes(i), bytes::setSafe);
    } else if (vector instanceof ListVector lists) {
      return object(
          lists, () -> rows.getArray(i), (row, value) -> list(lists, row, value.getArray()));
    }
    VarCharVector texts = (VarCharVector) vector;
    return object(
        texts,
        () -> rows.getString(i),
        (row, value) -> texts.setSafe(row, value.getBytes(StandardCharsets.UTF_8)));
  }

  /** What the driver gives as a primitive, and only then tells whether it was null. */
  private Cell number(FieldVector vector, Cell read) {
    return row -> {
      read.read(row);
      if (rows.wasNull()) {
        vector.setNull(row);
      }
    };
  }

  private static <T> Cell object(FieldVector vector, Read<T> read, Write<T> write) {
    return row -> {
      T value = read.value();
      if (value == null) {
        while (vector.getValueCapacity() <= row) {
          vector.reAlloc();
        }
        vector.setNull(row);
      } else {
        write.set(row, value);
      }
    };
  }

  private static BigDecimal fitting(BigDecimal value, DecimalVector vector) {
    BigDecimal exact = value.setScale(vector.getScale(), RoundingMode.UNNECESSARY);
    if (exact.precision() > vector.getPrecision()) {
      throw new ArithmeticException(value + " has more digits than " + vector.getField().getType());
    }
    return exact;
  }

  private static long micros(LocalDateTime value) {
    return ChronoUnit.MICROS.between(LocalDateTime.of(1970, 1, 1, 0, 0), value);
  }

  private static void list(ListVector lists, int row, Object array) throws SQLException {
    @Nullable Object[] values = (@Nullable Object[]) array;
    int at = lists.startNewValue(row);
    FieldVector elements = lists.getDataVector();
    for (int i = 0; i < values.length; i++) {
      element(elements, at + i, values[i]);
    }
    lists.endValue(row, values.length);
  }

  private static void element(FieldVector vector, int at, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      while (vector.getValueCapacity() <= at) {
        vector.reAlloc();
      }
      vector.setNull(at);
    } else if (vector instanceof BitVector bits && value instanceof Boolean flag) {
      bits.setSafe(at, flag ? 1 : 0);
    } else if (vector instanceof SmallIntVector integers && value instanceof Number number) {
      integers.setSafe(at, number.shortValue());
    } else if (vector instanceof IntVector integers && value instanceof Integer number) {
      integers.setSafe(at, number);
    } else if (vector instanceof BigIntVector integers && value instanceof Long number) {
      integers.setSafe(at, number);
    } else if (vector instanceof Float4Vector floats && value instanceof Float number) {
      floats.setSafe(at, number);
    } else if (vector instanceof Float8Vector doubles && value instanceof Double number) {
      doubles.setSafe(at, number);
    } else if (vector instanceof VarCharVector texts && value instanceof String text) {
      texts.setSafe(at, text.getBytes(StandardCharsets.UTF_8));
    } else {
      throw new SQLException("an array of more than one dimension has no counterpart here");
    }
  }

  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  protected void closeReadSource() {}
}
