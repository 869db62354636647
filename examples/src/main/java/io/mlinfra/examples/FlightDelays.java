package io.mlinfra.examples;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.Kind;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.features.view.FeatureStore;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.features.view.TrainingSet;
import io.mlinfra.monitoring.DriftReport;
import io.mlinfra.monitoring.DriftTest;
import io.mlinfra.monitoring.Profile;
import io.mlinfra.monitoring.Report;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.serving.Deployment;
import io.mlinfra.serving.Scorer;
import io.mlinfra.training.Evaluation;
import io.mlinfra.training.LogisticTrainer;
import io.mlinfra.training.MlpTrainer;
import io.mlinfra.training.Trained;
import io.mlinfra.training.Trainer;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Nd4jBackend;
import io.mlinfra.warehouse.LoadResult;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Will this flight arrive more than 15 minutes late? The whole loop, from a Parquet file to a
 * served model and a drift report:
 *
 * <pre>
 * mvn -q -Pquickstart
 * mvn -q -Pquickstart -Ddata=FILE
 * </pre>
 */
public final class FlightDelays {
  private static final String NAME = "flight-delay";

  /**
   * When a flight's outcome is known: 30 minutes, 8 miles a minute (whole minutes, rounded down)
   * and its delay after its departure. Nothing may learn from a flight before that.
   */
  private static final String FLIGHTS =
      """
      CREATE OR REPLACE TABLE flights AS
      SELECT *, delay > 15 AS late,
             date + to_minutes(CAST(30 + distance // 8 + greatest(delay, 0) AS INTEGER)) AS landed
      FROM trips""";

  private static final String LABELS =
      """
      SELECT date, CAST(distance AS BIGINT) AS distance, hour(date) AS hour, isodow(date) AS weekday,
             origin, destination, late
      FROM flights""";

  private static final String[] RAW = {
    "distance", "hour", "weekday", "origin", "destination", "late"
  };

  private static final String[] WINDOWS = {
    "origin__mean_delay_3h", "origin__count_3h", "origin__mean_delay_1d", "origin__mean_late_7d",
    "destination__mean_delay_3h", "destination__count_3h", "destination__mean_delay_1d",
        "destination__mean_late_7d"
  };

  private final Settings settings;
  private final Summary summary;
  private final Progress progress = Progress.console(System.out);

  private FlightDelays(Settings settings) {
    this.settings = settings;
    this.summary = new Summary(System.out);
  }

  /**
   * Exits with 2 and one line on the error stream where the command line or the data is at fault.
   */
  public static void main(String[] arguments) throws IOException {
    try {
      run(arguments);
    } catch (MlInfraException | IllegalArgumentException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(2);
    }
  }

  static void run(String... arguments) throws IOException {
    new FlightDelays(Settings.parse(arguments)).run();
  }

  private void run() throws IOException {
    Files.createDirectories(settings.output());
    try (Warehouse warehouse = Warehouse.open(settings.output().resolve("flights.db"));
        Registry registry = Registry.open(settings.output().resolve("registry"))) {
      summary.stage("Warehouse");
      Version dataSet = load(warehouse, registry);
      LocalDateTime cut = settings.cut(warehouse);

      try (FeatureStore features =
          FeatureStore.open(warehouse, airport("origin"), airport("destination"))) {
        summary.stage("Features");
        Version definitions = features.register(registry, "airports");
        try (TrainingSet flights = features.trainingSet(progress, LABELS, "date")) {
          TrainingSet known = flights.madeFrom(List.of(dataSet.id(), definitions.id()));
          TrainingSet train = known.before(cut);
          TrainingSet test = known.since(cut);
          summary.add("trainRows", train.rows()).add("testRows", test.rows());
          summary.line(
              "%,d flights to learn from, %,d from %s on to test with",
              train.rows(), test.rows(), cut);

          summary.stage("Training");
          train(train, test, registry);

          summary.stage("Serving");
          serve(registry, features, test, cut);

          summary.stage("Monitoring");
          monitor(registry, train, flights.since(settings.lastWeek(warehouse)));
        }
      }
    }
    summary.write(settings.output().resolve("summary.json"));
  }

  private Version load(Warehouse warehouse, Registry registry) {
    LoadResult loaded = warehouse.load("trips", Source.parquet(settings.data()), progress);
    warehouse.execute(FLIGHTS);
    warehouse.execute("DROP TABLE trips");
    Version dataSet = warehouse.snapshot("flights", registry, "flights");
    summary.add("rows", loaded.rows());
    summary.line("%s", loaded);
    summary.line("%s", dataSet.id());
    return dataSet;
  }

  /** What is known of an airport at a time, from the flights that have landed by then. */
  private static FeatureView airport(String column) {
    return FeatureView.named(column)
        .from("flights")
        .entity(column)
        .eventTime("date")
        .knownAt("landed")
        .window(Duration.ofHours(3), mean("delay"), count())
        .window(Duration.ofHours(24), mean("delay"))
        .window(Duration.ofDays(7), mean("late"))
        .build();
  }

  /** Trains both models, registers them, and gives the better one the alias champion. */
  private void train(TrainingSet train, TrainingSet test, Registry registry) throws IOException {
    Pipeline categories =
        Pipeline.builder()
            .standardize("distance")
            .standardize(WINDOWS)
            .missingIndicator("origin__mean_delay_3h", "destination__mean_delay_3h")
            .oneHot("origin", "destination", "hour", "weekday")
            .build();
    Pipeline numbers =
        Pipeline.builder()
            .standardize("hour", "weekday", "distance")
            .standardize(WINDOWS)
            .missingIndicator("origin__mean_delay_3h", "destination__mean_delay_3h")
            .build();
    try (Backend backend = Nd4jBackend.open()) {
      summary.line("on %s", backend);
      Trainer logistic =
          LogisticTrainer.builder().epochs(5).seed(7).backend(backend).progress(progress).build();
      Trainer mlp =
          MlpTrainer.builder()
              .hidden(64, 32)
              .epochs(10)
              .learningRate(0.01)
              .seed(7)
              .backend(backend)
              .progress(progress)
              .build();
      Trained first = logistic.fit(train, categories, "late");
      Trained second = mlp.fit(train, numbers, "late");
      Evaluation firstScore = evaluate("logistic", first, test);
      Evaluation secondScore = evaluate("mlp", second, test);

      Version firstVersion = registry.register(NAME, first.with("test", firstScore));
      Version secondVersion = registry.register(NAME, second.with("test", secondScore));
      boolean secondIsBetter = secondScore.auc() > firstScore.auc();
      Version version = secondIsBetter ? secondVersion : firstVersion;
      registry.promote(NAME, "champion", version, "the higher AUC on the test rows");
      summary
          .add("championVersion", version.id().number())
          .add("championHash", version.id().hash().hex());
      summary.line(
          "champion made from%n%s", registry.lineage(version).toString().indent(4).stripTrailing());

      double difference = Math.max(difference(first, test), difference(second, test));
      summary.add("maxServedDifference", difference);
      summary.line("largest difference between a trained and a served score: %s", difference);
    }
  }

  private Evaluation evaluate(String name, Trained trained, TrainingSet test) {
    Evaluation evaluation = trained.evaluate(test);
    summary.add(name + "Auc", evaluation.auc()).add(name + "LogLoss", evaluation.logLoss());
    summary.line("%-9s %s", name, evaluation);
    return evaluation;
  }

  /**
   * The largest distance between the score at training time and that of the ONNX graph, over all
   * test rows.
   */
  private static double difference(Trained trained, TrainingSet test) throws IOException {
    float[] expected = trained.score(test);
    try (Scorer scorer = Scorer.open(trained.model());
        ArrowReader rows = test.reader()) {
      float[] served = scorer.score(rows, "probability");
      double largest = 0;
      for (int row = 0; row < expected.length; row++) {
        largest = Math.max(largest, Math.abs((double) served[row] - expected[row]));
      }
      return largest;
    }
  }

  /** Answers flight by flight, with the airports as they were known at the cut-off. */
  private void serve(Registry registry, FeatureStore features, TrainingSet test, LocalDateTime cut)
      throws IOException {
    OnlineStore online = OnlineStore.inMemory();
    long airports = online.materialize(features, cut);
    summary.line("%,d airports online, as of %s", airports, cut);
    try (Deployment delay = Deployment.open(registry, NAME + "@champion")) {
      summary.line("%s", delay);
      Latency latency = Latency.measure(delay, online, test);
      summary
          .add("servedP50Micros", latency.p50Micros())
          .add("servedP99Micros", latency.p99Micros());
      summary.line("%s", latency);
    }
  }

  /**
   * Keeps the profile of the training data beside the champion and compares the last week to it.
   */
  private void monitor(Registry registry, TrainingSet reference, TrainingSet lastWeek)
      throws IOException {
    String[] columns = Stream.of(RAW, WINDOWS).flatMap(Stream::of).toArray(String[]::new);
    try (ArrowReader expected = reference.reader(columns);
        ArrowReader current = lastWeek.reader(columns)) {
      Profile profile = Profile.of(expected);
      Version champion = registry.version(Kind.MODEL, NAME + "@champion");
      Version kept =
          registry.register(
              Registration.of(Kind.PROFILE, NAME).content(profile.toBytes()).madeFrom(champion));
      summary.line("%s of the training data", kept.id());
      DriftReport drift = DriftTest.defaults().compare(profile, Profile.of(current));
      Report.Builder report =
          Report.titled("Flight delays: the last week against the training data")
              .metric("Logistic AUC", summary.text("logisticAuc"))
              .metric("MLP AUC", summary.text("mlpAuc"))
              .metric("MLP log loss", summary.text("mlpLogLoss"))
              .metric("Champion", "version " + summary.text("championVersion"))
              .metric("Served p50", summary.text("servedP50Micros") + " µs")
              .metric("Served p99", summary.text("servedP99Micros") + " µs");
      Path file = report.add(drift).build().write(settings.output().resolve("report.html"));
      summary.line(
          "%d of %d columns drifted; %s",
          drift.driftedColumns().size(), drift.columns().size(), file);
    }
  }
}
