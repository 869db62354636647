package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00.123456789Z");

  @TempDir Path folder;
  private Registry registry;

  @BeforeEach
  void open() {
    registry =
        Registry.open(
            folder.resolve("made/on/demand"),
            RegistryOptions.builder().clock(Clock.fixed(NOON, ZoneOffset.UTC)).build());
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void numbersVersionsFromOneAndKeepsWhatTheyWereRegisteredWith() {
    Version data = registry.register(Registration.of(Kind.DATASET, "flights").content(utf8("a")));
    Version next =
        registry.register(
            Registration.of(Kind.DATASET, "flights")
                .content(utf8("b"))
                .properties(Map.of("z", "1", "a", "2"))
                .madeFrom(data));

    assertThat(data.id()).isEqualTo(new VersionId(Kind.DATASET, "flights", 1, ContentHash.of("a")));
    assertThat(next.id().number()).isEqualTo(2);
    assertThat(next.created()).isEqualTo(NOON);
    assertThat(next.madeFrom()).containsExactly(data.id());
    assertThat(next.properties().keySet()).containsExactly("a", "z");
    assertThat(registry.version(Kind.DATASET, "flights:2")).isEqualTo(next);
    assertThat(registry.version(Kind.DATASET, "flights")).isEqualTo(next);
    assertThat(registry.version(next.id())).isEqualTo(next);
    assertThat(registry.versions(Kind.DATASET, "flights")).containsExactly(data, next);
    assertThat(registry.content(data)).isEqualTo(utf8("a"));
    assertThat(next)
        .hasToString(
            "dataset flights:2 (3e23e8160039), created 2026-11-22T12:00:00.123456789Z,"
                + " made from dataset flights:1 (ca978112ca1b), {a=2, z=1}");
  }

  @Test
  void countsTheVersionsOfEachKindAndNameOnTheirOwn() {
    registerModel(registry, "delay", "a");
    registerModel(registry, "cancelled", "a");
    registry.register(Registration.of(Kind.PROFILE, "delay").content(utf8("a")));

    assertThat(registry.names(Kind.MODEL)).containsExactly("cancelled", "delay");
    assertThat(registry.names(Kind.PROFILE)).containsExactly("delay");
    assertThat(registry.names(Kind.RUN)).isEmpty();
    assertThat(registry.version(Kind.MODEL, "delay").id().number()).isEqualTo(1);
    assertThat(registry.versions(Kind.RUN, "delay")).isEmpty();
  }

  @Test
  void givesTheSameContentTheSameVersion() {
    Version first =
        registry.register(
            Registration.of(Kind.MODEL, "delay")
                .content(utf8("a"))
                .properties(Map.of("author", "Ada")));
    registerModel(registry, "delay", "b");
    Version again =
        registry.register(
            Registration.of(Kind.MODEL, "delay")
                .content(utf8("a"))
                .properties(Map.of("author", "Bob")));

    assertThat(again).isEqualTo(first);
    assertThat(registry.versions(Kind.MODEL, "delay")).hasSize(2);
    try (Registry other = Registry.open(folder.resolve("made/on/demand"))) {
      assertThat(registerModel(other, "delay", "a")).isEqualTo(first);
    }
  }

  @Test
  void copiesTheContent() {
    byte[] content = utf8("content");
    Version version = registry.register(Registration.of(Kind.DATASET, "d").content(content));
    content[0] = 'X';
    registry.content(version)[1] = 'X';

    assertThat(registry.content(version)).isEqualTo(utf8("content"));
  }

  @Test
  void registersAndExportsAFileInPieces() throws IOException {
    byte[] content = new byte[1_000_003];
    new Random(7).nextBytes(content);
    Path source = Files.write(folder.resolve("source"), content);

    Version version = registry.register(Registration.of(Kind.DATASET, "big").content(source));
    Files.write(source, utf8("something else"));
    Path target = folder.resolve("target");
    registry.export(version, target);

    assertThat(version.id().hash()).isEqualTo(ContentHash.of(content));
    assertThat(target).hasBinaryContent(content);
    Files.writeString(target, "replace me");
    registry.export(version, target);
    assertThat(target).hasBinaryContent(content);
    assertThat(filesBelow(folder)).noneMatch(file -> file.toString().endsWith(".tmp"));
  }

  @Test
  void registersATrainingAsARunAndAModelMadeFromIt() {
    Version data = registry.register(Registration.of(Kind.DATASET, "flights").content(utf8("a")));
    Model model = multiplyBy(2);
    Run run = Fixtures.run(0.75, data.id());

    Version version = registry.register("delay", candidate(model, run));

    assertThat(version.id().kind()).isEqualTo(Kind.MODEL);
    assertThat(version.id().hash()).isEqualTo(model.hash());
    assertThat(registry.model("delay")).isEqualTo(model);
    assertThat(registry.model("delay:1")).isEqualTo(model);
    assertThat(registry.model(version)).isEqualTo(model);
    Version registeredRun = registry.version(version.madeFrom().get(0));
    assertThat(registry.run(registeredRun)).isEqualTo(run);
    assertThat(registry.register("delay", candidate(model, run))).isEqualTo(version);
    assertThat(registry.lineage(version))
        .hasToString(
            """
            %s
            └─ %s
               └─ %s"""
                .formatted(version.id(), registeredRun.id(), data.id()));
  }

  @Test
  void readsTheLineageOfLongChainsAndOfManyWaysToTheSameSource() {
    Version version = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("0")));
    for (int i = 1; i <= 60; i++) {
      version =
          registry.register(
              Registration.of(Kind.DATASET, "d").content(utf8("" + i)).madeFrom(version, version));
    }

    // Two to the power of 60 paths lead to the source; each record is read once.
    assertThat(registry.lineage(version).sources()).hasSize(60);
  }

  @Test
  void keepsNothingOfATrainingThatItRefuses() throws IOException {
    VersionId elsewhere = new VersionId(Kind.DATASET, "flights", 1, ContentHash.of("elsewhere"));
    assertUnknown(
        () -> registry.register("delay", candidate(multiplyBy(2), Fixtures.run(1, elsewhere))),
        "does not hold dataset flights:1");
    registerModel(registry, "taken", "a");
    long before = filesBelow(folder).size();
    assertThatThrownBy(() -> registry.register("Taken", candidate(multiplyBy(2), Fixtures.run(1))))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContainingAll("'Taken'", "only in case", "'taken'");

    assertThat(filesBelow(folder)).hasSize((int) before);
    assertThat(registry.names(Kind.RUN)).isEmpty();
  }

  @Test
  void refusesToBeMadeFromWhatItDoesNotHold() {
    Version held = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("a")));
    VersionId other = new VersionId(Kind.DATASET, "d", 1, ContentHash.of("other"));
    Version foreign = new Version(other, NOON, List.of(), Map.of(), Map.of());

    assertUnknown(
        () ->
            registry.register(
                Registration.of(Kind.RUN, "r").content(utf8("x")).madeFrom(held, foreign)),
        "does not hold " + other,
        "what it has there is " + held.id());
    assertUnknown(() -> registry.content(foreign), "does not hold " + other);
    assertThat(registry.names(Kind.RUN)).isEmpty();
  }

  @Test
  void saysWhatThereIsWhereAReferenceIsUnknown() {
    assertUnknown(() -> registry.model("delay"), "no model 'delay'", "it has none");
    assertUnknown(() -> registry.model("delay@champion"), "no model 'delay'", "it has none");
    for (int i = 10; i < 22; i++) {
      registerModel(registry, "m" + i, "content");
    }
    assertUnknown(
        () -> registry.version(Kind.MODEL, "delay:3"),
        "no model 'delay'",
        "m10, m11, m12, m13, m14, m15, m16, m17 and 4 more");
    assertUnknown(
        () -> registry.version(Kind.MODEL, "m10:3"),
        "model 'm10' has no version 3; the latest is 1");
    assertUnknown(
        () -> registry.model("m10@champion"), "model 'm10' has no alias 'champion'; it has none");
    registry.promote("m10", "challenger", registry.version(Kind.MODEL, "m10"));
    assertUnknown(() -> registry.model("m10@champion"), "it has challenger");
    assertThat(registry.alias("m10", "champion")).isEmpty();
    assertThat(registry.history("m10", "champion")).isEmpty();
    assertThat(registry.aliases("nobody")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":1",
        "a:",
        "a:0",
        "a:-1",
        "a:01",
        "a:x",
        "a:1:1",
        "a:99999999999",
        "a@b:1",
        "a@",
        "@b",
        "a@b@c",
        "a:3000000000",
        "a b",
        "../a",
        "a/b",
        "a@../b"
      })
  void refusesAMalformedReference(String reference) {
    assertThatThrownBy(() -> registry.version(Kind.MODEL, reference))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'");
  }

  @Test
  void refusesAnAliasOfAnythingButAModel() {
    registry.register(Registration.of(Kind.DATASET, "d").content(utf8("a")));

    assertThatThrownBy(() -> registry.version(Kind.DATASET, "d@champion"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("only models have");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        "../x",
        "a/../../x",
        "/etc/x",
        "a\\b",
        ".hidden",
        "a\u0000b",
        "",
        "a.",
        "NUL",
        "com1.model",
        "ä"
      })
  void refusesANameThatIsNoSafeFileName(String name) throws IOException {
    Version model = registerModel(registry, "m", "a");
    long before = filesBelow(folder).size();
    List<ThrowingCallable> calls =
        List.of(
            () -> registerModel(registry, name, "b"),
            () -> registry.register(name, candidate(multiplyBy(2), Fixtures.run(1))),
            () -> registry.promote("m", name, model),
            () -> registry.promote(name, "a", model),
            () -> registry.compareAndPromote("m", name, Optional.empty(), model, ""),
            () -> registry.rollback("m", name, ""),
            () -> registry.removeAlias("m", name, ""),
            () -> registry.versions(Kind.MODEL, name),
            () -> registry.version(Kind.MODEL, name),
            () -> registry.alias(name, "a"),
            () -> registry.alias("m", name),
            () -> registry.aliases(name),
            () -> registry.history("m", name));

    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(filesBelow(folder)).hasSize((int) before);
  }

  @Test
  void refusesANameThatDiffersOnlyInCase() {
    registerModel(registry, "delay", "a");

    assertThatThrownBy(() -> registerModel(registry, "Delay", "a"))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
        .hasMessageContainingAll("'Delay'", "'delay'");
    assertUnknown(() -> registry.version(Kind.MODEL, "Delay"), "no model 'Delay'");
    assertThat(registry.names(Kind.MODEL)).containsExactly("delay");
  }

  @Test
  void refusesTextsThatHaveNoUtf8Form() {
    for (Map<String, String> properties :
        List.of(Map.of("k", "half \uD83D"), Map.of("\uDE00 half", "v"))) {
      assertThatThrownBy(
              () ->
                  registry.register(
                      Registration.of(Kind.RUN, "r").content(utf8("a")).properties(properties)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("surrogate");
    }
    assertThat(registry.names(Kind.RUN)).isEmpty();
  }

  @Test
  void refusesPropertiesThatAreTooLargeForARecord() {
    Map<String, String> properties = Map.of("k", "x".repeat(Json.MAX_RECORD_BYTES));

    assertThatThrownBy(
            () ->
                registry.register(
                    Registration.of(Kind.RUN, "r").content(utf8("a")).properties(properties)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be <= 16777216");
    assertThat(registry.verify().problems()).isEmpty();
    Map<String, String> large = Map.of("k".repeat(70_000), "x".repeat(1_000_000));
    Version version =
        registry.register(Registration.of(Kind.RUN, "r").content(utf8("a")).properties(large));
    assertThat(registry.version(version.id())).isEqualTo(version);
  }

  @Test
  void saysWhichFileCannotBeRegistered() {
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> registry.register(Registration.of(Kind.RUN, "r").content(missing)))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_MISSING))
        .hasMessageContaining(missing.toString());
    assertThatThrownBy(() -> registry.register(Registration.of(Kind.RUN, "r").content(folder)))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("it is a folder");
  }

  @Test
  void saysWhyATargetCannotBeExportedTo() {
    Version version = registerModel(registry, "m", "a");
    assertThatThrownBy(() -> registry.export(version, folder))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("it is a folder");
    assertThatThrownBy(() -> registry.export(version, folder.resolve("no/such/target")))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_MISSING));
  }

  @Test
  void refusesToOpenAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "text");

    assertThatThrownBy(() -> Registry.open(file))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE))
        .hasMessageContainingAll(file.toString(), "is a file");
    assertThatThrownBy(() -> Registry.open(file.resolve("below")))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void refusesContentThatIsNoModelAndNoRun() {
    Version model = registerModel(registry, "m", "no model");
    Version run = registry.register(Registration.of(Kind.RUN, "r").content(utf8("{\"schema\":1}")));

    assertThatThrownBy(() -> registry.model("m"))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
    assertThatThrownBy(() -> registry.run(run))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContainingAll(run.id().toString(), "'settings'");
    assertThatThrownBy(() -> registry.run(model)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> registry.model(run)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void closesTwiceAndRefusesEveryCallAfterwards() {
    Version model = registry.register("m", candidate(multiplyBy(2), Fixtures.run(1)));
    Version run = registry.version(Kind.RUN, "m");
    registry.close();
    registry.close();

    List<ThrowingCallable> calls =
        Arrays.asList(
            () -> registerModel(registry, "m", "b"),
            () -> registry.register(Registration.of(Kind.MODEL, "m").content(folder.resolve("f"))),
            () -> registry.register("m", candidate(multiplyBy(3), Fixtures.run(1))),
            () -> registry.version(Kind.MODEL, "m"),
            () -> registry.version(model.id()),
            () -> registry.versions(Kind.MODEL, "m"),
            () -> registry.names(Kind.MODEL),
            () -> registry.content(model),
            () -> registry.export(model, folder.resolve("target")),
            () -> registry.model("m"),
            () -> registry.model(model),
            () -> registry.run(run),
            () -> registry.promote("m", "champion", model),
            () -> registry.alias("m", "champion"),
            () -> registry.aliases("m"),
            () -> registry.history("m", "champion"),
            () -> registry.compareAndPromote("m", "champion", Optional.empty(), model, ""),
            () -> registry.rollback("m", "champion", ""),
            () -> registry.removeAlias("m", "champion", ""),
            () -> registry.delete(model, ""),
            () -> registry.expire(Retention.keepLast(1), ""),
            () -> registry.expiring(Retention.keepLast(1)),
            () -> registry.collectGarbage(),
            () -> registry.audit(),
            () -> registry.auditHead(),
            () -> registry.lineage(model),
            () -> registry.verify("0:" + "0".repeat(64)),
            () -> registry.verify());
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith("is closed");
    }
    assertThat(registry.toString()).endsWith("demand, closed]");
  }

  private static void assertUnknown(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
        .hasMessageContainingAll(parts);
  }
}
