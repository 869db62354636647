package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.Decimal256Vector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScorerBatchTest {
  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void everyBufferIsFreed() {
    allocator.close();
  }

  /** One input of that type, given back as float32. */
  private static Scorer float32Of(ElementType type, boolean nullable) {
    GraphBuilder graph = new GraphBuilder("as-float");
    String x = graph.input("x", type, "N", "1");
    graph.output(graph.cast(x, ElementType.FLOAT), "y", ElementType.FLOAT, "N", "1");
    graph.output(x, "same", type, "N", "1");
    return Scorer.open(Model.of(graph, nullable ? Set.of("x") : Set.of()));
  }

  private static VectorSchemaRoot batch(int rows, FieldVector... vectors) {
    for (FieldVector vector : vectors) {
      vector.setValueCount(rows);
    }
    VectorSchemaRoot root = new VectorSchemaRoot(Arrays.asList(vectors));
    root.setRowCount(rows);
    return root;
  }

  private static float[] score(Scorer scorer, VectorSchemaRoot batch) {
    float[] answers = new float[batch.getRowCount()];
    scorer.score(batch, "y", FloatBuffer.wrap(answers));
    return answers;
  }

  private static void unsuitable(Runnable call, String... says) {
    Assertions.assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(call::run)
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE);
              assertThat(e.getMessage()).contains(says);
            });
  }

  private List<FieldVector> numbers(long... values) {
    TinyIntVector i8 = new TinyIntVector("x", allocator);
    SmallIntVector i16 = new SmallIntVector("x", allocator);
    IntVector i32 = new IntVector("x", allocator);
    BigIntVector i64 = new BigIntVector("x", allocator);
    UInt1Vector u8 = new UInt1Vector("x", allocator);
    UInt2Vector u16 = new UInt2Vector("x", allocator);
    UInt4Vector u32 = new UInt4Vector("x", allocator);
    Float4Vector f32 = new Float4Vector("x", allocator);
    Float8Vector f64 = new Float8Vector("x", allocator);
    DecimalVector decimal = new DecimalVector("x", allocator, 38, 4);
    Decimal256Vector decimal256 = new Decimal256Vector("x", allocator, 60, 4);
    for (int i = 0; i < values.length; i++) {
      long value = values[i];
      i8.setSafe(i, (byte) value);
      i16.setSafe(i, (short) value);
      i32.setSafe(i, (int) value);
      i64.setSafe(i, value);
      u8.setSafe(i, (byte) value);
      u16.setSafe(i, (char) value);
      u32.setSafe(i, (int) value);
      f32.setSafe(i, value);
      f64.setSafe(i, value);
      decimal.setSafe(i, BigDecimal.valueOf(value).setScale(4));
      decimal256.setSafe(i, BigDecimal.valueOf(value).setScale(4));
    }
    return List.of(i8, i16, i32, i64, u8, u16, u32, f32, f64, decimal, decimal256);
  }

  @Test
  void readsEveryNumericTypeThatTheColumnHolds() {
    List<Integer> accepted = new ArrayList<>();
    for (ElementType type : List.of(ElementType.FLOAT, ElementType.DOUBLE, ElementType.INT64)) {
      try (Scorer scorer = float32Of(type, false)) {
        int count = 0;
        for (FieldVector vector : numbers(0, 1, 100, 7)) {
          try (VectorSchemaRoot batch = batch(4, vector)) {
            assertThat(score(scorer, batch)).containsExactly(0, 1, 100, 7);
            count++;
          } catch (MlInfraException e) {
            assertThat(e)
                .hasMessageContaining("column 'x' has the type")
                .hasMessageContaining("must be");
          }
        }
        accepted.add(count);
      }
    }
    assertThat(accepted).as("of 11 for float32, float64, int64").containsExactly(9, 11, 7);
  }

  @Test
  void readsUnsignedNumbersAsUnsigned() {
    try (Scorer scorer = float32Of(ElementType.INT64, false)) {
      List<FieldVector> vectors = numbers(-1);
      float[] expected = {-1, -1, -1, -1, 255, 65535, 0x1p32f};
      for (int i = 0; i < vectors.size(); i++) {
        try (VectorSchemaRoot batch = batch(1, vectors.get(i))) {
          if (i < expected.length) {
            assertThat(score(scorer, batch)).containsExactly(expected[i]);
          }
        }
      }
    }
  }

  @Test
  void refusesNumbersThatTheColumnCannotHoldAndNamesTheRow() {
    try (Scorer floats = float32Of(ElementType.FLOAT, false);
        Scorer doubles = float32Of(ElementType.DOUBLE, false);
        BigIntVector longs = new BigIntVector("x", allocator);
        Float8Vector tenths = new Float8Vector("x", allocator)) {
      longs.setSafe(0, 5);
      longs.setSafe(1, (1L << 53) + 1);
      tenths.setSafe(0, Double.NaN);
      tenths.setSafe(1, 0.25);
      tenths.setSafe(2, 0.1);
      VectorSchemaRoot twoLongs = batch(2, longs);
      VectorSchemaRoot threeTenths = batch(3, tenths);
      unsuitable(
          () -> score(doubles, twoLongs),
          "column 'x' at row 1 is 9007199254740993, which float64 cannot hold");
      unsuitable(() -> score(floats, twoLongs), "column 'x' at row 1 is 9007199254740993");
      unsuitable(
          () -> score(floats, threeTenths),
          "column 'x' at row 2 is 0.1, which float32 cannot hold");
    }
  }

  @Test
  void readsDecimalsAsTheNearestDouble() {
    GraphBuilder graph = new GraphBuilder("is-a-tenth");
    String x = graph.input("x", ElementType.DOUBLE, "N", "1");
    String tenth = graph.constant(TensorValue.doubles(new double[] {0.1}, 1, 1));
    graph.output(
        graph.cast(graph.node("Equal", x, tenth), ElementType.FLOAT),
        "y",
        ElementType.FLOAT,
        "N",
        "1");
    try (Scorer scorer = Scorer.open(Model.of(graph, Set.of()));
        DecimalVector decimals = new DecimalVector("x", allocator, 20, 3)) {
      decimals.setSafe(0, new BigDecimal("0.100"));
      decimals.setSafe(1, new BigDecimal("0.101"));
      assertThat(score(scorer, batch(2, decimals))).containsExactly(1, 0);
    }
  }

  @Test
  void readsTextsAndTruths() {
    try (Scorer truths = float32Of(ElementType.BOOL, false);
        Scorer texts = Scorer.open(Models.category(List.of("JFK", "😀", "")));
        BitVector bits = new BitVector("x", allocator);
        VarCharVector names = new VarCharVector("text", allocator)) {
      for (int i = 0; i < 20; i++) {
        bits.setSafe(i, i % 3 == 0 ? 1 : 0);
      }
      float[] answers = score(truths, batch(20, bits));
      for (int i = 0; i < 20; i++) {
        assertThat(answers[i]).isEqualTo(i % 3 == 0 ? 1 : 0);
      }
      String[] values = {"😀", "LAX", "", "JFK", "a\u0000"};
      for (int i = 0; i < values.length; i++) {
        names.setSafe(i, values[i].getBytes(StandardCharsets.UTF_8));
      }
      float[] indexes = new float[5];
      texts.score(batch(5, names), "index", FloatBuffer.wrap(indexes));
      assertThat(indexes).containsExactly(2, 0, 3, 1, 0);
    }
  }

  @Test
  void refusesTextThatIsNotUtf8() {
    try (Scorer texts = Scorer.open(Models.category(List.of("\uFFFD")));
        VarCharVector names = new VarCharVector("text", allocator)) {
      names.setSafe(0, "\uFFFD".getBytes(StandardCharsets.UTF_8));
      names.setSafe(1, new byte[] {'a', (byte) 0xC3});
      float[] indexes = new float[2];
      VectorSchemaRoot batch = batch(2, names);
      unsuitable(
          () -> texts.score(batch, "index", FloatBuffer.wrap(indexes)),
          "column 'text' at row 1 is not UTF-8");
      batch.setRowCount(1);
      texts.score(batch, "index", FloatBuffer.wrap(indexes));
      assertThat(indexes[0]).isEqualTo(1);
    }
  }

  @Test
  void passesMissingNumbersAsNaNWhereTheModelTakesThem() {
    for (ElementType type : List.of(ElementType.FLOAT, ElementType.DOUBLE)) {
      try (Scorer scorer = float32Of(type, true)) {
        for (FieldVector vector : numbers(3, 4, 5)) {
          vector.setNull(1);
          try (VectorSchemaRoot batch = batch(3, vector)) {
            assertThat(score(scorer, batch)).containsExactly(3, Float.NaN, 5);
          } catch (MlInfraException e) {
            assertThat(vector).isInstanceOfAny(DecimalVector.class, Decimal256Vector.class);
          }
        }
      }
    }
  }

  @Test
  void refusesMissingValuesElsewhereAndNamesTheRow() {
    for (ElementType type : List.of(ElementType.FLOAT, ElementType.DOUBLE, ElementType.INT64)) {
      try (Scorer scorer = float32Of(type, false);
          IntVector vector = new IntVector("x", allocator)) {
        vector.setSafe(0, 1);
        vector.setNull(1);
        VectorSchemaRoot batch = batch(2, vector);
        unsuitable(
            () -> score(scorer, batch), "column 'x' at row 1 is null", "does not take missing");
      }
    }
    try (Scorer scorer = float32Of(ElementType.INT64, true);
        BigIntVector vector = new BigIntVector("x", allocator)) {
      vector.setNull(0);
      VectorSchemaRoot batch = batch(1, vector);
      unsuitable(() -> score(scorer, batch), "at row 0 is null", "int64 has no missing value");
    }
  }

  @Test
  void refusesColumnsOfOtherTypes() {
    try (Scorer scorer = float32Of(ElementType.INT64, false);
        TimeStampMicroVector time = new TimeStampMicroVector("x", allocator);
        UInt8Vector unsigned = new UInt8Vector("x", allocator);
        VarCharVector text = new VarCharVector("x", allocator);
        IntVector codes =
            new IntVector(
                "x",
                new FieldType(
                    true, new ArrowType.Int(32, true), new DictionaryEncoding(1, false, null)),
                allocator)) {
      for (FieldVector vector : List.of(time, unsigned, text)) {
        VectorSchemaRoot batch = batch(0, vector);
        unsuitable(() -> score(scorer, batch), "column 'x' has the type", "must be int64");
      }
      VectorSchemaRoot batch = batch(0, codes);
      unsuitable(() -> score(scorer, batch), "column 'x' is dictionary-encoded");
    }
  }

  @Test
  void refusesMissingAndAmbiguousColumnsAndPassesOverOthers() {
    try (Scorer scorer = Scorer.open(Models.times(2));
        Float4Vector x = new Float4Vector("x", allocator);
        Float4Vector again = new Float4Vector("x", allocator);
        TimeStampMicroVector other = new TimeStampMicroVector("date", allocator)) {
      x.setSafe(0, 3);
      VectorSchemaRoot without = batch(1, other);
      VectorSchemaRoot twice = batch(1, x, again);
      unsuitable(() -> score(scorer, without), "column 'x' is missing; the batch has date");
      unsuitable(() -> score(scorer, twice), "column 'x' is there twice");
      assertThat(score(scorer, batch(1, other, x))).containsExactly(6);
    }
  }

  @Test
  void refusesAColumnShorterThanItsBatch() {
    try (Scorer scorer = Scorer.open(Models.times(2));
        Float4Vector x = new Float4Vector("x", allocator)) {
      x.setSafe(0, 3);
      x.setValueCount(1);
      VectorSchemaRoot batch = new VectorSchemaRoot(List.of(x.getField()), List.of(x), 1_000_000);
      unsuitable(() -> score(scorer, batch), "column 'x' has 1 values for 1000000 rows");
    }
  }

  @Test
  void scoresABatchWithoutRows() {
    try (Scorer scorer = Scorer.open(Models.times(2));
        Float4Vector x = new Float4Vector("x", allocator)) {
      FloatBuffer into = FloatBuffer.allocate(0);
      scorer.score(batch(0, x), "y", into);
      assertThat(into.position()).isZero();
    }
  }

  @Test
  void writesIntoAnyBufferFromItsPositionOn() {
    int rows = 2 * BatchContext.ROWS_A_RUN + 3;
    try (Scorer scorer = Scorer.open(Models.times(2));
        Float4Vector x = new Float4Vector("x", allocator);
        FloatBlock block = FloatBlock.allocate(allocator, rows + 2, 1)) {
      for (int i = 0; i < rows; i++) {
        x.setSafe(i, i);
      }
      VectorSchemaRoot batch = batch(rows, x);
      ByteBuffer direct = ByteBuffer.allocateDirect(4 * (rows + 2));
      for (FloatBuffer into :
          List.of(
              FloatBuffer.allocate(rows + 2),
              direct.order(ByteOrder.BIG_ENDIAN).asFloatBuffer(),
              direct.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer(),
              block.rows(0, rows + 2))) {
        into.put(0, -7).put(rows + 1, -7).position(1);
        scorer.score(batch, "y", into);
        assertThat(into.position()).isEqualTo(rows + 1);
        assertThat(into.get(0)).isEqualTo(-7);
        assertThat(into.get(rows + 1)).isEqualTo(-7);
        for (int i = 0; i < rows; i++) {
          assertThat(into.get(i + 1)).isEqualTo(2f * i);
        }
      }
    }
  }

  @Test
  void refusesABufferThatCannotTakeTheAnswers() {
    try (Scorer scorer = Scorer.open(Models.times(2));
        Float4Vector x = new Float4Vector("x", allocator)) {
      x.setSafe(0, 1);
      x.setSafe(1, 1);
      VectorSchemaRoot batch = batch(2, x);
      FloatBuffer small = FloatBuffer.allocate(3).position(2);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(batch, "y", small))
          .withMessageContaining("room for 1 answers")
          .withMessageContaining("2 rows");
      assertThat(small.position()).isEqualTo(2);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(batch, "y", FloatBuffer.allocate(2).asReadOnlyBuffer()))
          .withMessageContaining("read-only");
    }
  }

  @Test
  void refusesAnUnknownOutputAndOneThatIsNotFloat32() {
    try (Scorer scorer = float32Of(ElementType.DOUBLE, false);
        Float8Vector x = new Float8Vector("x", allocator)) {
      VectorSchemaRoot batch = batch(0, x);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(batch, "z", FloatBuffer.allocate(0)))
          .withMessage("the model has no output 'z'; its outputs are y, same");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(batch, "same", FloatBuffer.allocate(0)))
          .withMessageContaining("'same' is float64");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(new Batches(allocator, 0, 1), "z"));
    }
  }

  @Test
  void scoresAllBatchesOfAReaderAndLeavesItOpen() throws Exception {
    try (Scorer scorer = Scorer.open(Models.times(2));
        Batches reader = new Batches(allocator, 7, 1000)) {
      float[] answers = scorer.score(reader, "y");
      assertThat(answers).hasSize(7000);
      for (int i = 0; i < answers.length; i++) {
        assertThat(answers[i]).isEqualTo(2f * i);
      }
      assertThat(reader.getVectorSchemaRoot().getRowCount()).isEqualTo(1000);
      assertThat(scorer.score(reader, "y")).isEmpty();
    }
  }

  @Test
  void countsRowsFromTheReadersStartAndReportsItsFailure() throws Exception {
    try (Scorer scorer = Scorer.open(Models.times(2));
        Batches missing = new Batches(allocator, 3, 10).withNullAt(25);
        Batches failing = new Batches(allocator, 3, 10).failingAt(2)) {
      unsuitable(() -> scorer.score(missing, "y"), "column 'x' at row 25 is null");
      Assertions.assertThatExceptionOfType(MlInfraException.class)
          .isThrownBy(() -> scorer.score(failing, "y"))
          .withMessageContaining("the disk is gone")
          .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IO_FAILED));
    }
  }

  @Test
  void refusesToScoreAfterClosing() throws Exception {
    Scorer scorer = Scorer.open(Models.times(2));
    scorer.close();
    try (Float4Vector x = new Float4Vector("x", allocator);
        Batches reader = new Batches(allocator, 1, 1)) {
      VectorSchemaRoot batch = batch(0, x);
      assertThatIllegalStateException()
          .isThrownBy(() -> scorer.score(batch, "y", FloatBuffer.allocate(0)));
      assertThatIllegalStateException().isThrownBy(() -> scorer.score(reader, "y"));
    }
  }
}
