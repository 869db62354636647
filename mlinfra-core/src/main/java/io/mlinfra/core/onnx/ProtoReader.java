package io.mlinfra.core.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads protobuf's wire format from untrusted bytes: every length is checked before it is believed.
 */
final class ProtoReader {
  private final ByteBuffer in;
  private int start;
  private int field;
  private int wireType;

  ProtoReader(byte[] bytes) {
    this(ByteBuffer.wrap(bytes));
  }

  private ProtoReader(ByteBuffer in) {
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Moves to the next field; 0 at the end. The value must then be read or skipped. */
  int next() {
    if (!in.hasRemaining()) {
      return 0;
    }
    start = in.position();
    long tag = raw();
    if (tag >>> 32 != 0) {
      // Narrowed, it could pass for another field than the one that other readers see.
      throw new OnnxFormatException("a field number of " + (tag >>> 3) + " at byte " + start);
    }
    field = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    if (field <= 0) {
      throw new OnnxFormatException("a field number of " + field + " at byte " + in.position());
    }
    return field;
  }

  boolean isLengthDelimited() {
    return wireType == ProtoWriter.LENGTH;
  }

  boolean hasRemaining() {
    return in.hasRemaining();
  }

  int remaining() {
    return in.remaining();
  }

  long varint() {
    require(ProtoWriter.VARINT);
    return raw();
  }

  /** One value inside a packed field. */
  long packedVarint() {
    return raw();
  }

  float real() {
    require(ProtoWriter.FIXED32);
    return packedReal();
  }

  float packedReal() {
    requireRemaining(4);
    return in.getFloat();
  }

  double packedDouble() {
    requireRemaining(8);
    return in.getDouble();
  }

  String text() {
    ByteBuffer bytes = slice();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new OnnxFormatException("field " + field + " is not UTF-8 text");
    }
  }

  byte[] bytes() {
    ByteBuffer slice = slice();
    byte[] bytes = new byte[slice.remaining()];
    slice.get(bytes);
    return bytes;
  }

  ProtoReader message() {
    return new ProtoReader(slice());
  }

  /** The whole field as it stands, tag included. */
  byte[] verbatim() {
    skip();
    byte[] bytes = new byte[in.position() - start];
    in.get(start, bytes);
    return bytes;
  }

  void skip() {
    switch (wireType) {
      case ProtoWriter.VARINT -> raw();
      case ProtoWriter.FIXED64 -> advance(8);
      case ProtoWriter.LENGTH -> slice();
      case ProtoWriter.FIXED32 -> advance(4);
      default ->
          throw new OnnxFormatException("wire type " + wireType + " at byte " + in.position());
    }
  }

  private ByteBuffer slice() {
    require(ProtoWriter.LENGTH);
    long length = raw();
    if (length < 0 || length > in.remaining()) {
      throw new OnnxFormatException(
          "field " + field + " claims " + length + " bytes where " + in.remaining() + " are left");
    }
    ByteBuffer slice = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return slice;
  }

  private void require(int expected) {
    if (wireType != expected) {
      throw new OnnxFormatException(
          "field " + field + " has wire type " + wireType + ", not " + expected);
    }
  }

  private void requireRemaining(int bytes) {
    if (in.remaining() < bytes) {
      throw new OnnxFormatException("field " + field + " ends early");
    }
  }

  private void advance(int bytes) {
    requireRemaining(bytes);
    in.position(in.position() + bytes);
  }

  private long raw() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      requireRemaining(1);
      byte next = in.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new OnnxFormatException("a number of more than 64 bits at byte " + in.position());
  }
}
