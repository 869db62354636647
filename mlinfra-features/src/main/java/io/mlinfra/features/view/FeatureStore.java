package io.mlinfra.features.view;

import static io.mlinfra.features.view.Columns.quote;
import static io.mlinfra.features.view.Columns.text;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Computes the features of some views over a warehouse. The warehouse is borrowed and must stay
 * open. Thread-safe.
 */
public final class FeatureStore implements AutoCloseable {
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
   *     that holds no numbers, or takes one for a time that holds none
   * @throws IllegalArgumentException if two views have one name
   */
  public static FeatureStore open(Warehouse warehouse, FeatureView... views) {
    Set<String> names = new HashSet<>();
    for (FeatureView view : views) {
      if (!names.add(view.name())) {
        throw new IllegalArgumentException("there are two feature views '" + view.name() + "'");
      }
      Columns.require(view, warehouse.schema(view.source()));
    }
    return new FeatureStore(warehouse, List.of(views));
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
    String listed = views.stream().map(FeatureView::name).collect(Collectors.joining(", "));
    Map<String, String> properties = Map.of("views", listed);
    return registry.register(
        Registration.of(Kind.FEATURES, name)
            .content(text.getBytes(StandardCharsets.UTF_8))
            .properties(properties));
  }

  /** As {@link #trainingSet(Progress, String, String, Object...)}, without progress. */
  public TrainingSet trainingSet(String labels, String timeColumn, @Nullable Object... parameters) {
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
   *     ErrorCode#DATA_UNSUITABLE} if a row has no time, the query names an entity by another type
   *     than the events do, or has a column of a feature's name; {@link ErrorCode#QUERY_FAILED} if
   *     the query is refused
   */
  public TrainingSet trainingSet(
      Progress progress, String labels, String timeColumn, @Nullable Object... parameters) {
    return trainingSet(progress, views, labels, timeColumn, parameters);
  }

  private TrainingSet trainingSet(
      Progress progress,
      List<FeatureView> asked,
      String labels,
      String timeColumn,
      @Nullable Object... parameters) {
    Gate.Pass pass = gate.enter();
    try {
      LabelQuery query = new LabelQuery(warehouse, asked, labels, timeColumn, parameters);
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

  /**
   * The features of every entity of a view at one time: the very values that a training set gives a
   * row of that time.
   *
   * @param view one of {@link #views()}
   * @param at the time, UTC
   * @return a row per entity that has events: the entity as text under its own name, the time as
   *     {@code at} (as {@code time} where the entity is called {@code at}), the features; in
   *     memory; the caller closes it
   */
  public TrainingSet valuesAt(FeatureView view, LocalDateTime at) {
    if (!views.contains(view)) {
      throw new IllegalArgumentException("feature view '" + view.name() + "' is not in " + this);
    }
    String entity = quote(view.entity());
    String time = view.entity().equalsIgnoreCase("at") ? "time" : "at";
    String labels =
        "SELECT DISTINCT "
            + text("e", view.entity())
            + " AS "
            + entity
            + ", make_timestamp(?) AS "
            + quote(time)
            + " FROM "
            + quote(view.source())
            + " AS e WHERE e."
            + entity
            + " IS NOT NULL ORDER BY ALL";
    return trainingSet(Progress.NONE, List.of(view), labels, time, Times.floor(at));
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
