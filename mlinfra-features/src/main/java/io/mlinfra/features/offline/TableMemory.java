package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * The memory behind a training set and its views: the table, and the readers that are open on it.
 */
final class TableMemory implements AutoCloseable {
  private final VectorSchemaRoot table;
  private final BufferAllocator allocator;
  private final Gate gate = new Gate("the training set");
  private final Set<GatherReader> readers = ConcurrentHashMap.newKeySet();

  /** Takes the ownership of both. */
  TableMemory(VectorSchemaRoot table, BufferAllocator allocator) {
    this.table = table;
    this.allocator = allocator;
  }

  /** The table, to be read inside the gate only. */
  VectorSchemaRoot table() {
    return table;
  }

  BufferAllocator allocator() {
    return allocator;
  }

  /**
   * Holds off closing.
   *
   * @throws IllegalStateException if it is closed
   */
  Gate.Pass enter() {
    return gate.enter();
  }

  void opened(GatherReader reader) {
    readers.add(reader);
  }

  /** True the first time it is told of a reader. */
  boolean closed(GatherReader reader) {
    return readers.remove(reader);
  }

  /** Waits for reads under way; closes the readers that are still open. */
  @Override
  public void close() {
    if (!gate.close()) {
      return;
    }
    try {
      for (GatherReader reader : readers) {
        reader.close();
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.INTERNAL, "closing a reader failed: " + e.getMessage(), e);
    } finally {
      table.close();
      allocator.close();
    }
  }
}
