package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ReadChannel;
import org.apache.arrow.vector.ipc.message.MessageChannelReader;
import org.apache.arrow.vector.ipc.message.MessageResult;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The batches of an Arrow IPC file, each checked before anybody sees it: native code follows the
 * offsets in a batch without a look, and a damaged file must not take the process with it.
 */
final class ArrowFileReading extends ArrowReader {
  private static final byte[] MAGIC = "ARROW1".getBytes(StandardCharsets.US_ASCII);
  private static final int START = 8;
  private static final int CONTINUATION = -1;

  private final Path file;
  private final FileChannel channel;
  private final Messages messages;
  private final ArrowReader reader;

  /** Of its own: Arrow's readers lose memory when they fail, and no other should be blamed. */
  private final BufferAllocator allocator;

  private volatile @Nullable MlInfraException failure;

  private ArrowFileReading(
      Path file, FileChannel channel, Messages messages, BufferAllocator allocator) {
    super(allocator);
    this.file = file;
    this.channel = channel;
    this.messages = messages;
    this.allocator = allocator;
    this.reader = new ArrowStreamReader(messages, allocator);
  }

  /**
   * Opens a file and reads its schema.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} if it is no Arrow file
   */
  static ArrowFileReading open(Path file) {
    BufferAllocator allocator = new RootAllocator();
    FileChannel channel;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    try {
      ArrowFileReading opened =
          new ArrowFileReading(file, channel, messages(channel, allocator), allocator);
      try {
        opened.checked(opened.reader::getVectorSchemaRoot);
        return opened;
      } catch (RuntimeException e) {
        opened.close();
        throw e;
      }
    } catch (IOException e) {
      closeQuietly(channel, e);
      throw unreadable(file, e);
    }
  }

  private static void closeQuietly(FileChannel channel, IOException cause) {
    try {
      channel.close();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** What its memory comes from; open until this is closed. */
  BufferAllocator allocator() {
    return allocator;
  }

  /** The file format is the stream format between a magic and a footer. */
  private static Messages messages(FileChannel channel, BufferAllocator allocator)
      throws IOException {
    long size = channel.size();
    if (!Arrays.equals(bytes(channel, 0, MAGIC.length), MAGIC)) {
      return new Messages(channel, allocator, size, false);
    }
    int tail = MAGIC.length + Integer.BYTES;
    byte[] end = bytes(channel, Math.max(0, size - tail), tail);
    if (size < START + tail || !Arrays.equals(end, Integer.BYTES, tail, MAGIC, 0, MAGIC.length)) {
      throw new IOException("it ends before its end");
    }
    int footer = ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    if (footer <= 0 || footer > size - START - tail) {
      throw new IOException("its footer is damaged");
    }
    channel.position(START);
    return new Messages(channel, allocator, size - tail - footer, true);
  }

  private static byte[] bytes(FileChannel channel, long position, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) >= 0) {
      continue;
    }
    return bytes.array();
  }

  /** The messages; memory for one is taken only if the file is long enough for it. */
  private static final class Messages extends MessageChannelReader {
    private final FileChannel channel;
    private final long end;
    private final boolean endsWithoutMark;
    private @Nullable ArrowBuf body;

    /**
     * Reads from the channel's position.
     *
     * @param end where the last message ends
     * @param endsWithoutMark whether reaching it needs no mark
     */
    Messages(FileChannel channel, BufferAllocator allocator, long end, boolean endsWithoutMark) {
      super(new ReadChannel(channel), allocator);
      this.channel = channel;
      this.end = end;
      this.endsWithoutMark = endsWithoutMark;
    }

    @Override
    public @Nullable MessageResult readNext() throws IOException {
      long position = channel.position();
      if (endsWithoutMark && position == end) {
        return null;
      }
      ByteBuffer start =
          ByteBuffer.wrap(bytes(channel, position, 8)).order(ByteOrder.LITTLE_ENDIAN);
      if (end - position < 8 || start.getInt(0) != CONTINUATION) {
        throw new IOException(
            position <= START ? "it does not begin like one" : "it ends before its end");
      }
      long length = start.getInt(4);
      if (length < 0 || length > end - position - 8) {
        throw new IOException("it ends within a message");
      }
      MessageResult message = super.readNext();
      if (channel.position() > end) {
        throw new IOException("it ends within a message");
      }
      body = message == null ? null : message.getBodyBuffer();
      return message;
    }

    /** Arrow's reader drops the memory of a message that it fails on. */
    void release() {
      if (body != null && body.refCnt() > 0) {
        body.getReferenceManager().release(body.refCnt());
      }
    }
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    return checked(
        () -> {
          boolean more = reader.loadNextBatch();
          if (more) {
            ArrowBatches.requireSound(reader.getVectorSchemaRoot(), reader);
          }
          return more;
        });
  }

  private interface Fetch<T> {
    T get() throws IOException;
  }

  /** Arrow's readers throw whatever comes when they meet bytes that make no sense. */
  private <T> T checked(Fetch<T> fetch) {
    MlInfraException before = failure;
    if (before != null) {
      // Another of DuckDB's threads comes for the next batch all the same.
      throw before;
    }
    try {
      return fetch.get();
    } catch (IOException | RuntimeException | AssertionError | OutOfMemoryError e) {
      MlInfraException failed =
          String.valueOf(e.getMessage()).contains("arrow-compression")
              ? ArrowFiles.codecMissing("'" + file.toAbsolutePath() + "' cannot be read")
              : unreadable(file, e);
      failure = failed;
      throw failed;
    }
  }

  private static MlInfraException unreadable(Path file, Throwable cause) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE,
        "'"
            + file.toAbsolutePath()
            + "' is not readable as Arrow: "
            + (cause.getMessage() == null ? cause.toString() : cause.getMessage()),
        cause);
  }

  @Override
  public VectorSchemaRoot getVectorSchemaRoot() throws IOException {
    return reader.getVectorSchemaRoot();
  }

  @Override
  public Map<Long, Dictionary> getDictionaryVectors() throws IOException {
    return reader.getDictionaryVectors();
  }

  @Override
  public Dictionary lookup(long id) {
    return reader.lookup(id);
  }

  @Override
  public Set<Long> getDictionaryIds() {
    return reader.getDictionaryIds();
  }

  @Override
  public long bytesRead() {
    return reader.bytesRead();
  }

  @Override
  protected Schema readSchema() throws IOException {
    return reader.getVectorSchemaRoot().getSchema();
  }

  @Override
  public void close() {
    try (channel) {
      try {
        reader.close(false);
      } finally {
        messages.release();
        closeAllocator();
      }
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private void closeAllocator() {
    try {
      allocator.close();
    } catch (IllegalStateException e) {
      if (failure == null) {
        throw e;
      }
    }
  }

  @Override
  public void close(boolean closeReadSource) {
    close();
  }

  @Override
  protected void closeReadSource() {
    close();
  }
}
