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
import static io.mlinfra.features.view.Condition.greaterThan;
import static io.mlinfra.features.view.Condition.isTrue;
import static io.mlinfra.features.view.Derived.difference;
import static io.mlinfra.features.view.Derived.hour;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.SkewAudit;
import io.mlinfra.features.offline.SkewReport;
import io.mlinfra.features.offline.TrainingQuery;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.online.FeatureLog;
import io.mlinfra.features.online.FeatureVector;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.util.Text;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lives through real flights: one that lands is pushed into an online store, one that departs reads
 * what is known then, and that is, without any tolerance, what a training set says of that moment.
 * The sums of windows are exact and rounded once, so this needs no bound.
 *
 * <p>The build takes a sample and all functions. {@code -Dreplay=all} takes the job's windows and
 * every flight of the six weeks, and {@code -Dreplay=3m} the half year that they were cut from,
 * where that file is.
 */
class FlightReplayTest {
  private static final Path SIX_WEEKS = Path.of("data", "flights-2001.parquet");
  private static final Path HALF_A_YEAR = Path.of("../../shared/data/flights-3m.parquet");
  private static final List<Duration> WINDOWS =
      List.of(Duration.ofHours(3), Duration.ofHours(24), Duration.ofDays(7));

  private static final String LABELS =
      "SELECT date, origin, destination FROM flights ORDER BY date, number";

  private record Flight(
      LocalDateTime date,
      LocalDateTime landed,
      long delay,
      boolean late,
      String origin,
      String destination) {
    Map<String, Object> event() {
      return Map.of(
          "date", date,
          "landed", landed,
          "delay", delay,
          "late", late,
          "origin", origin,
          "destination", destination);
    }
  }

  /** An airport by the flights in the order in which they land. */
  private static FeatureView.Builder landings(String airport) {
    return FeatureView.named(airport).from("flights").entity(airport).eventTime("landed");
  }

  /** An airport by the flights in the order in which they departed, of which one hears late. */
  private static FeatureView.Builder departures(String airport) {
    return FeatureView.named(airport + "_departed")
        .from("flights")
        .entity(airport)
        .eventTime("date")
        .knownAt("landed")
        .ttl(Duration.ofDays(8));
  }

  private static FeatureView rich(FeatureView.Builder view, String other) {
    return view.latest("delay", other, "late", "date")
        .lag("delay", 1)
        .lag(other, 3)
        .sinceLast()
        .windows(
            WINDOWS,
            count(),
            sum("delay"),
            mean("delay"),
            mean("late"),
            min("delay"),
            max("delay"),
            stddev("delay"),
            first(other),
            last("delay"),
            countDistinct(other),
            fraction(isTrue("late")),
            count().where(greaterThan("delay", 60)))
        .build();
  }

  /** All that a view can say of both airports, on both time lines. */
  private static FeatureService everything() {
    return FeatureService.named("everything")
        .with(rich(landings("origin"), "destination"))
        .with(rich(landings("destination"), "origin"))
        .with(rich(departures("origin"), "destination"))
        .with(rich(departures("destination"), "origin"))
        .derive("hour", hour("date"))
        .derive("worse", difference("origin__mean_delay_3h", "destination__mean_delay_3h"))
        .build();
  }

  private static FeatureView plain(FeatureView.Builder view) {
    return view.window(Duration.ofHours(3), mean("delay"), count())
        .window(Duration.ofHours(24), mean("delay"), last("delay"))
        .window(Duration.ofDays(7), mean("late"), sum("delay"), min("delay"), max("delay"))
        .build();
  }

  /** The windows of the job and a few more, on both time lines. */
  private static FeatureService windows() {
    return FeatureService.named("windows")
        .with(plain(landings("origin")))
        .with(plain(landings("destination")))
        .with(plain(departures("origin")))
        .with(plain(departures("destination")))
        .derive("hour", hour("date"))
        .build();
  }

  /** Some flights, and what they see of each other. */
  private static final class Replay implements AutoCloseable {
    final Warehouse warehouse = Warehouse.inMemory();
    final FeatureService service;
    final FeatureStore features;
    final Map<String, Long> differences = new LinkedHashMap<>();
    final List<String> examples = new ArrayList<>();
    private final TrainingQuery query;
    private final TrainingSet training;
    private final ArrowReader rows;
    private final List<FieldVector> trainedColumns;
    private final List<Flight> landings;
    private int landed;
    private int row;
    private long firstRow;
    private long served;

    Replay(Path file, String where, FeatureService service) throws IOException {
      this.service = service;
      warehouse.load("trips", Source.parquet(file));
      warehouse.load(
          "flights",
          Source.query(
              """
              SELECT *, delay > 15 AS late,
                     date + to_minutes(CAST(30 + distance // 8 + greatest(delay, 0) AS INTEGER))
                         AS landed,
                     row_number() OVER (ORDER BY date, delay, distance, origin, destination)
                         AS number
              FROM trips QUALIFY\s"""
                  + where));
      warehouse.execute("DROP TABLE trips");
      landings =
          warehouse
              .sql(
                  "SELECT date, landed, CAST(delay AS BIGINT) AS delay, late, origin, destination"
                      + " FROM flights ORDER BY landed, number")
              .maxRows(10_000_000)
              .list(Flight.class);
      features = FeatureStore.open(warehouse, service);
      query = features.training(LABELS, "date");
      training = query.collect();
      rows = training.reader();
      VectorSchemaRoot root = rows.getVectorSchemaRoot();
      trainedColumns = service.names().stream().map(root::getVector).toList();
    }

    /** Leaves out what a materialisation has brought and who departed before it. */
    void skipTo(LocalDateTime time) throws IOException {
      while (landed < landings.size() && !landings.get(landed).landed.isAfter(time)) {
        landed++;
      }
      while (hasRow() && date().isBefore(time)) {
        row++;
      }
    }

    private boolean hasRow() throws IOException {
      if (row == rows.getVectorSchemaRoot().getRowCount()) {
        firstRow += row;
        row = 0;
        return rows.loadNextBatch();
      }
      return true;
    }

    private LocalDateTime date() throws IOException {
      return (LocalDateTime) rows.getVectorSchemaRoot().getVector("date").getObject(row);
    }

    /** Serves every flight that departs before a time, after those that have landed by then. */
    void until(LocalDateTime time, OnlineStore online) throws IOException {
      until(time, online, flight -> true, null);
    }

    void until(LocalDateTime time, OnlineStore online, Predicate<Flight> pushed, FeatureLog log)
        throws IOException {
      while (hasRow() && date().isBefore(time)) {
        LocalDateTime now = date();
        pushUntil(now, online, pushed);
        Map<String, Object> request =
            Map.of("date", now, "origin", text("origin"), "destination", text("destination"));
        FeatureVector vector = online.at(now).get(service, request);
        compare(vector);
        if (log != null) {
          log.add(request, vector);
        }
        row++;
        served++;
      }
      pushUntil(time, online, pushed);
    }

    private void pushUntil(LocalDateTime time, OnlineStore online, Predicate<Flight> pushed)
        throws IOException {
      while (landed < landings.size() && !landings.get(landed).landed.isAfter(time)) {
        push(online, pushed);
      }
    }

    private String text(String column) throws IOException {
      return rows.getVectorSchemaRoot().getVector(column).getObject(row).toString();
    }

    /**
     * Pushes the next flight that has landed: on two days of three alone, on the third as one of
     * all those of an hour, most of which nobody may see yet.
     */
    private void push(OnlineStore online, Predicate<Flight> pushed) throws IOException {
      Flight flight = landings.get(landed);
      if (flight.landed.getDayOfYear() % 3 != 0) {
        if (pushed.test(flight)) {
          Map<String, Object> event = flight.event();
          for (FeatureView view : service.views()) {
            online.push(view, event);
          }
        }
        landed++;
        return;
      }
      int from = landed;
      LocalDateTime last = flight.landed.truncatedTo(ChronoUnit.HOURS).plusMinutes(59);
      while (landed < landings.size() && !landings.get(landed).landed.isAfter(last)) {
        landed++;
      }
      for (FeatureView view : service.views()) {
        try (ArrowReader hour =
            warehouse.query(
                "FROM flights WHERE landed >= ? AND landed <= ? ORDER BY landed, number",
                flight.landed,
                last)) {
          assertThat(online.push(view, hour)).isEqualTo(landed - from);
        }
      }
    }

    private void compare(FeatureVector vector) throws IOException {
      for (FieldVector column : trainedColumns) {
        String name = column.getName();
        Object trained = column.getObject(row);
        if (trained instanceof Text) {
          trained = trained.toString();
        }
        Object online = vector.value(name);
        if (!Objects.equals(trained, online)) {
          if (differences.merge(name, 1L, Long::sum) == 1 && examples.size() < 3) {
            examples.add(
                name
                    + " at "
                    + vector.at()
                    + ": served "
                    + online
                    + ", trained "
                    + query.explain(firstRow + row).feature(name));
          }
        }
      }
    }

    @Override
    public void close() throws IOException {
      rows.close();
      training.close();
      features.close();
      warehouse.close();
    }
  }

  private static void assertNoDifference(Replay replay, long least) {
    assertThat(replay.differences).as("%s", replay.examples).isEmpty();
    assertThat(replay.served).isGreaterThan(least);
  }

  private static Replay sample() throws IOException {
    return new Replay(SIX_WEEKS, "number % 7 = 0", everything());
  }

  private static Replay fewDays() throws IOException {
    return new Replay(SIX_WEEKS, "number % 4 = 0 AND date < TIMESTAMP '2001-01-04'", everything());
  }

  @Test
  void everyFlightIsServedWhatItIsTrainedWith() throws IOException {
    replay(SIX_WEEKS, "number % 7 = 0", everything(), 90_000);
  }

  @Test
  void soIsEveryFlightOfSixWeeks() throws IOException {
    assumeThat(System.getProperty("replay"))
        .as("-Dreplay=all takes every flight of the file")
        .isEqualTo("all");
    replay(SIX_WEEKS, "true", windows(), 600_000);
  }

  @Test
  void soIsEveryFlightOfHalfAYear() throws IOException {
    assumeThat(System.getProperty("replay"))
        .as("-Dreplay=3m takes three million flights")
        .isEqualTo("3m");
    assumeThat(HALF_A_YEAR).as("the file that the six weeks were cut from").isRegularFile();
    replay(HALF_A_YEAR, "true", windows(), 2_900_000);
  }

  private static void replay(Path file, String where, FeatureService service, long least)
      throws IOException {
    try (Replay replay = new Replay(file, where, service);
        OnlineStore online = OnlineStore.inMemory()) {
      online.define(replay.features);
      replay.until(LocalDateTime.MAX, online);
      assertNoDifference(replay, least);
    }
  }

  @Test
  void aDurableStoreGoesOnAfterItWasClosedInTheMidst(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("online");
    LocalDateTime middle = LocalDateTime.parse("2001-01-02T18:20");
    // Each push alone waits for the disk.
    String few = "number % 50 = 0 AND date < TIMESTAMP '2001-01-08'";
    try (Replay replay = new Replay(SIX_WEEKS, few, everything())) {
      try (OnlineStore online = OnlineStore.open(file)) {
        online.define(replay.features);
        replay.until(middle, online);
      }
      try (OnlineStore online = OnlineStore.open(file)) {
        replay.until(LocalDateTime.MAX, online);
      }
      assertNoDifference(replay, 2_000);
    }
  }

  @Test
  void aStoreThatIsMaterialisedInTheMidstGoesOnServingTheSame() throws IOException {
    try (Replay replay = sample();
        OnlineStore online = OnlineStore.inMemory()) {
      LocalDateTime cut = LocalDateTime.parse("2001-02-01T10:30");
      LocalDateTime middle = LocalDateTime.parse("2001-02-05T17:00");
      assertThat(online.materialize(replay.features, cut).full()).isTrue();
      replay.skipTo(cut);
      replay.until(middle, online);

      List<String> airports =
          replay.warehouse.sql("SELECT DISTINCT origin FROM flights").list(String.class);
      List<FeatureVector> pushed = read(replay, online, middle, airports);
      assertThat(online.materialize(replay.features, middle).full()).isFalse();
      assertThat(read(replay, online, middle, airports)).isEqualTo(pushed);

      replay.until(LocalDateTime.MAX, online);
      assertNoDifference(replay, 20_000);
    }
  }

  private static List<FeatureVector> read(
      Replay replay, OnlineStore online, LocalDateTime time, List<String> airports) {
    return online
        .at(time)
        .getAll(
            replay.service,
            airports.stream()
                .map(code -> Map.of("date", time, "origin", code, "destination", code))
                .toList());
  }

  @Test
  void anAuditOfWhatWasServedFindsNothing() throws IOException {
    try (Replay replay = fewDays()) {
      SkewReport report = audit(replay, flight -> true);
      assertThat(report.rows()).isEqualTo(replay.served);
      assertThat(report.isClean()).as("%s", report).isTrue();
      assertNoDifference(replay, 10_000);
    }
  }

  @Test
  void anAuditNamesWhatAFlightThatWasNotPushedChanges() throws IOException {
    try (Replay replay = fewDays()) {
      Flight lost =
          replay.landings.stream()
              .filter(flight -> flight.landed.getDayOfYear() == 2 && flight.delay > 60)
              .findFirst()
              .orElseThrow();
      SkewReport report = audit(replay, flight -> flight != lost);
      Map<String, SkewReport.FeatureSkew> skewed = new HashMap<>();
      report.skewed().forEach(feature -> skewed.put(feature.feature(), feature));
      assertThat(skewed)
          .containsOnlyKeys(replay.differences.keySet())
          .containsKeys(
              "destination__count_3h",
              "origin__sum_delay_1d",
              "destination__count_if_delay_7d",
              "origin_departed__count_7d",
              "destination_departed__mean_delay_7d");
      assertThat(skewed.get("origin__count_7d").examples())
          .isNotEmpty()
          .allSatisfy(
              example -> {
                assertThat(example.keys()).containsOnly(Map.entry("origin", lost.origin));
                assertThat(example.at()).isAfterOrEqualTo(lost.landed);
                assertThat((Long) example.served()).isEqualTo((Long) example.recomputed() - 1);
              });
      skewed.forEach(
          (name, feature) ->
              assertThat(feature.compared() - feature.equal())
                  .as(name)
                  .isEqualTo(replay.differences.get(name)));
    }
  }

  private static SkewReport audit(Replay replay, Predicate<Flight> pushed) throws IOException {
    try (OnlineStore online = OnlineStore.inMemory();
        FeatureLog log = FeatureLog.open(replay.warehouse, "served", replay.service)) {
      online.define(replay.features);
      replay.until(LocalDateTime.MAX, online, pushed, log);
    }
    return SkewAudit.of(replay.features, replay.service).compare("served", FeatureLog.TIME);
  }
}
