package io.mlinfra.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ValueCountsTest {
  @Property(tries = 60)
  void boundsEveryCountFromBothSides(
      @ForAll int seed, @ForAll @IntRange(min = 1, max = 6000) int distinct) {
    Map<Long, Long> truth = new HashMap<>();
    ValueCounts counts = skewed(seed, distinct, 20_000, truth);
    assertThat(counts.isExact()).isEqualTo(truth.size() <= ValueCounts.MOST);
    assertBounds(counts, truth, 20_000);
  }

  @Property(tries = 60)
  void boundsEveryCountAfterAMerge(
      @ForAll int seed, @ForAll @IntRange(min = 1, max = 6000) int distinct) {
    Map<Long, Long> truth = new HashMap<>();
    ValueCounts left = skewed(seed, distinct, 9_000, truth);
    ValueCounts right = skewed(seed + 1, distinct, 5_000, truth);
    ValueCounts other = right.copy();
    other.merge(left);
    left.merge(right);
    assertThat(left.isExact()).isEqualTo(truth.size() <= ValueCounts.MOST);
    assertBounds(left, truth, 14_000);
    assertThat(bytes(left)).as("in either order").isEqualTo(bytes(other));
  }

  @Test
  void countsExactlyAsManyValuesAsItSays() {
    ValueCounts counts = new ValueCounts(false);
    for (int round = 0; round < 3; round++) {
      for (long value = 0; value < ValueCounts.MOST; value++) {
        counts.add(value, Hash.of(value));
      }
    }
    assertThat(counts.isExact()).isTrue();
    assertThat(counts.entries()).hasSize(ValueCounts.MOST).allMatch(entry -> entry.count() == 3);
    counts.add(-1, Hash.of(-1));
    assertThat(counts.isExact()).isFalse();
    assertThat(counts.error()).isEqualTo(3);
  }

  @Test
  void tellsLongTextsWithTheSameBeginningApart() {
    ValueCounts counts = new ValueCounts(true);
    String beginning = "ä".repeat(100);
    add(counts, beginning + "1");
    add(counts, beginning + "2");
    add(counts, beginning + "2");
    assertThat(counts.entries()).extracting(ValueCounts.Entry::count).containsExactly(2L, 1L);
    String shown = new String(counts.entries().get(0).text(), StandardCharsets.UTF_8);
    assertThat(shown).isEqualTo("ä".repeat(64) + "…");
  }

  @Test
  void cutsLongTextsBetweenCharacters() {
    for (int shift = 0; shift < 4; shift++) {
      ValueCounts counts = new ValueCounts(true);
      add(counts, "x".repeat(shift) + "😀".repeat(60));
      byte[] text = counts.entries().get(0).text();
      assertThat(text).hasSizeGreaterThan(ValueCounts.LONGEST_TEXT);
      byte[] bytes = bytes(counts);
      ByteReader in = new ByteReader(bytes, 0, bytes.length);
      assertThat(bytes(ValueCountsFormat.read(in, true, false, 1))).isEqualTo(bytes);
      assertThat(new String(text, StandardCharsets.UTF_8)).doesNotContain("�");
    }
  }

  private static void add(ValueCounts counts, String text) {
    byte[] bytes = ("(" + text).getBytes(StandardCharsets.UTF_8);
    counts.add(bytes, 1, bytes.length - 1, Hash.of(bytes, 1, bytes.length - 1));
  }

  private static ValueCounts skewed(int seed, int distinct, int values, Map<Long, Long> truth) {
    Random random = new Random(seed);
    ValueCounts counts = new ValueCounts(false);
    for (int i = 0; i < values; i++) {
      long value = (long) (distinct * Math.pow(random.nextDouble(), 3));
      truth.merge(value, 1L, Long::sum);
      counts.add(value, Hash.of(value));
    }
    return counts;
  }

  private static void assertBounds(ValueCounts counts, Map<Long, Long> truth, int values) {
    assertThat(counts.error()).isLessThanOrEqualTo(2L * values / ValueCounts.MOST);
    Map<Long, Long> counted = new HashMap<>();
    counts.entries().forEach(entry -> counted.put(entry.key(), entry.count()));
    assertThat(truth.keySet()).containsAll(counted.keySet());
    truth.forEach(
        (value, count) ->
            assertThat(count - counted.getOrDefault(value, 0L)).isBetween(0L, counts.error()));
  }

  private static byte[] bytes(ValueCounts counts) {
    ByteWriter out = new ByteWriter();
    ValueCountsFormat.write(counts, out, true);
    return out.toBytes();
  }
}
