package io.mlinfra.registry;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a run's log. A line is with the operating system when {@link #append} returns, so that
 * it outlives the process; forcing it to the disk would take a hundred times as long, and is done
 * about once a second. Not thread-safe.
 *
 * <p>A channel would close when its thread is interrupted, and with it the log of all the others.
 * The streams of the default file system do not; should one of another file system do, the line is
 * written again with the interrupt put off.
 */
final class LogWriter implements Closeable {
  private static final long SYNC_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Path file;
  private final Vault vault;
  private final String place;
  private @Nullable OutputStream out;
  private long bytes;
  private long plainBytes;
  private long lines;
  private long synced = System.nanoTime();
  private boolean dirty;

  /**
   * @param read has read what there is; what stands behind it is cut off
   */
  LogWriter(Path file, Vault vault, String place, LogReader read) {
    this.file = file;
    this.vault = vault;
    this.place = place;
    this.bytes = read.bytes();
    this.plainBytes = read.plainBytes();
    this.lines = read.lines();
  }

  /** Ends and writes the line: wholly, or the next one takes its place. */
  void append(LogLine line) throws IOException {
    line.end(vault, place, lines + 1);
    try {
      write(line);
    } catch (ClosedChannelException e) {
      boolean interrupted = Thread.interrupted();
      try {
        release();
        write(line);
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    } catch (IOException e) {
      // The disk may be full in the middle of the line.
      release();
      throw e;
    }
    bytes += line.length();
    plainBytes += line.plainLength();
    lines++;
    dirty = true;
    if (System.nanoTime() - synced > SYNC_NANOS) {
      sync();
    }
  }

  private void write(LogLine line) throws IOException {
    OutputStream stream = out;
    if (stream == null) {
      cutOff();
      stream = Files.newOutputStream(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
      out = stream;
    }
    line.writeTo(stream);
  }

  private void cutOff() throws IOException {
    if (Files.size(file) > bytes) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(bytes);
      }
    }
  }

  /** Forces what was written to the disk. */
  void sync() throws IOException {
    if (dirty) {
      DurableFiles.sync(file, StandardOpenOption.WRITE);
      dirty = false;
    }
    synced = System.nanoTime();
  }

  /** How many bytes the log has before encryption, none of them in doubt. */
  long plainBytes() {
    return plainBytes;
  }

  private void release() {
    OutputStream stream = out;
    out = null;
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException e) {
        // Nothing is buffered in it.
        return;
      }
    }
  }

  /** Cuts off what a failed write has left, forces the log to the disk and lets go of it. */
  void finish() throws IOException {
    release();
    cutOff();
    sync();
  }

  @Override
  public void close() {
    release();
  }
}
