package io.mlinfra.monitoring;

import static io.mlinfra.monitoring.Batches.doubles;
import static io.mlinfra.monitoring.Batches.longs;
import static io.mlinfra.monitoring.Batches.moments;
import static io.mlinfra.monitoring.Batches.ofDoubles;
import static io.mlinfra.monitoring.Batches.ofLongs;
import static io.mlinfra.monitoring.Batches.ofTexts;
import static io.mlinfra.monitoring.Batches.profile;
import static io.mlinfra.monitoring.Batches.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.monitoring.ColumnDrift.Bin;
import io.mlinfra.monitoring.ColumnDrift.Level;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.vector.FieldVector;
import org.junit.jupiter.api.Test;

class DriftTestTest {
  private static ColumnDrift compare(Profile reference, Profile current) {
    return DriftTest.defaults().compare(reference, current).column("x");
  }

  @Property(tries = 60)
  void findsNothingBetweenAProfileAndItself(
      @ForAll int seed,
      @ForAll @IntRange(min = 1, max = 5000) int rows,
      @ForAll @IntRange(min = 1, max = 3000) int range) {
    Random random = new Random(seed);
    Double[] real = new Double[rows];
    String[] text = new String[rows];
    for (int i = 0; i < rows; i++) {
      real[i] = random.nextInt(5) == 0 ? null : random.nextInt(range) + random.nextInt(2) * 0.5;
      text[i] = random.nextInt(5) == 0 ? null : "t" + random.nextInt(range);
    }
    Profile profile =
        profile(
            allocator ->
                new FieldVector[] {
                  doubles(allocator, "real", real), texts(allocator, "text", text)
                });
    DriftReport report = DriftTest.defaults().compare(profile, profile);
    assertThat(report.drifted()).isFalse();
    for (ColumnDrift column : report.columns()) {
      assertThat(column.psi()).isZero();
      assertThat(column.level()).isEqualTo(Level.STABLE);
      assertThat(column.missingChange()).isZero();
      assertThat(column.bins().stream().mapToDouble(Bin::reference).sum())
          .isCloseTo(1, within(1e-9));
    }
    double ks = report.column("real").ks();
    assertThat(Double.isNaN(ks) ? 0 : ks).isZero();
    assertThat(report.column("text").ks()).isNaN();
  }

  @Test
  void givesTheIndexThatOneCanComputeByHand() {
    ColumnDrift x = compare(ofTexts("a", "a", "a", "b"), ofTexts("a", "b", "b", "b"));
    assertThat(x.bins()).containsExactly(new Bin("a", 0.75, 0.25), new Bin("b", 0.25, 0.75));
    assertThat(x.psi()).isCloseTo(Math.log(3), within(1e-12));
  }

  @Test
  void countsAnEmptyBinAsOneInTenThousand() {
    ColumnDrift x = compare(ofLongs(1, 1, 1, 2), ofLongs(1, 1, 1, 1));
    assertThat(x.bins()).containsExactly(new Bin("1", 0.75, 1), new Bin("2", 0.25, 0));
    double byHand = (1 - 0.75) * Math.log(1 / 0.75) + (1e-4 - 0.25) * Math.log(1e-4 / 0.25);
    assertThat(x.psi()).isCloseTo(byHand, within(1e-12));
  }

  @Test
  void givesMissingValuesABinOfTheirOwn() {
    ColumnDrift x =
        compare(
            ofDoubles(1, 1, 1, Double.NaN),
            profile(
                allocator ->
                    new FieldVector[] {doubles(allocator, "x", 1.0, null, Double.NaN, 1.0)}));
    assertThat(x.bins()).containsExactly(new Bin("1", 0.75, 0.5), new Bin("(missing)", 0.25, 0.5));
    assertThat(x.psi()).isCloseTo(0.25 * Math.log(2) - 0.25 * Math.log(0.5 / 0.75), within(1e-12));
    assertThat(x.referenceMissing()).isEqualTo(0.25);
    assertThat(x.missingChange()).isEqualTo(0.25);
  }

  @Test
  void cutsNumbersAtTheQuantilesOfTheReference() {
    Profile reference = ofLongs(LongStream.rangeClosed(1, 1000).toArray());
    ColumnDrift x = compare(reference, reference);
    assertThat(x.bins()).hasSize(10).allMatch(bin -> bin.reference() == 0.1);
    assertThat(x.bins()).extracting(Bin::label).startsWith("≤ 100", "100 – 200").endsWith("> 900");
  }

  @Test
  void givesEachOfAFewValuesABinOfItsOwn() {
    ColumnDrift x =
        compare(ofLongs(0, 1, 1, 1, 2, 2, 3, 4, 4, 4), ofLongs(0, 1, 1, 1, 2, 2, 3, 4, 4, 9));
    assertThat(x.bins()).extracting(Bin::label).containsExactly("0", "1", "2", "3", "4", "> 4");
  }

  @Test
  void seesValuesOnBothSidesOfAConstant() {
    Profile constant = ofDoubles(filled(1000, 0));
    ColumnDrift below = compare(constant, ofDoubles(half(1000, 0, -5)));
    assertThat(below.bins()).containsExactly(new Bin("< 0", 0, 0.5), new Bin("0", 1, 0.5));
    assertThat(below.drifted()).isTrue();
    assertThat(compare(constant, ofDoubles(half(1000, 0, 5))).drifted()).isTrue();
    assertThat(compare(constant, ofDoubles(filled(500, 0))).level()).isEqualTo(Level.STABLE);
  }

  @Test
  void isolatesAValueThatFillsABin() {
    double[] reference = IntStream.range(0, 4000).mapToDouble(i -> i % 2 == 0 ? 0 : i).toArray();
    double[] current = IntStream.range(0, 4000).mapToDouble(i -> i % 2 == 0 ? -1e-3 : i).toArray();
    ColumnDrift x = compare(ofDoubles(reference), ofDoubles(current));
    assertThat(x.bins()).extracting(Bin::label).startsWith("< 0", "0");
    assertThat(x.psi()).isGreaterThan(2);
  }

  @Test
  void countsRareAndNewTextsTogether() {
    DriftTest test = DriftTest.builder().categories(2).build();
    ColumnDrift x =
        test.compare(ofTexts("a", "a", "a", "b", "b", "c"), ofTexts("a", "a", "a", "b", "d", "d"))
            .column("x");
    assertThat(x.bins()).extracting(Bin::label).containsExactly("a", "b", "(other)");
    assertThat(x.bins().get(2).current()).isCloseTo(2 / 6.0, within(1e-12));
    assertThat(compare(ofTexts("a", "b"), ofTexts("a", "z")).bins())
        .contains(new Bin("(new values)", 0, 0.5));
  }

  @Property(tries = 40)
  void givesTheExactDistanceOfExactColumns(
      @ForAll int seed,
      @ForAll @IntRange(min = 1, max = 700) int first,
      @ForAll @IntRange(min = 1, max = 700) int second) {
    Random random = new Random(seed);
    double[] a = random.doubles(first).map(value -> Math.rint(50 * value)).toArray();
    double[] b = random.doubles(second).map(value -> Math.rint(60 * value)).toArray();
    assertThat(compare(ofDoubles(a), ofDoubles(b)).ks()).isCloseTo(distance(a, b), within(1e-12));
  }

  @Property(tries = 20)
  void keepsTheDistanceWithinTheBoundOfSketches(@ForAll int seed) {
    Random random = new Random(seed);
    double shift = random.nextDouble();
    double[] a = IntStream.range(0, 30_000).mapToDouble(i -> random.nextGaussian()).toArray();
    double[] b =
        IntStream.range(0, 20_000).mapToDouble(i -> random.nextGaussian() + shift).toArray();
    assertThat(compare(ofDoubles(a), ofDoubles(b)).ks())
        .isCloseTo(distance(a, b), within(2 * 2 * QuantileSketch.RANK_ERROR));
  }

  /** The distance of the two distribution functions, at every value there is. */
  private static double distance(double[] a, double[] b) {
    double largest = 0;
    double[] sortedA = Arrays.stream(a).sorted().toArray();
    double[] sortedB = Arrays.stream(b).sorted().toArray();
    for (double at :
        IntStream.range(0, 2)
            .mapToObj(i -> i == 0 ? a : b)
            .flatMapToDouble(Arrays::stream)
            .toArray()) {
      largest = Math.max(largest, Math.abs(share(sortedA, at) - share(sortedB, at)));
    }
    return largest;
  }

  private static double share(double[] sorted, double at) {
    int index = Arrays.binarySearch(sorted, Math.nextUp(at));
    int atMost = index >= 0 ? index : -index - 1;
    while (atMost > 0 && sorted[atMost - 1] > at) {
      atMost--;
    }
    return (double) atMost / sorted.length;
  }

  @Test
  void tellsStableShiftedAndDriftedApart() {
    Random random = new Random(1);
    double[] reference = random.doubles(50_000).toArray();
    assertThat(level(reference, Arrays.stream(reference).map(x -> x + 0.02).toArray()))
        .isEqualTo(Level.STABLE);
    assertThat(level(reference, Arrays.stream(reference).map(x -> x + 0.07).toArray()))
        .isEqualTo(Level.SHIFTED);
    assertThat(level(reference, Arrays.stream(reference).map(x -> x + 0.15).toArray()))
        .isEqualTo(Level.DRIFTED);
  }

  private static Level level(double[] reference, double[] current) {
    return DriftTest.builder()
        .psiThreshold(1000)
        .build()
        .compare(ofDoubles(reference), ofDoubles(current))
        .column("x")
        .level();
  }

  @Test
  void callsHardlyAnySmallSampleOfTheSameDriftedByChance() {
    Random random = new Random(7);
    int drifted = 0;
    int overThreshold = 0;
    for (int i = 0; i < 500; i++) {
      ColumnDrift x =
          compare(ofDoubles(random.doubles(60).toArray()), ofDoubles(random.doubles(60).toArray()));
      overThreshold += x.psi() >= 0.2 || x.ks() >= 0.1 ? 1 : 0;
      drifted += x.drifted() ? 1 : 0;
    }
    assertThat(overThreshold).isGreaterThan(400);
    assertThat(drifted).isLessThan(25);
  }

  @Test
  void seesAPlainDriftInSmallSamples() {
    Random random = new Random(7);
    ColumnDrift x =
        compare(
            ofDoubles(random.doubles(40).toArray()),
            ofDoubles(random.doubles(40).map(value -> value + 2).toArray()));
    assertThat(x.drifted()).isTrue();
    assertThat(x.ks()).isEqualTo(1);
  }

  @Test
  void doesNotJudgeTimestampsAndWhatItIsToldToIgnore() {
    Profile reference =
        profile(
            allocator ->
                new FieldVector[] {
                  moments(allocator, "at", 1L, 2L), longs(allocator, "id", 1L, 2L)
                });
    Profile current =
        profile(
            allocator ->
                new FieldVector[] {
                  moments(allocator, "at", 11L, 12L), longs(allocator, "id", 11L, 12L)
                });
    DriftReport report = DriftTest.builder().ignore("id").build().compare(reference, current);
    assertThat(report.columns()).allMatch(column -> column.level() == Level.IGNORED);
    assertThat(report.columns()).allMatch(column -> column.psi() > 1 && column.ks() == 1);
    assertThat(report.drifted()).isFalse();
  }

  @Test
  void reportsColumnsThatCameWentOrChanged() {
    Profile reference =
        profile(
            allocator ->
                new FieldVector[] {
                  longs(allocator, "same", 1L),
                  longs(allocator, "gone", 1L),
                  longs(allocator, "changed", 1L)
                });
    Profile current =
        profile(
            allocator ->
                new FieldVector[] {
                  doubles(allocator, "same", 1.0),
                  texts(allocator, "changed", "1"),
                  texts(allocator, "added", "1")
                });
    DriftReport report = DriftTest.defaults().compare(reference, current);
    assertThat(report.columns()).extracting(ColumnDrift::name).containsExactly("same");
    assertThat(report.schemaChanges())
        .extracting(DriftReport.SchemaChange::toString)
        .containsExactly(
            "'gone' (int64) is missing",
            "'changed' was int64 and is string",
            "'added' (string) is new");
    assertThat(report.toString()).contains("column 'gone' (int64) is missing");
    assertThatThrownBy(() -> report.column("gone"))
        .isInstanceOf(MlInfraException.class)
        .hasMessage("no column 'gone' was compared; those that were are same")
        .extracting("code")
        .isEqualTo(ErrorCode.NAME_UNKNOWN);
  }

  @Test
  void refusesProfilesWithoutRows() {
    assertThatThrownBy(() -> compare(ofLongs(), ofLongs(1)))
        .isInstanceOf(MlInfraException.class)
        .hasMessage("the reference profile has no rows, so there is nothing to compare");
    assertThatThrownBy(() -> compare(ofLongs(1), ofLongs()))
        .hasMessage("the current profile has no rows, so there is nothing to compare");
  }

  @Test
  void refusesSettingsOutOfBounds() {
    DriftTest.Builder builder = DriftTest.builder();
    assertThatThrownBy(() -> builder.psiThreshold(0)).hasMessage("psiThreshold (0.0) must be > 0");
    assertThatThrownBy(() -> builder.ksThreshold(Double.NaN))
        .hasMessage("ksThreshold (NaN) must be > 0");
    assertThatThrownBy(() -> builder.bins(1)).hasMessage("bins (1) must be from 2 to 100");
    assertThatThrownBy(() -> builder.categories(501))
        .hasMessage("categories (501) must be from 1 to 500");
  }

  private static double[] filled(int count, double value) {
    double[] values = new double[count];
    Arrays.fill(values, value);
    return values;
  }

  private static double[] half(int count, double first, double second) {
    return IntStream.range(0, count).mapToDouble(i -> i % 2 == 0 ? first : second).toArray();
  }
}
