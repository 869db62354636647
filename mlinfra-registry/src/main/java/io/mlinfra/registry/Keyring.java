package io.mlinfra.registry;

import io.mlinfra.core.Names;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The keys of an encrypted registry, by id: the current one, with which everything is written, and
 * earlier ones, which are for reading only. Immutable.
 *
 * <p>Each key is 32 random bytes, for AES-256. The library keeps no keys and makes none: where they
 * come from is the host's affair. From a key store that {@code keytool -genseckey -keyalg AES
 * -keysize 256 -alias 2026-11} made:
 *
 * <pre>{@code
 * KeyStore store = KeyStore.getInstance(file, password);
 * Keyring keyring = Keyring.of("2026-11", (SecretKey) store.getKey("2026-11", password));
 * }</pre>
 *
 * From a key management service: have it decrypt a data key that lies, encrypted, beside the host's
 * configuration, and pass the bytes. The key itself must be at hand, for a key of its own is
 * derived from it for each file; one that never leaves its device cannot serve.
 *
 * <p>To change the key while hosts run: give each of them {@code of("old", …).with("new", …)}, and
 * when all have it {@code of("new", …).with("old", …)}; then call {@link Registry#reencrypt}. From
 * then on nothing needs the old key.
 *
 * <p>The ids stand readably in every file. {@link #toString} shows ids, never keys.
 */
public final class Keyring {
  private static final int KEY_BYTES = 32;

  /** The id has a fixed place in each file's header. */
  static final int MAX_ID = 32;

  private final String current;
  private final Map<String, SecretKeySpec> keys;

  private Keyring(String current, Map<String, SecretKeySpec> keys) {
    this.current = current;
    this.keys = Collections.unmodifiableMap(keys);
  }

  /**
   * A keyring with a current key and no other.
   *
   * @param id a name of at most 32 characters, see {@link Names#require}, such as {@code 2026-11}
   * @param key of which a copy is kept
   * @throws IllegalArgumentException if the id is none, or the key has not 32 bytes or does not
   *     give them away
   */
  public static Keyring of(String id, SecretKey key) {
    return of(id, bytes(id, key));
  }

  /** As {@link #of(String, SecretKey)}. */
  public static Keyring of(String id, byte[] key) {
    Map<String, SecretKeySpec> keys = new TreeMap<>();
    keys.put(requireId(id), spec(id, key));
    return new Keyring(id, keys);
  }

  /**
   * The same keyring and one more key, for reading.
   *
   * @throws IllegalArgumentException as {@link #of(String, SecretKey)}, and if the id is taken
   */
  public Keyring with(String id, SecretKey key) {
    return with(id, bytes(id, key));
  }

  /** As {@link #with(String, SecretKey)}. */
  public Keyring with(String id, byte[] key) {
    Map<String, SecretKeySpec> more = new TreeMap<>(keys);
    if (more.put(requireId(id), spec(id, key)) != null) {
      throw new IllegalArgumentException("key id ('" + id + "') must be new to the keyring");
    }
    return new Keyring(current, more);
  }

  /** The id of the key to write with. */
  String current() {
    return current;
  }

  @Nullable SecretKeySpec key(String id) {
    return keys.get(id);
  }

  private static String requireId(String id) {
    Names.require("key id", id);
    if (id.length() > MAX_ID) {
      throw new IllegalArgumentException(
          "key id ('" + id + "', " + id.length() + " characters) must have at most " + MAX_ID);
    }
    return id;
  }

  private static byte[] bytes(String id, SecretKey key) {
    byte[] bytes = Objects.requireNonNull(key, "key").getEncoded();
    if (bytes == null) {
      throw new IllegalArgumentException(
          "key '" + id + "' must be at hand: its device does not give its bytes away");
    }
    return bytes;
  }

  private static SecretKeySpec spec(String id, byte[] key) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException(
          "key '" + id + "' (" + key.length + " bytes) must have " + KEY_BYTES + " bytes");
    }
    return new SecretKeySpec(key, "AES");
  }

  /** {@code Keyring[2026-11, for reading 2024-02 and 2025-03]}. */
  @Override
  public String toString() {
    List<String> others = new ArrayList<>(keys.keySet());
    others.remove(current);
    return "Keyring["
        + current
        + (others.isEmpty() ? "" : ", for reading " + String.join(" and ", others))
        + "]";
  }
}
