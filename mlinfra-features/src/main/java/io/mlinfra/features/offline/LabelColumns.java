package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.internal.ValueType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The columns of the rows that ask, checked before a row is read: which holds each row's time, and
 * which the keys of each view's entity. Immutable.
 */
final class LabelColumns {
  private final Schema schema;
  private final int time;

  /** Per view the columns of its keys. */
  private final List<int[]> keys = new ArrayList<>();

  private LabelColumns(Schema schema, List<FeaturePlan> plans, String timeColumn) {
    this.schema = schema;
    Field asked = requireTime(timeColumn, schema);
    this.time = schema.getFields().indexOf(asked);
    for (FeaturePlan plan : plans) {
      requireOneKind(plan, asked);
      int[] columns = new int[plan.keyTypes().size()];
      for (int k = 0; k < columns.length; k++) {
        Field key =
            requireKey(plan, plan.view().entity().keys().get(k), plan.keyTypes().get(k), schema);
        columns[k] = schema.getFields().indexOf(key);
      }
      keys.add(columns);
    }
  }

  /**
   * Checks the columns.
   *
   * @param schema as {@link LabelReader} gives it
   * @param features what else the answer will hold
   */
  static LabelColumns of(
      Schema schema, List<FeaturePlan> plans, List<String> features, String timeColumn) {
    schema.getFields().forEach(LabelColumns::requireNoEnumerationInside);
    schema.getFields().forEach(LabelColumns::requireNoUnion);
    requireNoFeature(features, schema);
    return new LabelColumns(schema, plans, timeColumn);
  }

  private static Field requireTime(String column, Schema schema) {
    Field time = Sql.require("the training set", "time", column, "the query", schema);
    if (!Sql.isTime(time)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the training set names the time column '"
              + column
              + "', which holds "
              + Sql.show(time)
              + " in the query, not a time; cast it there");
    }
    return time;
  }

  private static void requireOneKind(FeaturePlan plan, Field time) {
    if (plan.isZoned() != Sql.isZoned(time)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the times in '"
              + time.getName()
              + "' of the query are "
              + (plan.isZoned() ? "without" : "with")
              + " a zone, those of feature view '"
              + plan.view().name()
              + "' "
              + (plan.isZoned() ? "with" : "without")
              + " one; convert one of them, such as "
              + Sql.quote(time.getName())
              + " AT TIME ZONE 'UTC'");
    }
  }

  /** Checks that the rows that ask name the entity as the events do: 7 is not '7'. */
  private static Field requireKey(FeaturePlan plan, String key, KeyType type, Schema labels) {
    String what = "feature view '" + plan.view().name() + "'";
    Field asked = Sql.require(what, "entity key", key, "the query", labels);
    if (KeyType.of(asked).filter(type::equals).isEmpty()) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what
              + " has the entity key '"
              + key
              + "', which is "
              + type.noun()
              + " in its events, but holds "
              + Sql.show(asked)
              + " in the query; cast it there");
    }
    return asked;
  }

  private static void requireNoEnumerationInside(Field field) {
    if (field.getChildren().stream().anyMatch(LabelColumns::hasDictionary)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + field.getName()
              + "' of the query holds enumerations inside; cast them to text");
    }
  }

  /** Arrow cannot copy them row by row. */
  private static void requireNoUnion(Field field) {
    if (hasUnion(field)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '" + field.getName() + "' of the query holds a union; cast it or leave it out");
    }
  }

  private static boolean hasUnion(Field field) {
    return field.getType() instanceof ArrowType.Union
        || field.getChildren().stream().anyMatch(LabelColumns::hasUnion);
  }

  private static boolean hasDictionary(Field field) {
    return field.getDictionary() != null
        || field.getChildren().stream().anyMatch(LabelColumns::hasDictionary);
  }

  private static void requireNoFeature(List<String> features, Schema schema) {
    for (Field field : schema.getFields()) {
      // The database takes names for equal that differ in case only.
      if (features.stream().anyMatch(field.getName()::equalsIgnoreCase)) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "the query has a column '"
                + field.getName()
                + "', which is the name of a feature; leave it out or name it otherwise");
      }
    }
  }

  List<Field> fields() {
    return schema.getFields();
  }

  /** What derived features may be computed from, by name. */
  Map<String, ValueType> types() {
    Map<String, ValueType> types = new HashMap<>();
    for (Field field : schema.getFields()) {
      ValueType.of(field).ifPresent(type -> types.putIfAbsent(field.getName(), type));
    }
    return types;
  }

  /**
   * The times of some rows, in microseconds UTC; finer ones are rounded down.
   *
   * @param batch has the columns of {@link #fields()} first
   * @param first the number of its first row, for the error
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a row has none, or one out of
   *     range
   */
  long[] times(VectorSchemaRoot batch, long first) {
    FieldVector vector = batch.getVector(time);
    Times.Column column = Times.column(vector);
    long[] times = new long[batch.getRowCount()];
    for (int row = 0; row < times.length; row++) {
      try {
        times[row] = column.at(row);
      } catch (ArithmeticException e) {
        throw noTime(first + row, vector, e);
      }
      if (times[row] == Times.NONE) {
        throw noTime(first + row, vector, null);
      }
    }
    return times;
  }

  private static MlInfraException noTime(
      long row, FieldVector vector, @Nullable ArithmeticException cause) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "row "
            + row
            + " of the query has no time in column '"
            + vector.getName()
            + "' that is finite and within 290,000 years of 1970; leave such rows out",
        cause);
  }

  /**
   * The keys of a view's entity in some rows, whole numbers in 64 bits.
   *
   * @param view which of the plans
   * @param batch has the columns of {@link #fields()} first
   * @param widened gets what is the caller's to close
   */
  List<FieldVector> keys(
      int view, VectorSchemaRoot batch, BufferAllocator allocator, List<FieldVector> widened) {
    List<FieldVector> found = new ArrayList<>();
    for (int column : keys.get(view)) {
      FieldVector vector = batch.getVector(column);
      if (vector instanceof BaseIntVector narrow && !(vector instanceof BigIntVector)) {
        BigIntVector wide = new BigIntVector(vector.getName(), allocator);
        widened.add(wide);
        widen(narrow, batch.getRowCount(), wide);
        found.add(wide);
      } else {
        found.add(vector);
      }
    }
    return found;
  }

  private static void widen(BaseIntVector from, int rows, BigIntVector to) {
    to.allocateNew(rows);
    for (int row = 0; row < rows; row++) {
      if (!from.isNull(row)) {
        to.set(row, from.getValueAsLong(row));
      }
    }
    to.setValueCount(rows);
  }
}
