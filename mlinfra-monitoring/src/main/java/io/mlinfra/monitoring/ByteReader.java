package io.mlinfra.monitoring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads what {@link ByteWriter} wrote, from untrusted bytes: every length is checked before it is
 * believed, so nothing larger than the bytes themselves is ever allocated.
 */
final class ByteReader {
  private final ByteBuffer in;

  ByteReader(byte[] bytes, int from, int length) {
    this.in = ByteBuffer.wrap(bytes, from, length).slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  int octet() {
    require(1);
    return in.get() & 0xFF;
  }

  long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = octet();
      value |= (long) (next & 0x7F) << shift;
      if (next < 0x80) {
        return value;
      }
    }
    throw new ProfileFormatException("a number of more than 64 bits");
  }

  long signed() {
    long value = varint();
    return value >>> 1 ^ -(value & 1);
  }

  /** A number of things, or of rows. */
  long total(String what) {
    long value = varint();
    if (value < 0) {
      throw new ProfileFormatException(what + " (" + value + ") must not be negative");
    }
    return value;
  }

  int count(String what, int most) {
    long value = varint();
    if (value < 0 || value > most) {
      throw new ProfileFormatException(what + " (" + value + ") must be at most " + most);
    }
    return (int) value;
  }

  /** A number of things that take at least so many bytes each and are yet to come. */
  int countOf(String what, int bytesEach, int most) {
    return count(what, Math.min(most, in.remaining() / bytesEach));
  }

  int fixed32() {
    require(4);
    return in.getInt();
  }

  long fixed64() {
    require(8);
    return in.getLong();
  }

  double real() {
    return Double.longBitsToDouble(fixed64());
  }

  /** A number that is a number. */
  double number(String what) {
    double value = real();
    if (Double.isNaN(value)) {
      throw new ProfileFormatException(what + " is NaN");
    }
    return value;
  }

  String text(String what) {
    return new String(raw(count("the length of " + what, in.remaining())), StandardCharsets.UTF_8);
  }

  byte[] raw(int length) {
    require(length);
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  void requireEnd() {
    if (in.hasRemaining()) {
      throw new ProfileFormatException(in.remaining() + " bytes too many");
    }
  }

  private void require(int bytes) {
    if (in.remaining() < bytes) {
      throw new ProfileFormatException("it ends early");
    }
  }
}
