package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.Events;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.PointInTimeJoin;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.util.TransferPair;
import org.apache.arrow.vector.util.VectorSchemaRootAppender;

/** Reads the rows that ask and puts their features beside them. */
final class TrainingSetBuilder {
  private final Warehouse warehouse;
  private final List<FeaturePlan> plans;
  private final String timeColumn;
  private final Progress progress;
  private final BufferAllocator allocator;

  /**
   * A builder of one set.
   *
   * @param allocator becomes the set's if all goes well; else nothing is left in it
   */
  TrainingSetBuilder(
      Warehouse warehouse,
      List<FeaturePlan> plans,
      String timeColumn,
      Progress progress,
      BufferAllocator allocator) {
    this.warehouse = warehouse;
    this.plans = plans;
    this.timeColumn = timeColumn;
    this.progress = progress;
    this.allocator = allocator;
  }

  TrainingSet build(LabelQuery query) throws IOException {
    List<FieldVector> made = new ArrayList<>();
    try (ArrowReader reader = query.run();
        VectorSchemaRoot all =
            VectorSchemaRoot.create(reader.getVectorSchemaRoot().getSchema(), allocator)) {
      read(reader, all);
      long[] times = times((BigIntVector) all.getVector(query.columns));
      try (Progress.Task task =
          progress.start(
              "features at each row's time", (long) times.length * plans.size(), "rows")) {
        int first = query.columns + 1;
        for (int v = 0; v < plans.size(); v++) {
          FeaturePlan plan = plans.get(v);
          int last = first + plan.keyTypes().size();
          addFeatures(plan, all.getFieldVectors().subList(first, last), times, made);
          first = last;
          task.advance(times.length);
        }
      }
      // The columns of the query move over without a copy; what we added to it stays in `all`.
      List<FieldVector> columns = new ArrayList<>();
      for (FieldVector vector : all.getFieldVectors().subList(0, query.columns)) {
        TransferPair transfer = vector.getTransferPair(allocator);
        transfer.transfer();
        columns.add((FieldVector) transfer.getTo());
      }
      columns.addAll(made);
      made.clear();
      VectorSchemaRoot table = new VectorSchemaRoot(columns);
      table.setRowCount(times.length);
      return TrainingSet.owning(table, allocator, timeColumn, times);
    } finally {
      made.forEach(FieldVector::close);
    }
  }

  private void read(ArrowReader reader, VectorSchemaRoot all) throws IOException {
    all.allocateNew();
    try (Progress.Task task = progress.start("reading labels", -1, "rows")) {
      while (reader.loadNextBatch()) {
        VectorSchemaRootAppender.append(false, all, reader.getVectorSchemaRoot());
        task.advance(reader.getVectorSchemaRoot().getRowCount());
      }
    }
  }

  private long[] times(BigIntVector vector) {
    long[] times = new long[vector.getValueCount()];
    for (int row = 0; row < times.length; row++) {
      if (vector.isNull(row)) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "row " + row + " of the query has no time in column '" + timeColumn + "'");
      }
      times[row] = vector.get(row);
    }
    return times;
  }

  private void addFeatures(
      FeaturePlan plan, List<FieldVector> keys, long[] times, List<FieldVector> to) {
    Events events = EventReader.read(warehouse, plan);
    int[] groups = events.groups(keys, times.length);
    long[][] answers = PointInTimeJoin.compute(events, groups, times);
    for (int f = 0; f < answers.length; f++) {
      FeaturePlan.Planned feature = plan.features().get(f);
      Dictionary texts = feature.input() < 0 ? Dictionary.NONE : events.dictionary(feature.input());
      to.add(FeatureColumn.of(feature, answers[f], texts, allocator));
    }
  }
}
