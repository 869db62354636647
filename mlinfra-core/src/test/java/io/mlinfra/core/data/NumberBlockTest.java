package io.mlinfra.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NumberBlockTest {
  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void nothingIsLeft() {
    allocator.close();
  }

  /** A column of doubles, null where the value is NaN. */
  private Float8Vector column(double... values) {
    Float8Vector vector = new Float8Vector("v", allocator);
    for (int row = 0; row < values.length; row++) {
      if (Double.isNaN(values[row])) {
        vector.setNull(row);
      } else {
        vector.setSafe(row, values[row]);
      }
    }
    return vector;
  }

  private VectorSchemaRoot batch(int rows, FieldVector... columns) {
    VectorSchemaRoot batch = new VectorSchemaRoot(List.of(columns));
    batch.setRowCount(rows);
    return batch;
  }

  @Test
  void putsRowAfterRowOrColumnAfterColumn() {
    double[] rowMajor = new double[6];
    double[] columnMajor = new double[6];
    try (VectorSchemaRoot batch = batch(3, column(1, 2, 3), column(4, 5, 6))) {
      NumberBlock.doubles(DoubleBuffer.wrap(rowMajor), 3, 2).copy(batch, 0);
      NumberBlock.doubles(DoubleBuffer.wrap(columnMajor), 3, 2).columnMajor().copy(batch, 0);
    }
    assertThat(rowMajor).containsExactly(1, 4, 2, 5, 3, 6);
    assertThat(columnMajor).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void leavesWhatLiesAroundTheRowsAlone() {
    float[] memory = new float[12];
    Arrays.fill(memory, -1);
    byte[] mask = new byte[9];
    Arrays.fill(mask, (byte) 7);
    FloatBuffer buffer = FloatBuffer.wrap(memory).position(1);
    ByteBuffer present = ByteBuffer.wrap(mask).position(1);
    try (VectorSchemaRoot batch = batch(2, column(1, Double.NaN), column(3, 4))) {
      NumberBlock.floats(buffer, 4, 2).columnMajor().mask(present).copy(batch, 1);
    }
    assertThat(memory).containsExactly(-1, -1, 1, Float.NaN, -1, -1, 3, 4, -1, -1, -1, -1);
    assertThat(mask).containsExactly(7, 7, 1, 0, 7, 7, 1, 1, 7);
    assertThat(buffer.position()).isEqualTo(1);
    assertThat(present.position()).isEqualTo(1);
  }

  @Test
  void tellsMissingValuesFromThoseThatAreNoNumber() {
    float[] values = new float[2];
    byte[] mask = new byte[2];
    Float8Vector vector = column(0, Double.NaN);
    vector.set(0, Double.NaN);
    try (VectorSchemaRoot batch = batch(2, vector)) {
      NumberBlock.floats(FloatBuffer.wrap(values), 2, 1).mask(ByteBuffer.wrap(mask)).copy(batch, 0);
    }
    assertThat(values).containsOnly(Float.NaN);
    assertThat(mask).containsExactly(1, 0);
  }

  @Test
  void findsEveryMissingValueOfALongColumn() {
    Random random = new Random(3);
    for (double nulls : new double[] {0, 0.001, 0.5, 1}) {
      double[] expected = new double[40_003];
      for (int row = 0; row < expected.length; row++) {
        expected[row] = random.nextDouble() < nulls ? Double.NaN : row;
      }
      double[] values = new double[expected.length * 2];
      byte[] mask = new byte[values.length];
      try (VectorSchemaRoot batch = batch(expected.length, column(expected), column(expected))) {
        NumberBlock.doubles(DoubleBuffer.wrap(values), expected.length, 2)
            .mask(ByteBuffer.wrap(mask))
            .copy(batch, 0);
      }
      double[] twice = new double[values.length];
      byte[] present = new byte[values.length];
      for (int i = 0; i < values.length; i++) {
        twice[i] = expected[i / 2];
        present[i] = (byte) (Double.isNaN(twice[i]) ? 0 : 1);
      }
      assertThat(values).isEqualTo(twice);
      assertThat(mask).isEqualTo(present);
    }
  }

  @Test
  void roundsIntegersOnceToTheNearest() {
    Random random = new Random(5);
    int rows = 2_000;
    long[] given = random.longs(rows).map(v -> v >> random.nextInt(64)).toArray();
    given[0] = (1L << 53) + 1;
    given[1] = Long.MIN_VALUE;
    given[2] = -1;
    // Halfway between two floats but for the last bit, which a double loses.
    given[3] = (1L << 62) + (1L << 38) + 1;
    given[4] = Long.MIN_VALUE + (1L << 39) + 1;
    BigIntVector signed = new BigIntVector("signed", allocator);
    UInt8Vector unsigned = new UInt8Vector("unsigned", allocator);
    for (int row = 0; row < rows; row++) {
      signed.setSafe(row, given[row]);
      unsigned.setSafe(row, given[row]);
    }
    float[] floats = new float[rows * 2];
    double[] doubles = new double[rows * 2];
    try (VectorSchemaRoot batch = batch(rows, signed, unsigned)) {
      NumberBlock.floats(FloatBuffer.wrap(floats), rows, 2).copy(batch, 0);
      NumberBlock.doubles(DoubleBuffer.wrap(doubles), rows, 2).copy(batch, 0);
    }
    for (int row = 0; row < rows; row++) {
      BigDecimal exact = new BigDecimal(new BigInteger(Long.toUnsignedString(given[row])));
      assertThat(floats[2 * row]).isEqualTo((float) given[row]);
      assertThat(doubles[2 * row]).isEqualTo((double) given[row]);
      assertThat(floats[2 * row + 1]).isEqualTo(Float.parseFloat(exact.toString()));
      assertThat(doubles[2 * row + 1]).isEqualTo(Double.parseDouble(exact.toString()));
    }
  }

  @Test
  void fillsABlockUntilItIsClosed() {
    FloatBlock block = FloatBlock.allocate(allocator, 2, 1);
    try (VectorSchemaRoot batch = batch(1, column(4))) {
      NumberBlock numbers = NumberBlock.of(block);
      numbers.copy(batch, 1);
      assertThat(block.get(1, 0)).isEqualTo(4);
      block.close();
      assertThatThrownBy(() -> numbers.copy(batch, 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the block is closed");
    }
  }

  @Test
  void refusesMemoryThatWillNotDo() {
    FloatBuffer six = FloatBuffer.allocate(6);
    refused(() -> NumberBlock.floats(six, 2, 4), "room for 6 values, must have it for 2 x 4");
    refused(() -> NumberBlock.floats(six.slice(1, 5), 2, 3), "room for 5 values");
    refused(
        () -> NumberBlock.floats(six, Integer.MAX_VALUE, Integer.MAX_VALUE), "room for 6 values");
    refused(() -> NumberBlock.floats(six, -1, 3), "rows (-1) must be >= 0");
    refused(() -> NumberBlock.floats(six, 1, 0), "columns (0) must be > 0");
    refused(() -> NumberBlock.floats(six.asReadOnlyBuffer(), 2, 3), "memory is a read-only buffer");
    DoubleBuffer swapped =
        ByteBuffer.allocateDirect(48)
            .order(
                ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN
                    ? ByteOrder.LITTLE_ENDIAN
                    : ByteOrder.BIG_ENDIAN)
            .asDoubleBuffer();
    refused(
        () -> NumberBlock.doubles(swapped, 2, 3), "byte order", "order(ByteOrder.nativeOrder())");
    NumberBlock block = NumberBlock.floats(six, 2, 3);
    refused(() -> block.mask(ByteBuffer.allocate(5)), "mask has room for 5 values");
    refused(
        () -> block.mask(ByteBuffer.allocate(6).asReadOnlyBuffer()), "mask is a read-only buffer");
  }

  @Test
  void refusesBatchesThatDoNotFit() {
    float[] memory = {-1, -1};
    NumberBlock block = NumberBlock.floats(FloatBuffer.wrap(memory), 2, 1);
    try (VectorSchemaRoot two = batch(1, column(1), column(2));
        VectorSchemaRoot three = batch(3, column(1, 2, 3));
        VectorSchemaRoot text = batch(0, new VarCharVector("origin", allocator))) {
      refused(() -> block.copy(two, 0), "there are 2 columns to read, the block has 1");
      for (int first : new int[] {-1, 0, 2, Integer.MAX_VALUE}) {
        assertThatThrownBy(() -> block.copy(three, first))
            .isInstanceOf(IndexOutOfBoundsException.class)
            .hasMessageEndingWith("of 2");
      }
      assertThatThrownBy(() -> block.copy(text, 0))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
          .hasMessageContaining("'origin'");
    }
    assertThat(memory).containsOnly(-1);
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(parts);
  }
}
