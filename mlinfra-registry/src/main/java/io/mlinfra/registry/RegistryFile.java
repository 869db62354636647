package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code registry.json}: whether the registry is encrypted and, for each key that its files may be
 * sealed with, a known text sealed with it, so that a wrong key is found before anything is read or
 * written. It is not sealed itself and decides nothing that a vault would take on trust: a plain
 * vault refuses sealed records, an encrypted one refuses plain files. Folders of schema 1 do not
 * have it; they are plain.
 */
final class RegistryFile {
  private static final byte[] KNOWN = "mlinfra registry".getBytes(StandardCharsets.US_ASCII);

  private final Layout layout;
  private final WriteLock lock;

  RegistryFile(Layout layout, WriteLock lock) {
    this.layout = layout;
    this.lock = lock;
  }

  /** How far a registry is encrypted. */
  enum Encryption {
    NONE("none"),
    /** Some files are sealed; nobody may read or write the others. */
    UNDER_WAY("under way"),
    COMPLETE("complete");

    private final String label;

    Encryption(String label) {
      this.label = label;
    }
  }

  /**
   * What the file says.
   *
   * @param keys by id the known text, sealed with the key, in Base64
   */
  private record State(Encryption encryption, Map<String, String> keys) {}

  /**
   * The vault for a folder, of which a new one becomes what the keyring says.
   *
   * @param keyring none for a plain registry
   */
  Vault vault(@Nullable Keyring keyring) throws IOException {
    Optional<State> found = read();
    // An empty folder that nobody can write to may be opened, too.
    if (found.isEmpty()
        && layout.parts().isEmpty()
        && (keyring != null || Files.isWritable(layout.folder()))) {
      found = lock.hold(() -> make(keyring));
    }
    Encryption encryption = found.map(State::encryption).orElse(Encryption.NONE);
    if (encryption == Encryption.NONE) {
      refuseSealedRecords();
      if (keyring != null) {
        throw new MlInfraException(
            ErrorCode.KEY_REFUSED,
            "the registry "
                + layout.folder()
                + " is not encrypted, and must be opened without a keyring; Registry.encrypt"
                + " encrypts it");
      }
      return Vault.PLAIN;
    }
    if (encryption == Encryption.UNDER_WAY) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          "the registry "
              + layout.folder()
              + " is being encrypted, or somebody began to: Registry.encrypt completes it");
    }
    if (keyring == null) {
      throw new MlInfraException(
          ErrorCode.KEY_REFUSED,
          "the registry "
              + layout.folder()
              + " is encrypted: it must be opened with a keyring that has the key "
              + ids(found.get()));
    }
    EncryptedVault vault = new EncryptedVault(layout.folder(), keyring);
    check(found.get(), vault);
    if (!found.get().keys().containsKey(keyring.current()) && Files.isWritable(layout.folder())) {
      lock.hold(() -> write(withCurrentKey(Encryption.COMPLETE, read(), vault)));
    }
    return vault;
  }

  private Optional<State> make(@Nullable Keyring keyring) throws IOException {
    Optional<State> found = read();
    if (found.isPresent() || !layout.parts().isEmpty()) {
      return found; // somebody was faster
    }
    if (keyring == null) {
      return Optional.of(write(new State(Encryption.NONE, Map.of())));
    }
    EncryptedVault vault = new EncryptedVault(layout.folder(), keyring);
    return Optional.of(write(withCurrentKey(Encryption.COMPLETE, Optional.empty(), vault)));
  }

  /**
   * Notes that from now on files are known, whatever else there is.
   *
   * @return whether there is anything to do
   */
  boolean begin(EncryptedVault vault) throws IOException {
    return lock.hold(
        () -> {
          Optional<State> found = read();
          if (found.isPresent()) {
            check(found.get(), vault);
            if (found.get().encryption() == Encryption.COMPLETE) {
              return false;
            }
          }
          write(withCurrentKey(Encryption.UNDER_WAY, found, vault));
          return true;
        });
  }

  /** Notes that everything is sealed with the current key. */
  void complete(EncryptedVault vault) throws IOException {
    lock.hold(() -> write(withCurrentKey(Encryption.COMPLETE, Optional.empty(), vault)));
  }

  private State withCurrentKey(Encryption encryption, Optional<State> found, EncryptedVault vault) {
    Map<String, String> keys = new TreeMap<>(found.map(State::keys).orElse(Map.of()));
    keys.put(
        vault.keyring().current(), Base64.getEncoder().encodeToString(vault.seal(place(), KNOWN)));
    return new State(encryption, keys);
  }

  /** Every key that files may be sealed with must be at hand, and be the right one. */
  private void check(State state, EncryptedVault vault) {
    state
        .keys()
        .forEach(
            (id, known) -> {
              if (vault.keyring().key(id) == null) {
                throw new MlInfraException(
                    ErrorCode.KEY_REFUSED,
                    "the registry "
                        + layout.folder()
                        + " is encrypted with the key "
                        + ids(state)
                        + ", and '"
                        + id
                        + "' is not in "
                        + vault.keyring());
              }
              if (!isKnown(id, known, vault)) {
                throw new MlInfraException(
                    ErrorCode.KEY_REFUSED,
                    "the key '"
                        + id
                        + "' is not the one of that name with which the registry "
                        + layout.folder()
                        + " is encrypted");
              }
            });
  }

  private boolean isKnown(String id, String known, EncryptedVault vault) {
    try {
      byte[] stored = Base64.getDecoder().decode(known);
      return SealHeader.parse(stored).keyId().equals(id)
          && Arrays.equals(vault.open(place(), stored), KNOWN);
    } catch (IllegalArgumentException | AlteredException | MlInfraException e) {
      return false;
    }
  }

  private static String ids(State state) {
    return "'" + String.join("' and '", state.keys().keySet()) + "'";
  }

  private String place() {
    return layout.place(layout.registryFile());
  }

  private Optional<State> read() throws IOException {
    Path file = layout.registryFile();
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    Fields fields = Fields.parseRecord(file.toString(), bytes);
    String label = fields.text("encryption");
    for (Encryption encryption : Encryption.values()) {
      if (encryption.label.equals(label)) {
        return Optional.of(new State(encryption, fields.texts("keys")));
      }
    }
    throw new MlInfraException(
        ErrorCode.FILE_UNREADABLE,
        file + " cannot be read: '" + label + "' is no encryption that this release knows");
  }

  private State write(State state) throws IOException {
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("encryption", state.encryption().label);
    Json.put(json.putObject("keys"), state.keys());
    DurableFiles.write(layout.registryFile(), Json.record(json));
    return state;
  }

  /** An encrypted registry must not pass for a plain one without its file. One record tells. */
  private void refuseSealedRecords() throws IOException {
    for (Kind kind : Kind.values()) {
      for (String name : Layout.list(layout.names(kind))) {
        for (int number : Layout.numbers(layout.versions(kind, name))) {
          if (isSealed(layout.version(kind, name, number))) {
            throw new MlInfraException(
                ErrorCode.KEY_REFUSED,
                "the registry "
                    + layout.folder()
                    + " is encrypted, and its registry.json is missing or replaced: put a copy"
                    + " back or, if there is none, let Registry.encrypt make it anew");
          }
          return;
        }
      }
    }
  }

  private static boolean isSealed(Path record) throws IOException {
    try (InputStream in = Files.newInputStream(record)) {
      return SealHeader.isAtStartOf(in.readNBytes(SealHeader.BYTES));
    }
  }
}
