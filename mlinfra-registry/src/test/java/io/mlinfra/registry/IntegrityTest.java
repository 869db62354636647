package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.blob;
import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static io.mlinfra.registry.Fixtures.withCheck;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to those who find a registry that somebody, or something, has changed. */
class IntegrityTest {
  @TempDir Path parent;
  private Path folder;
  private Registry registry;

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectory(parent.resolve("registry")).toRealPath();
    registry = Registry.open(folder);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void neverServesContentWithAFlippedBit() throws IOException {
    Random random = new Random(42);
    for (int size : new int[] {1, 2, 1000, 100_000}) {
      byte[] content = new byte[size];
      random.nextBytes(content);
      Version version = registry.register(Registration.of(Kind.MODEL, "m").content(content));
      for (int i = 0; i < 20; i++) {
        long bit = random.nextLong(8L * size);
        flipBit(blob(folder, version), bit);
        assertAltered(version);
        flipBit(blob(folder, version), bit);
      }
      assertThat(registry.content(version)).isEqualTo(content);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void neverServesContentOfAnotherLength() throws IOException {
    Version version = registerModel(registry, "m", "some content");
    for (String other : List.of("", "some", "some content and more")) {
      Files.writeString(blob(folder, version), other);
      assertAltered(version);
    }
  }

  @Test
  void saysThatContentIsMissing() throws IOException {
    Version version = registerModel(registry, "m", "some content");
    Files.delete(blob(folder, version));

    assertAltered(version);
  }

  private void assertAltered(Version version) {
    Path target = parent.resolve("target");
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> registry.content(version),
            () -> registry.model("m"),
            () -> registry.export(version, target))) {
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
          .hasMessageContainingAll(version.id().toString(), blob(folder, version).toString());
    }
    assertThat(parent).isDirectoryNotContaining(file -> !file.equals(parent.resolve("registry")));
    assertThat(registry.verify().problems())
        .singleElement()
        .asString()
        .contains(version.id().toString(), blob(folder, version).toString());
  }

  @Test
  void leavesTheOldTargetWhereExportFails() throws IOException {
    Version version = registerModel(registry, "m", "some content");
    flipBit(blob(folder, version), 3);
    Path target = Files.writeString(parent.resolve("target"), "old");

    assertThatThrownBy(() -> registry.export(version, target)).isInstanceOf(MlInfraException.class);
    assertThat(target).hasContent("old");
  }

  @Test
  void makesAlteredContentGoodWhenItIsRegisteredAgain() throws IOException {
    Version version = registerModel(registry, "m", "some content");
    flipBit(blob(folder, version), 3);

    assertThat(registerModel(registry, "m", "some content")).isEqualTo(version);
    assertThat(registry.content(version)).isEqualTo(utf8("some content"));
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void findsAFlippedBitInAnyByteOfARecord() throws IOException {
    Version data = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("d")));
    Version version =
        registry.register(
            Registration.of(Kind.MODEL, "m")
                .content(utf8("m"))
                .properties(Map.of("clé", "été"))
                .madeFrom(data));
    registry.promote("m", "champion", version, "because");

    assertFlippedBitsAreFound(record(folder, version), () -> registry.version(Kind.MODEL, "m:1"));
    assertFlippedBitsAreFound(
        folder.resolve("aliases/m/champion.json"), () -> registry.alias("m", "champion"));
    assertFlippedBitsAreFound(
        folder.resolve("aliases/m/champion.history/1.json"),
        () -> registry.history("m", "champion"));
    assertThat(registry.verify().problems()).isEmpty();
  }

  private void assertFlippedBitsAreFound(Path file, ThrowingCallable reading) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int bit = 0; bit < 8 * whole.length; bit += 7) {
      byte[] altered = whole.clone();
      altered[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, altered);
      assertUnreadable(file, reading);
      if (bit % 91 == 0) {
        assertThat(registry.verify().problems()).anyMatch(line -> line.contains(file.toString()));
      }
    }
    Files.write(file, whole);
  }

  @Test
  void findsARecordThatIsCutOffAnywhere() throws IOException {
    Version version = registerModel(registry, "m", "m");
    Path file = record(folder, version);
    byte[] whole = Files.readAllBytes(file);

    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertUnreadable(file, () -> registry.version(Kind.MODEL, "m"));
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertUnreadable(file, () -> registry.version(Kind.MODEL, "m"));
  }

  private static void assertUnreadable(Path file, ThrowingCallable reading) {
    MlInfraException error = catchThrowableOfType(MlInfraException.class, reading);
    assertThat(error).isNotNull().hasMessageContaining(file.toString());
    assertThat(Set.of(ErrorCode.CONTENT_ALTERED, ErrorCode.FILE_UNREADABLE)).contains(error.code());
  }

  @Test
  void refusesARecordOfALaterSchema() throws IOException {
    Version version = registerModel(registry, "m", "m");
    Path file = record(folder, version);
    Files.writeString(file, "{\"schema\": 3, \"something\": [\"new\"]}");

    assertThatThrownBy(() -> registry.version(Kind.MODEL, "m"))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE))
        .hasMessageContainingAll(file.toString(), "schema 3", "from 1 to 2", "newer release");
  }

  @Test
  void refusesARecordWhoseCheckHoldsButWhichIsNotWhatItShouldBe() throws IOException {
    Version version = registerModel(registry, "m", "m");
    Path file = record(folder, version);
    String good = Files.readString(file);
    for (String[] change :
        new String[][] {
          {"\"bytes\" : 1", "\"bytes\" : 1.5", "'bytes'"},
          {"\"created\" : \"", "\"created\" : \"x", "'created' is not a time"},
          {"\"kind\" : \"model\"", "\"kind\" : \"modem\"", "'modem'"},
          {"\"number\" : 1", "\"number\" : 0", "number (0)"},
          {"\"number\" : 1", "\"number\" : 2", "it is the record of model m:2"},
          {"\"name\" : \"m\"", "\"name\" : \"n\"", "it is the record of model n:1"},
          {"\"name\" : \"m\"", "\"name\" : \"../m\"", "'../m'"},
          {"\"properties\" : { }", "\"properties\" : { \"a\" : 1 }", "'a'"},
          {"\"madeFrom\" : [ ]", "\"madeFrom\" : [ 1 ]", "'madeFrom'"},
          {"\"madeFrom\" : [ ]", "\"madeFrom\" : { }", "'madeFrom'"},
          {"\"schema\" : 2", "\"schema\" : \"2\"", "'schema'"},
        }) {
      assertThat(good).contains(change[0]);
      Files.writeString(file, withCheck(good.replace(change[0], change[1])));
      assertThatThrownBy(() -> registry.version(Kind.MODEL, "m"))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContainingAll(file.toString(), change[2]);
    }
    Files.writeString(file, withCheck(good));
    assertThat(registry.version(Kind.MODEL, "m")).isEqualTo(version);
  }

  /** Changes a record so that its check holds. */
  static void rewrite(Path file, UnaryOperator<String> change) throws IOException {
    Files.writeString(file, withCheck(change.apply(Files.readString(file))));
  }

  @Test
  void goesOnRegisteringBesideARecordThatCannotBeRead() throws IOException {
    Version first = registerModel(registry, "m", "1");
    registerModel(registry, "m", "2");
    Files.writeString(record(folder, first), "rubbish", StandardCharsets.UTF_8);

    try (Registry other = Registry.open(folder)) {
      assertThat(registerModel(other, "m", "3").id().number()).isEqualTo(3);
      assertThat(registerModel(other, "m", "2").id().number()).isEqualTo(2);
      assertThat(other.verify().problems())
          .singleElement()
          .asString()
          .contains("1.json", "not JSON");
    }
  }

  @Test
  void findsARecordThatIsGone() throws IOException {
    Version first = registerModel(registry, "m", "1");
    Version second =
        registry.register(Registration.of(Kind.MODEL, "n").content(utf8("2")).madeFrom(first));
    registerModel(registry, "m", "3");
    registry.promote("m", "champion", first);
    Files.delete(record(folder, first));

    assertThat(registry.verify().problems())
        .hasSize(2)
        .anyMatch(line -> line.contains(record(folder, first) + " is missing"))
        .anyMatch(line -> line.contains("does not hold " + first.id()));
    assertThatThrownBy(() -> registry.lineage(second)).hasMessageContaining(first.id().toString());
    assertThatThrownBy(() -> registry.version(Kind.MODEL, "m@champion"))
        .hasMessageContaining(first.id().toString());
  }

  @Test
  void findsALineageThatTurnsBackOnItself() throws IOException {
    Version first = registerModel(registry, "m", "1");
    Version second =
        registry.register(Registration.of(Kind.MODEL, "m").content(utf8("2")).madeFrom(first));
    String secondId = Files.readString(record(folder, second));
    String madeFromFirst = secondId.substring(secondId.indexOf("\"madeFrom\""));
    madeFromFirst = madeFromFirst.substring(0, madeFromFirst.indexOf(']') + 1);
    String turned =
        madeFromFirst
            .replace("\"number\" : 1", "\"number\" : 2")
            .replace(first.id().hash().hex(), second.id().hash().hex());
    Path file = record(folder, first);
    Files.writeString(
        file, withCheck(Files.readString(file).replace("\"madeFrom\" : [ ]", turned)));

    assertThatThrownBy(() -> registry.lineage(second))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("made from itself");
  }

  @Test
  void ignoresWhatACrashedWriterLeaves() throws IOException {
    Version version = registerModel(registry, "m", "1");
    registry.promote("m", "champion", version);
    for (String place :
        List.of(
            "blobs", "blobs/ab", "versions/model/m", "aliases/m", "aliases/m/champion.history")) {
      Path leftover = folder.resolve(place).resolve(".0b5c7f4e.tmp");
      Files.createDirectories(leftover.getParent());
      Files.writeString(leftover, "{\"schema\" : 1, \"half a rec");
    }
    Files.createDirectories(folder.resolve("versions/model/never-came-to-a-version"));
    Files.createDirectories(folder.resolve("aliases/m/candidate.history"));
    Files.createDirectories(folder.resolve("aliases/other"));

    assertThat(registry.names(Kind.MODEL)).containsExactly("m");
    assertThat(registry.versions(Kind.MODEL, "m")).containsExactly(version);
    assertThat(registry.aliases("m")).hasSize(1);
    assertThat(registry.verify().problems()).isEmpty();
    assertThat(registerModel(registry, "m", "2").id().number()).isEqualTo(2);
  }

  @Test
  void readsAFolderThatMayNotBeWrittenTo() throws IOException {
    Version version = registerModel(registry, "m", "1");
    Files.delete(folder.resolve("lock"));

    try (Registry reader = Registry.open(folder)) {
      assertThat(reader.content(reader.version(Kind.MODEL, "m"))).isEqualTo(utf8("1"));
      assertThat(reader.verify().problems()).isEmpty();
      assertThat(reader.lineage(version).sources()).isEmpty();
    }
    // Nothing came to be that a read-only folder would have refused.
    assertThat(folder.resolve("lock")).doesNotExist();
  }
}
