package io.mlinfra.features.online;

import io.mlinfra.features.internal.FeaturePlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Events on their way into a store, in any order. Not thread-safe. */
final class EventBatch {
  final FeaturePlan plan;
  private Object[] keys = new Object[1];
  private long[] times = new long[1];
  private long[] known = new long[1];
  private final Object[] columns;
  private int size;

  EventBatch(FeaturePlan plan) {
    this.plan = plan;
    this.columns = Tile.columns(plan, 1);
  }

  int size() {
    return size;
  }

  /** Makes room for one more event and gives its place. */
  int add(Object key, long eventTime, long knownTime) {
    if (size == times.length) {
      int larger = Math.addExact(size, size);
      keys = Arrays.copyOf(keys, larger);
      times = Arrays.copyOf(times, larger);
      known = Arrays.copyOf(known, larger);
      for (int c = 0; c < columns.length; c++) {
        columns[c] =
            columns[c] instanceof long[] cells
                ? Arrays.copyOf(cells, larger)
                : Arrays.copyOf((@Nullable String[]) columns[c], larger);
      }
    }
    keys[size] = key;
    times[size] = eventTime;
    known[size] = knownTime;
    return size++;
  }

  void set(int event, int input, long cell) {
    ((long[]) columns[input])[event] = cell;
  }

  void set(int event, int input, @Nullable String text) {
    ((@Nullable String[]) columns[input])[event] = text;
  }

  long eventTime(int event) {
    return times[event];
  }

  /** When an event becomes visible. */
  long visible(int event) {
    return Math.max(times[event], known[event]);
  }

  /** The events of each entity in order. */
  Map<Object, Tile> runs(Shape shape) {
    // Not in order as a whole, but it lends its cells to comparing and picking.
    Tile all =
        Tile.of(
            shape,
            Arrays.copyOf(times, size),
            Arrays.copyOf(known, size),
            Arrays.stream(columns).map(this::trimmed).toArray());
    if (size == 1) {
      return Map.of(keys[0], all);
    }
    Map<Object, List<Integer>> places = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      places.computeIfAbsent(keys[i], key -> new ArrayList<>(4)).add(i);
    }
    Map<Object, Tile> runs = new LinkedHashMap<>();
    places.forEach(
        (key, of) -> {
          of.sort((a, b) -> Tile.compare(plan, all, a, all, b));
          runs.put(key, all.only(of.stream().mapToInt(Integer::intValue).toArray()));
        });
    return runs;
  }

  private Object trimmed(Object column) {
    return column instanceof long[] cells
        ? Arrays.copyOf(cells, size)
        : Arrays.copyOf((@Nullable String[]) column, size);
  }
}
