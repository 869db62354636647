package io.mlinfra.registry;

/**
 * Student's t distribution with a whole number of degrees of freedom.
 *
 * <p>Its distribution function is the finite sum of Abramowitz and Stegun, <i>Handbook of
 * Mathematical Functions</i>, 26.7.3 and 26.7.4, whose terms are all positive; the quantile is
 * found by bisection, to 10⁻¹⁰ of its size. Beyond {@value #SUMMED} degrees the sum gets long, and
 * the quantile goes on from there by the first term of 26.7.5, {@code (z³ + z) / 4ν}: that is right
 * to 2·10⁻⁶ for every confidence up to {@value #MOST_CONFIDENCE}, and to 10⁻⁷ at 0.95.
 */
final class StudentT {
  static final double MOST_CONFIDENCE = 0.9999;

  private static final int SUMMED = 10_000;

  private StudentT() {}

  /**
   * What a variable of this distribution stays below with a probability.
   *
   * @param probability from 0.5 to {@value #MOST_CONFIDENCE}
   * @param degrees of freedom, at least 1
   */
  static double quantile(double probability, int degrees) {
    if (probability == 0.5) {
      return 0;
    }
    int summed = Math.min(degrees, SUMMED);
    double low = 0;
    double high = 1;
    while (cumulative(high, summed) < probability) {
      low = high;
      high *= 2;
    }
    while (high - low > 1e-12 * high) {
      double middle = (low + high) / 2;
      if (cumulative(middle, summed) < probability) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double t = high;
    return t - (t * t * t + t) / 4 * (1.0 / summed - 1.0 / degrees);
  }

  /** How probably a variable of this distribution is below {@code t}, which is not negative. */
  static double cumulative(double t, int degrees) {
    double angle = Math.atan(t / Math.sqrt(degrees));
    double cosine = Math.cos(angle);
    boolean odd = degrees % 2 == 1;
    double term = odd ? cosine : 1;
    double sum = degrees == 1 ? 0 : term;
    for (int k = odd ? 3 : 2; k < degrees; k += 2) {
      term *= cosine * cosine * (k - 1) / k;
      sum += term;
    }
    double inside = Math.sin(angle) * sum;
    return 0.5 + (odd ? (angle + inside) / Math.PI : inside / 2);
  }
}
