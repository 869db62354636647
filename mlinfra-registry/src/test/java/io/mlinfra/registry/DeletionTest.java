package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.blob;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Versions that are deleted, that expire, and what is left of them until garbage is collected. */
class DeletionTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  /** A clock that a test sets. */
  private static final class SetClock extends Clock {
    private Instant now = NOON;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  @TempDir Path folder;
  private final SetClock clock = new SetClock();
  private Registry registry;

  @BeforeEach
  void open() {
    registry =
        Registry.open(folder, RegistryOptions.builder().clock(clock).actor(() -> "ada").build());
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private Version register(Kind kind, String name, String content, Version... madeFrom) {
    return registry.register(Registration.of(kind, name).content(utf8(content)).madeFrom(madeFrom));
  }

  @Test
  void isAsIfItWereNotThereButForWhoAsks() {
    Version one = register(Kind.DATASET, "d", "1");
    Version two =
        registry.register(
            Registration.of(Kind.DATASET, "d")
                .content(utf8("2"))
                .property("holds", "personal data")
                .attach("sample", utf8("Ada Lovelace"))
                .madeFrom(one));
    registry.delete(two, "asked to");

    assertThat(registry.versions(Kind.DATASET, "d")).containsExactly(one);
    assertThat(registry.version(Kind.DATASET, "d")).isEqualTo(one);
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> registry.version(Kind.DATASET, "d:2"),
            () -> registry.version(two.id()),
            () -> registry.content(two),
            () -> registry.attachment(two, "sample"),
            () -> registry.export(two, folder.resolve("target")),
            () -> registry.lineage(two),
            () -> registry.delete(two, "again"),
            () -> register(Kind.RUN, "r", "x", two))) {
      assertUnknown(
          call, two.id().toString(), "was deleted on 2026-11-22T12:00:00Z by ada: asked to");
    }
    assertThat(record(folder, two)).content().doesNotContain("personal").doesNotContain("sample");
    assertThat(registry.verify().problems()).isEmpty();

    registry.delete(one, "too");
    assertThat(registry.versions(Kind.DATASET, "d")).isEmpty();
    assertThat(registry.names(Kind.DATASET)).isEmpty();
    assertUnknown(() -> registry.version(Kind.DATASET, "d"), two.id().toString(), "was deleted");
    assertUnknown(() -> registry.version(Kind.DATASET, "d:3"), "was deleted");
  }

  @Test
  void givesTheSameContentANewNumberAfterItsDeletion() {
    Version one = registerModel(registry, "m", "same");
    registerModel(registry, "m", "other");
    try (Registry beside = Registry.open(folder)) {
      assertThat(registerModel(beside, "m", "same")).isEqualTo(one);
      registry.delete(one, "");
      Version three = registerModel(registry, "m", "same");
      assertThat(three.id().number()).isEqualTo(3);
      assertThat(registerModel(beside, "m", "same")).isEqualTo(three);
      assertThat(registerModel(registry, "m", "same")).isEqualTo(three);
      registry.delete(three, "");
      assertThat(registerModel(beside, "m", "same").id().number()).isEqualTo(4);
    }
    try (Registry later = Registry.open(folder)) {
      assertThat(registerModel(later, "m", "same").id().number()).isEqualTo(4);
    }
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void refusesToDeleteWhatAnAliasPointsAtOrSomethingWasMadeFrom() {
    Version data = register(Kind.DATASET, "d", "1");
    Version run = register(Kind.RUN, "m", "2", data);
    Version model = register(Kind.MODEL, "m", "3", run, data);
    registry.promote("m", "champion", model);
    try (Registry later = Registry.open(folder)) {
      assertConflict(() -> later.delete(model, ""), "alias champion points at it");
      assertConflict(
          () -> later.delete(data, ""),
          data.id().toString(),
          run.id().toString(),
          model.id().toString());
      assertConflict(() -> later.delete(run, ""), model.id().toString());

      later.promote("m", "champion", registerModel(later, "m", "4"));
      later.delete(model, "");
      assertConflict(() -> later.delete(data, ""), run.id().toString());
      registry.delete(run, "");
      later.delete(data, "");
    }
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void deletesNothingWhileARecordCannotBeReadThatMightBeMadeFromIt() throws IOException {
    Version data = register(Kind.DATASET, "d", "1");
    Version model = register(Kind.MODEL, "m", "2", data);
    byte[] whole = Files.readAllBytes(record(folder, model));
    Files.writeString(record(folder, model), "rubbish");
    try (Registry later = Registry.open(folder)) {
      assertThatThrownBy(() -> later.delete(data, ""))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining(record(folder, model).toString());
      assertThatThrownBy(later::collectGarbage)
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining(record(folder, model).toString());
      Files.write(record(folder, model), whole);
      assertConflict(() -> later.delete(data, ""), model.id().toString());
      later.delete(model, "");
      later.delete(data, "");
    }
  }

  @Test
  void refusesATombstoneThatIsTooLargeBeforeItIsInTheLog() {
    Version data = register(Kind.DATASET, "d", "1");
    assertThatThrownBy(() -> registry.delete(data, "x".repeat(AuditLog.MAX_ENTRY_BYTES)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(registry.audit()).isEmpty();
    assertThat(registry.version(Kind.DATASET, "d")).isEqualTo(data);
  }

  @Test
  void collectsOnlyWhatNoRecordRefersTo() throws IOException {
    Version kept = registerModel(registry, "m", "shared");
    Version twin = registerModel(registry, "n", "shared");
    Version gone =
        registry.register(
            Registration.of(Kind.MODEL, "m")
                .content(utf8("gone"))
                .attach("shared", utf8("attached"))
                .attach("own", utf8("own")));
    Version other =
        registry.register(
            Registration.of(Kind.MODEL, "m")
                .content(utf8("other"))
                .attach("shared", utf8("attached")));
    registry.delete(gone, "");
    registry.delete(twin, "");
    new BlobStore(new Layout(folder.toRealPath()), Vault.PLAIN)
        .put(new ByteArrayInputStream(utf8("of a killed writer")));
    assertThat(registry.verify().problems()).isEmpty();
    assertThat(registry.verify().orphans()).hasSize(3);

    assertThat(registry.collectGarbage())
        .isEqualTo(new Collected(3, 4 + 3 + 18, 0, 0))
        .hasToString("3 contents (25 bytes) and 0 temporary files (0 bytes)");
    assertThat(registry.collectGarbage()).isEqualTo(new Collected(0, 0, 0, 0));
    assertThat(registry.content(kept)).isEqualTo(utf8("shared"));
    assertThat(registry.attachment(other, "shared")).isEqualTo(utf8("attached"));
    assertThat(registry.audit()).filteredOn(e -> e.action().equals("collected")).hasSize(1);
    assertThat(registry.verify().orphans()).isEmpty();
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void collectsTemporaryFilesThatNobodyHasWrittenToForAnHour() throws IOException {
    registerModel(registry, "m", "1");
    Path old = Files.writeString(folder.resolve("blobs/.old.tmp"), "half");
    Files.setLastModifiedTime(old, FileTime.from(NOON.minus(Duration.ofMinutes(61))));
    Path young = Files.writeString(folder.resolve("versions/model/m/.young.tmp"), "half");
    Files.setLastModifiedTime(young, FileTime.from(NOON.minus(Duration.ofMinutes(59))));

    assertThat(registry.collectGarbage()).isEqualTo(new Collected(0, 0, 1, 4));
    assertThat(old).doesNotExist();
    assertThat(young).exists();
    clock.now = NOON.plus(Duration.ofMinutes(2));
    assertThat(registry.collectGarbage()).isEqualTo(new Collected(0, 0, 1, 4));
    assertThat(young).doesNotExist();
  }

  @Test
  void finishesACollectionWhoseCollectorDied() throws IOException {
    Version gone = registerModel(registry, "m", "gone");
    registry.delete(gone, "");
    Path before = Files.copy(folder.resolve("audit/head.json"), folder.resolve("before"));
    byte[] content = Files.readAllBytes(blob(folder, gone));
    registry.collectGarbage();
    Files.delete(folder.resolve("audit/head.json"));
    Files.move(before, folder.resolve("audit/head.json"));
    Files.write(blob(folder, gone), content);

    try (Registry next = Registry.open(folder)) {
      assertThat(blob(folder, gone)).doesNotExist();
      assertThat(next.audit()).hasSize(2);
      assertThat(next.verify().problems()).isEmpty();
    }
  }

  @Test
  void letsPeopleWriteAlsoWhereACollectionCannotBeFinished() throws IOException {
    Version damaged = registerModel(registry, "m", "damaged");
    registry.delete(registerModel(registry, "m", "gone"), "");
    Path before = Files.copy(folder.resolve("audit/head.json"), folder.resolve("before"));
    registry.collectGarbage();
    Files.delete(folder.resolve("audit/head.json"));
    Files.move(before, folder.resolve("audit/head.json"));
    Files.writeString(record(folder, damaged), "rubbish");

    try (Registry next = Registry.open(folder)) {
      assertThat(registerModel(next, "m", "next").id().number()).isEqualTo(3);
      assertThat(next.audit()).hasSize(2);
      assertThat(next.verify().problems()).hasSize(1);
    }
    assertThat(blob(folder, damaged)).exists();
  }

  @Test
  void putsContentAgainThatWasCollectedBeforeItWasRegistered() {
    int[] opened = new int[1];
    Registration registration =
        Registration.of(Kind.MODEL, "m")
            .content(
                () -> {
                  opened[0]++;
                  return new ByteArrayInputStream(utf8("main"));
                })
            .attach(
                "late",
                () -> {
                  // By now the content is there, and no record refers to it.
                  if (opened[0] < 4) {
                    assertThat(registry.collectGarbage().contents()).isPositive();
                  }
                  return new ByteArrayInputStream(utf8("late"));
                });

    Version version = registry.register(registration);
    assertThat(opened[0]).isEqualTo(4);
    assertThat(registry.content(version)).isEqualTo(utf8("main"));
    assertThat(registry.attachment(version, "late")).isEqualTo(utf8("late"));
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void refusesToMakeSomethingFromWhatIsDeletedMeanwhile() {
    Version data = register(Kind.DATASET, "d", "1");
    Registration registration =
        Registration.of(Kind.MODEL, "m")
            .content(
                () -> {
                  registry.delete(data, "meanwhile");
                  return new ByteArrayInputStream(utf8("m"));
                })
            .madeFrom(data);

    assertUnknown(() -> registry.register(registration), "was deleted on", "meanwhile");
    assertThat(registry.names(Kind.MODEL)).isEmpty();
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void refusesToPromoteWhatIsDeletedMeanwhile() {
    Version model = registerModel(registry, "m", "1");
    RegistryOptions deleting =
        RegistryOptions.builder()
            .actor(
                () -> {
                  registry.delete(model, "meanwhile");
                  return "bob";
                })
            .build();
    try (Registry other = Registry.open(folder, deleting)) {
      assertUnknown(() -> other.promote("m", "champion", model), "was deleted on", "meanwhile");
    }
    assertThat(registry.alias("m", "champion")).isEmpty();
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void expiresWhatThePolicyDoesNotKeepProductsFirst() {
    Version oldData = register(Kind.DATASET, "d", "1");
    Version keptData = register(Kind.DATASET, "d", "2");
    Version oldRun = register(Kind.RUN, "m", "3", oldData);
    Version keptRun = register(Kind.RUN, "m", "4", keptData);
    Version oldModel = register(Kind.MODEL, "m", "5", oldRun);
    Version champion = register(Kind.MODEL, "m", "6", keptRun);
    registry.promote("m", "champion", champion);
    clock.now = NOON.plus(Duration.ofDays(80));
    Version newData = register(Kind.DATASET, "d", "7");
    Version young = register(Kind.MODEL, "m", "8", newData);
    clock.now = NOON.plus(Duration.ofDays(90));
    Version last = register(Kind.MODEL, "m", "9");

    Retention policy = Retention.keepLast(1).keepFor(Duration.ofDays(90));
    List<VersionId> expected = List.of(oldModel.id(), oldRun.id(), oldData.id());
    assertThat(registry.expiring(policy)).containsExactlyElementsOf(expected);
    assertThat(registry.audit()).hasSize(1);
    assertThat(registry.expire(policy, "policy")).containsExactlyElementsOf(expected);
    assertThat(registry.expiring(policy)).isEmpty();
    assertThat(registry.versions(Kind.MODEL, "m")).containsExactly(champion, young, last);
    assertThat(registry.audit()).hasSize(4);
    assertThat(registry.verify().problems()).isEmpty();

    assertThat(registry.expire(Retention.keepLast(0), ""))
        .containsExactlyInAnyOrder(young.id(), newData.id(), last.id());
    assertThat(registry.versions(Kind.DATASET, "d")).containsExactly(keptData);
    assertThat(registry.lineage(champion).madeFrom(champion.id())).hasSize(1);
    assertThat(policy).hasToString("keep the last 1 and for PT2160H");
    assertThatThrownBy(() -> Retention.keepLast(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> policy.keepFor(Duration.ofDays(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keepsTheReportsOnAModelAsLongAsTheModel() {
    Version data = register(Kind.DATASET, "d", "1");
    Version champion = register(Kind.MODEL, "m", "2");
    Version evaluation = register(Kind.EVALUATION, "m", "3", champion, data);
    Version profile = register(Kind.PROFILE, "m", "4", champion);
    Version other = register(Kind.MODEL, "m", "5");
    Version onOther = register(Kind.EVALUATION, "m", "6", other);
    Version ofData = register(Kind.PROFILE, "d", "7", data);
    registry.promote("m", "champion", champion);

    Retention nothing = Retention.keepLast(0);
    assertThat(registry.expire(nothing, ""))
        .containsExactlyInAnyOrder(onOther.id(), other.id(), ofData.id());
    assertThat(registry.versions(Kind.EVALUATION, "m")).containsExactly(evaluation);
    assertThat(registry.versions(Kind.PROFILE, "m")).containsExactly(profile);
    assertThat(registry.versions(Kind.DATASET, "d")).containsExactly(data);

    registry.removeAlias("m", "champion", "");
    assertThat(registry.expire(nothing, ""))
        .containsExactlyInAnyOrder(evaluation.id(), profile.id(), champion.id(), data.id());
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void keepsTheReportsOnAModelThatAReportOrTheLatestOneKeeps() {
    Version one = register(Kind.MODEL, "m", "1");
    Version first = register(Kind.EVALUATION, "m", "2", one);
    Version second = register(Kind.EVALUATION, "m", "3", one);
    assertThat(registry.expiring(Retention.keepLast(1))).isEmpty();

    Version two = register(Kind.MODEL, "m", "4");
    Version third = register(Kind.EVALUATION, "m", "5", two);
    assertThat(registry.expire(Retention.keepLast(1), ""))
        .containsExactlyInAnyOrder(first.id(), second.id(), one.id());
    assertThat(registry.evaluations(two)).containsExactly(third);
  }

  @Test
  void keepsTheReportsOnAModelThatIsPromotedWhileTheyExpire() {
    Version model = register(Kind.MODEL, "m", "1");
    Version report = register(Kind.EVALUATION, "m", "2", model);
    Version data = register(Kind.DATASET, "d", "3");
    AtomicBoolean promoted = new AtomicBoolean();
    try (Registry beside = Registry.open(folder);
        Registry expiring =
            Registry.open(
                folder,
                RegistryOptions.builder()
                    .actor(
                        () -> {
                          // Asked for each deletion, after what expires was listed.
                          if (!promoted.getAndSet(true)) {
                            beside.promote("m", "champion", model);
                          }
                          return "ada";
                        })
                    .build())) {
      assertThat(expiring.expire(Retention.keepLast(0), "")).containsExactly(data.id());
    }
    assertThat(registry.evaluations(model)).containsExactly(report);
    registry.delete(report, "asked to");
    assertThat(registry.evaluations(model)).isEmpty();
  }

  @Test
  void findsAVersionThatWasMadeFromADeletedOne() throws IOException {
    Version data = register(Kind.DATASET, "d", "1");
    Path kept = Files.copy(record(folder, data), folder.resolve("kept"));
    registry.delete(data, "");
    Path tombstone = Files.copy(record(folder, data), folder.resolve("tombstone"));
    Files.delete(record(folder, data));
    Files.copy(kept, record(folder, data));
    Version model = register(Kind.MODEL, "m", "2", data);
    registry.promote("m", "a", model);
    Files.delete(record(folder, data));
    Files.copy(tombstone, record(folder, data));

    assertThat(registry.verify().problems())
        .singleElement()
        .asString()
        .contains(data.id().toString(), "was deleted");
  }

  @Test
  void verifiesAttachments() throws IOException {
    Version version =
        registry.register(
            Registration.of(Kind.MODEL, "m").content(utf8("m")).attach("a", utf8("attached")));
    Path file = new Layout(folder).blob(version.attachments().get("a"));
    Fixtures.flipBit(file, 9);
    assertThat(registry.verify().problems())
        .singleElement()
        .asString()
        .contains("'a' of " + version.id(), "was altered", file.getFileName().toString());
    Files.delete(file);
    assertThat(registry.verify().problems()).singleElement().asString().contains("is missing");
  }

  @Test
  void sparesAndVerifiesTheArtifactsOfRuns() throws IOException {
    Layout layout = new Layout(folder.toRealPath());
    BlobStore blobs = new BlobStore(layout, Vault.PLAIN);
    BlobStore.Blob garbage = blobs.put(new ByteArrayInputStream(utf8("garbage")));
    try (ActiveRun ended = registry.runs().start("e");
        ActiveRun live = registry.runs().start("e")) {
      ended.artifact("curve.csv", utf8("of a run that has ended"));
      ended.finish();
      live.artifact("curve.csv", utf8("of a live run"));
      assertThat(registry.verify().orphans()).containsExactly(layout.blob(garbage.hash()));
      assertThat(registry.collectGarbage().contents()).isEqualTo(1);
      assertThat(registry.runs().artifact("e/1", "curve.csv"))
          .isEqualTo(utf8("of a run that has ended"));
      assertThat(registry.runs().artifact("e/2", "curve.csv")).isEqualTo(utf8("of a live run"));
      live.finish();
    }
    assertThat(registry.verify().problems()).isEmpty();

    Path record = new RunFiles(layout).record(RunId.parse("e/1"), 1);
    byte[] bytes = Files.readAllBytes(record);
    Files.writeString(record, "rubbish");
    try (Registry other = Registry.open(folder)) {
      assertThat(other.verify().problems()).anyMatch(line -> line.contains(record.toString()));
      assertThatThrownBy(other::collectGarbage).hasMessageContaining(record.toString());
      Files.write(record, bytes);
      assertThat(other.collectGarbage().contents()).isZero();
    }
    for (ContentHash hash : blobs.all()) {
      Files.delete(layout.blob(hash));
    }
    assertThat(registry.verify().problems())
        .anySatisfy(line -> assertThat(line).contains("'curve.csv' of run e/1", "is missing"))
        .anySatisfy(line -> assertThat(line).contains("'curve.csv' of run e/2", "is missing"));
  }

  private static void assertConflict(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
        .hasMessageContainingAll(parts);
  }

  private static void assertUnknown(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
        .hasMessageContainingAll(parts);
  }
}
