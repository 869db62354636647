package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.registry.EvaluationReport;
import io.mlinfra.registry.EvaluationReport.Better;
import io.mlinfra.registry.EvaluationReport.Metric;
import io.mlinfra.registry.PromotionCheck;
import io.mlinfra.registry.PromotionPolicy;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  /** The 0.95 quantile of the normal distribution, and of Student's with 15 degrees. */
  private static final double NORMAL = 1.6448536269514722;

  private static final double STUDENT_15 = 1.7530503556925547;

  /** Two models' probabilities and the labels; {@code ties} rounds them to so many steps. */
  private record Draw(float[] one, float[] two, float[] labels) {
    static Draw of(Random random, int ones, int zeros, double skillOne, double skillTwo, int ties) {
      int rows = ones + zeros;
      Draw draw = new Draw(new float[rows], new float[rows], new float[rows]);
      for (int row = 0; row < rows; row++) {
        boolean one = row < ones;
        double common = random.nextGaussian();
        draw.labels[row] = one ? 1 : 0;
        draw.one[row] = probability(random, one ? skillOne : 0, common, ties);
        draw.two[row] = probability(random, one ? skillTwo : 0, common, ties);
      }
      return draw;
    }

    private static float probability(Random random, double level, double common, int ties) {
      double odds = level + 0.8 * common + 0.6 * random.nextGaussian();
      double probability = 1 / (1 + Math.exp(1 - odds));
      return (float) (ties == 0 ? probability : Math.rint(probability * ties) / ties);
    }

    double[] samples(float[] probabilities) {
      return DeLong.samples(probabilities, labels, auc(probabilities));
    }

    double auc(float[] probabilities) {
      return Evaluation.binary(probabilities, labels).auc();
    }

    /** The lower bound of the gain of the second model, and what it is based on. */
    Bound bound(double quantile) {
      double[] differences = minus(samples(two), samples(one));
      double error = Math.sqrt(varianceOfMean(differences));
      return new Bound(mean(differences), error, mean(differences) - quantile * error);
    }
  }

  private record Bound(double gain, double error, double lower) {}

  private static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  private static double varianceOfMean(double[] values) {
    double mean = mean(values);
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return squares / (values.length - 1) / values.length;
  }

  private static double[] minus(double[] a, double[] b) {
    double[] differences = new double[a.length];
    Arrays.setAll(differences, row -> a[row] - b[row]);
    return differences;
  }

  /** The covariance of two AUCs on the same rows as DeLong and others write it, over all pairs. */
  private static double deLong(float[] a, float[] b, float[] labels) {
    double aucA = Evaluation.binary(a, labels).auc();
    double aucB = Evaluation.binary(b, labels).auc();
    double covariance = 0;
    for (float label : new float[] {1, 0}) {
      double sum = 0;
      int own = 0;
      for (int row = 0; row < labels.length; row++) {
        if (labels[row] == label) {
          own++;
          sum += (component(a, labels, row) - aucA) * (component(b, labels, row) - aucB);
        }
      }
      covariance += sum / (own - 1) / own;
    }
    return covariance;
  }

  /** V of one row. */
  private static double component(float[] scores, float[] labels, int row) {
    double sum = 0;
    int others = 0;
    for (int other = 0; other < labels.length; other++) {
      if (labels[other] != labels[row]) {
        float one = labels[row] == 1 ? scores[row] : scores[other];
        float zero = labels[row] == 1 ? scores[other] : scores[row];
        sum += one > zero ? 1 : one == zero ? 0.5 : 0;
        others++;
      }
    }
    return sum / others;
  }

  @Test
  void hasSamplesOfTheAucWhoseMeanItIsAndWhoseVarianceIsDeLongs() {
    Random random = new Random(3);
    int[][] shapes = {{2, 2, 0}, {2, 300, 0}, {40, 60, 4}, {150, 50, 1}, {200, 200, 0}, {7, 5, 2}};
    for (int[] shape : shapes) {
      Draw draw = Draw.of(random, shape[0], shape[1], 1, 0.6, shape[2]);
      double[] one = draw.samples(draw.one);
      double[] two = draw.samples(draw.two);
      assertThat(mean(one)).isCloseTo(draw.auc(draw.one), within(1e-12));
      assertThat(mean(two)).isCloseTo(draw.auc(draw.two), within(1e-12));
      double varianceOne = deLong(draw.one, draw.one, draw.labels);
      double varianceTwo = deLong(draw.two, draw.two, draw.labels);
      double covariance = deLong(draw.one, draw.two, draw.labels);
      assertThat(varianceOfMean(one)).isCloseTo(varianceOne, within(1e-12));
      assertThat(varianceOfMean(two)).isCloseTo(varianceTwo, within(1e-12));
      assertThat(varianceOfMean(minus(one, two)))
          .isCloseTo(varianceOne + varianceTwo - 2 * covariance, within(1e-12));
    }
  }

  @Test
  void hasTheMeanOfTheAucInManyRowsToo() {
    Draw draw = Draw.of(new Random(4), 30_000, 170_000, 1, 1, 0);

    assertThat(mean(draw.samples(draw.one))).isCloseTo(draw.auc(draw.one), within(1e-12));
  }

  /** Rows drawn again with replacement, class by class, know of no formula. */
  @Test
  void hasTheErrorThatTheBootstrapFinds() {
    Random random = new Random(5);
    Draw draw = Draw.of(random, 120, 280, 1.2, 1, 0);
    int draws = 3000;
    double[] gains = new double[draws];
    for (int i = 0; i < draws; i++) {
      Draw again = new Draw(new float[400], new float[400], draw.labels);
      for (int row = 0; row < 400; row++) {
        int from = row < 120 ? random.nextInt(120) : 120 + random.nextInt(280);
        again.one[row] = draw.one[from];
        again.two[row] = draw.two[from];
      }
      gains[i] = again.auc(again.two) - again.auc(again.one);
    }
    double mean = mean(gains);
    double spread =
        Math.sqrt(Arrays.stream(gains).map(gain -> (gain - mean) * (gain - mean)).sum() / draws);
    assertThat(draw.bound(NORMAL).error() / spread).isBetween(0.92, 1.08);
  }

  @Test
  void letsAModelThatIsNoBetterPassAsRarelyAsItShould() {
    Random random = new Random(6);
    int passed = 0;
    int tries = 3000;
    for (int i = 0; i < tries; i++) {
      passed += Draw.of(random, 100, 300, 1, 1, 0).bound(NORMAL).lower() > 0 ? 1 : 0;
    }
    assertThat((double) passed / tries).isBetween(0.04, 0.06);
  }

  /** With sixteen rows of a class, a variance that took every row for one would be too sure. */
  @Test
  void letsAModelThatIsNoBetterPassAsRarelyAsItShouldWhereOneClassIsRare() {
    Random random = new Random(7);
    int passed = 0;
    int tries = 4000;
    for (int i = 0; i < tries; i++) {
      passed += Draw.of(random, 16, 400, 1, 1, 0).bound(STUDENT_15).lower() > 0 ? 1 : 0;
    }
    assertThat((double) passed / tries).isBetween(0.035, 0.065);
  }

  @Test
  void letsAModelThatIsWorseByTheMarginPassAsRarelyAsItShould() {
    Random random = new Random(8);
    // The AUC is Φ(skill / √2): 0.7602 against 0.7142.
    double margin = 0.04605376138318906;
    int passed = 0;
    int tries = 3000;
    for (int i = 0; i < tries; i++) {
      passed += Draw.of(random, 150, 350, 1, 0.8, 0).bound(NORMAL).lower() > -margin ? 1 : 0;
    }
    assertThat((double) passed / tries).isBetween(0.04, 0.06);
  }

  /** The power that theory gives: 80 % where the margin is z(0.95) + z(0.8) standard errors. */
  @Test
  void refusesAGoodModelAsRarelyAsTheoryHasIt() {
    Random random = new Random(9);
    double error = 0;
    for (int i = 0; i < 500; i++) {
      error += Draw.of(random, 150, 350, 1, 1, 0).bound(NORMAL).error() / 500;
    }
    double margin = (NORMAL + 0.8416212335729143) * error;
    int refused = 0;
    int tries = 3000;
    for (int i = 0; i < tries; i++) {
      refused += Draw.of(random, 150, 350, 1, 1, 0).bound(NORMAL).lower() > -margin ? 0 : 1;
    }
    assertThat((double) refused / tries).isBetween(0.17, 0.23);
  }

  private static final Pipeline PIPELINE =
      Pipeline.builder().standardize("wave", "n").oneHot("city").build();

  private static Trained fit(TrainingSet data, int epochs) {
    return LogisticTrainer.builder().epochs(epochs).seed(7).build().fit(data, PIPELINE, "y");
  }

  @Test
  void saysTheSameAsTheEvaluation() {
    try (Fixture fixture = new Fixture()) {
      TrainingSet data = fixture.set(Fixture.MIXED, 1500);
      Trained trained = fit(data.before("1970-01-01T00:16:40"), 3);
      TrainingSet test = data.since("1970-01-01T00:16:40");
      Evaluation evaluation = trained.evaluate(test);

      EvaluationReport report = trained.report(test);

      assertThat(report.rowCount()).isEqualTo(500);
      assertThat(report.metrics()).hasSize(6);
      evaluation
          .metrics()
          .forEach(
              (name, value) ->
                  assertThat(report.metrics().get(name).value()).as(name).isEqualTo(value));
      int rarer =
          (int) Math.round(500 * Math.min(evaluation.baseRate(), 1 - evaluation.baseRate()));
      assertThat(report.metrics())
          .containsEntry("auc", new Metric(evaluation.auc(), Better.HIGHER, rarer - 1))
          .containsEntry("logLoss", new Metric(evaluation.logLoss(), Better.LOWER, 499))
          .containsEntry("brier", new Metric(evaluation.brier(), Better.LOWER, 499))
          .containsEntry("accuracy", new Metric(evaluation.accuracy(), Better.HIGHER, 499))
          .containsEntry("rows", new Metric(500, Better.NEITHER, 0));
      for (String metric : List.of("auc", "logLoss", "brier", "accuracy")) {
        double[] samples = report.samples(metric).orElseThrow();
        assertThat(samples).hasSize(500);
        assertThat(mean(samples)).isCloseTo(report.metrics().get(metric).value(), within(1e-12));
      }
      assertThat(Evaluation.report(test, "y", trained.score(test))).isEqualTo(report);
    }
  }

  @Test
  void knowsTheRowsAgain() {
    try (Fixture fixture = new Fixture()) {
      TrainingSet data = fixture.set(Fixture.MIXED, 600);
      Trained one = fit(data, 1);
      Trained two = fit(data, 2);
      EvaluationReport report = one.report(data);

      assertThat(two.report(data)).isNotEqualTo(report);
      assertThat(two.report(data).rows()).isEqualTo(report.rows());
      assertThat(one.report(fixture.set(Fixture.MIXED, 600)).rows()).isEqualTo(report.rows());
      String table = "SELECT * FROM (" + Fixture.MIXED + ")";
      assertThat(rows(one, fixture, table, 600)).isEqualTo(report.rows());
      assertThat(rows(one, fixture, table, 601)).isNotEqualTo(report.rows());
      assertThat(rows(one, fixture, table + " ORDER BY i DESC", 600)).isNotEqualTo(report.rows());
      assertThat(rows(one, fixture, table.replaceFirst("\\*", "* REPLACE (NOT y AS y)"), 600))
          .isNotEqualTo(report.rows());
      assertThat(
              rows(
                  one,
                  fixture,
                  table.replaceFirst("\\*", "* REPLACE (moment + INTERVAL 1 SECOND AS moment)"),
                  600))
          .isNotEqualTo(report.rows());
      assertThat(rows(one, fixture, table.replaceFirst("\\*", "* REPLACE (0.0 AS wave)"), 600))
          .isEqualTo(report.rows());
      // A time may be a date.
      String dates = table.replaceFirst("\\*", "* REPLACE (moment::DATE AS moment)");
      assertThat(rows(one, fixture, dates, 600))
          .isEqualTo(rows(one, fixture, dates, 600))
          .isNotEqualTo(report.rows());
    }
  }

  private static Object rows(Trained trained, Fixture fixture, String sql, int count) {
    return trained.report(fixture.set(sql, count)).rows();
  }

  @Test
  void hasNoSamplesOfTheAucWhereAClassHasOneRow() {
    try (Fixture fixture = new Fixture()) {
      TrainingSet data =
          fixture.set("SELECT make_timestamp(i) AS moment, i = 3 AS y FROM range(5) r(i)");
      EvaluationReport report =
          Evaluation.report(data, "y", new float[] {0.1f, 0.2f, 0.3f, 0.4f, 0.5f});

      assertThat(report.metrics()).containsEntry("auc", new Metric(0.75, Better.HIGHER, 0));
      assertThat(report.samples("auc")).isEmpty();
      assertThat(report.samples("brier")).isPresent();
      assertThatThrownBy(() -> Evaluation.report(data, "y", new float[4]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("4 probabilities do not go with 5 labels");
      assertThatThrownBy(
              () -> Evaluation.report(data.before("1970-01-01T00:00:00.000002"), "y", new float[2]))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("'y' is 0 in all 2 rows");
    }
  }

  @Test
  void decidesWhichModelIsPromoted(@TempDir Path folder) {
    try (Fixture fixture = new Fixture();
        Registry registry = Registry.open(folder)) {
      Version flights =
          registry.register(Registration.of(Kind.DATASET, "waves").content(new byte[] {1}));
      TrainingSet data = fixture.set(Fixture.MIXED, 4000).madeFrom(List.of(flights.id()));
      TrainingSet train = data.before("1970-01-01T00:33:20");
      TrainingSet test = data.since("1970-01-01T00:33:20");
      registry.protect(
          "waves",
          "champion",
          PromotionPolicy.builder().notWorse("auc", 0.005).notWorse("logLoss", 0.01).build(),
          "no step back");
      Trained good = fit(train, 8);
      Trained blind =
          LogisticTrainer.builder()
              .epochs(1)
              .build()
              .fit(train, Pipeline.builder().standardize("n").build(), "y");

      Version first = registry.register("waves", good);
      registry.register(first, good.report(test));
      registry.promote("waves", "champion", first);
      Version second = registry.register("waves", blind);
      Version report = registry.register(second, blind.report(test));
      assertThatThrownBy(() -> registry.promote("waves", "champion", second))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.PROMOTION_REFUSED))
          .hasMessageContainingAll("FAILED  auc not worse by 0.005", "FAILED  logLoss not worse");
      Version third = registry.register("waves", fit(train, 9));
      registry.register(third, fit(train, 9).report(test));
      registry.promote("waves", "champion", third, "trained longer");

      assertThat(registry.alias("waves", "champion").orElseThrow().version()).isEqualTo(third.id());
      assertThat(registry.evaluation(report)).isEqualTo(blind.report(test));
      assertThat(report.madeFrom()).containsExactly(second.id(), flights.id());
      // What the policy computed is what DeLong's formula gives.
      PromotionCheck check = registry.check("waves", "champion", second);
      Map<String, Double> numbers = check.outcomes().get(0).numbers();
      float[] labels = Labels.read(test, "y");
      float[] ours = blind.score(test);
      float[] theirs = fit(train, 9).score(test);
      double variance =
          deLong(ours, ours, labels)
              + deLong(theirs, theirs, labels)
              - 2 * deLong(ours, theirs, labels);
      double quantile =
          (numbers.get("difference") - numbers.get("lowerBound")) / Math.sqrt(variance);
      assertThat(quantile).isBetween(NORMAL, NORMAL + 0.005);
      assertThat(numbers.get("difference"))
          .isCloseTo(numbers.get("value") - numbers.get("champion"), within(1e-12));
      assertThat(registry.verify().problems()).isEmpty();
    }
  }
}
