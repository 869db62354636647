package io.mlinfra.features.online;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnlineStoreTest {
  private static final LocalDateTime NOON = LocalDateTime.parse("2020-01-01T12:00");

  private static final FeatureView PEOPLE =
      FeatureView.named("people")
          .from("events")
          .entity("who")
          .eventTime("happened")
          .knownAt("known")
          .window(Duration.ofHours(1), count(), sum("amount"), mean("amount"))
          .window(Duration.ofDays(1), mean("amount"), count())
          .build();

  private static final FeatureView PLACES =
      FeatureView.named("places")
          .from("events")
          .entity("place")
          .eventTime("happened")
          .window(Duration.ofHours(2), mean("amount"), count())
          .build();

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  /** Events around noon, with amounts of very different sizes and gaps everywhere. */
  private void loadEvents(long seed, int count) throws Exception {
    Random random = new Random(seed);
    List<String> who = new ArrayList<>();
    List<Integer> place = new ArrayList<>();
    List<Long> happened = new ArrayList<>();
    List<Long> known = new ArrayList<>();
    List<Double> amount = new ArrayList<>();
    long noon = NOON.toEpochSecond(java.time.ZoneOffset.UTC) * 1_000_000;
    for (int i = 0; i < count; i++) {
      long at = noon + (random.nextInt(400) - 300) * 60_000_000L;
      who.add(random.nextInt(50) == 0 ? null : "p" + random.nextInt(20));
      place.add(random.nextInt(50) == 0 ? null : random.nextInt(10) - 5);
      happened.add(random.nextInt(50) == 0 ? null : at);
      known.add(random.nextInt(50) == 0 ? null : at + random.nextInt(100) * 60_000_000L);
      amount.add(
          random.nextInt(10) == 0
              ? null
              : random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20));
    }
    fixture.load(
        "events",
        ArrowTable.text("who", who),
        ArrowTable.int32("place", place),
        ArrowTable.timestamp("happened", happened),
        ArrowTable.timestamp("known", known),
        ArrowTable.float64("amount", amount));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void holdsTheBitsThatATrainingSetHasAtThatTime(long seed) throws Exception {
    loadEvents(seed, 3000);
    // Rows at many times: the windows of the training set slide where the store's jump.
    String labels =
        "SELECT e.who, e.place, t.at FROM (SELECT DISTINCT who, place FROM events"
            + " UNION SELECT 'nobody', 99) AS e, (SELECT TIMESTAMP '2020-01-01 06:00:00'"
            + " + INTERVAL (i) MINUTE AS at FROM range(400) r(i)) AS t";
    OnlineStore online = OnlineStore.inMemory();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, PEOPLE, PLACES);
        TrainingSet set = store.trainingSet(labels, "at")) {
      assertThat(online.materialize(store, NOON)).isEqualTo(30);
      int compared = 0;
      try (ArrowReader reader = set.reader()) {
        List<String> names = set.schema().getFields().stream().map(f -> f.getName()).toList();
        for (List<Object> row : Fixture.rows(reader)) {
          if (row.get(2).equals(NOON)) {
            compare(online, PEOPLE, (String) row.get(0), names, row);
            compare(online, PLACES, String.valueOf(row.get(1)), names, row);
            compared++;
          }
        }
      }
      assertThat(compared).isGreaterThan(100);
    }
    assertThat(online.materializedAt("people")).isEqualTo(NOON);
    assertThat(online).hasToString("OnlineStore[people, places]");
  }

  private static void compare(
      OnlineStore online, FeatureView view, String entity, List<String> names, List<Object> row) {
    if (entity == null) {
      return;
    }
    Map<String, Object> found = new HashMap<>();
    online.lookUp(view.name(), entity, found);
    assertThat(found).hasSize(view.features().size());
    for (Feature feature : view.features()) {
      assertThat(found.get(feature.name()))
          .as(feature.name() + " of " + entity)
          .isEqualTo(row.get(names.indexOf(feature.name())));
    }
  }

  @Test
  void givesAnUnknownEntityWhatOneWithoutEventsHas() throws Exception {
    loadEvents(1, 100);
    OnlineStore online = OnlineStore.inMemory();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, PEOPLE)) {
      online.materialize(store, NOON);
    }
    Map<String, Object> row = new HashMap<>(Map.of("kept", 1, "people__sum_amount_1h", 5.0));
    online.lookUp("people", "nobody", row);
    Map<String, Object> expected = new HashMap<>(Map.of("kept", 1));
    expected.put("people__count_1h", 0L);
    expected.put("people__sum_amount_1h", null);
    expected.put("people__mean_amount_1h", null);
    expected.put("people__mean_amount_1d", null);
    expected.put("people__count_1d", 0L);
    assertThat(row).isEqualTo(expected);
  }

  @Test
  void refusesAViewThatWasNeverMaterialised() throws Exception {
    OnlineStore online = OnlineStore.inMemory();
    loadEvents(1, 100);
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, PLACES)) {
      online.materialize(store, NOON);
    }
    assertThatThrownBy(() -> online.lookUp("people", "p1", new HashMap<>()))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
        .hasMessageContainingAll("'people'", "[places]");
    assertThatThrownBy(() -> online.materializedAt("people")).hasMessageContaining("'people'");
  }

  @Test
  void keepsNoMoreEntitiesThanItMay() throws Exception {
    loadEvents(1, 3000);
    OnlineStore online = OnlineStore.inMemory(5);
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, PEOPLE)) {
      assertThat(online.materialize(store, NOON)).isEqualTo(20);
    }
    int held = 0;
    for (int i = 0; i < 20; i++) {
      Map<String, Object> row = new HashMap<>();
      online.lookUp("people", "p" + i, row);
      held += (Long) row.get("people__count_1d") > 0 ? 1 : 0;
    }
    assertThat(held).isEqualTo(5);
    assertThatThrownBy(() -> OnlineStore.inMemory(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("mostEntities (0) must be > 0");
  }

  @Test
  void keepsAllValuesWhereOneViewFails() throws Exception {
    loadEvents(1, 3000);
    OnlineStore online = OnlineStore.inMemory();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, PLACES, PEOPLE)) {
      online.materialize(store, NOON);
      fixture.warehouse.execute("ALTER TABLE events DROP known");
      assertThatThrownBy(() -> online.materialize(store, NOON.plusHours(1)))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("known");
    }
    assertThat(online.materializedAt("places")).isEqualTo(NOON);
    assertThat(online.materializedAt("people")).isEqualTo(NOON);
  }

  /** At each time all features are equal, so a mixture of two times would show. */
  @Test
  void neverShowsAReaderTheValuesOfTwoTimes() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE ticks AS SELECT 'e' AS who, TIMESTAMP '2020-01-01 12:00:00'"
            + " + INTERVAL (i) MINUTE AS at, 1 AS one FROM range(50) r(i)");
    FeatureView view =
        FeatureView.named("ticks")
            .from("ticks")
            .entity("who")
            .eventTime("at")
            .window(Duration.ofDays(1), count())
            .window(Duration.ofDays(2), count(), sum("one"))
            .window(Duration.ofDays(3), count())
            .build();
    OnlineStore online = OnlineStore.inMemory();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      online.materialize(store, NOON);
      AtomicBoolean done = new AtomicBoolean();
      AtomicLong looks = new AtomicLong();
      AtomicReference<Object> mixed = new AtomicReference<>();
      Thread reader =
          new Thread(
              () -> {
                Map<String, Object> row = new HashMap<>();
                while (!done.get()) {
                  online.lookUp("ticks", "e", row);
                  long first = (Long) row.get("ticks__count_1d");
                  if (first != (Long) row.get("ticks__count_2d")
                      || first != (Long) row.get("ticks__count_3d")
                      || first != (Double) row.get("ticks__sum_one_2d")) {
                    mixed.set(new HashMap<>(row));
                  }
                  looks.incrementAndGet();
                }
              });
      reader.setDaemon(true);
      reader.start();
      for (int minute = 0; minute < 50; minute++) {
        online.materialize(store, NOON.plusMinutes(minute));
      }
      done.set(true);
      reader.join();
      assertThat(mixed.get()).isNull();
      assertThat(looks.get()).isPositive();
      Map<String, Object> row = new HashMap<>();
      online.lookUp("ticks", "e", row);
      assertThat(row).containsEntry("ticks__count_3d", 50L);
    }
  }
}
