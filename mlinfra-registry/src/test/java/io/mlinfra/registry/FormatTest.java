package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.utf8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Folders that were written once are read for ever: {@code schema-1} among the test resources is
 * what {@link #write} wrote when schema 1 was new, and must never be written again.
 */
class FormatTest {
  private static final Run RUN =
      new Run(
          Map.of("seed", "7"),
          Map.of("auc", 0.7251, "loss", Double.NaN),
          Map.of("java.version", "17.0.15"),
          List.of());

  @TempDir Path folder;

  @Test
  void readsAFolderOfSchemaOne() throws Exception {
    try (Registry registry = Registry.open(copyOf("/schema-1"))) {
      assertThat(registry.verify()).isEmpty();
      Version model = registry.version(Kind.MODEL, "delay@champion");
      assertThat(model.id().number()).isEqualTo(2);
      assertThat(model.created()).isEqualTo("2026-11-22T12:00:00Z");
      assertThat(model.properties()).containsExactly(Map.entry("größe", "\"klein\"\n"));
      assertThat(registry.content(model)).isEqualTo(utf8("model 2"));
      assertThat(registry.history("delay", "champion"))
          .extracting(move -> move.version().number() + move.reason())
          .containsExactly("1", "2besser");
      assertThat(registry.run(registry.version(Kind.RUN, "delay"))).isEqualTo(RUN);
      assertThat(registry.lineage(model).toString().lines())
          .satisfiesExactly(
              line -> assertThat(line).startsWith("model delay:2 ("),
              line -> assertThat(line).startsWith("├─ run delay:1 ("),
              line -> assertThat(line).startsWith("│  └─ dataset flights:1 ("),
              line -> assertThat(line).startsWith("└─ model delay:1 ("));
    }
  }

  @Test
  void writesTheSameFilesAsThen() throws Exception {
    Path then = copyOf("/schema-1");
    Path now = write(folder.resolve("now"));

    assertThat(filesBelow(now).stream().map(now::relativize))
        .filteredOn(file -> !file.equals(Path.of("lock")))
        .containsExactlyElementsOf(filesBelow(then).stream().map(then::relativize).toList())
        .allSatisfy(
            file -> assertThat(now.resolve(file)).hasSameBinaryContentAs(then.resolve(file)));
  }

  private static Path write(Path folder) {
    Clock noon = Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);
    try (Registry registry = Registry.open(folder, noon)) {
      Version data =
          registry.register(Kind.DATASET, "flights", utf8("flights"), Map.of(), List.of());
      Version run = registry.register(Kind.RUN, "delay", RUN.toJson(), Map.of(), List.of(data));
      Version one = registry.register(Kind.MODEL, "delay", utf8("model 1"), Map.of(), List.of());
      Version two =
          registry.register(
              Kind.MODEL,
              "delay",
              utf8("model 2"),
              Map.of("größe", "\"klein\"\n"),
              List.of(run, one));
      registry.promote("delay", "champion", one);
      registry.promote("delay", "champion", two, "besser");
    }
    return folder;
  }

  private Path copyOf(String resource) throws Exception {
    Path source = Path.of(requireNonNull(FormatTest.class.getResource(resource)).toURI());
    Path copy = folder.resolve("copy");
    for (Path file : filesBelow(source)) {
      Path target = copy.resolve(source.relativize(file));
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
    }
    return copy;
  }
}
