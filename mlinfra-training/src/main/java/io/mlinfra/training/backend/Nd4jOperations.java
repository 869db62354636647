package io.mlinfra.training.backend;

import io.mlinfra.core.data.FloatBlock;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.apache.arrow.memory.util.MemoryUtil;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.api.ops.impl.scalar.Step;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sigmoid;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The operations on ND4J arrays in row-major ('c') order. */
final class Nd4jOperations implements Backend {
  private final int threads;
  private boolean closed;

  private Nd4jOperations(int threads) {
    this.threads = threads;
  }

  static Backend start(int threads) {
    // Three settings, because elementwise kernels, their callers and OpenBLAS each have their own.
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
    Nd4j.factory().blas().setMaxThreads(threads);
    return new Nd4jOperations(threads);
  }

  /**
   * A tensor.
   *
   * @param memory the array that owns the memory: for a view, another than {@code array}, which
   *     does not notice when that is closed
   */
  private record Native(INDArray array, int rows, int columns, INDArray memory) implements Tensor {
    @Override
    public void close() {
      if (memory == array && !array.wasClosed()) {
        array.close();
      }
    }

    @Override
    public String toString() {
      return "Tensor[" + rows + " x " + columns + "]";
    }
  }

  private Native check(Tensor tensor) {
    if (closed) {
      throw new IllegalStateException("the backend nd4j is closed");
    }
    if (tensor instanceof Native known) {
      if (known.memory.wasClosed()) {
        throw new IllegalStateException(tensor + " is closed");
      }
      return known;
    }
    throw new IllegalArgumentException(tensor + " belongs to another backend than nd4j");
  }

  private INDArray own(Tensor tensor) {
    return check(tensor).array;
  }

  @Override
  public String name() {
    return "nd4j";
  }

  @Override
  public String description() {
    return "ND4J 1.0.0-M2.1 on the CPU, " + threads + (threads == 1 ? " thread" : " threads");
  }

  @Override
  public Tensor allocate(int rows, int columns) {
    Shapes.requireSize(rows, columns);
    if (closed) {
      throw new IllegalStateException("the backend nd4j is closed");
    }
    INDArray array = Nd4j.create(DataType.FLOAT, new long[] {rows, columns}, 'c');
    return new Native(array, rows, columns, array);
  }

  @Override
  public Tensor view(Tensor from, int offset, int rows, int columns) {
    Native whole = check(from);
    Shapes.requireInside(from, offset, rows, columns);
    INDArray flat = whole.array.reshape('c', false, (long) from.rows() * from.columns());
    INDArray part = flat.get(NDArrayIndex.interval(offset, offset + (long) rows * columns));
    return new Native(part.reshape('c', false, rows, columns), rows, columns, whole.memory);
  }

  @Override
  public void upload(FloatBlock from, int firstRow, Tensor to) {
    INDArray target = own(to);
    Shapes.require(from.columns() == to.columns(), from, to);
    floats(target).put(from.rows(firstRow, to.rows()));
    Reference.reachabilityFence(target);
  }

  @Override
  public void upload(float[] from, Tensor to) {
    INDArray target = own(to);
    Shapes.requireLength(from, to);
    floats(target).put(from);
    Reference.reachabilityFence(target);
  }

  @Override
  public void download(Tensor from, float[] to) {
    INDArray source = own(from);
    Shapes.requireLength(to, from);
    floats(source).get(to);
    Reference.reachabilityFence(source);
  }

  /**
   * The array's own memory, as long as the array is reachable: its accessors check and convert
   * every value.
   */
  private static FloatBuffer floats(INDArray array) {
    int bytes = (int) (4 * array.length());
    return MemoryUtil.directBuffer(address(array), bytes)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  private static long address(INDArray array) {
    return array.data().address() + 4 * array.offset();
  }

  @Override
  public void multiply(
      Tensor a, boolean transposeA, Tensor b, boolean transposeB, float beta, Tensor c) {
    Shapes.requireProduct(a, transposeA, b, transposeB, c);
    MMulTranspose transpose =
        MMulTranspose.builder().transposeA(transposeA).transposeB(transposeB).build();
    Nd4j.exec(new Mmul(own(a), own(b), own(c), 1.0, beta, transpose));
  }

  @Override
  public void broadcast(Tensor row, Tensor to) {
    INDArray source = own(row);
    INDArray target = own(to);
    Shapes.requireRow(row, to);
    // ND4J's assign stops after the first row. Each copy doubles the rows that are there.
    long start = address(target);
    long end = start + 4 * target.length();
    long done = start + 4L * to.columns();
    MemoryUtil.copyMemory(address(source), start, done - start);
    while (done < end) {
      long bytes = Math.min(done - start, end - done);
      MemoryUtil.copyMemory(start, done, bytes);
      done += bytes;
    }
    Reference.reachabilityFence(source);
    Reference.reachabilityFence(target);
  }

  @Override
  public void columnSums(Tensor from, Tensor row) {
    INDArray source = own(from);
    INDArray target = own(row);
    Shapes.requireRow(row, from);
    // ND4J's own reduction takes three times as long.
    float[] sums = new float[from.columns()];
    float[] values = new float[sums.length];
    FloatBuffer rows = floats(source);
    for (int r = 0; r < from.rows(); r++) {
      rows.get(values);
      for (int c = 0; c < sums.length; c++) {
        sums[c] += values[c];
      }
    }
    floats(target).put(sums);
    Reference.reachabilityFence(source);
    Reference.reachabilityFence(target);
  }

  @Override
  public void addScaled(float factor, Tensor x, Tensor y) {
    Shapes.requireSame(x, y);
    Nd4j.getBlasWrapper().level1().axpy((long) x.rows() * x.columns(), factor, own(x), own(y));
  }

  @Override
  public void scale(float factor, Tensor x) {
    own(x).muli(factor);
  }

  @Override
  public void relu(Tensor x) {
    Nd4j.getExecutioner().exec(new RectifiedLinear(own(x), own(x), 0));
  }

  @Override
  public void reluGradient(Tensor activation, Tensor gradient) {
    Shapes.requireSame(activation, gradient);
    try (INDArray step = own(activation).ulike()) {
      Nd4j.getExecutioner().exec(new Step(own(activation), step, 0.0));
      own(gradient).muli(step);
    }
  }

  @Override
  public void sigmoid(Tensor x) {
    Nd4j.getExecutioner().exec(new Sigmoid(own(x), own(x)));
  }

  @Override
  public void adam(
      Tensor parameters,
      Tensor gradient,
      Tensor mean,
      Tensor variance,
      float learningRate,
      int step) {
    Shapes.requireSame(parameters, gradient);
    Shapes.requireSame(parameters, mean);
    Shapes.requireSame(parameters, variance);
    INDArray update = own(gradient);
    // ND4J counts steps from 0, and leaves the update in the gradient's place.
    Nd4j.exec(
        new AdamUpdater(
            update,
            own(variance),
            own(mean),
            learningRate,
            Adam.BETA_1,
            Adam.BETA_2,
            Adam.EPSILON,
            step - 1));
    own(parameters).subi(update);
  }

  @Override
  public void close() {
    // ND4J lives as long as the JVM; the tensors are their owners' to close.
    closed = true;
  }

  @Override
  public String toString() {
    return name() + " (" + description() + ")";
  }
}
