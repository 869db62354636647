package io.mlinfra.monitoring;

import static io.mlinfra.monitoring.Batches.batch;
import static io.mlinfra.monitoring.Batches.doubles;
import static io.mlinfra.monitoring.Batches.longs;
import static io.mlinfra.monitoring.Batches.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Parts against the whole, and the whole against plain arithmetic. */
class ProfileMergeTest {
  /** Rows of three columns: continuous numbers, integers of some range, texts of it. */
  private record Rows(Double[] real, Long[] whole, String[] text) {
    static Rows random(int seed, int count, int range) {
      Random random = new Random(seed);
      Rows rows = new Rows(new Double[count], new Long[count], new String[count]);
      for (int i = 0; i < count; i++) {
        rows.real[i] =
            switch (random.nextInt(20)) {
              case 0 -> null;
              case 1 -> Double.NaN;
              default -> 1e6 + random.nextGaussian();
            };
        rows.whole[i] = random.nextInt(9) == 0 ? null : (long) random.nextInt(range);
        rows.text[i] = random.nextInt(9) == 0 ? null : "value " + random.nextInt(range);
      }
      return rows;
    }

    Rows part(int from, int to) {
      return new Rows(
          Arrays.copyOfRange(real, from, to),
          Arrays.copyOfRange(whole, from, to),
          Arrays.copyOfRange(text, from, to));
    }

    VectorSchemaRoot batch(BufferAllocator allocator) {
      return Batches.batch(
          doubles(allocator, "real", real),
          longs(allocator, "whole", whole),
          texts(allocator, "text", text));
    }

    Profile profile() {
      try (BufferAllocator allocator = new RootAllocator();
          VectorSchemaRoot batch = batch(allocator)) {
        return Profile.builder().accept(batch).build();
      }
    }

    /** Places to cut the rows at, in order. */
    int[] cuts(int seed) {
      return new Random(seed).ints(4, 0, real.length + 1).sorted().toArray();
    }
  }

  @Property(tries = 60)
  void mergesPartsToTheWhole(
      @ForAll int seed,
      @ForAll @IntRange(max = 9000) int count,
      @ForAll @IntRange(min = 1, max = 4000) int range) {
    Rows rows = Rows.random(seed, count, range);
    Profile whole = rows.profile();
    int from = 0;
    Profile merged = rows.part(0, 0).profile();
    for (int cut : rows.cuts(seed)) {
      merged = merged.merge(rows.part(from, cut).profile());
      from = cut;
    }
    merged = merged.merge(rows.part(from, count).profile());
    assertThat(merged.rows()).isEqualTo(count);
    for (ColumnProfile one : whole.columns()) {
      assertAgree(merged.column(one.name()), one);
    }
  }

  private static void assertAgree(ColumnProfile merged, ColumnProfile whole) {
    assertThat(merged.count()).isEqualTo(whole.count());
    assertThat(merged.nulls()).isEqualTo(whole.nulls());
    assertThat(merged.nans()).isEqualTo(whole.nans());
    assertThat(merged.min()).isEqualTo(Double.valueOf(whole.min()));
    assertThat(merged.max()).isEqualTo(Double.valueOf(whole.max()));
    assertThat(merged.distinct()).isEqualTo(whole.distinct());
    assertThat(merged.isExact()).isEqualTo(whole.isExact());
    if (whole.isExact()) {
      assertThat(merged.mostFrequent(2000)).isEqualTo(whole.mostFrequent(2000));
    }
    if (whole.count() > 1 && whole.type() != ColumnProfile.Type.STRING) {
      assertThat(merged.mean()).isCloseTo(whole.mean(), within(1e-9));
      assertThat(merged.standardDeviation())
          .isCloseTo(whole.standardDeviation(), within(1e-9 * (1 + whole.standardDeviation())));
      double bound = whole.isExact() ? 0 : 2 * QuantileSketch.RANK_ERROR;
      for (double share = 0.05; share < 1; share += 0.05) {
        double value = whole.quantile(share);
        assertThat(merged.rank(value)).isCloseTo(whole.rank(value), within(bound));
      }
    }
  }

  @Property(tries = 40)
  void forgetsTheBatches(
      @ForAll int seed,
      @ForAll @IntRange(max = 6000) int count,
      @ForAll @IntRange(min = 1, max = 3000) int range) {
    Rows rows = Rows.random(seed, count, range);
    try (BufferAllocator allocator = new RootAllocator()) {
      Profile.Builder builder = Profile.builder();
      int from = 0;
      List<Integer> cuts = new ArrayList<>();
      Arrays.stream(rows.cuts(seed)).forEach(cuts::add);
      cuts.add(count);
      for (int cut : cuts) {
        try (VectorSchemaRoot batch = rows.part(from, cut).batch(allocator)) {
          builder.accept(batch);
        }
        from = cut;
      }
      assertThat(builder.build().toBytes()).isEqualTo(rows.profile().toBytes());
    }
  }

  /** Means near a million with a spread of one: a one-pass sum of squares would lose the spread. */
  @Property(tries = 40)
  void agreesWithTwoPlainPasses(
      @ForAll int seed, @ForAll @IntRange(min = 2, max = 9000) int count) {
    Rows rows = Rows.random(seed, count, 10);
    double[] values =
        Arrays.stream(rows.real)
            .filter(value -> value != null && !value.isNaN())
            .mapToDouble(value -> value)
            .toArray();
    ColumnProfile real = rows.profile().column("real");
    assertThat(real.count()).isEqualTo(values.length);
    if (values.length > 1) {
      double mean = Arrays.stream(values).sum() / values.length;
      double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
      assertThat(real.mean()).isCloseTo(mean, within(1e-9));
      assertThat(real.standardDeviation())
          .isCloseTo(Math.sqrt(squares / (values.length - 1)), within(1e-9));
    }
  }

  @Property(tries = 20)
  void keepsQuantilesWithinTheBoundOfSortedData(@ForAll int seed) {
    Random random = new Random(seed);
    double[] values = random.doubles(40_000).map(value -> value * value).toArray();
    ColumnProfile x = Batches.ofDoubles(values).column("x");
    Arrays.sort(values);
    for (double share : new double[] {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99}) {
      int index = Arrays.binarySearch(values, x.quantile(share));
      assertThat(index).as("a quantile is one of the values").isNotNegative();
      assertThat((index + 1.0) / values.length)
          .isCloseTo(share, within(2 * QuantileSketch.RANK_ERROR));
    }
  }

  @Property(tries = 20)
  void profilesOfPartsOfNothingAreNothing(@ForAll @IntRange(min = 1, max = 5) int parts) {
    Profile empty = Rows.random(1, 0, 1).profile();
    Profile merged = empty;
    for (int i = 1; i < parts; i++) {
      merged = merged.merge(empty);
    }
    assertThat(merged).isEqualTo(empty);
    assertThat(merged.rows()).isZero();
    assertThat(merged.columns()).allMatch(column -> column.missingRate() == 0);
  }
}
