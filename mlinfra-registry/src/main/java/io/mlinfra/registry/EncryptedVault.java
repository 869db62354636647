package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals with the current key of a keyring, opens with any key of it. Thread-safe.
 *
 * <p>A sealed file is a {@link SealHeader} and one or more {@link Segments}. It shows the id of its
 * key and the length of its content, nothing else. What is not sealed does not open, so that nobody
 * can pass off plain files as the registry's.
 */
final class EncryptedVault implements Vault {
  /** Where content belongs. */
  private static final String CONTENT = "blobs";

  private final Path folder;
  private final Keyring keyring;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param folder the registry's, for error messages
   */
  EncryptedVault(Path folder, Keyring keyring) {
    this.folder = folder;
    this.keyring = keyring;
  }

  Keyring keyring() {
    return keyring;
  }

  @Override
  public byte[] seal(String place, byte[] bytes) {
    byte[] stored = new byte[Math.toIntExact(storedBytes(bytes.length))];
    SealHeader header = newHeader();
    Segments segments = Segments.sealing(key(header, place), header, place);
    System.arraycopy(header.bytes(), 0, stored, 0, SealHeader.BYTES);
    try {
      int from = 0;
      int to = SealHeader.BYTES;
      while (to < stored.length) {
        int length = Math.min(Segments.CONTENT, bytes.length - from);
        to += segments.next(bytes, from, length, from + length == bytes.length, stored, to);
        from += length;
      }
    } catch (AlteredException e) {
      throw new AssertionError("sealing takes anything", e);
    }
    return stored;
  }

  @Override
  public byte[] open(String place, byte[] stored) {
    try {
      SealHeader header = SealHeader.parse(stored);
      Segments segments = Segments.opening(key(header, place), header, place);
      byte[] bytes = new byte[stored.length - SealHeader.BYTES];
      int from = SealHeader.BYTES;
      int to = 0;
      do {
        int length = Math.min(Segments.STORED, stored.length - from);
        to += segments.next(stored, from, length, from + length == stored.length, bytes, to);
        from += length;
      } while (from < stored.length);
      return Arrays.copyOf(bytes, to);
    } catch (AlteredException e) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, folder.resolve(place) + " was altered: " + e.getMessage(), e);
    }
  }

  @Override
  public OutputStream sealing(OutputStream stored) {
    SealHeader header = newHeader();
    return new SealingStream(
        stored, header, Segments.sealing(key(header, CONTENT), header, CONTENT));
  }

  @Override
  public InputStream opening(InputStream stored) {
    return new OpeningStream(
        stored, header -> Segments.opening(key(header, CONTENT), header, CONTENT));
  }

  @Override
  public long storedBytes(long bytes) {
    long segments = Math.max(1, (bytes + Segments.CONTENT - 1) / Segments.CONTENT);
    return SealHeader.BYTES + bytes + Segments.TAG * segments;
  }

  private SealHeader newHeader() {
    return SealHeader.create(keyring.current(), random);
  }

  private SecretKeySpec key(SealHeader header, String place) {
    SecretKeySpec key = keyring.key(header.keyId());
    if (key == null) {
      throw new MlInfraException(
          ErrorCode.KEY_REFUSED,
          (place.equals(CONTENT) ? "content in " : "")
              + folder.resolve(place)
              + " is encrypted with the key '"
              + header.keyId()
              + "', which is not in "
              + keyring);
    }
    return key;
  }
}
