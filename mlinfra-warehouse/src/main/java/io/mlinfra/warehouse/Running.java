package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * One run of a query or load, which other threads may end. It is made of steps: everything that
 * occupies the connection is one. DuckDB forgets an interruption when a statement begins, so that a
 * run remembers it, and interrupts its step again and again until the step is over.
 */
final class Running implements AutoCloseable {
  private static final long AGAIN_MILLIS = 5;
  private static final long IDLE_SECONDS = 5;

  private static final Duration LONGEST = Duration.ofDays(365 * 100);

  /** Waits for all timeouts; a thread for each would take as long as a small query. */
  private static final ScheduledThreadPoolExecutor CLOCK = clock();

  /** Something that a run does. */
  interface Step<T, E extends Exception> {
    T get() throws E;
  }

  private final Object lock = new Object();
  private final String what;
  private final @Nullable Interrupt interrupt = Interrupt.find();
  private final @Nullable Duration timeout;
  private final long started = System.nanoTime();
  private final Consumer<Running> onClose;
  private final @Nullable Future<?> alarm;

  // The rest is guarded by the lock.
  private @Nullable DuckDBConnection connection;
  private @Nullable Statement statement;
  private boolean busy;
  private boolean closed;
  private @Nullable ErrorCode end;
  private @Nullable Thread watcher;

  /**
   * @param what it is, for messages
   * @param timeout for the whole run, null for none
   * @param onClose told when it is over
   */
  Running(String what, @Nullable Duration timeout, Consumer<Running> onClose) {
    this.what = what;
    // Longer than a long has nanoseconds: none.
    this.timeout = timeout == null || timeout.compareTo(LONGEST) > 0 ? null : timeout;
    this.onClose = onClose;
    this.alarm =
        this.timeout == null
            ? null
            : CLOCK.schedule(
                () -> end(ErrorCode.TIMED_OUT), this.timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static ScheduledThreadPoolExecutor clock() {
    ScheduledThreadPoolExecutor clock =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "mlinfra-query-clock");
              thread.setDaemon(true);
              return thread;
            });
    clock.setRemoveOnCancelPolicy(true);
    // An idle clock has no thread.
    clock.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
    clock.allowCoreThreadTimeOut(true);
    return clock;
  }

  /** What steps from now on use; called in one. */
  void attach(DuckDBConnection connection) {
    synchronized (lock) {
      this.connection = connection;
    }
  }

  /** The statement that runs, for a driver that can be interrupted in no other way. */
  void attach(Statement statement) {
    synchronized (lock) {
      this.statement = statement;
    }
  }

  /** To be called before the connection closes. */
  void detach() {
    synchronized (lock) {
      connection = null;
      statement = null;
    }
  }

  /**
   * Does something that {@link #cancel} and the timeout end.
   *
   * @throws MlInfraException {@link ErrorCode#CANCELLED} or {@link ErrorCode#TIMED_OUT}
   */
  <T, E extends Exception> T step(Step<T, E> step) throws E {
    synchronized (lock) {
      if (end == null && nanosLeft() <= 0) {
        end = ErrorCode.TIMED_OUT;
      }
      if (end != null) {
        throw ended(end, null);
      }
      busy = true;
    }
    try {
      return step.get();
    } catch (Exception e) {
      if (Errors.isInterruption(e)) {
        throw interrupted(e);
      }
      throw e;
    } finally {
      synchronized (lock) {
        busy = false;
        lock.notifyAll();
      }
    }
  }

  /**
   * Where nobody ended the run, DuckDB did: a thread of a query that fails stops the others, and
   * the driver sometimes tells what one of them said (of 300 streams that failed half-way, 2 to 18
   * on DuckDB 1.5.6).
   */
  private MlInfraException interrupted(Exception error) {
    synchronized (lock) {
      return end != null
          ? ended(end, error)
          : new MlInfraException(
              ErrorCode.QUERY_FAILED,
              "the query failed; DuckDB stopped its other threads and tells no reason",
              error);
    }
  }

  /** Ends the step under way, and every later one before it begins. */
  void cancel() {
    end(ErrorCode.CANCELLED);
  }

  private void end(ErrorCode why) {
    synchronized (lock) {
      if (end == null) {
        end = why;
      }
      if (busy && !closed && watcher == null) {
        watch();
      }
    }
  }

  private void watch() {
    Thread thread = new Thread(this::waitAndInterrupt, "mlinfra-query-watch");
    thread.setDaemon(true);
    watcher = thread;
    thread.start();
  }

  private void waitAndInterrupt() {
    synchronized (lock) {
      try {
        while (!closed && busy) {
          interrupt();
          lock.wait(AGAIN_MILLIS);
        }
      } catch (InterruptedException e) {
        // Nobody has this thread to interrupt it.
        return;
      } finally {
        watcher = null;
      }
    }
  }

  private void interrupt() {
    try {
      if (interrupt != null && connection != null) {
        interrupt.stop(connection);
      } else if (statement != null) {
        statement.cancel();
      }
    } catch (SQLException e) {
      // The step is ending by itself.
      return;
    }
  }

  private long nanosLeft() {
    return timeout == null ? Long.MAX_VALUE : timeout.toNanos() - (System.nanoTime() - started);
  }

  private MlInfraException ended(ErrorCode why, @Nullable Exception cause) {
    return new MlInfraException(
        why,
        why == ErrorCode.TIMED_OUT
            ? "the " + what + " took longer than its timeout of " + timeout
            : "the " + what + " was cancelled",
        cause);
  }

  /** Ends the watch; the connection is left to its owner. */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      connection = null;
      statement = null;
      lock.notifyAll();
    }
    if (alarm != null) {
      alarm.cancel(false);
    }
    onClose.accept(this);
  }
}
