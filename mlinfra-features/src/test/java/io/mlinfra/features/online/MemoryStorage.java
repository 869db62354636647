package io.mlinfra.features.online;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a storage promises, in the simplest way. Survives being closed. */
final class MemoryStorage implements Storage {
  private record Generation(String view, long number) {}

  private record Kept(long version, TreeMap<Long, byte[]> tiles) {}

  private final boolean shared;
  private final Map<String, Head> heads = new TreeMap<>();
  private final Map<String, Staging> stagings = new HashMap<>();
  private final Map<Generation, TreeMap<byte[], Kept>> states = new HashMap<>();

  private final Map<String, List<byte[]>> changed = new HashMap<>();

  /** How many calls of {@link #stage} go well, before they fail. */
  int stages = Integer.MAX_VALUE;

  /** Called before each write. */
  Runnable beforeWrite = () -> {};

  /** Called after each write. */
  Runnable afterWrite = () -> {};

  int staged;

  MemoryStorage(boolean shared) {
    this.shared = shared;
  }

  @Override
  public boolean isShared() {
    return shared;
  }

  @Override
  public synchronized Set<String> views() {
    return new TreeSet<>(heads.keySet());
  }

  @Override
  public synchronized @Nullable Head head(String view) {
    return heads.get(view);
  }

  private TreeMap<byte[], Kept> states(String view, long generation) {
    return states.computeIfAbsent(
        new Generation(view, generation),
        key -> new TreeMap<>((Comparator<byte[]>) Arrays::compareUnsigned));
  }

  @Override
  public synchronized List<State> read(String view, long generation, List<byte[]> keys) {
    List<State> found = new ArrayList<>();
    for (byte[] key : keys) {
      Kept kept = states(view, generation).get(key);
      found.add(
          kept == null
              ? new State(0, Map.of())
              : new State(kept.version, new TreeMap<>(kept.tiles)));
    }
    return found;
  }

  @Override
  public void forEachKey(String view, long generation, Consumer<byte[]> to) {
    List<byte[]> keys;
    synchronized (this) {
      keys = List.copyOf(states(view, generation).keySet());
    }
    keys.forEach(to);
  }

  @Override
  public boolean write(List<ViewWrite> changes) {
    beforeWrite.run();
    boolean written = writeAll(changes);
    afterWrite.run();
    return written;
  }

  private synchronized boolean writeAll(List<ViewWrite> changes) {
    for (ViewWrite change : changes) {
      Head head = heads.get(change.view());
      if (change.generation() != (head == null ? -1 : head.generation())) {
        return false;
      }
      if (change.taken() >= 0 && change.taken() != changes(change.view(), 0).last()) {
        return false;
      }
      for (StateWrite write : change.states()) {
        Kept kept = states(change.view(), change.generation()).get(write.key());
        if (write.expected() != (kept == null ? 0 : kept.version)) {
          return false;
        }
      }
    }
    for (ViewWrite change : changes) {
      Head old = heads.get(change.view());
      Head next = Objects.requireNonNull(change.head() == null ? old : change.head());
      long watermark = Math.max(next.watermark(), change.watermark());
      if (old != null && old.generation() == next.generation()) {
        watermark = Math.max(watermark, old.watermark());
      }
      heads.put(change.view(), new Head(next.generation(), next.meta(), watermark));
      change.states().forEach(write -> apply(change.view(), change.generation(), write));
      Staging staging = stagings.get(change.view());
      if (staging != null) {
        List<byte[]> noted = changed.computeIfAbsent(change.view(), view -> new ArrayList<>());
        change.states().forEach(write -> noted.add(write.key()));
        if (staging.generation() == next.generation()) {
          forgetStaging(change.view());
        }
      }
    }
    return true;
  }

  private void forgetStaging(String view) {
    stagings.remove(view);
    changed.remove(view);
  }

  @Override
  public synchronized Changes changes(String view, long after) {
    List<byte[]> noted = changed.getOrDefault(view, List.of());
    return new Changes(
        noted.size(),
        List.copyOf(noted.subList((int) Math.min(after, noted.size()), noted.size())));
  }

  @Override
  public void hold(String view) {}

  private void apply(String view, long generation, StateWrite write) {
    TreeMap<byte[], Kept> all = states(view, generation);
    Kept kept = all.getOrDefault(write.key(), new Kept(0, new TreeMap<>()));
    TreeMap<Long, byte[]> tiles = new TreeMap<>(kept.tiles);
    tiles.putAll(write.tiles());
    tiles.keySet().removeAll(write.removed());
    if (tiles.isEmpty()) {
      all.remove(write.key());
    } else {
      all.put(write.key(), new Kept(write.expected() + 1, tiles));
    }
  }

  @Override
  public synchronized @Nullable Staging staging(String view) {
    return stagings.get(view);
  }

  @Override
  public synchronized void stage(
      String view, long generation, List<StateWrite> fresh, byte[] progress) {
    if (stages-- <= 0) {
      throw new IllegalStateException("the power went out");
    }
    staged++;
    fresh.forEach(write -> apply(view, generation, write));
    stagings.put(view, new Staging(generation, progress));
  }

  @Override
  public synchronized void drop(String view, long generation) {
    states.remove(new Generation(view, generation));
    Staging staging = stagings.get(view);
    if (staging != null && staging.generation() == generation) {
      forgetStaging(view);
    }
  }

  /** How many generations have states. */
  synchronized int generations() {
    return states.size();
  }

  @Override
  public void close() {}
}
