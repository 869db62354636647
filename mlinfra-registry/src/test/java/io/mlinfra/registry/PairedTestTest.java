package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedTestTest {
  @Test
  void equalsWhatIsComputedByHand() {
    double[] challenger = {3, 5, 4, 8};
    double[] champion = {1, 4, 4, 5};
    // Differences 2, 1, 0, 3: mean 1.5, variance 5/3.
    double error = Math.sqrt(5.0 / 3 / 4);
    double t = 2.3533634348018264; // of three degrees, at 0.95
    PairedTest up = PairedTest.of(challenger, champion, 1, 3, 0.95);
    assertThat(up.mean()).isEqualTo(1.5);
    assertThat(up.lower()).isCloseTo(1.5 - t * error, within(1e-12));
    PairedTest down = PairedTest.of(challenger, champion, -1, 3, 0.95);
    assertThat(down.mean()).isEqualTo(-1.5);
    assertThat(down.lower()).isCloseTo(-1.5 - t * error, within(1e-12));
  }

  @Test
  void knowsNothingOfOneRowOrOfWhatIsNotFinite() {
    assertThat(PairedTest.of(new double[] {1}, new double[] {0}, 1, 0, 0.95).lower()).isNaN();
    double[] zeros = new double[3];
    for (double odd : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThat(PairedTest.of(new double[] {1, odd, 1}, zeros, 1, 2, 0.95).lower()).isNaN();
    }
  }

  /** The rate at which a challenger passes that is worse by just the margin. */
  @ParameterizedTest
  @CsvSource({"5, 100000", "30, 100000", "400, 10000"})
  void letsABadChallengerPassAsRarelyAsItSays(int rows, int tries) {
    Random random = new Random(11 + rows);
    double margin = 0.1;
    int passed = 0;
    for (int i = 0; i < tries; i++) {
      double[] champion = new double[rows];
      double[] challenger = new double[rows];
      for (int row = 0; row < rows; row++) {
        champion[row] = 5 * random.nextGaussian();
        challenger[row] = champion[row] - margin + random.nextGaussian();
      }
      if (PairedTest.of(challenger, champion, 1, rows - 1, 0.95).lower() > -margin) {
        passed++;
      }
    }
    double error = Math.sqrt(0.05 * 0.95 / tries);
    assertThat((double) passed / tries).isCloseTo(0.05, within(4 * error));
  }

  /** With the losses of two models that guess an outcome as well, in ways of their own. */
  @Test
  void letsABadChallengerPassAsRarelyAsItSaysByLogLoss() {
    Random random = new Random(12);
    int tries = 4000;
    int rows = 500;
    int passed = 0;
    for (int i = 0; i < tries; i++) {
      double[] champion = new double[rows];
      double[] challenger = new double[rows];
      for (int row = 0; row < rows; row++) {
        double common = random.nextGaussian() - 1;
        boolean late = random.nextDouble() < logistic(common);
        champion[row] = logLoss(common + 0.3 * random.nextGaussian(), late);
        challenger[row] = logLoss(common + 0.3 * random.nextGaussian(), late);
      }
      if (PairedTest.of(challenger, champion, -1, rows - 1, 0.95).lower() > 0) {
        passed++;
      }
    }
    assertThat((double) passed / tries).isBetween(0.04, 0.06);
  }

  /** The power that theory gives: 80 % where the margin is z(0.95) + z(0.8) standard errors. */
  @Test
  void refusesAGoodChallengerAsRarelyAsTheoryHasIt() {
    Random random = new Random(13);
    int tries = 5000;
    int rows = 300;
    double margin = (1.6448536269514722 + 0.8416212335729143) / Math.sqrt(rows);
    int refused = 0;
    for (int i = 0; i < tries; i++) {
      double[] champion = new double[rows];
      double[] challenger = new double[rows];
      for (int row = 0; row < rows; row++) {
        champion[row] = random.nextDouble();
        challenger[row] = champion[row] + random.nextGaussian();
      }
      if (!(PairedTest.of(challenger, champion, 1, rows - 1, 0.95).lower() > -margin)) {
        refused++;
      }
    }
    assertThat((double) refused / tries).isBetween(0.18, 0.22);
  }

  /** The permutation test flips the signs of the differences, and knows no distribution. */
  @Test
  void decidesAsAPermutationTestDoes() {
    Random random = new Random(14);
    int rows = 60;
    int passed = 0;
    for (int i = 0; i < 200; i++) {
      double shift = 0.35 * random.nextDouble();
      double[] champion = new double[rows];
      double[] challenger = new double[rows];
      for (int row = 0; row < rows; row++) {
        champion[row] = random.nextDouble();
        challenger[row] = champion[row] + shift + 2 * (random.nextDouble() - 0.5);
      }
      boolean better = PairedTest.of(challenger, champion, 1, rows - 1, 0.95).lower() > 0;
      double chance = permuted(challenger, champion, random);
      passed += better ? 1 : 0;
      if (better) {
        assertThat(chance).isLessThan(0.065);
      } else {
        assertThat(chance).isGreaterThan(0.035);
      }
    }
    assertThat(passed).isBetween(50, 170);
  }

  private static double permuted(double[] challenger, double[] champion, Random random) {
    double observed = 0;
    for (int row = 0; row < challenger.length; row++) {
      observed += challenger[row] - champion[row];
    }
    int asMuch = 0;
    int draws = 4000;
    for (int draw = 0; draw < draws; draw++) {
      double sum = 0;
      for (int row = 0; row < challenger.length; row++) {
        double difference = challenger[row] - champion[row];
        sum += random.nextBoolean() ? difference : -difference;
      }
      asMuch += sum >= observed ? 1 : 0;
    }
    return (double) asMuch / draws;
  }

  private static double logistic(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double logLoss(double odds, boolean label) {
    return -Math.log(label ? logistic(odds) : 1 - logistic(odds));
  }
}
