package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AliasTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  @TempDir Path folder;
  private Registry registry;
  private Version first;
  private Version second;

  @BeforeEach
  void open() {
    registry =
        Registry.open(
            folder, RegistryOptions.builder().clock(Clock.fixed(NOON, ZoneOffset.UTC)).build());
    first = registerModel(registry, "delay", "first");
    second = registerModel(registry, "delay", "second");
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void pointsAtTheVersionItWasLastPromotedTo() {
    Alias alias = registry.promote("delay", "champion", first, "the first that there is");

    assertThat(alias)
        .isEqualTo(new Alias("delay", "champion", first.id(), NOON, "the first that there is"))
        .hasToString(
            "delay@champion -> "
                + first.id()
                + " since 2026-11-22T12:00:00Z: the first that there is");
    assertThat(registry.alias("delay", "champion")).contains(alias);
    assertThat(registry.version(Kind.MODEL, "delay@champion")).isEqualTo(first);

    registry.promote("delay", "champion", second);
    assertThat(registry.version(Kind.MODEL, "delay@champion")).isEqualTo(second);
  }

  @Test
  void remembersEveryMove() {
    Alias one = registry.promote("delay", "champion", first);
    Alias two = registry.promote("delay", "champion", second, "better");
    Alias three =
        registry.promote("delay", "champion", registry.version(one.version()), "rolled back");

    assertThat(registry.history("delay", "champion")).containsExactly(one, two, three);
    assertThat(registry.alias("delay", "champion")).contains(three);
  }

  @Test
  void doesNotMoveToWhereItIs() {
    Alias alias = registry.promote("delay", "champion", first, "once");

    assertThat(registry.promote("delay", "champion", first, "twice")).isEqualTo(alias);
    assertThat(registry.history("delay", "champion")).containsExactly(alias);
  }

  @Test
  void keepsTheAliasesOfAModelApart() {
    Alias champion = registry.promote("delay", "champion", first);
    Alias challenger = registry.promote("delay", "challenger", second);
    Alias oddlyNamed = registry.promote("delay", "champion.json", second);
    Alias odder = registry.promote("delay", "champion.history", second);
    Version other = registerModel(registry, "cancelled", "other");
    registry.promote("cancelled", "champion", other);

    assertThat(registry.aliases("delay")).containsExactly(challenger, champion, odder, oddlyNamed);
    assertThat(registry.history("delay", "champion.json")).containsExactly(oddlyNamed);
    assertThat(registry.version(Kind.MODEL, "cancelled@champion")).isEqualTo(other);
    assertThat(registry.verify()).isEmpty();
  }

  @Test
  void servesTheModelBehindAnAlias() {
    Version real =
        registry.register(
            Registration.of(Kind.MODEL, "delay")
                .content(multiplyBy(3).toOnnx())
                .properties(Map.of("by", "hand")));
    registry.promote("delay", "champion", real);

    assertThat(registry.model("delay@champion")).isEqualTo(multiplyBy(3));
  }

  @Test
  void refusesWhatIsNoVersionOfThatModel() {
    Version data = registry.register(Registration.of(Kind.DATASET, "delay").content(utf8("d")));
    Version other = registerModel(registry, "cancelled", "other");
    for (Version version : List.of(data, other)) {
      assertThatThrownBy(() -> registry.promote("delay", "champion", version))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll(version.id().toString(), "'delay'");
    }
    VersionId unknown = new VersionId(Kind.MODEL, "delay", 9, ContentHash.of("?"));
    assertThatThrownBy(
            () ->
                registry.promote(
                    "delay", "champion", new Version(unknown, NOON, List.of(), Map.of(), Map.of())))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN));
    assertThat(registry.aliases("delay")).isEmpty();
  }

  @Test
  void refusesAnAliasThatDiffersOnlyInCase() {
    registry.promote("delay", "champion", first);

    assertThatThrownBy(() -> registry.promote("delay", "Champion", second))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContainingAll("'Champion'", "'champion'");
    assertThat(registry.alias("delay", "Champion")).isEmpty();
  }

  @Test
  void forgetsAMoveWhoseWriterDiedBeforeTheAliasMoved() throws IOException {
    Alias one = registry.promote("delay", "champion", first);
    Path alias = folder.resolve("aliases/delay/champion.json");
    Path before = Files.copy(alias, folder.resolve("before"));
    registry.promote("delay", "champion", second);
    Files.move(before, alias, StandardCopyOption.REPLACE_EXISTING);

    assertThat(registry.alias("delay", "champion")).contains(one);
    assertThat(registry.history("delay", "champion")).containsExactly(one);
    assertThat(registry.verify()).isEmpty();
    Alias two = registry.promote("delay", "champion", second, "again");
    assertThat(registry.history("delay", "champion")).containsExactly(one, two);
  }

  @Test
  void refusesToWriteOverTheHistoryOfALostAlias() throws IOException {
    registry.promote("delay", "champion", first);
    Alias two = registry.promote("delay", "champion", second);
    Path alias = folder.resolve("aliases/delay/champion.json");
    Files.delete(alias);

    assertThatThrownBy(() -> registry.promote("delay", "champion", first))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
        .hasMessageContaining("champion.json is missing");
    assertThat(registry.verify()).singleElement().asString().contains("champion.json is missing");

    Files.copy(folder.resolve("aliases/delay/champion.history/2.json"), alias);
    assertThat(registry.alias("delay", "champion")).contains(two);
    assertThat(registry.verify()).isEmpty();
  }
}
