package io.mlinfra.training.backend;

import io.mlinfra.core.data.FloatBlock;
import java.nio.FloatBuffer;
import org.apache.arrow.memory.util.MemoryUtil;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastCopyOp;
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

  /** {@code owned} is false for a view, whose memory belongs to another tensor. */
  private record Native(INDArray array, int rows, int columns, boolean owned) implements Tensor {
    @Override
    public void close() {
      if (owned && !array.wasClosed()) {
        array.close();
      }
    }

    @Override
    public String toString() {
      return "Tensor[" + rows + " x " + columns + "]";
    }
  }

  private static INDArray own(Tensor tensor) {
    if (tensor instanceof Native known) {
      if (known.array.wasClosed()) {
        throw new IllegalStateException(tensor + " is closed");
      }
      return known.array;
    }
    throw new IllegalArgumentException(tensor + " belongs to another backend than nd4j");
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
    Shapes.requirePositive(rows, columns);
    return new Native(
        Nd4j.create(DataType.FLOAT, new long[] {rows, columns}, 'c'), rows, columns, true);
  }

  @Override
  public Tensor view(Tensor from, int offset, int rows, int columns) {
    Shapes.requireInside(from, offset, rows, columns);
    INDArray flat = own(from).reshape('c', false, (long) from.rows() * from.columns());
    INDArray part = flat.get(NDArrayIndex.interval(offset, offset + (long) rows * columns));
    return new Native(part.reshape('c', false, rows, columns), rows, columns, false);
  }

  @Override
  public void upload(FloatBlock from, int firstRow, Tensor to) {
    INDArray target = own(to);
    Shapes.require(from.columns() == to.columns(), from, to);
    FloatBuffer checked = from.rows(firstRow, to.rows());
    MemoryUtil.copyMemory(
        from.address() + 4L * firstRow * from.columns(), address(target), 4L * checked.remaining());
  }

  private static long address(INDArray array) {
    return array.data().address() + 4 * array.offset();
  }

  @Override
  public void upload(float[] from, Tensor to) {
    Shapes.requireLength(from, to);
    try (INDArray source = Nd4j.createFromArray(from)) {
      own(to).assign(source.reshape('c', to.rows(), to.columns()));
    }
  }

  @Override
  public void download(Tensor from, float[] to) {
    Shapes.requireLength(to, from);
    INDArray source = own(from);
    for (int i = 0; i < to.length; i++) {
      to[i] = source.data().getFloat(source.offset() + i);
    }
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
    Shapes.requireRow(row, to);
    // Not assign(): with a row that is a view it reads from the start of the view's parent.
    Nd4j.exec(new BroadcastCopyOp(own(to), own(row), own(to), 1));
  }

  @Override
  public void columnSums(Tensor from, Tensor row) {
    Shapes.requireRow(row, from);
    own(from).sum(own(row), true, 0);
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
  }

  @Override
  public String toString() {
    return name() + " (" + description() + ")";
  }
}
