package io.mlinfra.core.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Writes protobuf's wire format: a field is a tag (number and wire type) and then its value. */
final class ProtoWriter {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int LENGTH = 2;
  static final int FIXED32 = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  void varint(int field, long value) {
    tag(field, VARINT);
    raw(value);
  }

  void real(int field, float value) {
    tag(field, FIXED32);
    byte[] bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array();
    out.write(bytes, 0, bytes.length);
  }

  void text(int field, String value) {
    bytes(field, utf8(value));
  }

  // String.getBytes writes a question mark for half a character: another text, and a valid one.
  private static byte[] utf8(String value) {
    try {
      ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
      byte[] bytes = new byte[encoded.remaining()];
      encoded.get(bytes);
      return bytes;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "text ('" + value + "') must not hold half of a surrogate pair", e);
    }
  }

  void bytes(int field, byte[] value) {
    tag(field, LENGTH);
    raw(value.length);
    out.write(value, 0, value.length);
  }

  void message(int field, ProtoWriter value) {
    bytes(field, value.toBytes());
  }

  /** A whole field, tag included, as {@link ProtoReader#verbatim} gives it. */
  void verbatim(byte[] field) {
    out.write(field, 0, field.length);
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private void tag(int field, int wireType) {
    raw((long) field << 3 | wireType);
  }

  private void raw(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) (rest & 0x7F | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }
}
