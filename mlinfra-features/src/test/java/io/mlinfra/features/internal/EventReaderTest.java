package io.mlinfra.features.internal;

import static io.mlinfra.features.view.Aggregate.countDistinct;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventReaderTest {
  private final Fixture fixture = new Fixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private FeaturePlan plan(FeatureView view) {
    return FeaturePlan.of(view, EventReader.schema(fixture.warehouse, view));
  }

  private static FeatureView.Builder routes() {
    return FeatureView.named("route")
        .from("flights")
        .entity("origin", "number")
        .eventTime("left")
        .knownAt("landed")
        .latest("delay", "minutes", "late", "tail")
        .window(Duration.ofDays(1), countDistinct("due"));
  }

  private void load(int rows) throws Exception {
    List<String> origins = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    List<Long> left = new ArrayList<>();
    List<Long> landed = new ArrayList<>();
    List<Double> delays = new ArrayList<>();
    List<Long> minutes = new ArrayList<>();
    List<Boolean> late = new ArrayList<>();
    List<String> tails = new ArrayList<>();
    List<Long> due = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      origins.add(i % 31 == 0 ? null : List.of("JFK", "LHR", "Zürich-Kloten", "").get(i % 4));
      numbers.add(i % 37 == 0 ? null : i % 7);
      left.add(i % 41 == 0 ? null : (long) (i * 7919 % rows));
      landed.add(i % 43 == 0 ? null : (long) (i * 7919 % rows) + i % 10);
      delays.add(i % 5 == 0 ? null : i % 5 == 1 ? Double.NaN : i / 10.0);
      minutes.add(i % 6 == 0 ? null : (long) -i);
      late.add(i % 7 == 0 ? null : i % 2 == 0);
      tails.add(i % 8 == 0 ? null : "N" + i % 100);
      due.add(i % 9 == 0 ? null : (long) i);
    }
    fixture.load(
        "flights",
        ArrowTable.text("origin", origins),
        ArrowTable.int32("number", numbers),
        ArrowTable.timestamp("left", left),
        ArrowTable.timestamp("landed", landed),
        ArrowTable.float64("delay", delays),
        ArrowTable.int64("minutes", minutes),
        ArrowTable.bool("late", late),
        ArrowTable.text("tail", tails),
        ArrowTable.timestamp("due", due));
  }

  /** Each event as the key and the values that it was read as. */
  private static List<String> texts(Events events) {
    List<String> texts = new ArrayList<>();
    for (int group = 0; group < events.groups(); group++) {
      for (int i = events.start(group); i < events.end(group); i++) {
        StringBuilder text = new StringBuilder(events.key(group).toString());
        text.append(' ').append(events.eventTimes()[i]).append(' ').append(events.knownTimes()[i]);
        for (int v = 0; v < events.plan().inputs().size(); v++) {
          ValueType type = events.plan().inputs().get(v).type();
          long cell = events.cells(v)[i];
          boolean time = type == ValueType.TIMESTAMP && !type.isMissing(cell);
          text.append(' ').append(time ? cell : type.value(cell, events.dictionary(v)));
        }
        texts.add(text.toString());
      }
    }
    return texts;
  }

  private List<String> expected(String and) {
    return fixture
        .warehouse
        .sql(
            "SELECT format('[{}, {}] {} {} ', origin, number, epoch_us(\"left\"), epoch_us(landed))"
                + " || coalesce(CASE WHEN NOT isnan(delay) THEN delay::VARCHAR END, 'null')"
                + " || ' ' || coalesce(minutes::VARCHAR, 'null')"
                + " || ' ' || coalesce(late::VARCHAR, 'null') || ' ' || coalesce(tail, 'null')"
                + " || ' ' || coalesce(epoch_us(due)::VARCHAR, 'null') FROM flights"
                + " WHERE origin IS NOT NULL AND number IS NOT NULL AND \"left\" IS NOT NULL"
                + " AND landed IS NOT NULL"
                + and)
        .list(String.class);
  }

  @Test
  void readsWhatTheTableHoldsAndPassesOverWhatHasNoKeyOrTime() throws Exception {
    load(5000);
    Events events = EventReader.read(fixture.warehouse, plan(routes().build()));
    assertThat(texts(events)).containsExactlyInAnyOrderElementsOf(expected(""));
    assertThat(events.groups()).isEqualTo(28);
    for (int group = 0; group < events.groups(); group++) {
      assertThat(events.isInOrder(events.start(group), events.end(group))).isTrue();
    }
    assertThat(EventReader.count(fixture.warehouse, events.plan())).isEqualTo(5000);
    assertThat(EventReader.bytesPerEvent(events.plan())).isBetween(50L, 100L);
  }

  @Test
  void readsWhatBecameVisibleBetweenTwoTimes() throws Exception {
    load(5000);
    Events events = EventReader.read(fixture.warehouse, plan(routes().build()), 1000L, 2000L);
    assertThat(texts(events))
        .isNotEmpty()
        .containsExactlyInAnyOrderElementsOf(
            expected(
                " AND greatest(\"left\", landed) > make_timestamp(1000)"
                    + " AND greatest(\"left\", landed) <= make_timestamp(2000)"));
  }

  @Test
  void eachEntityIsWholeInOneOfThePartitions() throws Exception {
    load(5000);
    List<String> all = new ArrayList<>();
    List<Object> entities = new ArrayList<>();
    for (int p = 0; p < 3; p++) {
      Events part = EventReader.readPartition(fixture.warehouse, plan(routes().build()), p, 3);
      all.addAll(texts(part));
      for (int group = 0; group < part.groups(); group++) {
        entities.add(part.key(group));
      }
    }
    assertThat(all).containsExactlyInAnyOrderElementsOf(expected(""));
    assertThat(entities).doesNotHaveDuplicates().hasSize(28);
  }

  @Test
  void findsTheGroupsOfRows() throws Exception {
    load(500);
    Events events = EventReader.read(fixture.warehouse, plan(routes().build()));
    try (VectorSchemaRoot rows =
        ArrowTable.batch(
            fixture.memory,
            ArrowTable.text("o", Arrays.asList("LHR", null, "LHR", "Zürich-Kloten", "XYZ")),
            ArrowTable.int64("n", Arrays.asList(3L, 3L, null, 6L, 3L)))) {
      assertThat(events.groups(rows.getFieldVectors(), 5))
          .containsExactly(
              events.group(List.of("LHR", 3L)),
              -1,
              -1,
              events.group(List.of("Zürich-Kloten", 6L)),
              -1);
    }
    assertThat(events.key(events.group(List.of("LHR", 3L)))).isEqualTo(List.of("LHR", 3L));
    assertThat(events.group(List.of("XYZ", 3L))).isEqualTo(-1);
  }

  @Test
  void theWholeNumberThatStandsForAMissingOneIsRefusedByName() throws Exception {
    fixture.load(
        "payments",
        ArrowTable.int64("card", List.of(1L)),
        ArrowTable.timestamp("paid", List.of(1L)),
        ArrowTable.int64("cents", List.of(Long.MIN_VALUE)));
    FeatureView view =
        FeatureView.named("card")
            .from("payments")
            .entity("card")
            .eventTime("paid")
            .latest("cents")
            .build();
    assertThatThrownBy(() -> EventReader.read(fixture.warehouse, plan(view)))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
        .hasMessageContaining("'card'")
        .hasMessageContaining("'cents'")
        .hasMessageContaining("-9223372036854775808");
  }
}
