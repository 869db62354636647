package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Reads chosen rows of a table that stays where it is, in a chosen order, batch by batch. */
final class GatherReader extends ArrowReader {
  private final TableMemory memory;
  private final int[] rows;
  private final int batchRows;
  private final List<GatheredColumn> columns = new ArrayList<>();
  private int position;
  private volatile boolean closed;

  private GatherReader(TableMemory memory, int[] rows, int batchRows, List<String> names) {
    super(memory.allocator());
    this.memory = memory;
    this.rows = rows;
    // Room for more rows than there are would only cost memory.
    this.batchRows = Math.max(1, Math.min(batchRows, rows.length));
    VectorSchemaRoot table = memory.table();
    List<Field> fields = table.getSchema().getFields();
    if (names.isEmpty()) {
      for (int i = 0; i < fields.size(); i++) {
        columns.add(new GatheredColumn(fields.get(i), table.getVector(i)));
      }
    }
    for (String name : names) {
      int i = require(fields, name);
      columns.add(new GatheredColumn(fields.get(i), table.getVector(i)));
    }
  }

  private static int require(List<Field> fields, String name) {
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).getName().equals(name)) {
        return i;
      }
    }
    throw new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        "the training set has no column '"
            + name
            + "'; its columns are "
            + fields.stream().map(Field::getName).collect(Collectors.joining(", ")));
  }

  /**
   * Opens a reader.
   *
   * @param rows not copied
   * @param names of the columns; all if empty
   */
  @SuppressWarnings("try") // the pass is held, not used
  static GatherReader open(TableMemory memory, int[] rows, int batchRows, List<String> names) {
    if (batchRows < 1) {
      throw new IllegalArgumentException("batchRows (" + batchRows + ") must be > 0");
    }
    try (Gate.Pass pass = memory.enter()) {
      GatherReader reader = new GatherReader(memory, rows, batchRows, names);
      memory.opened(reader);
      return reader;
    }
  }

  @Override
  protected Schema readSchema() {
    return new Schema(columns.stream().map(GatheredColumn::field).toList());
  }

  @Override
  @SuppressWarnings("try") // the pass is held, not used
  public boolean loadNextBatch() throws IOException {
    try (Gate.Pass pass = memory.enter()) {
      if (closed) {
        throw new IllegalStateException("the reader is closed");
      }
      prepareLoadNextBatch();
      int count = Math.min(batchRows, rows.length - position);
      if (count == 0) {
        return false;
      }
      VectorSchemaRoot batch = getVectorSchemaRoot();
      for (int i = 0; i < columns.size(); i++) {
        columns.get(i).gather(rows, position, count, batchRows, batch.getVector(i));
      }
      batch.setRowCount(count);
      position += count;
      return true;
    }
  }

  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  public void close(boolean closeReadSource) throws IOException {
    closed = true;
    // The training set closes what is still open, maybe while the reader's owner does.
    if (memory.closed(this)) {
      super.close(closeReadSource);
    }
  }

  @Override
  protected void closeReadSource() {}
}
