package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.duckdb.DuckDBResultSet;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one query, fetched batch by batch. It owns its connection, so that no other statement
 * ends it, and may be closed by its reader or, from another thread, by the warehouse.
 */
final class QueryStream extends ArrowReader {
  private final ReentrantLock lock = new ReentrantLock();
  private final Running running;
  private final Call call;
  private final ResultSet rows;
  private final ArrowReader batches;
  private final Progress.Task task;
  private final Consumer<QueryStream> onClose;
  private final UnaryOperator<MlInfraException> explained;

  /** Why it is closed, once it is. */
  private volatile @Nullable String closed;

  private boolean released;

  private QueryStream(
      BufferAllocator allocator,
      Running running,
      Call call,
      ResultSet rows,
      ArrowReader batches,
      Progress.Task task,
      Consumer<QueryStream> onClose,
      UnaryOperator<MlInfraException> explained) {
    super(allocator);
    this.running = running;
    this.task = task;
    this.call = call;
    this.rows = rows;
    this.batches = batches;
    this.onClose = onClose;
    this.explained = explained;
  }

  /**
   * Starts a query, in a step of the run.
   *
   * @param running what may end it; closed with the stream
   * @param call becomes the stream's
   * @param allocator must have no limit: what an import refused would leak
   * @param onClose told once, after everything is released
   * @param explained makes of an error the one that the caller sees
   */
  static QueryStream open(
      Running running,
      Call call,
      BufferAllocator allocator,
      int batchRows,
      Progress progress,
      Consumer<QueryStream> onClose,
      UnaryOperator<MlInfraException> explained)
      throws SQLException {
    try {
      ResultSet rows = call.rows();
      ArrowReader batches =
          (ArrowReader) rows.unwrap(DuckDBResultSet.class).arrowExportStream(allocator, batchRows);
      Progress.Task task = progress.start("reading rows", -1, "rows");
      return new QueryStream(allocator, running, call, rows, batches, task, onClose, explained);
    } catch (SQLException | RuntimeException e) {
      call.close();
      throw e;
    }
  }

  @Override
  public VectorSchemaRoot getVectorSchemaRoot() throws IOException {
    return locked(batches::getVectorSchemaRoot);
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    return locked(
        () -> {
          boolean more = running.step(batches::loadNextBatch);
          if (more) {
            task.advance(batches.getVectorSchemaRoot().getRowCount());
          }
          return more;
        });
  }

  @Override
  public Map<Long, Dictionary> getDictionaryVectors() throws IOException {
    return locked(batches::getDictionaryVectors);
  }

  @Override
  public Dictionary lookup(long id) {
    requireOpen();
    return batches.lookup(id);
  }

  @Override
  public Set<Long> getDictionaryIds() {
    requireOpen();
    return batches.getDictionaryIds();
  }

  @Override
  public long bytesRead() {
    return batches.bytesRead();
  }

  @Override
  protected Schema readSchema() throws IOException {
    return getVectorSchemaRoot().getSchema();
  }

  private interface Fetch<T> {
    T get() throws IOException;
  }

  private <T> T locked(Fetch<T> fetch) {
    lock.lock();
    try {
      requireOpen();
      return fetch.get();
    } catch (IOException e) {
      requireOpen();
      throw explained.apply(Errors.of(e));
    } catch (MlInfraException e) {
      requireOpen();
      throw e;
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    String why = closed;
    if (why != null) {
      throw new IllegalStateException(why + " is closed");
    }
  }

  @Override
  public void close() {
    close("the stream of this query");
  }

  @Override
  public void close(boolean closeReadSource) {
    close();
  }

  @Override
  protected void closeReadSource() {
    close();
  }

  /**
   * Closes it for the reason that later calls report, as does a batch under way, which is ended.
   */
  void close(String why) {
    if (closed == null) {
      closed = why;
    }
    running.cancel();
    lock.lock();
    try {
      if (!released) {
        released = true;
        try {
          release();
        } finally {
          onClose.accept(this);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void release() {
    // Closed in reverse order.
    try (running;
        task;
        call;
        rows;
        batches) {
      return;
    } catch (SQLException e) {
      throw Errors.of(e);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.INTERNAL, "closing a stream failed: " + e.getMessage(), e);
    }
  }
}
