package io.mlinfra.registry;

import static io.mlinfra.registry.EncryptionTest.assertRefused;
import static io.mlinfra.registry.EncryptionTest.key;
import static io.mlinfra.registry.EncryptionTest.options;
import static io.mlinfra.registry.Fixtures.blob;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class ReencryptionTest {
  private static final RegistryOptions OLD = options(Keyring.of("old", key(1)));
  private static final RegistryOptions BOTH =
      options(Keyring.of("new", key(2)).with("old", key(1)));
  private static final RegistryOptions NEW = options(Keyring.of("new", key(2)));

  @TempDir Path parent;
  private Path folder;

  @BeforeEach
  void name() throws IOException {
    folder = parent.toRealPath().resolve("registry");
  }

  private List<Version> make(int count) {
    List<Version> made = new ArrayList<>();
    try (Registry registry = Registry.open(folder, OLD)) {
      for (int i = 0; i < count; i++) {
        made.add(registerModel(registry, "m", "content " + i));
        registry.promote("m", "champion", made.get(i));
      }
    }
    return made;
  }

  /** The files that are sealed, by the key they are sealed with. */
  private Map<String, Integer> files() throws IOException {
    return keysOf(filesBelow(folder));
  }

  private static Map<String, Integer> keysOf(List<Path> paths) throws IOException {
    Map<String, Integer> files = new HashMap<>();
    for (Path file : paths) {
      byte[] stored = Files.readAllBytes(file);
      if (SealHeader.isAtStartOf(stored)) {
        files.merge(SealHeader.parse(stored).keyId(), 1, Integer::sum);
      }
    }
    return files;
  }

  @Test
  void makesTheOldKeySuperfluous() throws IOException {
    List<Version> made = make(5);
    byte[] large = new byte[200_000];
    new Random(3).nextBytes(large);
    try (Registry registry = Registry.open(folder, OLD)) {
      made.add(registry.register(Registration.of(Kind.DATASET, "d").content(large)));
    }
    Map<Path, Long> sizes = sizes();
    assertThat(files()).containsExactly(Map.entry("old", 24));
    try (Registry registry = Registry.open(folder, BOTH)) {
      Version next = registerModel(registry, "m", "next");
      assertThat(files()).containsOnly(Map.entry("old", 24), Map.entry("new", 2));
      assertRefused(() -> Registry.open(folder, OLD), "'new' is not in Keyring[old]");
      assertRefused(() -> Registry.open(folder, NEW), "'old' is not in Keyring[new]");

      assertThat(registry.reencrypt(Progress.NONE)).isEqualTo(24);
      assertThat(registry.reencrypt(Progress.NONE)).isZero();
      assertThat(registry.content(next)).isEqualTo(utf8("next"));
    }
    assertThat(files()).containsExactly(Map.entry("new", 27));
    assertThat(sizes()).containsAllEntriesOf(sizes);
    assertThat(folder.resolve("registry.json")).content().doesNotContain("old");
    try (Registry registry = Registry.open(folder, NEW)) {
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(registry.version(Kind.MODEL, "m@champion")).isEqualTo(made.get(4));
      assertThat(registry.history("m", "champion")).hasSize(5);
      assertThat(registry.content(made.get(0))).isEqualTo(utf8("content 0"));
      assertThat(registry.content(made.get(5))).isEqualTo(large);
    }
    assertRefused(() -> Registry.open(folder, OLD), "'new' is not in Keyring[old]");
    assertThat(filesBelow(folder)).noneMatch(file -> file.toString().endsWith(".tmp"));
  }

  private Map<Path, Long> sizes() throws IOException {
    Map<Path, Long> sizes = new HashMap<>();
    for (Path file : filesBelow(folder)) {
      if (SealHeader.isAtStartOf(Files.readAllBytes(file))) {
        sizes.put(file, Files.size(file));
      }
    }
    return sizes;
  }

  @Test
  void disturbsNeitherReadersNorWriters() throws Exception {
    List<Version> made = make(100);
    ExecutorService threads = Executors.newCachedThreadPool();
    AtomicBoolean done = new AtomicBoolean();
    try (Registry rotating = Registry.open(folder, BOTH);
        Registry beside = Registry.open(folder, BOTH)) {
      Future<Integer> reading =
          threads.submit(
              () -> {
                int looks = 0;
                for (; !done.get(); looks++) {
                  Version version = made.get(looks % made.size());
                  assertThat(beside.content(version))
                      .isEqualTo(utf8("content " + looks % made.size()));
                  assertThat(beside.alias("m", "champion")).isPresent();
                }
                return looks;
              });
      Future<Integer> verifying =
          threads.submit(
              () -> {
                int looks = 0;
                for (; !done.get(); looks++) {
                  assertThat(beside.verify().problems()).isEmpty();
                }
                return looks;
              });
      Future<Integer> writing =
          threads.submit(
              () -> {
                int count = 0;
                for (; !done.get(); count++) {
                  Version version = registerModel(beside, "m", "more " + count);
                  beside.promote("m", "champion", version);
                  // What is registered again must not be sealed for the old key.
                  registerModel(beside, "m", "content " + count % made.size());
                }
                return count;
              });
      int rewritten = rotating.reencrypt(Progress.NONE);
      done.set(true);
      assertThat(reading.get()).isPositive();
      assertThat(verifying.get()).isPositive();
      int written = writing.get();
      assertThat(written).isPositive();
      assertThat(rewritten).isBetween(400, 402);
      assertThat(files()).containsOnlyKeys("new");
      assertThat(rotating.history("m", "champion")).hasSize(100 + written);
      assertThat(rotating.version(Kind.MODEL, "m@champion").id().number()).isEqualTo(100 + written);
    } finally {
      done.set(true);
      threads.shutdownNow();
    }
    try (Registry registry = Registry.open(folder, NEW)) {
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void leavesEverythingReadableWhereverItIsInterrupted() throws IOException {
    List<Version> made = make(3);
    for (int stop = 0; stop < 10; stop++) {
      int files = stop;
      try (Registry registry = Registry.open(folder, BOTH)) {
        assertThatThrownBy(() -> registry.reencrypt(new EncryptionTest.Interruption(files)))
            .isInstanceOf(EncryptionTest.Interruption.Stop.class);
        assertThat(registry.verify().problems()).isEmpty();
        assertThat(registry.content(made.get(0))).isEqualTo(utf8("content 0"));
      }
      assertRefused(() -> Registry.open(folder, NEW), "'old' is not in Keyring[new]");
    }
    try (Registry registry = Registry.open(folder, BOTH)) {
      assertThat(registry.reencrypt(Progress.NONE)).isLessThan(10);
    }
    try (Registry registry = Registry.open(folder, NEW)) {
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void canBeKilledAtAnyMoment() throws Exception {
    make(120);
    Random random = new Random();
    int last = files().getOrDefault("old", 0);
    for (int kill = 0; kill < 4 && last > 20; kill++) {
      List<Path> files = filesBelow(folder);
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  ReencryptionTest.class.getName(),
                  folder.toString())
              .inheritIO()
              .start();
      try {
        while (keysOf(files).getOrDefault("old", 0) == last) {
          assertThat(process.isAlive()).isTrue();
        }
        Thread.sleep(random.nextInt(50));
      } finally {
        process.destroyForcibly();
      }
      process.waitFor();
      int left = files().getOrDefault("old", 0);
      assertThat(left).isLessThan(last);
      last = left;
      try (Registry registry = Registry.open(folder, BOTH)) {
        assertThat(registry.verify().problems()).isEmpty();
        assertThat(registry.versions(Kind.MODEL, "m")).hasSizeGreaterThanOrEqualTo(120);
        // The lock died with its holder.
        registerModel(registry, "m", "after kill " + kill);
      }
    }
    try (Registry registry = Registry.open(folder, BOTH)) {
      registry.reencrypt(Progress.NONE);
    }
    try (Registry registry = Registry.open(folder, NEW)) {
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(registry.history("m", "champion")).hasSize(120);
    }
  }

  /** Rewrites the registry in a folder. */
  public static void main(String[] arguments) {
    try (Registry registry = Registry.open(Path.of(arguments[0]), BOTH)) {
      registry.reencrypt(Progress.NONE);
    }
  }

  @Test
  void keepsTheOldKeyWhereSomethingCannotBeRewrittenAndRewritesTheRest() throws IOException {
    List<Version> made = make(3);
    flipBit(blob(folder, made.get(0)), 8L * SealHeader.BYTES);
    flipBit(record(folder, made.get(1)), 8L * SealHeader.BYTES);
    try (Registry registry = Registry.open(folder, BOTH)) {
      assertThatThrownBy(() -> registry.reencrypt(Progress.NONE))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
          .hasMessageContainingAll(
              "2 files",
              blob(folder, made.get(0)).toString(),
              record(folder, made.get(1)).toString());
      assertThat(files()).containsOnly(Map.entry("old", 2), Map.entry("new", 12));
      assertRefused(() -> Registry.open(folder, NEW), "'old'");

      registerModel(registry, "m", "content 0");
      Files.delete(record(folder, made.get(1)));
      assertThat(registry.reencrypt(Progress.NONE)).isZero();
      Registry.open(folder, NEW).close();
    }
  }

  @Test
  void sealsTheLogsOfRunsLineByLine() throws IOException {
    try (Registry registry = Registry.open(folder);
        ActiveRun run = registry.runs().start("e")) {
      run.metric("loss", 1, 0.5);
      run.finish();
    }
    Path log = folder.resolve("runs/e/1.log");
    assertThat(log).content().contains("loss");

    Registry.encrypt(folder, OLD, Progress.NONE);
    assertThat(Files.readAllLines(log))
        .isNotEmpty()
        .allMatch(line -> !line.contains("loss") && keyOf(line).equals("old"));
    try (Registry registry = Registry.open(folder, BOTH);
        ActiveRun running = registry.runs().start("e")) {
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(registry.runs().curve("e/1", "loss").values()).containsExactly(0.5);
      registry.reencrypt(Progress.NONE);
      assertThat(Files.readAllLines(log)).allMatch(line -> keyOf(line).equals("new"));
      assertThat(registry.verify().problems()).isEmpty();
      running.finish();
    }
    try (Registry registry = Registry.open(folder, NEW)) {
      assertThat(registry.runs().curve("e/1", "loss").values()).containsExactly(0.5);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void leavesTheLogToWhoeverIsWritingIt() throws IOException {
    Registry.open(folder, OLD).close();
    try (Registry registry = Registry.open(folder, OLD);
        ActiveRun running = registry.runs().start("e");
        Registry rotating = Registry.open(folder, BOTH)) {
      running.metric("loss", 1, 0.5);
      assertThatThrownBy(() -> rotating.reencrypt(Progress.NONE))
          .hasMessageContainingAll("run e/1", "while it is being written");
      running.metric("loss", 2, 0.25);
      running.finish();
      assertThat(rotating.reencrypt(Progress.NONE)).isPositive();
    }
    try (Registry registry = Registry.open(folder, NEW)) {
      assertThat(registry.runs().curve("e/1", "loss").values()).containsExactly(0.5, 0.25);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  /** The key that a line of a log is sealed with. */
  private static String keyOf(String line) {
    try {
      return SealHeader.parse(Base64.getDecoder().decode(line.substring(LogLine.HEAD))).keyId();
    } catch (AlteredException e) {
      throw new AssertionError(line, e);
    }
  }

  @Test
  void saysWhatItCannotRewrite() throws IOException {
    make(1);
    Path stranger = folder.resolve("audit/e.log");
    Files.writeString(stranger, "old");
    try (Registry registry = Registry.open(folder, BOTH)) {
      assertThatThrownBy(() -> registry.reencrypt(Progress.NONE))
          .hasMessageContainingAll("1 file of", stranger.toString(), "cannot be rewritten");
    }
  }
}
