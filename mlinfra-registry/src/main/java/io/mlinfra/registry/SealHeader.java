package io.mlinfra.registry;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * What a sealed file begins with: 8 bytes of magic, 1 of format, 32 of key id (ASCII, filled up
 * with zeros, so that another key leaves sizes as they are) and 32 of salt.
 */
final class SealHeader {
  static final int BYTES = 8 + 1 + Keyring.MAX_ID + 32;

  // Neither JSON nor any UTF-8 text starts with 0x93; the line feed is for file transfers in text
  // mode.
  private static final byte[] MAGIC = {(byte) 0x93, 'm', 'l', 's', 'e', 'a', 'l', '\n'};
  private static final byte FORMAT = 1;
  private static final int KEY_ID = MAGIC.length + 1;
  private static final int SALT = KEY_ID + Keyring.MAX_ID;
  private static final Pattern ID = Pattern.compile("([A-Za-z0-9_][A-Za-z0-9_.-]*)\0*");

  private final byte[] bytes;
  private final String keyId;

  private SealHeader(byte[] bytes, String keyId) {
    this.bytes = bytes;
    this.keyId = keyId;
  }

  /** A header for a new file. */
  static SealHeader create(String keyId, SecureRandom random) {
    byte[] bytes = Arrays.copyOf(MAGIC, BYTES);
    bytes[MAGIC.length] = FORMAT;
    byte[] id = keyId.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(id, 0, bytes, KEY_ID, id.length);
    byte[] salt = new byte[BYTES - SALT];
    random.nextBytes(salt);
    System.arraycopy(salt, 0, bytes, SALT, salt.length);
    return new SealHeader(bytes, keyId);
  }

  /** Whether bytes begin as a sealed file does. */
  static boolean isAtStartOf(byte[] stored) {
    return stored.length >= MAGIC.length
        && Arrays.equals(stored, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  /** The header that the bytes begin with. */
  static SealHeader parse(byte[] stored) throws AlteredException {
    if (!isAtStartOf(stored)) {
      throw new AlteredException("it is not encrypted");
    }
    if (stored.length < BYTES) {
      throw new AlteredException("it is cut off");
    }
    if (stored[MAGIC.length] != FORMAT) {
      throw new AlteredException(
          "it has format "
              + stored[MAGIC.length]
              + " and this release of mlinfra knows "
              + FORMAT
              + " only");
    }
    String id = new String(stored, KEY_ID, Keyring.MAX_ID, StandardCharsets.ISO_8859_1);
    var matcher = ID.matcher(id);
    if (!matcher.matches()) {
      throw new AlteredException("it names no key");
    }
    return new SealHeader(Arrays.copyOf(stored, BYTES), matcher.group(1));
  }

  String keyId() {
    return keyId;
  }

  byte[] bytes() {
    return bytes.clone();
  }

  byte[] salt() {
    return Arrays.copyOfRange(bytes, SALT, BYTES);
  }
}
