package io.mlinfra.registry;

/**
 * The one-sided paired t-test of Student: is the mean of differences, one for each row, above a
 * bound?
 *
 * <p>Two models are compared on the same rows, whose difficulty they share; what is left in the
 * differences is far less than either model's own spread. The rows count as independent draws. The
 * mean then has the standard error {@code s / √n}, and {@code mean − t · s / √n} is its lower
 * confidence bound, {@code t} being the quantile of Student's distribution. "Not worse by more than
 * a margin" is that this bound is above −margin, which is the test of non-inferiority (S. Wellek,
 * <i>Testing Statistical Hypotheses of Equivalence and Noninferiority</i>, 2010, section 1.5);
 * "better" is that it is above 0.
 *
 * @param rows how many pairs
 * @param mean of the differences
 * @param lower the lower confidence bound of the mean; NaN if there are too few rows, or some
 *     difference is not finite
 */
record PairedTest(int rows, double mean, double lower) {

  /**
   * Tests {@code sign · (challenger − champion)}.
   *
   * @param degrees of freedom of the differences' variance; {@code rows − 1} at most
   */
  static PairedTest of(
      double[] challenger, double[] champion, int sign, int degrees, double confidence) {
    int rows = challenger.length;
    double mean = 0;
    for (int row = 0; row < rows; row++) {
      mean += sign * (challenger[row] - champion[row]);
    }
    mean /= rows;
    if (degrees < 1) {
      return new PairedTest(rows, mean, Double.NaN);
    }
    double squares = 0;
    for (int row = 0; row < rows; row++) {
      double distance = sign * (challenger[row] - champion[row]) - mean;
      squares += distance * distance;
    }
    double error = Math.sqrt(squares / (rows - 1) / rows);
    return new PairedTest(rows, mean, mean - StudentT.quantile(confidence, degrees) * error);
  }
}
