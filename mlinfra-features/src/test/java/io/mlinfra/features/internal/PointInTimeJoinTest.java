package io.mlinfra.features.internal;

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
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.view.Aggregate;
import io.mlinfra.features.view.Condition;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The sweep against the definition, which {@link PlainEvaluation} follows event by event. */
class PointInTimeJoinTest {
  private static final Duration SHORT = Duration.of(10, ChronoUnit.MICROS);
  private static final Duration LONG = Duration.ofSeconds(1);
  private static final Duration AGES = Duration.ofDays(100_000);
  private static final List<Duration> WINDOWS = List.of(SHORT, LONG, AGES);

  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.nullable("id", ValueType.INT64.arrowType()),
              Field.nullable("name", ValueType.TEXT.arrowType()),
              Field.nullable("t", ValueType.TIMESTAMP.arrowType()),
              Field.nullable("known", ValueType.TIMESTAMP.arrowType()),
              Field.nullable("whole", ValueType.INT64.arrowType()),
              Field.nullable("amount", ValueType.FLOAT64.arrowType()),
              Field.nullable("late", ValueType.BOOLEAN.arrowType()),
              Field.nullable("status", ValueType.TEXT.arrowType()),
              Field.nullable("due", ValueType.TIMESTAMP.arrowType())));

  /** Values in the order of {@link #INPUTS}. */
  private record Event(int entity, long happened, long known, List<Object> values) {}

  private static final List<String> INPUTS = List.of("whole", "amount", "late", "status", "due");

  private record Label(int entity, long time) {}

  /** How entities are told apart; each has a key for an entity's number. */
  private enum Keys {
    LONG(List.of("id")) {
      @Override
      Object key(int entity) {
        return entity * 7_000_000_000L;
      }
    },
    TEXT(List.of("name")) {
      @Override
      Object key(int entity) {
        return "é".repeat(entity * 3);
      }
    },
    BOTH(List.of("name", "id")) {
      @Override
      Object key(int entity) {
        return List.of("n" + entity % 2, (long) entity / 2);
      }
    };

    private final List<String> columns;

    Keys(List<String> columns) {
      this.columns = columns;
    }

    abstract Object key(int entity);
  }

  private static FeatureView.Builder view(Keys keys) {
    return FeatureView.named("v")
        .from("events")
        .entity(keys.columns.toArray(String[]::new))
        .eventTime("t");
  }

  private static FeatureView.Builder addLatest(FeatureView.Builder view) {
    return view.latest("whole", "amount", "late", "status", "due")
        .lag("amount", 1)
        .lag("status", 3)
        .sinceLast();
  }

  private static FeatureView.Builder addWindows(FeatureView.Builder view, List<Duration> lengths) {
    List<Condition> conditions =
        Arrays.asList(
            null,
            Condition.isTrue("late"),
            Condition.oneOf("status", "paid", "open"),
            Condition.atLeast("whole", 0),
            Condition.missing("due"),
            Condition.lessThan("amount", 0.5));
    List<Aggregate> aggregates = new ArrayList<>();
    for (Condition condition : conditions) {
      List<Aggregate> plain = new ArrayList<>(List.of(count()));
      for (String column : INPUTS) {
        plain.addAll(List.of(first(column), last(column), countDistinct(column)));
      }
      for (String column : List.of("whole", "amount", "late")) {
        plain.addAll(List.of(sum(column), mean(column), variance(column), stddev(column)));
      }
      for (String column : List.of("whole", "amount", "due")) {
        plain.addAll(List.of(min(column), max(column)));
      }
      if (condition == null) {
        aggregates.addAll(plain);
      } else {
        // Not the same of all conditions: what is shared must also work alone.
        Random some = new Random(condition.toString().hashCode());
        plain.removeIf(each -> some.nextInt(3) > 0);
        plain.forEach(each -> aggregates.add(each.where(condition)));
        aggregates.add(fraction(condition));
      }
    }
    return view.windows(lengths, aggregates.toArray(Aggregate[]::new));
  }

  private static FeaturePlan plan(FeatureView.Builder view) {
    return FeaturePlan.of(view.build(), SCHEMA);
  }

  private static Events events(FeaturePlan plan, Keys keys, List<Event> events) {
    EventCollector collector = new EventCollector(plan);
    for (Event event : events) {
      long[] cells = new long[plan.inputs().size()];
      for (int v = 0; v < cells.length; v++) {
        FeaturePlan.Input input = plan.inputs().get(v);
        Object value = event.values.get(INPUTS.indexOf(input.name()));
        if (input.type() == ValueType.TIMESTAMP && value instanceof Long micros) {
          cells[v] = micros;
        } else {
          cells[v] = input.type().cell(value, collector.dictionary(v));
        }
      }
      long known = plan.view().knownAt().isPresent() ? event.known : event.happened;
      collector.add(keys.key(event.entity), event.happened, known, cells);
    }
    return collector.build();
  }

  private static void check(FeaturePlan plan, Keys keys, List<Event> events, List<Label> labels) {
    Events sorted = events(plan, keys, events);
    int[] groups = labels.stream().mapToInt(at -> sorted.group(keys.key(at.entity))).toArray();
    long[] times = labels.stream().mapToLong(Label::time).toArray();
    long[][] answers = PointInTimeJoin.compute(sorted, groups, times);
    for (int row = 0; row < times.length; row++) {
      long[] expected = PlainEvaluation.at(sorted, groups[row], times[row]);
      for (int f = 0; f < answers.length; f++) {
        if (answers[f][row] != expected[f]) {
          FeaturePlan.Planned feature = plan.features().get(f);
          boolean own = feature.input() >= 0 && feature.type() == ValueType.TEXT;
          Dictionary texts = own ? sorted.dictionary(feature.input()) : Dictionary.NONE;
          assertThat(feature.type().value(answers[f][row], texts))
              .as(feature + " at " + labels.get(row))
              .isEqualTo(feature.type().value(expected[f], texts));
        }
      }
    }
  }

  @Property(tries = 80, edgeCases = EdgeCasesMode.NONE)
  void rowsSeeWhatTheDefinitionSays(
      @ForAll Keys keys,
      @ForAll("events") List<Event> events,
      @ForAll("labels") List<Label> labels) {
    check(plan(addWindows(addLatest(view(keys)), WINDOWS)), keys, events, labels);
  }

  @Property(tries = 80, edgeCases = EdgeCasesMode.NONE)
  void rowsSeeOnlyWhatWasKnown(
      @ForAll Keys keys,
      @ForAll("events") List<Event> events,
      @ForAll("labels") List<Label> labels) {
    FeatureView.Builder view = view(keys).knownAt("known");
    check(plan(addWindows(addLatest(view), WINDOWS)), keys, events, labels);
  }

  @Property(tries = 80, edgeCases = EdgeCasesMode.NONE)
  void rowsSeeNothingOlderThanItMayBe(
      @ForAll boolean known,
      @ForAll("events") List<Event> events,
      @ForAll("labels") List<Label> labels) {
    FeatureView.Builder view = view(Keys.LONG).ttl(SHORT);
    if (known) {
      view.knownAt("known");
    }
    check(plan(addWindows(addLatest(view), List.of(SHORT))), Keys.LONG, events, labels);
  }

  @Property(tries = 80, edgeCases = EdgeCasesMode.NONE)
  void eventsAreInOrderHoweverTheyCome(
      @ForAll boolean known, @ForAll Keys keys, @ForAll("events") List<Event> events) {
    FeatureView.Builder view = addLatest(view(keys).tieBreak("status"));
    if (known) {
      view.knownAt("known");
    }
    FeaturePlan plan = plan(view);
    Events sorted = events(plan, keys, events);
    assertThat(sorted.size()).isEqualTo(events.size());
    assertThat(sorted.groups())
        .isEqualTo((int) events.stream().map(Event::entity).distinct().count());
    List<Event> expected = new ArrayList<>(events);
    expected.sort((a, b) -> compare(known, a, b));
    for (int group = 0; group < sorted.groups(); group++) {
      Object key = sorted.key(group);
      assertThat(sorted.group(key)).isEqualTo(group);
      List<Event> own = expected.stream().filter(e -> keys.key(e.entity).equals(key)).toList();
      assertThat(sorted.end(group) - sorted.start(group)).isEqualTo(own.size());
      for (int i = 0; i < own.size(); i++) {
        int at = sorted.start(group) + i;
        assertThat(sorted.eventTimes()[at]).isEqualTo(own.get(i).happened);
        assertThat(sorted.knownTimes()[at])
            .isEqualTo(known ? own.get(i).known : own.get(i).happened);
        for (int v = 0; v < plan.inputs().size(); v++) {
          FeaturePlan.Input input = plan.inputs().get(v);
          Object cell = input.type().value(sorted.cells(v)[at], sorted.dictionary(v));
          if (input.type() == ValueType.TIMESTAMP) {
            cell = cell == null ? null : (Object) sorted.cells(v)[at];
          }
          Object value = own.get(i).values.get(INPUTS.indexOf(input.name()));
          assertThat(cell).isEqualTo(Objects.equals(value, Double.NaN) ? null : value);
        }
      }
    }
  }

  private static int compare(boolean known, Event a, Event b) {
    int order = Long.compare(a.happened, b.happened);
    if (order == 0 && known) {
      order = Long.compare(a.known, b.known);
    }
    for (String input : List.of("status", "whole", "amount", "late", "due")) {
      if (order == 0) {
        int at = INPUTS.indexOf(input);
        order = compareValues(a.values.get(at), b.values.get(at));
      }
    }
    return order;
  }

  @SuppressWarnings("unchecked")
  private static int compareValues(Object a, Object b) {
    Object x = Objects.equals(a, Double.NaN) ? null : a;
    Object y = Objects.equals(b, Double.NaN) ? null : b;
    return x == null || y == null
        ? Boolean.compare(x != null, y != null)
        : ((Comparable<Object>) x).compareTo(y);
  }

  /** The kinds of histories that slide far and long. */
  private enum History {
    IN_ORDER,
    KNOWN_LATE,
    KNOWN_AT_RANDOM,
    MANY_TIES,
    VERY_FAR_APART;

    Event event(Random random, int i, int count) {
      long happened =
          switch (this) {
            case MANY_TIES -> random.nextInt(count / 20) * 5L;
            case VERY_FAR_APART -> random.nextLong();
            default -> random.nextInt(count) * 3L;
          };
      long known =
          switch (this) {
            case IN_ORDER -> happened;
            case KNOWN_LATE, MANY_TIES -> happened + random.nextInt(40);
            case KNOWN_AT_RANDOM -> random.nextInt(count) * 3L;
            case VERY_FAR_APART -> random.nextLong();
          };
      List<Object> values =
          Arrays.asList(
              random.nextInt(8) == 0 ? null : (Object) (random.nextInt(2000) - 1000L),
              random.nextInt(8) == 0 ? null : (Object) (random.nextInt(20_000) / 100.0),
              random.nextInt(8) == 0 ? null : (Object) random.nextBoolean(),
              random.nextInt(8) == 0 ? null : List.of("paid", "open", "void").get(i % 3),
              random.nextInt(8) == 0 ? null : (Object) random.nextLong(0, 1000));
      return new Event(random.nextInt(3), happened, known, values);
    }
  }

  @ParameterizedTest
  @EnumSource
  void rowsOfALongHistorySeeWhatTheDefinitionSays(History history) {
    Random random = new Random(history.ordinal());
    int count = 3000;
    List<Event> events =
        IntStream.range(0, count).mapToObj(i -> history.event(random, i, count)).toList();
    List<Label> labels = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      Event near = events.get(random.nextInt(count));
      labels.add(new Label(random.nextInt(4), near.happened + random.nextInt(20) - 5));
    }
    List<Duration> windows =
        List.of(SHORT, Duration.of(500, ChronoUnit.MICROS), Duration.of(9000, ChronoUnit.MICROS));
    FeatureView.Builder view = view(Keys.LONG).knownAt("known");
    check(plan(addWindows(addLatest(view), windows)), Keys.LONG, events, labels);
  }

  @Test
  void manyEntitiesAreSharedAmongThreadsAndAnsweredAlike() {
    Random random = new Random(5);
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < 60_000; i++) {
      Event event = History.KNOWN_LATE.event(random, i, 2000);
      int entity = random.nextInt(10) == 0 ? 0 : random.nextInt(900);
      events.add(new Event(entity, event.happened, event.known, event.values));
    }
    List<Label> labels = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      labels.add(new Label(1 + random.nextInt(1000), random.nextInt(7000)));
    }
    FeatureView.Builder view =
        view(Keys.BOTH)
            .latest("status")
            .window(SHORT, sum("amount"), max("amount"), count().where(Condition.isTrue("late")))
            .window(LONG, variance("amount"), first("status"));
    check(plan(view), Keys.BOTH, events, labels);
  }

  @Test
  void anEntityWithoutEventsHasCountsOfZeroAndNothingElse() {
    FeaturePlan plan = plan(addWindows(addLatest(view(Keys.TEXT)), WINDOWS));
    Events none = events(plan, Keys.TEXT, List.of());
    assertThat(none.groups()).isZero();
    assertThat(none.group("x")).isEqualTo(-1);
    long[][] answers = PointInTimeJoin.compute(none, new int[] {-1}, new long[] {5});
    for (int f = 0; f < answers.length; f++) {
      assertThat(answers[f]).containsExactly(plan.features().get(f).empty());
    }
    assertThat(PointInTimeJoin.compute(none, new int[0], new long[0]))
        .hasDimensions(answers.length, 0);
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
        Tuple.of(6, Arbitraries.longs().between(-15, 15)),
        Tuple.of(4, edges),
        Tuple.of(1, Arbitraries.longs()),
        Tuple.of(1, Arbitraries.of(Long.MIN_VALUE + 1, Long.MAX_VALUE, Long.MAX_VALUE - 5)));
  }

  private static Arbitrary<Double> amounts() {
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.integers().between(-9, 9).map(i -> (double) i)),
        Tuple.of(4, Arbitraries.integers().between(-999, 999).map(i -> i / 10.0)),
        Tuple.of(1, Arbitraries.integers().between(0, 5).map(i -> 1e9 + i * 1e-6)),
        Tuple.of(
            1,
            Arbitraries.longs()
                .withDistribution(RandomDistribution.uniform())
                .map(Double::longBitsToDouble)),
        Tuple.of(1, Arbitraries.of(Double.NaN, Double.MIN_VALUE, 1e300, -1e300, -0.0, 0.0)),
        Tuple.of(1, Arbitraries.of(Double.MAX_VALUE, -Double.MAX_VALUE, 1e-170, -1e-170)),
        Tuple.of(1, Arbitraries.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)));
  }

  @Provide
  Arbitrary<List<Event>> events() {
    Arbitrary<List<Object>> values =
        Combinators.combine(
                Arbitraries.oneOf(
                        Arbitraries.longs().between(-3, 3),
                        Arbitraries.longs().between(Long.MIN_VALUE + 1, Long.MAX_VALUE))
                    .injectNull(0.1),
                amounts().injectNull(0.1),
                Arbitraries.of(true, false).injectNull(0.1),
                Arbitraries.of("paid", "open", "", "ключ").injectNull(0.1),
                Arbitraries.longs().between(-5, 5).injectNull(0.3))
            .as(
                (whole, amount, late, status, due) ->
                    Arrays.<Object>asList(whole, amount, late, status, due));
    return Combinators.combine(Arbitraries.integers().between(0, 2), times(), times(), values)
        .as(Event::new)
        .list()
        .ofMaxSize(40);
  }

  @Provide
  Arbitrary<List<Label>> labels() {
    return Combinators.combine(Arbitraries.integers().between(0, 3), times())
        .as(Label::new)
        .list()
        .ofMaxSize(15);
  }
}
