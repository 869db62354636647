package io.mlinfra.features.internal;

import java.util.List;
import org.apache.arrow.vector.FieldVector;

/**
 * The events of a view: grouped by entity and in order within each group, so that a window is a run
 * of neighbours. Immutable; what it gives out is not to be changed.
 */
public final class Events {
  private final FeaturePlan plan;
  private final EntityIndex entities;
  private final int[] starts;
  private final long[] eventTimes;
  private final long[] knownTimes;
  private final long[][] cells;
  private final Dictionary[] dictionaries;

  Events(
      FeaturePlan plan,
      EntityIndex entities,
      int[] starts,
      long[] eventTimes,
      long[] knownTimes,
      long[][] cells,
      Dictionary[] dictionaries) {
    this.plan = plan;
    this.entities = entities;
    this.starts = starts;
    this.eventTimes = eventTimes;
    this.knownTimes = knownTimes;
    this.cells = cells;
    this.dictionaries = dictionaries;
  }

  public FeaturePlan plan() {
    return plan;
  }

  /** How many events there are. */
  public int size() {
    return eventTimes.length;
  }

  /** When each happened. */
  public long[] eventTimes() {
    return eventTimes;
  }

  /** When each was known; the array of event times where the view declares none. */
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
    return starts.length - 1;
  }

  /** The group of an entity, or -1. */
  public int group(Object key) {
    return entities.find(key);
  }

  /**
   * The groups of the entities in some rows, -1 where there are no events or a key is missing.
   *
   * @param keys as {@link Sql#key} has read them
   */
  public int[] groups(List<FieldVector> keys, int rows) {
    int[] found = new int[rows];
    int blocks = (rows + ColumnReader.BLOCK - 1) / ColumnReader.BLOCK;
    Parallel.run(
        blocks,
        () -> {
          ColumnReader reader = new ColumnReader();
          return block -> {
            int row = block * ColumnReader.BLOCK;
            int[] part = new int[Math.min(ColumnReader.BLOCK, rows - row)];
            entities.numbers(keys, row, part.length, false, reader, part);
            System.arraycopy(part, 0, found, row, part.length);
          };
        });
    return found;
  }

  /** A {@link Long} or {@link String}, or a list of them where the entity has several keys. */
  public Object key(int group) {
    return entities.key(group);
  }

  /** Per group its first event; then the number of events. */
  int[] starts() {
    return starts;
  }

  /** A group's first event. */
  public int start(int group) {
    return starts[group];
  }

  /** Behind a group's last event. */
  public int end(int group) {
    return starts[group + 1];
  }

  /** Orders two events of an entity as {@code FeatureView} says. */
  int compare(int a, int b) {
    int order = Long.compare(eventTimes[a], eventTimes[b]);
    if (order == 0) {
      order = Long.compare(knownTimes[a], knownTimes[b]);
    }
    for (int v = 0; order == 0 && v < cells.length; v++) {
      order = plan.inputs().get(v).type().compare(cells[v][a], cells[v][b], dictionaries[v]);
    }
    return order;
  }

  boolean isInOrder(int start, int end) {
    for (int i = start + 1; i < end; i++) {
      if (eventTimes[i - 1] > eventTimes[i]
          || eventTimes[i - 1] == eventTimes[i] && compare(i - 1, i) > 0) {
        return false;
      }
    }
    return true;
  }
}
