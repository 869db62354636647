package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.UUID;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;

/** What is left of a stream of batches. */
final class ArrowSource extends Source {
  private final ArrowReader reader;

  ArrowSource(ArrowReader reader) {
    this.reader = Objects.requireNonNull(reader, "reader");
  }

  @Override
  Scan open(Scan.Context context) throws SQLException {
    return open(context, reader);
  }

  /**
   * Makes a stream available.
   *
   * @param reader borrowed; read to its end by the statement that reads the scan
   */
  static Scan open(Scan.Context context, ArrowReader reader) throws SQLException {
    requireLoadable(context.table(), reader);
    String view = "mlinfra source " + UUID.randomUUID();
    Progress.Task task = context.progress().start("loading " + context.table(), -1, "rows");
    BufferAllocator exports = exports(context.imports(), reader);
    BorrowedReader borrowed = new BorrowedReader(exports, reader, task);
    ArrowArrayStream stream = ArrowArrayStream.allocateNew(exports);
    try {
      Data.exportArrayStream(exports, borrowed, stream);
      // A temporary view that ends with the connection.
      context.connection().registerArrowStream(view, stream);
    } catch (RuntimeException e) {
      close(stream, task);
      // So the driver wraps what it refuses, such as a type that DuckDB does not have.
      if (e.getCause() instanceof SQLException refused) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "table '" + context.table() + "' was not loaded: " + Errors.message(refused),
            refused);
      }
      throw e;
    }
    return new Scan() {
      @Override
      public String from() {
        return Sql.quoted(view);
      }

      @Override
      public boolean tellsProgress() {
        return true;
      }

      @Override
      public RuntimeException failed(SQLException error) {
        return ArrowSource.failed(context.table(), borrowed, error);
      }

      @Override
      public void close() {
        ArrowSource.close(stream, task);
      }
    };
  }

  private static void requireLoadable(String table, ArrowReader reader) {
    try {
      ArrowBatches.requireLoadable(reader.getVectorSchemaRoot().getSchema());
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED,
          "table '" + table + "' was not loaded, reading its source failed: " + e.getMessage(),
          e);
    }
  }

  /** A buffer cannot be handed on by an allocator of another root than its own. */
  private static BufferAllocator exports(BufferAllocator ours, ArrowReader reader) {
    try {
      BufferAllocator theirs = reader.getVectorSchemaRoot().getVector(0).getAllocator();
      return theirs.getRoot() == ours.getRoot() ? ours : theirs;
    } catch (IOException e) {
      // It has given its columns before.
      throw new UncheckedIOException(e);
    }
  }

  private static RuntimeException failed(String table, BorrowedReader reader, SQLException error) {
    Throwable failure = reader.failure();
    if (failure == null) {
      return Errors.of(error);
    }
    error.addSuppressed(failure);
    return new MlInfraException(
        failure instanceof MlInfraException known ? known.code() : ErrorCode.IO_FAILED,
        "table '" + table + "' was not loaded, reading its source failed: " + failure.getMessage(),
        failure);
  }

  private static void close(ArrowArrayStream stream, Progress.Task task) {
    try (task;
        stream) {
      // Where DuckDB did not come to read it.
      if (stream.snapshot().release != 0) {
        stream.release();
      }
    }
  }

  @Override
  public String toString() {
    return "Source[Arrow stream]";
  }
}
