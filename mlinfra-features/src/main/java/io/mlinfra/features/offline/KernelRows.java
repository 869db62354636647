package io.mlinfra.features.offline;

import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.Events;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.PointInTimeJoin;
import io.mlinfra.features.internal.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * Rows that are answered in Java. They are read in chunks; a chunk is answered view by view, and
 * where the events of a view do not fit into memory, part by part of its entities.
 */
final class KernelRows implements AnsweredRows {
  private final List<FeaturePlan> plans;
  private final LabelReader reader;
  private final LabelColumns labels;
  private final EventParts events;
  private final long chunkBytes;
  private final Progress progress;
  private final BufferAllocator allocator;

  /** Per view its answers to the chunk. */
  private final List<Answers> answers = new ArrayList<>();

  private @Nullable LabelChunk chunk;
  private int batch;
  private int rowOfChunk;
  private long done;

  /** The cells of each feature of a view; its texts where it has texts. */
  private record Answers(FeaturePlan plan, long[][] cells, List<Dictionary> texts) {
    static Answers empty(FeaturePlan plan, int rows) {
      long[][] cells = new long[plan.features().size()][rows];
      List<Dictionary> texts = new ArrayList<>();
      for (int f = 0; f < cells.length; f++) {
        FeaturePlan.Planned feature = plan.features().get(f);
        Arrays.fill(cells[f], feature.empty());
        texts.add(feature.type() == ValueType.TEXT ? new Dictionary() : Dictionary.NONE);
      }
      return new Answers(plan, cells, texts);
    }
  }

  /**
   * Takes the ownership of the reader.
   *
   * @param chunkBytes how much memory a chunk and its answers may take
   */
  KernelRows(
      EventParts events,
      List<FeaturePlan> plans,
      LabelReader reader,
      LabelColumns labels,
      long chunkBytes,
      Progress progress,
      BufferAllocator allocator) {
    this.events = events;
    this.plans = plans;
    this.reader = reader;
    this.labels = labels;
    this.chunkBytes = chunkBytes;
    this.progress = progress;
    this.allocator = allocator;
  }

  @Override
  public int next(List<FieldVector> columns) {
    while (chunk == null || batch == chunk.batches().size()) {
      if (chunk != null && chunk.isLast()) {
        return 0;
      }
      readChunk();
    }
    VectorSchemaRoot rows = chunk.batches().get(batch++);
    int count = rows.getRowCount();
    int column = 0;
    for (FieldVector own : rows.getFieldVectors()) {
      own.makeTransferPair(columns.get(column++)).transfer();
    }
    for (Answers view : answers) {
      for (int f = 0; f < view.cells.length; f++) {
        FeaturePlan.Planned feature = view.plan.features().get(f);
        FeatureColumn.fill(
            feature.type(),
            view.cells[f],
            rowOfChunk,
            count,
            view.texts.get(f),
            columns.get(column++));
      }
    }
    rowOfChunk += count;
    return count;
  }

  private void readChunk() {
    answers.clear();
    batch = 0;
    rowOfChunk = 0;
    if (chunk != null) {
      done += chunk.rows();
      chunk.close();
      chunk = null;
    }
    long cells = plans.stream().mapToLong(plan -> plan.features().size()).sum();
    chunk = LabelChunk.read(reader, labels, done, chunkBytes, Long.BYTES * (cells + 3), progress);
    if (chunk.rows() == 0) {
      return;
    }
    try (Progress.Task task =
        progress.start("features at each row's time", (long) chunk.rows() * plans.size(), "rows")) {
      for (int view = 0; view < plans.size(); view++) {
        answers.add(answer(chunk, view));
        task.advance(chunk.rows());
      }
    }
  }

  private Answers answer(LabelChunk asked, int view) {
    FeaturePlan plan = plans.get(view);
    List<Supplier<Events>> parts = events.parts(view, asked, labels, done == 0);
    if (parts.size() == 1) {
      Events all = parts.get(0).get();
      long[][] cells = PointInTimeJoin.compute(all, groups(all, view, asked), asked.times());
      List<Dictionary> texts =
          plan.features().stream()
              .map(each -> each.input() < 0 ? Dictionary.NONE : all.dictionary(each.input()))
              .toList();
      return new Answers(plan, cells, texts);
    }
    Answers answers = Answers.empty(plan, asked.rows());
    for (Supplier<Events> part : parts) {
      scatter(part.get(), view, asked, answers);
    }
    return answers;
  }

  /** Answers the rows whose entities are in a part. */
  private void scatter(Events part, int view, LabelChunk asked, Answers to) {
    int[] groups = groups(part, view, asked);
    int[] rows = new int[groups.length];
    int count = 0;
    for (int row = 0; row < groups.length; row++) {
      if (groups[row] >= 0) {
        rows[count++] = row;
      }
    }
    int[] partGroups = new int[count];
    long[] partTimes = new long[count];
    for (int i = 0; i < count; i++) {
      partGroups[i] = groups[rows[i]];
      partTimes[i] = asked.times()[rows[i]];
    }
    long[][] cells = PointInTimeJoin.compute(part, partGroups, partTimes);
    for (int f = 0; f < cells.length; f++) {
      FeaturePlan.Planned feature = to.plan.features().get(f);
      boolean text = feature.type() == ValueType.TEXT;
      for (int i = 0; i < count; i++) {
        long cell = cells[f][i];
        // Each part numbers its texts by itself.
        to.cells[f][rows[i]] =
            text && !feature.type().isMissing(cell)
                ? to.texts.get(f).add(part.dictionary(feature.input()).text(cell))
                : cell;
      }
    }
  }

  private int[] groups(Events of, int view, LabelChunk asked) {
    int[] groups = new int[asked.rows()];
    int first = 0;
    for (VectorSchemaRoot rows : asked.batches()) {
      List<FieldVector> widened = new ArrayList<>();
      try {
        List<FieldVector> keys = labels.keys(view, rows, allocator, widened);
        int[] found = of.groups(keys, rows.getRowCount());
        System.arraycopy(found, 0, groups, first, found.length);
        first += found.length;
      } finally {
        widened.forEach(FieldVector::close);
      }
    }
    return groups;
  }

  @Override
  public void close() {
    if (chunk != null) {
      chunk.close();
    }
    reader.close();
  }
}
