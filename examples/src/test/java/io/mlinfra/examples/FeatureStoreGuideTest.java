package io.mlinfra.examples;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.countDistinct;
import static io.mlinfra.features.view.Aggregate.first;
import static io.mlinfra.features.view.Aggregate.fraction;
import static io.mlinfra.features.view.Aggregate.last;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.min;
import static io.mlinfra.features.view.Aggregate.stddev;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Aggregate.variance;
import static io.mlinfra.features.view.Condition.greaterThan;
import static io.mlinfra.features.view.Condition.isTrue;
import static io.mlinfra.features.view.Condition.missing;
import static io.mlinfra.features.view.Condition.notEqual;
import static io.mlinfra.features.view.Derived.day;
import static io.mlinfra.features.view.Derived.difference;
import static io.mlinfra.features.view.Derived.distance;
import static io.mlinfra.features.view.Derived.firstPresent;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.month;
import static io.mlinfra.features.view.Derived.product;
import static io.mlinfra.features.view.Derived.ratio;
import static io.mlinfra.features.view.Derived.same;
import static io.mlinfra.features.view.Derived.seconds;
import static io.mlinfra.features.view.Derived.total;
import static io.mlinfra.features.view.Derived.weekday;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.features.catalog.CatalogEntry;
import io.mlinfra.features.catalog.FeatureCatalog;
import io.mlinfra.features.catalog.FeatureImpact;
import io.mlinfra.features.offline.Engine;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.RowExplanation;
import io.mlinfra.features.offline.SkewAudit;
import io.mlinfra.features.offline.SkewReport;
import io.mlinfra.features.offline.TrainingQuery;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.online.FeatureLog;
import io.mlinfra.features.online.FeatureVector;
import io.mlinfra.features.online.Materialization;
import io.mlinfra.features.online.OnlineOptions;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.view.Entity;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.WarehouseOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/feature-store.md, and what the text around it claims. */
@Timeout(120)
class FeatureStoreGuideTest {
  private static final Path GUIDE = Path.of("..", "docs", "feature-store.md");

  /** Two weeks of payments of forty cards in nine shops; each is booked some time later. */
  private static final String PAYMENTS =
      """
      CREATE TABLE payments AS
      SELECT i AS id, i * 37 % 40 AS card, 'S' || i % 9 AS shop,
             TIMESTAMP '2024-05-01' + to_minutes(i * 7) AS paid,
             TIMESTAMP '2024-05-01' + to_minutes(i * 7 + 2 + i * 13 % 90) AS booked,
             (500 + i * 2903 % 20000) / 100 AS amount,
             ['DE', 'FR', 'PL'][1 + i // 11 % 3] AS country,
             i % 13 = 0 AS declined, i % 17 = 0 AS fraud
      FROM range(3000) t(i)""";

  private static final String LABELS =
      """
      SELECT id, card, shop, amount, paid AS asked, fraud
      FROM payments WHERE paid >= ? ORDER BY id""";

  @TempDir Path folder;

  private BufferAllocator allocator;
  private Warehouse warehouse;

  @BeforeEach
  void open() {
    allocator = new RootAllocator();
    warehouse =
        Warehouse.inMemory(WarehouseOptions.builder().threads(2).allocator(allocator).build());
    warehouse.execute(PAYMENTS);
  }

  @AfterEach
  void close() {
    warehouse.close();
    allocator.close();
  }

  @Test
  void goesFromADefinitionToATrainingSetAndAnOnlineRead() throws IOException {
    FeatureView card =
        FeatureView.named("card")
            .from("payments")
            .entity("card")
            .eventTime("paid")
            .knownAt("booked")
            .window(Duration.ofDays(7), count(), mean("amount"))
            .build();

    try (FeatureStore features = FeatureStore.open(warehouse, card);
        TrainingSet payments =
            features.trainingSet(
                "SELECT id, card, amount, paid AS asked, fraud FROM payments ORDER BY id",
                "asked")) {

      OnlineStore online = OnlineStore.inMemory();
      LocalDateTime now = LocalDateTime.parse("2024-05-15T12:00");
      online.materialize(features, now);
      FeatureVector known = online.at(now).get(card, 7L);
      double mean = known.number("card__mean_amount_7d");

      assertThat(payments.rows()).isEqualTo(3000);
      assertThat(firstValue(payments, "card__count_7d")).isEqualTo(0L);
      FeatureView careless =
          FeatureView.named("card")
              .from("payments")
              .entity("card")
              .eventTime("paid")
              .window(Duration.ofDays(7), count())
              .build();
      try (FeatureStore store = FeatureStore.open(warehouse, careless);
          TrainingSet leaking =
              store.trainingSet("SELECT card, paid AS asked FROM payments ORDER BY id", "asked")) {
        assertThat(firstValue(leaking, "card__count_7d")).isEqualTo(1L);
      }
      assertThat(names(payments))
          .containsExactly(
              "id", "card", "amount", "asked", "fraud", "card__count_7d", "card__mean_amount_7d");
      assertThat(mean)
          .isEqualTo(
              warehouse
                  .sql(
                      """
                      SELECT sum(amount::DECIMAL(9, 2))::DOUBLE / count(*) FROM payments
                      WHERE card = 7 AND paid > TIMESTAMP '2024-05-08 12:00'
                        AND paid <= TIMESTAMP '2024-05-15 12:00'
                        AND booked <= TIMESTAMP '2024-05-15 12:00'""")
                  .value(Double.class));
      assertShown(known.toString());
    }
  }

  private record Definitions(FeatureView card, FeatureView shop, FeatureService fraud) {
    static Definitions make() {
      FeatureView card =
          FeatureView.named("card")
              .from("payments")
              .entity("card")
              .eventTime("paid")
              .knownAt("booked")
              .tieBreak("id")
              .ttl(Duration.ofDays(30))
              .latest("country")
              .lag("amount", 1)
              .sinceLast()
              .window(Duration.ofDays(7), count(), mean("amount"), max("amount"))
              .windows(
                  List.of(Duration.ofHours(6), Duration.ofDays(7)),
                  count().where(isTrue("declined")).named("declined"))
              .owner("payments team")
              .description("what a card did")
              .tag("pii")
              .build();
      FeatureView shop =
          FeatureView.named("shop")
              .fromSql("SELECT shop, paid, booked, amount FROM payments WHERE NOT declined")
              .entity("shop")
              .eventTime("paid")
              .knownAt("booked")
              .window(Duration.ofDays(7), mean("amount"), stddev("amount"))
              .build();
      FeatureService fraud =
          FeatureService.named("fraud")
              .with(card)
              .with(shop, "shop__mean_amount_7d")
              .derive("over_mean", ratio("amount", "shop__mean_amount_7d"))
              .derive("hour", hour("asked").inZone(ZoneId.of("Europe/Berlin")))
              .owner("risk team")
              .build();
      return new Definitions(card, shop, fraud);
    }
  }

  private static FeatureView card() {
    return Definitions.make().card();
  }

  private static FeatureView shop() {
    return Definitions.make().shop();
  }

  private static FeatureService fraud() {
    return Definitions.make().fraud();
  }

  @Test
  void aDefinitionIsAValueWithATextAndAHash() {
    FeatureView card = card();
    FeatureView shop = shop();
    FeatureService fraud = fraud();

    FeatureView wider = card.toBuilder().window(Duration.ofDays(14), count()).build();
    FeatureView same = FeatureView.parse(card.definition());
    FeatureService fromText = FeatureService.parse(fraud.definition());

    assertShown(shop.definition());
    assertThat(same).isEqualTo(card).hasSameHashCodeAs(card);
    assertThat(same.hash()).isEqualTo(card.hash()).isNotEqualTo(wider.hash());
    assertThat(fromText).isEqualTo(fraud);
    assertThat(fraud.names())
        .startsWith("card__latest_country")
        .endsWith("shop__mean_amount_7d", "over_mean", "hour");
    assertThatThrownBy(() -> card.toBuilder().window(Duration.ofDays(7), count()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("card__count_7d");
    assertThatThrownBy(() -> card.toBuilder().window(Duration.ofDays(31), count()).build())
        .hasMessageContaining("time to live");
    for (Duration none : List.of(Duration.ZERO, Duration.ofDays(-1), Duration.ofNanos(1500))) {
      assertThatThrownBy(() -> card.toBuilder().window(none, count()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertFails(
        ErrorCode.NAME_UNKNOWN,
        () -> FeatureStore.open(warehouse, card.toBuilder().latest("colour").build()));
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            FeatureStore.open(
                warehouse, card.toBuilder().window(Duration.ofDays(1), sum("country")).build()));
  }

  @Test
  void anEntityMayHaveSeveralKeys() {
    Entity pair = Entity.of("card_at_shop", "card", "shop");
    FeatureView there =
        FeatureView.named("there")
            .from("payments")
            .entity(pair)
            .eventTime("paid")
            .knownAt("booked")
            .window(Duration.ofDays(7), count())
            .build();

    try (FeatureStore features = FeatureStore.open(warehouse, there);
        OnlineStore online = OnlineStore.inMemory()) {
      LocalDateTime now = LocalDateTime.parse("2024-05-15T12:00");
      online.materialize(features, now);
      long visits = (Long) online.at(now).get(there, 7L, "S1").value("there__count_7d");

      assertThat(visits)
          .isPositive()
          .isEqualTo(
              warehouse
                  .sql(
                      """
                      SELECT count(*) FROM payments WHERE card = 7 AND shop = 'S1'
                        AND paid > TIMESTAMP '2024-05-08 12:00'
                        AND booked <= TIMESTAMP '2024-05-15 12:00'""")
                  .value(Long.class));
      assertThatThrownBy(() -> online.at(now).get(there, "S1", 7L))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** The table of what is visible at noon, and its reasons. */
  @Test
  void anEventIsVisibleFromTheMomentAtWhichItHadHappenedAndWasKnown() throws IOException {
    String[][] events = {
      {"09:59:59.999999", "09:59:59.999999", "–", "–", "older than the time to live"},
      {"10:00", "10:00", "seen", "–", "as old as the time to live"},
      {"11:00", "11:00", "seen", "–", "as old as the window is long"},
      {"11:00:00.000001", "11:00:00.000001", "seen", "counted", "in the window"},
      {"12:00", "12:00", "seen", "counted", "equal is early enough"},
      {"12:00:00.000001", "12:00:00.000001", "–", "–", "has not happened"},
      {"11:30", "12:00", "seen", "counted", "known just now"},
      {"11:30", "12:00:00.000001", "–", "–", "not yet known"},
      {"11:30", "11:00", "seen", "counted", "known before it happened"},
      {"12:30", "11:00", "–", "–", "known, but has not happened"},
      {"10:30", "11:59", "seen", "–", "known late: the window asks when it happened"},
      {"11:30", "missing", "–", "–", "never visible"},
      {"missing", "11:30", "–", "–", "never visible"},
    };
    warehouse.execute("CREATE TABLE edges (id INTEGER, paid TIMESTAMP, booked TIMESTAMP)");
    for (int id = 0; id < events.length; id++) {
      warehouse.execute(
          "INSERT INTO edges VALUES (?, ?, ?)", id, time(events[id][0]), time(events[id][1]));
    }
    FeatureView edges =
        FeatureView.named("edge")
            .from("edges")
            .entity("id")
            .eventTime("paid")
            .knownAt("booked")
            .ttl(Duration.ofHours(2))
            .latest("id")
            .window(Duration.ofHours(1), count())
            .build();
    List<String> shown = new ArrayList<>();
    try (FeatureStore features = FeatureStore.open(warehouse, edges);
        TrainingSet answers =
            features.trainingSet(
                "SELECT id, TIMESTAMP '2024-05-01 12:00' AS asked FROM edges ORDER BY id",
                "asked");
        ArrowReader reader = answers.reader("edge__latest_id", "edge__count_1h")) {
      reader.loadNextBatch();
      VectorSchemaRoot rows = reader.getVectorSchemaRoot();
      for (int id = 0; id < events.length; id++) {
        boolean seen = rows.getVector(0).getObject(id) != null;
        boolean counted = rows.getVector(1).getObject(id).equals(1L);
        shown.add(
            String.join(
                " | ",
                "| " + events[id][0],
                events[id][1],
                seen ? "seen" : "–",
                counted ? "counted" : "–",
                events[id][4] + " |"));
      }
    }
    assertShown(String.join("\n", shown));
    for (int id = 0; id < events.length; id++) {
      assertThat(shown.get(id)).contains(String.join(" | ", events[id]));
    }
  }

  private static LocalDateTime time(String clock) {
    return clock.equals("missing") ? null : LocalDateTime.parse("2024-05-01T" + clock);
  }

  @Test
  void ofTiesTheLaterKnownCountsThenTheTieBreakAndNoMatterHowTheyAreStored() {
    warehouse.execute(
        "CREATE TABLE ties (card INTEGER, paid TIMESTAMP, booked TIMESTAMP, n INTEGER)");
    warehouse.execute(
        """
        INSERT INTO ties VALUES
          (1, '2024-05-01 12:00', '2024-05-01 12:00', 5), (1, '2024-05-01 12:00', '2024-05-01 12:01', 1),
          (2, '2024-05-01 12:00', '2024-05-01 12:00', 5), (2, '2024-05-01 12:00', '2024-05-01 12:00', 7),
          (2, '2024-05-01 12:00', '2024-05-01 12:00', NULL)""");
    FeatureView ties =
        FeatureView.named("tie")
            .from("ties")
            .entity("card")
            .eventTime("paid")
            .knownAt("booked")
            .tieBreak("n")
            .latest("n")
            .build();
    try (FeatureStore features = FeatureStore.open(warehouse, ties);
        OnlineStore online = OnlineStore.inMemory()) {
      LocalDateTime now = LocalDateTime.parse("2024-05-01T13:00");
      online.materialize(features, now);
      assertThat(online.at(now).get(ties, 1L).value("tie__latest_n")).isEqualTo(1L);
      assertThat(online.at(now).get(ties, 2L).value("tie__latest_n")).isEqualTo(7L);
    }
  }

  @Test
  void everyFunctionHasATypeAndAValueWithoutEvents() {
    FeatureView all =
        FeatureView.named("all")
            .from("payments")
            .entity("card")
            .eventTime("paid")
            .latest("country")
            .lag("amount", 1)
            .sinceLast()
            .window(
                Duration.ofDays(7),
                count(),
                countDistinct("shop"),
                fraction(greaterThan("amount", 100)),
                sum("amount"),
                mean("amount"),
                min("paid"),
                max("amount"),
                variance("amount"),
                stddev("amount"),
                first("shop"),
                last("declined"),
                sum("amount").where(notEqual("country", "DE")).named("abroad"))
            .build();
    try (FeatureStore features = FeatureStore.open(warehouse, all);
        OnlineStore online = OnlineStore.inMemory()) {
      LocalDateTime now = LocalDateTime.parse("2024-05-15T12:00");
      online.materialize(features, now);
      Map<String, Object> known = online.at(now).get(all, 7L).asMap();
      Map<String, Object> unknown = online.at(now).get(all, 4711L).asMap();

      Map<String, Class<?>> types = new HashMap<>();
      known.forEach((name, value) -> types.put(name, value.getClass()));
      assertThat(types)
          .containsEntry("all__latest_country", String.class)
          .containsEntry("all__lag1_amount", Double.class)
          .containsEntry("all__since_last", Double.class)
          .containsEntry("all__count_7d", Long.class)
          .containsEntry("all__count_distinct_shop_7d", Long.class)
          .containsEntry("all__fraction_amount_7d", Double.class)
          .containsEntry("all__sum_amount_7d", Double.class)
          .containsEntry("all__mean_amount_7d", Double.class)
          .containsEntry("all__min_paid_7d", LocalDateTime.class)
          .containsEntry("all__max_amount_7d", Double.class)
          .containsEntry("all__variance_amount_7d", Double.class)
          .containsEntry("all__stddev_amount_7d", Double.class)
          .containsEntry("all__first_shop_7d", String.class)
          .containsEntry("all__last_declined_7d", Boolean.class)
          .containsEntry("all__abroad_7d", Double.class);
      unknown.forEach(
          (name, value) ->
              assertThat(value).as(name).isEqualTo(name.contains("__count") ? 0L : null));
    }
  }

  @Test
  void answersRowsWithWhatWasKnownAtTheirTimes() throws IOException {
    FeatureService fraud = fraud();
    LocalDateTime since = LocalDateTime.parse("2024-05-08T00:00");

    try (FeatureStore features = FeatureStore.open(warehouse, fraud);
        TrainingSet payments =
            features.trainingSet(
                """
                SELECT id, card, shop, amount, paid AS asked, fraud
                FROM payments WHERE paid >= ? ORDER BY id""",
                "asked",
                since)) {
      TrainingSet train = payments.before("2024-05-12");
      TrainingSet test = payments.since("2024-05-12");

      assertThat(names(payments))
          .startsWith("id", "card", "shop", "amount", "asked", "fraud", "card__latest_country")
          .endsWith("shop__mean_amount_7d", "over_mean", "hour");
      assertThat(train.rows() + test.rows()).isEqualTo(payments.rows());
      assertThat(train.rows()).isPositive();
    }

    int count = 0;
    try (FeatureStore features = FeatureStore.open(warehouse, fraud)) {

      try (ArrowReader rows =
          features.training(LABELS, "asked").bind(since).maxMemoryBytes(256_000_000).stream()) {
        while (rows.loadNextBatch()) {
          VectorSchemaRoot batch = rows.getVectorSchemaRoot();
          count += batch.getRowCount();
        }
      }
    }
    assertThat(count).isEqualTo(1560);

    try (Warehouse other =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());
        FeatureStore features = FeatureStore.open(warehouse, card(), shop())) {
      other.execute(
          """
          CREATE TABLE requests AS
          SELECT 7 AS card, 'S1' AS shop, 12.5 AS amount, TIMESTAMP '2024-05-15 12:00' AS asked""");
      try (ArrowReader labels = other.query("FROM requests");
          TrainingSet answered = features.training(labels, "asked").service(fraud).collect()) {
        int rows = answered.rows();

        assertThat(rows).isOne();
        assertThat(names(answered)).endsWith("over_mean", "hour");
      }
      try (ArrowReader labels =
          other.query("SELECT 7 AS card, TIMESTAMP '2024-05-15 12:00' AS asked")) {
        assertThatThrownBy(() -> features.training(labels, "asked").engine(Engine.SQL))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void saysHowItWouldAnswerAndWhatMadeAValue() {
    FeatureView card = card();
    FeatureView shop = shop();
    LocalDateTime since = LocalDateTime.parse("2024-05-01T00:00");
    try (FeatureStore features = FeatureStore.open(warehouse, card, shop)) {

      FeatureService means = FeatureService.named("means").with(shop).build();

      TrainingQuery query = features.training(LABELS, "asked").bind(since).service(means);
      String plan = query.explain();
      RowExplanation row = query.explain(41);
      RowExplanation.Made mean = row.feature("shop__mean_amount_7d");

      assertShown(row.toString());
      assertThat(plan).contains("engine KERNEL", "events in 1 part", "view shop");
      assertThat(mean.events()).hasSize(4);
      for (Engine engine : Engine.values()) {
        try (TrainingSet set = query.engine(engine).collect()) {
          assertThat(set.rows()).isEqualTo(3000);
        }
      }
      assertThat(query.engine(Engine.SQL).explain()).contains("engine SQL", "SELECT");
    }
  }

  @Test
  void givesAllEntitiesAtOneTime() {
    FeatureView card = card();
    try (FeatureStore features = FeatureStore.open(warehouse, card)) {
      LocalDateTime noon = LocalDateTime.parse("2024-05-15T12:00");
      try (TrainingSet cards = features.valuesAt(card, noon)) {
        int rows = cards.rows();

        assertThat(rows).isEqualTo(40);
        assertThat(names(cards)).startsWith("card", "at", "card__latest_country");
      }
    }
  }

  @Test
  void refusesBadLabelsBeforeARowIsRead() {
    try (FeatureStore features = FeatureStore.open(warehouse, card())) {
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () ->
              features.trainingSet(
                  "SELECT 'S1' AS card, TIMESTAMP '2024-05-09' AS asked", "asked"));
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () -> features.trainingSet("SELECT 1 AS card, NULL::TIMESTAMP AS asked", "asked"));
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () ->
              features.trainingSet(
                  "SELECT 1 AS card, TIMESTAMPTZ '2024-05-09 00:00+02' AS asked", "asked"));
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () ->
              features.trainingSet(
                  "SELECT 1 AS card, TIMESTAMP '2024-05-09' AS asked, 1 AS card__count_7d",
                  "asked"));
      assertFails(
          ErrorCode.NAME_UNKNOWN,
          () -> features.trainingSet("SELECT TIMESTAMP '2024-05-09' AS asked", "asked"));
    }
  }

  @Test
  void servesWhatWasMaterializedAndPushed() {
    FeatureView card = card();
    FeatureView shop = shop();
    FeatureService fraud = fraud();
    try (FeatureStore features = FeatureStore.open(warehouse, fraud);
        OnlineStore online = OnlineStore.inMemory()) {
      LocalDateTime midnight = LocalDateTime.parse("2024-05-15T00:00");
      Materialization done = online.materialize(features, midnight);

      LocalDateTime paid = midnight.plusMinutes(20);
      Map<String, Object> payment = new HashMap<>();
      payment.putAll(Map.of("id", 3000L, "card", 7L, "shop", "S1", "amount", 12.5));
      payment.putAll(Map.of("paid", paid, "booked", paid.plusMinutes(5), "country", "PL"));
      payment.put("declined", null);
      online.push(card, payment);
      online.push(shop, payment);

      Map<String, Object> request =
          Map.of("card", 7L, "shop", "S1", "amount", 99.0, "asked", paid.plusMinutes(30));
      FeatureVector vector = online.at(paid.plusMinutes(30)).get(fraud, request);
      double overMean = vector.number("over_mean");
      Optional<Duration> age = vector.age("card__count_7d");

      assertThat(done.full()).isTrue();
      assertThat(age).contains(Duration.ofMinutes(30));
      assertThat(overMean).isEqualTo(99.0 / vector.number("shop__mean_amount_7d"));
      assertThat(vector.value("card__latest_country")).isEqualTo("PL");
      // Not booked yet.
      assertThat(online.at(paid.plusMinutes(4)).get(card, 7L).value("card__latest_country"))
          .isNotEqualTo("PL");
      assertThat(online.materializedAt(card)).contains(midnight);

      FeatureVector unknown = online.at(midnight).get(card, 4711L);
      assertThat(unknown.isKnown()).isFalse();
      assertThat(unknown.value("card__count_7d")).isEqualTo(0L);
      assertThat(unknown.number("card__mean_amount_7d")).isNaN();
      assertThat(unknown.age("card__count_7d")).isEmpty();
      assertFails(ErrorCode.NAME_UNKNOWN, () -> unknown.value("card__count_8d"));

      List<Map<String, Object>> requests =
          List.of(request, Map.of("card", 4711L, "shop", "S2", "amount", 5.0, "asked", paid));
      List<FeatureVector> vectors = online.at(paid.plusMinutes(30)).getAll(fraud, requests);
      assertThat(vectors).hasSize(2);
      assertThat(vectors.get(0)).isEqualTo(vector);

      // The pushed payment gives way to what the warehouse has, once it is materialised that far.
      Materialization next = online.materialize(features, midnight.plusHours(1));
      Materialization again = online.materialize(features, midnight.plusHours(1));
      assertThat(next.full()).isFalse();
      assertThat(again.events()).isZero();
      assertThat(online.at(midnight.plusHours(1)).get(card, 7L).value("card__latest_country"))
          .isNotEqualTo("PL");
      assertThatThrownBy(() -> online.materialize(features, midnight))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rematerialize");
      online.rematerialize(features, midnight);
      assertThat(online.materializedAt(card)).contains(midnight);
    }
  }

  @Test
  void boundsWhatItKeepsAndHowLateEventsMayCome() {
    FeatureView card = card();
    LocalDateTime midnight = LocalDateTime.parse("2024-05-15T00:00");
    OnlineOptions options =
        OnlineOptions.builder()
            .allowedLateness(Duration.ofHours(6))
            .mostEntities(1_000_000)
            .build();
    try (FeatureStore features = FeatureStore.open(warehouse, card);
        OnlineStore online = OnlineStore.inMemory(options)) {
      online.define(features);
      assertThat(online.materializedAt(card)).isEmpty();
      online.push(card, payment(midnight));
      online.push(card, payment(midnight.minusHours(6)));
      assertFails(
          ErrorCode.DATA_UNSUITABLE, () -> online.push(card, payment(midnight.minusHours(7))));
      assertThat(online.at(midnight).get(card, 7L).value("card__count_7d")).isEqualTo(2L);
      assertThat(online.at(midnight.minusHours(6)).get(card, 7L).value("card__count_7d"))
          .isEqualTo(1L);
      assertThatThrownBy(() -> online.at(midnight.minusHours(7)).get(card, 7L))
          .isInstanceOf(IllegalArgumentException.class);
      online.push(card, payment(midnight.plusDays(2)));
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> online.push(card, payment(midnight)));
      assertThatThrownBy(() -> online.at(midnight).get(card, 7L))
          .isInstanceOf(IllegalArgumentException.class);
      // Without a time, the clock's: long after the time to live.
      assertThat(online.get(card, 7L).value("card__latest_country")).isNull();
    }
  }

  @Test
  void aFileKeepsWhatWasMaterializedAndPushed() {
    FeatureView card = card();
    Path file = folder.resolve("online.store");
    OnlineOptions options = OnlineOptions.defaults();
    LocalDateTime midnight = LocalDateTime.parse("2024-05-15T00:00");
    Object materialized;
    try (FeatureStore features = FeatureStore.open(warehouse, card);
        OnlineStore memory = OnlineStore.inMemory()) {
      memory.materialize(features, midnight);
      materialized = memory.at(midnight).get(card, 7L).value("card__count_7d");

      try (OnlineStore online = OnlineStore.open(file, options)) {
        online.materialize(features, midnight);
      }
      try (OnlineStore online = OnlineStore.open(file, options)) {
        Object count = online.at(midnight).get(card, 7L).value("card__count_7d");

        assertThat(count).isEqualTo(materialized).isNotEqualTo(0L);
        assertFails(ErrorCode.CONFLICT, () -> OnlineStore.open(file));
        online.push(card, payment(midnight));
      }
      try (OnlineStore online = OnlineStore.open(file)) {
        Object count = online.at(midnight).get(card, 7L).value("card__count_7d");
        assertThat(count).isEqualTo((Long) materialized + 1);
      }
    }
    assertFails(
            ErrorCode.ARTIFACT_MISSING,
            () -> OnlineStore.redis(URI.create("redis://localhost:6379")))
        .hasMessageContaining("redis.clients:jedis");
  }

  @Test
  void aStoreThatLetsEntitiesGoTakesNoPushes() {
    FeatureView card = card();
    LocalDateTime midnight = LocalDateTime.parse("2024-05-15T00:00");
    OnlineOptions options = OnlineOptions.builder().mostEntities(10).build();
    try (FeatureStore features = FeatureStore.open(warehouse, card);
        OnlineStore memory = OnlineStore.inMemory(options);
        OnlineStore file = OnlineStore.open(folder.resolve("bounded.store"), options)) {
      memory.materialize(features, midnight);
      file.materialize(features, midnight);
      assertThatThrownBy(() -> memory.push(card, payment(midnight)))
          .isInstanceOf(IllegalStateException.class);
      file.push(card, payment(midnight));
      for (long each = 0; each < 40; each++) {
        assertThat(file.at(midnight).get(card, each).isKnown()).isTrue();
      }
    }
  }

  @Test
  void whatTheWarehouseGetsLateIsSeenByARematerialization() {
    FeatureView card = card();
    LocalDateTime noon = LocalDateTime.parse("2024-05-14T12:00");
    try (FeatureStore features = FeatureStore.open(warehouse, card);
        OnlineStore online = OnlineStore.inMemory()) {
      online.materialize(features, noon);
      long before = (Long) online.at(noon).get(card, 7L).value("card__count_7d");
      warehouse.execute(
          """
          INSERT INTO payments
          SELECT * REPLACE (TIMESTAMP '2024-05-14 11:00' AS paid,
                            TIMESTAMP '2024-05-14 11:05' AS booked)
          FROM payments WHERE card = 7 LIMIT 1""");
      online.materialize(features, noon.plusSeconds(1));
      assertThat(online.at(noon).get(card, 7L).value("card__count_7d")).isEqualTo(before);
      online.rematerialize(features, noon.plusSeconds(1));
      assertThat(online.at(noon).get(card, 7L).value("card__count_7d")).isEqualTo(before + 1);
    }
  }

  @Test
  void whatIsMissingIsPassedOverAndMeetsNoConditionButMissing() {
    warehouse.execute(
        """
        CREATE TABLE gaps AS
        SELECT 1 AS card, TIMESTAMP '2024-05-01' + to_hours(i) AS paid,
               [1.0, 'NaN'::DOUBLE, 3.0, NULL][i + 1] AS amount
        FROM range(4) t(i)""");
    FeatureView gaps =
        FeatureView.named("gap")
            .from("gaps")
            .entity("card")
            .eventTime("paid")
            .latest("amount")
            .lag("amount", 1)
            .window(
                Duration.ofDays(1),
                count(),
                sum("amount"),
                mean("amount"),
                max("amount"),
                last("amount"),
                countDistinct("amount"),
                count().where(notEqual("amount", 1.0)).named("not_one"),
                count().where(missing("amount")).named("gaps"))
            .build();
    try (FeatureStore features = FeatureStore.open(warehouse, gaps);
        OnlineStore online = OnlineStore.inMemory()) {
      LocalDateTime noon = LocalDateTime.parse("2024-05-01T12:00");
      online.materialize(features, noon);
      FeatureVector vector = online.at(noon).get(gaps, 1);
      assertThat(vector.value("gap__latest_amount")).isNull();
      assertThat(vector.value("gap__lag1_amount")).isEqualTo(3.0);
      assertThat(vector.value("gap__count_1d")).isEqualTo(4L);
      assertThat(vector.value("gap__sum_amount_1d")).isEqualTo(4.0);
      assertThat(vector.value("gap__mean_amount_1d")).isEqualTo(2.0);
      assertThat(vector.value("gap__max_amount_1d")).isEqualTo(3.0);
      assertThat(vector.value("gap__last_amount_1d")).isEqualTo(3.0);
      assertThat(vector.value("gap__count_distinct_amount_1d")).isEqualTo(2L);
      assertThat(vector.value("gap__not_one_1d")).isEqualTo(1L);
      assertThat(vector.value("gap__gaps_1d")).isEqualTo(2L);
    }
  }

  @Test
  void derivesFromTheRowAndFromFeatures() throws IOException {
    FeatureService all =
        FeatureService.named("all")
            .derive("less", difference("a", "b"))
            .derive("both", total("a", "b"))
            .derive("times", product("a", "b"))
            .derive("over_nothing", ratio("a", "nothing"))
            .derive("either", firstPresent("none", "b"))
            .derive("missing", total("none", "b"))
            .derive("far", distance("lat", "lon", "lat", "lon"))
            .derive("waited", seconds("asked", "later"))
            .derive("equal", same("one", "other"))
            .derive("day_of_week", weekday("asked"))
            .derive("day", day("asked"))
            .derive("month", month("asked"))
            .derive("there", hour("asked").inZone(ZoneId.of("Europe/Berlin")))
            .build();
    String row =
        """
        SELECT 6.0 AS a, 3 AS b, 0 AS nothing, NULL::DOUBLE AS none, 52.5 AS lat, 13.4 AS lon,
               'x' AS one, 'x' AS other, TIMESTAMP '2024-05-05 23:30' AS asked,
               TIMESTAMP '2024-05-05 23:31' AS later""";
    Map<String, Object> expected = new HashMap<>();
    expected.putAll(Map.of("less", 3.0, "both", 9.0, "times", 18.0, "either", 3.0, "far", 0.0));
    expected.putAll(Map.of("waited", 60.0, "equal", true, "day_of_week", 7L, "day", 5L));
    expected.putAll(Map.of("month", 5L, "there", 1L));
    expected.put("over_nothing", null);
    expected.put("missing", null);
    try (FeatureStore features = FeatureStore.open(warehouse, all);
        TrainingSet set = features.trainingSet(row, "asked")) {
      for (String name : all.names()) {
        assertThat(firstValue(set, name)).as(name).isEqualTo(expected.get(name));
      }
    }
  }

  private static Map<String, Object> payment(LocalDateTime time) {
    return Map.of(
        "id",
        1L,
        "card",
        7L,
        "amount",
        1.0,
        "paid",
        time,
        "booked",
        time,
        "country",
        "DE",
        "declined",
        false);
  }

  /** A payment as the host sees it. */
  record Payment(
      long id,
      long card,
      String shop,
      LocalDateTime paid,
      LocalDateTime booked,
      double amount,
      String country,
      boolean declined) {
    Map<String, Object> event() {
      Map<String, Object> event = new HashMap<>();
      event.putAll(Map.of("id", id, "card", card, "shop", shop, "paid", paid, "booked", booked));
      event.putAll(Map.of("amount", amount, "country", country, "declined", declined));
      return event;
    }

    Map<String, Object> request() {
      return Map.of("card", card, "shop", shop, "amount", amount, "asked", paid);
    }
  }

  @Test
  void comparesWhatWasServedWithWhatTrainingSays() {
    FeatureView card = card();
    FeatureView shop = shop();
    FeatureService fraud = fraud();
    try (FeatureStore features = FeatureStore.open(warehouse, fraud)) {
      serve(features, card, shop, fraud, "served", Duration.ZERO);
      FeatureService few =
          FeatureService.named("few")
              .with(card, "card__count_7d")
              .with(shop, "shop__mean_amount_7d")
              .derive("over_mean", ratio("amount", "shop__mean_amount_7d"))
              .build();
      serve(features, card, shop, few, "served_late", Duration.ofMinutes(30));

      SkewReport report =
          SkewAudit.of(features, fraud).sample(10_000, 7).compare("served", FeatureLog.TIME);
      boolean clean = report.isClean();

      assertThat(clean).as(report.toString()).isTrue();
      assertThat(report.rows()).isEqualTo(600);
      SkewReport late =
          SkewAudit.of(features, few).examples(1).compare("served_late", FeatureLog.TIME);
      assertThat(late.isClean()).isFalse();
      assertShown(late.toString());
    }
  }

  /** Serves the payments of three days, of which it hears some time after they were booked. */
  private void serve(
      FeatureStore features,
      FeatureView card,
      FeatureView shop,
      FeatureService fraud,
      String table,
      Duration delay) {
    LocalDateTime start = LocalDateTime.parse("2024-05-12T00:00");
    List<Payment> asked =
        warehouse
            .sql("SELECT * EXCLUDE fraud FROM payments WHERE paid >= ? ORDER BY paid LIMIT 600")
            .bind(start)
            .list(Payment.class);
    List<Payment> booked =
        warehouse
            .sql("SELECT * EXCLUDE fraud FROM payments WHERE booked > ? ORDER BY booked, id")
            .bind(start)
            .list(Payment.class);
    try (OnlineStore online = OnlineStore.inMemory()) {
      online.materialize(features, start);
      try (FeatureLog log = FeatureLog.open(warehouse, table, fraud)) {
        int heard = 0;
        for (Payment payment : asked) {
          while (!booked.get(heard).booked().plus(delay).isAfter(payment.paid())) {
            Map<String, Object> event = booked.get(heard).event();
            online.push(card, event);
            if (!booked.get(heard).declined()) {
              online.push(shop, event);
            }
            heard++;
          }
          Map<String, Object> request = payment.request();
          FeatureVector vector = online.at(payment.paid()).get(fraud, request);
          log.add(request, vector);
        }
      }
    }
  }

  @Test
  void keepsDefinitionsAndSaysWhatAChangeBreaks() {
    FeatureView card = card();
    FeatureView shop = shop();
    FeatureService fraud = fraud();
    try (Registry registry = Registry.open(folder)) {
      FeatureCatalog catalog = FeatureCatalog.of(registry);
      Version definitions = catalog.register(fraud);
      Version model =
          registry.register(
              Registration.of(Kind.MODEL, "fraud")
                  .content("a model".getBytes(StandardCharsets.UTF_8))
                  .madeFrom(definitions));
      registry.promote("fraud", "champion", model);

      FeatureView changed = card.toBuilder().ttl(Duration.ofDays(7)).build();
      List<String> differences = FeatureCatalog.diff(catalog.view("card"), changed);
      FeatureImpact impact = catalog.impact(changed);
      FeatureImpact column = catalog.impact("payments", "amount");
      List<CatalogEntry> found = catalog.search("tag:pii owner:risk country");
      Lineage lineage = registry.lineage(model);

      assertThat(differences).containsExactly("time to live 30d → 7d");
      assertShown(impact.toString());
      assertThat(column.features())
          .extracting(feature -> feature.name() + ": " + feature.why())
          .contains("card__max_amount_7d: computed from it")
          .anyMatch(line -> line.startsWith("shop__mean_amount_7d: perhaps"));
      assertThat(column.models()).hasSize(1);
      assertThat(found).extracting(CatalogEntry::name).containsExactly("fraud");
      assertThat(lineage.toString()).contains("card:1", "shop:1", "fraud:1");
      assertThat(catalog.register(fraud)).isEqualTo(definitions);
      assertThat(catalog.service("fraud:1")).isEqualTo(fraud);
    }
  }

  /** The value of a column in the first row. */
  private static Object firstValue(TrainingSet set, String column) throws IOException {
    try (ArrowReader reader = set.reader(column)) {
      reader.loadNextBatch();
      return reader.getVectorSchemaRoot().getVector(0).getObject(0);
    }
  }

  private static List<String> names(TrainingSet set) {
    return set.schema().getFields().stream().map(Field::getName).toList();
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }

  /** The guide shows this, but for hashes. */
  private static void assertShown(String output) {
    try {
      List<String> lines = Files.readAllLines(GUIDE);
      assertThat(lines.stream().map(FeatureStoreGuideTest::masked).toList())
          .as("docs/feature-store.md shows%n%s", output)
          .containsSequence(
              output.stripTrailing().lines().map(FeatureStoreGuideTest::masked).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String masked(String line) {
    return line.replaceAll("\\([0-9a-f]{12}\\)", "(hash)").stripTrailing();
  }
}
