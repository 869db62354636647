package io.mlinfra.features.online;

import com.github.benmanes.caffeine.cache.Caffeine;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.view.FeatureView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * What a store has of a view: the states of its entities, or those of them that are in memory.
 * Writers take turns; readers come at any time. It is replaced as a whole when the view is
 * materialised.
 */
final class ViewTable {
  /** The generation of a view that no storage has. */
  static final long IN_MEMORY = 0;

  final ViewMeta meta;

  /** Of the states in a storage, from 1. */
  final long generation;

  private final OnlineOptions options;
  private final ConcurrentMap<Object, EntityState> states;
  private volatile long watermark;
  private final String what;
  private final boolean backed;
  private volatile boolean evicted;
  private volatile @Nullable Shape shape;
  private final EntityState unknown = EntityState.empty();

  ViewTable(ViewMeta meta, long generation, long watermark, OnlineOptions options) {
    this.backed = generation != IN_MEMORY;
    this.meta = meta;
    this.what = "feature view '" + meta.name() + "'";
    this.generation = generation;
    this.watermark = watermark;
    this.options = options;
    this.states =
        options.mostEntities() == Long.MAX_VALUE
            ? new ConcurrentHashMap<>()
            : Caffeine.newBuilder()
                // What is too much goes at once, in the thread that puts it in.
                .executor(Runnable::run)
                .maximumSize(options.mostEntities())
                .evictionListener((key, state, cause) -> evicted = true)
                .<Object, EntityState>build()
                .asMap();
  }

  /** The states in memory, by entity. */
  ConcurrentMap<Object, EntityState> states() {
    return states;
  }

  /** What an entity without events has. */
  EntityState unknown() {
    return unknown;
  }

  /** Whether an entity has gone from memory that is nowhere else. */
  boolean hasLost() {
    return evicted && !backed;
  }

  /** The latest time at which an event became visible; the least long where there is none. */
  long watermark() {
    return watermark;
  }

  void raiseWatermark(long to) {
    watermark = Math.max(watermark, to);
  }

  /** The earliest time at which an event may become visible, and of a read. */
  long floor() {
    return floor(watermark, options);
  }

  static long floor(long watermark, OnlineOptions options) {
    if (watermark == Long.MIN_VALUE) {
      return Long.MIN_VALUE;
    }
    return Evaluation.saturated(watermark, -options.allowedLateness().toNanos() / 1000);
  }

  void requireReadable(long time) {
    if (time < floor()) {
      throw new IllegalArgumentException(
          "the time ("
              + Times.of(time)
              + ") of a read of "
              + what
              + " must not be before "
              + Times.of(floor())
              + ", which is "
              + options.allowedLateness()
              + " before its latest event");
    }
  }

  /**
   * What a view of this definition needs.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the view computes something else
   */
  Shape shape(FeatureView view) {
    Shape known = shape;
    if (known != null && (known.plan.view() == view || known.plan.view().equals(view))) {
      return known;
    }
    if (!ViewMeta.computing(view).equals(meta.definition())) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          what
              + " is in the store with another definition; materialise this one to read it. It is "
              + meta.definition());
    }
    if (known == null) {
      known = new Shape(meta.plan(view));
      shape = known;
    }
    return known;
  }

  /** Gives a table that has just been made its shape. */
  ViewTable with(Shape known) {
    shape = known;
    return this;
  }

  /**
   * The key of an entity.
   *
   * @throws IllegalArgumentException if there are more or fewer parts than the view has keys, or
   *     one is null or of another type
   */
  Object key(FeatureView view, @Nullable Object... parts) {
    List<String> names = view.entity().keys();
    if (parts.length != names.size()) {
      throw new IllegalArgumentException(
          what + " has the keys " + names + "; " + parts.length + " values were given");
    }
    if (parts.length == 1) {
      return part(names, 0, parts[0]);
    }
    List<Object> key = new ArrayList<>(parts.length);
    for (int k = 0; k < parts.length; k++) {
      key.add(part(names, k, parts[k]));
    }
    return List.copyOf(key);
  }

  private Object part(List<String> names, int k, @Nullable Object part) {
    if (part == null) {
      throw new IllegalArgumentException(
          "the key '" + names.get(k) + "' of " + what + " must not be null");
    }
    KeyType type = meta.keyTypes().get(k);
    // The common case first: normal(…) would say what is wrong.
    if (part instanceof String && type == KeyType.TEXT
        || part instanceof Long && type == KeyType.INTEGER) {
      return part;
    }
    try {
      return type.normal(names.get(k), part);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(what + ": " + e.getMessage(), e);
    }
  }

  /** The key of the entity that a row names; null where a part of it is missing. */
  @Nullable Object key(FeatureView view, Map<String, ?> row) {
    List<String> names = view.entity().keys();
    @Nullable Object[] parts = new Object[names.size()];
    for (int k = 0; k < parts.length; k++) {
      parts[k] = Rows.value(row, names.get(k), what);
      if (parts[k] == null) {
        return null;
      }
    }
    return key(view, parts);
  }
}
