package io.mlinfra.features.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExactSumTest {
  /** What is expected of some values, with decimals of any length. */
  private record Expected(double sum, double mean, double variance) {
    static Expected of(Iterable<Double> values) {
      long present = 0;
      double infinities = 0;
      boolean finite = true;
      BigDecimal first = BigDecimal.ZERO;
      BigDecimal second = BigDecimal.ZERO;
      for (double value : values) {
        if (Double.isNaN(value)) {
          continue;
        }
        present++;
        if (Double.isInfinite(value)) {
          finite = false;
          infinities += value;
        } else {
          BigDecimal exact = new BigDecimal(value);
          first = first.add(exact);
          second = second.add(exact.multiply(exact));
        }
      }
      if (present == 0) {
        return new Expected(Double.NaN, Double.NaN, Double.NaN);
      }
      if (!finite) {
        return new Expected(infinities, infinities, Double.NaN);
      }
      BigDecimal n = BigDecimal.valueOf(present);
      double sum = first.doubleValue();
      double mean =
          Double.isInfinite(sum)
              ? first.divide(n, MathContext.DECIMAL128).doubleValue()
              : sum / present;
      if (present < 2) {
        return new Expected(sum, mean, Double.NaN);
      }
      double variance =
          n.multiply(second)
              .subtract(first.multiply(first))
              .divide(n.multiply(BigDecimal.valueOf(present - 1)), new MathContext(2000))
              .doubleValue();
      return new Expected(sum, mean, variance);
    }
  }

  private static double[] array(Iterable<Double> values) {
    List<Double> list = new ArrayList<>();
    values.forEach(list::add);
    return list.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static void check(ExactVariance actual, Iterable<Double> values) {
    Supplier<double[]> all = () -> array(values);
    Expected expected = Expected.of(values);
    assertThat((Double) actual.variance(all)).isEqualTo((Double) expected.variance);
    assertThat((Double) actual.sum().sum(all)).isEqualTo((Double) expected.sum);
    assertThat((Double) actual.sum().mean(all)).isEqualTo((Double) expected.mean);
  }

  @Provide
  Arbitrary<List<Double>> values() {
    return Arbitraries.frequencyOf(
            Tuple.of(4, Arbitraries.integers().between(-9, 9).map(i -> (double) i)),
            Tuple.of(4, Arbitraries.integers().between(-999, 999).map(i -> i / 10.0)),
            Tuple.of(2, Arbitraries.integers().between(0, 5).map(i -> 1e9 + i * 1e-6)),
            Tuple.of(
                2,
                Arbitraries.longs()
                    .withDistribution(RandomDistribution.uniform())
                    .map(Double::longBitsToDouble)),
            Tuple.of(1, Arbitraries.of(Double.NaN, Double.MIN_VALUE, 1e300, -1e300, -0.0)),
            Tuple.of(1, Arbitraries.of(1e-160, -1e-160, 1e-300, 3e-170, 1e150)),
            Tuple.of(1, Arbitraries.of(Double.MAX_VALUE, -Double.MAX_VALUE)),
            Tuple.of(1, Arbitraries.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)))
        .list()
        .ofMaxSize(30);
  }

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void isTheNearestDoubleWhateverCameAndWent(
      @ForAll("values") List<Double> gone, @ForAll("values") List<Double> left) {
    ExactVariance actual = new ExactVariance();
    gone.forEach(actual::add);
    left.forEach(actual::add);
    gone.forEach(actual::remove);
    check(actual, left);
    check(actual, left);
  }

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void partsAddUpToTheWhole(
      @ForAll("values") List<Double> some, @ForAll("values") List<Double> others) {
    ExactVariance actual = new ExactVariance();
    some.forEach(actual::add);
    ExactVariance other = new ExactVariance();
    others.forEach(other::add);
    actual.merge(other);
    List<Double> all = new ArrayList<>(some);
    all.addAll(others);
    check(actual, all);
    actual.clear();
    check(actual, List.of());
  }

  /** The kinds of values that make sums go wrong in the long run. */
  private enum Kind {
    WHOLE {
      @Override
      double draw(Random random) {
        return random.nextInt(2_000_001) - 1_000_000;
      }
    },
    DECIMAL {
      @Override
      double draw(Random random) {
        return (random.nextInt(20_001) - 10_000) / 100.0;
      }
    },
    MIXED_SIZES {
      @Override
      double draw(Random random) {
        return random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20);
      }
    },
    RARE_GIANTS {
      @Override
      double draw(Random random) {
        return random.nextInt(500) == 0 ? 1e300 * random.nextGaussian() : random.nextGaussian();
      }
    },
    RARE_OVERFLOWS {
      @Override
      double draw(Random random) {
        return random.nextInt(500) == 0 ? Double.MAX_VALUE : random.nextGaussian();
      }
    },
    RARE_INFINITIES {
      @Override
      double draw(Random random) {
        return random.nextInt(500) == 0 ? Double.NEGATIVE_INFINITY : random.nextGaussian();
      }
    },
    CANCELLING {
      @Override
      double draw(Random random) {
        return (random.nextBoolean() ? 1 : -1) * (0.1 + 0.1 * random.nextInt(2));
      }
    },
    FAR_FROM_ZERO {
      @Override
      double draw(Random random) {
        return 1e9 + 1e-3 * random.nextGaussian();
      }
    },
    ALL_ALIKE {
      @Override
      double draw(Random random) {
        return 0.1;
      }
    };

    abstract double draw(Random random);
  }

  @ParameterizedTest
  @EnumSource
  void keepsNoTraceOfWhatLeftOverAHundredThousandSteps(Kind kind) {
    Random random = new Random(kind.ordinal());
    ExactVariance actual = new ExactVariance();
    Deque<Double> window = new ArrayDeque<>();
    for (int i = 0; i < 100_000; i++) {
      double value = kind.draw(random);
      window.add(value);
      actual.add(value);
      if (window.size() > 100) {
        actual.remove(window.remove());
      }
      if (i % 397 == 0) {
        check(actual, window);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.INCLUDE,
      names = {"WHOLE", "DECIMAL", "MIXED_SIZES", "CANCELLING"})
  void seldomNeedsToAddUpAnew(Kind kind) {
    Random random = new Random(kind.ordinal());
    ExactVariance actual = new ExactVariance();
    List<Double> values = new ArrayList<>();
    int[] anew = {0};
    for (int i = 0; i < 1000; i++) {
      values.add(kind.draw(random));
      actual.add(values.get(i));
      Supplier<double[]> all =
          () -> {
            anew[0]++;
            return array(values);
          };
      actual.sum().sum(all);
      actual.variance(all);
    }
    assertThat(anew[0]).isLessThan(5);
  }

  @Test
  void aSumOfNothingIsMissingAndTheVarianceOfOneToo() {
    ExactVariance actual = new ExactVariance();
    check(actual, List.of());
    actual.add(Double.NaN);
    assertThat(actual.sum().count()).isZero();
    actual.add(3);
    check(actual, List.of(3.0));
  }
}
