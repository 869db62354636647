package io.mlinfra.features.view;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The events of a view on the heap: grouped by entity and sorted by time within each group, so that
 * a window is a run of neighbours. Filled once, then read-only.
 */
final class Events {
  private final Map<String, Integer> entities = new HashMap<>();
  private int[] starts = new int[16];
  private long[] times = new long[1024];
  private final Map<String, double[]> values = new HashMap<>();
  private int size;

  Events(List<String> columns) {
    columns.forEach(column -> values.put(column, new double[1024]));
  }

  /**
   * Makes room for one more event and notes its entity and time. Events come grouped by entity and
   * by time within it.
   *
   * @return where its values go
   */
  int add(String entity, long time) {
    if (size == times.length) {
      grow();
    }
    Integer group = entities.get(entity);
    if (group == null) {
      if (entities.size() + 1 == starts.length) {
        starts = Arrays.copyOf(starts, 2 * starts.length);
      }
      starts[entities.size()] = size;
      entities.put(entity, entities.size());
    } else if (group != entities.size() - 1 || times[size - 1] > time) {
      throw new IllegalStateException("events are not sorted by entity and time");
    }
    times[size] = time;
    starts[entities.size()] = size + 1;
    return size++;
  }

  private void grow() {
    int larger = Math.addExact(size, size);
    times = Arrays.copyOf(times, larger);
    values.replaceAll((column, old) -> Arrays.copyOf(old, larger));
  }

  /** The values of a column, NaN where missing; as long as there are events, and then some. */
  double[] values(String column) {
    double[] found = values.get(column);
    if (found == null) {
      throw new IllegalStateException("no column '" + column + "'");
    }
    return found;
  }

  long[] times() {
    return times;
  }

  /** The group of an entity, or -1. */
  int group(String entity) {
    return entities.getOrDefault(entity, -1);
  }

  int groups() {
    return entities.size();
  }

  int start(int group) {
    return starts[group];
  }

  int end(int group) {
    return starts[group + 1];
  }
}
