package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.PromotionCheck.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromotionTest {
  private static final ContentHash ROWS = ContentHash.of("the rows");
  private static final int COUNT = 400;
  private static final PromotionPolicy NOT_WORSE =
      PromotionPolicy.builder().notWorse("score", 0.1).build();
  private static final PromotionPolicy BETTER = PromotionPolicy.builder().better("score").build();

  @TempDir Path folder;
  private Registry registry;
  private Version first;
  private Version second;

  @BeforeEach
  void open() throws IOException {
    folder = folder.toRealPath();
    registry =
        Registry.open(folder, RegistryOptions.builder().actor(() -> "the test \"itself\"").build());
    first = registerModel(registry, "delay", "first");
    second = registerModel(registry, "delay", "second");
  }

  @AfterEach
  void close() {
    registry.close();
  }

  /** Scores around a level: rows are hard or easy for every model alike. */
  private static double[] scores(double level, long seed) {
    Random common = new Random(1);
    Random own = new Random(seed);
    double[] scores = new double[COUNT];
    double mean = 0;
    for (int row = 0; row < COUNT; row++) {
      scores[row] = 5 * common.nextGaussian() + own.nextGaussian();
      mean += scores[row] / COUNT;
    }
    for (int row = 0; row < COUNT; row++) {
      scores[row] += level - mean;
    }
    return scores;
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  private static EvaluationReport.Builder report(double level, long seed) {
    double[] scores = scores(level, seed);
    return EvaluationReport.builder(ROWS, COUNT)
        .higherIsBetter("score", mean(scores), scores)
        .metric("rows", COUNT);
  }

  private Version evaluated(String content, EvaluationReport report) {
    Version version = registerModel(registry, "delay", content);
    registry.register(version, report);
    return version;
  }

  private void protect(PromotionPolicy policy) {
    registry.protect("delay", "champion", policy, "because");
  }

  private Outcome outcome(Version version) {
    return registry.check("delay", "champion", version).outcomes().get(0);
  }

  private void assertRefused(Version version, String... message) {
    List<AliasMove> before = registry.history("delay", "champion");
    assertCode(
        () -> registry.promote("delay", "champion", version), ErrorCode.PROMOTION_REFUSED, message);
    assertThat(registry.history("delay", "champion")).isEqualTo(before);
  }

  private static void assertCode(ThrowingCallable call, ErrorCode code, String... message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(message);
  }

  @Test
  void letsEveryVersionPassWhereThereIsNoPolicy() {
    assertThat(registry.policy("delay", "champion")).isEqualTo(PromotionPolicy.none());
    PromotionCheck check = registry.check("delay", "champion", first);

    assertThat(check.passed()).isTrue();
    assertThat(check)
        .isEqualTo(new PromotionCheck("champion", first.id(), null, List.of()))
        .hasToString(first.id() + " as delay@champion: no policy");
    assertThat(registry.promote("delay", "champion", first).version()).isEqualTo(first.id());
  }

  @Test
  void refusesAVersionWithoutAReport() {
    protect(
        PromotionPolicy.builder()
            .report()
            .notWorse("score", 1)
            .atLeast("score", 0)
            .constraintsPass()
            .build());

    PromotionCheck check = registry.check("delay", "champion", first);
    assertThat(check.passed()).isFalse();
    assertThat(check.outcomes())
        .hasSize(4)
        .allSatisfy(
            outcome -> {
              assertThat(outcome.passed()).isFalse();
              assertThat(outcome.text()).isEqualTo("there is no report on " + first.id());
            });
    assertRefused(first, "there is no report on " + first.id(), "delay@champion: refused");
    assertThat(registry.alias("delay", "champion")).isEmpty();

    registry.register(first, report(1, 1).constraint("size", true, "small").build());
    registry.promote("delay", "champion", first);
  }

  @Test
  void saysThatThereIsNoChampionToCompareWith() {
    protect(NOT_WORSE);
    registry.register(first, report(0.5, 1).build());

    Outcome outcome = outcome(first);
    assertThat(outcome.passed()).isTrue();
    assertThat(outcome.text()).isEqualTo("0.5; the alias points at nothing to compare with");
    registry.promote("delay", "champion", first);
  }

  @Test
  void comparesWithTheChampionRowByRow() {
    registry.register(first, report(0, 1).build());
    registry.promote("delay", "champion", first);
    // Either model's score has a standard error of 0.25, their difference one of 0.07.
    Version alike = evaluated("alike", report(0.05, 2).build());
    Version better = evaluated("better", report(0.3, 3).build());
    Version worse = evaluated("worse", report(-0.05, 4).build());

    protect(NOT_WORSE);
    assertThat(registry.check("delay", "champion", alike).passed()).isTrue();
    assertThat(registry.check("delay", "champion", better).passed()).isTrue();
    assertThat(registry.check("delay", "champion", worse).passed()).isFalse();
    protect(BETTER);
    assertThat(registry.check("delay", "champion", alike).passed()).isFalse();
    assertThat(registry.check("delay", "champion", better).passed()).isTrue();
    assertRefused(alike, "score better", "0.05 against ", "; needed above 0");

    double[] ours = scores(0.3, 3);
    double[] theirs = scores(0, 1);
    PairedTest test = PairedTest.of(ours, theirs, 1, COUNT - 1, 0.95);
    assertThat(outcome(better).numbers())
        .containsOnlyKeys(
            "value", "champion", "difference", "lowerBound", "bound", "degreesOfFreedom")
        .containsEntry("lowerBound", test.lower())
        .containsEntry("difference", test.mean())
        .containsEntry("bound", 0.0)
        .containsEntry("degreesOfFreedom", COUNT - 1.0);
    registry.promote("delay", "champion", better);
    assertThat(registry.check("delay", "champion", alike).champion()).isEqualTo(better.id());
  }

  @Test
  void goesByTheDirectionOfTheMetricAndByTheConfidence() {
    EvaluationReport champion =
        EvaluationReport.builder(ROWS, COUNT)
            .lowerIsBetter("loss", mean(scores(1, 1)), scores(1, 1))
            .build();
    EvaluationReport challenger =
        EvaluationReport.builder(ROWS, COUNT)
            .lowerIsBetter("loss", mean(scores(0.86, 2)), scores(0.86, 2))
            .build();
    registry.register(first, champion);
    registry.register(second, challenger);
    registry.promote("delay", "champion", first);

    // The reduction is some two standard errors.
    protect(PromotionPolicy.builder().better("loss").build());
    assertThat(outcome(second).passed()).isTrue();
    assertThat(outcome(second).numbers().get("difference")).isCloseTo(0.14, within(1e-9));
    assertThat(outcome(second).text())
        .startsWith("0.86 against 1: reduction 0.14, at 95 % confidence above 0.0");
    protect(PromotionPolicy.builder().better("loss").confidence(0.999).build());
    assertRefused(second, "at 99.9 % confidence above -0.0", "; needed above 0");
  }

  @Test
  void failsWhereTheReportsCannotBeCompared() {
    registry.register(first, report(0, 1).build());
    registry.promote("delay", "champion", first);
    protect(NOT_WORSE);

    EvaluationReport full = report(1, 2).build();
    Version bare = evaluated("bare", full.toBuilder().higherIsBetter("score", 1).build());
    assertThat(outcome(bare).text()).isEqualTo("its report has no samples of it");
    Version down =
        evaluated(
            "down",
            full.toBuilder().lowerIsBetter("score", mean(scores(1, 2)), scores(1, 2)).build());
    assertThat(outcome(down).text())
        .isEqualTo("the reports do not agree on which way is better: lower and higher");
    Version without =
        evaluated("without", EvaluationReport.builder(ROWS, COUNT).metric("other", 1).build());
    assertThat(outcome(without).text()).isEqualTo("its report has no metric 'score'; it has other");
    Version elsewhere =
        evaluated(
            "elsewhere",
            EvaluationReport.builder(ContentHash.of("other rows"), COUNT)
                .higherIsBetter("score", mean(scores(1, 2)), scores(1, 2))
                .build());
    String others = "no report on " + first.id() + " is over the same rows: evaluate it on them";
    assertThat(outcome(elsewhere).text()).isEqualTo(others);
    for (Version version : List.of(bare, down, without, elsewhere)) {
      assertRefused(version, "FAILED  score not worse by 0.1  " + outcome(version).text());
    }

    // The champion, evaluated on the rows that the challenger was evaluated on.
    double[] low = scores(0, 1);
    registry.register(
        first,
        EvaluationReport.builder(ContentHash.of("other rows"), COUNT)
            .higherIsBetter("score", mean(low), low)
            .build());
    assertThat(outcome(elsewhere).passed()).isTrue();
    assertThat(outcome(evaluated("again", report(1, 9).build())).passed()).isTrue();
  }

  @Test
  void failsWhereTheChampionHasNothingToCompareWith() {
    registry.promote("delay", "champion", first);
    registry.register(second, report(1, 2).build());
    protect(NOT_WORSE);

    assertThat(outcome(second).text()).isEqualTo("there is no report on " + first.id());
    assertRefused(second, "there is no report on " + first.id());
    registry.register(first, report(0, 1).higherIsBetter("score", 0).build());
    assertThat(outcome(second).text())
        .isEqualTo("the report of " + first.id() + " has no samples of it");
    registry.register(first, report(0, 1).build());
    assertThat(outcome(second).passed()).isTrue();
  }

  @Test
  void holdsTheNewestReportOfTheChallengerAgainstTheRules() {
    protect(PromotionPolicy.builder().atLeast("score", 0.5).build());
    registry.register(first, report(1, 1).build());
    assertThat(outcome(first).passed()).isTrue();
    registry.register(first, report(0.25, 1).build());

    assertThat(outcome(first).text()).isEqualTo("0.25");
    assertRefused(first, "score at least 0.5  0.25");
  }

  @Test
  void neverLetsPassWhatIsNotANumber() {
    registry.register(first, report(0, 1).build());
    registry.promote("delay", "champion", first);
    double[] odd = scores(5, 2);
    odd[17] = Double.NaN;
    Version nan = evaluated("nan", report(0, 1).higherIsBetter("score", Double.NaN, odd).build());
    Version infinite =
        evaluated("inf", report(0, 1).higherIsBetter("score", Double.POSITIVE_INFINITY).build());
    for (PromotionPolicy policy :
        List.of(
            NOT_WORSE,
            BETTER,
            PromotionPolicy.builder().atLeast("score", -9).build(),
            PromotionPolicy.builder().atMost("score", 9).build())) {
      for (String alias : List.of("champion", "nobody")) {
        registry.protect("delay", alias, policy, "");
        assertThat(registry.check("delay", alias, nan).passed()).as("%s", policy).isFalse();
        assertThat(registry.check("delay", alias, infinite).passed()).isFalse();
      }
    }
    // Nor is a good version better than a champion of whom nothing is known.
    protect(PromotionPolicy.none());
    registry.promote("delay", "champion", nan);
    protect(NOT_WORSE);
    assertRefused(first, "score not worse by 0.1", "against NaN");
  }

  @Test
  void asksForMoreThanOneRow() {
    EvaluationReport one =
        EvaluationReport.builder(ROWS, 1).higherIsBetter("score", 1, new double[] {1}).build();
    registry.register(first, one);
    registry.register(second, one);
    registry.promote("delay", "champion", first);
    protect(NOT_WORSE);

    assertRefused(second, "gain 0, of no confidence: too few rows");
  }

  @Test
  void holdsBoundsAndConstraints() {
    registry.register(
        first,
        report(0.5, 1)
            .constraint("fairness", true, "gap 0.03 <= 0.05")
            .constraint("size", false, "2000000 bytes\n> 1000000")
            .build());
    protect(PromotionPolicy.builder().atLeast("rows", 400).atMost("rows", 400).build());
    assertThat(registry.check("delay", "champion", first).passed()).isTrue();
    protect(PromotionPolicy.builder().atLeast("rows", 401).build());
    assertThat(outcome(first))
        .isEqualTo(
            new Outcome("rows at least 401", false, "400", Map.of("value", 400.0, "bound", 401.0)));
    protect(PromotionPolicy.builder().atMost("rows", 399.5).build());
    assertRefused(first, "rows at most 399.5  400");
    protect(PromotionPolicy.builder().constraint("fairness").build());
    assertThat(outcome(first))
        .isEqualTo(new Outcome("constraint fairness", true, "gap 0.03 <= 0.05", Map.of()));
    protect(PromotionPolicy.builder().constraint("privacy").build());
    assertRefused(first, "constraint privacy  its report has no such constraint");
    protect(PromotionPolicy.builder().constraintsPass().build());
    assertRefused(first, "FAILED  every constraint  size: 2000000 bytes > 1000000");
    registry.register(second, report(0.5, 1).build());
    assertRefused(second, "every constraint  its report has no constraint");
    protect(PromotionPolicy.builder().report().build());
    assertThat(outcome(second).numbers()).containsEntry("rows", 400.0);
  }

  @Test
  void leavesAnAliasAloneThatPointsThereAlready() {
    Alias alias = registry.promote("delay", "champion", first, "before there was a policy");
    protect(BETTER);

    assertThat(registry.promote("delay", "champion", first)).isEqualTo(alias);
    assertThat(registry.check("delay", "champion", first).passed()).isFalse();
  }

  @Test
  void protectsOneAliasOfOneModel() {
    protect(BETTER);
    registry.promote("delay", "challenger", first);
    Version other = registerModel(registry, "cancelled", "other");
    registry.promote("cancelled", "champion", other);

    assertRefused(first, "there is no report");
    assertThat(registry.policy("delay", "champion")).isEqualTo(BETTER);
    protect(PromotionPolicy.none());
    assertThat(registry.policy("delay", "champion")).isEqualTo(PromotionPolicy.none());
    registry.promote("delay", "champion", first);
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void findsAPolicyThatWasTakenAwayOrExchangedBesideTheAuditLog() throws IOException {
    protect(BETTER);
    Path file = new Layout(folder.toRealPath()).policy("delay", "champion");
    byte[] strict = Files.readAllBytes(file);
    protect(PromotionPolicy.builder().report().build());
    byte[] lenient = Files.readAllBytes(file);
    assertThat(registry.audit())
        .extracting(AuditEntry::action, AuditEntry::subject)
        .containsExactly(
            tuple("protected", "delay@champion"), tuple("protected", "delay@champion"));

    Files.write(file, strict);
    assertThat(registry.verify().problems()).singleElement().asString().contains(file.toString());
    Files.delete(file);
    assertThat(registry.verify().problems())
        .singleElement()
        .asString()
        .contains(file.toString(), "is missing", "entry 2");
    Files.write(file, lenient);
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void findsNoFaultWithAPolicyWhoseWriterDiedBeforeTheHead() throws IOException {
    protect(BETTER);
    Path head = new Layout(folder).auditHead();
    byte[] before = Files.readAllBytes(head);
    protect(PromotionPolicy.builder().report().build());
    Files.write(head, before);

    assertThat(registry.verify().problems()).isEmpty();
    try (Registry other = Registry.open(folder)) {
      assertThat(other.audit()).hasSize(2);
      assertThat(other.verify().problems()).isEmpty();
    }
  }

  @Test
  void refusesNamesThatDifferOnlyInCaseAndMayProtectWhatIsNotThereYet() {
    registry.promote("delay", "champion", first);
    assertCode(
        () -> registry.protect("delay", "Champion", BETTER, ""), ErrorCode.CONFLICT, "'Champion'");
    assertCode(
        () -> registry.protect("Delay", "champion", BETTER, ""), ErrorCode.CONFLICT, "'Delay'");
    registry.protect("later", "champion", BETTER, "");
    assertCode(
        () -> registry.protect("later", "CHAMPION", BETTER, ""), ErrorCode.CONFLICT, "CHAMPION");
    assertCode(
        () -> registry.protect("Later", "champion", BETTER, ""), ErrorCode.CONFLICT, "Later");
    Version later = registerModel(registry, "later", "content");
    assertCode(
        () -> registry.promote("later", "champion", later), ErrorCode.PROMOTION_REFUSED, "later:1");
    assertThatThrownBy(() -> registry.protect("later", "a/b", BETTER, ""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> registry.check("delay", "champion", later))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be one of model 'delay'");
  }

  @Test
  void keepsAPolicyWholeInItsFile() throws IOException {
    PromotionPolicy all =
        PromotionPolicy.builder()
            .report()
            .notWorse("auc", 0.005)
            .better("größe @10")
            .atLeast("auc", 0.7)
            .atMost("logLoss", 2e23)
            .constraint("fairness")
            .constraintsPass()
            .confidence(0.975)
            .build();
    protect(all);

    assertThat(registry.policy("delay", "champion")).isEqualTo(all).hasSameHashCodeAs(all);
    assertThat(all)
        .hasToString(
            "a report, auc not worse by 0.005, größe @10 better, auc at least 0.7,"
                + " logLoss at most 2E+23, constraint fairness, every constraint"
                + " (97.5 % confidence)");
    assertThat(policyFile()).content().contains("\"actor\" : \"the test \\\"itself\\\"\"");
    assertThat(policyFile()).content().contains("\"reason\" : \"because\"");
    assertThat(all).isNotEqualTo(PromotionPolicy.builder().report().confidence(0.975).build());
    try (Registry beside = Registry.open(folder)) {
      assertThat(beside.policy("delay", "champion")).isEqualTo(all);
    }
  }

  private Path policyFile() {
    return folder.resolve("policies/delay/champion.json");
  }

  @Test
  void letsNothingPassAPolicyThatItCannotRead() throws IOException {
    registry.register(first, report(1, 1).build());
    protect(PromotionPolicy.builder().notWorse("score", 0.1).report().build());
    byte[] good = Files.readAllBytes(policyFile());
    for (UnaryOperator<String> change :
        List.<UnaryOperator<String>>of(
            text -> text.replace("\"schema\" : 2", "\"schema\" : 3"),
            text -> text.replace("\"schema\" : 1", "\"schema\" : 2"),
            text -> text.replace("\"notWorse\"", "\"notMuchWorse\""),
            text -> text.replace("\"margin\" : 0.1", "\"margin\" : 0.1, \"rows\" : 5"),
            text -> text.replace("\"margin\" : 0.1", "\"margin\" : -0.1"),
            text -> text.replace("\"margin\" : 0.1", "\"margin\" : \"NaN\""),
            text -> text.replace("\"confidence\" : 0.95", "\"confidence\" : 0.05"),
            text -> text.replace("\"rules\"", "\"rulez\""),
            text -> text.replace("\"actor\"", "\"unless\" : 1, \"actor\""))) {
      byte[] bad = RecordFiles.rewrite(good, change);
      assertThat(bad).isNotEqualTo(good);
      Files.write(policyFile(), bad);
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> registry.promote("delay", "champion", first),
              () -> registry.check("delay", "champion", first),
              () -> registry.policy("delay", "champion"))) {
        assertCode(call, ErrorCode.FILE_UNREADABLE, policyFile().toString(), "cannot be read");
      }
      assertThat(registry.alias("delay", "champion")).isEmpty();
    }
    Files.write(policyFile(), good);
    registry.promote("delay", "champion", first);
  }

  @Test
  void saysThatANewerReleaseWroteAPolicy() throws IOException {
    protect(BETTER);
    Files.write(
        policyFile(),
        RecordFiles.rewrite(Files.readAllBytes(policyFile()), text -> text.replace(": 2", ": 3")));

    assertCode(
        () -> registry.promote("delay", "champion", first),
        ErrorCode.FILE_UNREADABLE,
        "schema 3",
        "a newer release wrote it");
  }

  @Test
  void letsNothingPassAnAlteredPolicy() throws IOException {
    registry.register(first, report(1, 1).build());
    protect(NOT_WORSE);
    byte[] good = Files.readAllBytes(policyFile());
    for (long bit = 3; bit < 8L * good.length; bit += 41) {
      flipBit(policyFile(), bit);
      assertThatThrownBy(() -> registry.promote("delay", "champion", first))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isIn(ErrorCode.CONTENT_ALTERED, ErrorCode.FILE_UNREADABLE))
          .hasMessageContaining(policyFile().toString());
      Files.write(policyFile(), good);
    }
    Files.writeString(
        policyFile(), Files.readString(policyFile()).replace("\"margin\" : 0.1", "\"margin\" : 9"));
    assertCode(
        () -> registry.promote("delay", "champion", first),
        ErrorCode.CONTENT_ALTERED,
        "its check does not hold");
    // The policy of another alias, moved here.
    registry.protect("delay", "other", PromotionPolicy.builder().report().build(), "");
    Files.copy(
        folder.resolve("policies/delay/other.json"),
        policyFile(),
        StandardCopyOption.REPLACE_EXISTING);
    assertCode(
        () -> registry.promote("delay", "champion", first),
        ErrorCode.CONTENT_ALTERED,
        "it is the policy of delay@other");
    assertThat(registry.alias("delay", "champion")).isEmpty();
  }

  @Test
  void letsNothingPassOnAReportThatCannotBeRead() throws IOException {
    Version report = registry.register(first, report(1, 1).build());
    protect(PromotionPolicy.builder().report().build());
    Path samples = new Layout(folder).blob(report.attachments().get("samples.bin"));
    flipBit(samples, 1000);

    assertCode(
        () -> registry.promote("delay", "champion", first),
        ErrorCode.CONTENT_ALTERED,
        report.id().toString());
    flipBit(samples, 1000);
    registry.register(
        Registration.of(Kind.EVALUATION, "delay").content(utf8("good enough")).madeFrom(first));
    assertCode(
        () -> registry.promote("delay", "champion", first),
        ErrorCode.FILE_UNREADABLE,
        "evaluation delay:2");
    registry.register(first, report(1, 2).build());
    registry.promote("delay", "champion", first);
  }

  @Test
  void holdsInAnotherProcess(@TempDir Path outputs) throws Exception {
    registry.protect("m", "latest-of-free", PromotionPolicy.none(), "");
    registry.protect("m", "latest-of-held", PromotionPolicy.builder().report().build(), "");
    Process free = RegisteringProcess.start(folder, "free", 2, outputs.resolve("free"));
    assertThat(free.waitFor()).isZero();
    Process held =
        RegisteringProcess.builder(folder, "held", 2, outputs.resolve("held"))
            .redirectError(outputs.resolve("error").toFile())
            .start();

    assertThat(held.waitFor()).isNotZero();
    assertThat(outputs.resolve("error"))
        .content()
        .contains("MlInfraException", "m@latest-of-held: refused", "there is no report on");
    assertThat(registry.aliases("m")).extracting(Alias::alias).containsExactly("latest-of-free");
  }

  @Test
  void comparesWithTheVersionThatItReplacesHoweverManyTry() throws Exception {
    protect(BETTER);
    List<Version> versions = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      versions.add(evaluated("model " + i, report(i, 100 + i).build()));
    }
    List<Version> shuffled = new ArrayList<>(versions);
    Collections.shuffle(shuffled, new Random(5));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<?>> calls = new ArrayList<>();
    try (Registry beside = Registry.open(folder)) {
      for (int i = 0; i < shuffled.size(); i++) {
        Version version = shuffled.get(i);
        Registry one = i % 2 == 0 ? registry : beside;
        calls.add(
            threads.submit(
                () -> {
                  try {
                    one.promote("delay", "champion", version);
                  } catch (MlInfraException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.PROMOTION_REFUSED);
                  }
                }));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    } finally {
      threads.shutdown();
    }
    List<Integer> moves =
        registry.history("delay", "champion").stream()
            .map(move -> move.to().orElseThrow().number())
            .toList();
    assertThat(moves).isSorted().doesNotHaveDuplicates();
    assertThat(registry.version(Kind.MODEL, "delay@champion")).isEqualTo(versions.get(15));
  }

  @Test
  void readsWellInAShellAndInANotebook() {
    registry.register(first, report(0, 1).build());
    registry.promote("delay", "champion", first);
    registry.register(
        second, report(1, 2).constraint("<b>", false, "1 > 0 & \"so\"\u0007").build());
    protect(PromotionPolicy.builder().notWorse("score", 0.1).constraint("<b>").build());

    PromotionCheck check = registry.check("delay", "champion", second);
    assertThat(check.toString().lines())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .isEqualTo(second.id() + " as delay@champion, now " + first.id() + ": refused"),
            line ->
                assertThat(line)
                    .matches(
                        "  passed  score not worse by 0\\.1  1 against -?[0-9.E-]+: gain 1,"
                            + " at 95 % confidence above 0\\.8[0-9]+; needed above -0\\.1"),
            line ->
                assertThat(line).isEqualTo("  FAILED  constraint <b>          1 > 0 & \"so\" "));
    assertThat(check.toHtml())
        .startsWith("<table class=\"mlinfra\">")
        .contains("<td>constraint &lt;b&gt;</td><td><strong>FAILED</strong></td>")
        .contains("<td>1 &gt; 0 &amp; &quot;so&quot; </td>")
        .doesNotContain("<b>");
  }

  @Test
  void refusesWhatIsNoPolicy() {
    assertBad(() -> PromotionPolicy.builder().notWorse("auc", -0.1), "margin (-0.1) must be >= 0");
    assertBad(() -> PromotionPolicy.builder().notWorse("auc", Double.NaN), "margin (NaN)");
    assertBad(() -> PromotionPolicy.builder().atLeast("auc", Double.NaN), "bound (NaN)");
    assertBad(() -> PromotionPolicy.builder().better(" "), "metric name (' ')");
    assertBad(() -> PromotionPolicy.builder().constraint(""), "constraint name ('')");
    assertBad(() -> PromotionPolicy.builder().confidence(0.4), "confidence (0.4) must be from 0.5");
    assertBad(() -> PromotionPolicy.builder().confidence(1), "confidence (1.0)");
    assertThatThrownBy(() -> PromotionPolicy.builder().build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("must have a rule");
  }

  private static void assertBad(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void showsNumbersInSixDigits() {
    assertThat(PromotionCheck.show(0.74123456)).isEqualTo("0.741235");
    assertThat(PromotionCheck.show(-0.00012345678)).isEqualTo("-0.000123457");
    assertThat(PromotionCheck.show(1e-7)).isEqualTo("1E-7");
    assertThat(PromotionCheck.show(0)).isEqualTo("0");
    assertThat(PromotionCheck.show(-0.0)).isEqualTo("0");
    assertThat(PromotionCheck.show(12_000)).isEqualTo("12000");
    assertThat(PromotionCheck.show(Double.NaN)).isEqualTo("NaN");
  }
}
