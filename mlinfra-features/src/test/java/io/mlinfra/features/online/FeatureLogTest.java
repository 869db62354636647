package io.mlinfra.features.online;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Derived.difference;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.ratio;
import static io.mlinfra.features.view.Derived.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.Derivations;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.SkewAudit;
import io.mlinfra.features.offline.SkewReport;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureLogTest {
  private static final LocalDateTime NOON = LocalDateTime.parse("2020-01-05T12:00");

  private static final FeatureView CARD =
      FeatureView.named("card")
          .from("payments")
          .entity("card")
          .eventTime("paid")
          .latest("country", "paid", "fine")
          .window(Duration.ofDays(2), count(), sum("amount"))
          .build();

  private static final FeatureView SHOP =
      FeatureView.named("shop")
          .from("payments")
          .entity("shop", "country")
          .eventTime("paid")
          .window(Duration.ofDays(2), count())
          .build();

  private static final FeatureService FRAUD =
      FeatureService.named("fraud")
          .with(CARD)
          .with(SHOP)
          .derive("over", ratio("price", "card__sum_amount_2d"))
          .derive("more", difference("over", "card__count_2d"))
          .derive("abroad", same("country", "card__latest_country"))
          .derive("again", same("step", "card__count_2d"))
          .derive("hour", hour("asked").inZone(ZoneId.of("Europe/Berlin")))
          .build();

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    fixture.warehouse.execute(
        "CREATE TABLE payments AS SELECT i % 5 AS card, 's' || (i % 3) AS shop, CASE WHEN i % 4 = 0"
            + " THEN 'DE' ELSE 'FR' END AS country, TIMESTAMP '2020-01-01' + INTERVAL (i) HOUR AS"
            + " paid, i / 7.0::DOUBLE AS amount, i % 2 = 0 AS fine FROM range(200) r(i)");
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  private static Map<String, Object> request(int i) {
    Random random = new Random(i);
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("card", random.nextInt(6));
    request.put("shop", "s" + random.nextInt(4));
    request.put("country", random.nextBoolean() ? "DE" : "FR");
    request.put("price", random.nextBoolean() ? (Object) random.nextInt(9) : random.nextDouble());
    request.put("step", random.nextInt(9) == 0 ? null : random.nextInt(10));
    Instant asked = NOON.plusMinutes(i * 7L).toInstant(ZoneOffset.UTC);
    Object[] kinds = {
      asked,
      LocalDateTime.ofInstant(asked, ZoneOffset.UTC),
      OffsetDateTime.ofInstant(asked, ZoneOffset.ofHours(3)),
      asked.atZone(ZoneId.of("America/New_York")),
      LocalDate.ofInstant(asked, ZoneOffset.UTC)
    };
    request.put("asked", kinds[i % kinds.length]);
    request.put("id", "r" + i);
    return request;
  }

  private static LocalDateTime at(int i) {
    return NOON.plusMinutes(i).plusNanos(i * 1000L + 999);
  }

  /** The features of some requests as a server has them: those of views, then what is derived. */
  private List<Map<String, Object>> serve(int requests) throws IOException {
    fixture.warehouse.execute(
        "CREATE TABLE asked (card INT, shop VARCHAR, country VARCHAR, moment TIMESTAMP)");
    for (int i = 0; i < requests; i++) {
      Map<String, Object> request = request(i);
      fixture.warehouse.execute(
          "INSERT INTO asked VALUES (?, ?, ?, ?)",
          request.get("card"),
          request.get("shop"),
          request.get("country"),
          at(i));
    }
    List<Map<String, Object>> served = new ArrayList<>();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, CARD, SHOP);
        TrainingSet set = store.trainingSet("SELECT * FROM asked ORDER BY moment", "moment");
        ArrowReader reader = set.reader()) {
      List<String> names = set.schema().getFields().stream().map(Field::getName).toList();
      for (List<Object> values : Fixture.rows(reader)) {
        Map<String, Object> row = new HashMap<>(request(served.size()));
        for (int c = 4; c < names.size(); c++) {
          row.put(names.get(c), values.get(c));
        }
        Derivations.derive(FRAUD, row);
        row.keySet().retainAll(FRAUD.names());
        served.add(row);
      }
    }
    return served;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 1024})
  void whatOneRowAtATimeServedIsWhatTrainingSees(int mostRows) throws IOException {
    List<Map<String, Object>> served = serve(100);
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD, mostRows)) {
      for (int i = 0; i < 60; i++) {
        log.add(request(i), served.get(i), at(i));
      }
    }
    // Another process goes on with the table.
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD, mostRows)) {
      for (int i = 60; i < 100; i++) {
        log.add(request(i), served.get(i), at(i));
      }
      log.flush();
      assertThat(fixture.warehouse.rows("served")).isEqualTo(100);
    }
    assertThat(fixture.warehouse.sql("SELECT count(DISTINCT id) FROM served").value(Long.class))
        .isEqualTo(100);
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, FRAUD)) {
      SkewReport report = SkewAudit.of(store, FRAUD).compare("served", FeatureLog.TIME);
      assertThat(report.isClean()).as(report.toString()).isTrue();
      assertThat(report.rows()).isEqualTo(100);
      fixture.warehouse.execute("UPDATE served SET price = price + 1 WHERE id = 'r3'");
      report = SkewAudit.of(store, FRAUD).compare("served", FeatureLog.TIME);
      assertThat(report.skewed().stream().map(SkewReport.FeatureSkew::feature))
          .containsExactly("over", "more");
      assertThat(report.skewed().get(0).examples().get(0).keys().keySet())
          .containsExactly("card", "shop", "country");
    }
  }

  @Test
  void whatAnOnlineStoreServesIsWhatTrainingSees() {
    OnlineStore online = OnlineStore.inMemory();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, FRAUD);
        FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD)) {
      online.materialize(store, LocalDateTime.parse("2020-01-20T00:00"));
      for (int i = 0; i < 200; i++) {
        // Some of the events happened later.
        LocalDateTime at = LocalDateTime.parse("2020-01-08T12:00").plusMinutes(i * 7L);
        log.add(request(i), online.at(at).get(FRAUD, request(i)));
      }
      log.flush();
      SkewReport report = SkewAudit.of(store, FRAUD).compare("served", FeatureLog.TIME);
      assertThat(report.isClean()).as(report.toString()).isTrue();
      assertThat(report.rows()).isEqualTo(200);
      // What was served has not seen what comes now.
      fixture.warehouse.execute(
          "INSERT INTO payments SELECT card, shop, country, paid + INTERVAL 1 MINUTE, 5, true"
              + " FROM payments WHERE paid = TIMESTAMP '2020-01-08 11:00'");
      report = SkewAudit.of(store, FRAUD).compare("served", FeatureLog.TIME);
      assertThat(report.skewed().stream().map(SkewReport.FeatureSkew::feature))
          .contains("card__count_2d", "card__sum_amount_2d", "shop__count_2d", "over");
    }
    online.close();
  }

  @Test
  void writesTheTypesOfTheServiceAndOfWhatIsAskedWith() throws IOException {
    List<Map<String, Object>> served = serve(1);
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD)) {
      log.add(request(0), served.get(0), at(0));
      assertThat(fixture.warehouse.tables()).doesNotContain("served");
    }
    assertThat(
            fixture
                .warehouse
                .sql(
                    "SELECT string_agg(column_name || ' ' || column_type, ', ')"
                        + " FROM (DESCRIBE served)")
                .value(String.class))
        .isEqualTo(
            "card BIGINT, shop VARCHAR, country VARCHAR, price DOUBLE, step BIGINT, asked"
                + " TIMESTAMP, id VARCHAR, served_at TIMESTAMP, card__latest_country VARCHAR,"
                + " card__latest_paid TIMESTAMP, card__latest_fine BOOLEAN, card__count_2d BIGINT,"
                + " card__sum_amount_2d DOUBLE, shop__count_2d BIGINT, over DOUBLE, more DOUBLE,"
                + " abroad BOOLEAN, again BOOLEAN, hour BIGINT");
    assertThat(fixture.warehouse.sql("SELECT served_at FROM served").value(LocalDateTime.class))
        .isEqualTo(NOON);
  }

  @Test
  void addsAColumnWithItsFirstValue() throws IOException {
    List<Map<String, Object>> served = serve(3);
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD, 1)) {
      for (int i = 0; i < 3; i++) {
        Map<String, Object> request = request(i);
        request.put("id", i < 2 ? null : 7.5);
        request.put("step", i < 1 ? null : 3);
        log.add(request, served.get(i), at(i));
      }
    }
    assertThat(fixture.warehouse.sql("SELECT sum(id) FROM served WHERE id > 7").value(Double.class))
        .isEqualTo(7.5);
    assertThat(
            fixture.warehouse.sql("SELECT count(*) FROM served WHERE step = 3").value(Long.class))
        .isEqualTo(2);
  }

  @Test
  void writesTimesWithAZoneWhereTheEventsHaveOne() throws IOException {
    fixture.warehouse.execute(
        "CREATE TABLE zoned AS SELECT card, paid AT TIME ZONE 'UTC' AS paid FROM payments");
    FeatureService service =
        FeatureService.named("zoned")
            .with(
                FeatureView.named("z")
                    .from("zoned")
                    .entity("card")
                    .eventTime("paid")
                    .window(Duration.ofDays(2), count())
                    .build())
            .build();
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", service)) {
      log.add(Map.of("card", 1), Map.of("z__count_2d", 10L), NOON);
      log.add(Map.of("card", 2L), Map.of("z__count_2d", 9), NOON);
    }
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", service);
        FeatureStore store = FeatureStore.open(fixture.warehouse, service)) {
      log.flush();
      SkewReport report = SkewAudit.of(store, service).compare("served", FeatureLog.TIME);
      assertThat(report.rows()).isEqualTo(2);
      assertThat(report.features().get(0).examples())
          .allSatisfy(row -> assertThat(row.at()).isEqualTo(NOON));
    }
  }

  private static void assertRefused(FeatureLog log, Map<String, ?> request, String... parts) {
    assertRefused(log, request, features(), parts);
  }

  private static void assertRefused(
      FeatureLog log, Map<String, ?> request, Map<String, ?> features, String... parts) {
    assertThatThrownBy(() -> log.add(request, features, NOON))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(parts)
        .hasMessageContaining("feature log 'served' of service 'fraud'");
  }

  private static Map<String, Object> features() {
    Map<String, Object> features = new HashMap<>();
    FRAUD.names().forEach(name -> features.put(name, null));
    return features;
  }

  private static Map<String, Object> with(Map<String, Object> row, String name, Object value) {
    Map<String, Object> changed = new LinkedHashMap<>(row);
    changed.put(name, value);
    return changed;
  }

  private static Map<String, Object> without(Map<String, Object> row, String name) {
    Map<String, Object> changed = new LinkedHashMap<>(row);
    changed.remove(name);
    return changed;
  }

  @Test
  void refusesRowsThatDoNotFitAndKeepsTheOthers() {
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD)) {
      // A row that was refused fixes nothing.
      assertRefused(log, with(with(request(1), "new", 1), "card", "x"), "'card'", "whole number");
      log.add(request(1), features(), NOON);
      assertRefused(log, without(request(1), "card"), "the request lacks 'card'");
      assertRefused(log, without(request(1), "price"), "the request lacks 'price'");
      assertRefused(log, with(request(1), "price", "7"), "'price'", "must be a number");
      assertRefused(log, with(request(1), "step", 1.5), "'step'", "must be a whole number");
      assertRefused(log, with(request(1), "asked", "noon"), "'asked'", "must be a time");
      assertRefused(log, with(request(1), "asked", LocalDateTime.MAX), "'asked'", "290,000 years");
      assertRefused(log, with(request(1), "id", 7), "'id'", "must be a text");
      assertRefused(log, with(request(1), "new", 7), "'new'", "card, shop, country, price");
      assertRefused(log, with(request(1), "hour", 7), "'hour'", "another column");
      assertRefused(log, with(request(1), "SERVED_AT", 7), "'SERVED_AT'", "another column");
      assertRefused(log, with(request(1), "Card", 7), "'Card'", "another column");
      assertRefused(log, request(1), without(features(), "over"), "what was served lacks 'over'");
      assertRefused(log, request(1), with(features(), "over", true), "'over'", "must be a number");
      log.add(without(request(2), "id"), features(), NOON);
      log.flush();
      assertThat(fixture.warehouse.rows("served")).isEqualTo(2);
    }
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "other", FRAUD)) {
      Map<String, Object> list = with(request(1), "id", List.of());
      assertThatThrownBy(() -> log.add(list, features(), NOON))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'id'", "cannot be kept");
    }
  }

  @Test
  void refusesATableThatDoesNotFit() {
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD)) {
      log.add(request(1), features(), NOON);
    }
    fixture.warehouse.execute("CREATE TABLE lacks AS SELECT * EXCLUDE (over) FROM served");
    fixture.warehouse.execute(
        "CREATE TABLE other AS SELECT * REPLACE (hour::VARCHAR AS hour) FROM served");
    assertThatThrownBy(() -> FeatureLog.open(fixture.warehouse, "lacks", FRAUD))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
        .hasMessageContainingAll("'fraud'", "'over'", "table 'lacks'");
    assertThatThrownBy(() -> FeatureLog.open(fixture.warehouse, "other", FRAUD))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
        .hasMessageContainingAll("'hour'", "Utf8", "Int(64");
    assertThatThrownBy(() -> FeatureLog.open(fixture.warehouse, "x", FRAUD, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("mostRows (0) must be > 0");
    FeatureService clash =
        FeatureService.named("clash").with(CARD).derive("served_AT", hour("asked")).build();
    assertThatThrownBy(() -> FeatureLog.open(fixture.warehouse, "x", clash))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'clash'", "'served_AT'");
  }

  @Test
  void keepsTheRowsThatCouldNotBeWritten() {
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD, 2)) {
      log.add(request(1), features(), NOON);
      log.flush();
      fixture.warehouse.execute("ALTER TABLE served ALTER hour TYPE VARCHAR");
      log.add(request(2), with(features(), "hour", 5), NOON);
      log.add(request(3), features(), NOON);
      assertThatThrownBy(log::flush).isInstanceOf(MlInfraException.class);
      assertThatThrownBy(() -> log.add(request(4), features(), NOON))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("hour");
      assertThat(fixture.warehouse.rows("served")).isEqualTo(1);
      fixture.warehouse.execute("ALTER TABLE served ALTER hour TYPE BIGINT");
      log.add(request(4), features(), NOON);
      assertThat(fixture.warehouse.rows("served")).isEqualTo(3);
    }
    assertThat(fixture.warehouse.rows("served")).isEqualTo(4);
  }

  @Test
  void refusesEverythingAfterItIsClosed() {
    FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD);
    log.close();
    log.close();
    assertThat(fixture.warehouse.tables()).doesNotContain("served");
    assertThatThrownBy(() -> log.add(request(1), features(), NOON))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("feature log 'served' of service 'fraud' is closed");
    assertThatThrownBy(log::flush).isInstanceOf(IllegalStateException.class);
    assertThat(log).hasToString("FeatureLog[served, service fraud]");
  }

  @Test
  void takesRowsOfManyThreads() throws Exception {
    try (FeatureLog log = FeatureLog.open(fixture.warehouse, "served", FRAUD, 10)) {
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        Thread thread =
            new Thread(
                () -> {
                  for (int i = 0; i < 50; i++) {
                    log.add(request(i), features(), at(i));
                  }
                });
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(fixture.warehouse.rows("served")).isEqualTo(200);
  }
}
