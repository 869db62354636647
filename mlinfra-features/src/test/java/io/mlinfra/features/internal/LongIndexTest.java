package io.mlinfra.features.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LongIndexTest {
  /** Small ones often, so that they move from the hash table to the plain one, in steps. */
  private static long next(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(1 << 4 + random.nextInt(14));
      case 1 -> -random.nextInt(1000);
      case 2 -> random.nextInt(50) << 28;
      default -> random.nextLong() >> random.nextInt(64);
    };
  }

  @Test
  void numbersLongsInTheOrderInWhichTheyAreFirstSeen() {
    Random random = new Random(5);
    LongIndex index = new LongIndex();
    Map<Long, Integer> expected = new HashMap<>();
    for (int i = 0; i < 200_000; i++) {
      long value = next(random);
      long other = next(random);
      assertThat(index.find(other)).isEqualTo(expected.getOrDefault(other, -1));
      expected.putIfAbsent(value, expected.size());
      assertThat(index.add(value)).isEqualTo(expected.get(value));
    }
    assertThat(index.size()).isEqualTo(expected.size());
    expected.forEach(
        (value, number) -> {
          assertThat(index.get(number)).isEqualTo(value);
          assertThat(index.find(value)).isEqualTo(number);
        });
    assertThat(index.find(Long.MAX_VALUE - 1)).isEqualTo(-1);
  }
}
