package io.mlinfra.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.apache.datasketches.hll.HllSketch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DistinctSketchTest {
  private static final int RUNS = 60;

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 500, 2_000, 4_000, 10_000, 20_000, 100_000, 400_000})
  void hasTheStandardErrorItPromises(int distinct) {
    double squares = 0;
    for (int run = 0; run < RUNS; run++) {
      DistinctSketch sketch = new DistinctSketch();
      for (int i = 0; i < distinct; i++) {
        sketch.add(Hash.of(i + (long) run * distinct));
      }
      double error = (double) sketch.estimate() / distinct - 1;
      squares += error * error;
    }
    // The standard error of a standard error over 60 runs is 9 % of it; four of them are allowed.
    assertThat(Math.sqrt(squares / RUNS)).isLessThan(1.37 * DistinctSketch.STANDARD_ERROR);
  }

  @Test
  void isAsCloseAsDataSketchesOnTexts() {
    double ours = 0;
    double theirs = 0;
    for (int run = 0; run < RUNS; run++) {
      DistinctSketch sketch = new DistinctSketch();
      HllSketch rival = new HllSketch(12);
      for (int i = 0; i < 20_000; i++) {
        byte[] text = ("customer " + run + "/" + i).getBytes(StandardCharsets.UTF_8);
        sketch.add(Hash.of(text, 0, text.length));
        rival.update(text);
      }
      ours += Math.pow(sketch.estimate() / 20_000.0 - 1, 2);
      theirs += Math.pow(rival.getEstimate() / 20_000 - 1, 2);
    }
    // Theirs also uses the order of arrival, which is better until sketches are merged.
    assertThat(Math.sqrt(ours / RUNS)).isLessThan(1.6 * Math.sqrt(theirs / RUNS));
  }

  @Property(tries = 200)
  void mergesPartsToExactlyTheWhole(
      @ForAll @Size(max = 3000) long[] first, @ForAll @Size(max = 3000) long[] second) {
    DistinctSketch whole = new DistinctSketch();
    DistinctSketch left = new DistinctSketch();
    DistinctSketch right = new DistinctSketch();
    for (long value : first) {
      whole.add(Hash.of(value));
      left.add(Hash.of(value));
    }
    for (long value : second) {
      whole.add(Hash.of(value));
      right.add(Hash.of(value));
    }
    left.merge(right);
    assertThat(bytes(left)).isEqualTo(bytes(whole));
    byte[] bytes = bytes(whole);
    ByteReader in = new ByteReader(bytes, 0, bytes.length);
    assertThat(bytes(DistinctSketch.read(in))).isEqualTo(bytes);
    in.requireEnd();
  }

  @Property
  void hashesOfDifferentShortTextsDiffer(@ForAll @Size(max = 200) Set<String> texts) {
    Set<Long> hashes = new HashSet<>();
    Set<String> contents = new HashSet<>();
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      hashes.add(Hash.of(bytes, 0, bytes.length));
      contents.add(new String(bytes, StandardCharsets.UTF_8));
    }
    assertThat(hashes).hasSameSizeAs(contents);
  }

  private static byte[] bytes(DistinctSketch sketch) {
    ByteWriter out = new ByteWriter();
    sketch.write(out);
    return out.toBytes();
  }
}
