package io.mlinfra.training;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.registry.EvaluationReport;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How well probabilities predict a binary label.
 *
 * @param rows how many
 * @param baseRate the share of rows whose label is 1
 * @param auc the area under the ROC curve: the chance that a random 1 scores above a random 0, ties
 *     counting half
 * @param logLoss the mean of −ln of the probability given to what happened, which is taken to be at
 *     least 10⁻¹⁵
 * @param accuracy the share of rows on the right side of 0.5
 * @param brier the mean squared distance of the probability from the label
 */
public record Evaluation(
    long rows, double baseRate, double auc, double logLoss, double accuracy, double brier) {

  /**
   * Compares.
   *
   * @param probabilities from 0 to 1
   * @param labels 0 or 1, both present
   * @throws IllegalArgumentException if the arrays do not match, a probability is none, or a class
   *     is absent
   */
  public static Evaluation binary(float[] probabilities, float[] labels) {
    int rows = probabilities.length;
    if (rows != labels.length) {
      throw new IllegalArgumentException(
          rows + " probabilities do not go with " + labels.length + " labels");
    }
    double ones = 0;
    double loss = 0;
    double right = 0;
    double squares = 0;
    for (int i = 0; i < rows; i++) {
      float p = probabilities[i];
      float y = labels[i];
      if (!(p >= 0 && p <= 1)) {
        throw new IllegalArgumentException(
            "probability (" + p + ") of row " + i + " must be from 0 to 1");
      }
      if (y != 0 && y != 1) {
        throw new IllegalArgumentException("label (" + y + ") of row " + i + " must be 0 or 1");
      }
      ones += y;
      loss += logLoss(p, y);
      right += accuracy(p, y);
      squares += brier(p, y);
    }
    if (ones == 0 || ones == rows) {
      throw new IllegalArgumentException(
          "labels must hold both classes, not " + (long) ones + " ones in " + rows);
    }
    return new Evaluation(
        rows,
        ones / rows,
        auc(probabilities, labels, ones),
        loss / rows,
        right / rows,
        squares / rows);
  }

  /**
   * How probabilities predict the label of some rows, as a report for the registry. Two reports
   * over the same rows can be compared row by row: log loss, accuracy and the Brier score have each
   * row's own as samples, and the AUC those whose variance is that of DeLong, DeLong and
   * Clarke-Pearson (1988), unless a class has one row only.
   *
   * <p>For a model that {@link Trained#report} does not know, such as the champion of a registry
   * that is to be evaluated on new rows:
   *
   * <pre>{@code
   * Version champion = registry.version(Kind.MODEL, "flight-delay@champion");
   * try (Scorer scorer = Scorer.open(registry.model(champion));
   *     ArrowReader rows = test.reader()) {
   *   float[] probabilities = scorer.score(rows, "probability");
   *   registry.register(champion, Evaluation.report(test, "late", probabilities));
   * }
   * }</pre>
   *
   * @param data with the label; borrowed. The rows are known again by their number, their labels
   *     and their times
   * @param label the column that holds it
   * @param probabilities one for each row, from 0 to 1
   * @throws IllegalArgumentException if there are not as many as rows, or one is no probability
   * @throws MlInfraException if the label is not binary or has one value only
   */
  public static EvaluationReport report(TrainingSet data, String label, float[] probabilities) {
    float[] labels = Labels.read(data, label);
    Labels.requireBothClasses(label, labels);
    Evaluation evaluation = binary(probabilities, labels);
    int rows = labels.length;
    double[] logLoss = new double[rows];
    double[] accuracy = new double[rows];
    double[] brier = new double[rows];
    for (int i = 0; i < rows; i++) {
      logLoss[i] = logLoss(probabilities[i], labels[i]);
      accuracy[i] = accuracy(probabilities[i], labels[i]);
      brier[i] = brier(probabilities[i], labels[i]);
    }
    EvaluationReport.Builder report =
        EvaluationReport.builder(Rows.fingerprint(data, labels), rows)
            .data(data.madeFrom())
            .metric("rows", rows)
            .metric("baseRate", evaluation.baseRate)
            .lowerIsBetter("logLoss", evaluation.logLoss, logLoss)
            .higherIsBetter("accuracy", evaluation.accuracy, accuracy)
            .lowerIsBetter("brier", evaluation.brier, brier);
    long ones = ones(labels);
    int rarer = (int) Math.min(ones, rows - ones);
    if (rarer < 2) {
      // One row says nothing of how its class varies.
      return report.higherIsBetter("auc", evaluation.auc).build();
    }
    double[] auc = DeLong.samples(probabilities, labels, evaluation.auc);
    return report.higherIsBetter("auc", evaluation.auc, auc, rarer - 1).build();
  }

  private static double logLoss(float probability, float label) {
    return -Math.log(Math.max(label == 1 ? probability : 1.0 - probability, 1e-15));
  }

  private static double accuracy(float probability, float label) {
    return (probability >= 0.5f) == (label == 1) ? 1 : 0;
  }

  private static double brier(float probability, float label) {
    return (probability - (double) label) * (probability - (double) label);
  }

  static long ones(float[] labels) {
    long ones = 0;
    for (float label : labels) {
      ones += (long) label;
    }
    return ones;
  }

  /** By the rank sum of Mann and Whitney. */
  private static double auc(float[] probabilities, float[] labels, double ones) {
    int rows = probabilities.length;
    // Probabilities are not negative, so their bits sort as they do; the label rides along in the
    // lowest bit.
    long[] sorted = new long[rows];
    for (int i = 0; i < rows; i++) {
      sorted[i] = (long) Float.floatToIntBits(probabilities[i] + 0f) << 1 | (long) labels[i];
    }
    Arrays.sort(sorted);
    double rankSum = 0;
    for (int i = 0; i < rows; ) {
      int end = i;
      long tiedOnes = 0;
      while (end < rows && sorted[end] >> 1 == sorted[i] >> 1) {
        tiedOnes += sorted[end++] & 1;
      }
      rankSum += tiedOnes * (i + 1 + end) / 2.0;
      i = end;
    }
    return (rankSum - ones * (ones + 1) / 2) / (ones * (rows - ones));
  }

  /** The numbers by name, in the order of the components. */
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("rows", (double) rows);
    metrics.put("baseRate", baseRate);
    metrics.put("auc", auc);
    metrics.put("logLoss", logLoss);
    metrics.put("accuracy", accuracy);
    metrics.put("brier", brier);
    return metrics;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "AUC %.4f  log loss %.4f  accuracy %.4f  Brier %.4f  (%,d rows, base rate %.4f)",
        auc,
        logLoss,
        accuracy,
        brier,
        rows,
        baseRate);
  }
}
