package io.mlinfra.features.offline;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.countDistinct;
import static io.mlinfra.features.view.Aggregate.last;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.min;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Derived.difference;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.ratio;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.view.Entity;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TrainingQueryTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final long LITTLE = 1 << 20;
  private static final String LABELS =
      "SELECT i AS number, 'c' || (i * 7919) % 997 AS card, (i * 31) % 13 AS shop,"
          + " TIMESTAMP '2020-01-01' + INTERVAL ((i * 7907) % 2600000) SECOND AS asked,"
          + " range(i % 4) AS list, {'a': i, 'b': 'x' || i} AS pair FROM range(?) r(i)";

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    // Many ties in every column of the order; late, missing and odd values.
    fixture.warehouse.execute(
        "CREATE TABLE events AS SELECT 'c' || (i * 7919) % 1009 AS card, (i * 31) % 13 AS shop,"
            + " TIMESTAMP '2020-01-01' + INTERVAL ((i * 104729) % 720) HOUR AS paid,"
            + " TIMESTAMP '2020-01-01' + INTERVAL ((i * 104729) % 720 + i % 3) HOUR AS booked,"
            + " i % 5 AS sequence,"
            + " CASE WHEN i % 11 > 0 THEN (i % 1000) / 8 END AS amount,"
            + " CASE WHEN i % 7 > 0 THEN 'é' || i % 50 END AS country,"
            + " CASE WHEN i % 6 > 0 THEN i % 4 = 0 END AS online,"
            + " CASE WHEN i % 9 > 0 THEN TIMESTAMP '2019-06-01' + INTERVAL (i % 400) HOUR END AS"
            + " opened FROM range(30000) r(i)");
    fixture.warehouse.execute(
        "CREATE TABLE few AS SELECT * FROM (VALUES"
            + " ('a', 1, TIMESTAMP '2020-01-01 10:00:00', 1.5),"
            + " ('a', 2, TIMESTAMP '2020-01-01 10:10:00', 2.5),"
            + " ('b', 1, TIMESTAMP '2020-01-01 09:00:00', 4.0)"
            + ") AS v(who, part, happened, amount)");
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    fixture.close();
  }

  private static FeatureView card() {
    return FeatureView.named("card")
        .from("events")
        .entity("card")
        .eventTime("paid")
        .knownAt("booked")
        .tieBreak("sequence")
        .ttl(Duration.ofDays(20))
        .latest("country", "online", "opened", "amount")
        .lag("country", 1)
        .sinceLast()
        .window(Duration.ofDays(7), count(), sum("amount"), max("opened"), last("country"))
        .window(DAY, mean("amount"), countDistinct("country"))
        .build();
  }

  private static FeatureView both() {
    return FeatureView.named("both")
        .from("events")
        .entity(Entity.of("pair", "card", "shop"))
        .eventTime("paid")
        .latest("country", "sequence")
        .window(Duration.ofDays(30), count(), sum("amount"))
        .build();
  }

  private static FeatureView shop() {
    return FeatureView.named("shop")
        .fromSql("SELECT shop, paid, amount, country FROM events WHERE amount > 1")
        .entity("shop")
        .eventTime("paid")
        .latest("country")
        .window(HOUR, sum("amount"))
        .build();
  }

  private FeatureStore store() {
    return FeatureStore.open(fixture.warehouse, card(), both(), shop());
  }

  private static FeatureView who() {
    return FeatureView.named("who")
        .from("few")
        .entity("who")
        .eventTime("happened")
        .latest("amount")
        .window(HOUR, count(), sum("amount"))
        .build();
  }

  private static List<List<Object>> rows(ArrowReader reader) throws IOException {
    try (reader) {
      return Fixture.rows(reader);
    }
  }

  private static List<Object> row(Object... values) {
    return Arrays.asList(values);
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .message()
        .contains(words);
  }

  private static TrainingQuery labels(FeatureStore store, int rows) {
    return store.training(LABELS, "asked").bind(rows).engine(Engine.KERNEL);
  }

  @Test
  void streamsWhatItCollectsInBatches() throws Exception {
    try (FeatureStore store = store();
        TrainingSet set = labels(store, 20_000).collect();
        ArrowReader stream = labels(store, 20_000).stream()) {
      assertThat(stream.getVectorSchemaRoot().getSchema()).isEqualTo(set.schema());
      List<Integer> sizes = new ArrayList<>();
      List<List<Object>> streamed = new ArrayList<>();
      while (stream.loadNextBatch()) {
        sizes.add(stream.getVectorSchemaRoot().getRowCount());
        streamed.addAll(values(stream.getVectorSchemaRoot()));
      }
      assertThat(sizes).containsExactly(8192, 8192, 3616);
      assertThat(stream.loadNextBatch()).isFalse();
      assertThat(streamed).isEqualTo(rows(set.reader()));
      assertThat(streamed.stream().map(each -> each.get(0)))
          .isEqualTo(IntStream.range(0, 20_000).mapToObj(i -> (Object) (long) i).toList());
      assertThat(streamed.get(7).subList(4, 6)).hasToString("[[0,1,2], {\"a\":7,\"b\":\"x7\"}]");
      // The data must try something: most features are there for many rows.
      for (int column = 6; column < set.schema().getFields().size(); column++) {
        int feature = column;
        assertThat(streamed.stream().filter(each -> each.get(feature) != null).count())
            .as(set.schema().getFields().get(column).getName())
            .isGreaterThan(400);
      }
    }
  }

  private static List<List<Object>> values(VectorSchemaRoot batch) {
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < batch.getRowCount(); i++) {
      List<Object> values = new ArrayList<>();
      for (FieldVector vector : batch.getFieldVectors()) {
        Object value = vector.getObject(i);
        values.add(vector instanceof VarCharVector && value != null ? value.toString() : value);
      }
      rows.add(values);
    }
    return rows;
  }

  @Test
  void givesTheSameInPartsWithLittleMemory() throws Exception {
    try (FeatureStore store = store();
        TrainingSet all = labels(store, 70_000).collect()) {
      TrainingQuery little = labels(store, 70_000).maxMemoryBytes(LITTLE);
      assertThat(little.explain())
          .containsPattern("view card\n    from events, 30,000 events in [2-9] parts")
          .containsPattern("view both\n    from events, 30,000 events in [2-9] parts");
      List<List<Object>> expected = rows(all.reader());
      try (TrainingSet parts = little.collect()) {
        assertThat(rows(parts.reader())).isEqualTo(expected);
      }
      // Between the two: some views stay in memory from chunk to chunk, others do not.
      assertThat(rows(labels(store, 70_000).maxMemoryBytes(9 * LITTLE).stream()))
          .isEqualTo(expected);
    }
  }

  @Test
  void readsTheEventsOfTheEntitiesThatAreAskedForOnly() throws Exception {
    String few = "SELECT * FROM (" + LABELS + ") WHERE number % 199 = 3";
    try (FeatureStore store = store();
        TrainingSet all = labels(store, 20_000).collect();
        TrainingSet some = store.training(few, "asked").bind(20_000).collect();
        TrainingSet little =
            store.training(few, "asked").bind(20_000).maxMemoryBytes(LITTLE).collect()) {
      List<List<Object>> expected =
          rows(all.reader()).stream().filter(each -> (long) each.get(0) % 199 == 3).toList();
      assertThat(rows(some.reader())).isEqualTo(expected).hasSize(101);
      assertThat(rows(little.reader())).isEqualTo(expected);
    }
  }

  @Test
  void givesTheSameWithTheDatabase() throws Exception {
    FeatureService service =
        FeatureService.named("s")
            .with(both(), "both__latest_country", "both__count_30d", "both__sum_amount_30d")
            .with(card(), "card__latest_online", "card__lag1_country", "card__max_opened_7d")
            .derive("mean", ratio("both__sum_amount_30d", "both__count_30d"))
            .derive("hour", hour("asked"))
            .build();
    try (FeatureStore store = store();
        TrainingSet kernel = labels(store, 20_000).service(service).collect();
        ArrowReader sql = labels(store, 20_000).service(service).engine(Engine.SQL).stream()) {
      assertThat(sql.getVectorSchemaRoot().getSchema()).isEqualTo(kernel.schema());
      // Eighths are added without rounding, so that the sums are equal too.
      assertThat(rows(sql)).isEqualTo(rows(kernel.reader()));
      assertThat(labels(store, 20_000).service(service).engine(Engine.SQL).explain())
          .contains("engine SQL, as it was asked for", "from events, 30,000 events\n", "SELECT");
    }
  }

  @Test
  void checksTheSameWithTheDatabase() throws Exception {
    String at = ", TIMESTAMP '2020-01-01' AS asked";
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who())) {
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () -> store.training("SELECT 7 AS who" + at, "asked").engine(Engine.SQL).collect(),
          "'who'",
          "a text");
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () ->
              store
                  .training("SELECT 'a' AS who, 1 AS who__count_1h" + at, "asked")
                  .engine(Engine.SQL)
                  .collect(),
          "'who__count_1h'",
          "feature");
      for (String time : List.of("NULL", "TIMESTAMP 'infinity'", "TIMESTAMP '-infinity'")) {
        String labels =
            "SELECT 'a' AS who, CASE WHEN i = 9000 THEN "
                + time
                + " ELSE TIMESTAMP '2020-01-01 10:15:00' END AS asked FROM range(9500) r(i)";
        assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> store.training(labels, "asked").engine(Engine.SQL).collect(),
            "row 9000",
            "'asked'");
      }
      String names =
          "SELECT unnest(['b', 'a', NULL]::ENUM ('b', 'a')[]) AS who,"
              + " TIMESTAMP '2020-01-01 10:15:00' AS asked";
      for (Engine engine : Engine.values()) {
        try (ArrowReader stream = store.training(names, "asked").engine(engine).stream()) {
          assertThat(Fixture.rows(stream).stream().map(each -> row(each.get(0), each.get(3))))
              .containsExactly(row("b", 0L), row("a", 2L), row(null, 0L));
        }
      }
    }
  }

  private void assertAllEnginesGive(
      FeatureView view, String labels, int columns, List<List<Object>> expected) throws Exception {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      for (Engine engine : Engine.values()) {
        List<List<Object>> rows = rows(store.training(labels, "asked").engine(engine).stream());
        assertThat(rows.stream().map(each -> each.subList(columns, each.size())).toList())
            .as("%s", engine)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void roundsNanosecondsDownAlsoBefore1970() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE fine AS SELECT 'a' AS who, i AS number, t AS happened, t AS value FROM (VALUES"
            + " (1, TIMESTAMP_NS '1969-12-31 23:59:59.999998500'),"
            + " (2, TIMESTAMP_NS '1969-12-31 23:59:59.999999999'),"
            + " (3, TIMESTAMP_NS '1970-01-01 00:00:00.000000999'),"
            + " (4, TIMESTAMP_NS 'infinity'), (5, TIMESTAMP_NS '-infinity')) AS v(i, t)");
    FeatureView view =
        FeatureView.named("fine")
            .from("fine")
            .entity("who")
            .eventTime("happened")
            .latest("number", "value")
            .sinceLast()
            .build();
    String labels =
        "SELECT 'a' AS who, unnest([TIMESTAMP_NS '1969-12-31 23:59:59.999998', TIMESTAMP_NS"
            + " '1969-12-31 23:59:59.999999', TIMESTAMP_NS '1970-01-01 00:00:00.000000001'])"
            + " AS asked";
    LocalDateTime zero = LocalDateTime.of(1970, 1, 1, 0, 0);
    assertAllEnginesGive(
        view,
        labels,
        2,
        List.of(
            row(1L, zero.minusNanos(2_000), 0.0),
            row(2L, zero.minusNanos(1_000), 0.0),
            row(3L, zero, 0.0)));
  }

  @Test
  void takesInstantsAtBothEndsOfTime() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE ends AS SELECT 'a' AS who, i AS number, make_timestamptz(us) AS at FROM"
            + " (VALUES (1, -9223372022000000000), (2, 9223372036854775805)) AS v(i, us)");
    FeatureView view =
        FeatureView.named("ends")
            .from("ends")
            .entity("who")
            .eventTime("at")
            .latest("number")
            .window(DAY, count())
            .build();
    String labels =
        "SELECT 'a' AS who, make_timestamptz(unnest([-9223372022000000001,"
            + " -9223372022000000000, 0, 9223372036854775806])) AS asked";
    assertAllEnginesGive(
        view, labels, 2, List.of(row(null, 0L), row(1L, 1L), row(1L, 0L), row(2L, 1L)));
  }

  @Test
  void ordersTheZerosAndKeepsTheirSigns() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE zeros AS SELECT who, make_timestamp(us) AS at, x::DOUBLE AS x FROM (VALUES"
            + " ('a', 1, '-0'), ('b', 1, '0'), ('b', 1, '-0'), ('c', 1, '-0'), ('c', 1, '0'),"
            + " ('d', 1, '-0'), ('d', 2, '3')) AS v(who, us, x)");
    FeatureView view =
        FeatureView.named("zeros")
            .from("zeros")
            .entity("who")
            .eventTime("at")
            .latest("x")
            .lag("x", 1)
            .window(DAY, min("x"), max("x"))
            .build();
    String labels =
        "SELECT unnest(['a', 'b', 'c', 'd']) AS who, TIMESTAMP '1970-01-01 12:00:00' AS asked";
    List<List<Object>> expected =
        List.of(
            row(-0.0, null, -0.0, -0.0),
            row(0.0, -0.0, -0.0, 0.0),
            row(0.0, -0.0, -0.0, 0.0),
            row(3.0, -0.0, -0.0, 3.0));
    assertAllEnginesGive(view, labels, 2, expected);
    assertAllEnginesGive(view.toBuilder().knownAt("at").build(), labels, 2, expected);
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      RowExplanation explained = store.training(labels, "asked").explain(1);
      assertThat(explained.toString()).contains("-0.0");
    }
  }

  @Test
  void refusesTheWholeNumberThatStandsForAMissingOneWithEveryEngine() {
    fixture.warehouse.execute(
        "CREATE TABLE least AS SELECT 'a' AS who, TIMESTAMP '2020-01-01' AS at,"
            + " (-9223372036854775808)::BIGINT AS x");
    FeatureView view =
        FeatureView.named("least").from("least").entity("who").eventTime("at").latest("x").build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      for (Engine engine : Engine.values()) {
        assertThatThrownBy(
                () ->
                    rows(
                        store
                            .training("SELECT 'a' AS who, TIMESTAMP '2020-01-02' AS asked", "asked")
                            .engine(engine)
                            .stream()))
            .isInstanceOf(MlInfraException.class)
            .hasMessageContaining("feature view 'least' reads column 'x', which holds -92233");
      }
    }
  }

  @Test
  void givesWhatAServiceAsksForInItsOrderAndThenWhatIsDerived() throws Exception {
    FeatureService service =
        FeatureService.named("fraud")
            .with(shop(), "shop__sum_amount_1h")
            .with(card(), "card__last_country_7d", "card__latest_amount")
            .derive("over", difference("card__latest_amount", "shop__sum_amount_1h"))
            .derive("twice", ratio("over", "number"))
            .derive("hour", hour("asked"))
            .build();
    try (FeatureStore store = store();
        TrainingSet all = labels(store, 1000).collect();
        TrainingSet set = labels(store, 1000).service(service).collect();
        FeatureStore own = FeatureStore.open(fixture.warehouse, service);
        ArrowReader stream = labels(own, 1000).stream()) {
      List<String> names = set.schema().getFields().stream().map(Field::getName).toList();
      assertThat(names.subList(6, names.size())).isEqualTo(service.names());
      assertThat(names.subList(0, 6))
          .containsExactly("number", "card", "shop", "asked", "list", "pair");
      String[] features = {"shop__sum_amount_1h", "card__latest_amount", "card__last_country_7d"};
      List<List<Object>> rows = rows(set.reader(features));
      assertThat(rows).isEqualTo(rows(all.reader(features)));
      List<List<Object>> derived = rows(set.reader("number", "asked", "over", "twice", "hour"));
      for (int i = 0; i < rows.size(); i++) {
        Double sum = (Double) rows.get(i).get(0);
        Double amount = (Double) rows.get(i).get(1);
        Double over = sum == null || amount == null ? null : amount - sum;
        Long number = (Long) derived.get(i).get(0);
        assertThat(derived.get(i).get(2)).isEqualTo(over);
        assertThat(derived.get(i).get(3))
            .isEqualTo(over == null || number == 0 ? null : over / number);
        LocalDateTime asked = (LocalDateTime) derived.get(i).get(1);
        assertThat(derived.get(i).get(4)).isEqualTo((long) asked.getHour());
      }
      assertThat(derived.stream().filter(each -> each.get(3) != null)).hasSizeGreaterThan(50);
      assertThat(rows(stream)).isEqualTo(rows(set.reader()));
    }
  }

  @Test
  void ordersTiesByAllColumnsOfTheViewWhateverAServiceTakes() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE ties AS SELECT * FROM (VALUES (1, TIMESTAMP '2020-01-01', 1, 'z'),"
            + " (1, TIMESTAMP '2020-01-01', 2, 'a')) AS v(id, happened, first, second)");
    FeatureView ties =
        FeatureView.named("t")
            .from("ties")
            .entity("id")
            .eventTime("happened")
            .latest("first", "second")
            .build();
    FeatureService second = FeatureService.named("s").with(ties, "t__latest_second").build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, ties);
        ArrowReader stream =
            store
                .training("SELECT 1 AS id, TIMESTAMP '2020-01-02' AS at", "at")
                .service(second)
                .stream()) {
      assertThat(Fixture.rows(stream))
          .containsExactly(row(1, LocalDateTime.parse("2020-01-02T00:00"), "a"));
    }
  }

  @Test
  void refusesAServiceOverOtherViews() {
    FeatureView other =
        FeatureView.named("shop")
            .from("events")
            .entity("shop")
            .eventTime("paid")
            .window(HOUR, count())
            .build();
    FeatureService service = FeatureService.named("s").with(other).build();
    try (FeatureStore store = store()) {
      assertThatThrownBy(() -> store.training(LABELS, "asked").service(service))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "feature view 'shop' is not in FeatureStore[both, card, shop] as it is defined"
                  + " there");
    }
  }

  @Test
  void refusesToDeriveFromWhatIsNotThereOrOfAnotherType() {
    FeatureService unknown =
        FeatureService.named("s").with(who()).derive("d", hour("nothing")).build();
    FeatureService wrong = FeatureService.named("s").with(who()).derive("d", hour("who")).build();
    FeatureService taken =
        FeatureService.named("s").with(who()).derive("Asked", hour("asked")).build();
    FeatureService unselected =
        FeatureService.named("s")
            .with(who(), "who__count_1h")
            .derive("d", ratio("who__sum_amount_1h", "who__count_1h"))
            .build();
    String labels = "SELECT 'a' AS who, TIMESTAMP '2020-01-01' AS asked";
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who())) {
      TrainingQuery query = store.training(labels, "asked");
      assertFails(ErrorCode.NAME_UNKNOWN, query.service(unknown)::collect, "'d'", "'nothing'");
      assertFails(ErrorCode.DATA_UNSUITABLE, query.service(wrong)::stream, "'d'", "'who'", "text");
      assertFails(ErrorCode.DATA_UNSUITABLE, query.service(taken)::explain, "'asked'", "feature");
      assertFails(
          ErrorCode.NAME_UNKNOWN, query.service(unselected)::collect, "'who__sum_amount_1h'");
    }
  }

  @Test
  void takesRowsFromArrowAsFromSql() throws Exception {
    try (FeatureStore store = store();
        TrainingSet expected = labels(store, 20_000).collect();
        ArrowReader rows = fixture.warehouse.query(LABELS, 20_000)) {
      TrainingQuery query = store.training(rows, "asked");
      assertThat(query.explain()).contains("engine KERNEL, the faster one");
      try (TrainingSet set = query.collect()) {
        assertThat(set.schema()).isEqualTo(expected.schema());
        assertThat(rows(set.reader())).isEqualTo(rows(expected.reader()));
      }
      assertThatThrownBy(query::collect)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("runs once");
      // Borrowed: still open, at its end.
      assertThat(rows.loadNextBatch()).isFalse();
    }
  }

  @Test
  void refusesSqlAndParametersForRowsFromArrow() throws Exception {
    try (FeatureStore store = store();
        ArrowReader rows = fixture.warehouse.query(LABELS, 1)) {
      TrainingQuery query = store.training(rows, "asked");
      assertThatThrownBy(() -> query.engine(Engine.SQL))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("SQL", "Arrow stream", "KERNEL");
      assertThatThrownBy(() -> query.bind(1, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("parameters (2)");
      assertThatThrownBy(() -> query.maxMemoryBytes(LITTLE - 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("maxMemoryBytes (1048575) must be >= 1048576");
    }
  }

  @Test
  void takesNarrowKeysAndTimesOfEveryUnitFromArrow() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE edges AS SELECT 7::BIGINT AS id, make_timestamp(t) AS at, t AS tick"
            + " FROM (VALUES (-2), (-1), (0), (1000), (1000000)) v(t)");
    FeatureView view =
        FeatureView.named("e").from("edges").entity("id").eventTime("at").latest("tick").build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      assertThat(latest(store, TimeUnit.NANOSECOND, -1001L, -1000L, -1L, 0L, 999L, 1_000_000L))
          .containsExactly(-2L, -1L, -1L, 0L, 0L, 1000L);
      assertThat(latest(store, TimeUnit.MICROSECOND, -3L, -2L, 999L, 1000L))
          .containsExactly(null, -2L, 0L, 1000L);
      assertThat(latest(store, TimeUnit.MILLISECOND, -1L, 0L, 1L, 1000L))
          .containsExactly(null, 0L, 1000L, 1_000_000L);
      assertThat(latest(store, TimeUnit.SECOND, -1L, 0L, 1L)).containsExactly(null, 0L, 1_000_000L);
      for (ArrowType whole :
          List.of(
              new ArrowType.Int(8, true),
              new ArrowType.Int(16, true),
              new ArrowType.Int(8, false),
              new ArrowType.Int(16, false),
              new ArrowType.Int(32, false))) {
        try (ArrowReader rows =
                ArrowTable.reader(
                    fixture.memory,
                    2,
                    ArrowTable.column("id", whole, Arrays.asList(7, null, 8)),
                    ArrowTable.timestamp("asked", List.of(0L, 0L, 0L)));
            ArrowReader stream = store.training(rows, "asked").stream()) {
          assertThat(Fixture.rows(stream).stream().map(each -> each.get(2)))
              .containsExactly(0L, null, null);
        }
      }
    }
  }

  private List<Object> latest(FeatureStore store, TimeUnit unit, Long... times) throws IOException {
    ArrowType type = new ArrowType.Timestamp(unit, null);
    try (ArrowReader rows =
            ArrowTable.reader(
                fixture.memory,
                10,
                ArrowTable.int32("id", Arrays.stream(times).map(each -> 7).toList()),
                ArrowTable.column("asked", type, List.of(times)));
        ArrowReader stream = store.training(rows, "asked").stream()) {
      assertThat(stream.getVectorSchemaRoot().getSchema().findField("asked").getType())
          .isEqualTo(type);
      return Fixture.rows(stream).stream().map(each -> each.get(2)).toList();
    }
  }

  @Test
  void refusesTimesOutOfRange() throws Exception {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who())) {
      for (ArrowType type :
          List.of(
              new ArrowType.Timestamp(TimeUnit.SECOND, null),
              new ArrowType.Timestamp(TimeUnit.MILLISECOND, null))) {
        for (long far : List.of(Long.MAX_VALUE, -Long.MAX_VALUE, 1L << 62, -1L << 62)) {
          try (ArrowReader rows =
              ArrowTable.reader(
                  fixture.memory,
                  1,
                  ArrowTable.text("who", List.of("a", "a")),
                  ArrowTable.column("asked", type, List.of(0L, far)))) {
            assertFails(
                ErrorCode.DATA_UNSUITABLE,
                () -> store.training(rows, "asked").collect(),
                "row 1",
                "'asked'");
          }
        }
      }
      assertFails(
          ErrorCode.DATA_UNSUITABLE,
          () -> store.trainingSet("SELECT 'a' AS who, DATE '-infinity' AS asked", "asked"),
          "row 0",
          "'asked'");
    }
  }

  @Test
  void takesEmptyBatchesAndMemoryOfAnotherRoot() throws Exception {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who());
        RootAllocator other = new RootAllocator();
        ArrowReader rows =
            ArrowTable.reader(
                other,
                3,
                ArrowTable.text("who", List.of("a", "b", "a", "nobody")),
                ArrowTable.timestamp("asked", Collections.nCopies(4, 1_577_873_700_000_000L)));
        ArrowReader stream = store.training(new Gaps(rows, other), "asked").stream()) {
      assertThat(Fixture.rows(stream).stream().map(each -> each.get(3)))
          .containsExactly(2L, 0L, 2L, 0L);
    }
  }

  /** A stream with a batch without rows before each of another's. */
  private static final class Gaps extends ArrowReader {
    private final ArrowReader of;
    private boolean gap;

    Gaps(ArrowReader of, BufferAllocator allocator) {
      super(allocator);
      this.of = of;
    }

    @Override
    public VectorSchemaRoot getVectorSchemaRoot() throws IOException {
      return of.getVectorSchemaRoot();
    }

    @Override
    public boolean loadNextBatch() throws IOException {
      gap = !gap;
      if (gap) {
        of.getVectorSchemaRoot().setRowCount(0);
        return true;
      }
      return of.loadNextBatch();
    }

    @Override
    protected Schema readSchema() throws IOException {
      return of.getVectorSchemaRoot().getSchema();
    }

    @Override
    public long bytesRead() {
      return 0;
    }

    @Override
    protected void closeReadSource() {}
  }

  @Test
  void takesEnumerationsFromArrow() throws Exception {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who());
        ArrowReader rows = encoded();
        ArrowReader stream = store.training(rows, "asked").stream()) {
      assertThat(stream.getVectorSchemaRoot().getSchema().findField("who"))
          .isEqualTo(Field.nullable("who", new ArrowType.Utf8()));
      assertThat(Fixture.rows(stream).stream().map(each -> row(each.get(0), each.get(3))))
          .containsExactly(row("b", 0L), row("a", 2L), row(null, 0L), row("nobody", 0L));
    }
  }

  /** Dictionary-encoded names at a quarter past ten. */
  private ArrowReader encoded() throws IOException {
    DictionaryEncoding encoding = new DictionaryEncoding(5, false, new ArrowType.Int(8, true));
    try (VectorSchemaRoot names =
            ArrowTable.batch(fixture.memory, ArrowTable.text("n", List.of("a", "nobody", "b")));
        TinyIntVector numbers =
            new TinyIntVector(
                "who", new FieldType(true, new ArrowType.Int(8, true), encoding), fixture.memory);
        VectorSchemaRoot times =
            ArrowTable.batch(
                fixture.memory,
                ArrowTable.timestamp("asked", Collections.nCopies(4, 1_577_873_700_000_000L)))) {
      numbers.allocateNew(4);
      numbers.set(0, 2);
      numbers.set(1, 0);
      numbers.setNull(2);
      numbers.set(3, 1);
      numbers.setValueCount(4);
      VectorSchemaRoot batch =
          new VectorSchemaRoot(List.<FieldVector>of(numbers, times.getVector(0)));
      batch.setRowCount(4);
      DictionaryProvider provider =
          new DictionaryProvider.MapDictionaryProvider(
              new Dictionary(names.getVector(0), encoding));
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ArrowStreamWriter writer = new ArrowStreamWriter(batch, provider, bytes)) {
        writer.writeBatch();
      }
      return new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), fixture.memory);
    }
  }

  @Test
  void comparesInstantsOverAChangeOfTheClocks() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE zoned AS SELECT 1 AS id, t AS at, t::VARCHAR AS text FROM (VALUES"
            + " (TIMESTAMPTZ '2021-10-31 02:30:00+02'), (TIMESTAMPTZ '2021-10-31 02:30:00+01'))"
            + " v(t)");
    FeatureView view =
        FeatureView.named("z")
            .from("zoned")
            .entity("id")
            .eventTime("at")
            .window(HOUR, count())
            .sinceLast()
            .build();
    // Both are half past two in Berlin, an hour apart.
    List<Long> asked =
        IntStream.rangeClosed(-1, 8)
            .mapToObj(
                quarter ->
                    ZonedDateTime.of(2021, 10, 31, 0, 30, 0, 0, ZoneOffset.UTC)
                            .plusMinutes(15L * quarter)
                            .toEpochSecond()
                        * 1_000_000)
            .toList();
    List<List<Object>> expected =
        List.of(
            row(0L, null),
            row(1L, 0.0),
            row(1L, 900.0),
            row(1L, 1800.0),
            row(1L, 2700.0),
            row(1L, 0.0),
            row(1L, 900.0),
            row(1L, 1800.0),
            row(1L, 2700.0),
            row(0L, 3600.0));
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      for (String zone : List.of("UTC", "Europe/Berlin", "America/New_York")) {
        ArrowType type = new ArrowType.Timestamp(TimeUnit.MICROSECOND, zone);
        try (ArrowReader rows =
                ArrowTable.reader(
                    fixture.memory,
                    3,
                    ArrowTable.int32("id", asked.stream().map(each -> 1).toList()),
                    ArrowTable.column("asked", type, asked));
            ArrowReader stream = store.training(rows, "asked").stream()) {
          assertThat(Fixture.rows(stream).stream().map(each -> each.subList(2, 4)))
              .isEqualTo(expected);
        }
      }
      String local =
          "SELECT 1 AS id, (TIMESTAMP '2021-10-31 02:15:00' + INTERVAL (15 * i) MINUTE)"
              + " AT TIME ZONE 'Europe/Berlin' AS asked FROM range(6) r(i) ORDER BY i";
      try (TrainingSet set = store.trainingSet(local, "asked");
          ArrowReader reader = set.reader("z__since_last")) {
        // A clock's time that comes twice is the second one to the database, as in PostgreSQL.
        assertThat(Fixture.rows(reader).stream().map(each -> each.get(0)))
            .containsExactly(2700.0, 0.0, 900.0, 1800.0, 2700.0, 3600.0);
      }
    }
  }

  @Test
  void givesNothingToRowsThatLackAPartOfTheirKey() throws Exception {
    FeatureView view =
        FeatureView.named("v")
            .from("few")
            .entity(Entity.of("pair", "who", "part"))
            .eventTime("happened")
            .latest("amount")
            .window(HOUR, count())
            .build();
    String labels =
        "SELECT *, TIMESTAMP '2020-01-01 10:20:00' AS asked FROM (VALUES"
            + " ('a', 2), ('a', NULL), (NULL, 2), ('a', 3), ('b', 1)) v(who, part)";
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view);
        TrainingSet set = store.trainingSet(labels, "asked");
        ArrowReader reader = set.reader("v__latest_amount", "v__count_1h")) {
      assertThat(Fixture.rows(reader))
          .containsExactly(row(2.5, 1L), row(null, 0L), row(null, 0L), row(null, 0L), row(4.0, 0L));
    }
  }

  @Test
  void seesAnEventThatWasKnownBeforeItHappenedWhenItHappens() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE planned AS SELECT 1 AS id, TIMESTAMP '2020-01-02' AS happens,"
            + " TIMESTAMP '2020-01-01' AS known");
    FeatureView view =
        FeatureView.named("p")
            .from("planned")
            .entity("id")
            .eventTime("happens")
            .knownAt("known")
            .window(HOUR, count())
            .build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view);
        TrainingSet set =
            store.trainingSet(
                "SELECT 1 AS id, unnest([TIMESTAMP '2020-01-01 12:00:00',"
                    + " TIMESTAMP '2020-01-01 23:59:59.999999', TIMESTAMP '2020-01-02']) AS asked",
                "asked");
        ArrowReader reader = set.reader("p__count_1h")) {
      assertThat(Fixture.rows(reader)).containsExactly(row(0L), row(0L), row(1L));
    }
  }

  @Test
  void takesDatesForTimes() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE days AS SELECT 1 AS id, DATE '2020-01-01' + i::INTEGER AS day, i AS number"
            + " FROM range(5) r(i)");
    FeatureView view =
        FeatureView.named("d")
            .from("days")
            .entity("id")
            .eventTime("day")
            .latest("number")
            .window(Duration.ofDays(2), count())
            .build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view);
        TrainingSet set =
            store.trainingSet(
                "SELECT 1::TINYINT AS id, DATE '2019-12-31' + i::INTEGER AS asked"
                    + " FROM range(5) r(i) ORDER BY i",
                "asked");
        ArrowReader reader = set.reader("d__latest_number", "d__count_2d")) {
      assertThat(Fixture.rows(reader))
          .containsExactly(row(null, 0L), row(0L, 1L), row(1L, 2L), row(2L, 2L), row(3L, 2L));
      assertThat(
              rows(store.training("SELECT 1 AS id, DATE '2020-01-03' AS asked", "asked").stream()))
          .hasSize(1);
    }
  }

  @Test
  void refusesTimesWithAndWithoutAZoneTogether() {
    fixture.warehouse.execute(
        "CREATE TABLE mixed AS SELECT 1 AS id, TIMESTAMP '2020-01-01' AS plain,"
            + " TIMESTAMPTZ '2020-01-01 00:00:00+00' AS zoned");
    FeatureView.Builder view =
        FeatureView.named("m").from("mixed").entity("id").window(HOUR, count());
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            FeatureStore.open(fixture.warehouse, view.eventTime("plain").knownAt("zoned").build()),
        "'m'",
        "'zoned'",
        "'plain'",
        "AT TIME ZONE");
    FeatureView zoned =
        FeatureView.named("m")
            .from("mixed")
            .entity("id")
            .eventTime("zoned")
            .window(HOUR, count())
            .build();
    for (String time : List.of("plain", "plain::DATE")) {
      try (FeatureStore store = FeatureStore.open(fixture.warehouse, zoned)) {
        assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> store.trainingSet("SELECT id, " + time + " AS asked FROM mixed", "asked"),
            "'m'",
            "'asked'",
            "AT TIME ZONE");
      }
    }
  }

  @Test
  void refusesKeysOfAnotherType() {
    fixture.warehouse.execute(
        "CREATE TABLE numbered AS SELECT 7::INTEGER AS id, TIMESTAMP '2020-01-01' AS at");
    FeatureView view =
        FeatureView.named("n")
            .from("numbered")
            .entity("id")
            .eventTime("at")
            .window(HOUR, count())
            .build();
    String at = ", TIMESTAMP '2020-01-01' AS asked";
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view)) {
      for (String id : List.of("'7'", "7.0::DOUBLE", "7::UBIGINT", "7::HUGEINT", "[7]", "true")) {
        assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> store.trainingSet("SELECT " + id + " AS id" + at, "asked"),
            "'n'",
            "'id'",
            "a whole number",
            "cast it");
      }
      for (String id : List.of("7", "7::TINYINT", "7::BIGINT", "7::UINTEGER")) {
        try (TrainingSet set = store.trainingSet("SELECT " + id + " AS ID" + at, "ASKED")) {
          assertThat(rows(set.reader("n__count_1h"))).containsExactly(row(1L));
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  @Test
  void refusesOneFeatureInTwoViews() {
    FeatureView one =
        FeatureView.named("a")
            .from("few")
            .entity("who")
            .eventTime("happened")
            .window(HOUR, count().named("b__x"))
            .build();
    FeatureView other =
        FeatureView.named("a__b")
            .from("few")
            .entity("who")
            .eventTime("happened")
            .window(HOUR, count().named("x"))
            .build();
    assertThatThrownBy(() -> FeatureStore.open(fixture.warehouse, one, other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("feature 'a__b__x_1h' is both in view 'a' and in view 'a__b'");
  }

  @Test
  void namesTheViewWhoseSourceFails() {
    FeatureView unknown =
        FeatureView.named("u").from("nothing").entity("a").eventTime("b").latest("c").build();
    assertFails(
        ErrorCode.NAME_UNKNOWN,
        () -> FeatureStore.open(fixture.warehouse, unknown),
        "'u'",
        "'nothing'");
    FeatureView bad =
        FeatureView.named("q").fromSql("SELEC 1").entity("a").eventTime("b").latest("c").build();
    assertFails(
        ErrorCode.QUERY_FAILED, () -> FeatureStore.open(fixture.warehouse, bad), "'q'", "SELEC");
    FeatureView late =
        FeatureView.named("l")
            .fromSql("SELECT who, happened, CAST(who AS DOUBLE) AS amount FROM few")
            .entity("who")
            .eventTime("happened")
            .latest("amount")
            .build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who(), late)) {
      TrainingQuery query =
          store.training("SELECT 'a' AS who, TIMESTAMP '2020-01-01' AS asked", "asked");
      assertFails(ErrorCode.QUERY_FAILED, query::collect, "'l'", "Could not convert");
      assertFails(ErrorCode.QUERY_FAILED, () -> rows(query.stream()), "'l'");
    }
  }

  @Test
  void freesAStreamThatIsClosedEarlyOrFails() throws Exception {
    String fails =
        "SELECT *, CASE WHEN number >= 100000 THEN error('late') END AS e FROM (" + LABELS + ")";
    try (FeatureStore store = store()) {
      ArrowReader untouched = labels(store, 10).stream();
      untouched.close();
      untouched.close();
      ArrowReader started = labels(store, 200_000).maxMemoryBytes(LITTLE).stream();
      assertThat(started.loadNextBatch()).isTrue();
      started.close();
      assertThatThrownBy(started::loadNextBatch)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the training stream is closed");
      try (ArrowReader failing =
          store.training(fails, "asked").bind(120_000).maxMemoryBytes(LITTLE).stream()) {
        int[] rows = new int[1];
        assertFails(
            ErrorCode.QUERY_FAILED,
            () -> {
              while (failing.loadNextBatch()) {
                rows[0] += failing.getVectorSchemaRoot().getRowCount();
              }
            },
            "late");
        // The first chunk was answered before.
        assertThat(rows[0]).isEqualTo(1 << 16);
        assertThatThrownBy(failing::loadNextBatch)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("the training stream has failed; start another");
      }
    }
  }

  @Test
  void namesTheRowWithoutATimeHoweverLateItComes() throws Exception {
    String labels =
        "SELECT * REPLACE (CASE WHEN number <> 70001 THEN asked END AS asked) FROM ("
            + LABELS
            + ")";
    try (FeatureStore store = store();
        ArrowReader stream =
            store.training(labels, "asked").bind(80_000).maxMemoryBytes(LITTLE).stream()) {
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> Fixture.rows(stream), "row 70001", "'asked'");
    }
  }

  @Test
  void isNotClosedBeforeItsSetsAndStreams() throws Exception {
    FeatureStore store = store();
    TrainingSet set = labels(store, 10).collect();
    ArrowReader stream = labels(store, 10).stream();
    assertThatThrownBy(store::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the feature store has 2 training sets or streams open; close them first");
    // What is open works on; nothing new is opened.
    assertThat(stream.loadNextBatch()).isTrue();
    assertThat(rows(set.reader())).hasSize(10);
    TrainingQuery query = labels(store, 10);
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(query::collect, query::stream, query::explain)) {
      assertThatThrownBy(call)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the feature store is closed");
    }
    set.close();
    stream.close();
    store.close();
    store.close();
  }

  @Test
  void explainsItself() {
    FeatureService service =
        FeatureService.named("s")
            .with(who(), "who__count_1h")
            .derive("hour", hour("asked"))
            .build();
    String labels = "SELECT 'a' AS who, TIMESTAMP '2020-01-01' AS asked";
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, who())) {
      TrainingQuery query = store.training(labels, "asked").service(service).engine(Engine.KERNEL);
      assertThat(query.explain())
          .isEqualTo(
              """
              training query at "asked"
                engine KERNEL, as it was asked for
                rows of SELECT 'a' AS who, TIMESTAMP '2020-01-01' AS asked
                view who
                  from few, 3 events in 1 part
                  entity "who" keys "who"
                  features who__count_1h
                derived hour = hour("asked")
              """);
      assertThat(query)
          .hasToString("TrainingQuery[" + labels + " at \"asked\", 2 features of 1 views, KERNEL]");
      assertThat(query.engine(Engine.AUTO).explain()).contains("engine KERNEL, the faster one\n");
    }
  }

  @Test
  void runsSeveralTimes() throws Exception {
    try (FeatureStore store = store()) {
      TrainingQuery query = labels(store, 100).progress(Progress.NONE);
      try (TrainingSet one = query.collect();
          TrainingSet other = query.bind(50).collect()) {
        assertThat(rows(other.reader())).isEqualTo(rows(one.reader()).subList(0, 50));
      }
    }
  }
}
