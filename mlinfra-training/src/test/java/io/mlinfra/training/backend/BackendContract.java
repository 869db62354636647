package io.mlinfra.training.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.data.FloatBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.apache.arrow.memory.RootAllocator;

/**
 * What every backend promises. Each operation is compared with plain loops in double precision;
 * where it sums, the allowed error is the one of summing in float32 in any order.
 */
abstract class BackendContract {
  private static final double EPSILON = 0x1p-23;

  private final List<Tensor> open = new ArrayList<>();
  private Backend backend;

  abstract Backend open();

  @BeforeTry
  void start() {
    backend = open();
  }

  @AfterTry
  void finish() {
    open.forEach(Tensor::close);
    open.clear();
    backend.close();
    backend.close();
  }

  /**
   * Numbers of a test: a matrix on both sides, in a tensor that may be a view into a larger one.
   */
  private final class Matrix {
    final int rows;
    final int columns;
    final float[] values;
    final Tensor tensor;
    private final Tensor whole;
    private final float[] around;
    private final int offset;

    Matrix(int rows, int columns, Random random, Consumer<float[]> fill) {
      this.rows = rows;
      this.columns = columns;
      values = new float[rows * columns];
      fill.accept(values);
      offset = random.nextInt(3) == 0 ? 0 : random.nextInt(40);
      int behind = random.nextInt(3) == 0 ? 0 : random.nextInt(40);
      around = new float[offset + values.length + behind];
      for (int i = 0; i < around.length; i++) {
        around[i] = 1000 + i;
      }
      System.arraycopy(values, 0, around, offset, values.length);
      whole = backend.allocate(1, around.length);
      open.add(whole);
      backend.upload(around, whole);
      tensor = backend.view(whole, offset, rows, columns);
    }

    double at(int row, int column) {
      return values[row * columns + column];
    }

    /** What the tensor holds now, once it is sure that nothing around it has changed. */
    float[] now() {
      float[] all = new float[around.length];
      backend.download(whole, all);
      for (int i = 0; i < all.length; i++) {
        if (i < offset || i >= offset + values.length) {
          assertThat(all[i]).as("value %s beside the view", i).isEqualTo(around[i]);
        }
      }
      float[] inside = new float[values.length];
      backend.download(tensor, inside);
      for (int i = 0; i < inside.length; i++) {
        assertThat(inside[i]).isEqualTo(all[offset + i]);
      }
      return inside;
    }
  }

  private Matrix matrix(int rows, int columns, Random random) {
    return new Matrix(
        rows,
        columns,
        random,
        values -> {
          for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(4) == 0 ? 0 : (float) random.nextGaussian();
          }
        });
  }

  private static void assertClose(float[] actual, double[] expected, double[] allowed) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i])
          .as("value %s", i)
          .isBetween(expected[i] - allowed[i], expected[i] + allowed[i]);
    }
  }

  @Provide
  Arbitrary<Integer> sizes() {
    return Arbitraries.oneOf(
        Arbitraries.integers().between(1, 40),
        Arbitraries.integers().between(1, 300),
        Arbitraries.of(1, 2, 8, 16, 17, 255, 256, 257));
  }

  @Provide
  Arbitrary<Integer> depths() {
    return Arbitraries.oneOf(sizes(), Arbitraries.of(511, 512, 513, 700));
  }

  @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
  void multiplies(
      @ForAll("sizes") int rows,
      @ForAll("depths") int depth,
      @ForAll("sizes") int columns,
      @ForAll boolean transposeA,
      @ForAll boolean transposeB,
      @ForAll boolean add,
      @ForAll long seed) {
    Random random = new Random(seed);
    Matrix a = transposeA ? matrix(depth, rows, random) : matrix(rows, depth, random);
    Matrix b = transposeB ? matrix(columns, depth, random) : matrix(depth, columns, random);
    Matrix c = matrix(rows, columns, random);
    backend.multiply(a.tensor, transposeA, b.tensor, transposeB, add ? 1 : 0, c.tensor);
    double[] expected = new double[rows * columns];
    double[] allowed = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double sum = add ? c.at(i, j) : 0;
        double size = Math.abs(sum);
        for (int k = 0; k < depth; k++) {
          double product =
              (transposeA ? a.at(k, i) : a.at(i, k)) * (transposeB ? b.at(j, k) : b.at(k, j));
          sum += product;
          size += Math.abs(product);
        }
        expected[i * columns + j] = sum;
        allowed[i * columns + j] = (depth + 1) * EPSILON * size;
      }
    }
    assertClose(c.now(), expected, allowed);
    assertThat(a.now()).isEqualTo(a.values);
    assertThat(b.now()).isEqualTo(b.values);
  }

  @Property(tries = 20, edgeCases = EdgeCasesMode.NONE)
  void multipliesWithoutLookingAtWhatBetaZeroDiscards(
      @ForAll("sizes") int rows, @ForAll("sizes") int columns, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix a = matrix(rows, 3, random);
    Matrix b = matrix(3, columns, random);
    Matrix c =
        new Matrix(rows, columns, random, values -> java.util.Arrays.fill(values, Float.NaN));
    backend.multiply(a.tensor, false, b.tensor, false, 0, c.tensor);
    for (float value : c.now()) {
      assertThat(value).isFinite();
    }
  }

  @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
  void givesTheSameBitsForTheSameCalls(
      @ForAll("sizes") int rows,
      @ForAll("depths") int depth,
      @ForAll("sizes") int columns,
      @ForAll long seed) {
    Random random = new Random(seed);
    Matrix a = matrix(rows, depth, random);
    Matrix b = matrix(depth, columns, random);
    Matrix first = matrix(rows, columns, random);
    Matrix second = matrix(rows, columns, random);
    backend.multiply(a.tensor, false, b.tensor, false, 0, first.tensor);
    backend.multiply(a.tensor, false, b.tensor, false, 0, second.tensor);
    assertThat(second.now()).isEqualTo(first.now());
  }

  @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
  void copiesARowIntoEveryRow(
      @ForAll("sizes") int rows, @ForAll("sizes") int columns, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix row = matrix(1, columns, random);
    Matrix to = matrix(rows, columns, random);
    backend.broadcast(row.tensor, to.tensor);
    float[] now = to.now();
    for (int i = 0; i < now.length; i++) {
      assertThat(now[i]).isEqualTo(row.values[i % columns]);
    }
  }

  @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
  void sumsUpColumns(@ForAll("depths") int rows, @ForAll("sizes") int columns, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix from = matrix(rows, columns, random);
    Matrix row = matrix(1, columns, random);
    backend.columnSums(from.tensor, row.tensor);
    double[] expected = new double[columns];
    double[] allowed = new double[columns];
    for (int i = 0; i < from.values.length; i++) {
      expected[i % columns] += from.values[i];
      allowed[i % columns] += rows * EPSILON * Math.abs(from.values[i]);
    }
    assertClose(row.now(), expected, allowed);
  }

  @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
  void addsAndScales(
      @ForAll("sizes") int rows,
      @ForAll("sizes") int columns,
      @ForAll("factors") float factor,
      @ForAll long seed) {
    Random random = new Random(seed);
    Matrix x = matrix(rows, columns, random);
    Matrix y = matrix(rows, columns, random);
    backend.addScaled(factor, x.tensor, y.tensor);
    float[] sums = y.now();
    backend.scale(factor, x.tensor);
    float[] products = x.now();
    for (int i = 0; i < sums.length; i++) {
      double product = (double) factor * x.values[i];
      double allowed = 2 * EPSILON * (Math.abs(product) + Math.abs(y.values[i]));
      assertThat((double) sums[i])
          .isBetween(y.values[i] + product - allowed, y.values[i] + product + allowed);
      assertThat(products[i]).isEqualTo(factor * x.values[i]);
    }
  }

  @Provide
  Arbitrary<Float> factors() {
    return Arbitraries.of(1f, -1f, 0.5f, 1f / 3, 1f / 1024, 1e-6f, -17f);
  }

  @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
  void rectifies(@ForAll("sizes") int rows, @ForAll("sizes") int columns, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix x = matrix(rows, columns, random);
    Matrix gradient = matrix(rows, columns, random);
    backend.relu(x.tensor);
    float[] activation = x.now();
    backend.reluGradient(x.tensor, gradient.tensor);
    float[] slopes = gradient.now();
    for (int i = 0; i < activation.length; i++) {
      assertThat(activation[i] + 0f).isEqualTo(Math.max(x.values[i], 0f));
      assertThat(slopes[i] + 0f).isEqualTo(x.values[i] > 0 ? gradient.values[i] + 0f : 0f);
    }
    assertThat(x.now()).isEqualTo(activation);
  }

  @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
  void squashes(@ForAll("sizes") int rows, @ForAll("sizes") int columns, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix x =
        new Matrix(
            rows,
            columns,
            random,
            values -> {
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(6) - 3));
              }
            });
    backend.sigmoid(x.tensor);
    float[] now = x.now();
    for (int i = 0; i < now.length; i++) {
      double expected = 1 / (1 + Math.exp(-x.values[i]));
      assertThat(now[i]).isBetween(0f, 1f);
      assertThat((double) now[i]).isBetween(expected - 2e-7, expected + 2e-7);
    }
  }

  @Property(tries = 30, edgeCases = EdgeCasesMode.NONE)
  void stepsAsAdamDoes(@ForAll("sizes") int size, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix parameters = matrix(1, size, random);
    Matrix gradient = matrix(1, size, random);
    Matrix mean = matrix(1, size, random);
    Matrix variance = matrix(1, size, random);
    backend.scale(0, mean.tensor);
    backend.scale(0, variance.tensor);
    // The constants as float32 has them.
    double b1 = 0.9f;
    double b2 = 0.999f;
    double[] p = new double[size];
    double[] m = new double[size];
    double[] v = new double[size];
    for (int i = 0; i < size; i++) {
      p[i] = parameters.values[i];
    }
    for (int step = 1; step <= 5; step++) {
      float[] slopes = new float[size];
      for (int i = 0; i < size; i++) {
        slopes[i] = random.nextInt(4) == 0 ? 0 : (float) random.nextGaussian();
      }
      float rate = 0.01f / step;
      backend.upload(slopes, gradient.tensor);
      backend.adam(parameters.tensor, gradient.tensor, mean.tensor, variance.tensor, rate, step);
      double corrected = rate * Math.sqrt(1 - Math.pow(b2, step)) / (1 - Math.pow(b1, step));
      for (int i = 0; i < size; i++) {
        m[i] = b1 * m[i] + (1 - b1) * slopes[i];
        v[i] = b2 * v[i] + (1 - b2) * slopes[i] * slopes[i];
        p[i] -= corrected * m[i] / (Math.sqrt(v[i]) + 1e-8);
      }
    }
    float[] now = parameters.now();
    float[] firsts = mean.now();
    float[] seconds = variance.now();
    for (int i = 0; i < size; i++) {
      assertThat((double) now[i])
          .isBetween(p[i] - 1e-6 * (1 + Math.abs(p[i])), p[i] + 1e-6 * (1 + Math.abs(p[i])));
      assertThat((double) firsts[i]).isBetween(m[i] - 1e-6, m[i] + 1e-6);
      assertThat((double) seconds[i]).isBetween(v[i] - 1e-7, v[i] + 1e-7);
    }
  }

  @Property(tries = 30, edgeCases = EdgeCasesMode.NONE)
  void takesRowsOfABlock(
      @ForAll("sizes") int rows, @ForAll("sizes") int columns, @ForAll long seed) {
    Random random = new Random(seed);
    Matrix to = matrix(rows, columns, random);
    int first = random.nextInt(5);
    float[] expected = new float[rows * columns];
    try (RootAllocator memory = new RootAllocator();
        FloatBlock block = FloatBlock.allocate(memory, first + rows + 2, columns)) {
      for (int r = 0; r < block.rows(); r++) {
        for (int c = 0; c < columns; c++) {
          block.set(r, c, r * 1000 + c);
          if (r >= first && r < first + rows) {
            expected[(r - first) * columns + c] = r * 1000 + c;
          }
        }
      }
      backend.upload(block, first, to.tensor);
      assertThat(to.now()).isEqualTo(expected);
      assertThatThrownBy(() -> backend.upload(block, first + 3, to.tensor))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> backend.upload(block, -1, to.tensor))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThat(to.now()).isEqualTo(expected);
  }

  @Example
  void beginsWithZeros() {
    Tensor tensor = tensor(7, 5);
    float[] values = new float[35];
    backend.download(tensor, values);
    assertThat(values).containsOnly(0f);
    assertThat(tensor.rows()).isEqualTo(7);
    assertThat(tensor.columns()).isEqualTo(5);
    assertThat(tensor).hasToString("Tensor[7 x 5]");
  }

  @Example
  void looksIntoTheMemoryOfAnotherTensor() {
    Tensor whole = tensor(4, 6);
    backend.upload(
        new float[] {
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        },
        whole);
    Tensor inner = backend.view(backend.view(whole, 3, 2, 10), 5, 5, 3);
    float[] values = new float[15];
    backend.download(inner, values);
    assertThat(values).startsWith(8, 9, 10).endsWith(20, 21, 22);
    backend.scale(-1, inner);
    float[] all = new float[24];
    backend.download(whole, all);
    assertThat(all).containsSequence(6, 7, -8, -9).endsWith(-21, -22, 23);
    // A view has nothing to close.
    inner.close();
    backend.download(whole, all);
    backend.download(inner, values);
    assertThat(values).startsWith(-8, -9);
  }

  private Tensor tensor(int rows, int columns) {
    Tensor tensor = backend.allocate(rows, columns);
    open.add(tensor);
    return tensor;
  }

  @Example
  void refusesShapesThatDoNotFit() {
    Tensor a = tensor(2, 3);
    Tensor b = tensor(3, 4);
    Tensor c = tensor(2, 4);
    Tensor row = tensor(1, 4);
    for (Runnable call :
        List.<Runnable>of(
            () -> backend.allocate(0, 3),
            () -> backend.allocate(3, -1),
            () -> backend.allocate(1 << 20, 1 << 20),
            () -> backend.view(a, -1, 1, 1),
            () -> backend.view(a, 3, 2, 2),
            () -> backend.view(a, 0, 0, 1),
            () -> backend.view(a, Integer.MAX_VALUE, Integer.MAX_VALUE, 1),
            () -> backend.multiply(a, true, b, false, 0, c),
            () -> backend.multiply(a, false, b, true, 0, c),
            () -> backend.multiply(a, false, b, false, 0, b),
            () -> backend.broadcast(row, a),
            () -> backend.broadcast(c, c),
            () -> backend.columnSums(a, row),
            () -> backend.columnSums(c, c),
            () -> backend.addScaled(1, a, c),
            () -> backend.reluGradient(a, c),
            () -> backend.adam(a, a, a, c, 1, 1),
            () -> backend.adam(a, a, c, a, 1, 1),
            () -> backend.adam(a, c, a, a, 1, 1),
            () -> backend.upload(new float[5], a),
            () -> backend.upload(new float[7], a),
            () -> backend.download(a, new float[5]))) {
      assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> backend.addScaled(1, a, c))
        .hasMessage("Tensor[2 x 3] does not go with Tensor[2 x 4]");
  }

  private static List<Consumer<Tensor>> uses(Backend backend, Tensor good) {
    float[] values = new float[4];
    return List.of(
        bad -> backend.upload(values, bad),
        bad -> backend.download(bad, values),
        bad -> backend.view(bad, 0, 1, 1),
        bad -> backend.multiply(bad, false, good, false, 0, good),
        bad -> backend.multiply(good, false, bad, false, 0, good),
        bad -> backend.multiply(good, false, good, false, 0, bad),
        bad -> backend.addScaled(1, bad, good),
        bad -> backend.addScaled(1, good, bad),
        bad -> backend.scale(2, bad),
        bad -> backend.relu(bad),
        bad -> backend.reluGradient(bad, good),
        bad -> backend.reluGradient(good, bad),
        bad -> backend.sigmoid(bad),
        bad -> backend.adam(bad, good, good, good, 1, 1),
        bad -> backend.adam(good, bad, good, good, 1, 1),
        bad -> backend.adam(good, good, bad, good, 1, 1),
        bad -> backend.adam(good, good, good, bad, 1, 1));
  }

  @Example
  void refusesTensorsOfAnotherBackend() {
    Tensor good = tensor(2, 2);
    Tensor foreign = new Foreign(2, 2);
    uses(backend, good)
        .forEach(
            use ->
                assertThatThrownBy(() -> use.accept(foreign))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another backend than " + backend.name()));
    Tensor row = tensor(1, 2);
    assertThatThrownBy(() -> backend.broadcast(new Foreign(1, 2), good))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> backend.broadcast(row, foreign))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> backend.columnSums(foreign, row))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> backend.columnSums(good, new Foreign(1, 2)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private record Foreign(int rows, int columns) implements Tensor {
    @Override
    public void close() {}
  }

  @Example
  void refusesClosedTensorsAndViewsOfThem() {
    Tensor good = tensor(2, 2);
    Tensor closed = backend.allocate(2, 2);
    Tensor orphan = backend.view(closed, 0, 2, 2);
    Tensor closedRow = backend.allocate(1, 2);
    closed.close();
    closed.close();
    closedRow.close();
    for (Tensor bad : List.of(closed, orphan)) {
      uses(backend, good)
          .forEach(
              use ->
                  assertThatThrownBy(() -> use.accept(bad))
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessage("Tensor[2 x 2] is closed"));
    }
    assertThatThrownBy(() -> backend.broadcast(closedRow, good))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> backend.columnSums(good, closedRow))
        .isInstanceOf(IllegalStateException.class);
  }

  @Example
  void refusesToWorkOnceClosed() {
    Backend other = open();
    Tensor tensor = other.allocate(2, 2);
    tensor.close();
    other.close();
    other.close();
    assertThatThrownBy(() -> other.allocate(2, 2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the backend " + other.name() + " is closed");
    assertThatThrownBy(() -> other.relu(tensor)).isInstanceOf(IllegalStateException.class);
  }

  @Example
  void saysWhoItIs() {
    assertThat(backend.name()).isIn("java", "nd4j");
    assertThat(backend).hasToString(backend.name() + " (" + backend.description() + ")");
    try (Backend named = Backends.named(backend.name())) {
      assertThat(named.name()).isEqualTo(backend.name());
    }
  }
}
