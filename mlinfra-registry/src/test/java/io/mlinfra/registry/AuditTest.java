package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.copyAll;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log: what is in it, and what a writer that died in the midst of it leaves. */
class AuditTest {
  @TempDir Path parent;
  private Path folder;
  private Registry registry;
  private Version first;
  private Version second;

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectory(parent.resolve("registry"));
    registry = Registry.open(folder, RegistryOptions.builder().actor(() -> "ada").build());
    first = registerModel(registry, "m", "1");
    second = registerModel(registry, "m", "2");
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void tellsOfEveryChangeAndEveryExportInAChain() throws IOException {
    assertThat(registry.audit()).isEmpty();
    assertThat(registry.auditHead()).isEqualTo("0:" + "0".repeat(64));
    registry.promote("m", "a", first, "one");
    registry.promote("m", "a", second, "two");
    registry.rollback("m", "a", "three");
    registry.removeAlias("m", "a", "four");
    registry.delete(second, "five");
    Path target = parent.resolve("target");
    registry.export(first, target);
    registry.collectGarbage();
    registry.collectGarbage();

    List<AuditEntry> entries = registry.audit();
    assertThat(entries)
        .extracting(AuditEntry::action)
        .containsExactly(
            "promoted", "promoted", "rolled-back", "removed", "deleted", "exported", "collected");
    assertThat(entries).extracting(AuditEntry::number).containsExactly(1, 2, 3, 4, 5, 6, 7);
    assertThat(entries).extracting(AuditEntry::actor).containsOnly("ada");
    String one = "model/m/1/" + first.id().hash();
    String two = "model/m/2/" + second.id().hash();
    assertThat(entries.get(1).subject()).isEqualTo("m@a");
    assertThat(entries.get(1).details())
        .isEqualTo(
            Map.of(
                "model", "m", "alias", "a", "move", "2", "from", one, "to", two, "reason", "two"));
    assertThat(entries.get(4).subject()).isEqualTo("model m:2");
    assertThat(entries.get(4).details()).isEqualTo(Map.of("version", two, "reason", "five"));
    assertThat(entries.get(5).details())
        .isEqualTo(Map.of("version", one, "target", target.toString()));
    assertThat(entries.get(6).details()).containsEntry("contents", "1");
    ContentHash previous = AuditLog.NOTHING;
    for (AuditEntry entry : entries) {
      Path file = folder.resolve("audit/" + entry.number() + ".json");
      assertThat(entry.hash()).isEqualTo(ContentHash.of(Files.readAllBytes(file)));
      assertThat(entry.previous()).isEqualTo(previous);
      previous = entry.hash();
    }
    assertThat(registry.auditHead()).isEqualTo("7:" + previous);
    assertThat(registry.verify())
        .hasToString(
            "clean: 2 versions, 1 content, 4 alias moves and 7 audit entries read;"
                + " 0 contents that nothing refers to");
  }

  @Test
  void tellsOfAnExportAlsoIfItFails() throws IOException {
    Fixtures.flipBit(Fixtures.blob(folder, first), 0);
    assertThatThrownBy(() -> registry.export(first, parent.resolve("target")))
        .isInstanceOf(MlInfraException.class);
    assertThat(registry.audit()).extracting(AuditEntry::action).containsExactly("exported");
  }

  /** Each change is cut off after each of the files that it wrote, in the order of writing. */
  @Test
  void finishesWhatAWriterBeganWhereverItDied() throws IOException {
    record Change(Runnable what, List<String> files) {}
    List<Change> changes =
        List.of(
            new Change(
                () -> registry.promote("m", "a", first, "because"),
                List.of("audit/1.json", "aliases/m/a.history/1.json", "aliases/m/a.json", "head")),
            new Change(
                () -> registry.promote("m", "a", second, "because"),
                List.of("audit/2.json", "aliases/m/a.history/2.json", "aliases/m/a.json", "head")),
            new Change(
                () -> registry.rollback("m", "a", "because"),
                List.of("audit/3.json", "aliases/m/a.history/3.json", "aliases/m/a.json", "head")),
            new Change(
                () -> registry.delete(second, "because"),
                List.of("audit/4.json", "versions/model/m/2.json", "head")),
            new Change(
                () -> registry.removeAlias("m", "a", "because"),
                List.of("audit/5.json", "aliases/m/a.history/4.json", "aliases/m/a.json", "head")));
    for (int i = 0; i < changes.size(); i++) {
      Change change = changes.get(i);
      Path before = parent.resolve(i + " before");
      copyAll(folder, before);
      change.what().run();
      for (int written = 1; written < change.files().size(); written++) {
        Path died = parent.resolve(i + " died after " + written);
        copyAll(before, died);
        for (String file : change.files().subList(0, written)) {
          overwrite(file, died);
        }
        // A reader that may not write sees either state, and no problem.
        try (Registry reader = Registry.open(readOnly(died))) {
          assertThat(reader.verify().problems()).as(died.toString()).isEmpty();
          assertThat(reader.audit()).hasSize(i);
        }
        try (Registry next = Registry.open(died)) {
          assertThat(next.audit()).isEqualTo(registry.audit());
          assertThat(next.alias("m", "a")).isEqualTo(registry.alias("m", "a"));
          assertThat(next.history("m", "a")).isEqualTo(registry.history("m", "a"));
          assertThat(next.versions(Kind.MODEL, "m")).isEqualTo(registry.versions(Kind.MODEL, "m"));
          assertThat(next.verify().problems()).isEmpty();
          // It goes on from there.
          next.promote("m", "b", first);
          assertThat(next.audit()).hasSize(i + 2);
          assertThat(next.verify(registry.auditHead()).problems()).isEmpty();
        }
      }
    }
  }

  private void overwrite(String file, Path died) throws IOException {
    String name = file.equals("head") ? "audit/head.json" : file;
    Path target = died.resolve(name);
    Files.createDirectories(target.getParent());
    Files.deleteIfExists(target);
    Files.copy(folder.resolve(name), target);
  }

  /** A copy in which the lock cannot be taken, so that nothing is finished. */
  private Path readOnly(Path died) throws IOException {
    Path copy = parent.resolve("read-only of " + died.getFileName());
    copyAll(died, copy);
    Files.deleteIfExists(copy.resolve("lock"));
    Files.createDirectory(copy.resolve("lock"));
    return copy;
  }

  @Test
  void finishesWhatAnotherRegistryBeganBeforeItWritesItself() throws IOException {
    registry.promote("m", "a", first);
    registry.removeAlias("m", "a", "");
    Path before = parent.resolve("before");
    copyAll(folder, before);
    try (Registry open = Registry.open(before)) {
      open.promote("m", "b", second);
      registry.promote("m", "b", second);
      registry.delete(first, "because");
      // The other one dies over deleting, while this one has read the head already.
      Path rest = parent.resolve("rest");
      copyAll(before, rest);
      AuditEntry deletion = registry.audit().get(3);
      assertThat(deletion.action()).isEqualTo("deleted");
      overwriteChained(before, deletion);

      assertThatThrownBy(
              () ->
                  open.register(
                      Registration.of(Kind.MODEL, "n").content(utf8("n")).madeFrom(first)))
          .isInstanceOfSatisfying(
              MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
          .hasMessageContaining("was deleted on");
      assertThat(open.audit()).hasSize(4);
      assertThat(open.verify().problems()).isEmpty();
    }
  }

  /** Writes an entry as the next one of another log, and nothing else. */
  private void overwriteChained(Path target, AuditEntry entry) throws IOException {
    try (Registry reader = Registry.open(target)) {
      List<AuditEntry> entries = reader.audit();
      String hash = entries.get(entries.size() - 1).hash().hex();
      Path file = target.resolve("audit/" + entry.number() + ".json");
      Files.copy(folder.resolve("audit/" + entry.number() + ".json"), file);
      IntegrityTest.rewrite(file, text -> text.replace(entry.previous().hex(), hash));
    }
  }

  @Test
  void findsByAHeadKeptElsewhereThatTheWholeFolderWasSetBack() throws IOException {
    registry.promote("m", "a", first);
    Path before = parent.resolve("before");
    copyAll(folder, before);
    String early = registry.auditHead();
    registry.promote("m", "a", second);
    String late = registry.auditHead();

    assertThat(registry.verify(early).problems()).isEmpty();
    assertThat(registry.verify(late).problems()).isEmpty();
    try (Registry setBack = Registry.open(before)) {
      assertThat(setBack.verify().problems()).isEmpty();
      assertThat(setBack.verify(early).problems()).isEmpty();
      assertThat(setBack.verify(late).problems())
          .singleElement()
          .asString()
          .contains("has not gone on from the head " + late);
      // Another history of the same length.
      setBack.promote("m", "b", second);
      assertThat(setBack.verify().problems()).isEmpty();
      assertThat(setBack.verify(late).problems()).hasSize(1);
    }
    for (String text : List.of("", "1", "1:", "x:" + "0".repeat(64), late + "0")) {
      assertThatThrownBy(() -> registry.verify(text))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + text + "'");
    }
  }

  @Test
  void doesNotGoOnInALogThatWentBackWhileItWasOpen() throws IOException {
    registry.promote("m", "a", first);
    Path before = parent.resolve("before");
    copyAll(folder, before);
    registry.promote("m", "a", second);
    Fixtures.deleteAll(folder.resolve("audit"));
    copyAll(before.resolve("audit"), folder.resolve("audit"));

    assertThatThrownBy(() -> registry.promote("m", "a", first))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
        .hasMessageContaining("head.json was altered");
  }

  @Test
  void hasNoEntryOfAnotherThreadUnderTheSameNumber() throws Exception {
    Set<ContentHash> hashes = new HashSet<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String alias = "a" + i;
      Thread thread =
          new Thread(
              () -> {
                for (int move = 0; move < 10; move++) {
                  registry.promote("m", alias, move % 2 == 0 ? first : second);
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    registry.audit().forEach(entry -> hashes.add(entry.hash()));
    assertThat(hashes).hasSize(40);
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void takesNoEntryForTrueThatNobodyTrustedSigned() throws Exception {
    Path own = parent.resolve("signed");
    KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    RegistryOptions signed =
        RegistryOptions.builder()
            .signWith("ci", keys.getPrivate())
            .trust("ci", keys.getPublic())
            .build();
    Version one;
    try (Registry signing = Registry.open(own, signed)) {
      one = registerModel(signing, "m", "1");
      registerModel(signing, "m", "2");
      signing.promote("m", "champion", one);
      assertThat(signing.verify().problems()).isEmpty();
    }
    Path copy = parent.resolve("copy");
    for (Path file : filesBelow(own)) {
      Path target = copy.resolve(own.relativize(file));
      Files.createDirectories(DurableFiles.parent(target));
      Files.copy(file, target);
    }

    // Whoever may write to the folder, and knows how entries are chained, lets an alias move.
    try (Registry forging = Registry.open(own)) {
      forging.promote("m", "champion", forging.version(Kind.MODEL, "m:2"));
      assertThat(forging.verify().problems()).isEmpty();
    }
    try (Registry signing = Registry.open(own, signed)) {
      assertThat(signing.verify().problems())
          .singleElement()
          .asString()
          .contains(Path.of("audit", "2.json").toString(), "is not signed");
    }

    // Or leaves an entry behind the head, for others to carry out.
    Files.copy(own.resolve("audit/2.json"), copy.resolve("audit/2.json"));
    try (Registry signing = Registry.open(copy, signed)) {
      assertThatThrownBy(() -> signing.promote("m", "challenger", one))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.SIGNATURE_REFUSED))
          .hasMessageContaining("2.json");
      assertThat(signing.version(Kind.MODEL, "m@champion")).isEqualTo(one);
    }

    RegistryOptions trusting = RegistryOptions.builder().trust("ci", keys.getPublic()).build();
    try (Registry reading = Registry.open(own, trusting)) {
      assertThatThrownBy(() -> reading.promote("m", "challenger", one))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.SIGNATURE_REFUSED))
          .hasMessageContaining("no key to sign");
    }
  }
}
