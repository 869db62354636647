package io.mlinfra.features.offline;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FeatureStoreTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final String LABELS = "SELECT * FROM labels ORDER BY number";

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    fixture.warehouse.execute(
        "CREATE TABLE events AS SELECT * FROM (VALUES"
            + " ('a', TIMESTAMP '2020-01-01 10:00:00', TIMESTAMP '2020-01-01 10:30:00', 1.5, 'x'),"
            + " ('a', TIMESTAMP '2020-01-01 10:10:00', TIMESTAMP '2020-01-01 10:10:00', 2.5, 'y'),"
            + " ('b', TIMESTAMP '2020-01-01 09:00:00', TIMESTAMP '2020-01-01 09:00:00', NULL, 'z')"
            + ") AS v(who, happened, known, amount, note)");
    fixture.warehouse.execute(
        "CREATE TABLE labels AS SELECT * FROM (VALUES"
            + " (0, 'a', TIMESTAMP '2020-01-01 10:20:00'),"
            + " (1, 'a', TIMESTAMP '2020-01-01 10:30:00'),"
            + " (2, 'b', TIMESTAMP '2020-01-01 09:59:59.999999'),"
            + " (3, 'b', TIMESTAMP '2020-01-01 10:00:00'),"
            + " (4, NULL, TIMESTAMP '2020-01-01 10:00:00')"
            + ") AS v(number, who, asked)");
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    fixture.close();
  }

  private static FeatureView.Builder events() {
    return FeatureView.named("who").from("events").entity("who").eventTime("happened");
  }

  private static FeatureView view() {
    return events().knownAt("known").window(HOUR, count(), sum("amount"), mean("amount")).build();
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .message()
        .contains(words);
  }

  private void assertNotOpened(ErrorCode code, FeatureView view, String... words) {
    assertFails(code, () -> FeatureStore.open(fixture.warehouse, view), words);
  }

  private void assertRefused(ErrorCode code, String labels, String time, String... words) {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view())) {
      assertFails(code, () -> store.trainingSet(labels, time), words);
    }
  }

  @Test
  void givesEachRowWhatWasKnownAtItsTime() throws Exception {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set = store.trainingSet(LABELS, "asked");
        ArrowReader reader =
            set.reader("who__count_1h", "who__sum_amount_1h", "who__mean_amount_1h")) {
      assertThat(Fixture.rows(reader))
          .containsExactly(
              List.of(1L, 2.5, 2.5),
              List.of(2L, 4.0, 2.0),
              row(1L, null, null),
              row(0L, null, null),
              row(0L, null, null));
      assertThat(set).hasToString("TrainingSet[5 rows by asked, 6 columns]");
    }
  }

  private static List<Object> row(Object... values) {
    return java.util.Arrays.asList(values);
  }

  @Test
  void takesParametersCommentsAndASemicolon() throws Exception {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set =
            store.trainingSet(
                "SELECT * FROM labels WHERE number > ? AND coalesce(?, true) -- the later ones;\n ;",
                "ASKED",
                2,
                null)) {
      assertThat(set.rows()).isEqualTo(2);
    }
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set = store.trainingSet("SELECT * FROM labels -- all", "asked")) {
      assertThat(set.rows()).isEqualTo(5);
    }
  }

  @Test
  void keepsTheOrderOfLargeQueries() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE many AS SELECT hash(i) AS number, 'e' || i % 977 AS who,"
            + " make_timestamp((hash(i) % 1000000)::BIGINT) AS asked"
            + " FROM range(100000) r(i)");
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set =
            store.trainingSet("SELECT number::VARCHAR n, * FROM many ORDER BY n", "asked");
        ArrowReader reader = set.reader("n")) {
      List<List<Object>> rows = Fixture.rows(reader);
      assertThat(rows).hasSize(100_000);
      assertThat(rows.stream().map(row -> (String) row.get(0))).isSorted();
    }
  }

  @Test
  void worksWithoutEventsWithoutLabelsAndWithoutViews() throws Exception {
    fixture.warehouse.execute("DELETE FROM events");
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set = store.trainingSet(LABELS, "asked");
        TrainingSet none = store.trainingSet("SELECT * FROM labels WHERE false", "asked");
        TrainingSet values = store.valuesAt(view(), LocalDateTime.parse("2020-01-01T10:00"));
        ArrowReader counts = set.reader("who__count_1h");
        ArrowReader nothing = none.reader()) {
      assertThat(Fixture.rows(counts)).containsOnly(List.of(0L)).hasSize(5);
      assertThat(none.rows()).isZero();
      assertThat(Fixture.rows(nothing)).isEmpty();
      assertThat(values.rows()).isZero();
    }
    try (FeatureStore store = FeatureStore.open(fixture.warehouse);
        TrainingSet set = store.trainingSet(LABELS, "asked")) {
      assertThat(set.schema().getFields()).hasSize(3);
    }
  }

  @Test
  void takesAnEntityCalledAt() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE renamed AS SELECT who AS at, happened AS moment FROM events");
    FeatureView view =
        FeatureView.named("v")
            .from("renamed")
            .entity("at")
            .eventTime("moment")
            .window(HOUR, count())
            .build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view);
        TrainingSet values = store.valuesAt(view, LocalDateTime.parse("2020-01-01T10:00"));
        ArrowReader reader = values.reader("at", "v__count_1h")) {
      assertThat(values.timeColumn()).isEqualTo("time");
      assertThat(Fixture.rows(reader)).containsExactly(List.of("a", 1L), List.of("b", 0L));
    }
  }

  @Test
  void takesTheTextsOfEnumerations() throws Exception {
    fixture.warehouse.execute("CREATE TYPE names AS ENUM ('b', 'a')");
    fixture.warehouse.execute("ALTER TABLE labels ALTER who TYPE names");
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set = store.trainingSet(LABELS, "asked");
        ArrowReader reader = set.reader("who", "who__count_1h")) {
      assertThat(Fixture.rows(reader))
          .containsExactly(
              List.of("a", 1L),
              List.of("a", 2L),
              List.of("b", 1L),
              List.of("b", 0L),
              row(null, 0L));
    }
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        "SELECT *, [who] AS list FROM labels",
        "asked",
        "'list'",
        "text");
  }

  @Test
  void refusesWhatTheTableDoesNotHave() {
    assertNotOpened(
        ErrorCode.NAME_UNKNOWN,
        FeatureView.named("who")
            .from("nothing")
            .entity("a")
            .eventTime("b")
            .window(HOUR, count())
            .build(),
        "'nothing'",
        "events");
    String columns = "who, happened, known, amount, note";
    assertNotOpened(
        ErrorCode.NAME_UNKNOWN,
        events().entity("whom").window(HOUR, count()).build(),
        "'who'",
        "entity key column 'whom'",
        columns);
    assertNotOpened(
        ErrorCode.NAME_UNKNOWN,
        events().eventTime("when").window(HOUR, count()).build(),
        "'who'",
        "event time column 'when'",
        columns);
    assertNotOpened(
        ErrorCode.NAME_UNKNOWN,
        events().knownAt("later").window(HOUR, count()).build(),
        "'who'",
        "known-at column 'later'",
        columns);
    assertNotOpened(
        ErrorCode.NAME_UNKNOWN,
        events().window(HOUR, mean("price")).build(),
        "'who'",
        "column 'price'",
        columns);
  }

  @Test
  void refusesColumnsOfTheWrongType() {
    assertNotOpened(
        ErrorCode.DATA_UNSUITABLE,
        events().window(HOUR, mean("note")).build(),
        "'who'",
        "mean(\"note\")",
        "a text");
    assertNotOpened(
        ErrorCode.DATA_UNSUITABLE,
        events().eventTime("amount").window(HOUR, count()).build(),
        "'who'",
        "event time column 'amount'",
        "Decimal");
    fixture.warehouse.execute("ALTER TABLE events ALTER note TYPE ENUM ('x', 'y', 'z')");
    assertNotOpened(
        ErrorCode.DATA_UNSUITABLE,
        events().window(HOUR, sum("note")).build(),
        "sum(\"note\")",
        "a text");
  }

  @Test
  void refusesTwoViewsOfOneName() {
    assertThatThrownBy(() -> FeatureStore.open(fixture.warehouse, view(), view()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there are two feature views 'who'");
  }

  @Test
  void refusesRowsThatCannotAsk() {
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        "SELECT number, asked FROM labels",
        "asked",
        "'who'",
        "number, asked");
    assertRefused(ErrorCode.NAME_UNKNOWN, LABELS, "moment", "'moment'", "number, who, asked");
    assertRefused(ErrorCode.DATA_UNSUITABLE, LABELS, "number", "'number'", "not a time");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        "SELECT number, who, CASE WHEN number <> 3 THEN asked END AS asked FROM labels ORDER BY number",
        "asked",
        "row 3",
        "'asked'");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        "SELECT who, 'infinity'::TIMESTAMP AS asked FROM labels",
        "asked",
        "row 0",
        "'asked'");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        "SELECT 7.0::DOUBLE AS who, asked FROM labels",
        "asked",
        "'who'",
        "a text",
        "FloatingPoint");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        "SELECT *, 1 AS who__count_1h FROM labels",
        "asked",
        "'who__count_1h'",
        "feature");
  }

  @Test
  void refusesBadSql() {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse)) {
      assertThatThrownBy(() -> store.training(" ", "asked"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("labels must be SQL, is blank");
    }
    assertRefused(ErrorCode.QUERY_FAILED, ";", "asked", "the labels' query");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        "SELECT *, [union_value(a := 1)] AS either FROM labels",
        "asked",
        "'either'",
        "union");
    assertRefused(ErrorCode.QUERY_FAILED, "SELEC * FROM labels", "asked", "SELEC");
    assertRefused(ErrorCode.QUERY_FAILED, "SELECT nothing FROM labels", "asked", "nothing");
    assertRefused(ErrorCode.NAME_UNKNOWN, "SELECT * FROM label", "asked", "label");
    assertRefused(ErrorCode.QUERY_FAILED, "SELECT 1; DROP TABLE labels", "asked", "one");
    assertRefused(
        ErrorCode.QUERY_FAILED,
        "SELECT error('late') AS e, * FROM labels WHERE number >= 0",
        "asked",
        "late");
    assertThat(fixture.warehouse.tables()).contains("labels");
  }

  @Test
  void leavesNothingBehindWhereReadingOrAListenerFails() {
    fixture.warehouse.execute(
        "CREATE VIEW broken AS SELECT who, happened, CAST(note AS DOUBLE) AS amount FROM events");
    FeatureView view =
        FeatureView.named("v")
            .from("broken")
            .entity("who")
            .eventTime("happened")
            .window(HOUR, count(), mean("amount"))
            .build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view(), view)) {
      assertFails(
          ErrorCode.QUERY_FAILED, () -> store.trainingSet(LABELS, "asked"), "Could not convert");
    }
    Progress failing =
        (name, total, unit) ->
            units -> {
              if (name.startsWith("features")) {
                throw new IllegalStateException("listener");
              }
            };
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view())) {
      assertThatThrownBy(() -> store.training(LABELS, "asked").progress(failing).collect())
          .hasMessage("listener");
    }
  }

  @Test
  void tellsOfItsProgress() {
    Map<String, Long> told = new TreeMap<>();
    List<String> closed = new ArrayList<>();
    Progress progress =
        (name, total, unit) ->
            new Progress.Task() {
              @Override
              public void advance(long units) {
                told.merge(name + " of " + total + " " + unit, units, Long::sum);
              }

              @Override
              public void close() {
                closed.add(name);
              }
            };
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view());
        TrainingSet set = store.training(LABELS, "asked").progress(progress).collect()) {
      assertThat(set.rows()).isEqualTo(5);
    }
    assertThat(told)
        .isEqualTo(
            Map.of("reading labels of -1 rows", 5L, "features at each row's time of 5 rows", 5L));
    assertThat(closed).containsExactly("reading labels", "features at each row's time");
  }

  @Test
  void refusesAViewThatIsNotItsOwn() {
    FeatureView other = events().window(HOUR, count()).build();
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view())) {
      assertThatThrownBy(() -> store.valuesAt(other, LocalDateTime.now()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'who'");
      assertThatThrownBy(() -> store.valuesAt(view(), LocalDateTime.MAX))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1970");
    }
  }

  @Test
  void refusesToWorkOnceClosed() {
    FeatureStore store = FeatureStore.open(fixture.warehouse, view());
    store.close();
    store.close();
    assertThatThrownBy(() -> store.trainingSet(LABELS, "asked"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the feature store is closed");
    assertThatThrownBy(() -> store.valuesAt(view(), LocalDateTime.now()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the feature store is closed");
  }
}
