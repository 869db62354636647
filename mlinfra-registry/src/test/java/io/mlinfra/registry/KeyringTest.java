package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Objects;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyringTest {
  private static final byte[] KEY = new byte[32];

  @TempDir Path folder;

  @Test
  void takesItsKeysFromAKeyStoreOfTheHost() throws Exception {
    File file = folder.resolve("keys.p12").toFile();
    char[] password = "correct horse".toCharArray();
    makeKeyStore(file, password, "2026-11", "2025-03");

    // As the Javadoc of Keyring has it.
    KeyStore store = KeyStore.getInstance(file, password);
    Keyring keyring =
        Keyring.of("2026-11", (SecretKey) store.getKey("2026-11", password))
            .with("2025-03", (SecretKey) store.getKey("2025-03", password));
    RegistryOptions options = RegistryOptions.builder().encryption(keyring).build();

    try (Registry registry = Registry.open(folder.resolve("registry"), options)) {
      assertThat(registry.content(registerModel(registry, "m", "content")))
          .isEqualTo(utf8("content"));
    }
  }

  private static void makeKeyStore(File file, char[] password, String... ids) throws Exception {
    KeyGenerator generator = KeyGenerator.getInstance("AES");
    generator.init(256);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, password);
    for (String id : ids) {
      store.setEntry(
          id,
          new KeyStore.SecretKeyEntry(generator.generateKey()),
          new KeyStore.PasswordProtection(password));
    }
    try (OutputStream out = Files.newOutputStream(file.toPath())) {
      store.store(out, password);
    }
  }

  @Test
  void showsIdsAndNoKeys() {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) 'k');

    assertThat(Keyring.of("a", key)).hasToString("Keyring[a]");
    assertThat(Keyring.of("b", key).with("c", KEY).with("a", KEY))
        .hasToString("Keyring[b, for reading a and c]");
  }

  @Test
  void copiesTheKeyAndLeavesTheKeyringItWasMadeFrom() {
    byte[] key = new byte[32];
    Keyring one = Keyring.of("a", key);
    Keyring two = one.with("b", KEY);
    key[0] = 1;

    assertThat(Objects.requireNonNull(one.key("a")).getEncoded()).isEqualTo(KEY);
    assertThat(one.key("b")).isNull();
    assertThat(two.current()).isEqualTo("a");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 16, 31, 33})
  void refusesAKeyOfAnotherLength(int length) {
    assertThatThrownBy(() -> Keyring.of("a", new byte[length]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key 'a' (" + length + " bytes) must have 32 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "a b", "ä", "a\0", "an-id-of-33-characters-0123456789_"})
  void refusesAnIdThatIsNoPlainName(String id) {
    assertThatThrownBy(() -> Keyring.of(id, KEY))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("key id ('");
    assertThatThrownBy(() -> Keyring.of("a", KEY).with(id, KEY))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesAnIdThatIsTakenAndAKeyThatIsNotAtHand() {
    assertThatThrownBy(() -> Keyring.of("a", KEY).with("a", new SecretKeySpec(KEY, "AES")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a'");
    SecretKey onADevice =
        new SecretKey() {
          private static final long serialVersionUID = 1L;

          @Override
          public String getAlgorithm() {
            return "AES";
          }

          @Override
          @SuppressWarnings("NullAway") // as the interface's contract has it
          public String getFormat() {
            return null;
          }

          @Override
          @SuppressWarnings("NullAway")
          public byte[] getEncoded() {
            return null;
          }
        };
    assertThatThrownBy(() -> Keyring.of("a", onADevice))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not give its bytes away");
  }
}
