package io.mlinfra.monitoring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Batches and profiles from plain Java values; null is a missing value. */
final class Batches {
  private Batches() {}

  static FieldVector doubles(BufferAllocator allocator, String name, Double... values) {
    Float8Vector vector = new Float8Vector(name, allocator);
    vector.allocateNew(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] == null) {
        vector.setNull(i);
      } else {
        vector.set(i, values[i]);
      }
    }
    vector.setValueCount(values.length);
    return vector;
  }

  static FieldVector longs(BufferAllocator allocator, String name, Long... values) {
    BigIntVector vector = new BigIntVector(name, allocator);
    vector.allocateNew(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] == null) {
        vector.setNull(i);
      } else {
        vector.set(i, values[i]);
      }
    }
    vector.setValueCount(values.length);
    return vector;
  }

  static FieldVector moments(BufferAllocator allocator, String name, Long... microseconds) {
    TimeStampMicroVector vector = new TimeStampMicroVector(name, allocator);
    vector.allocateNew(microseconds.length);
    for (int i = 0; i < microseconds.length; i++) {
      if (microseconds[i] == null) {
        vector.setNull(i);
      } else {
        vector.set(i, microseconds[i]);
      }
    }
    vector.setValueCount(microseconds.length);
    return vector;
  }

  static FieldVector bools(BufferAllocator allocator, String name, Boolean... values) {
    BitVector vector = new BitVector(name, allocator);
    vector.allocateNew(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] == null) {
        vector.setNull(i);
      } else {
        vector.set(i, values[i] ? 1 : 0);
      }
    }
    vector.setValueCount(values.length);
    return vector;
  }

  static FieldVector texts(BufferAllocator allocator, String name, String... values) {
    VarCharVector vector = new VarCharVector(name, allocator);
    vector.allocateNew(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] == null) {
        vector.setNull(i);
      } else {
        vector.setSafe(i, values[i].getBytes(StandardCharsets.UTF_8));
      }
    }
    vector.setValueCount(values.length);
    return vector;
  }

  /** Closing it closes the vectors. */
  static VectorSchemaRoot batch(FieldVector... vectors) {
    VectorSchemaRoot root = VectorSchemaRoot.of(vectors);
    root.setRowCount(vectors[0].getValueCount());
    return root;
  }

  /** Makes vectors in an allocator that is closed afterwards. */
  interface Columns {
    FieldVector[] in(BufferAllocator allocator);
  }

  static Profile profile(Columns columns) {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = batch(columns.in(allocator))) {
      return Profile.builder().accept(batch).build();
    }
  }

  /** The profile of one column {@code x} of numbers. */
  static Profile ofDoubles(double... values) {
    Double[] boxed = Arrays.stream(values).boxed().toArray(Double[]::new);
    return profile(allocator -> new FieldVector[] {doubles(allocator, "x", boxed)});
  }

  /** The profile of one column {@code x} of integers. */
  static Profile ofLongs(long... values) {
    Long[] boxed = Arrays.stream(values).boxed().toArray(Long[]::new);
    return profile(allocator -> new FieldVector[] {longs(allocator, "x", boxed)});
  }

  /** The profile of one column {@code x} of texts. */
  static Profile ofTexts(String... values) {
    return profile(allocator -> new FieldVector[] {texts(allocator, "x", values)});
  }
}
