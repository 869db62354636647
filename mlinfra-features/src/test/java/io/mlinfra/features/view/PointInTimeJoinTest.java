package io.mlinfra.features.view;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.ArrowType;

/**
 * Training sets against the definition in {@link FeatureView}, followed row by row with plain loops
 * and decimals of any length.
 */
class PointInTimeJoinTest {
  /** The column names are those that the implementation might trip over. */
  private record Event(
      String who,
      Integer place,
      Long happened,
      Long known,
      Double amount,
      Long units,
      Boolean late,
      BigDecimal price) {}

  private record Label(String who, Integer place, long at) {}

  private static final Duration SHORT = Duration.of(10, ChronoUnit.MICROS);
  private static final Duration LONG = Duration.ofSeconds(1);
  private static final Duration AGES = Duration.ofDays(100_000);

  private static final FeatureView BY_WHO =
      FeatureView.named("who")
          .from("events")
          .entity("k")
          .eventTime("t")
          .knownAt("v0")
          .window(SHORT, count(), sum("amount"), mean("amount"), sum("units"))
          .window(LONG, count(), mean("units"), mean("late"), sum("price"))
          .window(AGES, mean("price"), sum("amount"))
          .build();

  private static final FeatureView BY_PLACE =
      FeatureView.named("place")
          .from("events")
          .entity("place")
          .eventTime("t")
          .window(SHORT, mean("late"))
          .window(LONG, sum("amount"), count())
          .build();

  private static final FeatureView ONLY_COUNTS =
      FeatureView.named("counts")
          .from("events")
          .entity("K")
          .eventTime("T")
          .window(LONG, count())
          .build();

  private static Fixture fixture;

  @BeforeContainer
  static void open() {
    fixture = new Fixture();
  }

  @AfterContainer
  static void close() {
    fixture.close();
  }

  @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
  void rowsSeeWhatTheDefinitionSays(
      @ForAll("events") List<Event> events, @ForAll("labels") List<Label> labels) throws Exception {
    load(events, labels);
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, BY_WHO, BY_PLACE, ONLY_COUNTS);
        TrainingSet set = store.trainingSet("SELECT * FROM labels ORDER BY number DESC", "at")) {
      assertThat(set.rows()).isEqualTo(labels.size());
      List<String> names = new ArrayList<>(List.of("number", "k", "place", "at"));
      store.views().forEach(view -> view.features().forEach(f -> names.add(f.name())));
      assertThat(set.schema().getFields().stream().map(field -> field.getName())).isEqualTo(names);
      List<List<Object>> rows;
      try (ArrowReader reader = set.reader()) {
        rows = Fixture.rows(reader);
      }
      for (int row = 0; row < rows.size(); row++) {
        int number = labels.size() - 1 - row;
        Label label = labels.get(number);
        assertThat(rows.get(row).get(0)).isEqualTo(number);
        assertThat(rows.get(row).get(1)).isEqualTo(label.who);
        List<Object> expected = new ArrayList<>();
        for (FeatureView view : store.views()) {
          for (Feature feature : view.features()) {
            expected.add(expected(view, feature, events, label));
          }
        }
        for (int f = 0; f < expected.size(); f++) {
          check(names.get(4 + f), rows.get(row).get(4 + f), expected.get(f));
        }
      }
    }
  }

  /**
   * Counts and sums are exact, and means of whole numbers; other means are good to one unit in the
   * last place.
   */
  private static void check(String feature, Object actual, Object expected) {
    boolean fractions = feature.contains("mean_price") || feature.contains("mean_amount");
    if (fractions && expected instanceof Double value && Double.isFinite(value)) {
      double ulp = Math.ulp(value);
      assertThat((Double) actual).as(feature).isBetween(value - ulp, value + ulp);
    } else {
      assertThat(actual).as(feature).isEqualTo(expected);
    }
  }

  /** What a feature is by definition: a Long for counts, else a Double or null. */
  private static Object expected(
      FeatureView view, Feature feature, List<Event> events, Label label) {
    BigInteger t = BigInteger.valueOf(label.at);
    BigInteger open =
        t.subtract(BigInteger.valueOf(feature.window().toSeconds()).multiply(MILLION))
            .subtract(BigInteger.valueOf(feature.window().toNanosPart() / 1000));
    List<Event> inside = new ArrayList<>();
    for (Event event : events) {
      Object entity = view == BY_PLACE ? event.place : event.who;
      Object asked = view == BY_PLACE ? label.place : label.who;
      if (entity == null || !Objects.equals(entity, asked) || event.happened == null) {
        continue;
      }
      if (view.knownAt() != null && event.known == null) {
        continue;
      }
      BigInteger visible = BigInteger.valueOf(event.happened);
      if (view.knownAt() != null) {
        visible = visible.max(BigInteger.valueOf(event.known));
      }
      if (visible.compareTo(open) > 0 && visible.compareTo(t) <= 0) {
        inside.add(event);
      }
    }
    if (feature.aggregate().function() == Aggregate.Function.COUNT) {
      return (long) inside.size();
    }
    double infinities = 0;
    long present = 0;
    BigDecimal total = BigDecimal.ZERO;
    for (Event event : inside) {
      Double value = VALUES.get(feature.aggregate().column()).apply(event);
      if (value != null && !value.isNaN()) {
        present++;
        if (value.isInfinite()) {
          infinities += value;
        } else {
          total = total.add(new BigDecimal(value));
        }
      }
    }
    if (present == 0 || Double.isNaN(infinities)) {
      return null;
    }
    if (infinities != 0) {
      return infinities;
    }
    return feature.aggregate().function() == Aggregate.Function.SUM
        ? total.doubleValue()
        : total.divide(BigDecimal.valueOf(present), MathContext.DECIMAL128).doubleValue();
  }

  private static final BigInteger MILLION = BigInteger.valueOf(1_000_000);

  private static final Map<String, Function<Event, Double>> VALUES =
      Map.of(
          "amount", event -> event.amount,
          "units", event -> event.units == null ? null : Double.valueOf(event.units),
          "late", event -> event.late == null ? null : event.late ? 1.0 : 0.0,
          "price", event -> event.price == null ? null : event.price.doubleValue());

  private static void load(List<Event> events, List<Label> labels) throws Exception {
    fixture.load(
        "events",
        ArrowTable.text("k", events.stream().map(Event::who).toList()),
        ArrowTable.int32("place", events.stream().map(Event::place).toList()),
        ArrowTable.timestamp("t", events.stream().map(Event::happened).toList()),
        ArrowTable.timestamp("v0", events.stream().map(Event::known).toList()),
        ArrowTable.float64("amount", events.stream().map(Event::amount).toList()),
        ArrowTable.int64("units", events.stream().map(Event::units).toList()),
        ArrowTable.bool("late", events.stream().map(Event::late).toList()),
        ArrowTable.column(
            "price", new ArrowType.Decimal(9, 2, 128), events.stream().map(Event::price).toList()));
    List<Integer> numbers = new ArrayList<>();
    labels.forEach(label -> numbers.add(numbers.size()));
    fixture.load(
        "labels",
        ArrowTable.int32("number", numbers),
        ArrowTable.text("k", labels.stream().map(Label::who).toList()),
        ArrowTable.int32("place", labels.stream().map(Label::place).toList()),
        ArrowTable.timestamp("at", labels.stream().map(Label::at).toList()));
  }

  /** Near each other, on the edges of the windows, before 1970, and very far apart. */
  private static Arbitrary<Long> times() {
    Arbitrary<Long> edges =
        Combinators.combine(
                Arbitraries.longs().between(-2, 2),
                Arbitraries.of(10L, 1_000_000L, 100_000L * 86_400_000_000L),
                Arbitraries.longs().between(-1, 1))
            .as((windows, length, off) -> windows * length + off);
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.longs().between(-15, 15)),
        Tuple.of(4, edges),
        Tuple.of(
            1, Arbitraries.longs().between(-200_000_000_000_000_000L, 9_000_000_000_000_000_000L)));
  }

  private static Arbitrary<Double> amounts() {
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.integers().between(-9, 9).map(i -> (double) i)),
        Tuple.of(4, Arbitraries.integers().between(-999, 999).map(i -> i / 10.0)),
        Tuple.of(
            1,
            Arbitraries.longs()
                .withDistribution(RandomDistribution.uniform())
                .map(Double::longBitsToDouble)),
        Tuple.of(
            1,
            Arbitraries.of(
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                Double.MAX_VALUE,
                1e-300)));
  }

  private static Arbitrary<String> names() {
    return Arbitraries.of("a", "b", "", "A", "é", "7");
  }

  private static Arbitrary<Integer> places() {
    return Arbitraries.of(0, 7, -7, Integer.MIN_VALUE);
  }

  @Provide
  Arbitrary<List<Event>> events() {
    return Combinators.combine(
            names().injectNull(0.1),
            places().injectNull(0.1),
            times().injectNull(0.1),
            times().injectNull(0.1),
            amounts().injectNull(0.1),
            Arbitraries.longs().between(-(1L << 46), 1L << 46).injectNull(0.1),
            Arbitraries.of(true, false).injectNull(0.1),
            Arbitraries.bigDecimals()
                .between(new BigDecimal("-99999.99"), new BigDecimal("99999.99"))
                .ofScale(2)
                .injectNull(0.1))
        .as(Event::new)
        .list()
        .ofMaxSize(60);
  }

  @Provide
  Arbitrary<List<Label>> labels() {
    Arbitrary<Label> label =
        Combinators.combine(
                Arbitraries.oneOf(names(), Arbitraries.just("never")).injectNull(0.1),
                Arbitraries.oneOf(places(), Arbitraries.just(99)).injectNull(0.1),
                times())
            .as(Label::new);
    return label.list().ofMaxSize(40);
  }
}
