package io.mlinfra.features.offline;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.min;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Aggregate.variance;
import static io.mlinfra.features.view.Condition.equal;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SqlJoinTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final String LABELS = "SELECT * FROM labels ORDER BY number";

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    fixture.warehouse.execute(
        "CREATE TABLE events AS SELECT * FROM (VALUES"
            + " ('a', 1, TIMESTAMP '2020-01-01 10:00:00', 1.5::DOUBLE, 'x'),"
            + " ('a', 2, TIMESTAMP '2020-01-01 10:10:00', 2.5::DOUBLE, 'it''s'),"
            + " ('a', 2, TIMESTAMP '2020-01-01 10:10:00', NULL, 'nul' || chr(0) || 'l'),"
            + " ('b', 1, TIMESTAMP '2020-01-01 09:00:00', 0, 'z'),"
            + " ('b', 1, TIMESTAMP '2020-01-01 09:30:00', '-0'::DOUBLE, 'z')"
            + ") AS v(who, part, happened, amount, note)");
    fixture.warehouse.execute(
        "CREATE TABLE labels AS SELECT * FROM (VALUES"
            + " (0, 'a', 2, TIMESTAMP '2020-01-01 10:20:00'),"
            + " (1, 'a', 1, TIMESTAMP '2020-01-01 11:00:00'),"
            + " (2, 'b', 1, TIMESTAMP '2020-01-01 09:59:59.999999'),"
            + " (3, NULL, 1, TIMESTAMP '2020-01-01 10:00:00')"
            + ") AS v(number, who, part, asked)");
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    fixture.close();
  }

  private static FeatureView.Builder view(String name, String... keys) {
    return FeatureView.named(name).from("events").entity(keys).eventTime("happened");
  }

  private FeaturePlan plan(FeatureView.Builder view) {
    FeatureView built = view.build();
    return FeaturePlan.of(built, EventReader.schema(fixture.warehouse, built));
  }

  private List<List<Object>> answers(String labels, String time, FeaturePlan... plans)
      throws Exception {
    try (ArrowReader reader = SqlJoin.open(fixture.warehouse, List.of(plans), labels, time)) {
      return Fixture.rows(reader);
    }
  }

  /** Of each row what stands in the last columns. */
  private List<List<Object>> features(int columns, FeaturePlan... plans) throws Exception {
    return answers(LABELS, "asked", plans).stream()
        .map(row -> row.subList(row.size() - columns, row.size()))
        .toList();
  }

  private static List<Object> row(Object... values) {
    return Arrays.asList(values);
  }

  @Test
  void answersFromSeveralViewsByOneAndByTwoKeys() throws Exception {
    FeaturePlan who =
        plan(view("who", "who").latest("amount").window(HOUR, count(), sum("amount")));
    FeaturePlan both = plan(view("both", "who", "part").window(HOUR, sum("amount")).sinceLast());
    assertThat(features(5, who, both))
        .containsExactly(
            row(2.5, 3L, 4.0, 2.5, 600.0),
            row(2.5, 2L, 2.5, null, 3600.0),
            row(-0.0, 2L, 0.0, 0.0, 1799.999999),
            row(null, 0L, null, null, null));
  }

  @Test
  void keepsTheLabelsAndGivesTheTypesOfTheFeatures() throws Exception {
    fixture.warehouse.execute("CREATE TYPE colour AS ENUM ('red', 'blue')");
    FeaturePlan plan =
        plan(view("who", "who").latest("amount", "happened", "note").window(HOUR, count()));
    String labels = "SELECT *, 'red'::colour AS colour, [number] AS list FROM (" + LABELS + ")";
    try (ArrowReader reader =
        SqlJoin.open(fixture.warehouse, List.of(plan), labels + " WHERE number > ?;", "ASKED", 1)) {
      List<Field> fields = reader.getVectorSchemaRoot().getSchema().getFields();
      assertThat(fields.stream().map(Field::getName).limit(6))
          .containsExactly("number", "who", "part", "asked", "colour", "list");
      for (int f = 0; f < plan.features().size(); f++) {
        Field expected = FeatureColumn.field(plan.features().get(f));
        assertThat(fields.get(6 + f).getName()).isEqualTo(expected.getName());
        assertThat(fields.get(6 + f).getType()).isEqualTo(expected.getType());
      }
      List<List<Object>> rows = Fixture.rows(reader);
      assertThat(rows).extracting(row -> row.get(0)).containsExactly(2, 3);
      assertThat(rows).extracting(row -> row.get(4)).containsExactly("red", "red");
    }
  }

  @Test
  void keepsTheOrderOfLargeQueries() throws Exception {
    fixture.warehouse.execute(
        "CREATE TABLE many AS SELECT hash(i)::VARCHAR AS number, 'e' || i % 977 AS who,"
            + " make_timestamp((hash(i) % 1000000)::BIGINT) AS asked FROM range(100000) r(i)");
    List<List<Object>> rows =
        answers("FROM many ORDER BY number", "asked", plan(view("who", "who").latest("amount")));
    assertThat(rows).hasSize(100_000);
    assertThat(rows.stream().map(row -> (String) row.get(0))).isSorted();
  }

  @Test
  void findsTextsWithQuotesAndNulAndRunsNothingInThem() throws Exception {
    FeaturePlan plan =
        plan(
            view("who", "who")
                .window(
                    HOUR,
                    count().where(equal("note", "it's")).named("quote"),
                    count().where(equal("note", "nul\0l")).named("nul"),
                    count().where(equal("note", "'); DROP TABLE events; --?")).named("drop")));
    assertThat(features(3, plan).get(0)).containsExactly(1L, 1L, 0L);
    assertThat(fixture.warehouse.rows("events")).isEqualTo(5);
  }

  @Test
  void readsTablesThatAreCalledAsItsOwn() throws Exception {
    fixture.warehouse.execute("CREATE TABLE join_l AS FROM events");
    fixture.warehouse.execute("CREATE TABLE join_e0 AS FROM labels");
    FeaturePlan plan =
        plan(
            FeatureView.named("v")
                .from("join_l")
                .entity("who")
                .eventTime("happened")
                .window(HOUR, count()));
    assertThat(answers("FROM join_e0 ORDER BY number", "asked", plan))
        .extracting(row -> row.get(4))
        .containsExactly(3L, 2L, 2L, 0L);
  }

  @Test
  void tellsTheZerosApart() throws Exception {
    FeaturePlan plan = plan(view("who", "who").window(HOUR, min("amount"), max("amount")));
    assertThat(features(2, plan).get(2)).containsExactly(-0.0, 0.0);
  }

  @Test
  void takesWhatOverflows() throws Exception {
    fixture.warehouse.execute("UPDATE events SET amount = power(2, 600) * part WHERE who = 'a'");
    fixture.warehouse.execute("UPDATE events SET amount = 1e308 WHERE who = 'b'");
    FeaturePlan plan = plan(view("who", "who").window(HOUR, variance("amount"), sum("amount")));
    List<List<Object>> rows = features(2, plan);
    assertThat(rows.get(0)).containsExactly(Double.POSITIVE_INFINITY, 5 * 0x1p600);
    assertThat(rows.get(2)).containsExactly(0.0, Double.POSITIVE_INFINITY);
    fixture.warehouse.execute("UPDATE events SET amount = 'inf' WHERE who = 'b' AND amount > 0");
    assertThat(features(2, plan).get(2)).isEqualTo(row(null, Double.POSITIVE_INFINITY));
    fixture.warehouse.execute(
        "UPDATE events SET amount = '-inf' WHERE hour(happened) = 9 AND minute(happened) = 0");
    assertThat(features(2, plan).get(2)).isEqualTo(row(null, null));
  }

  @Test
  void worksWithoutViewsEventsAndLabels() throws Exception {
    assertThat(answers(LABELS, "asked")).hasSize(4);
    FeaturePlan plan = plan(view("who", "who").lag("amount", 2).window(HOUR, count()));
    assertThat(answers("FROM labels WHERE false", "asked", plan)).isEmpty();
    fixture.warehouse.execute("DELETE FROM events");
    assertThat(features(2, plan)).containsOnly(row(null, 0L));
  }
}
