package io.mlinfra.features.online;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two stores, as two processes would have them, over one Redis. */
class RedisOnlineStoreTest {
  private static final LocalDateTime START = LocalDateTime.parse("2024-05-01T00:00");
  private static final int ENTITIES = 40;
  private static final FeatureView VIEW =
      FeatureView.named("origin")
          .from("flights")
          .entity("origin")
          .eventTime("date")
          .latest("delay")
          .window(Duration.ofDays(7), count(), sum("delay"), max("delay"))
          .build();

  private static RedisServer server;
  private static int tests;

  private final Fixture fixture = new Fixture();
  private FeatureStore features;
  private OnlineStore one;
  private OnlineStore other;

  @BeforeAll
  static void start() throws Exception {
    server = RedisServer.start();
  }

  @AfterAll
  static void stop() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void open() throws Exception {
    load(1);
    features = FeatureStore.open(fixture.warehouse, VIEW);
    OnlineOptions options = OnlineOptions.builder().prefix("test" + tests++).build();
    one = OnlineStore.over(RedisStorage.open(server.address(), options.prefix()), options);
    other = OnlineStore.over(RedisStorage.open(server.address(), options.prefix()), options);
  }

  @AfterEach
  void close() {
    one.close();
    other.close();
    features.close();
    fixture.close();
  }

  /** An event of every entity in each of some hours; all have the same delay. */
  private void load(double delay) throws Exception {
    List<Long> origins = new ArrayList<>();
    List<Long> dates = new ArrayList<>();
    for (int hour = 0; hour < 5; hour++) {
      for (long origin = 0; origin < ENTITIES; origin++) {
        origins.add(origin);
        dates.add(Times.floor(START.plusHours(hour)));
      }
    }
    fixture.load(
        "flights",
        ArrowTable.int64("origin", origins),
        ArrowTable.timestamp("date", dates),
        ArrowTable.float64("delay", Collections.nCopies(dates.size(), delay)));
  }

  private static Map<String, Object> event(long origin, int minute, double delay) {
    return Map.of("origin", origin, "date", START.plusHours(6).plusMinutes(minute), "delay", delay);
  }

  @Test
  void oneStoreServesWhatTheOtherMaterialisedAndWhatWasPushedToEither() {
    one.materialize(features, START.plusHours(5));
    other.push(VIEW, event(3, 0, 10));
    one.push(VIEW, event(3, 1, 20));
    LocalDateTime at = START.plusHours(7);

    for (OnlineStore store : List.of(one, other)) {
      assertThat(store.views()).containsExactly("origin");
      assertThat(store.materializedAt(VIEW)).contains(START.plusHours(5));
      FeatureVector pushed = store.at(at).get(VIEW, 3L);
      assertThat(pushed.number("origin__count_7d")).isEqualTo(7);
      assertThat(pushed.number("origin__sum_delay_7d")).isEqualTo(35);
      assertThat(pushed.number("origin__latest_delay")).isEqualTo(20);
      assertThat(store.at(at).get(VIEW, 4L).number("origin__count_7d")).isEqualTo(5);
      assertThat(store.at(at).get(VIEW, 999L).number("origin__count_7d")).isZero();
    }
  }

  @Test
  void losesNoEventThatIsPushedToBoth() throws Exception {
    one.define(features);
    int each = 60;
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<?>> results = new ArrayList<>();
      for (OnlineStore store : List.of(one, other)) {
        results.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    store.push(VIEW, event(1, i, 1));
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(other.at(START.plusHours(7)).get(VIEW, 1L).number("origin__count_7d"))
        .isEqualTo(2 * each);
  }

  @ParameterizedTest(name = "anew {0}")
  @ValueSource(booleans = {true, false})
  void losesNoEventThatIsPushedToOneWhileTheOtherMaterialises(boolean anew) throws Exception {
    one.materialize(features, START);
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger pushed = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<?>> pushing = new ArrayList<>();
      // One entity that the warehouse has and one that it does not.
      for (long origin : new long[] {1, ENTITIES}) {
        pushing.add(
            threads.submit(
                () -> {
                  while (!done.get()) {
                    other.push(VIEW, event(origin, pushed.incrementAndGet() % 60, 1));
                  }
                }));
      }
      for (int i = 1; i <= 25; i++) {
        if (anew) {
          one.rematerialize(features, START.plusMinutes(i));
        } else {
          one.materialize(features, START.plusMinutes(12 * i));
        }
      }
      done.set(true);
      for (Future<?> result : pushing) {
        result.get(60, TimeUnit.SECONDS);
      }
    } finally {
      done.set(true);
      threads.shutdown();
    }
    double served = 0;
    for (long origin : new long[] {1, ENTITIES}) {
      served += other.at(START.plusHours(7)).get(VIEW, origin).number("origin__count_7d");
    }
    assertThat(pushed.get()).isPositive();
    assertThat(served).isEqualTo(pushed.get() + (anew ? 1 : 5));
  }

  @Test
  void goesBackInTimeWithAWatermarkOfThatTime() {
    one.materialize(features, START.plusHours(5));
    one.rematerialize(features, START.plusHours(1));
    LocalDateTime before = START.minusHours(23).plusMinutes(30);
    for (OnlineStore store : List.of(one, other)) {
      assertThat(store.at(before).get(VIEW, 1L).isKnown()).isFalse();
      assertThat(store.at(START.plusHours(1)).get(VIEW, 1L).number("origin__count_7d"))
          .isEqualTo(2);
    }
  }

  @Test
  void aReaderOfOneSeesTheMaterialisationsOfTheOtherWhole() throws Exception {
    one.materialize(features, START.plusHours(5));
    FeatureService service = FeatureService.named("all").with(VIEW).build();
    List<Map<String, Long>> rows = new ArrayList<>();
    for (long origin = 0; origin < ENTITIES; origin++) {
      rows.add(Map.of("origin", origin));
    }
    AtomicBoolean done = new AtomicBoolean();
    Set<Double> seen = new HashSet<>();
    ExecutorService reader = Executors.newSingleThreadExecutor();
    try {
      Future<?> reading =
          reader.submit(
              () -> {
                while (!done.get()) {
                  Set<Double> delays = new HashSet<>();
                  for (FeatureVector vector : other.at(START.plusHours(5)).getAll(service, rows)) {
                    delays.add(vector.number("origin__max_delay_7d"));
                  }
                  assertThat(delays).hasSize(1);
                  seen.addAll(delays);
                }
              });
      for (int delay = 2; delay < 12; delay++) {
        load(delay);
        one.rematerialize(features, START.plusHours(5));
      }
      done.set(true);
      reading.get(60, TimeUnit.SECONDS);
    } finally {
      done.set(true);
      reader.shutdown();
    }
    assertThat(seen).hasSizeGreaterThan(1);
    assertThat(other.at(START.plusHours(5)).get(VIEW, 0L).number("origin__sum_delay_7d"))
        .isEqualTo(5 * 11);
  }
}
