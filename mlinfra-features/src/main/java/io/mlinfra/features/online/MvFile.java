package io.mlinfra.features.online;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipOutputStream;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.RandomAccessStore;
import org.h2.mvstore.SFChunk;
import org.jspecify.annotations.Nullable;

/**
 * The file below an {@link MvStorage}. It differs from MVStore's own in two things.
 *
 * <p>It reads and writes a {@link RandomAccessFile}: a {@code FileChannel} closes itself when a
 * thread that uses it is interrupted, and the store would be lost for all threads.
 *
 * <p>It writes the first block of a chunk after all others have reached the disk. MVStore takes a
 * chunk for complete whose first and last blocks fit together, but a disk may write blocks in any
 * order, and after a loss of power those between may be missing.
 */
class MvFile extends RandomAccessStore {
  private static final int BLOCK = 4096;

  private final RandomAccessFile file;
  private final FileLock lock;
  private boolean unforced;

  /**
   * Opens or creates and locks a file.
   *
   * @param cache for pages, in MB
   * @throws MVStoreException with {@link DataUtils#ERROR_FILE_LOCKED} if somebody else has it
   */
  MvFile(Path path, int cache) throws IOException {
    super(Map.of("cacheSize", cache));
    init(path.toString(), false);
    file = new RandomAccessFile(path.toFile(), "rw");
    try {
      lock = lock(path);
      setSize(file.length());
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private FileLock lock(Path path) throws IOException {
    FileLock found;
    try {
      found = file.getChannel().tryLock();
    } catch (OverlappingFileLockException e) {
      found = null;
    }
    if (found == null) {
      throw DataUtils.newMVStoreException(
          DataUtils.ERROR_FILE_LOCKED, "The file is locked: {0}", path);
    }
    return found;
  }

  @Override
  public void open(String name, boolean readOnly, char @Nullable [] key) {
    // It is open from the start.
  }

  @Override
  public MvFile open(String name, boolean readOnly) {
    throw new UnsupportedOperationException("open");
  }

  @Override
  public ByteBuffer readFully(@Nullable SFChunk chunk, long position, int length) {
    byte[] bytes = new byte[length];
    try {
      synchronized (file) {
        file.seek(position);
        file.readFully(bytes);
      }
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_READING_FAILED, "reading", e);
    }
    readCount.incrementAndGet();
    readBytes.addAndGet(length);
    return ByteBuffer.wrap(bytes);
  }

  @Override
  protected void writeFully(@Nullable SFChunk chunk, long position, ByteBuffer source) {
    byte[] bytes = new byte[source.remaining()];
    source.get(bytes);
    int first = chunk == null ? 0 : Math.min(BLOCK, bytes.length);
    try {
      setSize(Math.max(size(), position + bytes.length));
      unforced = true;
      write(position + first, bytes, first);
      if (first > 0) {
        force();
        write(position, first == bytes.length ? bytes : Arrays.copyOf(bytes, first), 0);
      }
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_WRITING_FAILED, "writing", e);
    }
    writeCount.incrementAndGet();
    writeBytes.addAndGet(bytes.length);
  }

  /** Writes bytes from an index on. */
  void write(long position, byte[] bytes, int from) throws IOException {
    synchronized (file) {
      file.seek(position);
      file.write(bytes, from, bytes.length - from);
    }
  }

  /** Waits until the disk has what was written. */
  void force() throws IOException {
    file.getFD().sync();
  }

  @Override
  public void sync() {
    if (unforced) {
      try {
        force();
      } catch (IOException e) {
        throw failure(DataUtils.ERROR_WRITING_FAILED, "forcing", e);
      }
      unforced = false;
    }
  }

  @Override
  protected void truncate(long size) {
    try {
      synchronized (file) {
        file.setLength(size);
      }
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_WRITING_FAILED, "truncating", e);
    }
    setSize(Math.min(size(), size));
    writeCount.incrementAndGet();
  }

  @Override
  public void close() {
    try {
      lock.close();
      file.close();
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_WRITING_FAILED, "closing", e);
    } finally {
      super.close();
    }
  }

  @Override
  public void backup(ZipOutputStream to) {
    throw new UnsupportedOperationException("backup");
  }

  private MVStoreException failure(int code, String what, IOException cause) {
    return DataUtils.newMVStoreException(code, "{0} failed: {1}", what, getFileName(), cause);
  }
}
