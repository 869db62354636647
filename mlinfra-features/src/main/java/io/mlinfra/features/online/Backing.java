package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.FeatureView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The storage behind a store's memory. Of one that others may write to, nothing is remembered but
 * how its views are read. Thread-safe.
 */
final class Backing implements AutoCloseable {
  private final Storage storage;
  private final OnlineOptions options;

  /** Of a shared storage the tables last seen, for their shapes. */
  private final Map<String, ViewTable> seen = new ConcurrentHashMap<>();

  Backing(Storage storage, OnlineOptions options) {
    this.storage = storage;
    this.options = options;
  }

  Storage storage() {
    return storage;
  }

  boolean isShared() {
    return storage.isShared();
  }

  Set<String> views() {
    return new TreeSet<>(storage.views());
  }

  /** What the storage has at the start. */
  Map<String, ViewTable> tables() {
    Map<String, ViewTable> tables = new HashMap<>();
    if (!isShared()) {
      for (String view : storage.views()) {
        Storage.Head head = storage.head(view);
        if (head != null) {
          tables.put(view, table(view, head));
        }
      }
    }
    return tables;
  }

  private ViewTable table(String view, Storage.Head head) {
    return new ViewTable(
        ViewMeta.decode(view, head.meta()), head.generation(), head.watermark(), options);
  }

  /** The views that a shared storage has now, of some. */
  Map<String, ViewTable> tables(List<FeatureView> views) {
    Map<String, ViewTable> tables = new HashMap<>();
    for (FeatureView view : views) {
      ViewTable table = table(view);
      if (table != null) {
        tables.put(view.name(), table);
      }
    }
    return tables;
  }

  /** A view that a shared storage has now. */
  @Nullable ViewTable table(FeatureView view) {
    Storage.Head head = storage.head(view.name());
    if (head == null) {
      return null;
    }
    ViewTable fresh = table(view.name(), head);
    ViewTable known = seen.get(view.name());
    if (known != null && isSame(known, fresh)) {
      known.raiseWatermark(head.watermark());
      return known;
    }
    seen.put(view.name(), fresh);
    return fresh;
  }

  private static boolean isSame(ViewTable a, ViewTable b) {
    return a.generation == b.generation && a.meta.equals(b.meta);
  }

  /** Whether a shared storage still has what was read. */
  boolean areCurrent(List<FeatureView> views, Map<String, ViewTable> read) {
    return tables(views).equals(read);
  }

  /**
   * The states of some entities; of null, that of one without events.
   *
   * <p>What is loaded is put into the memory by the map's own means, so that a push that comes
   * meanwhile is not overwritten: it puts its state behind it.
   */
  List<EntityState> states(ViewTable table, Shape shape, List<? extends @Nullable Object> keys) {
    List<EntityState> states = new ArrayList<>(keys.size());
    if (isShared()) {
      List<byte[]> wanted = new ArrayList<>();
      for (Object key : keys) {
        if (key != null) {
          wanted.add(StateCodec.key(key));
        }
      }
      List<Storage.State> found = storage.read(table.meta.name(), table.generation, wanted);
      int next = 0;
      for (Object key : keys) {
        states.add(key == null ? table.unknown() : state(table, shape, found.get(next++)));
      }
      return states;
    }
    for (Object key : keys) {
      EntityState state = key == null ? table.unknown() : table.states().get(key);
      if (state == null && key != null) {
        state = table.states().computeIfAbsent(key, k -> load(table, shape, k));
      }
      states.add(state == null ? table.unknown() : state);
    }
    return states;
  }

  private @Nullable EntityState load(ViewTable table, Shape shape, Object key) {
    EntityState state =
        state(
            table,
            shape,
            storage.read(table.meta.name(), table.generation, List.of(StateCodec.key(key))).get(0));
    return state.isEmpty() ? null : state;
  }

  private static EntityState state(ViewTable table, Shape shape, Storage.State state) {
    try {
      return StateCodec.state(shape, state);
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          "a state of feature view '" + table.meta.name() + "' cannot be read",
          e);
    }
  }

  /** Reads the states of some entities without keeping them in memory. */
  List<EntityState> read(ViewTable table, Shape shape, List<Object> keys) {
    return storage
        .read(table.meta.name(), table.generation, keys.stream().map(StateCodec::key).toList())
        .stream()
        .map(state -> state(table, shape, state))
        .toList();
  }

  /** The keys of all entities. */
  List<Object> keys(ViewTable table) {
    List<Object> keys = new ArrayList<>();
    storage.forEachKey(
        table.meta.name(),
        table.generation,
        key -> keys.add(StateCodec.key(table.meta.keyTypes(), key)));
    return keys;
  }

  /** Adds events to entities; false if others wrote meanwhile. */
  boolean push(ViewTable table, Shape shape, Map<Object, Tile> runs, long watermark, long floor) {
    List<Object> keys = List.copyOf(runs.keySet());
    List<EntityState> old = states(table, shape, keys);
    List<EntityState> fresh = new ArrayList<>(keys.size());
    List<Storage.StateWrite> writes = new ArrayList<>(keys.size());
    for (int i = 0; i < keys.size(); i++) {
      Tile run = java.util.Objects.requireNonNull(runs.get(keys.get(i)));
      EntityState state = old.get(i).plus(shape, run).pruned(shape, floor);
      writes.add(StateCodec.write(keys.get(i), old.get(i), state));
      fresh.add(state.written());
    }
    Storage.ViewWrite change =
        new Storage.ViewWrite(table.meta.name(), table.generation, writes, null, watermark);
    boolean written = false;
    try {
      written = storage.write(List.of(change));
    } finally {
      if (!written) {
        // A write that failed may be on the disk all the same.
        keys.forEach(table.states()::remove);
      }
    }
    if (!written) {
      if (isShared()) {
        return false;
      }
      throw conflict(List.of(table.meta.name()));
    }
    table.raiseWatermark(watermark);
    if (!isShared()) {
      for (int i = 0; i < keys.size(); i++) {
        table.states().put(keys.get(i), fresh.get(i));
      }
    }
    return true;
  }

  private static MlInfraException conflict(List<String> views) {
    return new MlInfraException(
        ErrorCode.CONFLICT, "somebody else has changed the feature views " + views);
  }

  /** Lets prepared views become valid, all or none; false if others wrote meanwhile. */
  boolean write(List<Change> changes) {
    if (changes.isEmpty() || storage.write(changes.stream().map(Change::write).toList())) {
      return true;
    }
    if (isShared() && changes.stream().allMatch(this::isPossible)) {
      return false;
    }
    throw conflict(changes.stream().map(change -> change.table.meta.name()).toList());
  }

  /** Makes others wait who push to views that are about to be switched. */
  void hold(List<Change> changes) {
    changes.forEach(change -> storage.hold(change.table.meta.name()));
  }

  /** Whether the storage has what a change starts from, but for what was pushed. */
  private boolean isPossible(Change change) {
    Storage.Head head = storage.head(change.table.meta.name());
    if (head == null || change.old == null) {
      return head == null && change.old == null;
    }
    Storage.Staging staging = storage.staging(change.table.meta.name());
    return isSame(table(change.table.meta.name(), head), change.old)
        && (change.taken < 0 || staging != null && staging.generation() == change.table.generation);
  }

  /**
   * Lets a shared storage note from now on what others push to a view, until another generation of
   * it is valid.
   *
   * @return the number of the last change that need not be looked for; -1 if there are no others
   */
  long watch(ViewTable table) {
    if (!isShared()) {
      return -1;
    }
    String view = table.meta.name();
    if (storage.staging(view) == null) {
      storage.stage(view, table.generation + 1, List.of(), Materializer.progress(0, 0));
    }
    long last = storage.changes(view, Long.MAX_VALUE).last();
    Storage.Head head = storage.head(view);
    if (head == null || !isSame(table(view, head), table)) {
      throw conflict(List.of(view));
    }
    table.raiseWatermark(head.watermark());
    return last;
  }

  /** A generation of a view that nobody has staged anything of. */
  long next(String view, @Nullable ViewTable old) {
    Storage.Staging staging = storage.staging(view);
    return Math.max(old == null ? 0 : old.generation, staging == null ? 0 : staging.generation())
        + 1;
  }

  /** Forgets generations that are no longer valid. */
  void dropOld(List<Change> changes) {
    for (Change change : changes) {
      if (change.old != null && change.old.generation != change.table.generation) {
        storage.drop(change.table.meta.name(), change.old.generation);
      }
    }
  }

  @Override
  public void close() {
    storage.close();
  }
}
