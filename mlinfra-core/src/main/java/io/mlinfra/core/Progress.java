package io.mlinfra.core;

import java.io.PrintStream;

/**
 * Listens to long work. Implementations must be thread-safe: tasks start and advance on whichever
 * thread does the work.
 */
public interface Progress {
  /** Says nothing. The default everywhere. */
  Progress NONE = (name, total, unit) -> units -> {};

  /**
   * A task starts.
   *
   * @param name what is done, for people
   * @param total how many units there are, or -1 where that is not known
   * @param unit what is counted, in the plural: {@code "rows"}
   * @return to be told of every step; closed when the task ends, well or not
   */
  Task start(String name, long total, String unit);

  /** A task under way. */
  interface Task extends AutoCloseable {
    /** So many more units are done. */
    void advance(long units);

    @Override
    default void close() {}
  }

  /** Draws one bar per task, redrawn in place as it grows. */
  static Progress console(PrintStream out) {
    return new ConsoleProgress(out);
  }
}
