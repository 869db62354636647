package io.mlinfra.features.transform;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.features.ArrowTable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.ArrowType;

/**
 * The faces of a pipeline agree: what it computes over Arrow batches is, bit for bit, what ONNX
 * Runtime computes with its graph.
 */
class PipelineAgreementTest {
  /** One row of every type of column; null where missing. */
  private record Row(
      Double f64,
      Float f32,
      Long i64,
      Integer i32,
      Integer i16,
      Integer u32,
      Boolean bool,
      BigDecimal decimal,
      String text,
      Long code) {}

  private static final List<String> NUMBERS =
      List.of("f64", "f32", "i64", "i32", "i16", "u32", "bool", "decimal");

  private static ArrowTable.Values[] columns(List<Row> rows) {
    return new ArrowTable.Values[] {
      ArrowTable.float64("f64", rows.stream().map(Row::f64).toList()),
      ArrowTable.float32("f32", rows.stream().map(Row::f32).toList()),
      ArrowTable.int64("i64", rows.stream().map(Row::i64).toList()),
      ArrowTable.int32("i32", rows.stream().map(Row::i32).toList()),
      ArrowTable.column("i16", new ArrowType.Int(16, true), rows.stream().map(Row::i16).toList()),
      ArrowTable.column("u32", new ArrowType.Int(32, false), rows.stream().map(Row::u32).toList()),
      ArrowTable.bool("bool", rows.stream().map(Row::bool).toList()),
      ArrowTable.column(
          "decimal", new ArrowType.Decimal(20, 4, 128), rows.stream().map(Row::decimal).toList()),
      ArrowTable.text("text", rows.stream().map(Row::text).toList()),
      ArrowTable.int64("code", rows.stream().map(Row::code).toList())
    };
  }

  /** What a caller of the model passes in: unsigned numbers as what they mean. */
  private static ArrowTable.Values[] asked(List<Row> rows) {
    ArrowTable.Values[] columns = columns(rows);
    columns[5] =
        ArrowTable.int64(
            "u32",
            rows.stream()
                .map(row -> row.u32 == null ? null : Long.valueOf(Integer.toUnsignedLong(row.u32)))
                .toList());
    return columns;
  }

  @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
  void appliesWhatItsGraphComputes(
      @ForAll("training") List<Row> training,
      @ForAll("asking") List<Row> asking,
      @ForAll("pipelines") Pipeline pipeline)
      throws Exception {
    List<Row> rows = asking.stream().map(row -> withoutNewGaps(row, training)).toList();
    try (RootAllocator memory = new RootAllocator();
        ArrowReader reader = ArrowTable.reader(memory, 7, columns(training));
        VectorSchemaRoot batch = ArrowTable.batch(memory, columns(rows))) {
      FittedPipeline fitted = pipeline.fit(reader);
      try (FloatBlock block = FloatBlock.allocate(memory, rows.size() + 1, fitted.width())) {
        fitted.apply(batch, block);
        float[] applied = new float[rows.size() * fitted.width()];
        block.rows(0, rows.size()).get(applied);
        float[] computed = OnnxRuntime.run(fitted, asked(rows));
        assertThat(bits(applied)).isEqualTo(bits(computed));
      }
    }
  }

  /**
   * Quotients halfway between two floats, where a double that is off by its last bit shows; to
   * multiply by 1 ÷ 49 instead would be.
   */
  @Example
  void roundsAsItsGraphDoes() throws Exception {
    ArrowTable.Values training = ArrowTable.float64("x", List.of(-49.0, 49.0));
    List<Double> halfway = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      halfway.add(49 * (1 + (837 * 2 * i + 1) * 0x1p-24));
    }
    ArrowTable.Values asked = ArrowTable.float64("x", halfway);
    try (RootAllocator memory = new RootAllocator();
        ArrowReader reader = ArrowTable.reader(memory, 7, training);
        VectorSchemaRoot batch = ArrowTable.batch(memory, asked);
        FloatBlock block = FloatBlock.allocate(memory, halfway.size(), 1)) {
      FittedPipeline fitted = Pipeline.builder().standardize("x").build().fit(reader);
      fitted.apply(batch, block);
      float[] applied = new float[halfway.size()];
      block.rows(0, applied.length).get(applied);
      assertThat(bits(applied)).isEqualTo(bits(OnnxRuntime.run(fitted, asked)));
    }
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  /** Where the training data had no gap, the model takes none. */
  private static Row withoutNewGaps(Row row, List<Row> training) {
    return new Row(
        or(row.f64, training.stream().map(Row::f64).toList(), Double.POSITIVE_INFINITY),
        or(row.f32, training.stream().map(Row::f32).toList(), -0f),
        or(row.i64, training.stream().map(Row::i64).toList(), Long.MIN_VALUE),
        or(row.i32, training.stream().map(Row::i32).toList(), Integer.MIN_VALUE),
        or(row.i16, training.stream().map(Row::i16).toList(), -32768),
        or(row.u32, training.stream().map(Row::u32).toList(), -1),
        or(row.bool, training.stream().map(Row::bool).toList(), true),
        or(row.decimal, training.stream().map(Row::decimal).toList(), new BigDecimal("0.0001")),
        or(row.text, training.stream().map(Row::text).toList(), "other"),
        or(row.code, training.stream().map(Row::code).toList(), 0L));
  }

  private static <T> T or(T value, List<T> training, T otherwise) {
    return value == null && training.stream().noneMatch(Objects::isNull) ? otherwise : value;
  }

  @Provide
  Arbitrary<Pipeline> pipelines() {
    return Combinators.combine(
            Arbitraries.of(NUMBERS).set(),
            // Whole numbers with gaps are no categories: of the numbers, only codes have none.
            Arbitraries.of("text", "code").set(),
            Arbitraries.of(NUMBERS).set(),
            Arbitraries.integers().between(0, 5))
        .as(
            (standardized, hot, flagged, order) -> {
              List<Runnable> steps = new ArrayList<>();
              Pipeline.Builder builder = Pipeline.builder();
              if (!standardized.isEmpty()) {
                steps.add(() -> builder.standardize(standardized.toArray(String[]::new)));
              }
              if (!hot.isEmpty()) {
                steps.add(() -> builder.oneHot(hot.toArray(String[]::new)));
              }
              if (!flagged.isEmpty()) {
                steps.add(() -> builder.missingIndicator(flagged.toArray(String[]::new)));
              }
              if (steps.isEmpty()) {
                steps.add(() -> builder.standardize("f64"));
              }
              Collections.rotate(steps, order);
              steps.forEach(Runnable::run);
              return builder.build();
            });
  }

  @Provide
  Arbitrary<List<Row>> training() {
    return Combinators.combine(rows(doubles(), 30), gapless())
        .as(
            (rows, gapless) -> {
              List<Row> all = new ArrayList<>(rows.stream().map(gapless::fill).toList());
              // Nothing can be learned from a column without any value.
              all.add(new Row(0.1, 0.1f, 1L, 1, 1, 1, true, BigDecimal.ONE, "JFK", 5L));
              return all;
            });
  }

  @Provide
  Arbitrary<List<Row>> asking() {
    Arbitrary<Double> anything =
        Arbitraries.oneOf(
            doubles(),
            anyDouble(),
            Arbitraries.of(
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                Double.MAX_VALUE,
                Double.MIN_VALUE,
                -0.0));
    return rows(anything, 40).filter(rows -> !rows.isEmpty());
  }

  /** Which columns have no gaps in the training data. */
  private record Gapless(boolean f64, boolean f32, boolean i64, boolean bool, boolean rest) {
    Row fill(Row row) {
      return new Row(
          f64 && row.f64 == null ? Double.valueOf(2.5) : row.f64,
          f32 && row.f32 == null ? Float.valueOf(2.5f) : row.f32,
          i64 && row.i64 == null ? Long.valueOf(3) : row.i64,
          rest && row.i32 == null ? Integer.valueOf(3) : row.i32,
          rest && row.i16 == null ? Integer.valueOf(3) : row.i16,
          i64 && row.u32 == null ? Integer.valueOf(-3) : row.u32,
          bool && row.bool == null ? Boolean.FALSE : row.bool,
          bool && row.decimal == null ? BigDecimal.TEN : row.decimal,
          rest && row.text == null ? "LHR" : row.text,
          row.code == null ? Long.valueOf(4) : row.code);
    }
  }

  private static Arbitrary<Gapless> gapless() {
    Arbitrary<Boolean> flag = Arbitraries.of(true, false);
    return Combinators.combine(flag, flag, flag, flag, flag).as(Gapless::new);
  }

  private static Arbitrary<Double> doubles() {
    return Arbitraries.oneOf(
        Arbitraries.integers().between(-5, 5).map(i -> (double) i),
        Arbitraries.longs()
            .withDistribution(RandomDistribution.uniform())
            .map(bits -> bits * 0x1p-40),
        Arbitraries.longs()
            .withDistribution(RandomDistribution.uniform())
            .map(bits -> bits * 0x1p-1050),
        Arbitraries.longs().between(0, 1000).map(i -> 1e15 + i / 8.0));
  }

  private static Arbitrary<Double> anyDouble() {
    return Arbitraries.longs()
        .withDistribution(RandomDistribution.uniform())
        .map(Double::longBitsToDouble)
        .filter(value -> !value.isNaN());
  }

  private static Arbitrary<List<Row>> rows(Arbitrary<Double> doubles, int most) {
    Arbitrary<Long> codes =
        Arbitraries.oneOf(
            Arbitraries.longs().between(-3, 3),
            Arbitraries.of(Long.MIN_VALUE, Long.MAX_VALUE, (1L << 53) + 1));
    Arbitrary<String> texts =
        Arbitraries.oneOf(
            Arbitraries.of("", "JFK", "LHR", "ZÜRICH", "東京", "\u0001", "\uFFFD", " ", "jfk"),
            Arbitraries.strings().withCharRange('à', 'ù').ofMaxLength(2));
    return Combinators.combine(
            doubles.injectNull(0.2),
            doubles.map(Double::floatValue).map(PipelineAgreementTest::finite).injectNull(0.2),
            Arbitraries.longs().injectNull(0.2),
            Arbitraries.integers().injectNull(0.2),
            Arbitraries.integers().between(-32768, 32767).injectNull(0.2),
            Arbitraries.integers().injectNull(0.2),
            Arbitraries.of(true, false).injectNull(0.2))
        .as(Numbers::new)
        .list()
        .ofMaxSize(most)
        .flatMap(
            numbers ->
                Combinators.combine(
                        Arbitraries.bigDecimals()
                            .between(
                                new BigDecimal("-999999999999999.9999"),
                                new BigDecimal("999999999999999.9999"))
                            .ofScale(4)
                            .injectNull(0.2)
                            .list()
                            .ofSize(numbers.size()),
                        texts.injectNull(0.2).list().ofSize(numbers.size()),
                        codes.list().ofSize(numbers.size()))
                    .as(
                        (decimals, words, keys) -> {
                          List<Row> rows = new ArrayList<>();
                          for (int i = 0; i < numbers.size(); i++) {
                            rows.add(
                                numbers.get(i).with(decimals.get(i), words.get(i), keys.get(i)));
                          }
                          return rows;
                        }));
  }

  private static float finite(float value) {
    return Float.isInfinite(value) ? Math.copySign(Float.MAX_VALUE, value) : value;
  }

  private record Numbers(
      Double f64, Float f32, Long i64, Integer i32, Integer i16, Integer u32, Boolean bool) {
    Row with(BigDecimal decimal, String text, Long code) {
      return new Row(f64, f32, i64, i32, i16, u32, bool, decimal, text, code);
    }
  }
}
