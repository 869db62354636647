package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What callers may pass as a name, wherever one can be passed. */
class NamesTest {
  /** None of these is a name; each was one somewhere, and did harm. */
  private static final List<String> NO_NAMES =
      List.of(
          "",
          " ",
          ".",
          "..",
          "...",
          "../x",
          "x/..",
          "a/b",
          "/a",
          "/",
          "a\\b",
          "..\\x",
          "\\\\server\\share",
          "C:",
          "C:\\x",
          "a:stream",
          "~",
          "-rf",
          ".hidden",
          "a.",
          "a..",
          "a ",
          " a",
          "a\t",
          "a\n",
          "a\nb",
          "a\r",
          "a*",
          "a?",
          "a|b",
          "<a>",
          "\"a\"",
          "a%2fb",
          "%2e%2e",
          "$HOME",
          "a\u0000",
          "a\u0000.json",
          "\u0000",
          "con",
          "CON",
          "Prn",
          "aux.json",
          "nul",
          "NUL.tar.gz",
          "com1",
          "LPT9.x",
          "com0",
          "\uFF0E\uFF0E",
          "\uFF0E\uFF0E/x",
          "\u2024\u2024",
          "\u2025",
          "\u2026",
          "a\u2044b",
          "a\u2215b",
          "a\uFF0Fb",
          "a\uFF3Cb",
          "C\uFF1A",
          "a\u202Eb",
          "\u200Fa",
          "\u2066a\u2069",
          "a\u200B",
          "\uFEFFa",
          "a\u200D",
          "a\u00AD",
          "a\u0301",
          "\u0301",
          "\u00E9",
          "\uFB01le",
          "\uFF41",
          "\u0430",
          "\u212A",
          "\u0131",
          "COM\u00B9",
          "a\u00A0",
          "a\u3000",
          "a\u2028",
          "\uD83D",
          "\uDE00",
          "\uD83D\uDE00",
          "a\u007F",
          "a\u001B[31m",
          "x".repeat(129),
          "x".repeat(10_000),
          "\u00E9".repeat(10_000),
          "../".repeat(3_000));

  @Test
  void refusesWhatIsNoNameWhereverOneIsAskedForAndWritesNothing() throws IOException {
    for (Configuration configuration :
        List.of(Configuration.unix(), Configuration.osX(), Configuration.windows())) {
      try (FileSystem files = Jimfs.newFileSystem(configuration);
          Registry registry = Registry.open(files.getPath("registry"))) {
        Version model = registerModel(registry, "m", "a");
        registry.promote("m", "champion", model);
        List<Path> before = everyFile(files);
        for (String name : NO_NAMES) {
          for (ThrowingCallable call : calls(registry, model, name)) {
            IllegalArgumentException error =
                catchThrowableOfType(IllegalArgumentException.class, call);
            assertThat(error).as("name '%s'", name).isNotNull();
            assertThat(error.getMessage()).isNotBlank().hasSizeLessThan(300);
          }
        }
        assertThat(everyFile(files)).isEqualTo(before);
        assertThat(registry.verify().problems()).isEmpty();
      }
    }
  }

  private static List<ThrowingCallable> calls(Registry registry, Version model, String name) {
    List<ThrowingCallable> calls = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      calls.add(() -> Registration.of(kind, name));
      calls.add(() -> registry.version(kind, name));
      calls.add(() -> registry.version(kind, name + ":1"));
      calls.add(() -> registry.versions(kind, name));
    }
    calls.add(() -> registry.register(name, candidate(multiplyBy(2), Fixtures.run(1))));
    calls.add(() -> Registration.of(Kind.MODEL, "m").attach(name, utf8("a")));
    calls.add(() -> Registration.of(Kind.MODEL, "m").attach(name, Path.of("a")));
    calls.add(() -> registry.version(Kind.MODEL, name + "@champion"));
    calls.add(() -> registry.version(Kind.MODEL, "m@" + name));
    calls.add(() -> registry.model(name));
    calls.add(() -> registry.model("m@" + name));
    calls.add(() -> registry.promote(name, "champion", model));
    calls.add(() -> registry.promote("m", name, model));
    calls.add(() -> registry.alias(name, "champion"));
    calls.add(() -> registry.alias("m", name));
    calls.add(() -> registry.aliases(name));
    calls.add(() -> registry.history(name, "champion"));
    calls.add(() -> registry.history("m", name));
    return calls;
  }

  @Test
  void keepsMessagesShortHoweverLongATextIs() {
    String half = "x".repeat(10_000) + "\uD83D";
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> Reference.parse("a:1:1" + half),
            () -> Registration.of(Kind.MODEL, "m").property("k", half),
            () -> Registration.of(Kind.MODEL, "m").property(half, "v"),
            () -> Registration.of(Kind.MODEL, "m").property("k".repeat(10_000), half),
            () -> new Run(Map.of(), Map.of(half, 1.0), Map.of(), List.of()),
            () -> new Run(Map.of("k".repeat(10_000), half), Map.of(), Map.of(), List.of()),
            () -> RunId.parse("run".repeat(10_000)),
            () -> AuditLog.Head.parse("head".repeat(10_000)),
            () -> EvaluationReport.requireName("metric name", "m".repeat(10_000)),
            () -> new VersionId(Kind.MODEL, half, 1, ContentHash.of("")))) {
      assertThat(catchThrowableOfType(IllegalArgumentException.class, call).getMessage())
          .hasSizeLessThan(300);
    }
  }

  @Property(tries = 1000)
  void eitherRefusesANameOrKeepsWhatIsRegisteredUnderIt(
      @ForAll("anything") String name, @ForAll Kind kind) throws IOException {
    try (FileSystem files = Jimfs.newFileSystem(Configuration.unix());
        Registry registry = Registry.open(files.getPath("/a/registry"))) {
      Version version;
      try {
        version = registry.register(Registration.of(kind, name).content(utf8("content")));
      } catch (IllegalArgumentException refused) {
        assertThat(everyFile(files))
            .containsExactlyInAnyOrder(
                files.getPath("/a/registry/lock"), files.getPath("/a/registry/registry.json"));
        return;
      }
      assertThat(registry.version(kind, name)).isEqualTo(version);
      assertThat(registry.names(kind)).containsExactly(name);
      assertThat(registry.content(version)).isEqualTo(utf8("content"));
      assertThat(everyFile(files))
          .hasSize(4)
          .allMatch(file -> file.startsWith(files.getPath("/a/registry")));
      if (kind == Kind.MODEL) {
        registry.promote(name, name, version);
        assertThat(registry.version(kind, name + "@" + name)).isEqualTo(version);
        assertThat(everyFile(files))
            .hasSize(8)
            .allMatch(file -> file.startsWith(files.getPath("/a/registry")));
      }
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Provide
  Arbitrary<String> anything() {
    Arbitrary<String> nearlyNames =
        Arbitraries.strings()
            .withCharRange('a', 'c')
            .withChars("A_-.1/\\: ")
            .ofMinLength(1)
            .ofMaxLength(8);
    return Arbitraries.frequencyOf(
        Tuple.of(3, nearlyNames),
        Tuple.of(1, Arbitraries.strings().all().ofMaxLength(10)),
        Tuple.of(1, Arbitraries.of(NO_NAMES)));
  }

  private static List<Path> everyFile(FileSystem files) throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path root : files.getRootDirectories()) {
      all.addAll(filesBelow(root));
    }
    return all;
  }
}
