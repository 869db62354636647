package io.mlinfra.features.internal;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Query;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Reads the events of a view from a warehouse. */
public final class EventReader {
  private EventReader() {}

  /** What a view's source holds. */
  public static Schema schema(Warehouse warehouse, FeatureView view) {
    if (!view.isSql()) {
      return warehouse.schema(view.source());
    }
    try (ArrowReader none =
        warehouse.query("SELECT * FROM " + Sql.subquery(view.source()) + " AS e LIMIT 0")) {
      return none.getVectorSchemaRoot().getSchema();
    } catch (IOException e) {
      throw failed(view, e);
    }
  }

  /** Reads all events. */
  public static Events read(Warehouse warehouse, FeaturePlan plan) {
    return read(plan, warehouse.sql(sql(plan, "")));
  }

  /**
   * Reads the events that became visible after one time and not after another.
   *
   * @param after in microseconds; {@link Long#MIN_VALUE} for all
   * @param until in microseconds
   */
  public static Events read(Warehouse warehouse, FeaturePlan plan, long after, long until) {
    return read(
        plan,
        warehouse.sql(sql(plan, "greatest(e, n) > ? AND greatest(e, n) <= ?")).bind(after, until));
  }

  /**
   * Reads the events of some entities: those that {@link #partition} is true for. All partitions
   * together hold all events, each entity's in one of them; in the others its group is -1.
   */
  public static Events readPartition(
      Warehouse warehouse, FeaturePlan plan, int partition, int partitions) {
    List<String> keys = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      keys.add("k" + k);
    }
    return read(plan, warehouse.sql(sql(plan, partition(keys, partition, partitions))));
  }

  /**
   * The SQL condition that is true for the entities of one partition, for events and for the rows
   * that ask alike.
   *
   * @param keys expressions for the entity's keys, as {@link Sql#key} makes them
   * @param partition from 0
   */
  public static String partition(List<String> keys, int partition, int partitions) {
    if (partition < 0 || partition >= partitions) {
      throw new IllegalArgumentException(
          "partition (" + partition + ") must be 0 to " + (partitions - 1));
    }
    return "hash(" + String.join(", ", keys) + ") % " + partitions + " = " + partition;
  }

  /**
   * Reads the events of some entities.
   *
   * @param entities their keys, each once, as {@link #key} gives them
   */
  public static Events read(Warehouse warehouse, FeaturePlan plan, Collection<?> entities) {
    return read(plan, warehouse.sql(sql(plan, among(plan))).bind(columns(plan, entities)));
  }

  /** The condition that an entity is one of those in {@link #columns}. */
  private static String among(FeaturePlan plan) {
    List<String> keys = new ArrayList<>();
    List<String> lists = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      keys.add("k" + k);
      String type = plan.keyTypes().get(k) == KeyType.INTEGER ? "BIGINT" : "VARCHAR";
      lists.add("unnest(CAST(? AS " + type + "[]))");
    }
    return "(" + String.join(", ", keys) + ") IN (SELECT " + String.join(", ", lists) + ")";
  }

  /** Per key of the entity a list of its values. */
  private static Object[] columns(FeaturePlan plan, Collection<?> entities) {
    List<List<Object>> columns = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      columns.add(new ArrayList<>());
    }
    for (Object entity : entities) {
      for (int k = 0; k < columns.size(); k++) {
        columns.get(k).add(entity instanceof List<?> parts ? parts.get(k) : entity);
      }
    }
    return columns.toArray();
  }

  /** How many rows the source has: at least as many as there are events. */
  public static long count(Warehouse warehouse, FeaturePlan plan) {
    return warehouse
        .sql("SELECT count(*) FROM " + Sql.from(plan.view()) + " AS s")
        .value(Long.class);
  }

  /** How many events of some entities there are. */
  public static long count(Warehouse warehouse, FeaturePlan plan, Collection<?> entities) {
    return warehouse
        .sql("SELECT count(*) FROM (" + sql(plan, among(plan)) + ")")
        .bind(columns(plan, entities))
        .value(Long.class);
  }

  /**
   * About how many bytes of the heap an event takes while it is read and features are computed from
   * it. Different texts come on top.
   */
  public static long bytesPerEvent(FeaturePlan plan) {
    int times = plan.view().knownAt().isPresent() ? 2 : 1;
    // Its cells, one of them twice while it is put in order, and where it goes.
    return 8L * (times + plan.inputs().size() + 1) + 4;
  }

  private static Events read(FeaturePlan plan, Query query) {
    EventCollector events = new EventCollector(plan);
    try (ArrowReader reader = query.batchRows(ColumnReader.BLOCK).stream()) {
      while (reader.loadNextBatch()) {
        events.add(reader.getVectorSchemaRoot());
      }
    } catch (IOException e) {
      throw failed(plan.view(), e);
    }
    return events.build();
  }

  private static MlInfraException failed(FeatureView view, IOException e) {
    return new MlInfraException(
        ErrorCode.IO_FAILED,
        "reading the events of feature view '" + view.name() + "' failed: " + e.getMessage(),
        e);
  }

  /**
   * The query for events in any order: keys {@code k0…}, event time {@code e}, known-at {@code n}
   * if it is declared, and the inputs {@code v0…}.
   *
   * @param where a condition on these, and on {@code n} in any case; empty for none
   */
  private static String sql(FeaturePlan plan, String where) {
    FeatureView view = plan.view();
    List<String> columns = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      columns.add(Sql.key("s", view.entity().keys().get(k), plan.keyTypes().get(k)) + " AS k" + k);
      names.add("k" + k);
    }
    columns.add(Sql.micros("s", view.eventTime()) + " AS e");
    names.add("e");
    columns.add(Sql.micros("s", view.knownAt().orElse(view.eventTime())) + " AS n");
    if (view.knownAt().isPresent()) {
      names.add("n");
    }
    for (int v = 0; v < plan.inputs().size(); v++) {
      FeaturePlan.Input input = plan.inputs().get(v);
      columns.add(Sql.value("s", input.name(), input.type()) + " AS v" + v);
      names.add("v" + v);
    }
    // A query of its own around it, in which e and n cannot be mistaken for columns of the table.
    return "SELECT "
        + String.join(", ", names)
        + " FROM (SELECT "
        + String.join(", ", columns)
        + " FROM "
        + Sql.from(view)
        + " AS s)"
        + (where.isEmpty() ? "" : " WHERE " + where);
  }

  /** The key of an entity that {@link Sql#key} has read; null where a part of it is missing. */
  public static @Nullable Object key(List<FieldVector> vectors, int row) {
    for (FieldVector vector : vectors) {
      if (vector.isNull(row)) {
        return null;
      }
    }
    if (vectors.size() == 1) {
      return part(vectors.get(0), row);
    }
    return vectors.stream().map(vector -> part(vector, row)).toList();
  }

  private static Object part(FieldVector vector, int row) {
    return vector instanceof VarCharVector texts
        ? new String(texts.get(row), StandardCharsets.UTF_8)
        : (Object) ((BigIntVector) vector).get(row);
  }

  /** The cell of a value that {@link Sql#value} has read. */
  public static long cell(ValueType type, FieldVector vector, int row, Dictionary texts) {
    if (vector.isNull(row)) {
      return type.missing();
    }
    return switch (type) {
      case INT64, TIMESTAMP -> ValueType.requireCell(((BigIntVector) vector).get(row));
      case FLOAT64 -> ValueType.cell(((Float8Vector) vector).get(row));
      case BOOLEAN -> ((BitVector) vector).get(row);
      case TEXT -> texts.add(new String(((VarCharVector) vector).get(row), StandardCharsets.UTF_8));
    };
  }
}
