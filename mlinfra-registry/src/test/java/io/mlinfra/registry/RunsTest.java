package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.TrackedRun.Metric;
import io.mlinfra.registry.TrackedRun.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunsTest {
  private static final Instant START = Instant.parse("2026-11-22T12:00:00Z");

  @TempDir Path parent;
  private Path folder;
  private Registry registry;
  private Runs runs;

  /** Each time that somebody looks, a second later. */
  private static Clock clock() {
    AtomicLong seconds = new AtomicLong();
    InstantSource source = () -> START.plusSeconds(seconds.getAndIncrement());
    return source.withZone(ZoneOffset.UTC);
  }

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectory(parent.resolve("registry")).toRealPath();
    registry =
        Registry.open(folder, RegistryOptions.builder().clock(clock()).actor(() -> "ada").build());
    runs = registry.runs();
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void tellsWhatHappened() {
    String id;
    try (ActiveRun run = runs.start("delay")) {
      id = run.id();
      run.param("trainer", "mlp");
      run.metric("loss", 1, 0.5);
      run.metric("loss", 2, Double.NaN);
      run.metrics(3, Map.of("loss", 0.25, "auc", 0.7));
      run.metric("größe \"x\"\n", -5, Double.NEGATIVE_INFINITY);
      run.tag("ticket", "ML-16");
      run.tag("ticket", "ML-17");
      run.artifact("confusion.csv", utf8("1,2"));
      assertThat(runs.get(id).status()).isEqualTo(Status.RUNNING);
      assertThat(runs.get(id).ended()).isEmpty();
      assertThat(runs.get(id).params()).containsExactly(Map.entry("trainer", "mlp"));
      run.finish();
    }
    TrackedRun run = runs.get(id);
    assertThat(run.id()).isEqualTo("delay/1");
    assertThat(run.experiment()).isEqualTo("delay");
    assertThat(run.number()).isEqualTo(1);
    assertThat(run.status()).isEqualTo(Status.FINISHED);
    assertThat(run.actor()).isEqualTo("ada");
    assertThat(run.started()).isEqualTo(START);
    assertThat(run.duration()).hasValueSatisfying(d -> assertThat(d).isPositive());
    assertThat(run.params()).containsExactly(Map.entry("trainer", "mlp"));
    assertThat(run.tags()).containsExactly(Map.entry("ticket", "ML-17"));
    assertThat(run.environment()).isEqualTo(Run.environmentOfThisJvm());
    assertThat(run.metrics())
        .containsOnly(
            Map.entry("loss", new Metric(0.25, 3, 0.25, 0.5, 3)),
            Map.entry("auc", new Metric(0.7, 3, 0.7, 0.7, 1)),
            Map.entry(
                "größe \"x\"\n",
                new Metric(
                    Double.NEGATIVE_INFINITY,
                    -5,
                    Double.NEGATIVE_INFINITY,
                    Double.NEGATIVE_INFINITY,
                    1)));
    assertThat(runs.artifact(id, "confusion.csv")).isEqualTo(utf8("1,2"));
    Curve loss = runs.curve(id, "loss");
    assertThat(loss.steps()).containsExactly(1, 2, 3);
    assertThat(loss.values()).containsExactly(0.5, Double.NaN, 0.25);
    assertThat(loss.time(0)).isBetween(START, loss.time(2));
    assertThat(run).asString().startsWith("delay/1 FINISHED, started 2026-11-22T12:00:00Z, {auc=");
    assertThat(runs.experiments()).containsExactly("delay");
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void saysTheSameToARegistryThatIsOpenedLater() {
    String id;
    try (ActiveRun run = runs.start("delay")) {
      id = run.id();
      run.param("a", "b");
      run.metric("loss", 1, 2e-3);
      run.finish();
    }
    TrackedRun before = runs.get(id);
    try (Registry other = Registry.open(folder)) {
      assertThat(other.runs().get(id)).isEqualTo(before);
      assertThat(other.runs().search("delay", "")).containsExactly(before);
    }
  }

  @Test
  void takesTheValueAtTheHighestStepForTheLastOne() {
    try (ActiveRun run = runs.start("delay")) {
      run.metric("loss", 2, 0.2);
      run.metric("loss", 1, 0.1);
      assertThat(runs.get(run.id()).metrics().get("loss"))
          .isEqualTo(new Metric(0.2, 2, 0.1, 0.2, 2));
      run.metric("loss", 2, 0.3);
      assertThat(runs.get(run.id()).metrics().get("loss"))
          .isEqualTo(new Metric(0.3, 2, 0.1, 0.3, 3));
    }
  }

  @Test
  void setsAParamOnce() {
    try (ActiveRun run = runs.start("delay")) {
      run.param("seed", "7");
      run.param("seed", "7");
      assertThatThrownBy(() -> run.params(Map.of("seed", "8", "other", "x")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'seed'", "'8'", "must stay '7'", "delay/1");
      run.finish();
    }
    assertThat(runs.get("delay/1").params()).containsExactly(Map.entry("seed", "7"));
  }

  @Test
  void marksARunThatIsOnlyClosedAsFailed() {
    runs.start("delay").close();
    try (ActiveRun run = runs.start("delay")) {
      run.fail(new IllegalStateException("no data \uD800"));
      run.finish();
    }
    ActiveRun open = runs.start("delay");
    registry.close();
    open.close();

    try (Registry again = Registry.open(folder)) {
      assertThat(again.runs().search("delay", "order by number"))
          .extracting(run -> run.status() + " " + run.error())
          .containsExactly(
              "FAILED closed without finish",
              "FAILED java.lang.IllegalStateException: no data ?",
              "FAILED closed without finish");
    }
  }

  @Test
  void refusesWhatComesAfterTheEnd() {
    ActiveRun run = runs.start("delay");
    run.finish();
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> run.param("a", "b"),
            () -> run.metric("a", 1, 1),
            () -> run.metrics(1, Map.of("a", 1.0)),
            () -> run.tag("a", "b"),
            () -> run.inputs(),
            () -> run.artifact("a", new byte[1]),
            () -> run.register("m", candidate(multiplyBy(2), Fixtures.run(1))))) {
      assertThatThrownBy(call)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("run delay/1 has ended");
    }
    assertThat(registry.names(Kind.MODEL)).isEmpty();
    registry.close();
    assertThatThrownBy(() -> runs.start("delay")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.search("delay", "")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesBadInputBeforeAnythingIsWritten() throws IOException {
    try (ActiveRun run = runs.start("delay")) {
      long size = Files.size(folder.resolve("runs/delay/1.log"));
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> run.metric("\uD800", 1, 1),
              () -> run.param("a", "\uD800"),
              () -> run.param("a", "x".repeat(2_000_001)),
              () -> run.tag("\uD800", "a"),
              () -> run.artifact("../x", new byte[1]),
              () -> runs.start("a/b"),
              () -> runs.get("delay"),
              () -> runs.get("delay/01"),
              () -> runs.compare(List.of()))) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
      }
      assertThat(Files.size(folder.resolve("runs/delay/1.log"))).isEqualTo(size);
      assertError(ErrorCode.CONFLICT, () -> runs.start("Delay"));
      assertError(ErrorCode.NAME_UNKNOWN, () -> runs.start("other", "delay/2"));
      assertError(ErrorCode.NAME_UNKNOWN, () -> runs.get("delay/2"));
      assertError(ErrorCode.NAME_UNKNOWN, () -> runs.curve("delay/1", "loss"));
      assertError(ErrorCode.NAME_UNKNOWN, () -> runs.artifact("delay/1", "x"));
      assertError(ErrorCode.FILE_MISSING, () -> run.artifact("x", parent.resolve("none")));
      assertError(ErrorCode.CONFLICT, () -> runs.tag("delay/1", "a", "b"));
      assertError(ErrorCode.CONFLICT, () -> runs.resume("delay/1"));
      run.finish();
      assertError(ErrorCode.CONFLICT, () -> runs.resume("delay/1"));
    }
    assertThat(filesBelow(folder.resolve("runs"))).hasSize(2);
    assertThat(runs.search("none", "")).isEmpty();
  }

  private static void assertError(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void hasRoomForManyTextsAndSaysWhenThereIsNone() {
    try (ActiveRun run = runs.start("delay")) {
      run.param("control", "\u0001".repeat(1_900_000));
      assertThatThrownBy(() -> run.param("b", "x".repeat(100_000)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must be <= 2000000 characters");
      run.finish();
    }
    assertThat(runs.get("delay/1").params().get("control")).hasSize(1_900_000);
  }

  @Test
  void tagsARunThatHasEnded() throws IOException {
    try (ActiveRun run = runs.start("delay")) {
      run.tag("a", "1");
      run.finish();
    }
    try (Registry other = Registry.open(folder)) {
      assertThat(other.runs().get("delay/1").tags()).containsExactly(Map.entry("a", "1"));
      for (int i = 2; i <= 5; i++) {
        assertThat(runs.tag("delay/1", "a", "" + i).tags()).containsEntry("a", "" + i);
        assertThat(other.runs().get("delay/1")).isEqualTo(runs.get("delay/1"));
      }
      other.runs().tag("delay/1", "b", "x");
    }
    assertThat(runs.search("delay", "tags.b = 'x' and tags.a = '5'")).hasSize(1);
    assertThat(filesBelow(folder.resolve("runs")))
        .extracting(file -> file.getFileName().toString())
        .containsExactly("1.6.json", "1.log");
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void knowsThePartsOfARun() {
    try (ActiveRun sweep = runs.start("sweep")) {
      try (ActiveRun one = sweep.child();
          ActiveRun other = runs.start("delay", sweep.id())) {
        one.finish();
        other.finish();
      }
      sweep.finish();
    }
    assertThat(runs.children("sweep/1"))
        .extracting(TrackedRun::id)
        .containsExactly("delay/1", "sweep/2");
    assertThat(runs.get("delay/1").parent()).contains("sweep/1");
    assertThat(runs.get("sweep/1").parent()).isEmpty();
    assertThat(runs.searchAll("parent = 'sweep/1' order by experiment"))
        .extracting(TrackedRun::id)
        .containsExactly("delay/1", "sweep/2");
    assertThat(runs.children("sweep/2")).isEmpty();
  }

  @Test
  void registersATrainingInARunOfItsOwn() {
    Version data =
        registry.register(Registration.of(Kind.DATASET, "flights").content(utf8("flights")));
    Run run = Fixtures.run(0.75, data.id());
    Version first = registry.register("delay", candidate(multiplyBy(2), run));
    Version again = registry.register("delay", candidate(multiplyBy(2), run));

    assertThat(again).isEqualTo(first);
    assertThat(registry.versions(Kind.RUN, "delay")).hasSize(1);
    assertThat(runs.search("delay", ""))
        .hasSize(2)
        .allSatisfy(
            tracked -> {
              assertThat(tracked.status()).isEqualTo(Status.FINISHED);
              assertThat(tracked.params()).isEqualTo(run.settings());
              assertThat(tracked.metrics().get("auc").last()).isEqualTo(0.75);
              assertThat(tracked.inputs()).containsExactly(data.id());
              assertThat(tracked.environment()).containsEntry("backend", "plain");
              assertThat(tracked.versions())
                  .containsExactly(registry.version(Kind.RUN, "delay").id(), first.id());
            });
  }

  /** A training that says all that it can. */
  private record Rich(
      Model model,
      Run run,
      Map<String, List<Double>> curves,
      List<Map<String, Object>> inputExample,
      Optional<String> pipeline)
      implements Candidate {}

  @Test
  void mergesWhatACandidateSays() {
    Run run =
        new Run(
            Map.of("trainer", "mlp"),
            Map.of("loss", 0.1, "auc", 0.7, "live", 2.0),
            Map.of(),
            List.of());
    Rich rich =
        new Rich(
            multiplyBy(2),
            run,
            Map.of("loss", List.of(0.3, 0.1), "live", List.of(1.0, 2.0)),
            List.of(Map.of("x", 1.5f)),
            Optional.of("standardize x"));
    Version model;
    try (ActiveRun active = runs.start("experiments")) {
      active.param("trainer", "mine");
      active.param("note", "mine");
      active.metric("live", 1, 1);
      active.metric("live", 2, 2);
      model = active.register("delay", rich);
      active.finish();
    }
    TrackedRun tracked = runs.get("experiments/1");
    assertThat(tracked.params())
        .containsOnly(Map.entry("trainer", "mlp"), Map.entry("note", "mine"));
    assertThat(tracked.metrics())
        .containsOnly(
            Map.entry("live", new Metric(2, 2, 1, 2, 2)),
            Map.entry("loss", new Metric(0.1, 2, 0.1, 0.3, 2)),
            Map.entry("auc", new Metric(0.7, 0, 0.7, 0.7, 1)));
    assertThat(registry.attachment(model, "input-example.json")).isEqualTo(utf8("[{\"x\":1.5}]"));
    assertThat(registry.content(registry.version(Kind.PIPELINE, "delay")))
        .isEqualTo(utf8("standardize x"));
    assertThat(registry.lineage(model).toString().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("model delay:1 ("),
            line -> assertThat(line).startsWith("└─ run delay:1 ("),
            line -> assertThat(line).startsWith("   └─ pipeline delay:1 ("));
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void refusesAnInputExampleThatDoesNotFitTheModel() throws IOException {
    long before = filesBelow(folder).size();
    for (Map.Entry<Map<String, Object>, String> bad :
        List.<Map.Entry<Map<String, Object>, String>>of(
            Map.entry(Map.of("y", 1f), "no input 'y'"),
            Map.entry(Map.of(), "has no 'x'"),
            Map.entry(Map.of("x", 1.0), "java.lang.Double; it must be a java.lang.Float"))) {
      Rich rich =
          new Rich(
              multiplyBy(2), Fixtures.run(1), Map.of(), List.of(bad.getKey()), Optional.empty());
      assertThatThrownBy(() -> registry.register("delay", rich))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("inputExample row 1", bad.getValue());
    }
    assertThat(filesBelow(folder)).hasSize((int) before);
  }

  @Test
  void findsWhatIsMissing() throws IOException {
    for (int i = 0; i < 3; i++) {
      try (ActiveRun run = runs.start("delay")) {
        run.artifact("a", utf8("content"));
        run.finish();
      }
    }
    Files.delete(folder.resolve("runs/delay/1.log"));
    Files.delete(folder.resolve("runs/delay/2.log"));
    Files.delete(folder.resolve("runs/delay/2.1.json"));
    Path blob = new Layout(folder).blob(ContentHash.of("content"));
    Files.delete(blob);

    assertThat(registry.verify().problems())
        .anyMatch(line -> line.equals(folder.resolve("runs/delay/1.log") + " is missing"))
        .anyMatch(line -> line.startsWith("run delay/2 is missing"))
        .anyMatch(line -> line.equals("the content of 'a' of run delay/1 is missing: " + blob));
  }

  @Test
  void measuresDurationInTheUnitThatSearchesUse() {
    try (ActiveRun run = runs.start("delay")) {
      run.finish();
    }
    Duration duration = runs.get("delay/1").duration().orElseThrow();
    assertThat(runs.search("delay", "duration = " + duration.toSeconds())).hasSize(1);
  }
}
