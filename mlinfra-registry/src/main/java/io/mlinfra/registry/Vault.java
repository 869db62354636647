package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * How bytes lie on the disk: as they are, or encrypted. Everything that the registry writes, but
 * for its lock and its file names, goes through here. Thread-safe.
 *
 * <p>A place is where the bytes belong, such as {@code versions/model/delay/3.json}: bytes that
 * were sealed for one place do not open in another. Content has the same place everywhere, for it
 * is told by its hash.
 */
interface Vault {
  /** Leaves bytes as they are, and refuses records that an {@link EncryptedVault} sealed. */
  Vault PLAIN =
      new Vault() {
        @Override
        public byte[] seal(String place, byte[] bytes) {
          return bytes;
        }

        @Override
        public byte[] open(String place, byte[] stored) {
          if (SealHeader.isAtStartOf(stored)) {
            throw new MlInfraException(
                ErrorCode.KEY_REFUSED,
                place
                    + " is encrypted, and the registry was opened as a plain one: either it was"
                    + " encrypted since, or its registry.json was lost or replaced");
          }
          return stored;
        }

        @Override
        public OutputStream sealing(OutputStream stored) {
          return stored;
        }

        @Override
        public InputStream opening(InputStream stored) {
          return stored;
        }

        @Override
        public long storedBytes(long bytes) {
          return bytes;
        }
      };

  /** What to write for these bytes. */
  byte[] seal(String place, byte[] bytes);

  /**
   * The bytes again.
   *
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED}, naming the place, if they are not
   *     what was sealed for it; {@link ErrorCode#KEY_REFUSED}, naming the key, if it is not at hand
   */
  byte[] open(String place, byte[] stored);

  /** As {@link #seal}, for content of any size; closing it closes the stream below. */
  OutputStream sealing(OutputStream stored) throws IOException;

  /**
   * As {@link #open}, for content of any size; closing it closes the stream below. Reading throws
   * an {@link AlteredException} where the content was altered, and {@link ErrorCode#KEY_REFUSED}
   * where its key is not at hand.
   */
  InputStream opening(InputStream stored) throws IOException;

  /** How many bytes are written for content of so many. */
  long storedBytes(long bytes);
}
