package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.VectorSchemaRootAppender;

/**
 * Computes the features of some views over a warehouse. The warehouse is borrowed and must stay
 * open. Thread-safe.
 */
public final class FeatureStore implements AutoCloseable {
  private static final String TIME = "__mlinfra_time";
  private static final String KEY = "__mlinfra_key_";

  private final Warehouse warehouse;
  private final List<FeatureView> views;
  private final BufferAllocator allocator;
  private final Gate gate = new Gate("the feature store");

  private FeatureStore(Warehouse warehouse, List<FeatureView> views) {
    this.warehouse = warehouse;
    this.views = views;
    this.allocator = warehouse.allocator().newChildAllocator("features", 0, Long.MAX_VALUE);
  }

  /**
   * Opens a store of some views.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if a view names a table or column that
   *     the warehouse does not have; {@link ErrorCode#DATA_UNSUITABLE} if it aggregates a column
   *     that holds no numbers
   * @throws IllegalArgumentException if two views have one name
   */
  public static FeatureStore open(Warehouse warehouse, FeatureView... views) {
    Set<String> names = new HashSet<>();
    for (FeatureView view : views) {
      if (!names.add(view.name())) {
        throw new IllegalArgumentException("there are two feature views '" + view.name() + "'");
      }
      requireColumns(view, warehouse.schema(view.source()));
    }
    return new FeatureStore(warehouse, List.of(views));
  }

  private static void requireColumns(FeatureView view, Schema schema) {
    String what = "feature view '" + view.name() + "'";
    String where = "table '" + view.source() + "'";
    requireColumn(what, "entity", view.entity(), where, schema);
    requireColumn(what, "event time", view.eventTime(), where, schema);
    if (view.knownAt() != null) {
      requireColumn(what, "known-at", view.knownAt(), where, schema);
    }
    for (Feature feature : view.features()) {
      String column = feature.aggregate().column();
      if (!column.isEmpty()) {
        ArrowType type =
            requireColumn(what, feature.aggregate() + " of", column, where, schema).getType();
        if (!(type instanceof ArrowType.Int
            || type instanceof ArrowType.FloatingPoint
            || type instanceof ArrowType.Decimal
            || type instanceof ArrowType.Bool)) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              what
                  + " asks for "
                  + feature.aggregate()
                  + ", but column '"
                  + column
                  + "' holds "
                  + type);
        }
      }
    }
  }

  private static Field requireColumn(
      String what, String role, String column, String where, Schema schema) {
    for (Field field : schema.getFields()) {
      if (field.getName().equalsIgnoreCase(column)) {
        return field;
      }
    }
    throw new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        what
            + " names the "
            + role
            + " column '"
            + column
            + "', which "
            + where
            + " does not have; its columns are "
            + schema.getFields().stream().map(Field::getName).collect(Collectors.joining(", ")));
  }

  public List<FeatureView> views() {
    return views;
  }

  /**
   * Keeps the definitions of all views as one version.
   *
   * @param name of the feature set
   */
  public Version register(Registry registry, String name) {
    String text = views.stream().map(FeatureView::definition).collect(Collectors.joining("\n"));
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put(
        "views", views.stream().map(FeatureView::name).collect(Collectors.joining(", ")));
    return registry.register(
        Kind.FEATURES, name, text.getBytes(StandardCharsets.UTF_8), properties, List.of());
  }

  /** As {@link #trainingSet(Progress, String, String, Object...)}, without progress. */
  public TrainingSet trainingSet(String labels, String timeColumn, Object... parameters) {
    return trainingSet(Progress.NONE, labels, timeColumn, parameters);
  }

  /**
   * Gives each row of a query what was known at its own time. All columns of the query stay, and
   * its order; a column per feature comes behind them: int64 for counts, float64 for the rest.
   *
   * @param labels SQL whose rows have the entity columns of all views
   * @param timeColumn the column that holds each row's time
   * @param parameters of the SQL
   * @return in memory; the caller closes it
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if a column is not there; {@link
   *     ErrorCode#DATA_UNSUITABLE} if a row has no time
   */
  public TrainingSet trainingSet(
      Progress progress, String labels, String timeColumn, Object... parameters) {
    return trainingSet(progress, views, labels, timeColumn, parameters);
  }

  private TrainingSet trainingSet(
      Progress progress,
      List<FeatureView> asked,
      String labels,
      String timeColumn,
      Object... parameters) {
    Gate.Pass pass = gate.enter();
    try {
      String inner = "FROM (" + labels + "\n) AS l";
      try (ArrowReader probe = warehouse.query("SELECT * " + inner + " LIMIT 0", parameters)) {
        Schema schema = probe.getVectorSchemaRoot().getSchema();
        requireColumn("the training set", "time", timeColumn, "the query", schema);
        for (FeatureView view : asked) {
          requireColumn(
              "feature view '" + view.name() + "'", "entity", view.entity(), "the query", schema);
        }
      }
      StringBuilder sql =
          new StringBuilder("SELECT l.*, " + micros("l", timeColumn) + " AS " + TIME);
      for (int v = 0; v < asked.size(); v++) {
        sql.append(", CAST(l.")
            .append(quote(asked.get(v).entity()))
            .append(" AS VARCHAR) AS ")
            .append(KEY)
            .append(v);
      }
      BufferAllocator own = allocator.newChildAllocator("training set", 0, Long.MAX_VALUE);
      try (ArrowReader reader =
          warehouse.query(sql.append(' ').append(inner).toString(), parameters)) {
        return build(progress, asked, reader, timeColumn, own);
      } catch (IOException | RuntimeException e) {
        // What was read so far hangs on this allocator; build() has freed it.
        own.close();
        throw e;
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the labels failed: " + e.getMessage(), e);
    } finally {
      pass.close();
    }
  }

  private TrainingSet build(
      Progress progress,
      List<FeatureView> asked,
      ArrowReader reader,
      String timeColumn,
      BufferAllocator own)
      throws IOException {
    List<FieldVector> kept = new ArrayList<>();
    try (VectorSchemaRoot all =
        VectorSchemaRoot.create(reader.getVectorSchemaRoot().getSchema(), own)) {
      all.allocateNew();
      try (Progress.Task task = progress.start("reading labels", -1, "rows")) {
        while (reader.loadNextBatch()) {
          VectorSchemaRootAppender.append(false, all, reader.getVectorSchemaRoot());
          task.advance(reader.getVectorSchemaRoot().getRowCount());
        }
      }
      int rows = all.getRowCount();
      long[] times = times(all, timeColumn);
      try (Progress.Task task =
          progress.start("features at each row's time", (long) rows * asked.size(), "rows")) {
        for (int v = 0; v < asked.size(); v++) {
          FeatureView view = asked.get(v);
          Events events = events(view);
          VarCharVector keys = (VarCharVector) all.getVector(KEY + v);
          int[] groups = new int[rows];
          for (int row = 0; row < rows; row++) {
            groups[row] =
                keys.isNull(row)
                    ? -1
                    : events.group(new String(keys.get(row), StandardCharsets.UTF_8));
          }
          double[][] answers = PointInTimeJoin.compute(events, view.features(), groups, times);
          for (int f = 0; f < answers.length; f++) {
            kept.add(vector(view.features().get(f), answers[f], own));
          }
          task.advance(rows);
        }
      }
      // Our helper columns stay behind and are freed with `all`; the label columns move over
      // without a copy.
      List<FieldVector> columns = new ArrayList<>();
      for (FieldVector vector : all.getFieldVectors()) {
        if (!vector.getName().equals(TIME) && !vector.getName().startsWith(KEY)) {
          var transfer = vector.getTransferPair(own);
          transfer.transfer();
          columns.add((FieldVector) transfer.getTo());
        }
      }
      columns.addAll(kept);
      kept.clear();
      VectorSchemaRoot table = new VectorSchemaRoot(columns);
      table.setRowCount(rows);
      return TrainingSet.owning(table, own, timeColumn, times);
    } finally {
      kept.forEach(FieldVector::close);
    }
  }

  private static long[] times(VectorSchemaRoot all, String timeColumn) {
    BigIntVector vector = (BigIntVector) all.getVector(TIME);
    long[] times = new long[all.getRowCount()];
    for (int row = 0; row < times.length; row++) {
      if (vector.isNull(row)) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "row " + row + " of the labels has no time in column '" + timeColumn + "'");
      }
      times[row] = vector.get(row);
    }
    return times;
  }

  private static FieldVector vector(Feature feature, double[] values, BufferAllocator own) {
    if (feature.aggregate().function() == Aggregate.Function.COUNT) {
      Field field =
          new Field(feature.name(), FieldType.notNullable(new ArrowType.Int(64, true)), null);
      BigIntVector vector = new BigIntVector(field, own);
      vector.allocateNew(values.length);
      for (int row = 0; row < values.length; row++) {
        vector.set(row, (long) values[row]);
      }
      vector.setValueCount(values.length);
      return vector;
    }
    Field field =
        new Field(
            feature.name(),
            FieldType.nullable(new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE)),
            null);
    Float8Vector vector = new Float8Vector(field, own);
    vector.allocateNew(values.length);
    for (int row = 0; row < values.length; row++) {
      if (!Double.isNaN(values[row])) {
        vector.set(row, values[row]);
      }
    }
    vector.setValueCount(values.length);
    return vector;
  }

  /**
   * The features of every entity of a view at one time: the very values that a training set gives a
   * row of that time.
   *
   * @param view one of {@link #views()}
   * @param at the time, UTC
   * @return a row per entity that has events: the entity as text under its own name, the time as
   *     {@code at}, the features; in memory; the caller closes it
   */
  public TrainingSet valuesAt(FeatureView view, LocalDateTime at) {
    if (!views.contains(view)) {
      throw new IllegalArgumentException("feature view '" + view.name() + "' is not in " + this);
    }
    String entity = quote(view.entity());
    String labels =
        "SELECT DISTINCT CAST("
            + entity
            + " AS VARCHAR) AS "
            + entity
            + ", CAST(? AS TIMESTAMP) AS at FROM "
            + quote(view.source())
            + " WHERE "
            + entity
            + " IS NOT NULL ORDER BY ALL";
    return trainingSet(Progress.NONE, List.of(view), labels, "at", at.toString());
  }

  private Events events(FeatureView view) {
    Set<String> columns = new LinkedHashSet<>();
    view.features().forEach(feature -> columns.add(feature.aggregate().column()));
    columns.remove("");
    String visible = micros("e", view.eventTime());
    if (view.knownAt() != null) {
      String known = micros("e", view.knownAt());
      // greatest() passes over NULL, but an event that is not known yet is not to be seen at all.
      visible =
          "CASE WHEN "
              + known
              + " IS NOT NULL AND "
              + visible
              + " IS NOT NULL THEN greatest("
              + visible
              + ", "
              + known
              + ") END";
    }
    StringBuilder sql =
        new StringBuilder(
            "SELECT CAST(e." + quote(view.entity()) + " AS VARCHAR) AS k, " + visible + " AS t");
    int v = 0;
    for (String column : columns) {
      sql.append(", CAST(e.").append(quote(column)).append(" AS DOUBLE) AS v").append(v++);
    }
    sql.append(" FROM ")
        .append(quote(view.source()))
        .append(" AS e WHERE k IS NOT NULL AND t IS NOT NULL ORDER BY k, t");
    Events events = new Events(List.copyOf(columns));
    try (ArrowReader reader = warehouse.query(sql.toString())) {
      List<String> names = List.copyOf(columns);
      while (reader.loadNextBatch()) {
        append(events, names, reader.getVectorSchemaRoot());
      }
      return events;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED,
          "reading the events of feature view '" + view.name() + "' failed: " + e.getMessage(),
          e);
    }
  }

  private static void append(Events events, List<String> columns, VectorSchemaRoot batch) {
    VarCharVector keys = (VarCharVector) batch.getVector(0);
    BigIntVector times = (BigIntVector) batch.getVector(1);
    int first = -1;
    byte[] last = {};
    String entity = "";
    for (int row = 0; row < batch.getRowCount(); row++) {
      byte[] key = keys.get(row);
      if (row == 0 || !Arrays.equals(key, last)) {
        entity = new String(key, StandardCharsets.UTF_8);
        last = key;
      }
      int at = events.add(entity, times.get(row));
      if (first < 0) {
        first = at;
      }
    }
    for (int v = 0; v < columns.size(); v++) {
      double[] values = events.values(columns.get(v));
      Float8Vector vector = (Float8Vector) batch.getVector(2 + v);
      for (int row = 0; row < batch.getRowCount(); row++) {
        values[first + row] = vector.isNull(row) ? Double.NaN : vector.get(row);
      }
    }
  }

  private static String micros(String table, String column) {
    return "epoch_us(CAST(" + table + "." + quote(column) + " AS TIMESTAMP))";
  }

  private static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /** Idempotent. Training sets that are still open must be closed first. */
  @Override
  public void close() {
    if (gate.close()) {
      allocator.close();
    }
  }

  @Override
  public String toString() {
    return "FeatureStore" + views.stream().map(FeatureView::name).toList();
  }
}
