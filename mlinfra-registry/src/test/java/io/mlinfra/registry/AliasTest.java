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
import io.mlinfra.registry.AliasMove.How;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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
  private Version third;

  @BeforeEach
  void open() {
    registry =
        Registry.open(
            folder,
            RegistryOptions.builder()
                .clock(Clock.fixed(NOON, ZoneOffset.UTC))
                .actor(() -> "ada")
                .build());
    first = registerModel(registry, "delay", "first");
    second = registerModel(registry, "delay", "second");
    third = registerModel(registry, "delay", "third");
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void pointsAtTheVersionItWasLastPromotedTo() {
    Alias alias = registry.promote("delay", "champion", first, "the first that there is");

    assertThat(alias)
        .isEqualTo(
            new Alias("delay", "champion", first.id(), NOON, "ada", "the first that there is"))
        .hasToString(
            "delay@champion -> "
                + first.id()
                + " since 2026-11-22T12:00:00Z by ada: the first that there is");
    assertThat(registry.alias("delay", "champion")).contains(alias);
    assertThat(registry.version(Kind.MODEL, "delay@champion")).isEqualTo(first);

    registry.promote("delay", "champion", second);
    assertThat(registry.version(Kind.MODEL, "delay@champion")).isEqualTo(second);
  }

  @Test
  void remembersOfEveryMoveWhenFromWhereToWhereWhoWhyAndHow() {
    registry.promote("delay", "champion", first);
    registry.promote("delay", "champion", second, "better");
    registry.rollback("delay", "champion", "was not");
    AliasMove removal = registry.removeAlias("delay", "champion", "over");

    assertThat(registry.history("delay", "champion"))
        .containsExactly(
            move(1, How.PROMOTED, null, first, ""),
            move(2, How.PROMOTED, first, second, "better"),
            move(3, How.ROLLED_BACK, second, first, "was not"),
            move(4, How.REMOVED, first, null, "over"))
        .last()
        .isEqualTo(removal);
    assertThat(removal)
        .hasToString(
            "delay@champion: removed from " + first.id() + " at 2026-11-22T12:00:00Z by ada: over");
  }

  private static AliasMove move(int number, How how, Version from, Version to, String reason) {
    return new AliasMove(
        "delay",
        "champion",
        number,
        how,
        Optional.ofNullable(from).map(Version::id),
        Optional.ofNullable(to).map(Version::id),
        NOON,
        "ada",
        reason,
        number);
  }

  @Test
  void doesNotMoveToWhereItIs() {
    Alias alias = registry.promote("delay", "champion", first, "once");

    assertThat(registry.promote("delay", "champion", first, "twice")).isEqualTo(alias);
    assertThat(registry.history("delay", "champion")).hasSize(1);
    assertThat(registry.audit()).hasSize(1);
  }

  @Test
  void movesOnlyFromWhereTheCallerThinksItPoints() {
    assertConflict(
        () ->
            registry.compareAndPromote("delay", "champion", Optional.of(first), second, "from one"),
        "does not point at " + first.id(),
        "it points nowhere");
    registry.compareAndPromote("delay", "champion", Optional.empty(), first, "new");
    Alias moved =
        registry.compareAndPromote("delay", "champion", Optional.of(first), second, "from one");
    assertThat(moved.version()).isEqualTo(second.id());
    assertConflict(
        () -> registry.compareAndPromote("delay", "champion", Optional.of(first), third, "late"),
        "does not point at " + first.id(),
        moved.toString());
    assertConflict(
        () -> registry.compareAndPromote("delay", "champion", Optional.empty(), third, "late"),
        "does not point nowhere",
        moved.toString());
    registry.removeAlias("delay", "champion", "");
    registry.compareAndPromote("delay", "champion", Optional.empty(), third, "after removal");
    assertThat(registry.history("delay", "champion")).hasSize(4);
  }

  @Test
  void goesBackOneFurtherWithEachRollback() {
    for (Version version : List.of(first, second, third)) {
      registry.promote("delay", "champion", version);
    }
    assertThat(registry.rollback("delay", "champion", "").version()).isEqualTo(second.id());
    assertThat(registry.rollback("delay", "champion", "").version()).isEqualTo(first.id());
    assertThatThrownBy(() -> registry.rollback("delay", "champion", ""))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("'champion'", "'delay'", "nothing to go back to", "" + first.id());

    registry.promote("delay", "champion", third);
    assertThat(registry.rollback("delay", "champion", "again").version()).isEqualTo(first.id());
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void comesBackFromItsRemoval() {
    registry.promote("delay", "champion", first);
    registry.promote("delay", "champion", second);
    registry.removeAlias("delay", "champion", "by mistake");
    assertThat(registry.alias("delay", "champion")).isEmpty();
    assertThat(registry.aliases("delay")).isEmpty();
    assertUnknown(() -> registry.version(Kind.MODEL, "delay@champion"), "no alias 'champion'");
    assertUnknown(() -> registry.removeAlias("delay", "champion", ""), "no alias 'champion'");

    assertThat(registry.rollback("delay", "champion", "").version()).isEqualTo(second.id());
    assertThat(registry.rollback("delay", "champion", "").version()).isEqualTo(first.id());
    assertThat(registry.history("delay", "champion")).hasSize(5);
  }

  @Test
  void doesNotGoBackToWhatWasDeleted() {
    registry.promote("delay", "champion", first);
    registry.promote("delay", "champion", second);
    registry.delete(first, "it was wrong");

    assertUnknown(
        () -> registry.rollback("delay", "champion", ""),
        "cannot go back",
        first.id().toString(),
        "was deleted on 2026-11-22T12:00:00Z by ada: it was wrong");
    assertUnknown(() -> registry.rollback("delay", "challenger", ""), "no alias 'challenger'");
    assertUnknown(() -> registry.rollback("nothing", "challenger", ""), "no model 'nothing'");
    assertThat(registry.alias("delay", "champion").orElseThrow().version()).isEqualTo(second.id());
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
    assertThat(registry.history("delay", "champion.json")).hasSize(1);
    assertThat(registry.version(Kind.MODEL, "cancelled@champion")).isEqualTo(other);
    assertThat(registry.verify().problems()).isEmpty();
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
    assertUnknown(
        () ->
            registry.promote(
                "delay", "champion", new Version(unknown, NOON, List.of(), Map.of(), Map.of())),
        unknown.toString());
    registry.delete(first, "");
    assertUnknown(() -> registry.promote("delay", "champion", first), "was deleted on");
    assertThat(registry.aliases("delay")).isEmpty();
    assertThat(registry.audit()).hasSize(1);
  }

  @Test
  void refusesAnAliasThatDiffersOnlyInCaseAlsoFromARemovedOne() {
    registry.promote("delay", "champion", first);
    registry.promote("delay", "Gone", first);
    registry.removeAlias("delay", "Gone", "");

    for (String twin : List.of("Champion", "gone")) {
      assertConflict(() -> registry.promote("delay", twin, second), "'" + twin + "'", "case");
      assertThat(registry.alias("delay", twin)).isEmpty();
    }
  }

  @Test
  void refusesAReasonThatIsTooLongForTheLog() throws IOException {
    long before = Fixtures.filesBelow(folder).size();

    assertThatThrownBy(
            () ->
                registry.promote("delay", "champion", first, "x".repeat(AuditLog.MAX_ENTRY_BYTES)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be <= 1048576");
    assertThat(Fixtures.filesBelow(folder)).hasSize((int) before);
    assertThat(registry.alias("delay", "champion")).isEmpty();
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
    assertThat(registry.verify().problems())
        .singleElement()
        .asString()
        .contains("champion.json is missing");

    Files.copy(folder.resolve("aliases/delay/champion.history/2.json"), alias);
    assertThat(registry.alias("delay", "champion")).contains(two);
    assertThat(registry.verify().problems()).isEmpty();
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
