package io.mlinfra.features.offline;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.Events;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.warehouse.Warehouse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * The events of some views, of as many entities at a time as there is memory for. What fits stays
 * in memory for the next chunk of rows. Where few rows ask, only the events of their entities are
 * read.
 */
final class EventParts {
  /** Rows that are this much fewer than events: looking for their entities pays. */
  private static final int FEW = 100;

  /** The most entities that are handed to the database. */
  private static final int MOST_ENTITIES = 100_000;

  /** More parts would cost more in reading than they save in memory. */
  private static final int MOST_PARTS = 1024;

  private final Warehouse warehouse;
  private final List<FeaturePlan> plans;
  private final long bytes;
  private final BufferAllocator allocator;
  private final long[] counts;
  private final @Nullable Events[] kept;
  private long free;

  /**
   * The events of some views; counts and reads none yet.
   *
   * @param bytes how much of the heap the events may take at a time
   */
  EventParts(Warehouse warehouse, List<FeaturePlan> plans, long bytes, BufferAllocator allocator) {
    this.warehouse = warehouse;
    this.plans = plans;
    this.bytes = bytes;
    this.free = bytes;
    this.allocator = allocator;
    this.counts = new long[plans.size()];
    this.kept = new Events[plans.size()];
    Arrays.fill(counts, -1);
  }

  /** Does something with a view's source; a failure names the view. */
  static <T> T of(FeaturePlan plan, Supplier<T> work) {
    try {
      return work.get();
    } catch (MlInfraException e) {
      throw new MlInfraException(
          e.code(), "feature view '" + plan.view().name() + "': " + e.getMessage(), e);
    }
  }

  /** How many events a view has, the invisible ones included. */
  long count(int view) {
    if (counts[view] < 0) {
      FeaturePlan plan = plans.get(view);
      counts[view] = of(plan, () -> EventReader.count(warehouse, plan));
    }
    return counts[view];
  }

  /**
   * How many parts a view's events are read in where nothing else is kept, and rows need theirs.
   */
  int partitions(int view) {
    return partitions(count(view), view, bytes);
  }

  private int partitions(long count, int view, long room) {
    double needed = (double) count * EventReader.bytesPerEvent(plans.get(view));
    return (int) Math.min(Math.max(1, Math.ceil(needed / Math.max(1, room))), MOST_PARTS);
  }

  /**
   * What to read to answer some rows, one after the other.
   *
   * @param first whether no rows were asked for before
   */
  List<Supplier<Events>> parts(int view, LabelChunk rows, LabelColumns labels, boolean first) {
    FeaturePlan plan = plans.get(view);
    Events there = kept[view];
    if (there != null) {
      return List.of(() -> there);
    }
    if (first && rows.isLast() && rows.rows() < count(view) / FEW) {
      List<Object> entities = entities(view, rows, labels);
      if (entities.size() <= MOST_ENTITIES) {
        return partsOf(view, entities);
      }
    }
    int partitions = partitions(count(view), view, free + rows.spare());
    if (partitions == 1 && !rows.isLast() && leavesRoom(view)) {
      Events events = of(plan, () -> EventReader.read(warehouse, plan));
      free -= count(view) * EventReader.bytesPerEvent(plan);
      kept[view] = events;
      return List.of(() -> events);
    }
    List<Supplier<Events>> parts = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      int partition = p;
      parts.add(
          () ->
              of(
                  plan,
                  () ->
                      partitions == 1
                          ? EventReader.read(warehouse, plan)
                          : EventReader.readPartition(warehouse, plan, partition, partitions)));
    }
    return parts;
  }

  /** Whether the views that are not kept can still be read in large parts. */
  private boolean leavesRoom(int view) {
    double all = 0;
    for (int v = view; v < plans.size(); v++) {
      all += (double) count(v) * EventReader.bytesPerEvent(plans.get(v));
    }
    return all <= free || partitions(count(view), view, free / 2) == 1;
  }

  private List<Supplier<Events>> partsOf(int view, List<Object> entities) {
    FeaturePlan plan = plans.get(view);
    int partitions = partitions(view);
    if (partitions > 1) {
      long count = of(plan, () -> EventReader.count(warehouse, plan, entities));
      partitions = Math.min(partitions(count, view, bytes), Math.max(1, entities.size()));
    }
    List<Supplier<Events>> parts = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      int from = (int) ((long) entities.size() * p / partitions);
      int to = (int) ((long) entities.size() * (p + 1) / partitions);
      List<Object> some = entities.subList(from, to);
      parts.add(() -> of(plan, () -> EventReader.read(warehouse, plan, some)));
    }
    return parts;
  }

  /** The entities that some rows name, or at least more of them than are wanted. */
  private List<Object> entities(int view, LabelChunk chunk, LabelColumns labels) {
    Set<Object> entities = new LinkedHashSet<>();
    for (VectorSchemaRoot rows : chunk.batches()) {
      List<FieldVector> widened = new ArrayList<>();
      try {
        List<FieldVector> keys = labels.keys(view, rows, allocator, widened);
        for (int row = 0; row < rows.getRowCount(); row++) {
          Object key = EventReader.key(keys, row);
          if (key != null) {
            entities.add(key);
          }
        }
      } finally {
        widened.forEach(FieldVector::close);
      }
      if (entities.size() > MOST_ENTITIES) {
        break;
      }
    }
    return new ArrayList<>(entities);
  }
}
