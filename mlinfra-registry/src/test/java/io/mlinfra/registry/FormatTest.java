package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.utf8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.AliasMove.How;
import java.net.URL;
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
 * Folders that were written once are read for ever: {@code schema-1} and {@code schema-2} among the
 * test resources are what was written when these schemas were new, the latter by {@link #write},
 * and must never be written again.
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

  @Test
  void readsAFolderOfSchemaTwo() throws Exception {
    try (Registry registry = Registry.open(copyOf("/schema-2"))) {
      assertThat(registry.verify().problems()).isEmpty();
      Version model = registry.version(Kind.MODEL, "delay@champion");
      assertThat(model.id().number()).isEqualTo(2);
      assertThat(registry.attachment(model, "input-example.json")).isEqualTo(utf8("[]"));
      assertThat(registry.history("delay", "champion"))
          .extracting(AliasMove::how, AliasMove::actor, AliasMove::reason)
          .containsExactly(
              tuple(How.PROMOTED, "ada", ""),
              tuple(How.PROMOTED, "ada", "besser"),
              tuple(How.ROLLED_BACK, "ada", "doch nicht"),
              tuple(How.PROMOTED, "ada", "doch"));
      assertThat(registry.alias("delay", "challenger")).isEmpty();
      assertThat(registry.versions(Kind.MODEL, "delay")).hasSize(2);
      assertThatThrownBy(() -> registry.version(Kind.MODEL, "delay:3"))
          .hasMessageContaining("was deleted on 2026-11-22T12:00:00Z by ada: not needed");
      Version report = registry.evaluations(model).get(0);
      assertThat(registry.evaluation(report)).isEqualTo(report());
      assertThat(registry.policy("delay", "champion")).isEqualTo(POLICY);
      assertThat(registry.check("delay", "champion", model).passed()).isTrue();
      assertThat(registry.audit()).hasSize(8);
    }
  }

  @Test
  void writesTheSameFilesAsThen() throws Exception {
    Path then = copyOf("/schema-2");
    Path now = write(folder.resolve("now"));
    assertThat(filesBelow(now).stream().map(now::relativize))
        .filteredOn(file -> !file.equals(Path.of("lock")))
        .containsExactlyElementsOf(filesBelow(then).stream().map(then::relativize).toList())
        .allSatisfy(
            file -> assertThat(now.resolve(file)).hasSameBinaryContentAs(then.resolve(file)));
  }

  @Test
  void readsAndWritesTheBundleOfThen() throws Exception {
    URL then = requireNonNull(FormatTest.class.getResource("/schema-2-bundle.zip"));
    Path bundle = folder.resolve("bundle.zip");
    try (Registry origin = Registry.open(copyOf("/schema-2"));
        Registry target = Registry.open(folder.resolve("target"))) {
      Version model = origin.version(Kind.MODEL, "delay@champion");
      origin.exportBundle(model, bundle);
      assertThat(bundle).hasSameBinaryContentAs(Path.of(then.toURI()));
      Version imported = target.importBundle(Path.of(then.toURI()));
      assertThat(imported.id().hash()).isEqualTo(model.id().hash());
      assertThat(target.verify().problems()).isEmpty();
    }
  }

  private static final PromotionPolicy POLICY =
      PromotionPolicy.builder().atMost("loss", 0.5).notWorse("loss", 0.01).build();

  private static EvaluationReport report() {
    return EvaluationReport.builder(ContentHash.of("rows"), 3)
        .lowerIsBetter("loss", 0.25, new double[] {0.125, 0.25, 0.375})
        .metric("rows", 3)
        .constraint("fairness", true, "gap 0.03 <= 0.05")
        .build();
  }

  static Path write(Path folder) {
    RegistryOptions noon =
        RegistryOptions.builder()
            .clock(Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC))
            .actor(() -> "ada")
            .build();
    try (Registry registry = Registry.open(folder, noon)) {
      Version data =
          registry.register(Registration.of(Kind.DATASET, "flights").content(utf8("flights")));
      Version pipeline =
          registry.register(Registration.of(Kind.PIPELINE, "delay").content(utf8("scale")));
      Version run =
          registry.register(
              Registration.of(Kind.RUN, "delay").content(RUN.toJson()).madeFrom(data, pipeline));
      Version one =
          registry.register(Registration.of(Kind.MODEL, "delay").content(utf8("model 1")));
      Version two =
          registry.register(
              Registration.of(Kind.MODEL, "delay")
                  .content(utf8("model 2"))
                  .property("größe", "\"klein\"\n")
                  .attach("input-example.json", utf8("[]"))
                  .madeFrom(run, one));
      Version three =
          registry.register(Registration.of(Kind.MODEL, "delay").content(utf8("model 3")));
      registry.promote("delay", "champion", one);
      registry.promote("delay", "champion", two, "besser");
      registry.rollback("delay", "champion", "doch nicht");
      registry.register(two, report());
      registry.register(one, report());
      registry.protect("delay", "champion", POLICY, "from now on");
      registry.promote("delay", "champion", two, "doch");
      registry.promote("delay", "challenger", one, "");
      registry.removeAlias("delay", "challenger", "");
      registry.delete(three, "not needed");
    }
    return folder;
  }

  private Path copyOf(String resource) throws Exception {
    Path source = Path.of(requireNonNull(FormatTest.class.getResource(resource)).toURI());
    Path copy = folder.resolve("copy");
    Fixtures.copyAll(source, copy);
    return copy;
  }
}
