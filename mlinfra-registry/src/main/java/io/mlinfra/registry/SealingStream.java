package io.mlinfra.registry;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/** Seals what is written; the last segment is sealed by closing. Not thread-safe. */
final class SealingStream extends OutputStream {
  private final OutputStream stored;
  private final SealHeader header;
  private final Segments segments;
  private final byte[] content = new byte[Segments.CONTENT];
  private final byte[] segment = new byte[Segments.STORED];
  private int length;
  private boolean begun;
  private boolean closed;

  SealingStream(OutputStream stored, SealHeader header, Segments segments) {
    this.stored = stored;
    this.header = header;
    this.segments = segments;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int count) throws IOException {
    Objects.checkFromIndexSize(from, count, bytes.length);
    if (closed) {
      throw new IOException("the stream is closed");
    }
    while (count > 0) {
      // A full segment waits: it is the last one if nothing follows.
      if (length == content.length) {
        flushSegment(false);
      }
      int n = Math.min(count, content.length - length);
      System.arraycopy(bytes, from, content, length, n);
      length += n;
      from += n;
      count -= n;
    }
  }

  private void flushSegment(boolean last) throws IOException {
    // Not in the constructor, which would leave the stream below open where writing fails.
    if (!begun) {
      stored.write(header.bytes());
      begun = true;
    }
    int n = segments.next(content, 0, length, last, segment, 0);
    stored.write(segment, 0, n);
    length = 0;
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      flushSegment(true);
    } finally {
      stored.close();
    }
  }
}
