package io.mlinfra.warehouse;

import io.mlinfra.core.Gate;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.arrow.memory.BufferAllocator;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBWritableVector;

/** The calls of one registered function. Thread-safe. */
final class FunctionCalls implements AutoCloseable {
  private final ScalarFunction function;
  private final BufferAllocator allocator;
  private final ThreadLocal<Integer> depth;
  private final Gate gate;

  /** As many as there were calls at once: DuckDB's threads are new to Java with every call. */
  private final Queue<FunctionVectors> idle = new ConcurrentLinkedQueue<>();

  /**
   * The function's calls.
   *
   * @param allocator becomes its own
   * @param depth how many functions the thread is in
   */
  FunctionCalls(ScalarFunction function, BufferAllocator allocator, ThreadLocal<Integer> depth) {
    this.function = function;
    this.allocator = allocator;
    this.depth = depth;
    this.gate = new Gate("function '" + function.name() + "'");
  }

  @SuppressWarnings("try") // the pass is held, not used
  void call(DuckDBDataChunkReader arguments, DuckDBWritableVector result) throws Exception {
    try (Gate.Pass pass = gate.enter()) {
      int outer = depth.get();
      depth.set(outer + 1);
      try {
        apply(arguments, result);
      } finally {
        if (outer == 0) {
          depth.remove();
        } else {
          depth.set(outer);
        }
      }
    }
  }

  private void apply(DuckDBDataChunkReader arguments, DuckDBWritableVector result)
      throws Exception {
    FunctionVectors vectors = idle.poll();
    if (vectors == null) {
      vectors = new FunctionVectors(function, allocator);
    }
    try {
      vectors.read(arguments);
      function.body().apply(vectors.arguments(), vectors.result());
      vectors.write(result);
      if (vectors.isSmall()) {
        idle.add(vectors);
        vectors = null;
      }
    } finally {
      // After a failure, and after texts that are long: what was kept would be kept for good.
      if (vectors != null) {
        vectors.close();
      }
    }
  }

  boolean isClosed() {
    return gate.isClosed();
  }

  @Override
  public void close() {
    if (depth.get() > 0) {
      throw new IllegalStateException(
          "function '" + function.name() + "' cannot be closed from inside a function");
    }
    if (gate.close()) {
      try (allocator) {
        idle.forEach(FunctionVectors::close);
      }
    }
  }
}
