package io.mlinfra.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import org.apache.datasketches.kll.KllSketch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantileSketchTest {
  private static final int STREAMS = 100;
  private static final int VALUES = 60_000;

  /** Orders and shapes that streams come in. */
  enum Shape {
    UNIFORM,
    NORMAL,
    HEAVY_TAIL,
    ASCENDING,
    DESCENDING,
    ZIGZAG,
    FEW_VALUES;

    double[] stream(int seed) {
      double[] values = new double[VALUES];
      Random random = new Random(seed);
      for (int i = 0; i < VALUES; i++) {
        values[i] =
            switch (this) {
              case UNIFORM -> random.nextDouble();
              case NORMAL -> random.nextGaussian();
              case HEAVY_TAIL -> 1 / (1 - random.nextDouble());
              case ASCENDING -> i + seed;
              case DESCENDING -> -i - seed;
              case ZIGZAG -> (i & 1) == 0 ? i : -i - seed;
              case FEW_VALUES -> random.nextInt(40) + 0.0;
            };
      }
      return values;
    }
  }

  @Test
  void promisesWhatDataSketchesMeasuredForThisSize() {
    assertThat(QuantileSketch.RANK_ERROR)
        .isGreaterThanOrEqualTo(KllSketch.getNormalizedRankError(800, false));
  }

  @ParameterizedTest
  @EnumSource(Shape.class)
  void keepsEveryRankWithinTheBoundInNinetyNineOfAHundredStreams(Shape shape) {
    int exceeded = 0;
    for (int seed = 0; seed < STREAMS; seed++) {
      double[] values = shape.stream(seed);
      double error = largestRankError(sketch(values), values);
      assertThat(error).isLessThan(2 * QuantileSketch.RANK_ERROR);
      exceeded += error > QuantileSketch.RANK_ERROR ? 1 : 0;
    }
    assertThat(exceeded).isLessThanOrEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(Shape.class)
  void keepsTheBoundWhenManyPartsAreMerged(Shape shape) {
    int exceeded = 0;
    for (int seed = 0; seed < STREAMS; seed++) {
      double[] values = shape.stream(seed);
      QuantileSketch merged = new QuantileSketch();
      SplittableRandom random = new SplittableRandom(seed);
      for (int from = 0; from < VALUES; ) {
        int to = Math.min(VALUES, from + random.nextInt(1, 9000));
        merged.merge(sketch(Arrays.copyOfRange(values, from, to)));
        from = to;
      }
      assertThat(merged.count()).isEqualTo(VALUES);
      double error = largestRankError(merged, values);
      assertThat(error).isLessThan(2 * QuantileSketch.RANK_ERROR);
      exceeded += error > QuantileSketch.RANK_ERROR ? 1 : 0;
    }
    assertThat(exceeded).isLessThanOrEqualTo(1);
  }

  @Test
  void keepsTheBoundOverManyMillionsOfValues() {
    SplittableRandom random = new SplittableRandom(3);
    QuantileSketch sketch = new QuantileSketch();
    double[] values = new double[1 << 16];
    long total = 0;
    for (int i = 0; i < 200; i++) {
      for (int j = 0; j < values.length; j++) {
        values[j] = random.nextDouble();
      }
      sketch.add(values, 0, values.length);
      total += values.length;
    }
    assertThat(sketch.count()).isEqualTo(total);
    Distribution distribution = sketch.distribution();
    for (double share = 0.01; share < 1; share += 0.01) {
      assertThat((double) distribution.atMost(share) / total)
          .isBetween(share - QuantileSketch.RANK_ERROR, share + QuantileSketch.RANK_ERROR);
    }
  }

  @Test
  void isExactUpToEightHundredValues() {
    double[] values = Arrays.copyOf(Shape.NORMAL.stream(1), 800);
    assertThat(largestRankError(sketch(values), values)).isZero();
  }

  @Test
  void givesEqualBytesForEqualValuesInWhateverPieces() {
    double[] values = Shape.NORMAL.stream(5);
    QuantileSketch pieces = new QuantileSketch();
    SplittableRandom random = new SplittableRandom(5);
    for (int from = 0; from < VALUES; ) {
      int to = Math.min(VALUES, from + random.nextInt(0, 700));
      pieces.add(values, from, to);
      from = to;
    }
    assertThat(bytes(pieces)).isEqualTo(bytes(sketch(values)));
  }

  @Test
  void readsBackWhatItWrote() {
    QuantileSketch sketch = sketch(Shape.HEAVY_TAIL.stream(2));
    byte[] bytes = bytes(sketch);
    ByteReader in = new ByteReader(bytes, 0, bytes.length);
    QuantileSketch read = QuantileSketch.read(in);
    in.requireEnd();
    assertThat(bytes(read)).isEqualTo(bytes);
    assertThat(read.count()).isEqualTo(VALUES);
    sketch.merge(sketch.copy());
    read.merge(read.copy());
    assertThat(bytes(read)).isEqualTo(bytes(sketch));
  }

  @Test
  void takesWeightsAsRepetitions() {
    QuantileSketch sketch = new QuantileSketch();
    sketch.add(1, 1_000_000);
    sketch.add(2, 3_000_001);
    Distribution distribution = sketch.distribution();
    assertThat(distribution.total()).isEqualTo(4_000_001);
    assertThat(distribution.atMost(1)).isEqualTo(1_000_000);
  }

  private static QuantileSketch sketch(double[] values) {
    QuantileSketch sketch = new QuantileSketch();
    sketch.add(values, 0, values.length);
    return sketch;
  }

  private static byte[] bytes(QuantileSketch sketch) {
    ByteWriter out = new ByteWriter();
    sketch.write(out);
    return out.toBytes();
  }

  private static double largestRankError(QuantileSketch sketch, double[] values) {
    Distribution estimated = sketch.distribution();
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double largest = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (i + 1 == sorted.length || sorted[i + 1] != sorted[i]) {
        double error = Math.abs(estimated.atMost(sorted[i]) - (i + 1.0)) / sorted.length;
        largest = Math.max(largest, error);
      }
    }
    return largest;
  }
}
