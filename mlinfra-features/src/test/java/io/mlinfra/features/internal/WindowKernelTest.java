package io.mlinfra.features.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WindowKernelTest {
  private record Event(long time, double value) {}

  /** What a window holds by definition, and what comes of it. */
  private record Expected(long count, double sum, double mean) {
    static Expected of(List<Event> events, long length, long time) {
      BigInteger t = BigInteger.valueOf(time);
      BigInteger open = t.subtract(BigInteger.valueOf(length));
      long count = 0;
      long present = 0;
      double infinities = 0;
      BigDecimal finite = BigDecimal.ZERO;
      for (Event event : events) {
        BigInteger v = BigInteger.valueOf(event.time);
        if (v.compareTo(open) > 0 && v.compareTo(t) <= 0) {
          count++;
          if (Double.isFinite(event.value)) {
            present++;
            finite = finite.add(new BigDecimal(event.value));
          } else if (!Double.isNaN(event.value)) {
            present++;
            infinities += event.value;
          }
        }
      }
      if (present == 0) {
        return new Expected(count, Double.NaN, Double.NaN);
      }
      if (infinities != 0) {
        return new Expected(count, infinities, infinities);
      }
      BigDecimal mean = finite.divide(BigDecimal.valueOf(present), MathContext.DECIMAL128);
      return new Expected(count, finite.doubleValue(), mean.doubleValue());
    }
  }

  private static void check(WindowKernel kernel, Expected expected) {
    assertThat(kernel.count()).isEqualTo(expected.count);
    assertThat((Double) kernel.sum()).isEqualTo((Double) expected.sum);
    if (Double.isFinite(expected.mean)) {
      double ulp = Math.ulp(expected.mean);
      assertThat(kernel.mean()).isBetween(expected.mean - ulp, expected.mean + ulp);
    } else {
      assertThat((Double) kernel.mean()).isEqualTo((Double) expected.mean);
    }
  }

  private static WindowKernel kernel(List<Event> events, long length) {
    return new WindowKernel(
        events.stream().mapToLong(Event::time).toArray(),
        events.stream().mapToDouble(Event::value).toArray(),
        length,
        0);
  }

  private static Arbitrary<Long> times() {
    return Arbitraries.frequencyOf(
        Tuple.of(8, Arbitraries.longs().between(-40, 40)), Tuple.of(1, Arbitraries.longs()));
  }

  private static Arbitrary<Double> values() {
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.integers().between(-9, 9).map(i -> (double) i)),
        Tuple.of(4, Arbitraries.integers().between(-999, 999).map(i -> i / 10.0)),
        Tuple.of(
            2,
            Arbitraries.longs()
                .withDistribution(RandomDistribution.uniform())
                .map(Double::longBitsToDouble)),
        Tuple.of(1, Arbitraries.of(Double.NaN, Double.MIN_VALUE, 1e300, -1e300, -0.0)),
        Tuple.of(1, Arbitraries.of(Double.MAX_VALUE, -Double.MAX_VALUE)),
        Tuple.of(1, Arbitraries.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)));
  }

  @Provide
  Arbitrary<List<Event>> events() {
    return Combinators.combine(times(), values())
        .as(Event::new)
        .list()
        .ofMaxSize(40)
        .map(list -> list.stream().sorted((a, b) -> Long.compare(a.time, b.time)).toList());
  }

  @Provide
  Arbitrary<List<Long>> questions() {
    return times().list().ofMaxSize(20).map(list -> list.stream().sorted().toList());
  }

  @Provide
  Arbitrary<Long> lengths() {
    return Arbitraries.oneOf(
        Arbitraries.longs().between(1, 40), Arbitraries.longs().greaterOrEqual(1));
  }

  @Property(edgeCases = EdgeCasesMode.NONE)
  void holdsWhatTheDefinitionSays(
      @ForAll("events") List<Event> events,
      @ForAll("questions") List<Long> questions,
      @ForAll("lengths") long length) {
    WindowKernel kernel = kernel(events, length);
    for (long time : questions) {
      kernel.moveTo(time, events.size());
      check(kernel, Expected.of(events, length, time));
    }
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
    };

    abstract double draw(Random random);
  }

  @ParameterizedTest
  @EnumSource
  void keepsNoTraceOfWhatLeftOverAHundredThousandSteps(Kind kind) {
    Random random = new Random(kind.ordinal());
    int steps = 100_000;
    long length = 200;
    Event[] events = new Event[steps];
    long time = -50_000;
    for (int i = 0; i < steps; i++) {
      time += random.nextInt(3);
      events[i] = new Event(time, kind.draw(random));
    }
    WindowKernel kernel = kernel(List.of(events), length);
    for (int i = 0; i < steps; i++) {
      kernel.moveTo(events[i].time, steps);
      if (i % 37 == 0) {
        List<Event> around =
            Arrays.asList(events).subList(Math.max(0, i - 2000), Math.min(steps, i + 2000));
        check(kernel, Expected.of(around, length, events[i].time));
      }
    }
  }
}
