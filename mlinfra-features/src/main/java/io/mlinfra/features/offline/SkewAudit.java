package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.Derived;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Compares the features that were served with those that a training set has at the same times, from
 * a log of what was served. Each setting changes this audit and returns it. Not thread-safe; it may
 * be run several times.
 *
 * <pre>{@code
 * SkewReport report =
 *     SkewAudit.of(features, fraud).sample(10_000, 7).compare("served", "served_at");
 * }</pre>
 *
 * <p>A row of the log is an answer: it has the entity keys, what features are derived from, the
 * time of serving, and the served features under their names; {@code FeatureLog} writes such a
 * table. Values are equal if their bits are, unless a tolerance is given. NaN is missing.
 *
 * <p>Rows are read as a stream, in bounded memory; a sample is drawn by the database.
 *
 * <p>What differs was served late or from other events (stale values, events that came in after
 * they were asked for and bear no known-at), or by another definition.
 */
public final class SkewAudit {
  private final FeatureStore store;
  private final FeatureService service;
  private final Map<String, SkewTolerance> tolerances = new HashMap<>();
  private SkewTolerance tolerance = SkewTolerance.EXACT;
  private long sampleRows = Long.MAX_VALUE;
  private long seed;
  private int examples = 5;
  private Progress progress = Progress.NONE;

  private SkewAudit(FeatureStore store, FeatureService service) {
    this.store = store;
    this.service = service;
  }

  /**
   * An audit of all rows, exact to the bit.
   *
   * @param store borrowed
   * @param service whose features were served
   * @throws IllegalArgumentException if the service has a view that is not in the store
   */
  public static SkewAudit of(FeatureStore store, FeatureService service) {
    for (FeatureView view : service.views()) {
      if (!store.views().contains(view)) {
        throw new IllegalArgumentException(
            "feature service '"
                + service.name()
                + "' uses feature view '"
                + view.name()
                + "' by a definition that is not in "
                + store);
      }
    }
    return new SkewAudit(store, service);
  }

  /**
   * Takes some rows at random. The same log and seed give the same rows, in whatever order they are
   * stored.
   *
   * @param rows how many at most
   */
  public SkewAudit sample(long rows, long seed) {
    if (rows < 1) {
      throw new IllegalArgumentException("rows (" + rows + ") must be > 0");
    }
    this.sampleRows = rows;
    this.seed = seed;
    return this;
  }

  /**
   * Lets the numbers of all features differ that have no tolerance of their own: by no more than
   * the absolute tolerance, or no more than the relative one times the larger of both sizes. Times
   * may differ by the absolute tolerance in seconds.
   *
   * @param absolute 0 or more, as is the relative one
   */
  public SkewAudit tolerance(double absolute, double relative) {
    this.tolerance = SkewTolerance.of(absolute, relative);
    return this;
  }

  /**
   * The same for one feature.
   *
   * @throws IllegalArgumentException if the service has no such feature
   */
  public SkewAudit tolerance(String feature, double absolute, double relative) {
    if (!service.names().contains(feature)) {
      throw new IllegalArgumentException(
          what() + " has no feature '" + feature + "'; it has " + service.names());
    }
    tolerances.put(feature, SkewTolerance.of(absolute, relative));
    return this;
  }

  /**
   * How many rows the report shows of each feature that differs; 5 where not given.
   *
   * @param rows 0 or more
   */
  public SkewAudit examples(int rows) {
    if (rows < 0) {
      throw new IllegalArgumentException("examples (" + rows + ") must be >= 0");
    }
    this.examples = rows;
    return this;
  }

  /** Who is told how it goes on. */
  public SkewAudit progress(Progress listener) {
    this.progress = Objects.requireNonNull(listener, "progress");
    return this;
  }

  /**
   * Compares what a table says was served.
   *
   * @param timeColumn the column that holds the time of serving
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the table is not there or lacks a
   *     column; {@link ErrorCode#DATA_UNSUITABLE} if it has no rows, a row has no time, or a column
   *     does not hold what the feature or key does
   */
  public SkewReport compare(String table, String timeColumn) {
    return run(Sql.quote(table), "table '" + table + "'", timeColumn);
  }

  /**
   * Compares what the rows of a query say was served; otherwise as {@link #compare}.
   *
   * @param parameters of the query, in order
   */
  public SkewReport compareSql(String query, String timeColumn, @Nullable Object... parameters) {
    return run(Sql.subquery(query), "the query", timeColumn, parameters);
  }

  private SkewReport run(
      String from, String where, String timeColumn, @Nullable Object... parameters) {
    try {
      Schema schema;
      try (ArrowReader none =
          store.warehouse().query("SELECT * FROM " + from + " AS l LIMIT 0", parameters)) {
        schema = none.getVectorSchemaRoot().getSchema();
      }
      return compare(new Log(from, where, timeColumn, schema), where, parameters);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading " + where + " failed: " + e.getMessage(), e);
    }
  }

  /** What is asked of a log. */
  private final class Log {
    /** The columns that ask, by the names that training looks for. */
    final Map<String, String> asked = new LinkedHashMap<>();

    /** Per feature the type and the name of the column that was served. */
    final Map<String, ValueType> types = new LinkedHashMap<>();

    final Map<String, String> served = new HashMap<>();
    final String time;
    final String sql;

    Log(String from, String where, String timeColumn, Schema schema) {
      ask(what(), "time", timeColumn, where, schema);
      for (FeatureView view : service.views()) {
        for (String key : view.entity().keys()) {
          ask("feature view '" + view.name() + "'", "entity key", key, where, schema);
        }
      }
      Set<String> features = new LinkedHashSet<>(service.names());
      for (Derived derived : service.derived().values()) {
        for (String input : derived.inputs()) {
          if (!features.contains(input)) {
            ask(what(), "request", input, where, schema);
          }
        }
      }
      Set<String> taken = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
      taken.addAll(asked.keySet());
      taken.addAll(features);
      List<String> columns = new ArrayList<>(asked.values());
      this.time = free("time", taken);
      columns.add(Sql.micros("l", timeColumn) + " AS " + Sql.quote(time));
      for (String feature : features) {
        Field field = Sql.require(what(), "feature", feature, where, schema);
        ValueType type =
            ValueType.of(field).orElseThrow(() -> unsuitable(feature, where, Sql.show(field)));
        String name = free("served " + feature, taken);
        types.put(feature, type);
        served.put(feature, name);
        columns.add(Sql.value("l", feature, type) + " AS " + Sql.quote(name));
      }
      String rows = "SELECT " + String.join(", ", columns) + " FROM " + from + " AS l";
      this.sql = sampleRows == Long.MAX_VALUE ? rows : sampled(rows);
    }

    private void ask(String who, String role, String column, String where, Schema schema) {
      Field field = Sql.require(who, role, column, where, schema);
      if (asked.keySet().stream().noneMatch(column::equalsIgnoreCase)) {
        asked.put(column, "l." + Sql.quote(field.getName()) + " AS " + Sql.quote(column));
      }
    }

    private static String free(String name, Set<String> taken) {
      String free = name;
      while (!taken.add(free)) {
        free += "_";
      }
      return free;
    }

    /** By hash and not by the database's sampling, which depends on threads and storage. */
    private String sampled(String rows) {
      return "SELECT * FROM ("
          + rows
          + ") AS s ORDER BY hash(s, '"
          + seed
          + "') LIMIT "
          + sampleRows;
    }
  }

  private SkewReport compare(Log log, String where, @Nullable Object... parameters)
      throws IOException {
    try (ArrowReader reader =
            store
                .training(log.sql, log.asked.keySet().iterator().next())
                // The database rounds sums in an order of its own, which is no skew.
                .engine(Engine.KERNEL)
                .bind(parameters)
                .service(service)
                .progress(progress)
                .stream();
        Progress.Task task = progress.start("comparing features", -1, "rows")) {
      List<SkewColumn> columns = new ArrayList<>();
      VectorSchemaRoot batch = reader.getVectorSchemaRoot();
      service
          .views()
          .forEach(
              view ->
                  service.features(view).stream()
                      .map(Feature::name)
                      .forEach(
                          feature ->
                              columns.add(
                                  column(log, where, feature, view.entity().keys(), batch))));
      Set<String> keys =
          service.views().stream()
              .flatMap(view -> view.entity().keys().stream())
              .collect(Collectors.toCollection(LinkedHashSet::new));
      service
          .derived()
          .keySet()
          .forEach(feature -> columns.add(column(log, where, feature, keys, batch)));
      long rows = 0;
      while (reader.loadNextBatch()) {
        columns.forEach(SkewColumn::compare);
        rows += batch.getRowCount();
        task.advance(batch.getRowCount());
      }
      if (rows == 0) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE, what() + ": " + where + " has no rows");
      }
      return new SkewReport(
          service.name(), rows, columns.stream().map(SkewColumn::result).toList());
    }
  }

  private SkewColumn column(
      Log log, String where, String feature, Collection<String> keys, VectorSchemaRoot batch) {
    Field recomputed = batch.getSchema().findField(feature);
    ValueType type = ValueType.of(recomputed).orElseThrow();
    ValueType served = Objects.requireNonNull(log.types.get(feature));
    if (served != type && !(served == ValueType.INT64 && type == ValueType.FLOAT64)) {
      throw unsuitable(feature, where, served.noun() + ", the feature " + type.noun());
    }
    return new SkewColumn(
        feature,
        type,
        tolerances.getOrDefault(feature, tolerance),
        examples,
        batch,
        Objects.requireNonNull(log.served.get(feature)),
        log.time,
        keys.stream().map(key -> nameIn(batch.getSchema(), key)).distinct().toList());
  }

  /** Two views may write one key in upper and lower case. */
  private static String nameIn(Schema schema, String key) {
    return schema.getFields().stream()
        .map(Field::getName)
        .filter(key::equalsIgnoreCase)
        .findFirst()
        .orElseThrow();
  }

  private MlInfraException unsuitable(String feature, String where, String found) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        what() + ": feature '" + feature + "' of " + where + " holds " + found);
  }

  private String what() {
    return "the skew audit of service '" + service.name() + "'";
  }
}
