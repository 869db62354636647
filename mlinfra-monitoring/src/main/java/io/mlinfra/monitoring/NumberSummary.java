package io.mlinfra.monitoring;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Numbers, moments in time and truth values. While there are fewer than {@value ValueCounts#MOST}
 * different ones each is counted, and everything is exact; from then on quantiles come from a
 * sketch, and of integers the frequent ones are counted still.
 *
 * <p>Values are summed up in blocks of {@value #BLOCK} whatever batches they came in, so the
 * batches leave no trace in the result.
 */
final class NumberSummary extends Summary {
  private static final int BLOCK = 1024;

  private final ColumnProfile.Type type;
  private final double[] block = new double[BLOCK];
  private final long[] blockKeys = new long[BLOCK];
  private int blockSize;

  private long nans;
  private Moments moments = new Moments();
  private DistinctSketch distinct = new DistinctSketch();
  private @Nullable ValueCounts counts = new ValueCounts(false);
  private @Nullable QuantileSketch sketch;

  NumberSummary(ColumnProfile.Type type) {
    this.type = type;
  }

  /** Integers are their own keys; of other numbers the bits are. */
  private static boolean isWhole(ColumnProfile.Type type) {
    return type != ColumnProfile.Type.FLOAT32 && type != ColumnProfile.Type.FLOAT64;
  }

  void add(long value) {
    block[blockSize] = value;
    blockKeys[blockSize] = value;
    if (++blockSize == BLOCK) {
      flush();
    }
  }

  void add(double value) {
    if (value != value) {
      nans++;
      return;
    }
    // Turns the negative zero into the positive one: they are equal, and must count as one value.
    double canonical = value + 0.0;
    block[blockSize] = canonical;
    blockKeys[blockSize] = Double.doubleToRawLongBits(canonical);
    if (++blockSize == BLOCK) {
      flush();
    }
  }

  private void flush() {
    moments.add(block, blockSize);
    int at = 0;
    if (sketch == null) {
      ValueCounts all = Objects.requireNonNull(counts);
      while (at < blockSize && sketch == null) {
        long key = blockKeys[at++];
        long hash = Hash.of(key);
        if (all.add(key, hash)) {
          distinct.add(hash);
          if (all.size() == ValueCounts.MOST) {
            sketch = sketch();
            counts = isWhole(type) ? all : null;
          }
        }
      }
    }
    if (sketch != null) {
      sketch.add(block, at, blockSize);
      if (counts == null) {
        for (int i = at; i < blockSize; i++) {
          distinct.add(Hash.of(blockKeys[i]));
        }
      } else {
        for (int i = at; i < blockSize; i++) {
          long hash = Hash.of(blockKeys[i]);
          if (counts.add(blockKeys[i], hash)) {
            distinct.add(hash);
          }
        }
      }
    }
    blockSize = 0;
  }

  /** A sketch of the values counted so far, or the one there is. */
  private QuantileSketch sketch() {
    if (sketch != null) {
      return sketch;
    }
    QuantileSketch made = new QuantileSketch();
    for (ValueCounts.Entry entry : Objects.requireNonNull(counts).entries()) {
      made.add(number(entry), entry.count());
    }
    return made;
  }

  private double number(ValueCounts.Entry entry) {
    return isWhole(type) ? entry.key() : Double.longBitsToDouble(entry.key());
  }

  long nans() {
    return nans;
  }

  Moments moments() {
    return moments;
  }

  Distribution distribution() {
    if (sketch != null) {
      return sketch.distribution();
    }
    List<ValueCounts.Entry> entries =
        Objects.requireNonNull(counts).entries().stream()
            .sorted(Comparator.comparingDouble(this::number))
            .toList();
    return Distribution.of(
        entries.stream().mapToDouble(this::number).toArray(),
        entries.stream().mapToLong(ValueCounts.Entry::count).toArray());
  }

  @Override
  long count() {
    return moments.count();
  }

  @Override
  long distinct() {
    return sketch == null
        ? Objects.requireNonNull(counts).size()
        : Math.max(ValueCounts.MOST, Math.min(count(), distinct.estimate()));
  }

  @Override
  boolean isExact() {
    return sketch == null;
  }

  @Override
  List<ValueCounts.Entry> frequent() {
    return counts == null ? List.of() : counts.entries();
  }

  @Override
  long frequencyError() {
    return counts == null ? count() : counts.error();
  }

  @Override
  NumberSummary copy() {
    NumberSummary copy = new NumberSummary(type);
    copy.nans = nans;
    copy.moments = moments.copy();
    copy.distinct = distinct.copy();
    copy.counts = counts == null ? null : counts.copy();
    copy.sketch = sketch == null ? null : sketch.copy();
    System.arraycopy(block, 0, copy.block, 0, blockSize);
    System.arraycopy(blockKeys, 0, copy.blockKeys, 0, blockSize);
    copy.blockSize = blockSize;
    copy.flush();
    return copy;
  }

  @Override
  void merge(Summary other) {
    NumberSummary that = (NumberSummary) other;
    nans += that.nans;
    moments.merge(that.moments);
    distinct.merge(that.distinct);
    if (counts != null && that.counts != null) {
      ValueCounts both = counts.copy();
      both.merge(that.counts);
      if (sketch == null
          && that.sketch == null
          && both.isExact()
          && both.size() < ValueCounts.MOST) {
        counts = both;
        return;
      }
      mergeSketch(that);
      counts = isWhole(type) ? both : null;
    } else {
      mergeSketch(that);
      counts = null;
    }
  }

  private void mergeSketch(NumberSummary that) {
    QuantileSketch merged = sketch();
    merged.merge(that.sketch());
    sketch = merged;
  }

  @Override
  void write(ByteWriter out) {
    out.varint(nans);
    moments.write(out);
    out.octet(sketch == null ? 1 : 0);
    if (sketch != null) {
      sketch.write(out);
      distinct.write(out);
    }
    if (counts != null) {
      ValueCountsFormat.write(counts, out, isWhole(type));
    }
  }

  static NumberSummary read(ByteReader in, ColumnProfile.Type type) {
    NumberSummary read = new NumberSummary(type);
    read.nans = in.total("a count of NaN");
    read.moments = Moments.read(in);
    boolean exact = in.count("a flag", 1) == 1;
    if (!exact) {
      read.sketch = QuantileSketch.read(in);
      read.distinct = DistinctSketch.read(in);
      if (read.sketch.count() != read.count()) {
        throw new ProfileFormatException("quantiles of another number of values");
      }
    }
    if (exact || isWhole(type)) {
      read.counts = ValueCountsFormat.read(in, false, isWhole(type), read.count());
      if (exact) {
        if (!read.counts.isExact()) {
          throw new ProfileFormatException("frequencies that are not exact");
        }
        read.counts.addTo(read.distinct);
      }
    } else {
      read.counts = null;
    }
    return read;
  }
}
