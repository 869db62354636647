package io.mlinfra.monitoring;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes little-endian numbers, variable-length numbers and texts. */
final class ByteWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  void octet(int value) {
    out.write(value);
  }

  /** A number as groups of seven bits, lowest first; small ones take one byte. */
  void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) (rest & 0x7F | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  /** Folds the sign to the lowest bit first, so that small negative numbers stay short. */
  void signed(long value) {
    varint(value << 1 ^ value >> 63);
  }

  void fixed32(int value) {
    for (int shift = 0; shift < 32; shift += 8) {
      out.write(value >>> shift);
    }
  }

  void fixed64(long value) {
    fixed32((int) value);
    fixed32((int) (value >>> 32));
  }

  void real(double value) {
    fixed64(Double.doubleToRawLongBits(value));
  }

  void text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    varint(bytes.length);
    raw(bytes);
  }

  void raw(byte[] bytes) {
    out.write(bytes, 0, bytes.length);
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}
