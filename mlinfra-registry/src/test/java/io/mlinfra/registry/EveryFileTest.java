package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One bit that flips, anywhere in a registry that has everything, is found. */
class EveryFileTest {

  @TempDir Path parent;

  @Test
  void findsAFlippedBitInAnyFile() throws Exception {
    findsFlippedBits(RegistryOptions.defaults(), 12);
  }

  @Test
  void findsAFlippedBitInAnyFileOfAnEncryptedAndSignedRegistry() throws Exception {
    findsFlippedBits(encryptedAndSigned(), 4);
  }

  private static RegistryOptions encryptedAndSigned() throws NoSuchAlgorithmException {
    KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    return RegistryOptions.builder()
        .encryption(Keyring.of("k", new byte[32]))
        .signWith("ci", keys.getPrivate())
        .trust("ci", keys.getPublic())
        .build();
  }

  private void findsFlippedBits(RegistryOptions options, int flipsOfAFile) throws IOException {
    Path folder = parent.resolve("registry");
    write(folder, options);
    List<Path> files =
        filesBelow(folder).stream().filter(file -> !file.equals(folder.resolve("lock"))).toList();
    assertThat(files.stream().map(file -> folder.relativize(file).getName(0).toString()))
        .contains("blobs", "versions", "aliases", "runs", "audit", "policies", "registry.json");
    Random random = new Random(42);
    for (Path file : files) {
      byte[] good = Files.readAllBytes(file);
      for (int i = 0; i < flipsOfAFile; i++) {
        int bit = random.nextInt(8 * good.length);
        byte[] bad = good.clone();
        bad[bit / 8] ^= (byte) (1 << bit % 8);
        replace(file, bad);
        assertThat(isFound(folder, options))
            .as("bit %s of byte %s of %s bytes of %s", bit % 8, bit / 8, good.length, file)
            .isTrue();
      }
      replace(file, good);
    }
    assertThat(isFound(folder, options)).isFalse();
  }

  private static boolean isFound(Path folder, RegistryOptions options) {
    try (Registry registry = Registry.open(folder, options)) {
      return !registry.verify().isClean();
    } catch (MlInfraException e) {
      return true;
    }
  }

  /** Some file systems take long to overwrite a file. */
  private static void replace(Path file, byte[] bytes) throws IOException {
    Files.delete(file);
    Files.write(file, bytes);
  }

  private static void write(Path folder, RegistryOptions options) {
    try (Registry registry = Registry.open(folder, options)) {
      Version data =
          registry.register(
              Registration.of(Kind.DATASET, "flights")
                  .content(utf8("flights"))
                  .attach("readme.md", utf8("about flights")));
      Version old;
      try (ActiveRun run = registry.runs().start("delay")) {
        run.param("trainer", "mlp");
        run.metric("loss", 1, 0.5);
        run.metric("loss", 2, 0.25);
        run.artifact("curve.csv", utf8("1,0.5\n2,0.25\n"));
        old =
            run.register(
                "delay", Fixtures.candidate(Fixtures.multiplyBy(2), Fixtures.run(0.7, data.id())));
        run.finish();
      }
      Version next =
          registry.register(
              "delay", Fixtures.candidate(Fixtures.multiplyBy(3), Fixtures.run(0.8, data.id())));
      registry.register(
          next,
          EvaluationReport.builder(Objects.requireNonNull(data.id().hash()), 2)
              .higherIsBetter("auc", 0.8, new double[] {0.75, 0.85})
              .build());
      registry.promote("delay", "champion", old);
      registry.protect(
          "delay", "champion", PromotionPolicy.builder().atLeast("auc", 0.7).build(), "");
      registry.promote("delay", "champion", next, "better");
      registry.runs().tag("delay/1", "note", "the first");
      Version profile =
          registry.register(
              Registration.of(Kind.PROFILE, "delay").content(utf8("profile")).madeFrom(next));
      registry.delete(profile, "not needed");
      registry.collectGarbage();
    }
  }
}
