package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.util.TransferPair;
import org.apache.arrow.vector.util.VectorSchemaRootAppender;

/** Reads the rows that ask and puts their features beside them. */
final class TrainingSetBuilder {
  private final Warehouse warehouse;
  private final List<FeatureView> views;
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
      List<FeatureView> views,
      String timeColumn,
      Progress progress,
      BufferAllocator allocator) {
    this.warehouse = warehouse;
    this.views = views;
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
              "features at each row's time", (long) times.length * views.size(), "rows")) {
        for (int v = 0; v < views.size(); v++) {
          VarCharVector entities = (VarCharVector) all.getVector(query.columns + 1 + v);
          addFeatures(views.get(v), entities, times, made);
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
      FeatureView view, VarCharVector entities, long[] times, List<FieldVector> to) {
    Events events = EventReader.read(warehouse, view);
    int[] groups = new int[times.length];
    for (int row = 0; row < groups.length; row++) {
      groups[row] =
          entities.isNull(row)
              ? -1
              : events.group(new String(entities.get(row), StandardCharsets.UTF_8));
    }
    double[][] answers = PointInTimeJoin.compute(events, view.features(), groups, times);
    for (int f = 0; f < answers.length; f++) {
      Feature feature = view.features().get(f);
      to.add(
          feature.aggregate().function() == Aggregate.Function.COUNT
              ? counts(feature.name(), answers[f])
              : numbers(feature.name(), answers[f]));
    }
  }

  private FieldVector counts(String name, double[] values) {
    FieldType type = FieldType.notNullable(new ArrowType.Int(64, true));
    BigIntVector vector = new BigIntVector(new Field(name, type, null), allocator);
    vector.allocateNew(values.length);
    for (int row = 0; row < values.length; row++) {
      vector.set(row, (long) values[row]);
    }
    vector.setValueCount(values.length);
    return vector;
  }

  private FieldVector numbers(String name, double[] values) {
    ArrowType type = new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
    Float8Vector vector = new Float8Vector(Field.nullable(name, type), allocator);
    vector.allocateNew(values.length);
    for (int row = 0; row < values.length; row++) {
      if (!Double.isNaN(values[row])) {
        vector.set(row, values[row]);
      }
    }
    vector.setValueCount(values.length);
    return vector;
  }
}
