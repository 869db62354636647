package io.mlinfra.features;

import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.WarehouseOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.ArrowReader;

/** A warehouse in memory; closing it fails if anything of Arrow's memory is still held. */
public final class Fixture implements AutoCloseable {
  public final RootAllocator memory = new RootAllocator();
  public final Warehouse warehouse =
      Warehouse.inMemory(
          WarehouseOptions.builder().allocator(memory).threads(2).batchRows(2048).build());

  /** Creates or replaces a table. */
  public void load(String table, ArrowTable.Values... columns) throws IOException {
    try (ArrowReader reader = ArrowTable.reader(memory, 1000, columns)) {
      warehouse.load(table, Source.arrow(reader));
    }
  }

  /** All values of a stream by row, texts as String. */
  public static List<List<Object>> rows(ArrowReader reader) throws IOException {
    List<List<Object>> rows = new ArrayList<>();
    while (reader.loadNextBatch()) {
      for (int row = 0; row < reader.getVectorSchemaRoot().getRowCount(); row++) {
        List<Object> values = new ArrayList<>();
        for (FieldVector vector : reader.getVectorSchemaRoot().getFieldVectors()) {
          Object value = vector.getObject(row);
          values.add(vector instanceof VarCharVector && value != null ? value.toString() : value);
        }
        rows.add(values);
      }
    }
    return rows;
  }

  @Override
  public void close() {
    warehouse.close();
    memory.close();
  }
}
