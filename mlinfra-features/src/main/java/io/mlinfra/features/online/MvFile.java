package io.mlinfra.features.online;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipOutputStream;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.RandomAccessStore;
import org.h2.mvstore.SFChunk;
import org.jspecify.annotations.Nullable;

/**
 * The file below an {@link MvStorage}. It differs from MVStore's own in four things, the first of
 * which is about threads that are interrupted and the others about what a loss of power leaves.
 *
 * <ul>
 *   <li>It reads and writes a {@link RandomAccessFile}. A {@code FileChannel} closes itself when a
 *       thread that uses it is interrupted, and the store would be lost for all threads.
 *   <li>The first bytes of a chunk are written once all others are on the disk. MVStore takes a
 *       chunk for complete whose first and last blocks fit together, but a disk writes blocks in
 *       any order.
 *   <li>The header of the file is written with each chunk. MVStore lets it point to a chunk of some
 *       time ago and follows a chain from there, which breaks where space is used again at once.
 *   <li>The second copy of the header is written once the first is on the disk, and with it the
 *       chunk that it points to. So one of them always points to a chunk that is there.
 * </ul>
 *
 * A write that is complete waits for the disk twice.
 */
class MvFile extends RandomAccessStore {
  private static final int BLOCK = 4096;

  /** So few bytes of a chunk's header get to the disk together or not at all. */
  private static final int CHUNK_START = 16;

  /** Says that this JVM has the file open. Held, as the JDK forgets locks that nobody holds. */
  private final FileLock guard;

  private final RandomAccessFile file;
  private boolean closed;
  private boolean unforced;
  private boolean headersChecked;
  private boolean chunkWritten;

  /**
   * Opens or creates and locks a file. Leaves beside it an empty one, named as it with {@code
   * .lock} behind, which must not be removed while the store is open.
   *
   * @param cache for pages, in MB
   * @throws MVStoreException with {@link DataUtils#ERROR_FILE_LOCKED} if somebody else has it
   */
  MvFile(Path path, int cache) throws IOException {
    super(Map.of("cacheSize", cache));
    init(path.toString(), false);
    guard = guard(path);
    RandomAccessFile opened = null;
    try {
      opened = new RandomAccessFile(path.toFile(), "rw");
      lock(path, opened);
      setSize(opened.length());
      file = opened;
    } catch (IOException | RuntimeException e) {
      if (opened != null) {
        opened.close();
      }
      guard.acquiredBy().close();
      throw e;
    }
  }

  private static void lock(Path path, RandomAccessFile file) throws IOException {
    try {
      if (file.getChannel().tryLock() != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      // Under another name of the same file.
    }
    throw locked(path);
  }

  /**
   * Locks the file beside, by which this JVM knows that it has the store open. The store itself
   * must not even be opened to find that out: in POSIX, closing a file gives up all locks that the
   * process has on it. What the JDK knows of the file beside outlasts that.
   */
  private static FileLock guard(Path path) throws IOException {
    Path real = Files.exists(path) ? path.toRealPath() : path;
    FileChannel beside =
        FileChannel.open(
            real.resolveSibling(real.getFileName() + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = beside.tryLock();
    } catch (OverlappingFileLockException e) {
      // As where another process has it.
    } finally {
      if (lock == null) {
        beside.close();
      }
    }
    if (lock == null) {
      throw locked(path);
    }
    return lock;
  }

  private static MVStoreException locked(Path path) {
    return DataUtils.newMVStoreException(
        DataUtils.ERROR_FILE_LOCKED, "The file is locked: {0}", path);
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
    byte[] first = Arrays.copyOf(bytes, chunk == null ? BLOCK : CHUNK_START);
    try {
      if (!headersChecked) {
        repairHeaders();
        headersChecked = true;
      }
      setSize(Math.max(size(), position + bytes.length));
      unforced = true;
      if (chunk == null) {
        write(position, first, 0);
        force();
        unforced = false;
        // This one gets to the disk with the next chunk, and is not missed before.
        write(position + first.length, bytes, first.length);
      } else {
        if (!chunkWritten) {
          // Whoever had the file before may have died here, with a chunk of the same number.
          write(position, new byte[first.length], 0);
          force();
          chunkWritten = true;
        }
        write(position + first.length, bytes, first.length);
        force();
        write(position, first, 0);
        // MVStore writes its header where it finds this mark, and removes it.
        storeHeader.put("clean", 1);
      }
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_WRITING_FAILED, "writing", e);
    }
    writeCount.incrementAndGet();
    writeBytes.addAndGet(bytes.length);
  }

  /** Makes both copies of the header whole, before one of them is written. */
  private void repairHeaders() throws IOException {
    if (size() >= 2 * BLOCK) {
      byte[] first = readFully((SFChunk) null, 0, BLOCK).array();
      byte[] second = readFully((SFChunk) null, BLOCK, BLOCK).array();
      if (!Arrays.equals(first, second)) {
        // The first is never the older one.
        if (isHeader(first)) {
          write(BLOCK, first, 0);
        } else {
          write(0, second, 0);
        }
        force();
      }
    }
  }

  private static boolean isHeader(byte[] block) {
    String text = new String(block, ISO_8859_1);
    int end = text.indexOf(",fletcher:");
    return end >= 0
        && text.startsWith(
            Integer.toHexString(DataUtils.getFletcher32(block, 0, end)) + "\n",
            end + ",fletcher:".length());
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

  /** How many bytes have been written since it was opened. */
  long written() {
    return writeBytes.get();
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
    if (closed) {
      return;
    }
    closed = true;
    try {
      file.close();
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_WRITING_FAILED, "closing", e);
    } finally {
      super.close();
      closeGuard();
    }
  }

  private void closeGuard() {
    try {
      guard.acquiredBy().close();
    } catch (IOException e) {
      throw failure(DataUtils.ERROR_WRITING_FAILED, "closing the lock of", e);
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
