package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.copyAll;
import static io.mlinfra.registry.Fixtures.deleteAll;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.registerModel;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.ContentHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** What somebody may do to the files of the log and of the aliases, and does not go unseen. */
class TamperingTest {
  private static Path parent;
  private static Path original;

  /** The files of the log, of the aliases and of deleted versions. */
  private static List<Path> files;

  @BeforeContainer
  static void write() throws IOException {
    parent = Files.createTempDirectory("tampering");
    original = parent.resolve("original");
    try (Registry registry = Registry.open(original)) {
      List<Version> versions = new ArrayList<>();
      for (int i = 1; i <= 4; i++) {
        versions.add(registerModel(registry, "m", "content " + i));
      }
      registry.promote("m", "a", versions.get(0), "one");
      registry.promote("m", "b", versions.get(1), "two");
      registry.promote("m", "a", versions.get(1), "three");
      registry.rollback("m", "a", "four");
      registry.delete(versions.get(3), "five");
      registry.promote("m", "a", versions.get(2), "six");
      registry.promote("m", "c", versions.get(2), "seven");
      registry.removeAlias("m", "b", "eight");
      assertThat(registry.verify().problems()).isEmpty();
    }
    files = new ArrayList<>();
    for (String part : List.of("audit", "aliases")) {
      filesBelow(original.resolve(part)).forEach(file -> files.add(original.relativize(file)));
    }
    files.add(Path.of("versions/model/m/4.json"));
    assertThat(files).hasSize(8 + 1 + 7 + 3 + 1);
  }

  @AfterContainer
  static void delete() throws IOException {
    deleteAll(parent);
  }

  private interface Tampering {
    void with(Path copy) throws IOException;
  }

  private static void assertFound(Tampering tampering) throws IOException {
    Path copy = parent.resolve("copy");
    copyAll(original, copy);
    try {
      tampering.with(copy);
      try (Registry registry = Registry.open(copy)) {
        assertThat(registry.verify().problems()).isNotEmpty();
      }
    } finally {
      deleteAll(copy);
    }
  }

  private static Path file(int index) {
    return files.get(index % files.size());
  }

  @Property(tries = 150)
  void findsAnyOtherByteInAnyFile(
      @ForAll @IntRange(max = 10_000) int index,
      @ForAll @IntRange(max = 10_000) int place,
      @ForAll @IntRange(min = 1, max = 255) int change)
      throws IOException {
    assertFound(
        copy -> {
          Path file = copy.resolve(file(index));
          byte[] bytes = Files.readAllBytes(file);
          bytes[place % bytes.length] ^= (byte) change;
          Files.write(file, bytes);
        });
  }

  @Example
  void findsThatAnyFileIsGone() throws IOException {
    for (Path file : files) {
      assertFound(copy -> Files.delete(copy.resolve(file)));
    }
  }

  @Property(tries = 100)
  void findsThatAnyTwoFilesWereSwapped(
      @ForAll @IntRange(max = 10_000) int one, @ForAll @IntRange(max = 10_000) int other)
      throws IOException {
    if (Files.mismatch(original.resolve(file(one)), original.resolve(file(other))) < 0) {
      return;
    }
    assertFound(
        copy -> {
          Path kept = Files.move(copy.resolve(file(one)), copy.resolve("kept"));
          Files.move(copy.resolve(file(other)), copy.resolve(file(one)));
          Files.move(kept, copy.resolve(file(other)));
        });
  }

  @Property(tries = 100)
  void findsThatAnyFileWasWrittenOverByAnother(
      @ForAll @IntRange(max = 10_000) int one, @ForAll @IntRange(max = 10_000) int other)
      throws IOException {
    if (Files.mismatch(original.resolve(file(one)), original.resolve(file(other))) < 0) {
      return;
    }
    assertFound(
        copy ->
            Files.copy(
                copy.resolve(file(one)),
                copy.resolve(file(other)),
                StandardCopyOption.REPLACE_EXISTING));
  }

  /** The check of the record holds, and so does the chain, up to the head. */
  @Property(tries = 30)
  void findsAHistoryThatWasWrittenAnewFromSomeEntryOn(
      @ForAll @IntRange(min = 1, max = 8) int from, @ForAll boolean remove) throws IOException {
    assertFound(
        copy -> {
          Path audit = copy.resolve("audit");
          int last = 8;
          if (remove) {
            for (int number = from; number < last; number++) {
              int next = number + 1;
              IntegrityTest.rewrite(
                  Files.move(
                      audit.resolve(next + ".json"),
                      audit.resolve(number + ".json"),
                      StandardCopyOption.REPLACE_EXISTING),
                  text -> text.replace("\"number\" : " + next, "\"number\" : " + (next - 1)));
            }
            if (from == last) {
              Files.delete(audit.resolve("8.json"));
            }
          } else {
            IntegrityTest.rewrite(
                audit.resolve(from + ".json"),
                text -> text.replace("\"actor\" : \"", "\"actor\" : \"not "));
          }
          chain(audit, remove ? 7 : 8);
        });
  }

  /** The same, with a head that fits: what the moves say is what gives it away. */
  @Property(tries = 16)
  void findsAHistoryWithItsHeadThatTheMovesContradict(@ForAll @IntRange(min = 1, max = 8) int from)
      throws IOException {
    assertFound(
        copy -> {
          Path audit = copy.resolve("audit");
          IntegrityTest.rewrite(
              audit.resolve(from + ".json"),
              text -> text.replace("\"actor\" : \"", "\"actor\" : \"not "));
          writeHead(audit, 8, chain(audit, 8));
        });
  }

  @Example
  void findsALogThatWasCutOffWithAHeadThatFits() throws IOException {
    for (int last = 0; last < 8; last++) {
      int kept = last;
      assertFound(
          copy -> {
            Path audit = copy.resolve("audit");
            for (int number = kept + 1; number <= 8; number++) {
              Files.delete(audit.resolve(number + ".json"));
            }
            if (kept == 0) {
              Files.delete(audit.resolve("head.json"));
            } else {
              writeHead(audit, kept, chain(audit, kept));
            }
          });
    }
  }

  @Example
  void findsAMoveThatTheLogDoesNotTellOf() throws IOException {
    assertFound(
        copy -> {
          Path history = copy.resolve("aliases/m/c.history");
          Path second = history.resolve("2.json");
          Files.copy(history.resolve("1.json"), second);
          IntegrityTest.rewrite(second, text -> text.replace("\"move\" : 1", "\"move\" : 2"));
          Files.copy(second, copy.resolve("aliases/m/c.json"), StandardCopyOption.REPLACE_EXISTING);
        });
    assertFound(copy -> Files.copy(copy.resolve("audit/8.json"), copy.resolve("audit/9.json")));
    assertFound(copy -> Files.copy(copy.resolve("audit/8.json"), copy.resolve("audit/11.json")));
    assertFound(copy -> Files.writeString(copy.resolve("audit/notes.txt"), "all is well"));
  }

  @Example
  void findsAVersionThatCameBackFromItsDeletion() throws IOException {
    assertFound(
        copy ->
            IntegrityTest.rewrite(
                copy.resolve("versions/model/m/4.json"),
                text ->
                    text.substring(0, text.indexOf(",\n  \"deleted\""))
                        + text.substring(text.indexOf(",\n  \"check\""))));
  }

  /** Makes the entries a chain again, and returns the hash of the last. */
  private static String chain(Path audit, int last) throws IOException {
    String previous = AuditLog.NOTHING.hex();
    for (int number = 1; number <= last; number++) {
      Path file = audit.resolve(number + ".json");
      String before = previous;
      IntegrityTest.rewrite(
          file,
          text ->
              text.replaceFirst(
                  "\"previous\" : \"[0-9a-f]{64}\"", "\"previous\" : \"" + before + "\""));
      previous = ContentHash.of(Files.readAllBytes(file)).hex();
    }
    return previous;
  }

  private static void writeHead(Path audit, int number, String hash) throws IOException {
    IntegrityTest.rewrite(
        audit.resolve("head.json"),
        text ->
            text.replaceFirst("\"number\" : [0-9]+", "\"number\" : " + number)
                .replaceFirst("\"hash\" : \"[0-9a-f]{64}\"", "\"hash\" : \"" + hash + "\""));
  }
}
