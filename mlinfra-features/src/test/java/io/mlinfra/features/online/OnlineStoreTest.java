package io.mlinfra.features.online;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.ratio;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnlineStoreTest {
  private static final LocalDateTime NOON = LocalDateTime.parse("2020-01-01T12:00");
  private static final Duration HOUR = Duration.ofHours(1);

  private static final FeatureView PEOPLE =
      FeatureView.named("people")
          .from("events")
          .entity("who")
          .eventTime("happened")
          .knownAt("known")
          .latest("note")
          .sinceLast()
          .window(HOUR, count(), sum("amount"), mean("amount"))
          .build();

  private static final FeatureView PLACES =
      FeatureView.named("places")
          .from("events")
          .entity("country", "place")
          .eventTime("happened")
          .window(Duration.ofDays(1), mean("amount"), count())
          .build();

  private static final FeatureService SERVICE =
      FeatureService.named("service")
          .with(PEOPLE, "people__sum_amount_1h", "people__latest_note")
          .with(PLACES)
          .derive("over", ratio("paid", "places__mean_amount_1d"))
          .derive("hour", hour("asked"))
          .build();

  @TempDir Path folder;

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    fixture.warehouse.execute(
        "CREATE TABLE events AS SELECT * FROM (VALUES"
            + " ('a', 'x', 1, TIMESTAMP '2020-01-01 11:30:00', TIMESTAMP '2020-01-01 11:40:00', 1.5, 'one'),"
            + " ('a', 'x', 2, TIMESTAMP '2020-01-01 11:10:00', TIMESTAMP '2020-01-01 11:10:00', 2.5, 'two'),"
            + " ('a', 'y', 1, TIMESTAMP '2020-01-01 12:10:00', TIMESTAMP '2020-01-01 12:20:00', 4.0, 'six'),"
            + " ('b', 'x', 1, TIMESTAMP '2020-01-01 10:00:00', TIMESTAMP '2020-01-01 10:00:00', NULL, NULL)"
            + ") AS v(who, country, place, happened, known, amount, note)");
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    fixture.close();
  }

  private FeatureStore features() {
    return FeatureStore.open(fixture.warehouse, PEOPLE, PLACES);
  }

  private static OnlineOptions.Builder atNoon() {
    return OnlineOptions.builder()
        .clock(Clock.fixed(NOON.toInstant(ZoneOffset.UTC), ZoneOffset.UTC));
  }

  private static OnlineStore store(String kind, OnlineOptions options) {
    return switch (kind) {
      case "memory" -> OnlineStore.inMemory(options);
      case "backed" -> OnlineStore.over(new MemoryStorage(false), options);
      default -> OnlineStore.over(new MemoryStorage(true), options);
    };
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .message()
        .contains(words);
  }

  private static void assertRefused(ThrowingCallable call, String... words) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).message().contains(words);
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared"})
  void servesWhatIsKnownAtTheClocksTime(String kind) {
    try (FeatureStore features = features();
        OnlineStore online = store(kind, atNoon().build())) {
      assertThat(online.materialize(features, NOON))
          .hasToString("Materialization[at 2020-01-01T12:00, 2 views, 4 entities, 6 events, full]");
      FeatureVector a = online.get(PEOPLE, "a");
      assertThat(a.asMap())
          .containsExactly(
              Map.entry("people__latest_note", "one"),
              Map.entry("people__since_last", 1800.0),
              Map.entry("people__count_1h", 2L),
              Map.entry("people__sum_amount_1h", 4.0),
              Map.entry("people__mean_amount_1h", 2.0));
      assertThat(a.at()).isEqualTo(NOON);
      assertThat(a.isKnown()).isTrue();
      assertThat(a.age("people__count_1h")).contains(Duration.ofMinutes(30));
      assertThat(a.number("people__count_1h")).isEqualTo(2);
      assertThat(a.toString())
          .contains("at 2020-01-01T12:00")
          .contains("people__sum_amount_1h   4.0  (1800 s old)");
      assertThat(online.get(PLACES, "x", 1).value("places__count_1d")).isEqualTo(2L);
      assertThat(online.at(NOON.plusMinutes(31)).get(PEOPLE, "a").asMap())
          .containsEntry("people__count_1h", 0L)
          .containsEntry("people__since_last", 3660.0)
          .containsEntry("people__sum_amount_1h", null);
      assertThat(online).hasToString("OnlineStore[people, places]");
      assertThat(online.materializedAt(PEOPLE)).contains(NOON);
    }
  }

  @Test
  void givesAnUnknownEntityWhatOneWithoutEventsHas() {
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.inMemory(atNoon().build())) {
      online.materialize(features, NOON);
      FeatureVector nobody = online.get(PEOPLE, "nobody");
      Map<String, Object> row = new HashMap<>(Map.of("kept", 1, "people__sum_amount_1h", 5.0));
      nobody.into(row);
      Map<String, Object> expected = new HashMap<>(Map.of("kept", 1, "people__count_1h", 0L));
      expected.put("people__latest_note", null);
      expected.put("people__since_last", null);
      expected.put("people__sum_amount_1h", null);
      expected.put("people__mean_amount_1h", null);
      assertThat(row).isEqualTo(expected);
      assertThat(nobody.isKnown()).isFalse();
      assertThat(nobody.age("people__count_1h")).isEmpty();
      assertThat(nobody.number("people__sum_amount_1h")).isNaN();
      assertThat(nobody.toString()).contains("missing");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared"})
  void servesAServiceAndDerivesFromTheRow(String kind) {
    try (FeatureStore features = features();
        OnlineStore online = store(kind, atNoon().build())) {
      online.materialize(features, NOON);
      Map<String, Object> row =
          Map.of("WHO", "a", "country", "x", "place", 1, "paid", 3, "asked", NOON);
      FeatureVector vector = online.get(SERVICE, row);
      assertThat(vector.asMap())
          .containsExactly(
              Map.entry("people__latest_note", "one"),
              Map.entry("people__sum_amount_1h", 4.0),
              Map.entry("places__mean_amount_1d", 1.5),
              Map.entry("places__count_1d", 2L),
              Map.entry("over", 2.0),
              Map.entry("hour", 12L));
      assertThat(vector.age("over")).isEmpty();
      assertThat(vector.age("places__count_1d")).contains(Duration.ofMinutes(30));
      Map<String, Object> unknown = new HashMap<>(row);
      unknown.put("place", null);
      List<FeatureVector> both = online.getAll(SERVICE, List.of(unknown, row));
      assertThat(both.get(0).value("places__count_1d")).isEqualTo(0L);
      assertThat(both.get(0).value("over")).isNull();
      assertThat(both.get(0).isKnown()).isTrue();
      assertThat(both.get(1)).isEqualTo(vector).hasSameHashCodeAs(vector);
      assertThat(online.getAll(SERVICE, List.of())).isEmpty();
      assertFails(
          ErrorCode.NAME_UNKNOWN,
          () -> online.get(SERVICE, Map.of("who", "a", "country", "x", "place", 1)),
          "'over'",
          "'paid'");
      assertRefused(
          () -> online.get(SERVICE, Map.of("who", "a", "place", 1)), "'places'", "'country'");
    }
  }

  @Test
  void refusesWhatItCannotMean() {
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.inMemory(atNoon().build())) {
      assertFails(ErrorCode.NAME_UNKNOWN, () -> online.get(PEOPLE, "a"), "'people'", "[]");
      assertFails(ErrorCode.NAME_UNKNOWN, () -> online.materializedAt(PEOPLE), "'people'");
      assertFails(
          ErrorCode.NAME_UNKNOWN, () -> online.push(PEOPLE, Map.of("who", "a")), "'people'");
      online.materialize(features, NOON);
      FeatureVector a = online.get(PEOPLE, "a");
      assertFails(ErrorCode.NAME_UNKNOWN, () -> a.value("count"), "'count'", "people__count_1h");
      assertRefused(() -> a.number("people__latest_note"), "'people__latest_note'", "one");
      assertRefused(() -> online.get(PEOPLE, 7), "'people'", "'who'", "Integer", "a text");
      assertRefused(() -> online.get(PEOPLE), "'people'", "[who]", "0 values");
      assertRefused(() -> online.get(PLACES, "x"), "[country, place]", "1 values");
      assertRefused(() -> online.get(PLACES, "x", "1"), "'place'", "a whole number");
      assertRefused(() -> online.get(PLACES, "x", null), "'place'", "null");
      FeatureView other =
          FeatureView.named("people")
              .from("events")
              .entity("who")
              .eventTime("happened")
              .window(HOUR, count())
              .build();
      assertFails(ErrorCode.NAME_UNKNOWN, () -> online.get(other, "a"), "another definition");
      assertRefused(
          () -> online.at(NOON.minusHours(25)).get(PEOPLE, "a"),
          "2019-12-31T11:00",
          "'people'",
          "2019-12-31T11:40",
          "PT24H");
      assertThat(online.at(NOON.minusHours(24)).get(PEOPLE, "a").isKnown()).isFalse();
    }
    assertRefused(() -> OnlineOptions.builder().mostEntities(0), "mostEntities (0) must be > 0");
    assertRefused(
        () -> OnlineOptions.builder().allowedLateness(Duration.ofNanos(1)), "allowedLateness");
    assertRefused(() -> OnlineOptions.builder().allowedLateness(HOUR.negated()), "allowedLateness");
  }

  @Test
  void readsAViewThatDiffersInWhatComputesNothing() {
    FeatureView documented =
        FeatureView.named("people")
            .from("events")
            .entity("who")
            .eventTime("happened")
            .knownAt("known")
            .latest("note")
            .sinceLast()
            .window(HOUR, count(), sum("amount"), mean("amount"))
            .owner("us")
            .description("as before")
            .tag("pii")
            .build();
    try (FeatureStore features = features();
        FeatureStore again = FeatureStore.open(fixture.warehouse, documented);
        OnlineStore online = OnlineStore.inMemory(atNoon().build())) {
      online.materialize(features, NOON);
      assertThat(online.get(documented, "a")).isEqualTo(online.get(PEOPLE, "a"));
      assertThat(online.materialize(again, NOON.plusHours(1)).full()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared"})
  void goesOnFromTheLastMaterialisation(String kind) {
    try (FeatureStore features = features();
        OnlineStore online = store(kind, atNoon().build())) {
      online.materialize(features, NOON.minusMinutes(25));
      assertThat(online.get(PEOPLE, "a").value("people__latest_note")).isEqualTo("two");
      assertThat(online.materialize(features, NOON))
          .hasToString(
              "Materialization[at 2020-01-01T12:00, 2 views, 1 entities, 1 events, incremental]");
      assertThat(online.get(PEOPLE, "a").value("people__latest_note")).isEqualTo("one");
      // The same time again changes nothing, whatever the warehouse says now.
      fixture.warehouse.execute("UPDATE events SET note = 'new'");
      assertThat(online.materialize(features, NOON))
          .hasToString(
              "Materialization[at 2020-01-01T12:00, 2 views, 0 entities, 0 events, incremental]");
      assertThat(online.get(PEOPLE, "a").value("people__latest_note")).isEqualTo("one");
      assertRefused(
          () -> online.materialize(features, NOON.minusHours(1)),
          "2020-01-01T11:00",
          "2020-01-01T12:00",
          "'people'",
          "rematerialize");
      assertThat(online.rematerialize(features, NOON).full()).isTrue();
      assertThat(online.get(PEOPLE, "a").value("people__latest_note")).isEqualTo("new");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared", "file"})
  void canGoBackInTimeOnRequest(String kind) {
    Path file = folder.resolve("online.mv");
    OnlineStore online =
        kind.equals("file") ? OnlineStore.open(file) : store(kind, OnlineOptions.defaults());
    LocalDateTime early = NOON.minusMinutes(25);
    // Within the lateness of then, and not of the time before.
    LocalDateTime read = early.minusMinutes(20).minusDays(1);
    try (FeatureStore features = features()) {
      online.materialize(features, NOON.plusDays(3));
      assertRefused(() -> online.at(read).get(PEOPLE, "a"), "before");
      online.rematerialize(features, early);
      assertThat(online.materializedAt(PEOPLE)).contains(early);
      assertThat(online.at(NOON).get(PEOPLE, "a").value("people__latest_note")).isEqualTo("two");
      assertThat(online.at(early.minusDays(1)).get(PEOPLE, "a").isKnown()).isFalse();
      assertThatThrownBy(() -> online.at(read.minusDays(1)).get(PEOPLE, "a"))
          .isInstanceOf(IllegalArgumentException.class);
    } finally {
      online.close();
    }
    if (kind.equals("file")) {
      try (OnlineStore again = OnlineStore.open(file)) {
        assertThat(again.at(early.minusDays(1)).get(PEOPLE, "a").isKnown()).isFalse();
        assertThat(again.at(NOON).get(PEOPLE, "a").value("people__latest_note")).isEqualTo("two");
      }
    }
  }

  @Test
  void startsOverWhereAnotherDefinitionWasLeftHalfDone() {
    MemoryStorage storage = new MemoryStorage(false);
    storage.stage("people", 1, List.of(), new byte[12]);
    storage.stage(
        "people",
        1,
        List.of(
            new Storage.StateWrite(
                StateCodec.key("a"), 0, Map.of(0L, new byte[] {1, 2, 3}), Set.of())),
        new byte[12]);
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.over(storage, atNoon().build())) {
      online.define(features);
      assertThat(online.get(PEOPLE, "a").isKnown()).isFalse();
      online.materialize(features, NOON);
      assertThat(online.get(PEOPLE, "a").value("people__count_1h")).isEqualTo(2L);
    }
  }

  @Test
  void servesAndTakesInEventsAfterAWriteThatFailed() {
    MemoryStorage storage = new MemoryStorage(false);
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.over(storage, atNoon().build())) {
      online.materialize(features, NOON);
      // It is on the disk all the same.
      storage.afterWrite =
          () -> {
            storage.afterWrite = () -> {};
            throw new IllegalStateException("the disk is gone");
          };
      assertThatThrownBy(() -> online.push(PEOPLE, PushTest.event("a", NOON, NOON, 1.0, "x")))
          .hasMessageContaining("disk");
      online.push(PEOPLE, PushTest.event("a", NOON, NOON, 1.0, "y"));
      assertThat(online.get(PEOPLE, "a").value("people__count_1h")).isEqualTo(4L);
      storage.afterWrite =
          () -> {
            storage.afterWrite = () -> {};
            throw new IllegalStateException("the disk is gone");
          };
      assertThatThrownBy(() -> online.rematerialize(features, NOON.plusMinutes(20)))
          .hasMessageContaining("disk");
      assertThat(online.materializedAt(PEOPLE)).contains(NOON.plusMinutes(20));
      online.rematerialize(features, NOON.plusMinutes(30));
      assertThat(online.at(NOON.plusMinutes(25)).get(PEOPLE, "a").value("people__count_1h"))
          .isEqualTo(2L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared"})
  void putsTheWarehousesEventsInThePlaceOfPushedOnes(String kind) {
    try (FeatureStore features = features();
        OnlineStore online = store(kind, atNoon().build())) {
      online.materialize(features, NOON.minusMinutes(25));
      for (String who : List.of("a", "c")) {
        for (int minutes : new int[] {10, -10}) {
          Map<String, Object> event = new HashMap<>();
          event.put("who", who);
          event.put("happened", NOON.minusMinutes(minutes));
          event.put("known", NOON.minusMinutes(minutes));
          event.put("note", "pushed");
          event.put("amount", 100);
          online.push(PEOPLE, event);
        }
      }
      assertThat(online.get(PEOPLE, "a").value("people__sum_amount_1h")).isEqualTo(102.5);
      assertThat(online.get(PEOPLE, "c").value("people__count_1h")).isEqualTo(1L);
      online.materialize(features, NOON);
      assertThat(online.get(PEOPLE, "a").value("people__sum_amount_1h")).isEqualTo(4.0);
      assertThat(online.get(PEOPLE, "c").isKnown()).isFalse();
      // What was pushed and is visible later than the materialisation has stayed.
      OnlineStore.At later = online.at(NOON.plusMinutes(10));
      assertThat(later.get(PEOPLE, "a").value("people__sum_amount_1h")).isEqualTo(101.5);
      assertThat(later.get(PEOPLE, "c").value("people__count_1h")).isEqualTo(1L);
      online.rematerialize(features, NOON);
      assertThat(later.get(PEOPLE, "a").value("people__sum_amount_1h")).isEqualTo(101.5);
      assertThat(later.get(PEOPLE, "c").value("people__count_1h")).isEqualTo(1L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared"})
  void keepsAllValuesWhereOneViewFails(String kind) {
    FeatureView bad =
        FeatureView.named("bad")
            .fromSql("SELECT who, happened, CAST(note AS INTEGER) AS number FROM events")
            .entity("who")
            .eventTime("happened")
            .window(HOUR, sum("number"))
            .build();
    try (FeatureStore good = features();
        FeatureStore all = FeatureStore.open(fixture.warehouse, PEOPLE, PLACES, bad);
        OnlineStore online = store(kind, atNoon().build())) {
      online.materialize(good, NOON.minusMinutes(25));
      assertThatThrownBy(() -> online.materialize(all, NOON)).isInstanceOf(MlInfraException.class);
      assertThat(online.materializedAt(PEOPLE)).contains(NOON.minusMinutes(25));
      assertThat(online.get(PEOPLE, "a").value("people__latest_note")).isEqualTo("two");
      assertThat(online.views()).containsExactly("people", "places");
    }
  }

  @Test
  void keepsNoMoreEntitiesThanItMay() {
    fixture.warehouse.execute(
        "CREATE OR REPLACE TABLE events AS SELECT 'p' || i AS who, 'x' AS country, i AS place,"
            + " TIMESTAMP '2020-01-01 11:59:00' AS happened, happened AS known, 1.0 AS amount,"
            + " '' AS note FROM range(20) r(i)");
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.inMemory(atNoon().mostEntities(5).build());
        OnlineStore backed =
            OnlineStore.over(new MemoryStorage(false), atNoon().mostEntities(5).build())) {
      assertThat(online.materialize(features, NOON).entities()).isEqualTo(40);
      backed.materialize(features, NOON);
      int held = 0;
      for (int i = 0; i < 20; i++) {
        held += online.get(PEOPLE, "p" + i).isKnown() ? 1 : 0;
        assertThat(backed.get(PEOPLE, "p" + i).isKnown()).isTrue();
      }
      assertThat(held).isEqualTo(5);
      assertThatThrownBy(() -> online.push(PEOPLE, PushTest.event("p1", NOON, NOON, 1.0, "")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContainingAll("'people'", "5 entities");
      backed.push(PEOPLE, PushTest.event("p1", NOON, NOON, 1.0, ""));
      assertThat(backed.get(PEOPLE, "p1").value("people__count_1h")).isEqualTo(2L);
      // What has gone from memory comes back with the next materialisation, if there is room.
      fixture.warehouse.execute("DELETE FROM events WHERE place > 3");
      assertThat(online.materialize(features, NOON.plusMinutes(1)).full()).isTrue();
      assertThat(online.get(PEOPLE, "p1").isKnown()).isTrue();
    }
  }

  @Test
  void servesWhatAnEarlierProcessKeptWithoutTheWarehouse() {
    MemoryStorage storage = new MemoryStorage(false);
    FeatureVector before;
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.over(storage, atNoon().build())) {
      online.materialize(features, NOON);
      online.push(PEOPLE, PushTest.event("a", NOON, NOON, 7.0, "last"));
      before = online.get(PEOPLE, "a");
    }
    try (OnlineStore online = OnlineStore.over(storage, atNoon().build())) {
      assertThat(online.views()).containsExactly("people", "places");
      assertThat(online.get(PEOPLE, "a")).isEqualTo(before);
      assertThat(before.value("people__sum_amount_1h")).isEqualTo(11.0);
      assertThat(online.get(PLACES, "x", 1L).value("places__count_1d")).isEqualTo(2L);
      online.push(PEOPLE, PushTest.event("a", NOON, NOON, 1.0, "z"));
      assertThat(online.get(PEOPLE, "a").value("people__sum_amount_1h")).isEqualTo(12.0);
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () -> online.push(PEOPLE, PushTest.event("a", NOON.minusDays(2), null, 1.0, "z")),
          "2019-12-30T12:00");
    }
  }

  @Test
  void goesOnWithAMaterialisationThatWasInterrupted() {
    fixture.warehouse.execute(
        "CREATE OR REPLACE TABLE events AS SELECT 'p' || (i % 5000) AS who, 'x' AS country,"
            + " i % 10 AS place, TIMESTAMP '2020-01-01 11:59:00' AS happened, happened AS known,"
            + " i / 3 AS amount, 'n' || i AS note FROM range(10000) r(i)");
    MemoryStorage storage = new MemoryStorage(false);
    try (FeatureStore features = FeatureStore.open(fixture.warehouse, PEOPLE);
        OnlineStore undisturbed = OnlineStore.inMemory(atNoon().build())) {
      undisturbed.materialize(features, NOON);
      storage.stages = 3;
      try (OnlineStore online = OnlineStore.over(storage, atNoon().build())) {
        assertThatThrownBy(() -> online.materialize(features, NOON)).hasMessageContaining("power");
        assertThat(online.views()).isEmpty();
      }
      storage.stages = Integer.MAX_VALUE;
      storage.staged = 0;
      try (OnlineStore online = OnlineStore.over(storage, atNoon().build())) {
        assertThat(online.materialize(features, NOON).entities()).isEqualTo(5000);
        // Two of five chunks, and what was pushed.
        assertThat(storage.staged).isEqualTo(3);
        for (int i = 0; i < 5000; i++) {
          assertThat(online.get(PEOPLE, "p" + i)).isEqualTo(undisturbed.get(PEOPLE, "p" + i));
        }
        // Another source starts over, and what was left behind goes.
        storage.stages = 3;
        assertThatThrownBy(() -> online.rematerialize(features, NOON))
            .hasMessageContaining("power");
        fixture.warehouse.execute("UPDATE events SET amount = 0 WHERE who = 'p7'");
        storage.stages = Integer.MAX_VALUE;
        storage.staged = 0;
        online.rematerialize(features, NOON);
        assertThat(storage.staged).isEqualTo(6);
        assertThat(storage.generations()).isEqualTo(1);
        assertThat(online.get(PEOPLE, "p7").value("people__sum_amount_1h")).isEqualTo(0.0);
      }
    }
  }

  /** At each time all features are equal, so a mixture of two times would show. */
  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared", "file", "redis"})
  void neverShowsAReaderTwoMaterialisations(String kind) throws Exception {
    RedisServer redis = kind.equals("redis") ? RedisServer.start() : null;
    try (redis) {
      // What a store in memory has no room for would look as if it had no events.
      OnlineOptions options =
          kind.equals("memory") ? atNoon().build() : atNoon().mostEntities(10).build();
      neverShowsAReaderTwoMaterialisations(
          switch (kind) {
            case "file" -> OnlineStore.open(folder.resolve("online.mv"), options);
            case "redis" -> OnlineStore.redis(redis.address(), options);
            default -> store(kind, options);
          });
    }
  }

  private void neverShowsAReaderTwoMaterialisations(OnlineStore store) throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE ticks AS SELECT w AS who, TIMESTAMP '2020-01-01 12:00:00'"
            + " + INTERVAL (i) MINUTE AS at, 1 AS one FROM range(50) r(i), range(40) s(w)");
    FeatureView first = ticks("first", 1);
    FeatureView second = ticks("second", 2);
    FeatureService service = FeatureService.named("both").with(first).with(second).build();
    // All see the events of all times at the time of reading, if these have been taken over.
    LocalDateTime late = NOON.plusMinutes(55);
    try (FeatureStore features = FeatureStore.open(fixture.warehouse, first, second);
        OnlineStore online = store) {
      online.materialize(features, NOON);
      AtomicBoolean done = new AtomicBoolean();
      AtomicLong looks = new AtomicLong();
      AtomicReference<Object> wrong = new AtomicReference<>();
      Set<Object> times = ConcurrentHashMap.newKeySet();
      Runnable reader =
          () -> {
            List<Map<String, Object>> rows =
                List.of(Map.of("who", 1), Map.of("who", 17), Map.of("who", 33));
            try {
              while (!done.get() && wrong.get() == null) {
                List<Object> seen =
                    online.at(late).getAll(service, rows).stream()
                        .flatMap(vector -> vector.asMap().values().stream())
                        .distinct()
                        .toList();
                if (seen.size() > 1) {
                  wrong.set(seen);
                }
                times.addAll(seen);
                looks.incrementAndGet();
              }
            } catch (RuntimeException | Error e) {
              wrong.set(e);
            }
          };
      List<Thread> readers = List.of(new Thread(reader), new Thread(reader));
      readers.forEach(thread -> thread.setDaemon(true));
      readers.forEach(Thread::start);
      for (int minute = 0; minute < 50; minute++) {
        if (minute % 3 == 0) {
          online.rematerialize(features, NOON.plusMinutes(minute));
        } else {
          online.materialize(features, NOON.plusMinutes(minute));
        }
      }
      done.set(true);
      for (Thread thread : readers) {
        thread.join();
      }
      assertThat(wrong.get()).isNull();
      assertThat(looks.get()).isPositive();
      assertThat(times).hasSizeGreaterThan(1);
    }
  }

  private static FeatureView ticks(String name, int days) {
    return FeatureView.named(name)
        .from("ticks")
        .entity("who")
        .eventTime("at")
        .window(Duration.ofDays(days), count())
        .window(Duration.ofDays(9), count())
        .build();
  }

  @Test
  void losesNothingThatAnotherProcessPushesWhileAViewIsBuiltAnew() {
    MemoryStorage storage = new MemoryStorage(true);
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.over(storage, atNoon().build());
        OnlineStore other = OnlineStore.over(storage, atNoon().build())) {
      online.materialize(features, NOON);
      LocalDateTime later = NOON.plusMinutes(1);
      other.push(PEOPLE, PushTest.event("a", later, null, 1.0, "early"));
      storage.beforeWrite =
          () -> {
            storage.beforeWrite = () -> {};
            other.push(PEOPLE, PushTest.event("a", later, null, 2.0, "meanwhile"));
            other.push(PEOPLE, PushTest.event("c", later, null, 4.0, "meanwhile"));
          };
      online.rematerialize(features, NOON);
      for (OnlineStore store : List.of(online, other)) {
        assertThat(store.at(later).get(PEOPLE, "a").value("people__sum_amount_1h")).isEqualTo(7.0);
        assertThat(store.at(later).get(PEOPLE, "c").value("people__sum_amount_1h")).isEqualTo(4.0);
      }
      assertThat(storage.generations()).isEqualTo(2);
    }
  }

  @Test
  void takesInWhatAnotherProcessPushesWhileAViewGoesOn() {
    MemoryStorage storage = new MemoryStorage(true);
    try (FeatureStore features = features();
        OnlineStore online = OnlineStore.over(storage, atNoon().build());
        OnlineStore other = OnlineStore.over(storage, atNoon().build())) {
      online.materialize(features, NOON.minusMinutes(25));
      LocalDateTime later = NOON.plusMinutes(1);
      storage.beforeWrite =
          () -> {
            storage.beforeWrite = () -> {};
            other.push(PEOPLE, PushTest.event("a", later, null, 2.0, "meanwhile"));
          };
      assertThat(online.materialize(features, NOON).full()).isFalse();
      assertThat(other.at(later).get(PEOPLE, "a").asMap())
          .containsEntry("people__latest_note", "meanwhile")
          .containsEntry("people__sum_amount_1h", 6.0);
    }
  }

  @Test
  void isClosedOnce() {
    try (FeatureStore features = features()) {
      OnlineStore online = OnlineStore.over(new MemoryStorage(false), atNoon().build());
      online.materialize(features, NOON);
      online.close();
      online.close();
      assertThatThrownBy(() -> online.get(PEOPLE, "a"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
      assertThatThrownBy(() -> online.materialize(features, NOON))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
