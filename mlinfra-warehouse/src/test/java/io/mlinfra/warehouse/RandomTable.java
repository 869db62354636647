package io.mlinfra.warehouse;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeMicroVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.TimeStampMilliVector;
import org.apache.arrow.vector.TimeStampNanoVector;
import org.apache.arrow.vector.TimeStampSecVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.FieldType;

/** A table of every type that goes into DuckDB and comes out the same, of random content. */
final class RandomTable implements AutoCloseable {
  private static final String[] TEXTS = {"", "a", "ü", "表 \uD83D\uDE80", "x\0y", "long ".repeat(9)};

  private final Random random;
  private final BufferAllocator allocator;
  private final VectorSchemaRoot root;

  RandomTable(BufferAllocator allocator, long seed, int rows, boolean numbersOnly) {
    this.random = new Random(seed);
    this.allocator = allocator;
    List<FieldVector> vectors = new ArrayList<>(numbers());
    if (!numbersOnly) {
      vectors.addAll(others());
    }
    double nulls = random.nextInt(3) / 2.0 * random.nextDouble();
    for (FieldVector vector : vectors) {
      vector.allocateNew();
      for (int row = 0; row < rows; row++) {
        if (random.nextDouble() < nulls) {
          vector.setNull(row);
        } else {
          set(vector, row);
        }
      }
      vector.setValueCount(rows);
    }
    this.root = new VectorSchemaRoot(vectors);
    root.setRowCount(rows);
  }

  private List<FieldVector> numbers() {
    return List.of(
        new BitVector("bool", allocator),
        new TinyIntVector("int8", allocator),
        new SmallIntVector("int16", allocator),
        new IntVector("int32", allocator),
        new BigIntVector("int64", allocator),
        new UInt1Vector("uint8", allocator),
        new UInt2Vector("uint16", allocator),
        new UInt4Vector("uint32", allocator),
        new Float4Vector("float", allocator),
        new Float8Vector("double", allocator),
        new DecimalVector("decimal9", allocator, 9, 2),
        new DecimalVector("decimal18", allocator, 18, 0),
        new DecimalVector("decimal38", allocator, 38, 11));
  }

  private List<FieldVector> others() {
    ListVector list = ListVector.empty("list", allocator);
    list.addOrGetVector(FieldType.nullable(new ArrowType.Int(32, true)));
    StructVector struct = StructVector.empty("struct", allocator);
    struct.addOrGet("i", FieldType.nullable(new ArrowType.Int(64, true)), BigIntVector.class);
    struct.addOrGet("s", FieldType.nullable(new ArrowType.Utf8()), VarCharVector.class);
    return List.of(
        new UInt8Vector("uint64", allocator),
        new VarCharVector("text", allocator),
        new VarBinaryVector("bytes", allocator),
        new DateDayVector("date", allocator),
        new TimeMicroVector("time", allocator),
        new TimeStampMicroVector("timestamp", allocator),
        new TimeStampSecVector("timestamp_s", allocator),
        new TimeStampMilliVector("timestamp_ms", allocator),
        new TimeStampNanoVector("timestamp_ns", allocator),
        new TimeStampMicroTZVector("moment", allocator, "UTC"),
        list,
        struct);
  }

  private void set(FieldVector vector, int row) {
    if (vector instanceof BitVector v) {
      v.setSafe(row, random.nextInt(2));
    } else if (vector instanceof TinyIntVector v) {
      v.setSafe(row, (byte) random.nextInt());
    } else if (vector instanceof SmallIntVector v) {
      v.setSafe(row, (short) random.nextInt());
    } else if (vector instanceof IntVector v) {
      v.setSafe(row, random.nextInt());
    } else if (vector instanceof BigIntVector v) {
      v.setSafe(row, number());
    } else if (vector instanceof UInt1Vector v) {
      v.setSafe(row, (byte) random.nextInt());
    } else if (vector instanceof UInt2Vector v) {
      v.setSafe(row, (char) random.nextInt());
    } else if (vector instanceof UInt4Vector v) {
      v.setSafe(row, random.nextInt());
    } else if (vector instanceof UInt8Vector v) {
      v.setSafe(row, number());
    } else if (vector instanceof Float4Vector v) {
      v.setSafe(row, (float) real());
    } else if (vector instanceof Float8Vector v) {
      v.setSafe(row, real());
    } else if (vector instanceof DecimalVector v) {
      int bits = v.getPrecision() * 10 / 3 - 1;
      BigInteger digits = new BigInteger(1 + random.nextInt(bits), random);
      v.setSafe(row, new BigDecimal(random.nextBoolean() ? digits : digits.negate(), v.getScale()));
    } else if (vector instanceof VarCharVector v) {
      v.setSafe(row, text().getBytes(StandardCharsets.UTF_8));
    } else if (vector instanceof VarBinaryVector v) {
      byte[] bytes = new byte[random.nextInt(20)];
      random.nextBytes(bytes);
      v.setSafe(row, bytes);
    } else if (vector instanceof DateDayVector v) {
      v.setSafe(row, random.nextInt(2_000_000) - 1_000_000);
    } else if (vector instanceof TimeMicroVector v) {
      v.setSafe(row, Math.floorMod(random.nextLong(), 86_400_000_000L));
    } else if (vector instanceof TimeStampSecVector v) {
      v.setSafe(row, random.nextLong() >> 25);
    } else if (vector instanceof TimeStampMilliVector v) {
      v.setSafe(row, random.nextLong() >> 14);
    } else if (vector instanceof TimeStampNanoVector v) {
      v.setSafe(row, random.nextLong() >> 1);
    } else if (vector instanceof TimeStampMicroVector v) {
      v.setSafe(row, random.nextLong() >> 4);
    } else if (vector instanceof TimeStampMicroTZVector v) {
      v.setSafe(row, random.nextLong() >> 4);
    } else if (vector instanceof ListVector v) {
      int start = v.startNewValue(row);
      int size = random.nextInt(4);
      for (int i = 0; i < size; i++) {
        ((IntVector) v.getDataVector()).setSafe(start + i, random.nextInt());
      }
      v.endValue(row, size);
    } else if (vector instanceof StructVector v) {
      v.setIndexDefined(row);
      ((BigIntVector) v.getChild("i")).setSafe(row, number());
      ((VarCharVector) v.getChild("s")).setSafe(row, text().getBytes(StandardCharsets.UTF_8));
    } else {
      throw new AssertionError(vector);
    }
  }

  private long number() {
    return random.nextInt(8) == 0 ? Long.MIN_VALUE : random.nextLong() >> random.nextInt(64);
  }

  private double real() {
    return switch (random.nextInt(12)) {
      case 0 -> Double.NaN;
      case 1 -> Double.NEGATIVE_INFINITY;
      case 2 -> -0.0;
      case 3 -> 1e300;
      default -> random.nextGaussian() * 1000;
    };
  }

  private String text() {
    return TEXTS[random.nextInt(TEXTS.length)];
  }

  VectorSchemaRoot root() {
    return root;
  }

  /** The rows as a stream; closed by the caller. */
  ArrowReader stream(int batchRows) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (VectorSchemaRoot piece = VectorSchemaRoot.create(root.getSchema(), allocator);
        ArrowStreamWriter writer = new ArrowStreamWriter(piece, null, bytes)) {
      for (int row = 0; row < root.getRowCount(); row += batchRows) {
        int rows = Math.min(batchRows, root.getRowCount() - row);
        for (int c = 0; c < root.getFieldVectors().size(); c++) {
          FieldVector to = piece.getVector(c);
          to.clear();
          to.allocateNew();
          for (int i = 0; i < rows; i++) {
            to.copyFromSafe(row + i, i, root.getVector(c));
          }
          to.setValueCount(rows);
        }
        piece.setRowCount(rows);
        writer.writeBatch();
      }
      writer.end();
    }
    return new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), allocator);
  }

  @Override
  public void close() {
    root.close();
  }
}
