package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.blob;
import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class EncryptionTest {
  private static final RegistryOptions PLAIN = RegistryOptions.defaults();
  private static final RegistryOptions A = options(Keyring.of("a", key(1)));

  @TempDir Path parent;
  private Path folder;

  @BeforeEach
  void name() throws IOException {
    folder = parent.toRealPath().resolve("registry");
  }

  static byte[] key(int fill) {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) fill);
    return key;
  }

  static RegistryOptions options(Keyring keyring) {
    return RegistryOptions.builder().encryption(keyring).build();
  }

  @Test
  void keepsWhatAPlainRegistryKeeps() throws IOException {
    byte[] content = new byte[3 * Segments.CONTENT];
    new Random(7).nextBytes(content);
    Model model = multiplyBy(2);
    Version data;
    Version version;
    try (Registry registry = Registry.open(folder, A)) {
      data =
          registry.register(
              Registration.of(Kind.DATASET, "flights").content(content).attach("a.txt", utf8("x")));
      Run run = Fixtures.run(0.75, data.id());
      version = registry.register("delay", candidate(model, run));
      registry.promote("delay", "champion", version, "because");
      assertThat(registry.register("delay", candidate(model, run))).isEqualTo(version);
    }
    try (Registry registry = Registry.open(folder, A)) {
      assertThat(registry.model("delay@champion")).isEqualTo(model);
      assertThat(registry.version(Kind.DATASET, "flights")).isEqualTo(data);
      assertThat(registry.content(data)).isEqualTo(content);
      assertThat(registry.attachment(data, "a.txt")).isEqualTo(utf8("x"));
      Path target = parent.resolve("target");
      registry.export(data, target);
      assertThat(target).hasBinaryContent(content);
      assertThat(registry.history("delay", "champion")).hasSize(1);
      assertThat(registry.lineage(version).toString().lines()).hasSize(3);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void writesNothingReadableButFileNames() throws IOException {
    String secret = "SECRET-" + "s".repeat(20);
    try (Registry registry = Registry.open(folder, A)) {
      Version data =
          registry.register(
              Registration.of(Kind.DATASET, "flights")
                  .content(utf8(secret + secret))
                  .property(secret, "value " + secret)
                  .attach("readme.md", utf8("about " + secret)));
      Run run =
          new Run(Map.of(secret, secret), Map.of(secret, 1.0), Map.of(secret, "e"), List.of());
      Version model = registry.register("delay", candidate(multiplyBy(2), run));
      registry.promote("delay", "champion", model, secret);
      registerModel(registry, "large", secret.repeat(20_000));
      assertThat(data.properties()).containsKey(secret);
    }
    List<Path> files = filesBelow(folder);
    assertThat(files).hasSizeGreaterThan(10);
    for (Path file : files) {
      String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
      assertThat(bytes).doesNotContain("SECRET", "schema\" : 2,\n  \"version", "readme", "flights");
      if (!List.of("lock", "registry.json").contains(file.getFileName().toString())
          && !file.toString().endsWith(".log")) {
        assertThat(SealHeader.isAtStartOf(Files.readAllBytes(file))).as(file.toString()).isTrue();
      }
    }
  }

  @Test
  void refusesAKeyringThatLacksTheKeyOrHasAnotherOfItsName() throws IOException {
    makeWith(A);
    Map<Path, ContentHash> before = hashes(folder);

    assertRefused(() -> Registry.open(folder), "is encrypted", "must be opened with", "'a'");
    assertRefused(
        () -> Registry.open(folder, options(Keyring.of("b", key(1)))),
        "with the key 'a'",
        "'a' is not in Keyring[b]");
    assertRefused(
        () -> Registry.open(folder, options(Keyring.of("a", key(2)))),
        "the key 'a' is not the one of that name");
    assertRefused(
        () -> Registry.open(folder, options(Keyring.of("b", key(2)).with("a", key(3)))),
        "the key 'a' is not the one of that name");
    assertThat(hashes(folder)).isEqualTo(before);
  }

  @Test
  void refusesAKeyringForAPlainRegistryAndSaysWhatToDo() throws IOException {
    makeWith(PLAIN);
    Map<Path, ContentHash> before = hashes(folder);

    assertRefused(() -> Registry.open(folder, A), "is not encrypted", "Registry.encrypt");
    Files.delete(folder.resolve("registry.json"));
    assertRefused(() -> Registry.open(folder, A), "is not encrypted", "Registry.encrypt");
    assertThat(folder.resolve("registry.json")).doesNotExist();
    before.remove(folder.resolve("registry.json"));
    assertThat(hashes(folder)).isEqualTo(before);
  }

  @Test
  void readsAFolderOfSchemaOneWithoutWritingToIt() throws Exception {
    Path source = Path.of(requireNonNull(EncryptionTest.class.getResource("/schema-1")).toURI());
    copy(source, folder);
    Map<Path, ContentHash> before = hashes(folder);

    try (Registry registry = Registry.open(folder)) {
      assertThat(registry.verify().problems()).isEmpty();
    }
    assertThat(hashes(folder)).isEqualTo(before);
    assertThat(Registry.encrypt(folder, A, Progress.NONE)).isEqualTo(before.size());
    try (Registry registry = Registry.open(folder, A)) {
      assertThat(registry.content(registry.version(Kind.MODEL, "delay@champion")))
          .isEqualTo(utf8("model 2"));
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void doesNotPassForPlainWhenItsRegistryFileIsLost() throws IOException {
    makeWith(A);
    Path file = folder.resolve("registry.json");
    byte[] kept = Files.readAllBytes(file);
    Files.delete(file);

    assertRefused(() -> Registry.open(folder), "is encrypted", "registry.json is missing");
    assertRefused(() -> Registry.open(folder, A), "is encrypted", "registry.json is missing");
    assertThat(file).doesNotExist();
    // A copy of it makes all good, and so does making it anew.
    Files.write(file, kept);
    Registry.open(folder, A).close();
    Files.delete(file);
    assertThat(Registry.encrypt(folder, A, Progress.NONE)).isZero();
    try (Registry registry = Registry.open(folder, A)) {
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void doesNotPassForPlainWhenItsRegistryFileSaysSo() throws IOException {
    makeWith(A);
    makeWith(PLAIN, parent.resolve("plain"));
    Files.copy(
        parent.resolve("plain/registry.json"),
        folder.resolve("registry.json"),
        StandardCopyOption.REPLACE_EXISTING);

    for (RegistryOptions options : List.of(A, PLAIN)) {
      assertRefused(() -> Registry.open(folder, options), "is encrypted", "missing or replaced");
    }
  }

  @Test
  void refusesToGoOnWithARegistryThatWasEncryptedSinceItWasOpened() throws IOException {
    Version version = makeWith(PLAIN);
    try (Registry registry = Registry.open(folder)) {
      Registry.encrypt(folder, A, Progress.NONE);
      assertRefused(
          () -> registry.version(Kind.MODEL, "m"), "versions/model/m/1.json is encrypted");
      assertRefused(() -> registerModel(registry, "m", "more"), "audit/head.json is encrypted");
      assertRefused(() -> registry.content(version), "1.json is encrypted");
      assertThat(registry.verify().problems())
          .anyMatch(line -> line.contains("1.json is encrypted"));
    }
  }

  @Test
  void takesNoPlainFileForItsOwn() throws IOException {
    Version version = makeWith(A);
    Version plain = makeWith(PLAIN, parent.resolve("plain"));
    assertThat(plain.id()).isEqualTo(version.id());
    for (Path file :
        List.of(Path.of("versions/model/m/1.json"), folder.relativize(blob(folder, version)))) {
      byte[] kept = Files.readAllBytes(folder.resolve(file));
      Files.copy(
          parent.resolve("plain").resolve(file),
          folder.resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
      try (Registry registry = Registry.open(folder, A)) {
        assertAltered(() -> registry.content(version), file.toString());
        assertThat(registry.verify().problems()).anyMatch(line -> line.contains(file.toString()));
      }
      Files.write(folder.resolve(file), kept);
    }
  }

  @Test
  void findsRecordsThatAreSwappedAndContentThatIs() throws IOException {
    try (Registry registry = Registry.open(folder, A)) {
      Version one = registerModel(registry, "m", "1");
      Version two = registerModel(registry, "m", "2");
      registry.promote("m", "champion", one);
      registry.promote("m", "challenger", two);
      assertThat(registry.verify().problems()).isEmpty();

      swap(record(folder, one), record(folder, two));
      assertAltered(
          () -> registry.version(Kind.MODEL, "m:1"), record(folder, one) + " was altered");
      swap(record(folder, one), record(folder, two));
      swap(blob(folder, one), blob(folder, two));
      assertAltered(() -> registry.content(one), blob(folder, one).toString());
      swap(blob(folder, one), blob(folder, two));
      Path champion = folder.resolve("aliases/m/champion.json");
      swap(champion, folder.resolve("aliases/m/challenger.json"));
      assertAltered(() -> registry.alias("m", "champion"), champion + " was altered");
      // Nor is the move that an alias made its record.
      Files.copy(
          folder.resolve("aliases/m/champion.history/1.json"),
          champion,
          StandardCopyOption.REPLACE_EXISTING);
      assertAltered(() -> registry.alias("m", "champion"), champion + " was altered");
    }
  }

  @Test
  void neverServesContentWithAFlippedBitAndMakesItGoodWhenItIsRegisteredAgain() throws IOException {
    Random random = new Random(42);
    try (Registry registry = Registry.open(folder, A)) {
      for (int size : new int[] {0, 1, 1000, 100_000}) {
        byte[] content = new byte[size];
        random.nextBytes(content);
        Version version = registry.register(Registration.of(Kind.MODEL, "m").content(content));
        Path file = blob(folder, version);
        for (int i = 0; i < 20; i++) {
          // Beyond the key's id, which tells of another key.
          long from = 8L * (SealHeader.BYTES - 32);
          flipBit(file, from + random.nextLong(8L * Files.size(file) - from));
          assertAltered(() -> registry.content(version), file.toString());
          assertAltered(
              () -> registry.export(version, parent.resolve("target")), version.id().toString());
          assertThat(registry.verify().problems())
              .singleElement()
              .asString()
              .contains(version.id().toString(), file.toString());
          assertThat(registry.register(Registration.of(Kind.MODEL, "m").content(content)))
              .isEqualTo(version);
          assertThat(registry.content(version)).isEqualTo(content);
        }
      }
      assertThat(parent.resolve("target")).doesNotExist();
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void findsFilesOfAKeyThatIsNotThereWhenItVerifies() throws IOException {
    Version version = makeWith(A);
    RegistryOptions b = options(Keyring.of("b", key(2)));
    makeWith(b, parent.resolve("other"));
    for (Path file : List.of(record(folder, version), blob(folder, version))) {
      byte[] kept = Files.readAllBytes(file);
      Files.copy(
          parent.resolve("other").resolve(folder.relativize(file)),
          file,
          StandardCopyOption.REPLACE_EXISTING);
      try (Registry registry = Registry.open(folder, A)) {
        assertThat(registry.verify().problems())
            .anyMatch(line -> line.contains("encrypted with the key 'b'"));
        assertRefused(() -> registry.content(version), "encrypted with the key 'b'");
      }
      Files.write(file, kept);
    }
  }

  @Test
  void refusesARegistryFileThatIsNewerAlteredOrOfAnUnknownForm() throws IOException {
    makeWith(A);
    Path file = folder.resolve("registry.json");
    byte[] kept = Files.readAllBytes(file);
    Files.writeString(file, "{\"schema\" : 3, \"encryption\" : \"new\"}");
    for (RegistryOptions options : List.of(A, PLAIN)) {
      assertThatThrownBy(() -> Registry.open(folder, options))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE))
          .hasMessageContainingAll(file.toString(), "schema 3", "newer release");
    }
    for (int bit = 0; bit < 8 * kept.length; bit += 5) {
      byte[] altered = kept.clone();
      altered[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, altered);
      assertThatThrownBy(() -> Registry.open(folder, A))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining(file.toString());
    }
    Files.writeString(
        file,
        Fixtures.withCheck(
            new String(kept, StandardCharsets.UTF_8).replace("\"complete\"", "\"double\"")));
    assertThatThrownBy(() -> Registry.open(folder, A))
        .hasMessageContainingAll(file.toString(), "'double'");
  }

  @Test
  void opensAnEmptyFolderEitherWayAndStaysWhatItBecame() throws IOException {
    Files.createDirectories(folder.resolve("lost+found"));
    Registry.open(folder, A).close();
    assertRefused(() -> Registry.open(folder), "is encrypted");
    Path other = parent.resolve("other");
    Registry.open(other).close();
    assertRefused(() -> Registry.open(other, A), "is not encrypted");
    assertThat(Registry.encrypt(other, A, Progress.NONE)).isZero();
    Registry.open(other, A).close();
  }

  /** Whoever comes first decides; nobody believes that it is otherwise. */
  @RepeatedTest(10)
  void agreesWhenSeveralMakeItAtOnce() throws Exception {
    RegistryOptions ab = options(Keyring.of("a", key(1)).with("b", key(2)));
    RegistryOptions ba = options(Keyring.of("b", key(2)).with("a", key(1)));
    List<RegistryOptions> all = List.of(PLAIN, PLAIN, ab, ab, ba, ba);
    ExecutorService threads = Executors.newFixedThreadPool(all.size());
    try {
      CyclicBarrier barrier = new CyclicBarrier(all.size());
      List<Callable<Boolean>> work = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        RegistryOptions options = all.get(i);
        String name = "m" + i;
        work.add(
            () -> {
              barrier.await();
              try (Registry registry = Registry.open(folder, options)) {
                registerModel(registry, name, name);
                return true;
              } catch (MlInfraException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.KEY_REFUSED);
                return false;
              }
            });
      }
      List<Boolean> opened = new ArrayList<>();
      for (Future<Boolean> future : threads.invokeAll(work)) {
        opened.add(future.get());
      }
      boolean plain = opened.get(0);
      assertThat(opened).containsExactly(plain, plain, !plain, !plain, !plain, !plain);
      try (Registry registry = Registry.open(folder, plain ? PLAIN : ab)) {
        assertThat(registry.names(Kind.MODEL)).hasSize(plain ? 2 : 4);
        assertThat(registry.verify().problems()).isEmpty();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void encryptsAPlainRegistry() throws IOException {
    // Content that looks sealed, once of a plain and once of an encrypted registry.
    byte[] odd =
        Arrays.copyOf(
            new EncryptedVault(folder, Keyring.of("a", key(1))).seal("blobs", utf8("x")), 500);
    Version version;
    try (Registry registry = Registry.open(folder)) {
      version = registry.register(Registration.of(Kind.DATASET, "odd").content(odd));
      registry.register("delay", candidate(multiplyBy(2), Fixtures.run(0.5, version.id())));
      registry.promote("delay", "champion", registry.version(Kind.MODEL, "delay"));
    }
    Files.writeString(folder.resolve("blobs/.left.tmp"), "what a writer that died left");
    Files.writeString(folder.resolve("notes.json"), "not the registry's");
    long records = filesBelow(folder).size() - 4; // lock, registry.json, and these two

    assertThat(Registry.encrypt(folder, A, Progress.NONE)).isEqualTo((int) records);
    assertThat(Registry.encrypt(folder, A, Progress.NONE)).isZero();
    assertRefused(() -> Registry.open(folder), "is encrypted");
    assertRefused(
        () -> Registry.encrypt(folder, options(Keyring.of("a", key(2))), Progress.NONE), "key 'a'");
    assertThat(folder.resolve("blobs/.left.tmp")).doesNotExist();
    assertThat(folder.resolve("notes.json")).hasContent("not the registry's");
    try (Registry registry = Registry.open(folder, A)) {
      assertThat(registry.content(version)).isEqualTo(odd);
      assertThat(registry.model("delay@champion")).isEqualTo(multiplyBy(2));
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(registry.reencrypt(Progress.NONE)).isZero();
    }
  }

  @Test
  void refusesToEncryptWhatIsNotThereOrWithoutAKeyring() {
    assertThatThrownBy(() -> Registry.encrypt(folder, A, Progress.NONE))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_MISSING));
    assertThatThrownBy(() -> Registry.encrypt(folder, PLAIN, Progress.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("keyring");
    try (Registry registry = Registry.open(folder)) {
      assertThatThrownBy(() -> registry.reencrypt(Progress.NONE))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is not encrypted");
    }
  }

  /** It may stop before any file; nobody can open it until it is done, and nothing is lost. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 5, 8, 9})
  void goesOnWithAnEncryptionThatWasInterrupted(int files) throws IOException {
    makeWith(PLAIN);
    try (Registry registry = Registry.open(folder)) {
      for (int i = 0; i < 4; i++) {
        registerModel(registry, "n", "content " + i);
      }
    }
    assertThatThrownBy(() -> Registry.encrypt(folder, A, new Interruption(files)))
        .isInstanceOf(Interruption.Stop.class);

    for (RegistryOptions options : List.of(A, PLAIN)) {
      assertThatThrownBy(() -> Registry.open(folder, options))
          .isInstanceOfSatisfying(
              MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
          .hasMessageContaining("Registry.encrypt completes it");
    }
    RegistryOptions next = options(Keyring.of("b", key(2)).with("a", key(1)));
    assertThat(Registry.encrypt(folder, next, Progress.NONE)).isPositive();
    // What the first key had sealed is sealed with the second by now.
    try (Registry registry = Registry.open(folder, options(Keyring.of("b", key(2))))) {
      assertThat(registry.versions(Kind.MODEL, "n")).hasSize(4);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  /** Stops work when so many of its files are done. */
  record Interruption(int files) implements Progress {
    static final class Stop extends RuntimeException {
      private static final long serialVersionUID = 1L;
    }

    @Override
    public Task start(String name, long total, String unit) {
      if (files == 0) {
        throw new Stop();
      }
      return new Task() {
        private long left = files;

        @Override
        public void advance(long units) {
          left -= units;
          if (left <= 0) {
            throw new Stop();
          }
        }
      };
    }
  }

  private Version makeWith(RegistryOptions options) {
    return makeWith(options, folder);
  }

  private static Version makeWith(RegistryOptions options, Path folder) {
    try (Registry registry = Registry.open(folder, options)) {
      Version version = registerModel(registry, "m", "content");
      registry.promote("m", "champion", version);
      return version;
    }
  }

  private static void swap(Path one, Path two) throws IOException {
    byte[] kept = Files.readAllBytes(one);
    Files.copy(two, one, StandardCopyOption.REPLACE_EXISTING);
    Files.write(two, kept);
  }

  static Map<Path, ContentHash> hashes(Path folder) throws IOException {
    Map<Path, ContentHash> hashes = new TreeMap<>();
    for (Path file : filesBelow(folder)) {
      hashes.put(file, ContentHash.of(file));
    }
    return hashes;
  }

  private static void copy(Path source, Path target) throws IOException {
    for (Path file : filesBelow(source)) {
      Path copy = target.resolve(source.relativize(file));
      Files.createDirectories(Objects.requireNonNull(copy.getParent()));
      Files.copy(file, copy);
    }
  }

  static void assertRefused(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_REFUSED))
        .hasMessageContainingAll(parts);
  }

  private static void assertAltered(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
        .hasMessageContainingAll(parts);
  }
}
