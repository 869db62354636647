package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Warehouse;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
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
  private boolean released;

  private FeatureStore(
      Warehouse warehouse, List<FeatureView> views, @Nullable FeatureService service) {
    this.warehouse = Objects.requireNonNull(warehouse, "warehouse");
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
      plans.put(view, FeaturePlan.of(view, schema(warehouse, view)));
    }
    this.allocator = warehouse.allocator().newChildAllocator("features", 0, Long.MAX_VALUE);
  }

  private static Schema schema(Warehouse warehouse, FeatureView view) {
    try {
      return EventReader.schema(warehouse, view);
    } catch (MlInfraException e) {
      throw new MlInfraException(
          e.code(), "feature view '" + view.name() + "': " + e.getMessage(), e);
    }
  }

  /**
   * Opens a store of some views, which gives all their features.
   *
   * @throws MlInfraException naming the view: {@link ErrorCode#NAME_UNKNOWN} if it names a table or
   *     column that the warehouse does not have; {@link ErrorCode#QUERY_FAILED} if its query is
   *     refused; {@link ErrorCode#DATA_UNSUITABLE} if it sums a column that holds no numbers, or
   *     takes one for a time that holds none
   * @throws IllegalArgumentException if two views, or features of two views, have one name
   */
  public static FeatureStore open(Warehouse warehouse, FeatureView... views) {
    for (FeatureView view : views) {
      Objects.requireNonNull(view, "view");
    }
    return new FeatureStore(warehouse, List.of(views), null);
  }

  /** Opens a store of a service, which gives its features; otherwise as for views. */
  public static FeatureStore open(Warehouse warehouse, FeatureService service) {
    return new FeatureStore(warehouse, Objects.requireNonNull(service, "service").views(), service);
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
   * @param labels one query whose rows have the entity keys of all views; a comment may end it, or
   *     a semicolon, but no comment behind a semicolon
   * @param timeColumn the column that holds each row's time
   */
  public TrainingQuery training(String labels, String timeColumn) {
    return query(plans(), service, labels, timeColumn);
  }

  private TrainingQuery query(
      List<FeaturePlan> asked, @Nullable FeatureService derived, String labels, String timeColumn) {
    if (Objects.requireNonNull(labels, "labels").isBlank()) {
      throw new IllegalArgumentException("labels must be SQL, is blank");
    }
    Labels queried = new Labels.Queried(warehouse, labels, new @Nullable Object[0]);
    return new TrainingQuery(this, asked, derived, queried, timeColumn);
  }

  /**
   * Short for {@code training(labels, timeColumn).bind(parameters).collect()}: in memory; the
   * caller closes it.
   */
  public TrainingSet trainingSet(String labels, String timeColumn, @Nullable Object... parameters) {
    return training(labels, timeColumn).bind(parameters).collect();
  }

  /**
   * Rows of a stream that ask. Such a query runs once, in Java: the database could not read the
   * stream twice.
   *
   * @param labels whose rows have the entity keys of all views; borrowed, and read from where it
   *     stands to its end
   * @param timeColumn the column that holds each row's time
   */
  public TrainingQuery training(ArrowReader labels, String timeColumn) {
    return new TrainingQuery(
        this,
        plans(),
        service,
        new Labels.Streamed(Objects.requireNonNull(labels, "labels")),
        timeColumn);
  }

  /** What the store was opened for. */
  private List<FeaturePlan> plans() {
    return service == null ? views.stream().map(this::plan).toList() : plans(service);
  }

  /**
   * The plans of what a service takes of its views.
   *
   * @throws IllegalArgumentException if one is not in this store
   */
  List<FeaturePlan> plans(FeatureService asked) {
    return asked.views().stream().map(view -> plan(view).selecting(asked.features(view))).toList();
  }

  private FeaturePlan plan(FeatureView view) {
    FeaturePlan plan = plans.get(view);
    if (plan == null) {
      throw new IllegalArgumentException(
          "feature view '" + view.name() + "' is not in " + this + " as it is defined there");
    }
    return plan;
  }

  /** Holds off closing. */
  Gate.Pass enter() {
    return gate.enter();
  }

  /** Memory of something that must be closed before the store is. */
  BufferAllocator newChild(String name) {
    return allocator.newChildAllocator(name, 0, Long.MAX_VALUE);
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
    FeaturePlan plan = plan(Objects.requireNonNull(view, "view"));
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
    // To the bit what the online store computes, which the database's sums are not.
    return query(List.of(plan), null, labels, time)
        .bind(Times.floor(Objects.requireNonNull(at, "at")))
        .engine(Engine.KERNEL)
        .collect();
  }

  /**
   * Waits for calls in flight. Training sets and streams must be closed first. Idempotent.
   *
   * @throws IllegalStateException if one is still open; the store takes no more calls, and is to be
   *     closed again when they are
   */
  @Override
  public synchronized void close() {
    gate.close();
    if (released) {
      return;
    }
    int open = allocator.getChildAllocators().size();
    if (open > 0) {
      throw new IllegalStateException(
          "the feature store has " + open + " training sets or streams open; close them first");
    }
    released = true;
    allocator.close();
  }

  @Override
  public String toString() {
    return "FeatureStore" + new TreeSet<>(views.stream().map(FeatureView::name).toList());
  }
}
