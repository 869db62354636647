package io.mlinfra.examples;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.OnnxInspection;
import io.mlinfra.core.onnx.OnnxPolicy;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Alias;
import io.mlinfra.registry.AliasMove;
import io.mlinfra.registry.AuditEntry;
import io.mlinfra.registry.Candidate;
import io.mlinfra.registry.Collected;
import io.mlinfra.registry.Curve;
import io.mlinfra.registry.EvaluationReport;
import io.mlinfra.registry.Keyring;
import io.mlinfra.registry.ModelDiff;
import io.mlinfra.registry.OnnxImport;
import io.mlinfra.registry.PromotionCheck;
import io.mlinfra.registry.PromotionPolicy;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.RegistryOptions;
import io.mlinfra.registry.Retention;
import io.mlinfra.registry.Run;
import io.mlinfra.registry.RunComparison;
import io.mlinfra.registry.TrackedRun;
import io.mlinfra.registry.TrackedRun.Status;
import io.mlinfra.registry.Verification;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/registry.md, and what the text around it claims. */
class RegistryGuideTest {
  private static final Path GUIDE = Path.of("..", "docs", "registry.md");
  private static final byte[] OLD = "an old key has 32 bytes, random!".getBytes(UTF_8);
  private static final byte[] FRESH = "a new one has 32 bytes, as well!".getBytes(UTF_8);

  @TempDir Path folder;
  @TempDir Path output;

  private Registry registry;
  private Version flights;

  @BeforeEach
  void open() {
    Clock clock = Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);
    RegistryOptions options = RegistryOptions.builder().clock(clock).actor(() -> "ada").build();
    registry = Registry.open(folder, options);
    flights =
        registry.register(
            Registration.of(Kind.DATASET, "flights").content("JFK,LAX,17\n".getBytes(UTF_8)));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  record Training(Model model, Run run) implements Candidate {}

  @Test
  void keepsDataAndDefinitions(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(output.resolve("flights.csv"), "JFK,LAX,17\n");
    byte[] readme = "From the airport.".getBytes(UTF_8);
    byte[] json = "{}".getBytes(UTF_8);

    try (Registry registry = Registry.open(folder)) {
      Version flights =
          registry.register(
              Registration.of(Kind.DATASET, "flights")
                  .content(file)
                  .property("source", "the airport's own table")
                  .attach("readme.md", readme));
      Version airports =
          registry.register(
              Registration.of(Kind.FEATURES, "airports").content(json).madeFrom(flights));

      assertThat(flights.id().toString()).startsWith("dataset flights:1 (");
      assertThat(airports.madeFrom()).containsExactly(flights.id());
    }
    try (Registry registry = Registry.open(folder)) {
      Version latest = registry.version(Kind.DATASET, "flights");
      Version first = registry.version(Kind.DATASET, "flights:1");
      byte[] content = registry.content(first);
      byte[] about = registry.attachment(first, "readme.md");
      registry.export(first, output.resolve("copy.csv"));

      assertThat(latest).isEqualTo(first);
      assertThat(content).isEqualTo(Files.readAllBytes(file));
      assertThat(about).isEqualTo(readme);
      assertThat(output.resolve("copy.csv")).hasSameBinaryContentAs(file);

      Version again = registry.register(Registration.of(Kind.DATASET, "flights").content(file));
      assertThat(again).isEqualTo(first);
      assertThat(again.properties()).containsKey("source");
      assertThat(registry.names(Kind.DATASET)).containsExactly("flights");
      Registration unfit = Registration.of(Kind.DATASET, "Flights").content(file);
      assertRefused(ErrorCode.CONFLICT, () -> registry.register(unfit));
      assertThatThrownBy(() -> Registration.of(Kind.DATASET, "Flüge"))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void tracksARun() {
    byte[] confusion = "9,1\n2,8\n".getBytes(UTF_8);

    try (ActiveRun run = registry.runs().start("flight-delay")) {
      run.params(Map.of("trainer", "mlp", "learning rate", "0.05"));
      run.inputs(flights);
      for (int epoch = 1; epoch <= 20; epoch++) {
        double loss = trainOneEpoch(epoch);
        run.metric("loss", epoch, loss);
      }
      run.metrics(20, Map.of("auc", 0.727, "logLoss", 0.430));
      run.tag("author", "ada");
      run.artifact("confusion.csv", confusion);
      run.finish();
    }

    TrackedRun run = registry.runs().get("flight-delay/1");
    Curve loss = registry.runs().curve(run.id(), "loss");
    byte[] table = registry.runs().artifact(run.id(), "confusion.csv");
    registry.runs().tag(run.id(), "verdict", "too slow");

    assertThat(run.status()).isEqualTo(Status.FINISHED);
    assertThat(run.metrics().get("loss").points()).isEqualTo(20);
    assertThat(run.environment()).containsKey("java.version");
    assertThat(loss.size()).isEqualTo(20);
    assertThat(table).isEqualTo(confusion);
    assertThat(registry.runs().get(run.id()).tags()).hasSize(2);
  }

  private static double trainOneEpoch(int epoch) {
    return 1.0 / epoch;
  }

  @Test
  void tracksRunsInARun() {
    try (ActiveRun search = registry.runs().start("flight-delay")) {
      for (double rate : new double[] {0.01, 0.05, 0.1}) {
        try (ActiveRun attempt = search.child()) {
          attempt.param("learning rate", Double.toString(rate));
          attempt.metric("auc", 1, aucWith(rate));
          attempt.finish();
        }
      }
      search.finish();
    }
    List<TrackedRun> attempts = registry.runs().children("flight-delay/1");

    assertThat(attempts).hasSize(3).allMatch(run -> run.status() == Status.FINISHED);
  }

  private static double aucWith(double rate) {
    return 0.7 + rate / 10;
  }

  @Test
  void marksRunsThatEndWithoutAWord() {
    ActiveRun open = registry.runs().start("flight-delay");
    open.param("trainer", "mlp");
    assertThatThrownBy(() -> open.param("trainer", "logistic"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(registry.runs().get(open.id()).status()).isEqualTo(Status.RUNNING);
    assertThatThrownBy(
            () -> {
              try (ActiveRun run = registry.runs().start("flight-delay")) {
                run.param("seed", "7");
                throw new IOException("no such file");
              }
            })
        .isInstanceOf(IOException.class);
    TrackedRun left = registry.runs().get("flight-delay/2");
    assertThat(left.status()).isEqualTo(Status.FAILED);
    assertThat(left.error()).isEqualTo("closed without finish");

    registry.close();
    open();
    assertThat(registry.runs().get(open.id()).status()).isEqualTo(Status.FAILED);
  }

  @Test
  void goesOnWithARunWhoseProcessDied() throws Exception {
    KilledRun.in(folder);

    for (TrackedRun lost : registry.runs().search("flight-delay", "status = 'lost'")) {
      try (ActiveRun run = registry.runs().resume(lost.id())) {
        long next = lost.metrics().get("loss").step() + 1;
        for (long epoch = next; epoch <= 20; epoch++) {
          run.metric("loss", epoch, trainOneEpoch((int) epoch));
        }
        run.finish();
      }
    }

    Curve loss = registry.runs().curve("flight-delay/1", "loss");
    assertThat(loss.size()).isEqualTo(20);
    assertThat(registry.runs().get("flight-delay/1").status()).isEqualTo(Status.FINISHED);
  }

  @Test
  void doesNotMissTheLastLinesOfALogThatWasNotClosed() throws Exception {
    KilledRun.in(folder);
    Path log = folder.resolve("runs/flight-delay/1.log");
    List<String> lines = Files.readAllLines(log);
    Files.writeString(log, String.join("\n", lines.subList(0, lines.size() - 1)) + "\n");

    assertThat(registry.runs().curve("flight-delay/1", "loss").size()).isEqualTo(2);
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void findsAndComparesRuns() throws IOException {
    track("logistic", "0.1", 0.708);
    track("mlp", "0.05", 0.727);
    track("mlp", "0.5", 0.611);

    List<TrackedRun> best =
        registry
            .runs()
            .search(
                "flight-delay",
                "metrics.auc > 0.7 and params.`learning rate` <= 0.1"
                    + " order by metrics.auc desc limit 10");
    RunComparison comparison = registry.runs().compare(best);
    String table = comparison.toString();
    Files.writeString(output.resolve("runs.html"), comparison.toHtml());

    assertThat(best).extracting(TrackedRun::number).containsExactly(2, 1);
    assertShown(table);
    assertThat(output.resolve("runs.html")).content().contains("<table>", "<svg");
  }

  private void track(String trainer, String rate, double auc) {
    try (ActiveRun run = registry.runs().start("flight-delay")) {
      run.params(Map.of("trainer", trainer, "learning rate", rate, "seed", "7"));
      for (int epoch = 1; epoch <= 3; epoch++) {
        run.metric("loss", epoch, 0.5 - epoch * auc / 20);
      }
      run.metric("auc", 3, auc);
      run.finish();
    }
  }

  @Test
  void understandsEverySearchThatTheGuideShows() throws IOException {
    track("mlp", "0.05", 0.727);
    String guide = Files.readString(GUIDE);
    String start = "<!-- searches -->\n```text\n";
    int from = guide.indexOf(start) + start.length();
    List<String> searches = guide.substring(from, guide.indexOf("```", from)).lines().toList();
    assertThat(searches).hasSizeGreaterThan(5);
    for (String search : searches) {
      assertThat(registry.runs().searchAll(search)).as(search).hasSizeLessThan(2);
    }
    assertThat(registry.runs().searchAll("tags.author != 'ada'")).isEmpty();
    assertThat(registry.runs().searchAll("not tags.author = 'ada'")).hasSize(1);
    assertThatThrownBy(() -> registry.runs().searchAll("metrics.auc >> 1"))
        .hasMessage("search: expected a number at character 14, found '>'");
  }

  @Test
  void registersATraining() {
    Model model = model(0.3f);

    Run run =
        new Run(
            Map.of("trainer", "logistic", "seed", "7"),
            Map.of("auc", 0.708),
            Run.environmentOfThisJvm(),
            List.of(flights.id()));
    Version version = registry.register("flight-delay", new Training(model, run));

    assertThat(registry.model("flight-delay")).isEqualTo(model);
    assertThat(version.madeFrom()).containsExactly(registry.version(Kind.RUN, "flight-delay").id());
    assertThat(registry.runs().get("flight-delay/1").versions()).contains(version.id());
    assertThat(registry.register("flight-delay", new Training(model, run))).isEqualTo(version);
    assertThat(registry.runs().experiments()).containsExactly("flight-delay");

    Training trained = new Training(model(0.5f), run);
    try (ActiveRun active = registry.runs().start("flight-delay")) {
      active.tag("asked by", "ada");
      Version second = active.register("flight-delay", trained);
      active.finish();
      assertThat(second.id().number()).isEqualTo(2);
    }
  }

  /** A model of two columns whose first weight is given. */
  private static Model model(float weight) {
    return Model.adapt(
        foreign(weight), Map.of("float_input", List.of("distance", "delay")), Set.of());
  }

  /** What another tool might have written: one tensor of two columns in, one column out. */
  private static byte[] foreign(float weight) {
    GraphBuilder graph = new GraphBuilder("late");
    String input = graph.input("float_input", ElementType.FLOAT, "N", "2");
    String weights = graph.constant(TensorValue.floats(new float[] {weight, 0.7f}, 2, 1));
    graph.output(graph.node("MatMul", input, weights), "score", ElementType.FLOAT, "N", "1");
    return graph.build().write();
  }

  private Version train(float weight, double auc) {
    Run run =
        new Run(
            Map.of("trainer", "logistic", "seed", "7"),
            Map.of("auc", auc),
            Map.of("java.version", "17.0.15"),
            List.of(flights.id()));
    return registry.register("flight-delay", new Training(model(weight), run));
  }

  @Test
  void movesAliases() {
    Version first = train(0.3f, 0.708);
    Version second = train(0.5f, 0.727);

    registry.promote("flight-delay", "champion", first, "the first one");
    registry.compareAndPromote(
        "flight-delay", "champion", Optional.of(first), second, "higher AUC on the test rows");
    registry.rollback("flight-delay", "champion", "complaints from Denver");

    Model champion = registry.model("flight-delay@champion");
    List<AliasMove> history = registry.history("flight-delay", "champion");

    assertThat(champion).isEqualTo(registry.model(first));
    assertThat(history)
        .extracting(AliasMove::how)
        .containsExactly(AliasMove.How.PROMOTED, AliasMove.How.PROMOTED, AliasMove.How.ROLLED_BACK);
    assertRefused(
        ErrorCode.CONFLICT,
        () ->
            registry.compareAndPromote("flight-delay", "champion", Optional.of(second), first, ""));
    registry.removeAlias("flight-delay", "champion", "retired");
    assertThat(registry.alias("flight-delay", "champion")).isEmpty();
    registry.rollback("flight-delay", "champion", "after all");
    assertThat(registry.alias("flight-delay", "champion").orElseThrow().version())
        .isEqualTo(first.id());
  }

  @Test
  void holdsVersionsAgainstAPolicy() throws IOException {
    Version first = train(0.3f, 0.708);
    Version second = train(0.5f, 0.727);
    double[] good = new double[2_000];
    double[] bad = new double[2_000];
    for (int row = 0; row < good.length; row++) {
      good[row] = 0.25 + 0.25 * (row % 3);
      bad[row] = good[row] + 0.04 * (row % 2);
    }
    registry.promote("flight-delay", "champion", first);
    registry.register(first, report(good));
    Version challenger = second;
    double[] losses = bad;
    ContentHash hashOfTheRows = ContentHash.of("flights after 2001-02-05");
    double mean = mean(losses);
    int bytes = 4_711;

    EvaluationReport report =
        EvaluationReport.builder(hashOfTheRows, losses.length)
            .data(List.of(flights.id()))
            .metric("rows", losses.length)
            .lowerIsBetter("logLoss", mean, losses)
            .constraint("size", bytes <= 1_000_000, bytes + " bytes <= 1000000")
            .build();
    registry.register(challenger, report);

    PromotionPolicy policy =
        PromotionPolicy.builder()
            .notWorse("logLoss", 0.005)
            .atLeast("rows", 1_000)
            .constraintsPass()
            .build();
    registry.protect("flight-delay", "champion", policy, "decided on Monday");

    PromotionCheck check = registry.check("flight-delay", "champion", challenger);

    assertThat(check.passed()).isFalse();
    assertShown(check.toString());
    assertRefused(
        ErrorCode.PROMOTION_REFUSED,
        () -> registry.promote("flight-delay", "champion", challenger));
    registry.register(challenger, report(good));
    registry.promote("flight-delay", "champion", challenger);

    Version third = train(0.6f, 0.5);
    assertRefused(
        ErrorCode.PROMOTION_REFUSED, () -> registry.promote("flight-delay", "champion", third));
    Version old = registry.register(challenger, report);
    assertThat(registry.evaluations(challenger)).hasSize(2).first().isEqualTo(old);
    // Going back and removing ask no policy.
    registry.rollback("flight-delay", "champion", "");
    registry.removeAlias("flight-delay", "champion", "");
    assertThat(registry.verify().isClean()).isTrue();

    // A policy whose file is gone lets everything pass, until somebody looks.
    Files.delete(folder.resolve("policies/flight-delay/champion.json"));
    registry.promote("flight-delay", "champion", third);
    assertThat(registry.verify().problems()).hasSize(1);
  }

  private EvaluationReport report(double[] losses) {
    return EvaluationReport.builder(ContentHash.of("flights after 2001-02-05"), losses.length)
        .metric("rows", losses.length)
        .lowerIsBetter("logLoss", mean(losses), losses)
        .constraint("size", true, "4711 bytes <= 1000000")
        .build();
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  @Test
  void tellsWhatAVersionWasMadeFromAndWhatWasMadeFromIt() throws IOException {
    Version version = train(0.3f, 0.708);
    registry.promote("flight-delay", "champion", version);

    Lineage lineage = registry.lineage(version);
    String tree = lineage.toString();
    Files.writeString(output.resolve("lineage.html"), lineage.toHtml());
    Files.writeString(output.resolve("lineage.svg"), lineage.toSvg());
    Files.writeString(output.resolve("lineage.dot"), lineage.toDot());

    assertShown(tree);
    assertThat(lineage.facts(version.id())).containsEntry("alias", "champion");
    assertThat(registry.lineage(flights).products()).contains(version.id());

    Path record = folder.resolve("versions/run/flight-delay/1.json");
    Files.writeString(record, Files.readString(record).replace("2026", "2025"));
    assertRefused(ErrorCode.CONTENT_ALTERED, () -> reopened().lineage(flights));
    assertRefused(ErrorCode.CONTENT_ALTERED, () -> reopened().collectGarbage());
    assertRefused(ErrorCode.CONTENT_ALTERED, () -> reopened().delete(flights, ""));
    assertRefused(ErrorCode.CONTENT_ALTERED, () -> reopened().expiring(Retention.keepLast(0)));
    assertThat(registry.model("flight-delay@champion")).isNotNull();
    assertThat(train(0.5f, 0.727).id().number()).isEqualTo(2);
  }

  @Test
  void makesAlteredContentGoodWhenItIsRegisteredAgain() throws IOException {
    byte[] content = registry.content(flights);
    String hash = flights.id().hash().hex();
    Files.writeString(folder.resolve("blobs").resolve(hash.substring(0, 2)).resolve(hash), "JFK");
    assertRefused(ErrorCode.CONTENT_ALTERED, () -> registry.content(flights));
    assertThat(registry.verify().problems()).hasSize(1);

    registry.register(Registration.of(Kind.DATASET, "flights").content(content));

    assertThat(registry.verify().problems()).isEmpty();
  }

  private Registry reopened() {
    registry.close();
    registry = Registry.open(folder);
    return registry;
  }

  @Test
  void comparesModels() throws IOException {
    Version first = train(0.3f, 0.708);
    Version second = train(0.5f, 0.727);

    ModelDiff diff = registry.diff(first, second);
    String differences = diff.toString();
    Files.writeString(output.resolve("diff.html"), diff.toHtml());

    assertShown(differences);
  }

  @Test
  void travels(@TempDir Path other) {
    Version version = train(0.3f, 0.708);
    Path file = output.resolve("flight-delay.zip");

    registry.exportBundle(version, file);
    try (Registry elsewhere = Registry.open(other)) {
      Version there = elsewhere.importBundle(file);

      assertThat(elsewhere.model(there)).isEqualTo(registry.model(version));
      assertThat(elsewhere.lineage(there).sources()).hasSize(2);
      assertThat(elsewhere.aliases("flight-delay")).isEmpty();
      assertThat(elsewhere.runs().experiments()).isEmpty();
      assertThat(elsewhere.audit()).extracting(AuditEntry::action).containsExactly("imported");
    }
    assertThat(registry.audit()).extracting(AuditEntry::action).containsExactly("exported");

    Version report = registry.register(version, report(new double[] {0.1, 0.2}));
    registry.exportBundle(report, file);
    try (Registry elsewhere = Registry.open(other)) {
      elsewhere.importBundle(file);
      assertThat(elsewhere.evaluations(elsewhere.version(Kind.MODEL, "flight-delay"))).hasSize(1);
    }
  }

  @Test
  void takesModelsOfOtherTools() throws IOException {
    byte[] bytes = foreign(0.3f);
    Path onnxFile = Files.write(output.resolve("late.onnx"), bytes);

    Version late =
        registry.register(
            "late", OnnxImport.of(onnxFile).columns("float_input", "distance", "delay"));

    assertThat(registry.attachment(late, "original.onnx")).isEqualTo(bytes);
    OnnxInspection inspection = OnnxInspection.of(bytes);
    OnnxPolicy.strict().check(inspection);
    Model model = Model.adapt(bytes, Map.of("float_input", List.of("distance", "delay")), Set.of());

    assertShown(inspection.toString());
    assertThat(model.signature().inputs()).hasSize(2);
    assertThat(registry.model(late).signature()).isEqualTo(model.signature());
  }

  @Test
  void verifiesAndAudits() throws IOException {
    Version first = train(0.3f, 0.708);
    registry.promote("flight-delay", "champion", first);
    Path backup = output.resolve("backup");
    copy(folder, backup);
    registry.promote("flight-delay", "champion", train(0.5f, 0.727), "higher AUC");

    Verification verification = registry.verify();
    List<AuditEntry> entries = registry.audit();
    String head = registry.auditHead(); // keep this elsewhere

    assertThat(verification.problems()).isEmpty();
    assertShown(verification.toString());
    assertThat(entries).hasSize(2);

    // Somebody sets the whole folder back.
    registry.close();
    delete(folder);
    copy(backup, folder);
    registry = Registry.open(folder);
    assertThat(registry.verify().isClean()).isTrue();

    Verification later = registry.verify(head);

    assertThat(later.problems()).hasSize(1);
  }

  @Test
  void missesOnlyWhatSomethingTellsOf() throws IOException {
    train(0.3f, 0.708);
    train(0.5f, 0.727);
    Path models = folder.resolve("versions/model/flight-delay");
    byte[] first = Files.readAllBytes(models.resolve("1.json"));

    Files.delete(models.resolve("1.json"));
    assertThat(reopened().verify().problems()).hasSize(1);
    Files.write(models.resolve("1.json"), first);
    assertThat(reopened().verify().problems()).isEmpty();

    // The last version of a name, to which nothing refers, is missed by nobody.
    Files.delete(models.resolve("2.json"));
    assertThat(reopened().verify().problems()).isEmpty();
  }

  @Test
  void deletesAndClearsAway() {
    Version version = train(0.3f, 0.708);
    Retention tight = Retention.keepLast(0);

    registry.delete(version, "trained on the wrong month");

    Retention retention = Retention.keepLast(10).keepFor(Duration.ofDays(90));
    List<VersionId> soon = registry.expiring(retention);
    List<VersionId> expired = registry.expire(retention, "older than the policy");
    Collected collected = registry.collectGarbage();

    assertThat(soon).isEmpty();
    assertThat(expired).isEmpty();
    assertThat(collected.contents()).isEqualTo(1);
    assertThatThrownBy(() -> registry.model(version))
        .hasMessageContaining("was deleted on")
        .hasMessageContaining("by ada: trained on the wrong month");
    Version run = registry.version(Kind.RUN, "flight-delay");
    assertRefused(ErrorCode.CONFLICT, () -> registry.delete(flights, ""));
    Version next = train(0.5f, 0.727);
    assertThat(next.id().number()).isEqualTo(2);
    Version report = registry.register(next, report(new double[] {0.1, 0.2}));
    assertRefused(ErrorCode.CONFLICT, () -> registry.delete(next, ""));

    // A report on the champion stays with it.
    registry.promote("flight-delay", "champion", next);
    assertThat(registry.expire(tight, "")).contains(run.id()).doesNotContain(report.id());
    assertThat(registry.evaluations(next)).containsExactly(report);
    assertThat(registry.model("flight-delay@champion")).isNotNull();
    // Tracked runs and their files stay.
    assertThat(registry.runs().searchAll("")).hasSize(2);
  }

  @Test
  void encryptsAndChangesKeys(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(output.resolve("flights.csv"), "JFK,LAX,17\n");
    byte[] key = OLD;
    byte[] old = OLD;
    byte[] fresh = FRESH;

    Keyring keyring = Keyring.of("2026-11", key);
    RegistryOptions options = RegistryOptions.builder().encryption(keyring).build();
    try (Registry registry = Registry.open(folder, options)) {
      registry.register(Registration.of(Kind.DATASET, "flights").content(file));
    }
    assertRefused(ErrorCode.KEY_REFUSED, () -> Registry.open(folder));
    for (Path each : files(folder)) {
      assertThat(Files.readString(each, ISO_8859_1)).doesNotContain("JFK");
    }
    assertThat(folder.resolve("versions/dataset/flights/1.json")).exists();

    Keyring readsBoth = Keyring.of("2026-11", old).with("2027-01", fresh);
    Keyring writesNew = Keyring.of("2027-01", fresh).with("2026-11", old);

    Registry.open(folder, RegistryOptions.builder().encryption(readsBoth).build()).close();
    RegistryOptions rotating = RegistryOptions.builder().encryption(writesNew).build();
    try (Registry registry = Registry.open(folder, rotating)) {
      int rewritten = registry.reencrypt(Progress.NONE);

      assertThat(rewritten).isPositive();
    }
    Keyring onlyNew = Keyring.of("2027-01", fresh);
    RegistryOptions after = RegistryOptions.builder().encryption(onlyNew).build();
    try (Registry registry = Registry.open(folder, after)) {
      assertThat(registry.verify().isClean()).isTrue();
    }
  }

  @Test
  void encryptsAPlainRegistry() {
    Version version = flights;
    registry.close();
    RegistryOptions options =
        RegistryOptions.builder().encryption(Keyring.of("2026-11", OLD)).build();
    assertRefused(ErrorCode.KEY_REFUSED, () -> Registry.open(folder, options));

    Registry.encrypt(folder, options, Progress.NONE);

    registry = Registry.open(folder, options);
    assertThat(registry.content(version)).isNotEmpty();
  }

  @Test
  void loadsOnlyWhatIsSigned(@TempDir Path folder) throws Exception {
    KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    PublicKey publicKey = keys.getPublic();

    RegistryOptions signing =
        RegistryOptions.builder()
            .signWith("ci", keys.getPrivate())
            .trust("ci", keys.getPublic())
            .build();
    RegistryOptions serving = RegistryOptions.builder().trust("ci", publicKey).build();

    Registration late = Registration.of(Kind.MODEL, "late").content(model(0.3f).toOnnx());
    try (Registry plain = Registry.open(folder)) {
      plain.register(late);
    }
    try (Registry served = Registry.open(folder, serving)) {
      assertRefused(ErrorCode.SIGNATURE_REFUSED, () -> served.model("late"));
    }
    Version signed;
    try (Registry signer = Registry.open(folder, signing)) {
      signed = signer.register(late);
      assertThat(signed.id().number()).isEqualTo(2);
      PromotionPolicy reported = PromotionPolicy.builder().report().build();
      signer.protect("late", "champion", reported, "");
    }
    try (Registry plain = Registry.open(folder)) {
      plain.register(signed, report(new double[] {0.1, 0.2}));
    }
    try (Registry signer = Registry.open(folder, signing)) {
      assertThat(signer.check("late", "champion", signed).passed()).isFalse();
      signer.register(signed, report(new double[] {0.1, 0.2}));
      signer.promote("late", "champion", signed);
    }
    try (Registry served = Registry.open(folder, serving)) {
      assertThat(served.model("late@champion")).isNotNull();
      assertRefused(ErrorCode.SIGNATURE_REFUSED, () -> served.removeAlias("late", "champion", ""));
      Path file = output.resolve("late.zip");
      served.exportBundle(served.version(Kind.MODEL, "late"), file);
      Path empty = Files.createDirectory(output.resolve("empty"));
      try (Registry other = Registry.open(empty, serving)) {
        assertThat(other.model(other.importBundle(file))).isNotNull();
        assertThat(other.audit()).isEmpty();
      }
    }
  }

  @Test
  void namesWhoActs() {
    Session session = new Session("grace");

    RegistryOptions options = RegistryOptions.builder().actor(() -> session.userName()).build();

    Version version = train(0.3f, 0.708);
    try (Registry registry = Registry.open(folder, options)) {
      Alias champion = registry.promote("flight-delay", "champion", version);
      assertThat(champion.actor()).isEqualTo("grace");
    }
  }

  private record Session(String userName) {}

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  /** The guide shows this, but for hashes, which depend on the machine. */
  private static void assertShown(String output) {
    try {
      List<String> lines = Files.readAllLines(GUIDE);
      assertThat(lines.stream().map(RegistryGuideTest::masked).toList())
          .as("docs/registry.md shows%n%s", output)
          .containsSequence(output.stripTrailing().lines().map(RegistryGuideTest::masked).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String masked(String line) {
    return line.replaceAll("\\([0-9a-f]{12}\\)", "(hash)");
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    for (Path file : files(from)) {
      Path target = to.resolve(from.relativize(file).toString());
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> files = new ArrayList<>(files(folder));
    for (Path file : files) {
      Files.delete(file);
    }
  }
}
