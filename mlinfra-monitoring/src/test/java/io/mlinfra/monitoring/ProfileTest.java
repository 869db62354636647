package io.mlinfra.monitoring;

import static io.mlinfra.monitoring.Batches.batch;
import static io.mlinfra.monitoring.Batches.bools;
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
import io.mlinfra.monitoring.ColumnProfile.Type;
import io.mlinfra.monitoring.ColumnProfile.ValueCount;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.junit.jupiter.api.Test;

class ProfileTest {
  @Test
  void summarisesNumbers() {
    ColumnProfile x =
        profile(
                allocator ->
                    new FieldVector[] {
                      doubles(allocator, "x", 4.0, null, 1.0, Double.NaN, 1.0, 2.0)
                    })
            .column("x");
    assertThat(x.type()).isEqualTo(Type.FLOAT64);
    assertThat(x.count()).isEqualTo(4);
    assertThat(x.nulls()).isEqualTo(1);
    assertThat(x.nans()).isEqualTo(1);
    assertThat(x.missingRate()).isEqualTo(2 / 6.0);
    assertThat(x.min()).isEqualTo(1);
    assertThat(x.max()).isEqualTo(4);
    assertThat(x.mean()).isEqualTo(2);
    assertThat(x.standardDeviation()).isCloseTo(Math.sqrt(2), within(1e-15));
    assertThat(x.quantile(0)).isEqualTo(1);
    assertThat(x.quantile(0.5)).isEqualTo(1);
    assertThat(x.quantile(0.51)).isEqualTo(2);
    assertThat(x.quantile(1)).isEqualTo(4);
    assertThat(x.rank(2)).isEqualTo(0.75);
    assertThat(x.rank(0)).isZero();
    assertThat(x.distinct()).isEqualTo(3);
    assertThat(x.isExact()).isTrue();
    assertThat(x.frequencyError()).isZero();
    assertThat(x.mostFrequent(2)).containsExactly(new ValueCount("1", 2), new ValueCount("2", 1));
  }

  @Test
  void summarisesTexts() {
    ColumnProfile x = ofTexts("b", "a", null, "", "b", "ü").column("x");
    assertThat(x.type()).isEqualTo(Type.STRING);
    assertThat(x.count()).isEqualTo(5);
    assertThat(x.nulls()).isEqualTo(1);
    assertThat(x.distinct()).isEqualTo(4);
    assertThat(x.mostFrequent(9))
        .containsExactly(
            new ValueCount("b", 2),
            new ValueCount("", 1),
            new ValueCount("a", 1),
            new ValueCount("ü", 1));
    assertThat(x.min()).isNaN();
    assertThat(x.quantile(0.5)).isNaN();
    assertThat(x.rank(0)).isNaN();
  }

  @Test
  void summarisesTruthValuesAndMoments() {
    Profile profile =
        profile(
            allocator ->
                new FieldVector[] {
                  bools(allocator, "late", true, null, false, true),
                  moments(allocator, "at", 0L, 86_400_000_000L, null, 90_000_000L)
                });
    assertThat(profile.column("late").mean()).isCloseTo(2 / 3.0, within(1e-15));
    assertThat(profile.column("late").mostFrequent(5))
        .containsExactly(new ValueCount("true", 2), new ValueCount("false", 1));
    assertThat(profile.column("at").type()).isEqualTo(Type.TIMESTAMP);
    assertThat(profile.column("at").max()).isEqualTo(86_400_000_000.0);
    assertThat(profile.column("at").mostFrequent(5))
        .extracting(ValueCount::value)
        .containsExactly("1970-01-01", "1970-01-01 00:01:30", "1970-01-02");
  }

  @Test
  void letsInfinitiesSurviveApartFromTheMean() {
    ColumnProfile x =
        ofDoubles(1, Double.POSITIVE_INFINITY, 3, Double.NEGATIVE_INFINITY).column("x");
    assertThat(x.infinities()).isEqualTo(2);
    assertThat(x.count()).isEqualTo(4);
    assertThat(x.min()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(x.max()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(x.quantile(0.1)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(x.mean()).isEqualTo(2);
    assertThat(x.standardDeviation()).isCloseTo(Math.sqrt(2), within(1e-15));
  }

  @Test
  void survivesTheLargestNumbers() {
    ColumnProfile x =
        ofDoubles(Double.MAX_VALUE, -Double.MAX_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE)
            .column("x");
    assertThat(x.infinities()).isZero();
    assertThat(x.mean()).isCloseTo(0, within(1e293));
    assertThat(x.standardDeviation()).isInfinite();
  }

  @Test
  void countsBothZerosAsOneValue() {
    ColumnProfile x = ofDoubles(0.0, -0.0, 0.0).column("x");
    assertThat(x.distinct()).isEqualTo(1);
    assertThat(x.min()).isEqualTo(0.0);
    assertThat(x.mostFrequent(1)).containsExactly(new ValueCount("0", 3));
  }

  @Test
  void givesAConstantColumnNoSpread() {
    double[] values = new double[5000];
    java.util.Arrays.fill(values, 0.1);
    ColumnProfile x = ofDoubles(values).column("x");
    assertThat(x.mean()).isEqualTo(0.1);
    assertThat(x.standardDeviation()).isZero();
  }

  @Test
  void describesAColumnWithoutValues() {
    Profile profile =
        profile(
            allocator ->
                new FieldVector[] {
                  doubles(allocator, "number", null, null), texts(allocator, "text", null, null)
                });
    for (ColumnProfile column : profile.columns()) {
      assertThat(column.count()).isZero();
      assertThat(column.missingRate()).isEqualTo(1);
      assertThat(column.distinct()).isZero();
      assertThat(column.mean()).isNaN();
      assertThat(column.quantile(0)).isNaN();
      assertThat(column.quantile(0.5)).isNaN();
      assertThat(column.mostFrequent(3)).isEmpty();
    }
    assertThat(profile.merge(profile).rows()).isEqualTo(4);
    assertThat(profile.toHtml()).contains("100\u00a0%");
  }

  @Test
  void namesAnUnknownColumnAndThoseThereAre() {
    assertThatThrownBy(() -> ofLongs(1).column("y"))
        .isInstanceOf(MlInfraException.class)
        .hasMessage("the profile has no column 'y'; its columns are x")
        .extracting("code")
        .isEqualTo(ErrorCode.NAME_UNKNOWN);
  }

  @Test
  void refusesBadArguments() {
    ColumnProfile x = ofLongs(1).column("x");
    assertThatThrownBy(() -> x.quantile(1.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("share (1.5) must be from 0 to 1");
    assertThatThrownBy(() -> x.quantile(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> x.mostFrequent(-1)).hasMessage("limit (-1) must be >= 0");
    assertThatThrownBy(() -> Profile.builder().build()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesAColumnWithoutASummary() {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = batch(ListVector.empty("tags", allocator))) {
      assertThatThrownBy(() -> Profile.builder().accept(batch))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("'tags'");
    }
  }

  @Test
  void refusesTwoColumnsOfOneName() {
    assertThatThrownBy(
            () ->
                profile(
                    allocator ->
                        new FieldVector[] {longs(allocator, "x", 1L), longs(allocator, "x", 1L)}))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("the column 'x' is there twice");
  }

  @Test
  void refusesABatchWithOtherColumnsAndKeepsWhatItHas() {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot first = batch(longs(allocator, "x", 1L, 2L));
        VectorSchemaRoot other = batch(doubles(allocator, "x", 1.0))) {
      Profile.Builder builder = Profile.builder().accept(first);
      assertThatThrownBy(() -> builder.accept(other))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("FloatingPoint")
          .hasMessageContaining("Int(64, true)");
      assertThat(builder.build()).isEqualTo(ofLongs(1, 2));
    }
  }

  @Test
  void refusesToMergeOtherColumnsAndNamesThem() {
    assertThatThrownBy(
            () ->
                ofLongs(1)
                    .merge(profile(allocator -> new FieldVector[] {longs(allocator, "y", 1L)})))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the profiles have different columns: only the first has [x], only the second has [y]");
    assertThatThrownBy(() -> ofLongs(1).merge(ofTexts("1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("column 'x' is INT64 in the first profile and STRING in the second");
  }

  @Test
  void givesTheProfileSoFarAndGoesOn() {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot first = batch(longs(allocator, "x", 1L, 2L));
        VectorSchemaRoot second = batch(longs(allocator, "x", 3L))) {
      Profile.Builder builder = Profile.builder().accept(first);
      Profile soFar = builder.build();
      Profile whole = builder.accept(second).build();
      assertThat(soFar).isEqualTo(ofLongs(1, 2));
      assertThat(whole).isEqualTo(ofLongs(1, 2, 3));
    }
  }

  @Test
  void leavesMergedProfilesAsTheyWere() {
    Profile left = ofLongs(LongStream.range(0, 3000).toArray());
    Profile right = ofLongs(LongStream.range(2000, 9000).toArray());
    byte[] before = left.toBytes();
    byte[] after = right.toBytes();
    assertThat(left.merge(right).column("x").max()).isEqualTo(8999);
    assertThat(left.toBytes()).isEqualTo(before);
    assertThat(right.toBytes()).isEqualTo(after);
  }

  @Test
  void estimatesWhatHasTooManyValuesToCount() {
    ColumnProfile x = ofLongs(LongStream.range(0, 100_000).toArray()).column("x");
    assertThat(x.isExact()).isFalse();
    assertThat((double) x.distinct()).isCloseTo(100_000, within(5_000.0));
    assertThat(x.quantile(0.25)).isCloseTo(25_000, within(350.0));
    assertThat(x.min()).isZero();
    assertThat(x.max()).isEqualTo(99_999);
    assertThat(x.frequencyError()).isBetween(1L, 200L);
  }

  @Test
  void printsATable() {
    assertThat(ofTexts("b", "a\nb", "b").toString())
        .startsWith("3 rows\n")
        .contains("most frequent")
        .contains("b, a�b");
    assertThat(ofLongs(5, 7).column("x")).hasToString("x int64: 2 values, 0 missing, 5 to 7");
  }
}
