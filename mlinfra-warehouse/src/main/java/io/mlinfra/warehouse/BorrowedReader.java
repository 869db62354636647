package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A caller's stream on its way into DuckDB. An export closes the reader that it is given, and most
 * readers do not bear being closed again by their owner; so this one passes everything on but that.
 */
final class BorrowedReader extends ArrowReader {
  private final ArrowReader reader;
  private final Progress.Task task;
  private volatile @Nullable Throwable failure;

  BorrowedReader(BufferAllocator allocator, ArrowReader reader, Progress.Task task) {
    super(allocator);
    this.reader = reader;
    this.task = task;
  }

  /** What the caller's stream threw: the export passes on no more than its text. */
  @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    try {
      boolean more = reader.loadNextBatch();
      if (more) {
        task.advance(reader.getVectorSchemaRoot().getRowCount());
      }
      return more;
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public VectorSchemaRoot getVectorSchemaRoot() throws IOException {
    return reader.getVectorSchemaRoot();
  }

  @Override
  public Map<Long, Dictionary> getDictionaryVectors() throws IOException {
    return reader.getDictionaryVectors();
  }

  @Override
  public Dictionary lookup(long id) {
    return reader.lookup(id);
  }

  @Override
  public Set<Long> getDictionaryIds() {
    return reader.getDictionaryIds();
  }

  @Override
  public long bytesRead() {
    return reader.bytesRead();
  }

  @Override
  protected Schema readSchema() throws IOException {
    return reader.getVectorSchemaRoot().getSchema();
  }

  @Override
  public void close() {}

  @Override
  public void close(boolean closeReadSource) {}

  @Override
  protected void closeReadSource() {}
}
