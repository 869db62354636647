package io.mlinfra.registry;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HKDF with SHA-256: makes keys of a key (RFC 5869). */
final class Hkdf {
  private static final String HMAC = "HmacSHA256";

  private Hkdf() {}

  /**
   * A key of 32 bytes, which is one step of expansion.
   *
   * @param key the input keying material
   * @param salt not empty
   * @param info what the new key is for
   */
  static byte[] derive(byte[] key, byte[] salt, byte[] info) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(salt, HMAC));
      byte[] extracted = mac.doFinal(key);
      mac.init(new SecretKeySpec(extracted, HMAC));
      mac.update(info);
      mac.update((byte) 1);
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java platform has HmacSHA256", e);
    }
  }
}
