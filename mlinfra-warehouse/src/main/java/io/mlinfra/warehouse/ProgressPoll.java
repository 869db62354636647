package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.sql.SQLException;
import java.sql.Statement;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;

/** Tells a task how far a running statement is, by asking DuckDB every now and then. */
final class ProgressPoll implements AutoCloseable {
  private static final long INTERVAL_MILLIS = 50;

  private final DuckDBPreparedStatement statement;
  private final Progress.Task task;
  private final long total;
  private final Thread thread;
  private long told;

  private ProgressPoll(DuckDBPreparedStatement statement, Progress.Task task, long total) {
    this.statement = statement;
    this.task = task;
    this.total = total;
    this.thread = new Thread(this::poll, "mlinfra-progress");
    this.thread.setDaemon(true);
  }

  /** Makes DuckDB count on this connection; without this it says nothing. */
  static void enable(DuckDBConnection connection) throws SQLException {
    try (Statement settings = connection.createStatement()) {
      settings.execute("SET enable_progress_bar = true");
      settings.execute("SET enable_progress_bar_print = false");
      settings.execute("SET progress_bar_time = 0");
    }
  }

  /**
   * Starts asking.
   *
   * @param statement open until this is closed
   * @param total the task's units
   */
  static ProgressPoll start(DuckDBPreparedStatement statement, Progress.Task task, long total) {
    ProgressPoll poll = new ProgressPoll(statement, task, total);
    poll.thread.start();
    return poll;
  }

  private void poll() {
    try {
      while (true) {
        Thread.sleep(INTERVAL_MILLIS);
        // Negative where DuckDB cannot tell, as for some plans and before the first rows.
        double percentage = statement.getQueryProgress().getPercentage();
        tell((long) (Math.min(1, Math.max(0, percentage / 100)) * total));
      }
    } catch (InterruptedException | SQLException e) {
      // The statement has ended.
      return;
    }
  }

  private synchronized void tell(long units) {
    if (units > told) {
      task.advance(units - told);
      told = units;
    }
  }

  /** Tells the task that all is done. */
  void finish() {
    close();
    tell(total);
  }

  /** Stops asking. */
  @Override
  public void close() {
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
