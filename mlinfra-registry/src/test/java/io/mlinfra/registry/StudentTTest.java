package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StudentTTest {
  /** By SciPy 1.17.1, {@code scipy.stats.t.ppf}. */
  @ParameterizedTest
  @CsvSource({
    "0.95, 1, 6.313751514675037",
    "0.9999, 1, 3183.098757118502",
    "0.95, 2, 2.9199855803537242",
    "0.9, 3, 1.637744353696209",
    "0.99, 5, 3.3649299989072174",
    "0.95, 10, 1.8124611228116756",
    "0.975, 30, 2.0422724563012378",
    "0.999, 99, 3.1746038497557523",
    "0.9999, 10000, 3.7203958691176684"
  })
  void knowsTheQuantiles(double probability, int degrees, double expected) {
    assertThat(StudentT.quantile(probability, degrees))
        .isCloseTo(expected, within(1e-10 * expected));
  }

  @ParameterizedTest
  @CsvSource({
    "0.95, 20001, 1.644929815149894, 1e-7",
    "0.95, 1000000, 1.6448551507220404, 1e-7",
    "0.9999, 2147483647, 3.719016491876834, 2e-6"
  })
  void isAsExactAsItSaysWhereTheSumWouldBeTooLong(
      double probability, int degrees, double expected, double error) {
    assertThat(StudentT.quantile(probability, degrees)).isCloseTo(expected, within(error));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 7, 12, 35, 200})
  void isTheIntegralOfItsDensity(int degrees) {
    int steps = 20_000;
    double end = 4.0;
    double step = end / steps;
    double integral = 0;
    for (int i = 0; i <= steps; i++) {
      double t = i * step;
      double density = Math.pow(1 + t * t / degrees, -(degrees + 1) / 2.0);
      integral += (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2) * density * step / 3;
    }
    // Γ((ν+1)/2) / (√(νπ) Γ(ν/2)), by the recurrence of Γ.
    double factor = degrees % 2 == 0 ? 0.5 : 1 / Math.PI;
    for (int k = degrees % 2 == 0 ? 2 : 1; k < degrees; k += 2) {
      factor *= (k + 1.0) / k;
    }
    factor /= Math.sqrt(degrees);
    assertThat(StudentT.cumulative(end, degrees)).isCloseTo(0.5 + factor * integral, within(1e-10));
  }

  @Test
  void fallsAsTheDegreesGrow() {
    double before = Double.POSITIVE_INFINITY;
    for (int degrees : new int[] {1, 2, 3, 10, 999, 9_999, 10_000, 10_001, 10_500, 1_000_000}) {
      double quantile = StudentT.quantile(0.95, degrees);
      assertThat(quantile).isLessThan(before).isGreaterThan(1.6448);
      before = quantile;
    }
    assertThat(StudentT.quantile(0.5, 7)).isZero();
  }
}
