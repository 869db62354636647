package io.mlinfra.registry;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.io.NumberOutput;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.CRC32C;

/**
 * A line of a run's log being put together: eight hexadecimal digits of the CRC-32C of what follows
 * them and a space, then the JSON, then a line feed. The bytes are used again for the next line.
 * Not thread-safe.
 */
final class LogLine {
  /** Before the payload: the check and a space. */
  static final int HEAD = 9;

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private final CRC32C crc = new CRC32C();
  private byte[] bytes = new byte[256];
  private int length = HEAD;
  private int plainLength;

  /** Forgets the line before. */
  LogLine start() {
    length = HEAD;
    return this;
  }

  LogLine raw(byte[] json) {
    reserve(json.length);
    System.arraycopy(json, 0, bytes, length, json.length);
    length += json.length;
    return this;
  }

  LogLine ascii(String text) {
    int count = text.length();
    reserve(count);
    for (int i = 0; i < count; i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
    return this;
  }

  LogLine number(long value) {
    reserve(20);
    length = NumberOutput.outputLong(value, bytes, length);
    return this;
  }

  // Jackson's own writer: the JDK's prints some numbers differently from release 19 on.
  LogLine number(double value) {
    return Double.isFinite(value)
        ? ascii(NumberOutput.toString(value, true))
        : ascii("\"").ascii(Double.toString(value)).ascii("\"");
  }

  /** The name of a member, as it stands before its value. */
  static byte[] member(String name) {
    byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(name);
    byte[] member = new byte[quoted.length + 3];
    member[0] = '"';
    System.arraycopy(quoted, 0, member, 1, quoted.length);
    member[member.length - 2] = '"';
    member[member.length - 1] = ':';
    return member;
  }

  /** Ends the line, as it lies on the disk. */
  LogLine end(Vault vault, String place, long number) {
    plainLength = length + 1;
    if (vault != Vault.PLAIN) {
      byte[] json = Arrays.copyOfRange(bytes, HEAD, length);
      start().raw(Base64.getEncoder().encode(vault.seal(place + ":" + number, json)));
    }
    crc.reset();
    crc.update(bytes, HEAD, length - HEAD);
    long check = crc.getValue();
    for (int i = 7; i >= 0; i--) {
      bytes[i] = HEX[(int) (check & 15)];
      check >>>= 4;
    }
    bytes[HEAD - 1] = ' ';
    reserve(1);
    bytes[length++] = '\n';
    return this;
  }

  int length() {
    return length;
  }

  /** How long the line is that was ended, before encryption. */
  int plainLength() {
    return plainLength;
  }

  void digest(MessageDigest digest) {
    digest.update(bytes, 0, length);
  }

  void writeTo(OutputStream out) throws IOException {
    out.write(bytes, 0, length);
  }

  private void reserve(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }

  /** The check that stands at {@code from}; -1 if no check and space stand there. */
  static long check(byte[] line, int from, int to) {
    if (to - from < HEAD || line[from + HEAD - 1] != ' ') {
      return -1;
    }
    long check = 0;
    for (int i = from; i < from + HEAD - 1; i++) {
      int digit = line[i] <= '9' ? line[i] - '0' : line[i] - 'a' + 10;
      if (digit < 0 || digit > 15 || line[i] > '9' && line[i] < 'a') {
        return -1;
      }
      check = check << 4 | digit;
    }
    return check;
  }

  /** The JSON of a payload whose check holds. */
  static byte[] open(Vault vault, String place, long number, byte[] line, int from, int to) {
    byte[] payload = Arrays.copyOfRange(line, from, to);
    if (vault == Vault.PLAIN) {
      return payload;
    }
    byte[] sealed;
    try {
      sealed = Base64.getDecoder().decode(payload);
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          place + " was altered: line " + number + " is not sealed, as everything else is",
          e);
    }
    return vault.open(place + ":" + number, sealed);
  }
}
