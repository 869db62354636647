package io.mlinfra.registry;

import static io.mlinfra.registry.Bundles.registerDiamond;
import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00.123456789Z");

  @TempDir Path parent;
  private Path file;
  private Registry origin;
  private Registry target;

  @BeforeEach
  void open() {
    file = parent.resolve("delay.zip");
    origin =
        Registry.open(
            parent.resolve("origin"),
            RegistryOptions.builder().clock(Clock.fixed(NOON, ZoneOffset.UTC)).build());
    target =
        Registry.open(
            parent.resolve("target"),
            RegistryOptions.builder()
                .clock(Clock.fixed(NOON.plus(Duration.ofDays(9)), ZoneOffset.UTC))
                .build());
  }

  @AfterEach
  void close() {
    origin.close();
    target.close();
  }

  @Test
  void bringsAVersionAndAllItWasMadeFromToAnEmptyRegistry() {
    Version model = registerDiamond(origin);
    origin.promote("delay", "champion", model);
    registerModel(origin, "other", "not part of it");
    origin.exportBundle(model, file);

    Version imported = target.importBundle(file);

    assertThat(imported).isEqualTo(model);
    assertThat(target.version(Kind.MODEL, "delay")).isEqualTo(model);
    assertThat(target.content(imported)).isEqualTo(utf8("a model"));
    assertThat(target.lineage(imported).sources()).isEqualTo(origin.lineage(model).sources());
    for (String name : List.of("flights", "train", "test")) {
      Version here = target.version(Kind.DATASET, name);
      assertThat(here).isEqualTo(origin.version(Kind.DATASET, name));
      assertThat(target.content(here)).isEqualTo(origin.content(here));
      for (String attachment : here.attachments().keySet()) {
        assertThat(target.attachment(here, attachment))
            .isEqualTo(origin.attachment(here, attachment));
      }
    }
    assertThat(target.version(Kind.DATASET, "flights").created()).isEqualTo(NOON);
    assertThat(target.names(Kind.MODEL)).containsExactly("delay");
    assertThat(target.aliases("delay")).isEmpty();
    assertThat(target.verify().problems()).isEmpty();
  }

  @Test
  void givesNumbersOfItsOwnAndUsesWhatIsThereAlready() {
    Version model = registerDiamond(origin);
    origin.exportBundle(model, file);
    registerModel(target, "delay", "an older model");
    target.register(Registration.of(Kind.DATASET, "flights").content(utf8("another source")));
    Version same =
        target.register(
            Registration.of(Kind.DATASET, "flights")
                .content(utf8("the source"))
                .property("known", "here already"));
    registerModel(target, "delay", "a newer model");

    Version imported = target.importBundle(file);

    assertThat(imported.id()).isEqualTo(numbered(model.id(), 3));
    assertThat(imported.madeFrom()).isEqualTo(model.madeFrom());
    Version train = target.version(imported.madeFrom().get(0));
    assertThat(train.madeFrom()).containsExactly(same.id());
    assertThat(same.id().number()).isEqualTo(2);
    assertThat(target.version(same.id()).properties()).containsOnlyKeys("known");
    assertThat(target.versions(Kind.DATASET, "flights")).hasSize(2);
    assertThat(target.verify().problems()).isEmpty();

    long files = count(parent.resolve("target").resolve("versions"));
    assertThat(target.importBundle(file)).isEqualTo(imported);
    assertThat(count(parent.resolve("target").resolve("versions"))).isEqualTo(files);
  }

  @Test
  void findsTheInputsOfAnImportedRunByTheirHashes() {
    Version data = origin.register(Registration.of(Kind.DATASET, "d").content(utf8("data")));
    Version model =
        origin.register("delay", candidate(multiplyBy(2), Fixtures.run(0.7, data.id())));
    origin.exportBundle(model, file);
    for (int i = 0; i < 3; i++) {
      target.register(Registration.of(Kind.DATASET, "d").content(utf8("other " + i)));
    }

    Version imported = target.importBundle(file);

    Version run = target.version(imported.madeFrom().get(0));
    VersionId input = target.run(run).inputs().get(0);
    assertThat(input).isEqualTo(data.id());
    assertThat(target.version(input).id()).isEqualTo(numbered(data.id(), 4));
    assertThat(target.content(target.version(input))).isEqualTo(utf8("data"));
    assertThat(run.madeFrom()).containsExactly(numbered(data.id(), 4));
    assertThat(run.id().hash()).isEqualTo(ContentHash.of(target.content(run)));
    assertThat(target.model(imported)).isEqualTo(multiplyBy(2));
  }

  @Test
  void takesAVersionOfAnotherRegistryForItsOwnOfTheSameContent() {
    Version there = origin.register(Registration.of(Kind.MODEL, "m").content(utf8("same")));
    registerModel(target, "m", "another");
    Version here = registerModel(target, "m", "same");
    assertThat(here.id()).isEqualTo(numbered(there.id(), 2));

    assertThat(target.version(there.id())).isEqualTo(here);
    assertThat(target.content(there)).isEqualTo(utf8("same"));
    assertThat(target.promote("m", "champion", there).version()).isEqualTo(here.id());
    assertThat(
            target
                .register(Registration.of(Kind.MODEL, "m").content(utf8("child")).madeFrom(there))
                .madeFrom())
        .containsExactly(here.id());
    Lineage lineage = target.lineage(target.version(Kind.MODEL, "m"));
    assertThat(lineage.sources()).containsExactly(here.id());
  }

  @Test
  void looksForAHashBesideARecordThatCannotBeRead() throws IOException {
    Version there = registerModel(origin, "m", "same");
    registerModel(target, "m", "1");
    Version second = registerModel(target, "m", "2");
    Version here = registerModel(target, "m", "same");
    Files.writeString(Fixtures.record(parent.resolve("target"), second), "rubbish");

    assertThat(target.version(there.id())).isEqualTo(here);
  }

  @Test
  void writesTheSameBytesEachTime() throws IOException {
    Version model = registerDiamond(origin);
    origin.exportBundle(model, file);
    Path again = parent.resolve("again.zip");
    try (Registry other = Registry.open(parent.resolve("origin"))) {
      other.exportBundle(other.version(Kind.MODEL, "delay"), again);
    }
    assertThat(again).hasSameBinaryContentAs(file);

    // What was imported under the same numbers leaves as it came.
    Path back = parent.resolve("back.zip");
    target.exportBundle(target.importBundle(file), back);
    assertThat(back).hasSameBinaryContentAs(file);
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        // Neither the day, nor the time zone, nor what some zlib makes of it.
        assertThat(entry.getTimeLocal()).isEqualTo(Bundle.TIME);
        assertThat(entry.getExtra()).isNull();
        assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
      }
    }
  }

  @Test
  void laysItOutAsTheFolderOfARegistry() throws IOException {
    Version data = origin.register(Registration.of(Kind.DATASET, "d").content(utf8("data")));
    Version model =
        origin.register(Registration.of(Kind.MODEL, "m").content(utf8("model")).madeFrom(data));
    origin.exportBundle(model, file);

    assertThat(Bundles.entries(file))
        .extracting(Bundles.Entry::name)
        .containsExactly(
            "manifest.json",
            "blobs/3a/" + data.id().hash(),
            "blobs/93/" + model.id().hash(),
            "versions/dataset/d/1.json",
            "versions/model/m/1.json");
  }

  @Test
  void holdsEachVersionOnceHoweverManyWaysLeadToIt() throws IOException {
    Version version = origin.register(Registration.of(Kind.DATASET, "d").content(utf8("0")));
    for (int i = 1; i <= 60; i++) {
      version =
          origin.register(
              Registration.of(Kind.DATASET, "d").content(utf8("" + i)).madeFrom(version, version));
    }
    origin.exportBundle(version, file);

    assertThat(Bundles.entries(file)).hasSize(1 + 61 + 61);
    assertThat(target.importBundle(file)).isEqualTo(version);
    assertThat(target.versions(Kind.DATASET, "d")).hasSize(61);
  }

  @Test
  void keepsWhatARecordHoldsThatThisReleaseDoesNotKnow() throws IOException {
    Version model = registerModel(origin, "m", "a model");
    Path record = Fixtures.record(parent.resolve("origin"), model);
    String signature = "\"signature\" : {\n    \"key\" : \"k1\",\n    \"value\" : \"c2ln\"\n  }";
    Files.write(
        record,
        Bundles.changed(
            Files.readAllBytes(record),
            "\"attachments\" : { }",
            "\"attachments\" : { },\n  " + signature));
    origin.exportBundle(model, file);
    registerModel(target, "m", "another");

    Version imported = target.importBundle(file);

    assertThat(imported.id().number()).isEqualTo(2);
    assertThat(Fixtures.record(parent.resolve("target"), imported)).content().contains(signature);
    assertThat(target.verify().problems()).isEmpty();
  }

  @Test
  void bringsAFolderOfSchemaOneAlong() throws Exception {
    Path copy = parent.resolve("schema-1");
    Path source = Path.of(BundleTest.class.getResource("/schema-1").toURI());
    for (Path each : filesBelow(source)) {
      Path to = copy.resolve(source.relativize(each));
      Files.createDirectories(to.getParent());
      Files.copy(each, to);
    }
    try (Registry old = Registry.open(copy)) {
      Version model = old.version(Kind.MODEL, "delay");
      old.exportBundle(model, file);

      assertThat(target.importBundle(file)).isEqualTo(model);
      assertThat(target.lineage(model).sources()).isEqualTo(old.lineage(model).sources());
    }
    assertThat(target.verify().problems()).isEmpty();
  }

  @Test
  void refusesATwinOfANameAndRegistersNothing() throws IOException {
    origin.exportBundle(registerDiamond(origin), file);
    for (Registration twin :
        List.of(
            Registration.of(Kind.MODEL, "Delay").content(utf8("x")),
            Registration.of(Kind.DATASET, "FLIGHTS").content(utf8("x")))) {
      Path folder = parent.resolve(twin.name());
      try (Registry filled = Registry.open(folder)) {
        filled.register(twin);
        List<Path> before = filesBelow(folder);
        assertThatThrownBy(() -> filled.importBundle(file))
            .isInstanceOfSatisfying(
                MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
            .hasMessageContainingAll("only in case", twin.name());
        assertThat(filesBelow(folder)).isEqualTo(before);
      }
    }
  }

  @Test
  void leavesTheOldFileWhereExportFails() throws IOException {
    Version model = registerDiamond(origin);
    Files.writeString(file, "old");
    Version train = origin.version(Kind.DATASET, "train");
    flipBit(Fixtures.blob(parent.resolve("origin"), train), 3);

    assertCode(ErrorCode.CONTENT_ALTERED, () -> origin.exportBundle(model, file), "train");
    assertThat(file).hasContent("old");
    Files.delete(Fixtures.record(parent.resolve("origin"), train));
    assertCode(ErrorCode.NAME_UNKNOWN, () -> origin.exportBundle(model, file), "train");
    assertCode(
        ErrorCode.FILE_MISSING, () -> origin.exportBundle(model, parent.resolve("no/b.zip")), "no");
    assertCode(ErrorCode.FILE_UNREADABLE, () -> origin.exportBundle(model, parent), "a folder");
    try (Stream<Path> left = Files.list(parent)) {
      assertThat(left.map(Path::getFileName).map(Path::toString))
          .containsExactlyInAnyOrder("origin", "target", "delay.zip");
    }
  }

  @Test
  void refusesWhatIsNotThere() {
    assertCode(ErrorCode.FILE_MISSING, () -> target.importBundle(file), file.toString());
    assertCode(ErrorCode.FILE_UNREADABLE, () -> target.importBundle(parent), "it is a folder");
    target.close();
    assertThatThrownBy(() -> target.importBundle(file)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> target.exportBundle(registerModel(origin, "m", "m"), file))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void tellsHowFarItIs() throws IOException {
    byte[] large = new byte[300_000];
    new Random(1).nextBytes(large);
    Version data = origin.register(Registration.of(Kind.DATASET, "d").content(large));
    List<String> told = new ArrayList<>();
    Progress progress =
        (name, total, unit) -> {
          long[] sum = {0};
          return new Progress.Task() {
            @Override
            public void advance(long units) {
              sum[0] += units;
            }

            @Override
            public void close() {
              told.add(name.split(" ")[0] + " " + sum[0] + "/" + total + " " + unit);
            }
          };
        };
    origin.exportBundle(data, file, progress);
    target.importBundle(file, progress);

    assertThat(told)
        .containsExactly(
            "export 300000/300000 bytes",
            "check 300000/300000 bytes",
            "import 300000/300000 bytes");
  }

  @Test
  void bringsWhateverWasMadeFromWhateverToWhateverIsThere() {
    for (int seed = 0; seed < 12; seed++) {
      Random random = new Random(seed);
      Path folder = parent.resolve("seed" + seed);
      try (Registry there = Registry.open(folder.resolve("there"));
          Registry here = Registry.open(folder.resolve("here"))) {
        List<Version> made = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
          List<Version> sources = made.stream().filter(version -> random.nextInt(3) == 0).toList();
          made.add(there.register(registration(random.nextInt(3), i).madeFrom(sources)));
          if (random.nextInt(3) == 0) {
            here.register(registration(random.nextInt(3), random.nextInt(9)));
          }
        }
        Version root = made.get(8);
        Path bundle = folder.resolve("bundle.zip");
        there.exportBundle(root, bundle);
        Map<VersionId, Version> before = all(here);

        Version imported = here.importBundle(bundle);

        assertSame(there, root, here, imported, before);
        assertThat(all(here)).containsAllEntriesOf(before);
        assertThat(here.verify().problems()).as("seed " + seed).isEmpty();
        assertThat(here.importBundle(bundle)).isEqualTo(imported);
      }
    }
  }

  private static Registration registration(int name, int content) {
    return Registration.of(Kind.values()[name], "name" + name).content(utf8("content " + content));
  }

  private static Map<VersionId, Version> all(Registry registry) {
    return Stream.of(Kind.values())
        .flatMap(kind -> registry.names(kind).stream().map(name -> registry.versions(kind, name)))
        .flatMap(List::stream)
        .collect(Collectors.toMap(Version::id, version -> version));
  }

  /** Whether two versions are the same but for numbers, and what they were made from as well. */
  private static void assertSame(
      Registry there,
      Version version,
      Registry here,
      Version imported,
      Map<VersionId, Version> before) {
    assertThat(imported.id()).isEqualTo(numbered(version.id(), imported.id().number()));
    assertThat(here.content(imported)).isEqualTo(there.content(version));
    if (before.containsKey(imported.id())) {
      return; // it was here before, made from whatever it was made from
    }
    assertThat(imported.created()).isEqualTo(version.created());
    assertThat(imported.madeFrom()).hasSameSizeAs(version.madeFrom());
    for (int i = 0; i < version.madeFrom().size(); i++) {
      assertSame(
          there,
          there.version(version.madeFrom().get(i)),
          here,
          here.version(imported.madeFrom().get(i)),
          before);
    }
  }

  @Test
  void refusesABundleThatIsReplacedWhileItIsRead() throws IOException {
    Path other = parent.resolve("other.zip");
    origin.exportBundle(registerModel(origin, "m", "checked"), file);
    origin.exportBundle(registerModel(origin, "m", "never checked"), other);
    Progress swapping =
        (name, total, unit) ->
            new Progress.Task() {
              @Override
              public void advance(long units) {}

              @Override
              public void close() {
                if (name.startsWith("check")) {
                  try {
                    Files.copy(other, file, StandardCopyOption.REPLACE_EXISTING);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }
              }
            };
    Path folder = parent.resolve("target");
    List<Path> before = filesBelow(folder);

    assertThatThrownBy(() -> target.importBundle(file, swapping))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContainingAll("manifest.json", file.toString());
    assertThat(filesBelow(folder)).isEqualTo(before);
  }

  @Test
  void exportsAsOneFileWhatTwoImportsBroughtTogether() {
    Version first = registerModel(origin, "m", "first");
    Version second =
        origin.register(Registration.of(Kind.MODEL, "m").content(utf8("second")).madeFrom(first));
    origin.exportBundle(first, file);
    target.importBundle(file);
    origin.exportBundle(second, file);
    assertThat(target.importBundle(file)).isEqualTo(second);
    assertThat(
            target.versions(Kind.MODEL, "m").stream()
                .collect(Collectors.toMap(v -> v.id().number(), Version::madeFrom)))
        .isEqualTo(Map.of(1, List.of(), 2, List.of(first.id())));
  }

  private static VersionId numbered(VersionId id, int number) {
    return new VersionId(id.kind(), id.name(), number, id.hash());
  }

  private static long count(Path folder) {
    try {
      return filesBelow(folder).size();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertCode(ErrorCode code, ThrowingCallable call, String part) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(part);
  }
}
