package io.mlinfra.warehouse;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;

/**
 * Looks for lines that are longer than DuckDB 1.5.6 takes. Where one is longer than its buffer of
 * 32 MB, several threads load the other rows and say nothing.
 */
final class CsvLines {
  private static final int CHUNK = 1 << 13;

  /** Gzip makes a file shorter by this much at most, and only long lines are lost. */
  private static final long SHORTEST_GZIP = 32_000_000 / 1_032;

  private CsvLines() {}

  /** The line that is too long, from 1, if there is one. Zstandard is not looked into. */
  static OptionalLong tooLong(Path file, int longest) throws IOException {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (CsvHead.isZstandard(file) || Files.size(file) < SHORTEST_GZIP) {
      return OptionalLong.empty();
    }
    if (name.endsWith(".gz")) {
      return gzip(file, longest);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long start = 0;
      // A line break in the last bytes of each stretch is enough: little of the file is read.
      while (channel.size() - start > longest) {
        long lineBreak = lastBreak(channel, start, start + longest);
        if (lineBreak < 0) {
          return OptionalLong.of(lines(file, start) + 1);
        }
        start = lineBreak + 1;
      }
      return OptionalLong.empty();
    }
  }

  private static long lastBreak(FileChannel channel, long from, long to) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    for (long end = to; end > from; end -= CHUNK) {
      long start = Math.max(from, end - CHUNK);
      buffer.clear().limit((int) (end - start));
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, start + buffer.position()) < 0) {
          throw new EOFException("the file became shorter");
        }
      }
      for (int i = (int) (end - start) - 1; i >= 0; i--) {
        if (buffer.get(i) == '\n' || buffer.get(i) == '\r') {
          return start + i;
        }
      }
    }
    return -1;
  }

  private static OptionalLong gzip(Path file, int longest) throws IOException {
    try (InputStream plain = Files.newInputStream(file);
        InputStream in = new GZIPInputStream(plain, 1 << 16)) {
      byte[] bytes = new byte[1 << 16];
      long line = 1;
      long length = 0;
      for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
        for (int i = 0; i < read; i++) {
          length++;
          if (bytes[i] == '\n' || bytes[i] == '\r') {
            line += bytes[i] == '\n' ? 1 : 0;
            length = 0;
          }
        }
        if (length > longest) {
          return OptionalLong.of(line);
        }
      }
      return OptionalLong.empty();
    }
  }

  private static long lines(Path file, long bytes) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] chunk = new byte[1 << 16];
      long lines = 0;
      for (long left = bytes; left > 0; ) {
        int read = in.read(chunk, 0, (int) Math.min(chunk.length, left));
        if (read < 0) {
          break;
        }
        for (int i = 0; i < read; i++) {
          lines += chunk[i] == '\n' ? 1 : 0;
        }
        left -= read;
      }
      return lines;
    }
  }
}
