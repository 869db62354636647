package io.mlinfra.registry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals or opens the segments of one file, in their order. Not thread-safe.
 *
 * <p>The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online
 * Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance"), as the age format has it: each
 * segment of 64 KiB is sealed by AES-256-GCM with a nonce that counts (11 bytes, big-endian) and
 * says whether it is the last segment (1 byte). A segment that is moved, left out, cut off or added
 * therefore does not open. The key is the file's own, derived with a random salt, so that no nonce
 * comes twice under one key. Header and place are the additional data of every segment.
 */
final class Segments {
  /** The content of a segment; only the last one may have less. */
  static final int CONTENT = 1 << 16;

  static final int TAG = 16;
  static final int STORED = CONTENT + TAG;

  private static final byte[] INFO =
      "mlinfra registry: key of a file, 1".getBytes(StandardCharsets.US_ASCII);
  private static final int NONCE = 12;

  private final int mode;
  private final Cipher cipher;
  private final SecretKeySpec key;
  private final byte[] additional;
  private long next;

  private Segments(int mode, SecretKeySpec master, SealHeader header, String place) {
    this.mode = mode;
    this.key = new SecretKeySpec(Hkdf.derive(master.getEncoded(), header.salt(), INFO), "AES");
    byte[] name = place.getBytes(StandardCharsets.UTF_8);
    // The header has a fixed length, so that the two cannot be taken for others.
    this.additional =
        ByteBuffer.allocate(SealHeader.BYTES + name.length).put(header.bytes()).put(name).array();
    try {
      this.cipher = Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java platform has AES in Galois counter mode", e);
    }
  }

  static Segments sealing(SecretKeySpec master, SealHeader header, String place) {
    return new Segments(Cipher.ENCRYPT_MODE, master, header, place);
  }

  static Segments opening(SecretKeySpec master, SealHeader header, String place) {
    return new Segments(Cipher.DECRYPT_MODE, master, header, place);
  }

  /**
   * Seals or opens the next segment. When opening, nothing comes out before the tag was checked:
   * the whole segment is one call of the cipher.
   *
   * @return how many bytes came out
   */
  int next(byte[] in, int from, int length, boolean last, byte[] out, int to)
      throws AlteredException {
    if (mode == Cipher.DECRYPT_MODE && length < TAG) {
      throw new AlteredException("it is cut off");
    }
    byte[] nonce =
        ByteBuffer.allocate(NONCE).putLong(3, next++).put(NONCE - 1, (byte) (last ? 1 : 0)).array();
    try {
      cipher.init(mode, key, new GCMParameterSpec(8 * TAG, nonce));
      cipher.updateAAD(additional);
      return cipher.doFinal(in, from, length, out, to);
    } catch (AEADBadTagException e) {
      throw new AlteredException("it is not what was sealed");
    } catch (GeneralSecurityException e) {
      throw new AssertionError("AES takes keys of 256 bits and nonces of 96", e);
    }
  }
}
