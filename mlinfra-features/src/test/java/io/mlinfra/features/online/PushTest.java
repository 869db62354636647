package io.mlinfra.features.online;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.FeatureView;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PushTest {
  private static final LocalDateTime NOON = LocalDateTime.parse("2020-01-01T12:00");

  private static final FeatureView VIEW =
      FeatureView.named("people")
          .from("events")
          .entity("who")
          .eventTime("happened")
          .knownAt("known")
          .latest("note")
          .window(Duration.ofHours(1), count(), sum("amount"))
          .build();

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    fixture.warehouse.execute(
        "CREATE TABLE events(who VARCHAR, happened TIMESTAMP, known TIMESTAMP, amount DOUBLE,"
            + " note VARCHAR)");
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    fixture.close();
  }

  static Map<String, Object> event(
      String who, LocalDateTime happened, LocalDateTime known, Double amount, String note) {
    Map<String, Object> event = new HashMap<>();
    event.put("who", who);
    event.put("happened", happened);
    event.put("known", known == null ? happened : known);
    event.put("amount", amount);
    event.put("note", note);
    return event;
  }

  private OnlineStore defined() {
    OnlineStore online = OnlineStore.inMemory();
    try (FeatureStore features = FeatureStore.open(fixture.warehouse, VIEW)) {
      online.define(features);
    }
    return online;
  }

  private static Map<String, Object> with(Map<String, Object> event, String column, Object value) {
    Map<String, Object> changed = new HashMap<>(event);
    changed.put(column, value);
    return changed;
  }

  @Test
  void countsAtOnceAndUntilItLeavesTheWindow() {
    try (OnlineStore online = defined()) {
      assertThat(online.materializedAt(VIEW)).isEmpty();
      online.push(VIEW, event("a", NOON, NOON.plusMinutes(5), 2.0, "x"));
      online.push(VIEW, event("a", NOON.plusMinutes(10), null, null, null));
      assertThat(online.at(NOON.plusMinutes(4)).get(VIEW, "a").isKnown()).isFalse();
      assertThat(online.at(NOON.plusMinutes(5)).get(VIEW, "a").value("people__count_1h"))
          .isEqualTo(1L);
      assertThat(online.at(NOON.plusMinutes(59)).get(VIEW, "a").value("people__count_1h"))
          .isEqualTo(2L);
      assertThat(online.at(NOON.plusMinutes(60)).get(VIEW, "a").value("people__count_1h"))
          .isEqualTo(1L);
      assertThat(online.at(NOON.plusMinutes(60)).get(VIEW, "a").value("people__sum_amount_1h"))
          .isNull();
      // An instant is a time in UTC; the case of names does not matter.
      Map<String, Object> instant = event("a", NOON.plusMinutes(20), null, 1.0, "y");
      instant.put("happened", NOON.plusMinutes(20).toInstant(ZoneOffset.UTC));
      instant.put("AMOUNT", instant.remove("amount"));
      online.push(VIEW, instant);
      assertThat(online.at(NOON.plusMinutes(30)).get(VIEW, "a").value("people__count_1h"))
          .isEqualTo(3L);
    }
  }

  @Test
  void refusesWhatIsTooLateAndAllThatCameWithIt() throws Exception {
    try (OnlineStore online = defined()) {
      online.push(VIEW, event("a", NOON, null, 2.0, "x"));
      LocalDateTime bound = NOON.minusDays(1);
      online.push(VIEW, event("a", bound, null, 2.0, "x"));
      // It happened long ago, but became visible just now.
      online.push(VIEW, event("a", NOON.minusDays(9), NOON, 2.0, "x"));
      assertThatThrownBy(() -> online.push(VIEW, event("a", bound.minusSeconds(1), null, 2.0, "x")))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
          .hasMessageContainingAll("'people'", "2019-12-31T11:59:59", "2019-12-31T12:00", "PT24H");
      long noon = Times.floor(NOON);
      try (ArrowReader reader =
          ArrowTable.reader(
              fixture.memory,
              1,
              ArrowTable.text("who", List.of("a", "a")),
              ArrowTable.timestamp("happened", List.of(noon + 1, noon - 90_000_000_000L)),
              ArrowTable.timestamp("known", List.of(noon + 1, noon - 90_000_000_000L)),
              ArrowTable.float64("amount", List.of(1.0, 1.0)),
              ArrowTable.text("note", List.of("p", "q")))) {
        assertThatThrownBy(() -> online.push(VIEW, reader)).isInstanceOf(MlInfraException.class);
      }
      assertThat(online.at(NOON.plusMinutes(1)).get(VIEW, "a").value("people__count_1h"))
          .isEqualTo(1L);
    }
  }

  @Test
  void refusesWhatIsFarAheadOfTheClock() {
    Clock clock = Clock.fixed(NOON.toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
    try (FeatureStore features = FeatureStore.open(fixture.warehouse, VIEW);
        OnlineStore online = OnlineStore.inMemory(OnlineOptions.builder().clock(clock).build())) {
      online.define(features);
      LocalDateTime ahead = NOON.plusDays(1);
      assertThatThrownBy(() -> online.push(VIEW, event("a", ahead.plusSeconds(1), null, 1.0, "x")))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
          .hasMessageContainingAll("'people'", "2020-01-02T12:00:01", "PT24H", "ahead");
      online.push(VIEW, event("a", NOON, null, 1.0, "x"));
      online.push(VIEW, event("a", ahead, null, 1.0, "x"));
      assertThat(online.get(VIEW, "a").value("people__count_1h")).isEqualTo(1L);
    }
  }

  @Test
  void refusesEventsThatAreNone() {
    Map<String, Object> good = event("a", NOON, null, 2.0, "x");
    try (OnlineStore online = defined()) {
      assertRefused(online, with(good, "who", null), "'people'", "no value", "'who'");
      assertRefused(online, with(good, "who", 7), "'who'", "Integer", "a text");
      assertRefused(online, with(good, "happened", null), "no value", "'happened'");
      assertRefused(online, with(good, "known", "now"), "'known'", "String", "a time");
      assertRefused(online, with(good, "amount", "2"), "'amount'", "String", "a number");
      assertRefused(online, with(good, "note", 2L), "'note'", "Long", "a text");
      Map<String, Object> less = new HashMap<>(good);
      less.remove("amount");
      assertRefused(online, less, "'people'", "'amount'", "[happened, known, note, who]");
      assertThat(online.at(NOON).get(VIEW, "a").isKnown()).isFalse();
    }
  }

  private static void assertRefused(OnlineStore online, Map<String, ?> event, String... words) {
    assertThatThrownBy(() -> online.push(VIEW, event))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .contains(words);
  }

  @Test
  void refusesStreamsThatDoNotFit() throws Exception {
    ArrowTable.Values who = ArrowTable.text("who", List.of("a"));
    ArrowTable.Values happened = ArrowTable.timestamp("happened", List.of(1L));
    ArrowTable.Values known = ArrowTable.timestamp("known", List.of(1L));
    ArrowTable.Values amount = ArrowTable.float64("amount", List.of(1.0));
    ArrowTable.Values note = ArrowTable.text("note", List.of("x"));
    try (OnlineStore online = defined()) {
      assertNotRead(online, ErrorCode.NAME_UNKNOWN, "'note'", who, happened, known, amount);
      assertNotRead(
          online,
          ErrorCode.DATA_UNSUITABLE,
          "'who'",
          ArrowTable.int64("who", List.of(1L)),
          happened,
          known,
          amount,
          note);
      assertNotRead(
          online,
          ErrorCode.DATA_UNSUITABLE,
          "'amount'",
          who,
          happened,
          known,
          ArrowTable.text("amount", List.of("1")),
          note);
      assertNotRead(
          online,
          ErrorCode.DATA_UNSUITABLE,
          "without a zone",
          who,
          ArrowTable.column(
              "happened", new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC"), List.of(1L)),
          known,
          amount,
          note);
      List<String> nobody = new ArrayList<>();
      nobody.add(null);
      assertNotRead(
          online,
          ErrorCode.DATA_UNSUITABLE,
          "event 0 has no value in 'who'",
          ArrowTable.text("who", nobody),
          happened,
          known,
          amount,
          note);
      try (ArrowReader reader =
          ArrowTable.reader(
              fixture.memory,
              1,
              note,
              ArrowTable.int32("amount", List.of(3)),
              ArrowTable.column(
                  "happened", new ArrowType.Timestamp(TimeUnit.MILLISECOND, null), List.of(7L)),
              known,
              who)) {
        assertThat(online.push(VIEW, reader)).isEqualTo(1);
      }
      assertThat(online.at(Times.of(7000)).get(VIEW, "a").value("people__sum_amount_1h"))
          .isEqualTo(3.0);
    }
  }

  private void assertNotRead(
      OnlineStore online, ErrorCode code, String word, ArrowTable.Values... columns)
      throws Exception {
    try (ArrowReader reader = ArrowTable.reader(fixture.memory, 10, columns)) {
      assertThatThrownBy(() -> online.push(VIEW, reader))
          .isInstanceOfSatisfying(
              MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
          .hasMessageContainingAll("'people'", word);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "backed", "shared"})
  void losesNothingThatIsPushedInParallel(String kind) throws Exception {
    int threads = 4;
    int events = 500;
    OnlineStore online =
        switch (kind) {
          case "memory" -> OnlineStore.inMemory();
          case "backed" -> OnlineStore.over(new MemoryStorage(false), OnlineOptions.defaults());
          default -> OnlineStore.over(new MemoryStorage(true), OnlineOptions.defaults());
        };
    try (online;
        FeatureStore features = FeatureStore.open(fixture.warehouse, VIEW)) {
      online.define(features);
      List<Thread> pushers = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int thread = t;
        Thread pusher =
            new Thread(
                () -> {
                  for (int i = 0; i < events; i++) {
                    LocalDateTime at = NOON.plusSeconds(i);
                    online.push(VIEW, event("p" + i % 3, at, null, 1.0, "t" + thread));
                  }
                });
        pusher.setDaemon(true);
        pusher.start();
        pushers.add(pusher);
      }
      // Materialisations up to before what is pushed take nothing of it away.
      for (int i = 0; i < 20; i++) {
        online.materialize(features, NOON.minusMinutes(20 - i));
        online.rematerialize(features, NOON.minusMinutes(20 - i));
      }
      for (Thread pusher : pushers) {
        pusher.join();
      }
      long total = 0;
      for (int i = 0; i < 3; i++) {
        total +=
            (Long) online.at(NOON.plusMinutes(10)).get(VIEW, "p" + i).value("people__count_1h");
      }
      assertThat(total).isEqualTo((long) threads * events);
    }
  }

  @Test
  void forgetsWhatNoReadCanSee() {
    MemoryStorage storage = new MemoryStorage(false);
    OnlineOptions options = OnlineOptions.builder().allowedLateness(Duration.ofHours(1)).build();
    try (FeatureStore features = FeatureStore.open(fixture.warehouse, VIEW);
        OnlineStore online = OnlineStore.over(storage, options)) {
      online.define(features);
      for (int i = 0; i < 3000; i++) {
        online.push(VIEW, event("a", NOON.plusMinutes(i), null, 1.0, "x" + i));
      }
      long generation = storage.head("people").generation();
      int tiles =
          storage.read("people", generation, List.of(StateCodec.key("a"))).get(0).tiles().size();
      // 2 hours are needed: 120 events, in tiles of 64 to 128.
      assertThat(tiles).isLessThanOrEqualTo(4);
      assertThat(online.at(NOON.plusMinutes(2939)).get(VIEW, "a").value("people__count_1h"))
          .isEqualTo(60L);
    }
  }
}
