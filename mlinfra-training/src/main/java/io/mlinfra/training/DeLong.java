package io.mlinfra.training;

import java.util.Arrays;

/**
 * What each row adds to the area under the ROC curve.
 *
 * <p>Let there be {@code m} ones and {@code k} zeros, {@code n = m + k}. The AUC {@code θ} is the
 * mean over all pairs of a one and a zero of {@code ψ}: 1 where the one scores above the zero, ½
 * where they tie, 0 elsewhere. E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson ("Comparing the
 * areas under two or more correlated receiver operating characteristic curves: a nonparametric
 * approach", Biometrics 44, 1988) take for each one {@code V}, the mean of its {@code ψ} over the
 * zeros, for each zero the mean of its {@code ψ} over the ones, and estimate the variance of the
 * AUC by
 *
 * <pre>  Σ over ones (V − θ)² / m(m − 1)  +  Σ over zeros (V − θ)² / k(k − 1)</pre>
 *
 * <p>The sample of a row is {@code θ + c · (V − θ)}, the AUC and the row's influence on it, where
 * {@code c² = n(n − 1) / m(m − 1)} for a one and {@code n(n − 1) / k(k − 1)} for a zero. In each
 * class the mean of {@code V} is {@code θ}, so that the mean of the samples is the AUC; and their
 * sum of squares about it, divided by {@code n(n − 1)}, which is how the variance of any mean is
 * estimated, is the sum above, term by term. As {@code c} depends on the labels only, the
 * differences of the samples of two models on the same rows give DeLong's variance of the
 * difference of their AUCs too: the covariances are of the same sums.
 *
 * <p>V comes from the ranks (X. Sun and W. Xu, "Fast implementation of DeLong's algorithm", IEEE
 * Signal Processing Letters 21, 2014), in the time of a sort.
 */
final class DeLong {
  private DeLong() {}

  /**
   * The samples, row by row.
   *
   * @param probabilities from 0 to 1
   * @param labels 0 or 1, at least two of each
   * @param auc of these
   */
  static double[] samples(float[] probabilities, float[] labels, double auc) {
    int rows = labels.length;
    long ones = Evaluation.ones(labels);
    long zeros = rows - ones;
    // Probabilities are not negative, so their bits sort as they do; the row rides along below.
    long[] sorted = new long[rows];
    for (int row = 0; row < rows; row++) {
      sorted[row] = (long) Float.floatToIntBits(probabilities[row] + 0f) << 32 | row;
    }
    Arrays.sort(sorted);
    double pairs = (double) rows * (rows - 1);
    double ofOnes = Math.sqrt(pairs / ((double) ones * (ones - 1)));
    double ofZeros = Math.sqrt(pairs / ((double) zeros * (zeros - 1)));
    double[] samples = new double[rows];
    long onesBelow = 0;
    long zerosBelow = 0;
    for (int i = 0; i < rows; ) {
      int end = i;
      long tiedOnes = 0;
      while (end < rows && sorted[end] >> 32 == sorted[i] >> 32) {
        tiedOnes += (long) labels[(int) sorted[end++]];
      }
      long tiedZeros = end - i - tiedOnes;
      double one = (zerosBelow + tiedZeros / 2.0) / zeros;
      double zero = (ones - onesBelow - tiedOnes / 2.0) / ones;
      for (; i < end; i++) {
        int row = (int) sorted[i];
        samples[row] = labels[row] == 1 ? auc + ofOnes * (one - auc) : auc + ofZeros * (zero - auc);
      }
      onesBelow += tiedOnes;
      zerosBelow += tiedZeros;
    }
    return samples;
  }
}
