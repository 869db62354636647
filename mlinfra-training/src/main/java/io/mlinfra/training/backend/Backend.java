package io.mlinfra.training.backend;

import io.mlinfra.core.data.FloatBlock;

/**
 * Computes on row-major float32 matrices. Results may differ between backends in the last bits, but
 * the same calls on the same backend with the same settings give the same bits.
 *
 * <p>Tensors of another backend, and shapes that do not fit, are refused with an {@link
 * IllegalArgumentException}, and so is what is closed, with an {@link IllegalStateException}. One
 * thread at a time uses a backend and its tensors.
 */
public interface Backend extends AutoCloseable {
  /** The name that a run records, such as {@code "nd4j"}. */
  String name();

  /** What computes, for people: library, version, threads. */
  String description();

  /** A matrix of zeros. The caller closes it. */
  Tensor allocate(int rows, int columns);

  /**
   * A part of a matrix under another shape, in the same memory. It lives as long as {@code from}
   * and needs no closing.
   *
   * @param offset of the first value, counted in values
   */
  Tensor view(Tensor from, int offset, int rows, int columns);

  /** Copies {@code to.rows()} rows of a block in. */
  void upload(FloatBlock from, int firstRow, Tensor to);

  /** Copies values in, row by row. */
  void upload(float[] from, Tensor to);

  /** Copies values out, row by row. */
  void download(Tensor from, float[] to);

  /**
   * {@code c = op(a) · op(b) + beta · c}, where {@code op} transposes if asked to. What stands in
   * {@code c}, which must not share memory with {@code a} or {@code b}, does not matter if {@code
   * beta} is 0.
   */
  void multiply(Tensor a, boolean transposeA, Tensor b, boolean transposeB, float beta, Tensor c);

  /** Copies a row into every row. */
  void broadcast(Tensor row, Tensor to);

  /** Sums up each column. */
  void columnSums(Tensor from, Tensor row);

  /** {@code y += factor · x}. */
  void addScaled(float factor, Tensor x, Tensor y);

  /** {@code x = factor · x}. */
  void scale(float factor, Tensor x);

  /** {@code x = max(x, 0)}. */
  void relu(Tensor x);

  /**
   * {@code gradient = 0} where {@code activation} is 0, the derivative of {@link #relu} at its
   * result.
   */
  void reluGradient(Tensor activation, Tensor gradient);

  /** {@code x = 1 ÷ (1 + e⁻ˣ)}. */
  void sigmoid(Tensor x);

  /**
   * One step of Adam (Kingma and Ba, 2015, with the efficient order of computation from the end of
   * its section 2): updates {@code mean}, {@code variance} and {@code parameters} from {@code
   * gradient}, which is left undefined.
   *
   * @param step 1 for the first
   */
  void adam(
      Tensor parameters,
      Tensor gradient,
      Tensor mean,
      Tensor variance,
      float learningRate,
      int step);

  /** Idempotent. Tensors that are still open must be closed first. */
  @Override
  void close();
}
