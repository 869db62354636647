package io.mlinfra.training.backend;

import java.util.Arrays;

/**
 * Multiplies rows with one matrix, in the order in which ONNX Runtime adds. The matrix comes as
 * rows of their own, so that the inner loops have one index and become SIMD. Not thread-safe.
 */
final class JavaProduct {
  /** So many products are added up before the sum is added to the result. */
  private static final int BLOCK = 256;

  private final float[][] matrix;
  private final float[] sum;
  private final int[] used = new int[BLOCK];
  private final float[] factors = new float[BLOCK];

  JavaProduct(float[][] matrix) {
    this.matrix = matrix;
    this.sum = new float[matrix[0].length];
  }

  /**
   * One row times the matrix.
   *
   * @param from where the row's first value stands in {@code row}
   * @param step the distance to its next one
   * @param beta times what stands in {@code result} is added
   * @param to where the result's first value stands in {@code result}
   */
  void row(float[] row, int from, int step, float beta, float[] result, int to) {
    for (int j = 0; j < sum.length; j++) {
      result[to + j] = beta == 0 ? 0 : beta * result[to + j];
    }
    for (int start = 0; start < matrix.length; start += BLOCK) {
      int end = Math.min(matrix.length, start + BLOCK);
      int count = 0;
      for (int k = start; k < end; k++) {
        float factor = row[from + k * step];
        factors[count] = factor;
        used[count] = k;
        // Zeros are skipped, of which one-hot rows and the results of ReLU are full: adding zero
        // times a finite number changes no bit. Not by a branch, which would be mispredicted.
        count += factor == 0 ? 0 : 1;
      }
      Arrays.fill(sum, 0);
      addProducts(count);
      for (int j = 0; j < sum.length; j++) {
        result[to + j] = sum[j] + result[to + j];
      }
    }
  }

  /** Four rows at a time, in their order: sums are then loaded and stored a quarter as often. */
  private void addProducts(int count) {
    int k = 0;
    for (; k + 4 <= count; k += 4) {
      addFour(k, matrix[used[k]], matrix[used[k + 1]], matrix[used[k + 2]], matrix[used[k + 3]]);
    }
    for (; k < count; k++) {
      addOne(factors[k], matrix[used[k]]);
    }
  }

  private void addFour(int k, float[] first, float[] second, float[] third, float[] fourth) {
    float[] sums = sum;
    float a = factors[k];
    float b = factors[k + 1];
    float c = factors[k + 2];
    float d = factors[k + 3];
    for (int j = 0; j < sums.length; j++) {
      float half = Math.fma(b, second[j], Math.fma(a, first[j], sums[j]));
      sums[j] = Math.fma(d, fourth[j], Math.fma(c, third[j], half));
    }
  }

  private void addOne(float factor, float[] row) {
    float[] sums = sum;
    for (int j = 0; j < sums.length; j++) {
      sums[j] = Math.fma(factor, row[j], sums[j]);
    }
  }
}
