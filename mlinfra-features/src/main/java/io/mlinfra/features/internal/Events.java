package io.mlinfra.features.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.FieldVector;

/**
 * The events of a view: grouped by entity and in order within each group, so that a window is a run
 * of neighbours. Filled once, then read-only.
 */
public final class Events {
  private final FeaturePlan plan;
  private final Map<Object, Integer> groups = new HashMap<>();
  private Object[] keys = new Object[16];
  private int[] starts = new int[16];
  private long[] eventTimes = new long[1024];
  private long[] knownTimes = new long[1024];
  private final long[][] cells;
  private final Dictionary[] dictionaries;
  private int size;

  Events(FeaturePlan plan) {
    this.plan = plan;
    List<FeaturePlan.Input> inputs = plan.inputs();
    this.cells = new long[inputs.size()][1024];
    this.dictionaries = new Dictionary[inputs.size()];
    for (int i = 0; i < dictionaries.length; i++) {
      dictionaries[i] = inputs.get(i).type() == ValueType.TEXT ? new Dictionary() : Dictionary.NONE;
    }
  }

  /**
   * Makes room for one more event. Events come grouped by entity and in order within it.
   *
   * @param key a {@link Long} or {@link String}, or a list of them where the entity has several
   * @return where its cells go
   */
  int add(Object key, long eventTime, long knownTime) {
    if (size == eventTimes.length) {
      grow();
    }
    Integer group = groups.get(key);
    if (group == null) {
      if (groups.size() + 1 == starts.length) {
        starts = Arrays.copyOf(starts, 2 * starts.length);
        keys = Arrays.copyOf(keys, 2 * keys.length);
      }
      keys[groups.size()] = key;
      starts[groups.size()] = size;
      groups.put(key, groups.size());
    } else if (group != groups.size() - 1 || eventTimes[size - 1] > eventTime) {
      throw new IllegalStateException("events are not sorted by entity and time");
    }
    eventTimes[size] = eventTime;
    knownTimes[size] = knownTime;
    starts[groups.size()] = size + 1;
    return size++;
  }

  private void grow() {
    int larger = Math.addExact(size, size);
    eventTimes = Arrays.copyOf(eventTimes, larger);
    knownTimes = Arrays.copyOf(knownTimes, larger);
    for (int i = 0; i < cells.length; i++) {
      cells[i] = Arrays.copyOf(cells[i], larger);
    }
  }

  public FeaturePlan plan() {
    return plan;
  }

  /** How many events there are. */
  public int size() {
    return size;
  }

  /** When each happened; as long as there are events, and then some. */
  public long[] eventTimes() {
    return eventTimes;
  }

  /** When each was known; the event time where the view declares none. */
  public long[] knownTimes() {
    return knownTimes;
  }

  /** The cells of an input. */
  public long[] cells(int input) {
    return cells[input];
  }

  /** The texts of an input. */
  public Dictionary dictionary(int input) {
    return dictionaries[input];
  }

  /** How many entities there are. */
  public int groups() {
    return groups.size();
  }

  /** The group of an entity, or -1. */
  public int group(Object key) {
    return groups.getOrDefault(key, -1);
  }

  /**
   * The groups of the entities in some rows, -1 where there are no events or a key is missing.
   *
   * @param keys as {@link Sql#key} has read them
   */
  public int[] groups(List<FieldVector> keys, int rows) {
    int[] found = new int[rows];
    for (int row = 0; row < rows; row++) {
      Object key = EventReader.key(keys, row);
      found[row] = key == null ? -1 : group(key);
    }
    return found;
  }

  /** A {@link Long} or {@link String}, or a list of them where the entity has several keys. */
  public Object key(int group) {
    return keys[group];
  }

  /** A group's first event. */
  public int start(int group) {
    return starts[group];
  }

  /** Behind a group's last event. */
  public int end(int group) {
    return starts[group + 1];
  }
}
