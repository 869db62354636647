package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class EvaluationTest {
  @Example
  void equalsWhatIsComputedByHand() {
    Evaluation evaluation =
        Evaluation.binary(new float[] {0.25f, 0.5f, 0.75f, 0.5f}, new float[] {0, 0, 1, 1});
    assertThat(evaluation.rows()).isEqualTo(4);
    assertThat(evaluation.baseRate()).isEqualTo(0.5);
    // Of four pairs three are in order and one is tied.
    assertThat(evaluation.auc()).isEqualTo(0.875);
    assertThat(evaluation.logLoss())
        .isCloseTo(
            -(Math.log(0.75) + Math.log(0.5) + Math.log(0.75) + Math.log(0.5)) / 4, within(1e-15));
    assertThat(evaluation.accuracy()).isEqualTo(0.75);
    assertThat(evaluation.brier()).isEqualTo((0.0625 + 0.25 + 0.0625 + 0.25) / 4);
    assertThat(evaluation)
        .hasToString(
            "AUC 0.8750  log loss 0.4904  accuracy 0.7500  Brier 0.1563  (4 rows, base rate 0.5000)");
    assertThat(evaluation.metrics().keySet())
        .containsExactly("rows", "baseRate", "auc", "logLoss", "accuracy", "brier");
    assertThat(evaluation.metrics()).containsEntry("rows", 4.0).containsEntry("auc", 0.875);
  }

  @Example
  void boundsTheLossOfACertainMistake() {
    Evaluation wrong = Evaluation.binary(new float[] {1, 0}, new float[] {0, 1});
    assertThat(wrong.auc()).isZero();
    assertThat(wrong.logLoss()).isCloseTo(-Math.log(1e-15), within(1e-12));
    assertThat(wrong.accuracy()).isZero();
    assertThat(wrong.brier()).isOne();
    Evaluation right = Evaluation.binary(new float[] {0, 1}, new float[] {0, 1});
    assertThat(right.auc()).isOne();
    assertThat(right.logLoss()).isZero();
    Evaluation tied = Evaluation.binary(new float[] {0f, -0f}, new float[] {0, 1});
    assertThat(tied.auc()).isEqualTo(0.5);
  }

  record Scored(float probability, boolean label) {}

  @Provide
  Arbitrary<List<Scored>> rows() {
    Arbitrary<Float> probabilities =
        Arbitraries.oneOf(
            Arbitraries.of(0f, -0f, 0.5f, 1f, Float.MIN_VALUE, Math.nextDown(1f)),
            Arbitraries.integers().between(0, 20).map(i -> i / 20f),
            Arbitraries.floats().between(0, 1));
    return Combinators.combine(probabilities, Arbitraries.of(true, false))
        .as(Scored::new)
        .list()
        .ofMaxSize(60);
  }

  @Property(tries = 500)
  void equalsTheDefinitions(@ForAll("rows") List<Scored> rows) {
    long ones = rows.stream().filter(Scored::label).count();
    Assume.that(ones > 0 && ones < rows.size());
    float[] probabilities = new float[rows.size()];
    float[] labels = new float[rows.size()];
    double loss = 0;
    double brier = 0;
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      Scored row = rows.get(i);
      probabilities[i] = row.probability;
      labels[i] = row.label ? 1 : 0;
      double given = row.label ? row.probability : 1 - (double) row.probability;
      loss -= Math.log(Math.max(given, 1e-15));
      brier += (1 - given) * (1 - given);
      right += row.label == row.probability >= 0.5f ? 1 : 0;
    }
    double pairs = 0;
    for (Scored one : rows) {
      for (Scored zero : rows) {
        if (one.label && !zero.label) {
          pairs +=
              one.probability > zero.probability
                  ? 1
                  : one.probability == zero.probability ? 0.5 : 0;
        }
      }
    }
    Evaluation evaluation = Evaluation.binary(probabilities, labels);
    assertThat(evaluation.auc()).isCloseTo(pairs / (ones * (rows.size() - ones)), within(1e-12));
    assertThat(evaluation.logLoss()).isCloseTo(loss / rows.size(), within(1e-12));
    assertThat(evaluation.brier()).isCloseTo(brier / rows.size(), within(1e-12));
    assertThat(evaluation.accuracy()).isEqualTo((double) right / rows.size());
    assertThat(evaluation.baseRate()).isEqualTo((double) ones / rows.size());
  }

  @Example
  void refusesWhatIsNoEvaluation() {
    assertBad(new float[1], new float[2], "1 probabilities do not go with 2 labels");
    assertBad(new float[] {0.5f, 1.5f}, new float[] {0, 1}, "probability (1.5) of row 1");
    assertBad(new float[] {0.5f, Float.NaN}, new float[] {0, 1}, "probability (NaN) of row 1");
    assertBad(new float[] {0.5f, -0.1f}, new float[] {0, 1}, "probability (-0.1) of row 1");
    assertBad(new float[] {0.5f, 0.5f}, new float[] {0, 2}, "label (2.0) of row 1");
    assertBad(new float[] {0.5f, 0.5f}, new float[] {0, Float.NaN}, "label (NaN) of row 1");
    assertBad(
        new float[] {0.5f}, new float[] {1}, "labels must hold both classes, not 1 ones in 1");
    assertBad(new float[0], new float[0], "labels must hold both classes, not 0 ones in 0");
  }

  private static void assertBad(float[] probabilities, float[] labels, String message) {
    assertThatThrownBy(() -> Evaluation.binary(probabilities, labels))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }
}
