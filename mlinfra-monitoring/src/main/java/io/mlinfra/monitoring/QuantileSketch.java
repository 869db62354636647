package io.mlinfra.monitoring;

import java.util.Arrays;

/**
 * The KLL sketch of Karnin, Lang and Liberty, "Optimal quantile approximation in streams" (2016).
 * An item of level {@code h} stands for {@code 2^h} values. When the sketch is full, the lowest
 * level that is over its own capacity is sorted, and every second item moves up.
 *
 * <p>Which half moves is drawn from a generator that is part of the sketch. Apache DataSketches
 * draws it from one generator per process, so equal data gives it different bytes; here equal
 * values in equal order give equal bytes, always.
 */
final class QuantileSketch {
  /**
   * With 99 % confidence, no rank is off by more than this share of all values. The figure is the
   * one DataSketches measured for this k, {@code 2.296 / k^0.9723}; a test holds us to it.
   */
  static final double RANK_ERROR = 0.0035;

  private static final int K = 800;
  private static final int SMALLEST_LEVEL = 16;
  private static final int MOST_LEVELS = 50;

  private double[][] levels = {new double[64]};
  private int[] sizes = {0};
  private int retained;
  private int capacity = K;
  private long count;
  private long random;

  /** A bit per level: whether its next draw is the opposite of its last, and what that was. */
  private long second;

  private long halves;

  long count() {
    return count;
  }

  /** Adds values of which none is NaN or a negative zero. */
  void add(double[] values, int from, int to) {
    int at = from;
    while (at < to) {
      if (retained >= capacity) {
        compress();
      }
      int taken = Math.min(capacity - retained, to - at);
      ensure(0, sizes[0] + taken);
      System.arraycopy(values, at, levels[0], sizes[0], taken);
      sizes[0] += taken;
      retained += taken;
      at += taken;
    }
    count += to - from;
  }

  /** Adds a value as often as {@code weight} says, which takes one item per bit of it. */
  void add(double value, long weight) {
    double[] one = {value};
    for (long rest = weight; rest != 0; rest &= rest - 1) {
      int level = Long.numberOfTrailingZeros(rest);
      growTo(level + 1);
      mergeSorted(level, one, 0, 1, 1);
      retained++;
    }
    count += weight;
    while (retained > capacity) {
      compress();
    }
  }

  void merge(QuantileSketch other) {
    growTo(other.levels.length);
    for (int h = 0; h < other.levels.length; h++) {
      int added = other.sizes[h];
      if (h == 0) {
        ensure(0, sizes[0] + added);
        System.arraycopy(other.levels[0], 0, levels[0], sizes[0], added);
        sizes[0] += added;
      } else {
        mergeSorted(h, other.levels[h], 0, added, 1);
      }
    }
    retained += other.retained;
    count += other.count;
    random = Hash.of(random ^ Long.rotateLeft(other.random, 32));
    while (retained > capacity) {
      compress();
    }
  }

  QuantileSketch copy() {
    QuantileSketch copy = new QuantileSketch();
    copy.levels = new double[levels.length][];
    for (int h = 0; h < levels.length; h++) {
      copy.levels[h] = Arrays.copyOf(levels[h], sizes[h]);
    }
    copy.sizes = sizes.clone();
    copy.retained = retained;
    copy.capacity = capacity;
    copy.count = count;
    copy.random = random;
    copy.second = second;
    copy.halves = halves;
    return copy;
  }

  /** What the sketch knows, in order. */
  Distribution distribution() {
    double[] values = new double[0];
    long[] weights = new long[0];
    for (int h = 0; h < levels.length; h++) {
      double[] level = Arrays.copyOf(levels[h], sizes[h]);
      if (h == 0) {
        Arrays.sort(level);
      }
      double[] mergedValues = new double[values.length + level.length];
      long[] mergedWeights = new long[mergedValues.length];
      for (int i = 0, a = 0, b = 0; i < mergedValues.length; i++) {
        if (b == level.length || a < values.length && values[a] <= level[b]) {
          mergedValues[i] = values[a];
          mergedWeights[i] = weights[a++];
        } else {
          mergedValues[i] = level[b++];
          mergedWeights[i] = 1L << h;
        }
      }
      values = mergedValues;
      weights = mergedWeights;
    }
    return Distribution.of(values, weights);
  }

  private void compress() {
    int h = 0;
    while (sizes[h] < capacity(h, levels.length)) {
      h++;
    }
    growTo(h + 2);
    double[] full = levels[h];
    int size = sizes[h];
    if (h == 0) {
      Arrays.sort(full, 0, size);
    }
    int odd = size & 1;
    mergeSorted(h + 1, full, odd + offset(h, full[size / 2]), size / 2, 2);
    sizes[h] = odd;
    retained -= size / 2;
  }

  /**
   * Which half of a level moves up. Every second time it is the other one than the time before,
   * which takes back some of the error (Ivkin et al., "Streaming quantiles algorithms with small
   * space and update time", 2019).
   */
  private int offset(int level, double seen) {
    long bit = 1L << level;
    second ^= bit;
    if ((second & bit) == 0) {
      halves ^= bit;
    } else {
      // The data goes into the draw so that the errors of merged sketches do not add up in step.
      random = Hash.of(random ^ Double.doubleToRawLongBits(seen));
      halves = halves & ~bit | (random < 0 ? bit : 0);
    }
    return (halves & bit) == 0 ? 0 : 1;
  }

  /** Merges every {@code step}-th item of a sorted array into a level, from the end, in place. */
  private void mergeSorted(int level, double[] from, int first, int added, int step) {
    ensure(level, sizes[level] + added);
    double[] into = levels[level];
    int a = sizes[level] - 1;
    int b = added - 1;
    for (int i = a + added; b >= 0; i--) {
      double candidate = from[first + b * step];
      if (a >= 0 && into[a] > candidate) {
        into[i] = into[a--];
      } else {
        into[i] = candidate;
        b--;
      }
    }
    sizes[level] += added;
  }

  private void ensure(int level, int size) {
    if (levels[level].length < size) {
      levels[level] = Arrays.copyOf(levels[level], Math.max(size, 2 * levels[level].length));
    }
  }

  private void growTo(int count) {
    if (count > levels.length) {
      int before = levels.length;
      levels = Arrays.copyOf(levels, count);
      Arrays.fill(levels, before, count, new double[0]);
      sizes = Arrays.copyOf(sizes, count);
      capacity = 0;
      for (int h = 0; h < count; h++) {
        capacity += capacity(h, count);
      }
    }
  }

  /** The top level holds k items, each level below two thirds of the one above. */
  private static int capacity(int level, int levels) {
    int capacity = K;
    for (int h = levels - 1; h > level && capacity > SMALLEST_LEVEL; h--) {
      capacity = capacity * 2 / 3;
    }
    return Math.max(SMALLEST_LEVEL, capacity);
  }

  void write(ByteWriter out) {
    out.fixed64(random);
    out.varint(second);
    out.varint(halves);
    out.varint(levels.length - 1);
    for (int h = 0; h < levels.length; h++) {
      out.varint(sizes[h]);
      for (int i = 0; i < sizes[h]; i++) {
        out.real(levels[h][i]);
      }
    }
  }

  static QuantileSketch read(ByteReader in) {
    QuantileSketch sketch = new QuantileSketch();
    sketch.random = in.fixed64();
    sketch.second = in.varint();
    sketch.halves = in.varint();
    sketch.growTo(in.count("quantile levels", MOST_LEVELS - 1) + 1);
    for (int h = 0; h < sketch.levels.length; h++) {
      int size = in.countOf("items of a quantile level", 8, sketch.capacity - sketch.retained);
      double[] level = new double[size];
      for (int i = 0; i < size; i++) {
        level[i] = in.number("a quantile item");
        if (h > 0 && i > 0 && level[i] < level[i - 1]) {
          throw new ProfileFormatException("a quantile level is not in order");
        }
      }
      sketch.levels[h] = level;
      sketch.sizes[h] = size;
      sketch.retained += size;
      sketch.count += (long) size << h;
    }
    return sketch;
  }
}
