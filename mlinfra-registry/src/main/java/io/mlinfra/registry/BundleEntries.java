package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A bundle read from its first entry to its last. The caller says which entry must come next, so
 * that one that is missing, there twice, out of order, under another name or of another size ends
 * the reading; the names in the file are only ever compared. Not thread-safe.
 */
final class BundleEntries implements AutoCloseable {
  /** What ends every zip file that has no comment: a mark, 16 bytes of numbers, no length. */
  private static final int END_BYTES = 22;

  private static final int END_MARK = 0x504b0506;

  private final Path file;
  private final ZipInputStream zip;

  private BundleEntries(Path file, ZipInputStream zip) {
    this.file = file;
    this.zip = zip;
  }

  static BundleEntries open(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file + "' is no bundle: it is a folder");
    }
    try {
      requireEnd(file);
      return new BundleEntries(
          file, new ZipInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16)));
    } catch (NoSuchFileException e) {
      throw new MlInfraException(ErrorCode.FILE_MISSING, "there is no file '" + file + "'", e);
    }
  }

  /** What the end of the file says is not used, only that it is there: the file was not cut off. */
  private static void requireEnd(Path file) throws IOException {
    ByteBuffer end = ByteBuffer.allocate(END_BYTES);
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      channel.position(Math.max(0, channel.size() - END_BYTES));
      for (int n = 0; n >= 0 && end.hasRemaining(); ) {
        n = channel.read(end);
      }
    }
    if (end.hasRemaining() || end.getInt(0) != END_MARK || end.getShort(END_BYTES - 2) != 0) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "'" + file + "' is no whole bundle: it ends unlike a zip file");
    }
  }

  /** What an entry is, for error messages. */
  String source(String place) {
    return "'" + place + "' in '" + file + "'";
  }

  MlInfraException refused(String why) {
    return refused(why, null);
  }

  private MlInfraException refused(String why, @Nullable Throwable cause) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE, "'" + file + "' cannot be imported: " + why, cause);
  }

  /** A small entry, the whole of it, of which the hash is not known. */
  byte[] small(String place) throws IOException {
    ZipEntry entry = next(place);
    if (entry.getSize() > Json.MAX_RECORD_BYTES) {
      throw refused(
          "'" + place + "' has " + entry.getSize() + " bytes, too many: " + Json.MAX_RECORD_BYTES);
    }
    return new Content(Progress.NONE.start("", 0, "")).readAllBytes();
  }

  /** A small entry, the whole of it. */
  byte[] small(String place, Blob expected) throws IOException {
    byte[] bytes = small(place);
    if (bytes.length != expected.bytes() || !ContentHash.of(bytes).equals(expected.hash())) {
      throw altered(place);
    }
    return bytes;
  }

  /** An entry of any size, to be read before the next one; it has no more bytes than expected. */
  InputStream content(Blob expected, Progress.Task task) throws IOException {
    String place = Bundle.place(expected);
    ZipEntry entry = next(place);
    if (entry.getSize() != expected.bytes()) {
      throw refused(
          "'" + place + "' has " + entry.getSize() + " bytes and not " + expected.bytes());
    }
    return new Content(task);
  }

  MlInfraException altered(String place) {
    return new MlInfraException(
        ErrorCode.CONTENT_ALTERED, source(place) + " was altered: its hash is another");
  }

  void requireNoMore() throws IOException {
    ZipEntry entry = next();
    if (entry != null) {
      throw refused("it has '" + entry.getName() + "', which its manifest does not name");
    }
  }

  private ZipEntry next(String place) throws IOException {
    ZipEntry entry = next();
    if (entry == null) {
      throw refused("'" + place + "' is missing");
    }
    if (!entry.getName().equals(place)) {
      throw refused("it has '" + entry.getName() + "' where '" + place + "' should be");
    }
    // What is stored has its true size in front; what is compressed could grow without end.
    if (entry.getMethod() != ZipEntry.STORED || entry.getSize() < 0) {
      throw refused("'" + place + "' is compressed, and nothing in a bundle is");
    }
    return entry;
  }

  private @Nullable ZipEntry next() throws IOException {
    try {
      return zip.getNextEntry();
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw broken(e);
    }
  }

  private MlInfraException broken(Exception e) {
    return refused("it is no zip file, or a damaged one: " + e.getMessage(), e);
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  /** The bytes of the current entry. */
  private final class Content extends InputStream {
    private final Progress.Task task;

    Content(Progress.Task task) {
      this.task = task;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        int n = zip.read(bytes, offset, length);
        task.advance(Math.max(0, n));
        return n;
      } catch (ZipException | EOFException e) {
        throw broken(e);
      }
    }
  }
}
