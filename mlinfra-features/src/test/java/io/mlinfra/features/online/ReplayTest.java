package io.mlinfra.features.online;

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
import static io.mlinfra.features.view.Condition.atLeast;
import static io.mlinfra.features.view.Condition.isTrue;
import static io.mlinfra.features.view.Condition.missing;
import static io.mlinfra.features.view.Condition.oneOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.view.Aggregate;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.vector.ipc.ArrowReader;

/** Whatever way events came in, a read gives what the training set has at that time. */
class ReplayTest {
  private static final LocalDateTime START = LocalDateTime.parse("2020-03-01T00:00");
  private static final Duration LATENESS = Duration.ofMinutes(90);
  private static final String[] TEXTS = {"x", "y", "é", "\uFF5E", "\uD83D\uDE00", ""};

  private record Event(
      String who,
      Integer where,
      long happened,
      long known,
      Long number,
      Double amount,
      Boolean late,
      String note,
      Long due) {
    long visible() {
      return Math.max(happened, known);
    }

    Map<String, Object> row() {
      Map<String, Object> row = new HashMap<>();
      row.put("who", who);
      row.put("where", where);
      row.put("happened", Times.of(happened));
      row.put("known", Times.of(known));
      row.put("number", number);
      row.put("amount", amount);
      row.put("late", late);
      row.put("note", note);
      row.put("due", due == null ? null : Times.of(due));
      return row;
    }
  }

  private record Asked(String who, int where, long time, Map<String, Object> answer) {}

  private static <T> T maybe(Random random, T value) {
    return random.nextInt(6) == 0 ? null : value;
  }

  /** Many ties, late and early known-at times, values of very different sizes. */
  private static List<Event> events(Random random, int count) {
    long start = Times.floor(START);
    long minute = 60_000_000L;
    int entities = 1 + random.nextInt(4);
    boolean wild = random.nextBoolean();
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long happened = start + random.nextInt(600) * minute;
      long known =
          switch (random.nextInt(4)) {
            case 0 -> happened - random.nextInt(100) * minute;
            case 1 -> happened + random.nextInt(200) * minute;
            default -> happened;
          };
      double amount =
          switch (random.nextInt(wild ? 12 : 8)) {
            case 8 -> Double.NaN;
            case 9 -> Double.POSITIVE_INFINITY;
            case 10 -> random.nextGaussian() * 1e300;
            case 11 -> random.nextGaussian() * Math.pow(10, random.nextInt(60) - 30);
            case 0, 1, 2 -> random.nextInt(100) + 1;
            default -> (random.nextInt(20_000) - 10_000) / 100.0 + 0.001;
          };
      events.add(
          new Event(
              "p" + random.nextInt(entities),
              random.nextInt(2),
              happened,
              known,
              maybe(random, (long) random.nextInt(5)),
              maybe(random, amount),
              maybe(random, random.nextBoolean()),
              maybe(random, TEXTS[random.nextInt(TEXTS.length)]),
              maybe(random, happened + random.nextInt(10))));
    }
    return events;
  }

  private static FeatureView view(Random random) {
    List<Aggregate> all =
        List.of(
            count(),
            count().where(isTrue("late")),
            fraction(oneOf("note", "x", "é")),
            sum("amount"),
            sum("number"),
            mean("amount"),
            mean("late"),
            min("amount"),
            max("amount"),
            min("number").where(missing("note")),
            max("due"),
            variance("amount"),
            stddev("number"),
            variance("amount").where(atLeast("number", 2)),
            first("note"),
            last("note").where(isTrue("late")),
            last("amount"),
            first("due"),
            countDistinct("note"),
            countDistinct("amount"),
            countDistinct("number").where(isTrue("late")));
    FeatureView.Builder view =
        FeatureView.named("v").from("events").entity("who", "where").eventTime("happened");
    if (random.nextInt(4) > 0) {
      view.knownAt("known");
    }
    if (random.nextBoolean()) {
      view.tieBreak("number");
    }
    if (random.nextBoolean()) {
      view.ttl(Duration.ofMinutes(120 + random.nextInt(200)));
    }
    view.latest("amount", "note", "late", "due").lag("number", 1).lag("note", 3).sinceLast();
    for (int minutes : new int[] {1, 30, 120}) {
      if (random.nextInt(5) > 0) {
        view.window(Duration.ofMinutes(minutes), all.toArray(Aggregate[]::new));
      }
    }
    return view.build();
  }

  private static long visible(FeatureView view, Event event) {
    return view.knownAt().isPresent() ? event.visible() : event.happened;
  }

  private static ArrowTable.Values[] columns(List<Event> events) {
    return new ArrowTable.Values[] {
      ArrowTable.text("who", events.stream().map(Event::who).toList()),
      ArrowTable.int32("where", events.stream().map(Event::where).toList()),
      ArrowTable.timestamp("happened", events.stream().map(Event::happened).toList()),
      ArrowTable.timestamp("known", events.stream().map(Event::known).toList()),
      ArrowTable.int64("number", events.stream().map(Event::number).toList()),
      ArrowTable.float64("amount", events.stream().map(Event::amount).toList()),
      ArrowTable.bool("late", events.stream().map(Event::late).toList()),
      ArrowTable.text("note", events.stream().map(Event::note).toList()),
      ArrowTable.timestamp("due", events.stream().map(Event::due).toList())
    };
  }

  private static OnlineStore store(int kind) {
    OnlineOptions.Builder options = OnlineOptions.builder().allowedLateness(LATENESS);
    return switch (kind) {
      case 0 -> OnlineStore.inMemory(options.build());
      case 1 -> OnlineStore.over(new MemoryStorage(false), options.build());
      case 2 -> OnlineStore.over(new MemoryStorage(false), options.mostEntities(1).build());
      default -> OnlineStore.over(new MemoryStorage(true), options.build());
    };
  }

  @Property(tries = 24, shrinking = ShrinkingMode.OFF)
  void readsGiveWhatATrainingSetHasAtThatTime(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 3) int kind) throws Exception {
    Random random = new Random(seed);
    FeatureView view = view(random);
    List<Event> events = events(random, 1 + random.nextInt(random.nextBoolean() ? 60 : 700));
    long lateness = LATENESS.toNanos() / 1000;
    // In the order of becoming visible, but up to the lateness late.
    Map<Event, Long> arrival = new HashMap<>();
    for (Event event : events) {
      arrival.put(event, visible(view, event) + (long) (random.nextDouble() * lateness));
    }
    List<Event> pushed = new ArrayList<>(events);
    pushed.sort(Comparator.comparing(arrival::get));
    List<Asked> asked = new ArrayList<>();
    try (Fixture fixture = new Fixture();
        OnlineStore online = store(kind)) {
      fixture.load("events", columns(events));
      try (FeatureStore features = FeatureStore.open(fixture.warehouse, view)) {
        int materialize = random.nextBoolean() ? random.nextInt(events.size()) : -1;
        online.define(features);
        int next = 0;
        while (next < pushed.size()) {
          int size = Math.min(pushed.size() - next, 1 + random.nextInt(events.size() / 5 + 1));
          List<Event> batch = pushed.subList(next, next + size);
          if (random.nextBoolean()) {
            for (Event event : batch) {
              online.push(view, event.row());
            }
          } else {
            try (ArrowReader reader = ArrowTable.reader(fixture.memory, 7, columns(batch))) {
              assertThat(online.push(view, reader)).isEqualTo(size);
            }
          }
          next += size;
          long complete = Long.MAX_VALUE;
          for (Event event : pushed.subList(next, pushed.size())) {
            complete = Math.min(complete, visible(view, event) - 1);
          }
          long seen = Long.MIN_VALUE;
          for (Event event : pushed.subList(0, next)) {
            seen = Math.max(seen, visible(view, event));
          }
          if (materialize >= 0 && next > materialize && complete != Long.MAX_VALUE) {
            LocalDateTime at = Times.of(complete);
            if (online.materializedAt(view).filter(at::isBefore).isEmpty()) {
              online.materialize(features, at);
            }
          }
          long latest = Math.min(complete, seen + 3 * lateness);
          for (int i = 0; i < 20 && latest >= seen - lateness; i++) {
            long range = latest - (seen - lateness) + 1;
            long time = latest - (long) (random.nextDouble() * range);
            if (i == 0) {
              time = latest;
            } else if (i == 1) {
              time = seen - lateness;
            }
            String who = "p" + random.nextInt(5);
            int where = random.nextInt(2);
            FeatureVector answer = online.at(Times.of(time)).get(view, who, where);
            asked.add(new Asked(who, where, time, answer.asMap()));
          }
        }
        compare(fixture, features, asked);
      }
    }
  }

  private static void compare(Fixture fixture, FeatureStore features, List<Asked> asked)
      throws Exception {
    fixture.load(
        "asked",
        ArrowTable.int64("n", java.util.stream.LongStream.range(0, asked.size()).boxed().toList()),
        ArrowTable.text("who", asked.stream().map(Asked::who).toList()),
        ArrowTable.int32("where", asked.stream().map(Asked::where).toList()),
        ArrowTable.timestamp("at", asked.stream().map(Asked::time).toList()));
    try (TrainingSet set = features.training("SELECT * FROM asked ORDER BY n", "at").collect();
        ArrowReader reader = set.reader()) {
      List<String> names = set.schema().getFields().stream().map(f -> f.getName()).toList();
      List<List<Object>> rows = Fixture.rows(reader);
      assertThat(rows).hasSize(asked.size());
      for (int r = 0; r < rows.size(); r++) {
        Asked one = asked.get(r);
        for (Map.Entry<String, Object> entry : one.answer.entrySet()) {
          assertThat(entry.getValue())
              .as("%s of %s/%s at %s", entry.getKey(), one.who, one.where, Times.of(one.time))
              .isEqualTo(rows.get(r).get(names.indexOf(entry.getKey())));
        }
      }
    }
  }

  /** So many events that tiles come in blocks. */
  @Property(tries = 4, shrinking = ShrinkingMode.OFF)
  void entitiesOfManyEventsHaveTheSameValues(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 1) int kind) throws Exception {
    Random random = new Random(seed);
    FeatureView view =
        FeatureView.named("v")
            .from("events")
            .entity("who")
            .eventTime("happened")
            .knownAt("known")
            .latest("note")
            .window(Duration.ofMinutes(400), count(), sum("amount"), variance("number"))
            .window(Duration.ofMinutes(401), count(), max("amount"), last("note"), mean("late"))
            .build();
    List<Event> events = events(random, 12_000);
    events.sort(Comparator.comparing(Event::visible));
    List<Asked> asked = new ArrayList<>();
    try (Fixture fixture = new Fixture();
        OnlineStore online = store(kind)) {
      fixture.load("events", columns(events));
      try (FeatureStore features = FeatureStore.open(fixture.warehouse, view)) {
        online.define(features);
        for (int from = 0; from < events.size(); from += 1000) {
          List<Event> batch = events.subList(from, from + 1000);
          try (ArrowReader reader = ArrowTable.reader(fixture.memory, 999, columns(batch))) {
            online.push(view, reader);
          }
          long latest = batch.get(999).visible() - 1;
          for (int i = 0; i < 6; i++) {
            long time = latest - random.nextInt(5) * 600_000_000L;
            String who = "p" + random.nextInt(2);
            FeatureVector answer = online.at(Times.of(time)).get(view, who);
            asked.add(new Asked(who, 0, time, answer.asMap()));
          }
        }
        compare(fixture, features, asked);
      }
    }
  }

  @Property(tries = 12, shrinking = ShrinkingMode.OFF)
  void aMaterialisationGivesWhatPushingGives(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 3) int kind) throws Exception {
    Random random = new Random(seed);
    FeatureView view = view(random);
    List<Event> events = events(random, 300);
    List<Asked> asked = new ArrayList<>();
    try (Fixture fixture = new Fixture();
        OnlineStore online = store(kind)) {
      fixture.load("events", columns(events));
      try (FeatureStore features = FeatureStore.open(fixture.warehouse, view)) {
        LocalDateTime at = START.plusMinutes(random.nextInt(200));
        for (int step = 0; step < 4; step++) {
          Materialization done = online.materialize(features, at);
          assertThat(done.full()).isEqualTo(step == 0);
          assertThat(online.materialize(features, at).entities()).isZero();
          for (int i = 0; i < 10; i++) {
            String who = "p" + random.nextInt(5);
            int where = random.nextInt(2);
            FeatureVector answer = online.at(at).get(view, who, where);
            asked.add(new Asked(who, where, Times.floor(at), answer.asMap()));
          }
          at = at.plusMinutes(random.nextInt(300) + 1);
        }
        compare(fixture, features, asked);
      }
    }
  }
}
