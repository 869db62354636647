package io.mlinfra.examples;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.weekday;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.features.catalog.FeatureCatalog;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.SkewReport;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.monitoring.DriftReport;
import io.mlinfra.monitoring.DriftTest;
import io.mlinfra.monitoring.Profile;
import io.mlinfra.monitoring.Report;
import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.EvaluationReport;
import io.mlinfra.registry.PromotionCheck;
import io.mlinfra.registry.PromotionPolicy;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.RunComparison;
import io.mlinfra.registry.TrackedRun;
import io.mlinfra.registry.Verification;
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
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Will this flight arrive more than 15 minutes late? The whole loop, from a Parquet file to a
 * served model and a drift report, with a registry that can tell how it came about:
 *
 * <pre>
 * mvn -q -Pquickstart
 * mvn -q -Pquickstart -Ddata=FILE
 * </pre>
 */
public final class FlightDelays {
  private static final String NAME = "flight-delay";
  private static final String CHAMPION = "champion";
  private static final String CHAMPION_REFERENCE = NAME + "@" + CHAMPION;

  /** What a model must meet before it serves. */
  private static final PromotionPolicy POLICY =
      PromotionPolicy.builder()
          .better("auc")
          .atLeast("auc", 0.6)
          .atMost("servedDifference", 1e-6)
          .build();

  private static final String LABELS =
      """
      SELECT date, CAST(distance AS BIGINT) AS distance, origin, destination, late FROM flights""";

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
  private double maxServedDifference;

  private FlightDelays(Settings settings) {
    this.settings = settings;
    this.summary = new Summary(System.out);
  }

  /**
   * Exits with 2 and one line on the error stream where the command line, the data or the output
   * folder is at fault.
   */
  public static void main(String[] arguments) {
    try {
      run(arguments);
    } catch (MlInfraException | IllegalArgumentException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(2);
    } catch (IOException e) {
      // Its message alone may be no more than the name of a file.
      System.err.println("error: " + e);
      System.exit(2);
    }
  }

  static void run(String... arguments) throws IOException {
    new FlightDelays(Settings.parse(arguments)).run();
  }

  private void run() throws IOException {
    settings.makeOutput();
    try (Warehouse warehouse = Warehouse.open(settings.output().resolve("flights.db"));
        Registry registry = Registry.open(settings.output().resolve("registry"));
        ActiveRun job = registry.runs().start(NAME)) {
      job.param("data", settings.data().toString());
      summary.stage("Warehouse");
      Version dataSet = new FlightData(warehouse, settings, summary).load(registry, job, progress);
      job.inputs(dataSet);
      LocalDateTime cut = settings.cut(warehouse);

      FeatureService service = service();
      try (FeatureStore features = FeatureStore.open(warehouse, service)) {
        summary.stage("Features");
        Version definitions = FeatureCatalog.of(registry).register(service);
        try (TrainingSet flights = features.training(LABELS, "date").progress(progress).collect()) {
          TrainingSet known = flights.madeFrom(List.of(dataSet.id(), definitions.id()));
          TrainingSet train = known.before(cut);
          TrainingSet test = known.since(cut);
          summary.add("trainRows", train.rows()).add("testRows", test.rows());
          summary.line(
              "%,d flights to learn from, %,d from %s on to test with",
              train.rows(), test.rows(), cut);

          summary.stage("Training");
          List<Version> models = train(train, test, registry, job);

          summary.stage("Serving");
          SkewReport skew = serve(registry, features, service, cut);

          summary.stage("Monitoring");
          monitor(registry, models, train, flights.since(settings.lastWeek(warehouse)), skew, job);
        }
      }
      job.finish();
      summary.stage("Registry");
      account(registry, job);
    }
    summary.write(settings.output().resolve("summary.json"));
  }

  /** All that the models know of a flight, but for what stands on its ticket. */
  private static FeatureService service() {
    return FeatureService.named(NAME)
        .with(airport("origin"))
        .with(airport("destination"))
        .derive("hour", hour("date"))
        .derive("weekday", weekday("date"))
        .build();
  }

  /** What is known of an airport at a time, from the flights that have landed by then. */
  private static FeatureView airport(String column) {
    return FeatureView.named(column)
        .from("flights")
        .entity(column)
        .eventTime("landed")
        .window(Duration.ofHours(3), mean("delay"), count())
        .window(Duration.ofHours(24), mean("delay"))
        .window(Duration.ofDays(7), mean("late"))
        .build();
  }

  /** Trains both models, and gives the better one the alias champion. */
  private List<Version> train(TrainingSet train, TrainingSet test, Registry registry, ActiveRun job)
      throws IOException {
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
    Map<String, Version> models = new LinkedHashMap<>();
    try (Backend backend = Nd4jBackend.open()) {
      summary.line("on %s", backend);
      try (ActiveRun run = job.child()) {
        Trainer logistic =
            LogisticTrainer.builder()
                .epochs(5)
                .seed(7)
                .backend(backend)
                .progress(progress)
                .track(run)
                .build();
        Trained trained = logistic.fit(train, categories, "late");
        models.put("logistic", register("logistic", trained, test, registry, run));
      }
      try (ActiveRun run = job.child()) {
        Trainer mlp =
            MlpTrainer.builder()
                .hidden(64, 32)
                .epochs(10)
                .learningRate(0.01)
                .seed(7)
                .backend(backend)
                .progress(progress)
                .track(run)
                .build();
        Trained trained = mlp.fit(train, numbers, "late");
        models.put("mlp", register("mlp", trained, test, registry, run));
      }
    }
    summary.add("maxServedDifference", maxServedDifference);
    summary.line(
        "largest difference between a trained and a served score: %s", maxServedDifference);
    promote(models, test, registry);
    return List.copyOf(models.values());
  }

  /** Keeps the run, the model, and a report on how it did on the test rows. */
  private Version register(
      String name, Trained trained, TrainingSet test, Registry registry, ActiveRun run)
      throws IOException {
    Evaluation score = trained.evaluate(test);
    summary.add(name + "Auc", score.auc()).add(name + "LogLoss", score.logLoss());
    summary.line("%-9s %s", name, score);
    double difference = difference(trained, test);
    maxServedDifference = Math.max(maxServedDifference, difference);

    Version version = run.register(NAME, trained.withExample(test).with("test", score));
    EvaluationReport report =
        trained.report(test).toBuilder().lowerIsBetter("servedDifference", difference).build();
    registry.register(version, report);
    run.finish();
    return version;
  }

  /** Offers the alias champion to each model in turn; its policy says who may have it. */
  private void promote(Map<String, Version> models, TrainingSet test, Registry registry)
      throws IOException {
    if (!registry.policy(NAME, CHAMPION).equals(POLICY)) {
      registry.protect(NAME, CHAMPION, POLICY, "a model that serves has won on the test rows");
    }
    Optional<Version> former =
        registry.alias(NAME, CHAMPION).map(alias -> registry.version(alias.version()));
    if (former.isPresent() && !models.containsValue(former.get())) {
      // One of an earlier job, on other flights: whoever is to replace it must win on these.
      float[] probabilities = serve(registry.model(former.get()), test);
      registry.register(former.get(), Evaluation.report(test, "late", probabilities));
    }
    Map<String, String> outcomes = new LinkedHashMap<>();
    models.forEach(
        (name, version) -> {
          PromotionCheck check = registry.check(NAME, CHAMPION, version);
          if (version.id().equals(check.champion())) {
            outcomes.put(name, "champion already");
            summary.line("%s is the champion already", version.id());
            return;
          }
          outcomes.put(name, check.passed() ? "passed" : "refused");
          summary.block(name, check);
          if (check.passed()) {
            registry.promote(NAME, CHAMPION, version, "the higher AUC on the test rows");
          }
        });
    Version champion = registry.version(Kind.MODEL, CHAMPION_REFERENCE);
    summary
        .add("championVersion", champion.id().number())
        .add("championHash", champion.id().hash().hex())
        .add("championCheck", outcomes);
  }

  /**
   * The largest distance between the score at training time and that of the ONNX graph, over all
   * test rows.
   */
  private static double difference(Trained trained, TrainingSet test) throws IOException {
    float[] expected = trained.score(test);
    float[] served = serve(trained.model(), test);
    double largest = 0;
    for (int row = 0; row < expected.length; row++) {
      largest = Math.max(largest, Math.abs((double) served[row] - expected[row]));
    }
    return largest;
  }

  private static float[] serve(Model model, TrainingSet rows) throws IOException {
    try (Scorer scorer = Scorer.open(model);
        ArrowReader reader = rows.reader()) {
      return scorer.score(reader, "probability");
    }
  }

  private SkewReport serve(
      Registry registry, FeatureStore features, FeatureService service, LocalDateTime cut) {
    try (Deployment delay = Deployment.open(registry, CHAMPION_REFERENCE)) {
      summary.line("%s", delay);
      return new Serving(features, service, delay, summary).replay(cut);
    }
  }

  /** Keeps the profile of the training data beside the models and compares the last week to it. */
  private void monitor(
      Registry registry,
      List<Version> models,
      TrainingSet reference,
      TrainingSet lastWeek,
      SkewReport skew,
      ActiveRun job)
      throws IOException {
    String[] columns = Stream.of(RAW, WINDOWS).flatMap(Stream::of).toArray(String[]::new);
    try (ArrowReader expected = reference.reader(columns);
        ArrowReader current = lastWeek.reader(columns)) {
      Profile profile = Profile.of(expected);
      Version kept =
          registry.register(
              Registration.of(Kind.PROFILE, NAME).content(profile.toBytes()).madeFrom(models));
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
      Path file =
          report
              .add(drift)
              .section("Served beside recomputed", skew.toHtml())
              .write(settings.output().resolve("report.html"));
      job.metric("driftedColumns", 0, drift.driftedColumns().size());
      job.artifact("report.html", file);
      summary.line(
          "%d of %d columns drifted; %s",
          drift.driftedColumns().size(), drift.columns().size(), file);
    }
  }

  /** Shows what the registry knows by now, and has it check all that it holds. */
  private void account(Registry registry, ActiveRun job) {
    List<TrackedRun> trainings = registry.runs().children(job.id());
    RunComparison comparison = registry.runs().compare(trainings);
    summary.block("the trainings side by side", comparison);

    Lineage lineage = registry.lineage(registry.version(Kind.MODEL, CHAMPION_REFERENCE));
    summary.block("where the champion comes from, and what came of it", lineage);
    Path page =
        Report.titled("Flight delays: where the champion comes from")
            .metric("Champion", "version " + summary.text("championVersion"))
            .metric("Sources", lineage.sources().size())
            .metric("Products", lineage.products().size())
            .section("Lineage", lineage.toHtml())
            .section("Trainings", comparison.toHtml())
            .write(settings.output().resolve("lineage.html"));
    summary.line("%s", page);

    Verification verification = registry.verify();
    String head = registry.auditHead();
    summary
        .add("runs", registry.runs().search(NAME, "").size())
        .add("versions", verification.versions())
        .add("verified", verification.isClean())
        .add("auditHead", head);
    summary.line("%s", verification);
    summary.line("audit head %s", head);
  }
}
