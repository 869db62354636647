package io.mlinfra.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Opens what is read, segment by segment: no byte of one whose tag was not checked. */
final class OpeningStream extends InputStream {
  private final InputStream stored;
  private final Function<SealHeader, Segments> opener;

  /** A segment and the byte behind it, which tells that it is not the last. */
  private final byte[] ahead = new byte[Segments.STORED + 1];

  private final byte[] content = new byte[Segments.CONTENT];
  private @Nullable Segments segments;
  private int held;
  private int from;
  private int to;
  private boolean done;

  /**
   * @param opener finds the key
   */
  OpeningStream(InputStream stored, Function<SealHeader, Segments> opener) {
    this.stored = stored;
    this.opener = opener;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int at, int count) throws IOException {
    Objects.checkFromIndexSize(at, count, bytes.length);
    if (count == 0) {
      return 0;
    }
    while (from == to) {
      if (done) {
        return -1;
      }
      openSegment();
    }
    int n = Math.min(count, to - from);
    System.arraycopy(content, from, bytes, at, n);
    from += n;
    return n;
  }

  private void openSegment() throws IOException {
    Segments opening = segments;
    if (opening == null) {
      opening = opener.apply(SealHeader.parse(stored.readNBytes(SealHeader.BYTES)));
      segments = opening;
    }
    held += stored.readNBytes(ahead, held, ahead.length - held);
    boolean last = held < ahead.length;
    int length = last ? held : Segments.STORED;
    from = 0;
    to = 0;
    to = opening.next(ahead, 0, length, last, content, 0);
    done = last;
    held -= length;
    ahead[0] = ahead[length];
  }

  @Override
  public void close() throws IOException {
    stored.close();
  }
}
