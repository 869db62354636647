package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.util.Text;
import org.jspecify.annotations.Nullable;

/**
 * Computes features over a warehouse, point-in-time correct. The warehouse is borrowed and must
 * stay open. Thread-safe.
 *
 * <pre>{@code
 * try (FeatureStore features = FeatureStore.open(warehouse, fraud);
 *      TrainingSet payments = features.trainingSet("SELECT * FROM payments", "asked")) {
 *   …
 * }
 * }</pre>
 */
public final class FeatureStore implements AutoCloseable {
  private final Warehouse warehouse;
  private final List<FeatureView> views;
  private final Map<FeatureView, FeaturePlan> plans;
  private final @Nullable FeatureService service;
  private final BufferAllocator allocator;
  private final Gate gate = new Gate("the feature store");

  private FeatureStore(
      Warehouse warehouse, List<FeatureView> views, @Nullable FeatureService service) {
    this.warehouse = warehouse;
    this.views = List.copyOf(views);
    this.service = service;
    Map<String, FeatureView> named = new HashMap<>();
    Map<String, FeatureView> features = new HashMap<>();
    this.plans = new HashMap<>();
    for (FeatureView view : views) {
      if (named.put(view.name(), view) != null) {
        throw new IllegalArgumentException("there are two feature views '" + view.name() + "'");
      }
      for (Feature feature : view.features()) {
        FeatureView other = features.put(feature.name(), view);
        if (other != null) {
          throw new IllegalArgumentException(
              "feature '"
                  + feature.name()
                  + "' is both in view '"
                  + other.name()
                  + "' and in view '"
                  + view.name()
                  + "'");
        }
      }
      plans.put(view, FeaturePlan.of(view, EventReader.schema(warehouse, view)));
    }
    this.allocator = warehouse.allocator().newChildAllocator("features", 0, Long.MAX_VALUE);
  }

  /**
   * Opens a store of some views, which gives all their features.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if a view names a table or column that
   *     the warehouse does not have; {@link ErrorCode#DATA_UNSUITABLE} if it sums a column that
   *     holds no numbers, or takes one for a time that holds none
   * @throws IllegalArgumentException if two views, or features of two views, have one name
   */
  public static FeatureStore open(Warehouse warehouse, FeatureView... views) {
    return new FeatureStore(warehouse, List.of(views), null);
  }

  /** Opens a store of a service, which gives its features; otherwise as for views. */
  public static FeatureStore open(Warehouse warehouse, FeatureService service) {
    return new FeatureStore(warehouse, service.views(), service);
  }

  public List<FeatureView> views() {
    return views;
  }

  /** Where the events are; borrowed. */
  public Warehouse warehouse() {
    return warehouse;
  }

  /**
   * Rows that ask, to be answered with what was known at each row's own time.
   *
   * @param labels SQL whose rows have the entity keys of all views
   * @param timeColumn the column that holds each row's time
   */
  public TrainingQuery training(String labels, String timeColumn) {
    return new TrainingQuery(this, labels, timeColumn);
  }

  /**
   * Short for {@code training(labels, timeColumn).bind(parameters).collect()}: in memory; the
   * caller closes it.
   */
  public TrainingSet trainingSet(String labels, String timeColumn, @Nullable Object... parameters) {
    return training(labels, timeColumn).bind(parameters).collect();
  }

  TrainingSet collect(
      @Nullable FeatureService asked,
      String labels,
      String timeColumn,
      Progress progress,
      @Nullable Object... parameters) {
    FeatureService wanted = asked == null ? service : asked;
    List<FeatureView> from = wanted == null ? views : wanted.views();
    return collect(from, labels, timeColumn, progress, parameters);
  }

  private TrainingSet collect(
      List<FeatureView> from,
      String labels,
      String timeColumn,
      Progress progress,
      @Nullable Object... parameters) {
    Gate.Pass pass = gate.enter();
    try {
      List<FeaturePlan> asked = from.stream().map(this::plan).toList();
      Set<String> names =
          asked.stream()
              .flatMap(plan -> plan.features().stream())
              .map(FeaturePlan.Planned::name)
              .collect(Collectors.toSet());
      LabelQuery query = new LabelQuery(warehouse, asked, names, labels, timeColumn, parameters);
      BufferAllocator own = allocator.newChildAllocator("training set", 0, Long.MAX_VALUE);
      try {
        return new TrainingSetBuilder(warehouse, asked, timeColumn, progress, own).build(query);
      } catch (IOException | RuntimeException | Error e) {
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

  RowExplanation explain(
      @Nullable FeatureService asked,
      String labels,
      String timeColumn,
      long row,
      @Nullable Object... parameters) {
    if (row < 0) {
      throw new IllegalArgumentException("row (" + row + ") must be >= 0");
    }
    String one = "SELECT * FROM " + Sql.subquery(labels) + " AS l LIMIT 1 OFFSET " + row;
    try (TrainingSet set = collect(asked, one, timeColumn, Progress.NONE, parameters);
        ArrowReader reader = set.reader()) {
      if (!reader.loadNextBatch()) {
        throw new IllegalArgumentException("there is no row " + row + " in the labels");
      }
      Map<String, @Nullable Object> answered = new HashMap<>();
      for (FieldVector vector : reader.getVectorSchemaRoot().getFieldVectors()) {
        Object value = vector.getObject(0);
        answered.put(vector.getName(), value instanceof Text ? value.toString() : value);
      }
      FeatureService wanted = asked == null ? service : asked;
      List<FeatureView> from = wanted == null ? views : wanted.views();
      return new RowExplainer(warehouse)
          .explain(from.stream().map(this::plan).toList(), answered, row, set.time(0));
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the labels failed: " + e.getMessage(), e);
    }
  }

  private FeaturePlan plan(FeatureView view) {
    FeaturePlan plan = plans.get(view);
    if (plan == null) {
      throw new IllegalArgumentException("feature view '" + view.name() + "' is not in " + this);
    }
    return plan;
  }

  /**
   * The features of every entity of a view at one time: the very values that a training set gives a
   * row of that time.
   *
   * @param view one of {@link #views()}
   * @param at the time, UTC
   * @return a row per entity that has events: the keys under their own names, the time as {@code
   *     at} (as {@code time} where a key is called {@code at}), the features; in memory; the caller
   *     closes it
   */
  public TrainingSet valuesAt(FeatureView view, LocalDateTime at) {
    FeaturePlan plan = plan(view);
    List<String> names = view.entity().keys();
    List<String> keys = new ArrayList<>();
    List<String> present = new ArrayList<>();
    for (int k = 0; k < names.size(); k++) {
      KeyType type = plan.keyTypes().get(k);
      keys.add(Sql.key("e", names.get(k), type) + " AS " + Sql.quote(names.get(k)));
      present.add("e." + Sql.quote(names.get(k)) + " IS NOT NULL");
    }
    String time = names.stream().anyMatch("at"::equalsIgnoreCase) ? "time" : "at";
    String moment = plan.isZoned() ? "make_timestamptz(?)" : "make_timestamp(?)";
    String labels =
        "SELECT DISTINCT "
            + String.join(", ", keys)
            + ", "
            + moment
            + " AS "
            + Sql.quote(time)
            + " FROM "
            + Sql.from(view)
            + " AS e WHERE "
            + String.join(" AND ", present)
            + " ORDER BY ALL";
    return collect(List.of(view), labels, time, Progress.NONE, Times.floor(at));
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
    return "FeatureStore" + new TreeSet<>(views.stream().map(FeatureView::name).toList());
  }
}
