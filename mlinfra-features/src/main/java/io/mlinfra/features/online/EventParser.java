package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.FeatureView;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FloatingPointVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** Turns what is pushed into events of a view, or says what is wrong with it. */
final class EventParser {
  private interface Cells {
    long at(int row);
  }

  private interface Texts {
    @Nullable String at(int row);
  }

  private static final long DAY = 86_400_000_000L;

  private final FeaturePlan plan;
  private final FeatureView view;
  private final String what;

  EventParser(FeaturePlan plan) {
    this.plan = plan;
    this.view = plan.view();
    this.what = "feature view '" + view.name() + "'";
  }

  /**
   * An event by the names of its columns.
   *
   * @throws IllegalArgumentException if a column is not there, the key or a time is missing, or a
   *     value is of a wrong type
   */
  EventBatch parse(Map<String, ?> event) {
    List<Object> keys = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      String column = view.entity().keys().get(k);
      keys.add(plan.keyTypes().get(k).normal(column, required(event, column)));
    }
    long happened = time(event, view.eventTime());
    long known = view.knownAt().isPresent() ? time(event, view.knownAt().get()) : happened;
    EventBatch batch = new EventBatch(plan);
    int at = batch.add(keys.size() == 1 ? keys.get(0) : List.copyOf(keys), happened, known);
    for (int i = 0; i < plan.inputs().size(); i++) {
      FeaturePlan.Input input = plan.inputs().get(i);
      Object value = value(event, input.name());
      Dictionary text = input.type() == ValueType.TEXT ? new Dictionary() : Dictionary.NONE;
      long cell = cell(input.name(), input.type(), value, text);
      if (input.type() == ValueType.TEXT) {
        batch.set(at, i, (String) value);
      } else {
        batch.set(at, i, cell);
      }
    }
    return batch;
  }

  private @Nullable Object value(Map<String, ?> event, String column) {
    return Rows.value(event, column, what);
  }

  private Object required(Map<String, ?> event, String column) {
    Object value = value(event, column);
    if (value == null) {
      throw new IllegalArgumentException(what + ": the event has no value in '" + column + "'");
    }
    return value;
  }

  private long time(Map<String, ?> event, String column) {
    return cell(column, ValueType.TIMESTAMP, required(event, column), Dictionary.NONE);
  }

  private long cell(String column, ValueType type, @Nullable Object value, Dictionary text) {
    try {
      return type.cell(value, text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(what + ", column '" + column + "': " + e.getMessage(), e);
    }
  }

  /**
   * All events of a stream.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if a column is not there; {@link
   *     ErrorCode#DATA_UNSUITABLE} if one is of a wrong type, or a key or time is missing
   */
  EventBatch parse(ArrowReader events) {
    EventBatch batch = new EventBatch(plan);
    try {
      long row = 0;
      while (events.loadNextBatch()) {
        VectorSchemaRoot root = events.getVectorSchemaRoot();
        append(batch, root, events, row);
        row += root.getRowCount();
      }
      return batch;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the events of " + what + " failed: " + e.getMessage(), e);
    }
  }

  private void append(EventBatch batch, VectorSchemaRoot root, ArrowReader reader, long firstRow)
      throws IOException {
    int keyCount = plan.keyTypes().size();
    FieldVector[] keys = new FieldVector[keyCount];
    Texts[] textKeys = new Texts[keyCount];
    Cells[] cellKeys = new Cells[keyCount];
    for (int k = 0; k < keyCount; k++) {
      KeyType type = plan.keyTypes().get(k);
      keys[k] = vector(root, "entity key", view.entity().keys().get(k));
      if (KeyType.of(keys[k].getField()).filter(type::equals).isEmpty()) {
        throw unsuitable(keys[k].getField(), type.noun());
      }
      if (type == KeyType.TEXT) {
        textKeys[k] = texts(keys[k], reader);
      } else {
        cellKeys[k] = ((BaseIntVector) keys[k])::getValueAsLong;
      }
    }
    FieldVector happened = timeVector(root, "event time", view.eventTime());
    FieldVector known =
        view.knownAt().isPresent() ? timeVector(root, "known-at", view.knownAt().get()) : happened;
    Cells happenedAt = times(happened);
    Cells knownAt = times(known);
    Object[] inputs = new Object[plan.inputs().size()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = input(plan.inputs().get(i), root, reader);
    }
    for (int row = 0; row < root.getRowCount(); row++) {
      Object[] parts = new Object[keyCount];
      for (int k = 0; k < keyCount; k++) {
        requirePresent(!keys[k].isNull(row), keys[k], firstRow + row);
        Object part =
            plan.keyTypes().get(k) == KeyType.TEXT
                ? textKeys[k].at(row)
                : (Object) cellKeys[k].at(row);
        parts[k] = Objects.requireNonNull(part);
      }
      long event = happenedAt.at(row);
      long seen = knownAt.at(row);
      requirePresent(event != Long.MIN_VALUE, happened, firstRow + row);
      requirePresent(seen != Long.MIN_VALUE, known, firstRow + row);
      int at = batch.add(keyCount == 1 ? parts[0] : List.of(parts), event, seen);
      for (int i = 0; i < inputs.length; i++) {
        if (inputs[i] instanceof Texts texts) {
          batch.set(at, i, texts.at(row));
        } else {
          batch.set(at, i, ((Cells) inputs[i]).at(row));
        }
      }
    }
  }

  private void requirePresent(boolean present, FieldVector column, long row) {
    if (!present) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what + ": event " + row + " has no value in '" + column.getName() + "'");
    }
  }

  private FieldVector vector(VectorSchemaRoot root, String role, String column) {
    Field field = Sql.require(what, role, column, "what is pushed", root.getSchema());
    return root.getVector(field);
  }

  private FieldVector timeVector(VectorSchemaRoot root, String role, String column) {
    FieldVector vector = vector(root, role, column);
    Field field = vector.getField();
    if (!Sql.isTime(field)) {
      throw unsuitable(field, "a time");
    }
    if (Sql.isZoned(field) != plan.isZoned()) {
      throw unsuitable(field, "times with" + (plan.isZoned() ? " a" : "out a") + " zone");
    }
    return vector;
  }

  private MlInfraException unsuitable(Field field, String wanted) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        what
            + ": the column '"
            + field.getName()
            + "' of what is pushed holds "
            + Sql.show(field)
            + ", must hold "
            + wanted);
  }

  private Object input(FeaturePlan.Input input, VectorSchemaRoot root, ArrowReader reader)
      throws IOException {
    FieldVector vector = vector(root, "input", input.name());
    Field field = vector.getField();
    ValueType type = input.type();
    ValueType given = ValueType.of(field).orElseThrow(() -> unsuitable(field, type.noun()));
    boolean widened = type == ValueType.FLOAT64 && given == ValueType.INT64;
    if (given != type && !widened) {
      throw unsuitable(field, type.noun());
    }
    return switch (type) {
      case TEXT -> texts(vector, reader);
      case TIMESTAMP -> times(vector);
      case FLOAT64 -> doubles(vector);
      case INT64 -> {
        BaseIntVector numbers = (BaseIntVector) vector;
        yield (Cells)
            row ->
                vector.isNull(row)
                    ? type.missing()
                    : type.cell(numbers.getValueAsLong(row), Dictionary.NONE);
      }
      case BOOLEAN -> {
        BitVector truths = (BitVector) vector;
        yield (Cells) row -> truths.isNull(row) ? type.missing() : truths.get(row);
      }
    };
  }

  private static Cells doubles(FieldVector vector) {
    if (vector instanceof FloatingPointVector numbers) {
      return row -> vector.isNull(row) ? cell(Double.NaN) : cell(numbers.getValueAsDouble(row));
    }
    if (vector instanceof UInt8Vector numbers) {
      return row ->
          numbers.isNull(row)
              ? cell(Double.NaN)
              : cell(numbers.getObjectNoOverflow(row).doubleValue());
    }
    if (vector instanceof BaseIntVector numbers) {
      return row -> vector.isNull(row) ? cell(Double.NaN) : cell(numbers.getValueAsLong(row));
    }
    return row -> {
      Object decimal = vector.getObject(row);
      return cell(decimal == null ? Double.NaN : ((BigDecimal) decimal).doubleValue());
    };
  }

  private static long cell(double number) {
    return Double.isNaN(number) ? ValueType.FLOAT64.missing() : ValueType.cell(number);
  }

  /** Microseconds since 1970; the least long for what is missing or infinite. */
  private static Cells times(FieldVector vector) {
    if (vector instanceof DateDayVector days) {
      return row ->
          days.isNull(row) || Math.abs((long) days.get(row)) >= Integer.MAX_VALUE
              ? Long.MIN_VALUE
              : days.get(row) * DAY;
    }
    if (vector instanceof DateMilliVector millis) {
      return row -> micros(millis.isNull(row), millis, row, TimeUnit.MILLISECOND);
    }
    TimeUnit unit = ((ArrowType.Timestamp) vector.getField().getType()).getUnit();
    return row -> micros(vector.isNull(row), vector, row, unit);
  }

  private static long micros(boolean missing, FieldVector vector, int row, TimeUnit unit) {
    if (missing) {
      return Long.MIN_VALUE;
    }
    long value =
        vector instanceof DateMilliVector millis
            ? millis.get(row)
            : ((TimeStampVector) vector).get(row);
    if (value == Long.MAX_VALUE || value <= -Long.MAX_VALUE) {
      return Long.MIN_VALUE;
    }
    return switch (unit) {
      case SECOND -> Math.multiplyExact(value, 1_000_000L);
      case MILLISECOND -> Math.multiplyExact(value, 1000L);
      case MICROSECOND -> value;
      case NANOSECOND -> Math.floorDiv(value, 1000L);
    };
  }

  private static Texts texts(FieldVector vector, ArrowReader reader) throws IOException {
    if (vector instanceof VarCharVector texts) {
      return row -> text(texts, row);
    }
    long dictionary = vector.getField().getDictionary().getId();
    VarCharVector words =
        (VarCharVector)
            Objects.requireNonNull(reader.getDictionaryVectors().get(dictionary)).getVector();
    BaseIntVector places = (BaseIntVector) vector;
    return row -> vector.isNull(row) ? null : text(words, (int) places.getValueAsLong(row));
  }

  private static @Nullable String text(VarCharVector texts, int row) {
    return texts.isNull(row) ? null : new String(texts.get(row), StandardCharsets.UTF_8);
  }
}
