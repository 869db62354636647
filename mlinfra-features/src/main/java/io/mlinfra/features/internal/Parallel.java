package io.mlinfra.features.internal;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.function.IntToLongFunction;
import java.util.function.Supplier;

/** Spreads tasks over the processors, with threads that end with the call. */
final class Parallel {
  private static final int SMALL = 20_000;
  private static final int MOST = 64;

  private Parallel() {}

  /**
   * Cuts items into tasks of about equal weight.
   *
   * @param before the weight of all items before one; about 10 ns of work weigh 1
   * @return the first item of each task, and the number of items at the end
   */
  static int[] ranges(int items, IntToLongFunction before) {
    long total = before.applyAsLong(items);
    int tasks = (int) Math.min(MOST, total / SMALL + 1);
    int[] ranges = new int[tasks + 1];
    ranges[tasks] = items;
    int item = 0;
    for (int task = 1; task < tasks; task++) {
      while (item < items && before.applyAsLong(item) < total / tasks * task) {
        item++;
      }
      ranges[task] = item;
    }
    return ranges;
  }

  /**
   * Runs tasks, in the calling thread too.
   *
   * @param tasks how many; they are taken in order
   * @param worker makes what runs the tasks of one thread
   * @throws RuntimeException what a task has thrown, when all threads are done
   */
  static void run(int tasks, Supplier<IntConsumer> worker) {
    AtomicInteger next = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable loop =
        () -> {
          try {
            IntConsumer work = worker.get();
            int task = next.getAndIncrement();
            for (; task < tasks && failure.get() == null; task = next.getAndIncrement()) {
              work.accept(task);
            }
          } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
          }
        };
    Thread[] helpers =
        new Thread[Math.max(0, Math.min(tasks, Runtime.getRuntime().availableProcessors()) - 1)];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Thread(loop, "mlinfra-features-" + i);
      helpers[i].setDaemon(true);
      helpers[i].start();
    }
    loop.run();
    boolean interrupted = false;
    for (Thread helper : helpers) {
      while (helper.isAlive()) {
        try {
          helper.join();
        } catch (InterruptedException e) {
          // What the helpers write is the caller's: they are waited for in any case.
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() instanceof Error error) {
      throw error;
    }
    if (failure.get() instanceof RuntimeException exception) {
      throw exception;
    }
  }
}
