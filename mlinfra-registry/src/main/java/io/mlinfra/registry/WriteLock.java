package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Lets one writer at a time into a folder, of all threads of all processes. A thread that is in
 * already comes in again.
 *
 * <p>A file lock belongs to the JVM, not to a thread: a second attempt in the same JVM fails, and
 * on POSIX closing any channel of the file drops the lock, also one that another channel took. So
 * within the JVM a monitor comes first, and the channel is only ever open inside it. The monitor is
 * the interned URI, which names the file system too: the same object for every registry on the
 * folder, whichever class loader loaded us, and garbage when nobody uses it any more. A static map
 * would be neither.
 */
final class WriteLock {
  private final Path file;
  private final String monitor;
  private Recovery recovery = () -> {};

  /**
   * @param folder a real path, so that two ways to the same folder meet
   */
  WriteLock(Path folder, Path file) {
    this.file = file;
    this.monitor = ("io.mlinfra.registry.WriteLock " + folder.toUri()).intern();
  }

  /** What is done under the lock. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws IOException;
  }

  /** What whoever takes the lock does first, for a writer that died. */
  @FunctionalInterface
  interface Recovery {
    void run() throws IOException;
  }

  /** Called once, before the lock is used. */
  void recoverBy(Recovery recovery) {
    this.recovery = recovery;
  }

  @SuppressWarnings("try") // the lock is held, not used
  <T> T hold(Work<T> work) throws IOException {
    if (Thread.holdsLock(monitor)) {
      return work.run();
    }
    synchronized (monitor) {
      try (FileChannel channel =
              FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(channel)) {
        recovery.run();
        return work.run();
      }
    }
  }

  private FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.lock();
    } catch (FileLockInterruptionException | ClosedByInterruptException e) {
      Thread.currentThread().interrupt();
      throw new MlInfraException(
          ErrorCode.CONFLICT, "interrupted while waiting for the lock " + file, e);
    } catch (OverlappingFileLockException e) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          "this JVM holds the lock " + file + " already, by a path that cannot be told to be its",
          e);
    }
  }
}
