package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.blob;
import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineageTest {
  private static final Clock NOON =
      Clock.fixed(Instant.parse("2026-11-22T12:00:00.123456789Z"), ZoneOffset.UTC);

  @TempDir Path folder;
  private Registry registry;

  @BeforeEach
  void open() {
    registry = Registry.open(folder, RegistryOptions.builder().clock(NOON).build());
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void reachesFromADataVersionToEveryModelThatItWentInto() {
    Version data = register(Kind.DATASET, "flights", "a");
    Version other = register(Kind.DATASET, "flights", "b");
    Version features = register(Kind.FEATURES, "origin", "c", data);
    Version one = train("delay", 2, features);
    Version two = train("delay", 3, features, other);
    Version elsewhere = train("cancelled", 4, other);
    Version profile = register(Kind.PROFILE, "delay", "d", two);

    Lineage lineage = registry.lineage(data);
    assertThat(lineage.sources()).isEmpty();
    assertThat(lineage.products())
        .containsExactlyInAnyOrder(
            features.id(),
            one.madeFrom().get(0),
            one.id(),
            two.madeFrom().get(0),
            two.id(),
            profile.id());
    // What else went into a product is not of this lineage.
    assertThat(lineage.madeFrom(two.madeFrom().get(0))).containsExactly(features.id());
    assertThat(registry.lineage(other).products()).contains(two.id(), elsewhere.id(), profile.id());
    assertThat(registry.lineage(two).sources())
        .containsExactly(data.id(), other.id(), features.id(), two.madeFrom().get(0));
    assertThat(registry.lineage(two).products()).containsExactly(profile.id());
  }

  @Test
  void seesWhatWasRegisteredSinceByAnybody() {
    Version data = register(Kind.DATASET, "flights", "a");
    assertThat(registry.lineage(data).products()).isEmpty();
    Version model = register(Kind.MODEL, "delay", "1", data);
    assertThat(registry.lineage(data).products()).containsExactly(model.id());
    try (Registry other = Registry.open(folder)) {
      Version next = register(other, Kind.MODEL, "delay", "2", model, data);
      Version profile = register(other, Kind.PROFILE, "new", "3", next);
      assertThat(registry.lineage(data).products())
          .containsExactly(model.id(), next.id(), profile.id());
      assertThat(other.lineage(data)).isEqualTo(registry.lineage(data));
    }
  }

  @Test
  void tellsTheFactsOfRunsAndModels() {
    Version data = register(Kind.DATASET, "flights", "a");
    Run run =
        new Run(
            Map.of(),
            IntStream.range(0, 9)
                .boxed()
                .collect(Collectors.toMap(i -> "m" + i, i -> i == 0 ? 0.72749 : i * 1e-7)),
            Map.of("git.commit", "1a2b3c4d5e6f70819203a4b5c6d7e8f901234567"),
            List.of(data.id()));
    Version model = registry.register("delay", candidate(multiplyBy(2), run));
    Version next = registerModel(registry, "delay", "2");
    VersionId runId = model.madeFrom().get(0);

    assertThat(registry.lineage(data).facts(data.id()))
        .containsExactly(Map.entry("created", "2026-11-22 12:00:00Z"));
    assertThat(registry.lineage(data).facts(runId))
        .containsExactly(
            Map.entry("created", "2026-11-22 12:00:00Z"),
            Map.entry("m0", "0.7275"),
            Map.entry("m1", "1.000e-07"),
            Map.entry("m2", "2.000e-07"),
            Map.entry("m3", "3.000e-07"),
            Map.entry("m4", "4.000e-07"),
            Map.entry("m5", "5.000e-07"),
            Map.entry("git", "1a2b3c4d"));
    assertThat(registry.lineage(data).facts(model.id())).doesNotContainKey("alias");
    registry.promote("delay", "champion", model);
    registry.promote("delay", "canary", model);
    assertThat(registry.lineage(data).facts(model.id()))
        .containsExactly(
            Map.entry("alias", "canary, champion"), Map.entry("created", "2026-11-22 12:00:00Z"));
    registry.promote("delay", "champion", next);
    assertThat(registry.lineage(data).facts(model.id())).containsEntry("alias", "canary");
    assertThat(registry.lineage(next).facts(next.id())).containsEntry("alias", "champion");
  }

  @Test
  void tellsTheLineageEvenWhereFactsCannotBeRead() throws Exception {
    Version noRun = register(Kind.RUN, "delay", "no run at all");
    Version model = train("delay", 2);
    Version run = registry.version(model.madeFrom().get(0));
    registry.promote("delay", "champion", model);
    flipBit(blob(folder, run), 5);
    flipBit(folder.resolve("aliases/delay/champion.json"), 5);

    assertThat(registry.lineage(noRun).facts(noRun.id())).containsOnlyKeys("created");
    Lineage lineage = registry.lineage(model);
    assertThat(lineage.facts(run.id())).containsEntry("content", "altered or missing");
    assertThat(lineage.facts(model.id())).containsEntry("alias", "unreadable");
  }

  @Test
  void refusesToLeaveOutWhatARecordThatCannotBeReadMayHide() throws Exception {
    Version data = register(Kind.DATASET, "flights", "a");
    Version elsewhere = register(Kind.MODEL, "elsewhere", "b");
    Version sound = register(Kind.MODEL, "delay", "c", data);
    Path file = record(folder, elsewhere);
    String before = Files.readString(file);
    Files.writeString(file, "no record");

    assertFails(
        () -> registry.lineage(sound),
        ErrorCode.FILE_UNREADABLE,
        "the lineage of " + sound.id() + " cannot be told in full: " + file);
    Files.writeString(file, before);
    assertThat(registry.lineage(sound).sources()).containsExactly(data.id());
  }

  @Test
  void missesARecordThatOthersReferToAndForgetsWhatIsGone() throws Exception {
    Version data = register(Kind.DATASET, "flights", "a");
    Version features = register(Kind.FEATURES, "origin", "b", data);
    Version model = register(Kind.MODEL, "delay", "c", features);
    assertThat(registry.lineage(data).products()).hasSize(2);

    Files.delete(record(folder, model));
    assertThat(registry.lineage(data).products()).containsExactly(features.id());
    assertFails(() -> registry.lineage(model), ErrorCode.NAME_UNKNOWN, "does not hold");
    Version again = register(Kind.MODEL, "delay", "d", features);
    assertThat(registry.lineage(data).products()).containsExactly(features.id(), again.id());
    Files.delete(record(folder, features));
    assertFails(
        () -> registry.lineage(data),
        ErrorCode.NAME_UNKNOWN,
        again.id() + " was made from it, but the registry " + folder);
  }

  @Test
  void readsTheSameFromManyThreadsWhileAnotherRegisters() throws Exception {
    Version data = register(Kind.DATASET, "flights", "a");
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Boolean>> readers = new ArrayList<>();
      for (int thread = 0; thread < 3; thread++) {
        readers.add(
            threads.submit(
                () -> {
                  int last = 0;
                  while (last < 80) {
                    Lineage lineage = registry.lineage(data);
                    int size = lineage.products().size();
                    assertThat(size).isGreaterThanOrEqualTo(last);
                    for (VersionId product : lineage.products()) {
                      assertThat(lineage.madeFrom(product)).isNotEmpty();
                    }
                    last = size;
                  }
                  return true;
                }));
      }
      try (Registry writer = Registry.open(folder)) {
        for (int i = 0; i < 40; i++) {
          Version features = register(writer, Kind.FEATURES, "f" + i % 7, "" + i, data);
          register(writer, Kind.DATASET, "d" + i % 3, "" + i, data, features);
        }
      }
      for (Future<Boolean> reader : readers) {
        assertThat(reader.get(60, TimeUnit.SECONDS)).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private Version register(Kind kind, String name, String content, Version... madeFrom) {
    return register(registry, kind, name, content, madeFrom);
  }

  private static Version register(
      Registry registry, Kind kind, String name, String content, Version... madeFrom) {
    return registry.register(Registration.of(kind, name).content(utf8(content)).madeFrom(madeFrom));
  }

  @Test
  void leavesOutProductsThatWereDeleted() {
    Version data = register(registry, Kind.DATASET, "flights", "d");
    Version kept = register(registry, Kind.MODEL, "delay", "kept", data);
    Version gone = register(registry, Kind.MODEL, "delay", "gone", data);
    Version profile = register(registry, Kind.PROFILE, "delay", "of what is gone", gone);
    assertThat(registry.lineage(data).products())
        .containsExactlyInAnyOrder(kept.id(), gone.id(), profile.id());

    registry.delete(profile, "not needed");
    registry.delete(gone, "not needed");

    assertThat(registry.lineage(data).products()).containsExactly(kept.id());
    try (Registry other = Registry.open(folder)) {
      assertThat(other.lineage(data).products()).containsExactly(kept.id());
      Version again = register(other, Kind.MODEL, "delay", "gone", kept);
      assertThat(other.lineage(data).products()).containsExactly(kept.id(), again.id());
    }
  }

  private Version train(String name, float factor, Version... inputs) {
    VersionId[] ids = List.of(inputs).stream().map(Version::id).toArray(VersionId[]::new);
    return registry.register(name, candidate(multiplyBy(factor), Fixtures.run(factor, ids)));
  }

  private static void assertFails(ThrowingCallable call, ErrorCode code, String part) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(part);
  }
}
