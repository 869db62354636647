package io.mlinfra.training.backend;

import io.mlinfra.core.data.FloatBlock;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Plain Java on heap arrays, one thread: the oracle for the others, the last resort where there is
 * no native library, and the one that scores, because it computes in the order in which ONNX
 * Runtime does.
 *
 * <p>That order, found in the sources of ONNX Runtime's MLAS and confirmed bit by bit in the tests:
 * a product sums {@code fma} over ascending k in blocks of 256 and adds what stood in {@code c}
 * after the first block; the sigmoid is MLAS's rational function.
 */
public final class JavaBackend implements Backend {
  private boolean closed;

  private JavaBackend() {}

  public static JavaBackend open() {
    return new JavaBackend();
  }

  /** A view shares {@code closed} with the tensor that it looks into. */
  private record Heap(
      float[] data, int offset, int rows, int columns, AtomicBoolean closed, boolean owned)
      implements Tensor {
    int size() {
      return rows * columns;
    }

    @Override
    public void close() {
      if (owned) {
        closed.set(true);
      }
    }

    @Override
    public String toString() {
      return "Tensor[" + rows + " x " + columns + "]";
    }
  }

  private Heap own(Tensor tensor) {
    if (closed) {
      throw new IllegalStateException("the backend java is closed");
    }
    if (tensor instanceof Heap heap) {
      if (heap.closed.get()) {
        throw new IllegalStateException(tensor + " is closed");
      }
      return heap;
    }
    throw new IllegalArgumentException(tensor + " belongs to another backend than java");
  }

  @Override
  public String name() {
    return "java";
  }

  @Override
  public String description() {
    return "plain Java, 1 thread";
  }

  @Override
  public Tensor allocate(int rows, int columns) {
    Shapes.requireSize(rows, columns);
    if (closed) {
      throw new IllegalStateException("the backend java is closed");
    }
    return new Heap(new float[rows * columns], 0, rows, columns, new AtomicBoolean(), true);
  }

  @Override
  public Tensor view(Tensor from, int offset, int rows, int columns) {
    Heap whole = own(from);
    Shapes.requireInside(from, offset, rows, columns);
    return new Heap(whole.data, whole.offset + offset, rows, columns, whole.closed, false);
  }

  @Override
  public void upload(FloatBlock from, int firstRow, Tensor to) {
    Heap target = own(to);
    Shapes.require(from.columns() == to.columns(), from, to);
    from.rows(firstRow, to.rows()).get(target.data, target.offset, target.size());
  }

  @Override
  public void upload(float[] from, Tensor to) {
    Heap target = own(to);
    Shapes.requireLength(from, to);
    System.arraycopy(from, 0, target.data, target.offset, target.size());
  }

  @Override
  public void download(Tensor from, float[] to) {
    Heap source = own(from);
    Shapes.requireLength(to, from);
    System.arraycopy(source.data, source.offset, to, 0, source.size());
  }

  @Override
  public void multiply(
      Tensor a, boolean transposeA, Tensor b, boolean transposeB, float beta, Tensor c) {
    Shapes.requireProduct(a, transposeA, b, transposeB, c);
    Heap left = own(a);
    Heap right = own(b);
    Heap out = own(c);
    int depth = transposeA ? left.rows : left.columns;
    JavaProduct product = new JavaProduct(rows(right, transposeB, depth, out.columns));
    int rowStep = transposeA ? 1 : left.columns;
    int depthStep = transposeA ? left.columns : 1;
    for (int i = 0; i < out.rows; i++) {
      int from = left.offset + i * rowStep;
      product.row(left.data, from, depthStep, beta, out.data, out.offset + i * out.columns);
    }
  }

  /** The matrix, or its transpose, as rows of their own. */
  private static float[][] rows(Heap matrix, boolean transpose, int rows, int columns) {
    int rowStep = transpose ? 1 : matrix.columns;
    int columnStep = transpose ? matrix.columns : 1;
    float[][] copy = new float[rows][columns];
    for (int r = 0; r < rows; r++) {
      int at = matrix.offset + r * rowStep;
      for (int c = 0; c < columns; c++) {
        copy[r][c] = matrix.data[at + c * columnStep];
      }
    }
    return copy;
  }

  @Override
  public void broadcast(Tensor row, Tensor to) {
    Heap source = own(row);
    Heap target = own(to);
    Shapes.requireRow(row, to);
    for (int r = 0; r < target.rows; r++) {
      System.arraycopy(
          source.data,
          source.offset,
          target.data,
          target.offset + r * target.columns,
          target.columns);
    }
  }

  @Override
  public void columnSums(Tensor from, Tensor row) {
    Heap source = own(from);
    Heap target = own(row);
    Shapes.requireRow(row, from);
    Arrays.fill(target.data, target.offset, target.offset + target.columns, 0);
    for (int r = 0; r < source.rows; r++) {
      for (int c = 0; c < source.columns; c++) {
        target.data[target.offset + c] += source.data[source.offset + r * source.columns + c];
      }
    }
  }

  @Override
  public void addScaled(float factor, Tensor x, Tensor y) {
    Heap source = own(x);
    Heap target = own(y);
    Shapes.requireSame(x, y);
    for (int i = 0; i < source.size(); i++) {
      target.data[target.offset + i] += factor * source.data[source.offset + i];
    }
  }

  @Override
  public void scale(float factor, Tensor x) {
    Heap values = own(x);
    for (int i = values.offset; i < values.offset + values.size(); i++) {
      values.data[i] *= factor;
    }
  }

  @Override
  public void relu(Tensor x) {
    Heap values = own(x);
    for (int i = values.offset; i < values.offset + values.size(); i++) {
      values.data[i] = Math.max(values.data[i], 0f);
    }
  }

  @Override
  public void reluGradient(Tensor activation, Tensor gradient) {
    Heap source = own(activation);
    Heap target = own(gradient);
    Shapes.requireSame(activation, gradient);
    for (int i = 0; i < source.size(); i++) {
      // All ones where the activation is positive: a branch would be mispredicted every other time.
      int mask = -Float.floatToRawIntBits(source.data[source.offset + i]) >> 31;
      int bits = Float.floatToRawIntBits(target.data[target.offset + i]);
      target.data[target.offset + i] = Float.intBitsToFloat(bits & mask);
    }
  }

  @Override
  public void sigmoid(Tensor x) {
    Heap values = own(x);
    for (int i = values.offset; i < values.offset + values.size(); i++) {
      values.data[i] = sigmoid(values.data[i]);
    }
  }

  /** MLAS's approximation (onnxruntime/core/mlas/lib/logistic.cpp), good to about 2 ulp. */
  private static float sigmoid(float value) {
    float x = Math.max(-18f, Math.min(18f, value));
    float square = x * x;
    float p = Math.fma(square, 4.37031012579801e-11f, 1.15627324459942e-07f);
    p = Math.fma(p, square, 6.08574864600143e-05f);
    p = Math.fma(p, square, 8.51377133304701e-03f);
    p = Math.fma(p, square, 2.48287947061529e-01f);
    p = p * x;
    float q = Math.fma(square, 6.10247389755681e-13f, 5.76102136993427e-09f);
    q = Math.fma(q, square, 6.29106785017040e-06f);
    q = Math.fma(q, square, 1.70198817374094e-03f);
    q = Math.fma(q, square, 1.16817656904453e-01f);
    q = Math.fma(q, square, 9.93151921023180e-01f);
    return Math.max(0f, Math.min(1f, p / q + 0.5f));
  }

  @Override
  public void adam(
      Tensor parameters,
      Tensor gradient,
      Tensor mean,
      Tensor variance,
      float learningRate,
      int step) {
    Heap p = own(parameters);
    Heap g = own(gradient);
    Heap m = own(mean);
    Heap v = own(variance);
    Shapes.requireSame(parameters, gradient);
    Shapes.requireSame(parameters, mean);
    Shapes.requireSame(parameters, variance);
    float rate = Adam.correctedRate(learningRate, step);
    for (int i = 0; i < p.size(); i++) {
      float slope = g.data[g.offset + i];
      float first = Adam.BETA_1 * m.data[m.offset + i] + (1 - Adam.BETA_1) * slope;
      float second = Adam.BETA_2 * v.data[v.offset + i] + (1 - Adam.BETA_2) * slope * slope;
      m.data[m.offset + i] = first;
      v.data[v.offset + i] = second;
      p.data[p.offset + i] -= rate * first / ((float) Math.sqrt(second) + Adam.EPSILON);
    }
  }

  @Override
  public void close() {
    // The garbage collector frees the rest.
    closed = true;
  }

  @Override
  public String toString() {
    return name() + " (" + description() + ")";
  }
}
