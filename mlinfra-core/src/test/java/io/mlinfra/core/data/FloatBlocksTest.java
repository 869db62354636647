package io.mlinfra.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FloatBlocksTest {
  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void nothingIsLeft() {
    allocator.close();
  }

  @Test
  void copiesEveryTypeOfNumber() {
    check(new TinyIntVector("v", allocator), TinyIntVector::setSafe, -128, 127);
    check(new SmallIntVector("v", allocator), SmallIntVector::setSafe, -32768, 32767);
    check(new IntVector("v", allocator), IntVector::setSafe, Integer.MIN_VALUE, 16777217);
    check(new UInt1Vector("v", allocator), UInt1Vector::setSafe, 255, 255f);
    check(new UInt2Vector("v", allocator), UInt2Vector::setSafe, 65535, 65535f);
    check(new UInt4Vector("v", allocator), UInt4Vector::setSafe, -1, 4294967295f);
    check(new BitVector("v", allocator), BitVector::setSafe, 1, 1f);
  }

  private interface IntSetter<V> {
    void set(V vector, int row, int value);
  }

  /** Row 0 and 2 hold the first value, row 3 the second, row 1 is null. */
  private <V extends FieldVector> void check(V vector, IntSetter<V> setter, int a, int b) {
    setter.set(vector, 3, b);
    check(vector, setter, a, (float) a, b);
  }

  private <V extends FieldVector> void check(V vector, IntSetter<V> setter, int a, float expected) {
    setter.set(vector, 3, a);
    check(vector, setter, a, expected, expected);
  }

  private <V extends FieldVector> void check(
      V vector, IntSetter<V> setter, int a, float first, float last) {
    setter.set(vector, 0, a);
    setter.set(vector, 2, a);
    vector.setNull(1);
    assertThat(values(vector, 4)).containsExactly(first, Float.NaN, first, last);
  }

  @Test
  void roundsLongsAndDoublesOnce() {
    BigIntVector longs = new BigIntVector("v", allocator);
    long[] given = {Long.MIN_VALUE, Long.MAX_VALUE, (1L << 53) + 1, 0x1000001L, -1};
    for (int i = 0; i < given.length; i++) {
      longs.setSafe(i, given[i]);
    }
    assertThat(values(longs, given.length))
        .containsExactly(
            (float) given[0], (float) given[1], (float) given[2], (float) given[3], -1f);

    Float8Vector doubles = new Float8Vector("v", allocator);
    double[] more = {Math.PI, -0.0, Double.NaN, Double.MAX_VALUE, Double.MIN_VALUE};
    for (int i = 0; i < more.length; i++) {
      doubles.setSafe(i, more[i]);
    }
    assertThat(values(doubles, more.length))
        .containsExactly((float) Math.PI, -0.0f, Float.NaN, Float.POSITIVE_INFINITY, 0f);
  }

  @Test
  void takesDecimalsByTheNearestDouble() {
    Random random = new Random(1);
    for (int scale : new int[] {0, 1, 10, 22, 23, 38}) {
      DecimalVector vector = new DecimalVector("v", allocator, 38, scale);
      float[] expected = new float[500];
      for (int row = 0; row < expected.length; row++) {
        BigInteger digits = new BigInteger(1 + random.nextInt(125), random);
        BigDecimal value = new BigDecimal(random.nextBoolean() ? digits : digits.negate(), scale);
        if (row % 7 == 3) {
          vector.setNull(row);
          expected[row] = Float.NaN;
        } else {
          vector.setSafe(row, value);
          expected[row] = (float) value.doubleValue();
        }
      }
      assertThat(values(vector, expected.length)).containsExactly(expected);
    }
  }

  @Test
  void refusesWhatIsNoNumberByName() {
    assertRefused(new VarCharVector("origin", allocator), "origin");
    FieldType code = FieldType.nullable(new ArrowType.Int(8, false));
    assertRefused(
        new UInt1Vector(
            "mood",
            new FieldType(true, code.getType(), new DictionaryEncoding(1, false, null)),
            allocator),
        "mood");
  }

  private void assertRefused(FieldVector vector, String name) {
    try (VectorSchemaRoot batch = new VectorSchemaRoot(List.of(vector));
        FloatBlock block = FloatBlock.allocate(allocator, 1, 1)) {
      assertThatThrownBy(() -> FloatBlocks.copy(batch, block, 0))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("'" + name + "'")
          .extracting(e -> ((MlInfraException) e).code())
          .isEqualTo(ErrorCode.DATA_UNSUITABLE);
    }
  }

  @Test
  void refusesABatchThatDoesNotFit() {
    Float4Vector vector = new Float4Vector("v", allocator);
    vector.setSafe(2, 1f);
    try (VectorSchemaRoot batch = batch(3, vector);
        FloatBlock block = FloatBlock.allocate(allocator, 4, 1);
        FloatBlock wide = FloatBlock.allocate(allocator, 4, 2)) {
      assertThatThrownBy(() -> FloatBlocks.copy(batch, block, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> FloatBlocks.copy(batch, wide, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 columns")
          .hasMessageContaining("2");
    }
  }

  @Test
  void readsAStreamOfAnyLengthAndWidth() {
    for (int columns : new int[] {1, 3, 700}) {
      int many = 100_000 / columns;
      for (int[] sizes : new int[][] {{}, {0}, {1}, {100, 1, 0, many}, {many, 3 * many}}) {
        int total = Arrays.stream(sizes).sum();
        try (Numbers reader = new Numbers(allocator, columns, sizes);
            FloatBlock block = FloatBlocks.read(reader, allocator)) {
          assertThat(block.rows()).isEqualTo(total);
          assertThat(block.columns()).isEqualTo(columns);
          for (int row = 0; row < total; row++) {
            if (block.get(row, columns - 1) != row + columns - 1 || block.get(row, 0) != row) {
              throw new AssertionError("row " + row + " of " + total + " x " + columns);
            }
          }
        }
      }
    }
  }

  @Test
  void leavesNothingWhenTheStreamBreaksOrMemoryEnds() {
    try (Numbers reader = new Numbers(allocator, 2, 100_000, -1)) {
      assertThatThrownBy(() -> FloatBlocks.read(reader, allocator))
          .isInstanceOf(MlInfraException.class)
          .hasMessageContaining("torn");
    }
    try (Numbers reader = new Numbers(allocator, 2, 100_000, 100_000);
        BufferAllocator small = allocator.newChildAllocator("small", 0, 1 << 20)) {
      assertThatThrownBy(() -> FloatBlocks.read(reader, small))
          .isInstanceOf(OutOfMemoryException.class);
      assertThat(small.getAllocatedMemory()).isZero();
    }
  }

  private float[] values(FieldVector vector, int rows) {
    try (VectorSchemaRoot batch = batch(rows, vector);
        FloatBlock block = FloatBlock.allocate(allocator, rows + 1, 1)) {
      block.set(0, 0, 42);
      FloatBlocks.copy(batch, block, 1);
      assertThat(block.get(0, 0)).isEqualTo(42);
      float[] values = new float[rows];
      block.rows(1, rows).get(values);
      return values;
    }
  }

  private static VectorSchemaRoot batch(int rows, FieldVector vector) {
    vector.setValueCount(rows);
    VectorSchemaRoot batch = new VectorSchemaRoot(List.of(vector));
    batch.setRowCount(rows);
    return batch;
  }

  /** Row r, column c is r + c. A size of -1 tears. */
  private static final class Numbers extends ArrowReader {
    private final int columns;
    private final int[] sizes;
    private int batch;
    private int first;

    Numbers(BufferAllocator allocator, int columns, int... sizes) {
      super(allocator);
      this.columns = columns;
      this.sizes = sizes;
    }

    @Override
    public boolean loadNextBatch() throws IOException {
      prepareLoadNextBatch();
      if (batch == sizes.length) {
        return false;
      }
      int size = sizes[batch++];
      if (size < 0) {
        throw new IOException("torn");
      }
      VectorSchemaRoot root = getVectorSchemaRoot();
      for (int c = 0; c < columns; c++) {
        Float8Vector vector = (Float8Vector) root.getVector(c);
        vector.allocateNew(size);
        for (int row = 0; row < size; row++) {
          vector.set(row, first + row + c);
        }
      }
      root.setRowCount(size);
      first += size;
      return true;
    }

    @Override
    protected Schema readSchema() {
      List<org.apache.arrow.vector.types.pojo.Field> fields = new ArrayList<>();
      for (int c = 0; c < columns; c++) {
        fields.add(
            org.apache.arrow.vector.types.pojo.Field.nullable(
                "c" + c,
                new ArrowType.FloatingPoint(
                    org.apache.arrow.vector.types.FloatingPointPrecision.DOUBLE)));
      }
      return new Schema(fields);
    }

    @Override
    public void close() {
      try {
        super.close();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public long bytesRead() {
      return 0;
    }

    @Override
    protected void closeReadSource() {}
  }
}
