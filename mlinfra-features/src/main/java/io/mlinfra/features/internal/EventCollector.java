package io.mlinfra.features.internal;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Takes events as they come and puts them in order: a counting sort by entity, then each entity's
 * events by time where they are not in order yet. Not thread-safe.
 */
final class EventCollector {
  private final FeaturePlan plan;
  private final boolean known;
  private final EntityIndex entities;
  private final Dictionary[] dictionaries;
  private final ColumnReader reader = new ColumnReader();

  /** Per block the entities' numbers; later where each event goes. */
  private final List<int[]> places = new ArrayList<>();

  /** Event times, known-at where declared, and the cells of the inputs; per column its blocks. */
  private final List<List<long[]>> columns = new ArrayList<>();

  private int size;

  EventCollector(FeaturePlan plan) {
    this.plan = plan;
    this.known = plan.view().knownAt().isPresent();
    this.entities = new EntityIndex(plan.keyTypes());
    this.dictionaries = new Dictionary[plan.inputs().size()];
    for (int i = 0; i < dictionaries.length; i++) {
      boolean text = plan.inputs().get(i).type() == ValueType.TEXT;
      dictionaries[i] = text ? new Dictionary() : Dictionary.NONE;
    }
    for (int c = 0; c < times() + dictionaries.length; c++) {
      columns.add(new ArrayList<>());
    }
  }

  private int times() {
    return known ? 2 : 1;
  }

  /** The texts of an input. */
  Dictionary dictionary(int input) {
    return dictionaries[input];
  }

  /**
   * Adds an event.
   *
   * @param key a {@link Long} or {@link String}, or a list of them where the entity has several
   * @param knownTime the event time where the view declares none
   * @param cells per input
   */
  void add(Object key, long eventTime, long knownTime, long... cells) {
    places.add(new int[] {entities.add(key)});
    columns.get(0).add(new long[] {eventTime});
    if (known) {
      columns.get(1).add(new long[] {knownTime});
    }
    for (int v = 0; v < cells.length; v++) {
      columns.get(times() + v).add(new long[] {cells[v]});
    }
    size++;
  }

  /**
   * Adds events, but for those that lack a key or a time.
   *
   * @param batch the keys, the event time, known-at where declared, and the inputs
   */
  void add(VectorSchemaRoot batch) {
    for (int row = 0; row < batch.getRowCount(); row += ColumnReader.BLOCK) {
      add(batch, row, Math.min(ColumnReader.BLOCK, batch.getRowCount() - row));
    }
  }

  private void add(VectorSchemaRoot batch, int row, int rows) {
    List<FieldVector> vectors = batch.getFieldVectors();
    int keys = plan.keyTypes().size();
    int[] numbers = new int[rows];
    List<long[]> block = new ArrayList<>();
    for (int c = 0; c < times(); c++) {
      FieldVector vector = vectors.get(keys + c);
      long[] times = new long[rows];
      ColumnReader.longs(vector, row, rows, times);
      block.add(times);
      if (vector.getNullCount() > 0) {
        for (int i = 0; i < rows; i++) {
          numbers[i] = vector.isNull(row + i) ? -1 : numbers[i];
        }
      }
    }
    entities.numbers(vectors.subList(0, keys), row, rows, true, reader, numbers);
    for (int v = 0; v < dictionaries.length; v++) {
      block.add(cells(v, vectors.get(keys + times() + v), row, rows));
    }
    int kept = 0;
    for (int i = 0; i < rows; i++) {
      kept += ~numbers[i] >>> 31;
    }
    size = Math.addExact(size, kept);
    places.add(kept == rows ? numbers : Arrays.stream(numbers).filter(n -> n >= 0).toArray());
    for (int c = 0; c < block.size(); c++) {
      columns.get(c).add(kept == rows ? block.get(c) : keep(block.get(c), numbers, kept));
    }
  }

  private static long[] keep(long[] column, int[] numbers, int kept) {
    long[] compact = new long[kept];
    int to = 0;
    for (int i = 0; i < column.length; i++) {
      if (numbers[i] >= 0) {
        compact[to++] = column[i];
      }
    }
    return compact;
  }

  private long[] cells(int input, FieldVector vector, int row, int rows) {
    ValueType type = plan.inputs().get(input).type();
    long[] cells = new long[rows];
    if (type == ValueType.TEXT) {
      int[] numbers = new int[rows];
      if (vector.getNullCount() > 0) {
        Arrays.setAll(numbers, i -> vector.isNull(row + i) ? -1 : 0);
      }
      reader.numbers((VarCharVector) vector, row, rows, dictionaries[input], true, numbers);
      for (int i = 0; i < rows; i++) {
        cells[i] = numbers[i] < 0 ? type.missing() : numbers[i];
      }
      return cells;
    }
    if (type == ValueType.BOOLEAN) {
      BitVector truths = (BitVector) vector;
      for (int i = 0; i < rows; i++) {
        cells[i] = truths.isNull(row + i) ? type.missing() : truths.get(row + i);
      }
      return cells;
    }
    ColumnReader.longs(vector, row, rows, cells);
    boolean gaps = vector.getNullCount() > 0;
    if (type != ValueType.FLOAT64) {
      for (int i = 0; i < rows; i++) {
        if (cells[i] == Long.MIN_VALUE && !(gaps && vector.isNull(row + i))) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE, plan.holdsTheMissingOne(plan.inputs().get(input)));
        }
      }
    }
    if (gaps) {
      for (int i = 0; i < rows; i++) {
        cells[i] = vector.isNull(row + i) ? type.missing() : cells[i];
      }
    }
    return cells;
  }

  /** The events in order. What was collected is gone then. */
  Events build() {
    int[] starts = new int[entities.size() + 1];
    for (int[] block : places) {
      for (int number : block) {
        starts[number + 1]++;
      }
    }
    for (int g = 1; g < starts.length; g++) {
      starts[g] += starts[g - 1];
    }
    int[] next = starts.clone();
    for (int[] block : places) {
      for (int i = 0; i < block.length; i++) {
        block[i] = next[block[i]]++;
      }
    }
    // Column by column, so that but one is there twice.
    long[][] sorted = new long[columns.size()][];
    for (int c = 0; c < sorted.length; c++) {
      sorted[c] = scatter(columns.get(c));
    }
    places.clear();
    long[] eventTimes = sorted[0];
    long[] knownTimes = known ? sorted[1] : eventTimes;
    long[][] cells = Arrays.copyOfRange(sorted, times(), sorted.length);
    Events events = new Events(plan, entities, starts, eventTimes, knownTimes, cells, dictionaries);
    int[] tasks = Parallel.ranges(entities.size(), group -> starts[group]);
    Parallel.run(tasks.length - 1, () -> sorter(events, sorted, tasks));
    return events;
  }

  private long[] scatter(List<long[]> column) {
    long[] sorted = new long[size];
    Parallel.run(
        places.size(),
        () ->
            b -> {
              int[] to = places.get(b);
              long[] from = column.get(b);
              for (int i = 0; i < to.length; i++) {
                sorted[to[i]] = from[i];
              }
            });
    column.clear();
    return sorted;
  }

  private static IntConsumer sorter(Events events, long[][] columns, int[] tasks) {
    TimeSort sort = new TimeSort();
    int[][] order = {new int[0]};
    long[][] buffer = {new long[0]};
    return task -> {
      for (int group = tasks[task]; group < tasks[task + 1]; group++) {
        int start = events.start(group);
        int end = events.end(group);
        if (events.isInOrder(start, end)) {
          continue;
        }
        int count = end - start;
        if (order[0].length < count) {
          order[0] = new int[count];
          buffer[0] = new long[count];
        }
        int[] positions = order[0];
        long[] copy = buffer[0];
        for (int i = 0; i < count; i++) {
          positions[i] = start + i;
        }
        sort.sort(positions, 0, count, events.eventTimes(), events::compare);
        for (long[] column : columns) {
          for (int i = 0; i < count; i++) {
            copy[i] = column[positions[i]];
          }
          System.arraycopy(copy, 0, column, start, count);
        }
      }
    };
  }
}
