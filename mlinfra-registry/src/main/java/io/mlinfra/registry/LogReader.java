package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a run's log, on from where it stopped. A last line that is not complete is what a killed
 * writer leaves, or one that is writing now: it is left for the next time. Everything else that is
 * not as it was written is an error. Not thread-safe.
 */
final class LogReader {
  private static final int PIECE = 1 << 16;

  /** Takes a line's JSON. */
  interface Sink {
    void line(long number, byte[] json) throws IOException;
  }

  private final Path file;
  private final Vault vault;
  private final String place;
  private final CRC32C crc = new CRC32C();
  private final LogLine plain = new LogLine();
  private long bytes;
  private long plainBytes;
  private long lines;

  LogReader(Path file, Vault vault, String place) {
    this.file = file;
    this.vault = vault;
    this.place = place;
  }

  /** How many bytes the lines have that were read. */
  long bytes() {
    return bytes;
  }

  /** As {@link #bytes}, before encryption. */
  long plainBytes() {
    return plainBytes;
  }

  long lines() {
    return lines;
  }

  /** Reads the lines that have come since. */
  void advance(Sink sink) throws IOException {
    if (Files.size(file) < bytes) {
      throw altered("it is shorter than it was");
    }
    read(sink, null);
  }

  /**
   * Reads the whole log.
   *
   * @return its hash and size, of all of its bytes as they are before encryption
   */
  Blob readAll(Sink sink) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
    int behind = read(sink, digest);
    return new Blob(
        new ContentHash(HexFormat.of().formatHex(digest.digest())), plainBytes + behind);
  }

  /** Returns how many bytes stand behind the last line. */
  private int read(Sink sink, @Nullable MessageDigest digest) throws IOException {
    byte[] buffer = new byte[PIECE];
    int length = 0;
    // A stream and no channel: an interrupt would close that.
    try (InputStream in = Files.newInputStream(file)) {
      in.skipNBytes(bytes);
      int searched = 0;
      while (true) {
        if (length == buffer.length) {
          buffer = Arrays.copyOf(buffer, grown(buffer.length));
        }
        int n = in.read(buffer, length, buffer.length - length);
        if (n < 0) {
          break;
        }
        length += n;
        int from = 0;
        for (int i = searched; i < length; i++) {
          if (buffer[i] == '\n') {
            line(buffer, from, i, sink, digest);
            from = i + 1;
          }
        }
        System.arraycopy(buffer, from, buffer, 0, length - from);
        length -= from;
        searched = length;
      }
    }
    requireTorn(buffer, length);
    if (digest != null) {
      digest.update(buffer, 0, length);
    }
    return length;
  }

  private int grown(int length) throws IOException {
    if (length > Integer.MAX_VALUE / 4) {
      throw new EOFException("line " + (lines + 1) + " of " + file + " has no end");
    }
    return 2 * length;
  }

  private void line(byte[] buffer, int from, int to, Sink sink, @Nullable MessageDigest digest)
      throws IOException {
    long check = LogLine.check(buffer, from, to);
    crc.reset();
    crc.update(
        buffer, from + Math.min(LogLine.HEAD, to - from), Math.max(0, to - from - LogLine.HEAD));
    if (check < 0 || crc.getValue() != check) {
      throw altered("the check of line " + (lines + 1) + " does not hold");
    }
    byte[] json = LogLine.open(vault, place, lines + 1, buffer, from + LogLine.HEAD, to);
    sink.line(lines + 1, json);
    lines++;
    bytes += to - from + 1;
    plainBytes += LogLine.HEAD + json.length + 1;
    if (digest != null) {
      plain.start().raw(json).end(Vault.PLAIN, place, lines).digest(digest);
    }
  }

  /**
   * A complete line whose line feed became another byte must not pass for an incomplete one: no
   * beginning of an incomplete line has the check of the whole. Two or more zeros are what a file
   * system may leave behind when the power fails.
   */
  private void requireTorn(byte[] buffer, int length) {
    int end = length;
    while (end > 0 && buffer[end - 1] == 0) {
      end--;
    }
    long check = LogLine.check(buffer, 0, end);
    if (check < 0) {
      return;
    }
    crc.reset();
    for (int i = LogLine.HEAD; i < length; i++) {
      boolean isEnd = i > LogLine.HEAD && crc.getValue() == check;
      if (isEnd && !(i == end && length - end > 1)) {
        throw altered("line " + (lines + 1) + " has lost its end");
      }
      crc.update(buffer[i]);
    }
  }

  private MlInfraException altered(String how) {
    return new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " was altered: " + how);
  }
}
