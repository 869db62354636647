package io.mlinfra.features.online;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.view.Aggregate;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureView;
import java.io.IOException;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * The latest feature values per entity, in memory. Filled by {@link #materialize}. Thread-safe; a
 * reader sees the values of one materialisation of a view or of the next one, never some of both.
 */
public final class OnlineStore {
  private final long mostEntities;
  private final Map<String, Materialized> views = new ConcurrentHashMap<>();

  private record Materialized(FeatureView view, LocalDateTime at, Cache<String, double[]> rows) {}

  private OnlineStore(long mostEntities) {
    this.mostEntities = mostEntities;
  }

  /** A store that keeps every entity. */
  public static OnlineStore inMemory() {
    return new OnlineStore(Long.MAX_VALUE);
  }

  /**
   * A store that keeps the entities that are asked for most; the others look as if they had no
   * events.
   *
   * @param mostEntities per view, 1 or more
   */
  public static OnlineStore inMemory(long mostEntities) {
    if (mostEntities < 1) {
      throw new IllegalArgumentException("mostEntities (" + mostEntities + ") must be > 0");
    }
    return new OnlineStore(mostEntities);
  }

  /**
   * Replaces the values of all views of a store by those of one time. Where one view fails, all
   * keep the values that they had.
   *
   * @param at the time, UTC
   * @return how many entities have values, over all views
   */
  public long materialize(FeatureStore features, LocalDateTime at) {
    long entities = 0;
    Map<String, Materialized> fresh = new HashMap<>();
    for (FeatureView view : features.views()) {
      Cache<String, double[]> rows = newCache();
      try (TrainingSet values = features.valuesAt(view, at);
          ArrowReader reader = values.reader()) {
        while (reader.loadNextBatch()) {
          put(view, reader.getVectorSchemaRoot(), rows);
        }
        entities += values.rows();
      } catch (IOException e) {
        throw new MlInfraException(
            ErrorCode.IO_FAILED, "materialising '" + view.name() + "' failed", e);
      }
      fresh.put(view.name(), new Materialized(view, at, rows));
    }
    views.putAll(fresh);
    return entities;
  }

  private Cache<String, double[]> newCache() {
    // What is too much goes at once, in the thread that puts it in.
    Caffeine<Object, Object> builder = Caffeine.newBuilder().executor(Runnable::run);
    return mostEntities < Long.MAX_VALUE
        ? builder.maximumSize(mostEntities).build()
        : builder.build();
  }

  private static void put(FeatureView view, VectorSchemaRoot batch, Cache<String, double[]> rows) {
    FieldVector entities = batch.getVector(view.entity().keys().get(0));
    List<Feature> features = view.features();
    for (int row = 0; row < batch.getRowCount(); row++) {
      double[] values = new double[features.size()];
      for (int f = 0; f < values.length; f++) {
        Object value = batch.getVector(features.get(f).name()).getObject(row);
        values[f] = value == null ? Double.NaN : ((Number) value).doubleValue();
      }
      rows.put(entities.getObject(row).toString(), values);
    }
  }

  /**
   * Puts the feature values of an entity into a row that is about to be predicted for: a Long per
   * count, a Double per other feature, null where missing. An entity without events has a count of
   * 0 and nothing else.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the view has never been materialised
   */
  public void lookUp(String view, String entity, Map<String, @Nullable Object> row) {
    Materialized found = materialized(view);
    double[] values = found.rows.getIfPresent(entity);
    List<Feature> features = found.view.features();
    for (int f = 0; f < features.size(); f++) {
      Feature feature = features.get(f);
      if (feature.aggregate().function() == Aggregate.Function.COUNT) {
        row.put(feature.name(), values == null ? 0L : (long) values[f]);
      } else {
        row.put(feature.name(), values == null || Double.isNaN(values[f]) ? null : values[f]);
      }
    }
  }

  /** The time whose values of a view are here, UTC. */
  public LocalDateTime materializedAt(String view) {
    return materialized(view).at;
  }

  private Materialized materialized(String view) {
    Materialized found = views.get(view);
    if (found == null) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          "feature view '"
              + view
              + "' has not been materialised; these have: "
              + new TreeSet<>(views.keySet()));
    }
    return found;
  }

  @Override
  public String toString() {
    return "OnlineStore" + new TreeSet<>(views.keySet());
  }
}
