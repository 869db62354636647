package io.mlinfra.features.online;

import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.Events;
import io.mlinfra.warehouse.Warehouse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Prepares views from the events of a warehouse. Used by one thread. */
final class Materializer {
  private static final int CHUNK = 1000;

  private final Warehouse warehouse;
  private final OnlineOptions options;
  private final @Nullable Backing backing;
  private final Progress progress;

  Materializer(
      Warehouse warehouse, OnlineOptions options, @Nullable Backing backing, Progress progress) {
    this.warehouse = warehouse;
    this.options = options;
    this.backing = backing;
    this.progress = progress;
  }

  private static Tile run(Shape shape, Events events, int group) {
    int from = events.start(group);
    int to = events.end(group);
    Object[] columns = Tile.columns(shape.plan, to - from);
    for (int c = 0; c < columns.length; c++) {
      if (columns[c] instanceof long[]) {
        columns[c] = Arrays.copyOfRange(events.cells(c), from, to);
        continue;
      }
      Dictionary texts = events.dictionary(c);
      for (int i = from; i < to; i++) {
        long cell = events.cells(c)[i];
        boolean missing = shape.plan.inputs().get(c).type().isMissing(cell);
        ((@Nullable String[]) columns[c])[i - from] = missing ? null : texts.text(cell);
      }
    }
    return Tile.of(
        shape,
        Arrays.copyOfRange(events.eventTimes(), from, to),
        Arrays.copyOfRange(events.knownTimes(), from, to),
        columns);
  }

  private static long lastVisible(Events events) {
    long latest = Long.MIN_VALUE;
    for (int i = 0; i < events.size(); i++) {
      latest = Math.max(latest, Math.max(events.eventTimes()[i], events.knownTimes()[i]));
    }
    return latest;
  }

  /** Goes on from an earlier materialisation. */
  Change continued(Shape shape, ViewMeta meta, ViewTable old) {
    long previous = old.meta.materializedAt();
    Events events = EventReader.read(warehouse, shape.plan, previous, meta.materializedAt());
    Map<Object, Tile> runs = new LinkedHashMap<>();
    for (int g = 0; g < events.groups(); g++) {
      runs.put(events.key(g), run(shape, events, g));
    }
    Set<Object> keys = new LinkedHashSet<>(runs.keySet());
    // Only what was pushed is later than the last materialisation.
    if (old.watermark() > previous) {
      forEach(
          shape,
          old,
          (key, state) -> {
            if (state.lastVisible() > previous) {
              keys.add(key);
            }
          });
    }
    return continued(shape, meta, old, events, runs, List.copyOf(keys));
  }

  /**
   * @param keys of the entities that may change
   */
  private Change continued(
      Shape shape,
      ViewMeta meta,
      ViewTable old,
      Events events,
      Map<Object, Tile> runs,
      List<Object> keys) {
    long previous = old.meta.materializedAt();
    long time = meta.materializedAt();
    ViewTable table = new ViewTable(meta, old.generation, old.watermark(), options).with(shape);
    table.raiseWatermark(lastVisible(events));
    if (backing == null || !backing.isShared()) {
      table.states().putAll(old.states());
    }
    List<Storage.StateWrite> writes = new ArrayList<>();
    long changed = 0;
    try (Progress.Task task =
        progress.start("materialising '" + meta.name() + "'", keys.size(), "entities")) {
      for (int from = 0; from < keys.size(); from += CHUNK) {
        List<Object> chunk = keys.subList(from, Math.min(keys.size(), from + CHUNK));
        List<EntityState> states = read(shape, old, chunk);
        for (int i = 0; i < chunk.size(); i++) {
          Object key = chunk.get(i);
          EntityState before = states.get(i);
          EntityState state = before;
          if (before.lastVisible() > previous) {
            EntityState kept = before.without(previous, time);
            state = Arrays.equals(kept.tiles, before.tiles) ? before : kept;
          }
          Tile run = runs.get(key);
          if (run != null) {
            state = state.plus(shape, run).pruned(shape, table.floor());
          }
          if (state != before) {
            changed++;
            if (backing != null) {
              writes.add(StateCodec.write(key, before, state));
            }
            keep(table, key, state);
          }
        }
        task.advance(chunk.size());
      }
    }
    return new Change(
        table,
        old,
        writes,
        -1,
        change -> continued(shape, meta, old, events, runs, keys),
        changed,
        events.size(),
        false);
  }

  private void keep(ViewTable table, Object key, EntityState state) {
    if (state.isEmpty()) {
      table.states().remove(key);
    } else if (backing == null) {
      table.states().put(key, state);
    } else if (!backing.isShared()) {
      table.states().put(key, state.written());
    }
  }

  private interface Visit {
    void state(Object key, EntityState state);
  }

  private void forEach(Shape shape, ViewTable table, Visit visit) {
    if (backing == null) {
      table.states().forEach(visit::state);
      return;
    }
    List<Object> keys = backing.keys(table);
    for (int from = 0; from < keys.size(); from += CHUNK) {
      List<Object> chunk = keys.subList(from, Math.min(keys.size(), from + CHUNK));
      List<EntityState> states = backing.read(table, shape, chunk);
      for (int i = 0; i < chunk.size(); i++) {
        visit.state(chunk.get(i), states.get(i));
      }
    }
  }

  private List<EntityState> read(Shape shape, ViewTable table, List<Object> keys) {
    return backing != null
        ? backing.read(table, shape, keys)
        : keys.stream().map(key -> table.states().getOrDefault(key, EntityState.empty())).toList();
  }

  /**
   * Builds a view from all events.
   *
   * @param same what the store has of the view, if it computes the same
   * @param old what the store has of the view
   */
  Change anew(Shape shape, ViewMeta meta, @Nullable ViewTable same, @Nullable ViewTable old) {
    long time = meta.materializedAt();
    Events events = EventReader.read(warehouse, shape.plan, Long.MIN_VALUE, time);
    long taken = backing == null || same == null ? -1 : backing.watch(same);
    Map<Object, Tile> pushed =
        same == null || same.watermark() <= Math.max(time, same.meta.materializedAt())
            ? Map.of()
            : pushed(shape, same, time);
    long watermark = lastVisible(events);
    for (Tile tile : pushed.values()) {
      watermark = Math.max(watermark, tile.lastVisible);
    }
    try (Progress.Task task =
        progress.start("materialising '" + meta.name() + "'", events.groups(), "entities")) {
      return backing == null
          ? inMemory(shape, meta, old, events, pushed, watermark, task)
          : staged(shape, meta, old, events, pushed, watermark, taken, task);
    }
  }

  /** The events that were pushed and stay. */
  private Map<Object, Tile> pushed(Shape shape, ViewTable table, long time) {
    long after = Math.max(time, table.meta.materializedAt());
    Map<Object, Tile> pushed = new LinkedHashMap<>();
    forEach(
        shape,
        table,
        (key, state) -> {
          if (state.lastVisible() > after) {
            pushed.put(key, state.since(shape, after));
          }
        });
    return pushed;
  }

  /** Stages what others have pushed to a view while it was built anew. */
  private Change caughtUp(Shape shape, Events events, Change change) {
    ViewTable old = Objects.requireNonNull(change.old);
    ViewTable table = change.table;
    String view = table.meta.name();
    Backing kept = Objects.requireNonNull(backing);
    Storage.Changes changes = kept.storage().changes(view, change.taken);
    long after = Math.max(table.meta.materializedAt(), old.meta.materializedAt());
    List<Object> keys =
        changes.keys().stream().map(key -> StateCodec.key(table.meta.keyTypes(), key)).toList();
    List<EntityState> now = kept.read(old, shape, keys);
    now.forEach(
        state -> {
          if (state.lastVisible() > after) {
            table.raiseWatermark(state.lastVisible());
          }
        });
    List<EntityState> before = kept.read(table, shape, keys);
    List<Storage.StateWrite> states = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      Object key = keys.get(i);
      Tile pushed = now.get(i).lastVisible() > after ? now.get(i).since(shape, after) : null;
      EntityState state = built(shape, events, events.group(key), pushed, table.floor());
      states.add(StateCodec.write(key, before.get(i), state));
    }
    if (!keys.isEmpty()) {
      // What is staged now is not what anybody would begin with who resumes.
      kept.storage().stage(view, table.generation, states, progress(0, 1));
    }
    return new Change(
        table, old, List.of(), changes.last(), change.again, change.entities, change.events, true);
  }

  private EntityState built(
      Shape shape, Events events, int group, @Nullable Tile pushed, long floor) {
    EntityState state = EntityState.empty();
    if (group >= 0) {
      state = state.plus(shape, run(shape, events, group));
    }
    if (pushed != null) {
      state = state.plus(shape, pushed);
    }
    return state.pruned(shape, floor);
  }

  private Change inMemory(
      Shape shape,
      ViewMeta meta,
      @Nullable ViewTable old,
      Events events,
      Map<Object, Tile> pushed,
      long watermark,
      Progress.Task task) {
    ViewTable table = new ViewTable(meta, ViewTable.IN_MEMORY, watermark, options).with(shape);
    for (int g = 0; g < events.groups(); g++) {
      Object key = events.key(g);
      table.states().put(key, built(shape, events, g, pushed.get(key), table.floor()));
      task.advance(1);
    }
    long entities = events.groups();
    for (Map.Entry<Object, Tile> entry : pushed.entrySet()) {
      if (events.group(entry.getKey()) < 0) {
        table
            .states()
            .put(entry.getKey(), built(shape, events, -1, entry.getValue(), table.floor()));
        entities++;
      }
    }
    return new Change(
        table, old, List.of(), -1, UnaryOperator.identity(), entities, events.size(), true);
  }

  /**
   * Stages a new generation, in the order of the events' groups and at last what had been pushed.
   * The progress kept with it says from what it was made and how far it came.
   */
  private Change staged(
      Shape shape,
      ViewMeta meta,
      @Nullable ViewTable old,
      Events events,
      Map<Object, Tile> pushed,
      long watermark,
      long taken,
      Progress.Task task) {
    Storage storage = Objects.requireNonNull(backing).storage();
    long fingerprint = fingerprint(meta, events, pushed);
    Storage.Staging staging = storage.staging(meta.name());
    long generation = old == null ? 1 : old.generation + 1;
    int done = 0;
    long former = -1;
    if (staging != null) {
      ByteBuffer kept = ByteBuffer.wrap(staging.progress());
      if (kept.getLong() == fingerprint) {
        generation = staging.generation();
        done = kept.getInt();
      } else {
        former = staging.generation();
        generation = Math.max(generation, staging.generation() + 1);
      }
    }
    ViewTable table = new ViewTable(meta, generation, watermark, options).with(shape);
    task.advance(Math.min(done, events.groups()));
    while (done < events.groups()) {
      int to = Math.min(events.groups(), done + CHUNK);
      List<Storage.StateWrite> states = new ArrayList<>();
      for (int g = done; g < to; g++) {
        Object key = events.key(g);
        if (!pushed.containsKey(key)) {
          add(states, key, built(shape, events, g, null, table.floor()));
        }
      }
      storage.stage(meta.name(), generation, states, progress(fingerprint, to));
      task.advance(to - done);
      done = to;
    }
    if (done == events.groups()) {
      List<Storage.StateWrite> states = new ArrayList<>();
      pushed.forEach(
          (key, tile) ->
              add(states, key, built(shape, events, events.group(key), tile, table.floor())));
      storage.stage(meta.name(), generation, states, progress(fingerprint, done + 1));
    }
    if (former >= 0) {
      // Not before: as long as anything is staged, the storage notes what others push.
      storage.drop(meta.name(), former);
    }
    long entities =
        events.groups() + pushed.keySet().stream().filter(key -> events.group(key) < 0).count();
    UnaryOperator<Change> again =
        taken < 0 ? UnaryOperator.identity() : change -> caughtUp(shape, events, change);
    return new Change(table, old, List.of(), taken, again, entities, events.size(), true);
  }

  private static void add(List<Storage.StateWrite> states, Object key, EntityState state) {
    states.add(StateCodec.write(key, EntityState.empty(), state));
  }

  static byte[] progress(long fingerprint, int done) {
    return ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
        .putLong(fingerprint)
        .putInt(done)
        .array();
  }

  /** Differs where the states would. */
  private long fingerprint(ViewMeta meta, Events events, Map<Object, Tile> pushed) {
    long sum = mix(Arrays.hashCode(meta.at(0).encode())) + options.allowedLateness().toNanos();
    for (int g = 0; g < events.groups(); g++) {
      long key = mix(events.key(g).hashCode());
      for (int i = events.start(g); i < events.end(g); i++) {
        long hash = mix(mix(key + events.eventTimes()[i]) + events.knownTimes()[i]);
        for (int c = 0; c < meta.inputs().size(); c++) {
          long cell = events.cells(c)[i];
          boolean text = events.dictionary(c) != Dictionary.NONE && cell != Long.MIN_VALUE;
          hash = mix(hash + (text ? events.dictionary(c).text(cell).hashCode() : cell));
        }
        sum += hash;
      }
    }
    for (Map.Entry<Object, Tile> entry : pushed.entrySet()) {
      sum +=
          mix(mix(entry.getKey().hashCode()) + Arrays.hashCode(StateCodec.tile(entry.getValue())));
    }
    return sum;
  }

  /** Steele, Lea and Flood's SplitMix64. */
  private static long mix(long value) {
    long mixed = value + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }
}
