package io.mlinfra.features.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.features.ArrowTable;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PipelineTest {
  private static final String EMOJI = "😀";

  private final RootAllocator memory = new RootAllocator();

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    memory.close();
  }

  private FittedPipeline fit(Pipeline.Builder pipeline, ArrowTable.Values... columns)
      throws Exception {
    try (ArrowReader reader = ArrowTable.reader(memory, 2, columns)) {
      return pipeline.build().fit(reader);
    }
  }

  private float[][] apply(FittedPipeline pipeline, ArrowTable.Values... columns) {
    int rows = columns[0].list().size();
    try (VectorSchemaRoot batch = ArrowTable.batch(memory, columns);
        FloatBlock block = FloatBlock.allocate(memory, rows, pipeline.width())) {
      pipeline.apply(batch, block);
      float[][] numbers = new float[rows][pipeline.width()];
      for (int row = 0; row < rows; row++) {
        block.rows(row, 1).get(numbers[row]);
      }
      return numbers;
    }
  }

  private static Pipeline.Builder standardize(String... columns) {
    return Pipeline.builder().standardize(columns);
  }

  private static Pipeline.Builder oneHot(String... columns) {
    return Pipeline.builder().oneHot(columns);
  }

  private static Pipeline.Builder missingIndicator(String... columns) {
    return Pipeline.builder().missingIndicator(columns);
  }

  private static ArrowTable.Values doubles(String name, Double... values) {
    return ArrowTable.float64(name, Arrays.asList(values));
  }

  private static ArrowTable.Values longs(String name, Long... values) {
    return ArrowTable.int64(name, Arrays.asList(values));
  }

  private static ArrowTable.Values texts(String name, String... values) {
    return ArrowTable.text(name, Arrays.asList(values));
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .message()
        .contains(words);
  }

  @Test
  void standardizesByTheMeanAndDeviationOfTheTraining() throws Exception {
    FittedPipeline fitted =
        fit(standardize("x", "n"), doubles("x", 1.0, null, 3.0), longs("n", 5L, 5L, 5L));
    assertThat(fitted.inputs())
        .containsExactly(
            new Column("x", ColumnType.FLOAT64, true), new Column("n", ColumnType.INT64, false));
    assertThat(fitted.outputs()).containsExactly("x", "n");
    assertThat(apply(fitted, doubles("x", 1.0, 4.0, null, Double.NaN), longs("n", 5L, 6L, 4L, 5L)))
        .isDeepEqualTo(new float[][] {{-1, 0}, {2, 1}, {0, -1}, {0, 0}});
  }

  @Test
  void marksCategoriesInTheirOrderAndNothingForUnseenOnes() throws Exception {
    FittedPipeline fitted =
        fit(
            oneHot("text", "code"),
            texts("text", "b", null, "a", "b"),
            longs("code", 9L, -1L, 9L, Long.MIN_VALUE));
    assertThat(fitted.inputs())
        .containsExactly(
            new Column("text", ColumnType.STRING, true),
            new Column("code", ColumnType.INT64, false));
    assertThat(fitted.outputs())
        .containsExactly(
            "text=", "text=a", "text=b", "code=-9223372036854775808", "code=-1", "code=9");
    assertThat(
            apply(
                fitted,
                texts("text", "", null, "b", "c"),
                longs("code", 9L, Long.MIN_VALUE, 8L, -1L)))
        .isDeepEqualTo(
            new float[][] {
              {1, 0, 0, 0, 0, 1}, {1, 0, 0, 1, 0, 0}, {0, 0, 1, 0, 0, 0}, {0, 0, 0, 0, 1, 0}
            });
  }

  @Test
  void flagsMissingNumbers() throws Exception {
    FittedPipeline fitted =
        fit(missingIndicator("x", "n"), doubles("x", 1.0, null), longs("n", 1L, 2L));
    assertThat(fitted.outputs()).containsExactly("x_missing", "n_missing");
    assertThat(apply(fitted, doubles("x", null, 2.0), longs("n", 1L, 2L)))
        .isDeepEqualTo(new float[][] {{1, 0}, {0, 0}});
  }

  @Test
  void turnsWholeNumbersAndTruthValuesWithGapsIntoFloat64() throws Exception {
    ArrowTable.Values truth = ArrowTable.bool("b", Arrays.asList(true, null, false));
    FittedPipeline fitted =
        fit(standardize("n", "b").missingIndicator("n", "b"), longs("n", 1L, null, 3L), truth);
    assertThat(fitted.inputs())
        .containsExactly(
            new Column("n", ColumnType.FLOAT64, true), new Column("b", ColumnType.FLOAT64, true));
    assertThat(apply(fitted, longs("n", null, 3L, 1L), truth))
        .isDeepEqualTo(new float[][] {{0, 1, 1, 0}, {1, 0, 0, 1}, {-1, -1, 0, 0}});
  }

  @Test
  void keepsAColumnThatNeverChangesAtZero() throws Exception {
    FittedPipeline fitted = fit(standardize("x"), doubles("x", 0.1, 0.1, null, 0.1));
    assertThat(apply(fitted, doubles("x", 0.1, null, 1.1)))
        .isDeepEqualTo(new float[][] {{0}, {0}, {1}});
  }

  /** Serving carries any text through ONNX Runtime, so no category needs to be refused. */
  @Test
  void takesCategoriesOutsideTheBasicPlane() throws Exception {
    FittedPipeline fitted = fit(oneHot("text"), texts("text", "a", EMOJI, "a\0b"));
    assertThat(apply(fitted, texts("text", EMOJI, "a\0b", "😁")))
        .isDeepEqualTo(new float[][] {{0, 0, 1}, {0, 1, 0}, {0, 0, 0}});
    GraphBuilder graph = new GraphBuilder("test");
    graph.output(fitted.write(graph), "y", ElementType.FLOAT, "N", "3");
    assertThat(graph.build().nodes().get(0).attributes())
        .contains(new Attribute.Texts("keys_strings", List.of("a", "a\0b", EMOJI)));
  }

  @Test
  void overwritesTheFirstRowsOfTheBlockOnly() throws Exception {
    FittedPipeline fitted = fit(oneHot("text"), texts("text", "a", "b"));
    try (VectorSchemaRoot batch = ArrowTable.batch(memory, texts("text", "b"));
        FloatBlock block = FloatBlock.allocate(memory, 2, 2);
        FloatBlock narrow = FloatBlock.allocate(memory, 2, 1);
        FloatBlock empty = FloatBlock.allocate(memory, 0, 2)) {
      block.rows(0, 2).put(new float[] {7, 7, 7, 7});
      fitted.apply(batch, block);
      float[] all = new float[4];
      block.rows(0, 2).get(all);
      assertThat(all).containsExactly(0, 1, 7, 7);
      assertThatThrownBy(() -> fitted.apply(batch, narrow))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 rows of 2 numbers");
      assertThatThrownBy(() -> fitted.apply(batch, empty))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void refusesColumnsThatAreNotThere() throws Exception {
    assertRefused(
        ErrorCode.NAME_UNKNOWN, () -> fit(standardize("y"), doubles("x", 1.0)), "'y'", "are x");
    assertRefused(ErrorCode.NAME_UNKNOWN, () -> fit(oneHot("y"), texts("x", "a")), "'y'", "are x");
    assertRefused(
        ErrorCode.NAME_UNKNOWN, () -> fit(missingIndicator("y"), doubles("x", 1.0)), "'y'");
    FittedPipeline fitted = fit(standardize("x"), doubles("x", 1.0, 2.0));
    assertRefused(ErrorCode.NAME_UNKNOWN, () -> apply(fitted, doubles("y", 1.0)), "'x'", "are y");
  }

  @Test
  void refusesColumnsOfTheWrongType() {
    assertRefused(
        ErrorCode.DATA_UNSUITABLE, () -> fit(standardize("x"), texts("x", "a")), "'x'", "oneHot");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(missingIndicator("x"), texts("x", "a")),
        "'x'",
        "text");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE, () -> fit(oneHot("x"), doubles("x", 1.0)), "'x'", "FLOAT64");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(oneHot("x"), ArrowTable.bool("x", List.of(true))),
        "'x'",
        "BOOL");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(standardize("x"), ArrowTable.timestamp("x", List.of(1L))),
        "'x'",
        "Timestamp");
  }

  @Test
  void refusesToApplyToOtherTypesThanItWasFittedTo() throws Exception {
    FittedPipeline whole = fit(standardize("x"), longs("x", 1L, 2L));
    assertRefused(ErrorCode.DATA_UNSUITABLE, () -> apply(whole, doubles("x", 1.5)), "'x'", "INT64");
    FittedPipeline hot = fit(oneHot("x"), longs("x", 1L, 2L));
    assertRefused(ErrorCode.DATA_UNSUITABLE, () -> apply(hot, doubles("x", 1.0)), "'x'");
    assertRefused(ErrorCode.DATA_UNSUITABLE, () -> apply(hot, texts("x", "1")), "'x'");
    FittedPipeline text = fit(oneHot("x"), texts("x", "1"));
    assertRefused(ErrorCode.DATA_UNSUITABLE, () -> apply(text, longs("x", 1L)), "'x'", "STRING");
    FittedPipeline number = fit(standardize("x"), doubles("x", 1.0));
    assertRefused(ErrorCode.DATA_UNSUITABLE, () -> apply(number, texts("x", "1")), "'x'");
  }

  @Test
  void roundsToTheTypeOfItsInputs() throws Exception {
    FittedPipeline fitted = fit(standardize("x"), ArrowTable.float32("x", List.of(0f, 2f)));
    double between = 1.1;
    assertThat(apply(fitted, doubles("x", between))[0][0])
        .isEqualTo((float) ((double) (float) between - 1))
        .isNotEqualTo((float) (between - 1));
    assertThat(apply(fitted, longs("x", 3L))[0][0]).isEqualTo(2f);
  }

  @Test
  void refusesWhatNothingCanBeLearnedFrom() {
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(standardize("x"), doubles("x", null, null)),
        "'x'",
        "2 rows");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE, () -> fit(standardize("x"), doubles("x")), "'x'", "0 rows");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(oneHot("x"), texts("x", null, null)),
        "'x'",
        "no value");
    assertRefused(ErrorCode.DATA_UNSUITABLE, () -> fit(oneHot("x"), texts("x")), "'x'", "no value");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(oneHot("x"), longs("x", 1L, null)),
        "'x'",
        "row 1",
        "gaps");
  }

  @Test
  void refusesInfiniteAndTooLargeValues() {
    for (double bad : new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e200}) {
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> fit(standardize("x"), doubles("x", 1.0, bad, 2.0)),
          "'x'",
          "infinite");
    }
  }

  @Test
  void refusesTooManyCategories() {
    List<String> many =
        IntStream.rangeClosed(0, OneHot.MOST_CATEGORIES).mapToObj(i -> "c" + i).toList();
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> fit(oneHot("x"), ArrowTable.text("x", many)),
        "'x'",
        "10000 categories");
  }

  @Test
  void refusesGapsWhereTheTrainingHadNone() throws Exception {
    for (Pipeline.Builder builder : List.of(standardize("x"), missingIndicator("x"))) {
      FittedPipeline fitted = fit(builder, doubles("x", 1.0, 2.0));
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> apply(fitted, doubles("x", 1.0, null)),
          "'x'",
          "row 1",
          "never missing");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE, () -> apply(fitted, doubles("x", Double.NaN)), "'x'");
    }
    FittedPipeline hot = fit(oneHot("x"), texts("x", "a"));
    assertRefused(
        ErrorCode.DATA_UNSUITABLE, () -> apply(hot, texts("x", "a", null)), "'x'", "row 1");
  }

  @Test
  void refusesBuildersWithoutSense() {
    assertThatThrownBy(() -> Pipeline.builder().build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("a pipeline needs at least one transform");
    assertThatThrownBy(() -> standardize())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("columns must name at least one column");
    assertThatThrownBy(() -> oneHot("x", "y", "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("columns [x, y, x] name a column twice");
    assertThatThrownBy(() -> standardize("x", "y").standardize("y"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("column 'y' stands in two transforms of one kind");
    assertThat(standardize("x").missingIndicator("x").oneHot("y").build().columns())
        .isEqualTo(Set.of("x", "y"));
  }

  private Transform.Fitter fitter(Transform transform, ArrowTable.Values... columns) {
    try (VectorSchemaRoot batch = ArrowTable.batch(memory, columns)) {
      Transform.Fitter fitter = transform.fitter(batch.getSchema());
      fitter.accept(batch);
      return fitter;
    }
  }

  /** What merged parts give, beside what all rows give at once. */
  private Transform.Fitted merged(Transform transform, ArrowTable.Values column, int... cuts) {
    Transform.Fitter whole = null;
    int from = 0;
    for (int cut : cuts) {
      Transform.Fitter part = fitter(transform, column.rows(from, cut));
      if (whole == null) {
        whole = part;
      } else {
        whole.merge(part);
      }
      from = cut;
    }
    return whole.finish();
  }

  @Test
  void fitsPartsAsItFitsTheWhole() {
    for (double offset : new double[] {0, 1e3, 1e9}) {
      List<Double> values =
          IntStream.range(0, 1000)
              .mapToObj(i -> i % 7 == 0 ? null : Double.valueOf(offset + Math.sin(i) * 10))
              .toList();
      ArrowTable.Values column = ArrowTable.float64("x", values);
      Transform transform = new Standardize(List.of("x"));
      double[] exact = meanAndDeviation(values);
      for (int[] cuts : new int[][] {{1000}, {1, 2, 500, 1000}, {0, 900, 900, 1000}}) {
        var fitted = (Standardize.FittedStandardize) merged(transform, column, cuts);
        double bound = 1e-12 * (offset + 10);
        assertThat(fitted.mean()[0]).isBetween(exact[0] - bound, exact[0] + bound);
        assertThat(fitted.deviation()[0]).isBetween(exact[1] - bound, exact[1] + bound);
        assertThat(fitted.inputs()).containsExactly(new Column("x", ColumnType.FLOAT64, true));
      }
    }
  }

  private static double[] meanAndDeviation(List<Double> values) {
    BigDecimal sum = BigDecimal.ZERO;
    long n = 0;
    for (Double value : values) {
      if (value != null) {
        sum = sum.add(new BigDecimal(value));
        n++;
      }
    }
    BigDecimal mean = sum.divide(BigDecimal.valueOf(n), java.math.MathContext.DECIMAL128);
    BigDecimal squares = BigDecimal.ZERO;
    for (Double value : values) {
      if (value != null) {
        squares = squares.add(new BigDecimal(value).subtract(mean).pow(2));
      }
    }
    return new double[] {mean.doubleValue(), Math.sqrt(squares.doubleValue() / n)};
  }

  @Test
  void keepsAColumnThatNeverChangesInMergedParts() {
    ArrowTable.Values column = doubles("x", null, 0.1, 0.1, 0.1, 0.1);
    var fitted =
        (Standardize.FittedStandardize) merged(new Standardize(List.of("x")), column, 1, 4, 5);
    assertThat(fitted.mean()).containsExactly(0.1);
    assertThat(fitted.deviation()).containsExactly(1);
  }

  @Test
  void mergesCategoriesAndGapsExactly() {
    ArrowTable.Values text = texts("x", "b", null, "a", "b", "c");
    Transform hot = new OneHot(List.of("x"));
    assertThat(merged(hot, text, 1, 2, 5).outputs()).isEqualTo(merged(hot, text, 5).outputs());
    assertThat(merged(hot, text, 1, 2, 5).inputs())
        .containsExactly(new Column("x", ColumnType.STRING, true));
    Transform flag = new MissingIndicator(List.of("x"));
    ArrowTable.Values numbers = doubles("x", 1.0, 2.0, null);
    assertThat(merged(flag, numbers, 2, 3).inputs())
        .isEqualTo(merged(flag, numbers, 3).inputs())
        .containsExactly(new Column("x", ColumnType.FLOAT64, true));
  }

  @Test
  void refusesTooManyCategoriesInMergedParts() {
    List<Long> many = LongStream.range(0, 12_000).boxed().toList();
    ArrowTable.Values column = ArrowTable.column("x", new ArrowType.Int(64, true), many);
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> merged(new OneHot(List.of("x")), column, 6_000, 12_000),
        "'x'",
        "identifier");
  }
}
