package io.mlinfra.benchmarks.warehouse;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.VectorUnloader;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.types.pojo.Schema;

/** Rows of five columns, made once: as Arrow batches that may be read again, and one by one. */
final class AppendRows implements AutoCloseable {
  static final String DDL =
      "(id BIGINT, bucket INTEGER, amount DOUBLE, ratio DOUBLE, name VARCHAR)";

  private static final int BATCH_ROWS = 100_000;

  private final BufferAllocator allocator;
  private final Schema schema;
  private final List<ArrowRecordBatch> batches = new ArrayList<>();
  private final int rows;

  AppendRows(BufferAllocator allocator, int rows) {
    this.allocator = allocator;
    this.rows = rows;
    try (BigIntVector ids = new BigIntVector("id", allocator);
        IntVector buckets = new IntVector("bucket", allocator);
        Float8Vector amounts = new Float8Vector("amount", allocator);
        Float8Vector ratios = new Float8Vector("ratio", allocator);
        VarCharVector names = new VarCharVector("name", allocator)) {
      VectorSchemaRoot root = VectorSchemaRoot.of(ids, buckets, amounts, ratios, names);
      schema = root.getSchema();
      for (int first = 0; first < rows; first += BATCH_ROWS) {
        root.allocateNew();
        int count = Math.min(BATCH_ROWS, rows - first);
        for (int i = 0; i < count; i++) {
          int row = first + i;
          ids.setSafe(i, row);
          buckets.setSafe(i, bucket(row));
          amounts.setSafe(i, amount(row));
          ratios.setSafe(i, ratio(row));
          names.setSafe(i, name(row).getBytes(StandardCharsets.UTF_8));
        }
        root.setRowCount(count);
        batches.add(new VectorUnloader(root).getRecordBatch());
      }
    }
  }

  int rows() {
    return rows;
  }

  int bucket(int row) {
    return row % 1_000;
  }

  double amount(int row) {
    return row * 0.25;
  }

  double ratio(int row) {
    return 1.0 / (row + 1);
  }

  String name(int row) {
    return "name " + row % 5_000;
  }

  /** All rows from the first; their memory is not copied. */
  ArrowReader reader() {
    return new ArrowReader(allocator) {
      private int next;

      @Override
      public boolean loadNextBatch() throws java.io.IOException {
        if (next == batches.size()) {
          return false;
        }
        new VectorLoader(getVectorSchemaRoot()).load(batches.get(next++));
        return true;
      }

      @Override
      public long bytesRead() {
        return 0;
      }

      @Override
      protected void closeReadSource() {}

      @Override
      protected Schema readSchema() {
        return schema;
      }
    };
  }

  @Override
  public void close() {
    batches.forEach(ArrowRecordBatch::close);
  }
}
