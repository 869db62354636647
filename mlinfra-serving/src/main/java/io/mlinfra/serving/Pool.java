package io.mlinfra.serving;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what is costly to make and serves one caller at a time. A thread finds most often what it
 * used last; unlike a thread-local, nothing outlives the pool or holds on to a class loader.
 * Thread-safe; closed only when nobody holds anything of it.
 */
final class Pool<T extends AutoCloseable> implements AutoCloseable {
  private static final int SIZE =
      Integer.highestOneBit(Math.max(8, 2 * java.lang.Runtime.getRuntime().availableProcessors()));

  private final AtomicReferenceArray<@Nullable T> idle = new AtomicReferenceArray<>(SIZE);
  private final Supplier<T> maker;

  Pool(Supplier<T> maker) {
    this.maker = maker;
  }

  T take() {
    int start = start();
    for (int i = 0; i < SIZE; i++) {
      int at = start + i & SIZE - 1;
      if (idle.getPlain(at) != null) {
        T found = idle.getAndSet(at, null);
        if (found != null) {
          return found;
        }
      }
    }
    return maker.get();
  }

  void giveBack(T used) {
    int start = start();
    for (int i = 0; i < SIZE; i++) {
      if (idle.compareAndSet(start + i & SIZE - 1, null, used)) {
        return;
      }
    }
    close(used);
  }

  @Override
  public void close() {
    for (int i = 0; i < SIZE; i++) {
      T found = idle.getAndSet(i, null);
      if (found != null) {
        close(found);
      }
    }
  }

  private void close(T item) {
    try {
      item.close();
    } catch (Exception e) {
      throw new IllegalStateException("cannot close " + item, e);
    }
  }

  private static int start() {
    return (int) Thread.currentThread().getId() & SIZE - 1;
  }
}
