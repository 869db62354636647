package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.AliasMove.How;
import java.nio.file.Files;
import java.nio.file.Path;
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
      assertThat(registry.verify().problems()).isEmpty();
      Version model = registry.version(Kind.MODEL, "delay@champion");
      assertThat(model.id().number()).isEqualTo(2);
      assertThat(model.created()).isEqualTo("2026-11-22T12:00:00Z");
      assertThat(model.properties()).containsExactly(Map.entry("größe", "\"klein\"\n"));
      assertThat(registry.content(model)).isEqualTo(utf8("model 2"));
      assertThat(registry.history("delay", "champion"))
          .extracting(move -> move.to().orElseThrow().number() + move.reason())
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
  void goesOnFromAnAliasOfSchemaOneAndHoldsItAgainstTheLog() throws Exception {
    Path copy = copyOf("/schema-1");
    try (Registry registry = Registry.open(copy)) {
      Alias alias = registry.alias("delay", "champion").orElseThrow();
      assertThat(alias.actor()).isEmpty();
      assertThat(registry.rollback("delay", "champion", "back").version().number()).isEqualTo(1);
      assertThat(registry.history("delay", "champion"))
          .extracting(AliasMove::how, move -> move.from().map(VersionId::number).orElse(0))
          .containsExactly(
              tuple(How.PROMOTED, 0), tuple(How.PROMOTED, 1), tuple(How.ROLLED_BACK, 2));
      assertThat(registry.audit())
          .extracting(AuditEntry::action)
          .containsExactly("adopted", "rolled-back");
      assertThat(registry.verify().problems()).isEmpty();

      // Moves of schema 1 that were not there when the log began.
      Path aliases = copy.resolve("aliases/delay");
      Fixtures.copyAll(aliases.resolve("champion.history"), aliases.resolve("other.history"));
      for (String name : List.of("1.json", "2.json")) {
        IntegrityTest.rewrite(
            aliases.resolve("other.history/" + name),
            text -> text.replace("\"champion\"", "\"other\""));
      }
      Files.delete(aliases.resolve("other.history/3.json"));
      Files.copy(aliases.resolve("other.history/2.json"), aliases.resolve("other.json"));
      assertThat(registry.alias("delay", "other")).isPresent();
      assertThat(registry.verify().problems())
          .singleElement()
          .asString()
          .contains("not those that it began with");
    }
  }

  private Path copyOf(String resource) throws Exception {
    Path source = Path.of(requireNonNull(FormatTest.class.getResource(resource)).toURI());
    Path copy = folder.resolve("copy");
    Fixtures.copyAll(source, copy);
    return copy;
  }
}
