package io.mlinfra.core.onnx;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;

/**
 * A constant tensor. Immutable: arrays are copied on the way in and out. Two are equal if type,
 * shape and values are, where NaN equals NaN and 0.0 differs from -0.0.
 */
public final class TensorValue {
  private final ElementType type;
  private final long[] shape;
  private final Object values;

  private TensorValue(ElementType type, long[] shape, Object values, int count) {
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " must not be negative");
      }
    }
    // In any width: the dimensions may come from a damaged file.
    BigInteger size =
        Arrays.stream(shape)
            .mapToObj(BigInteger::valueOf)
            .reduce(BigInteger.ONE, BigInteger::multiply);
    if (!size.equals(BigInteger.valueOf(count))) {
      throw new IllegalArgumentException(
          "shape " + Arrays.toString(shape) + " holds " + size + " values, not " + count);
    }
    this.type = type;
    this.shape = shape;
    this.values = values;
  }

  /** A vector, or with a shape a tensor in row-major order; an empty shape is a scalar. */
  public static TensorValue floats(float[] values, long... shape) {
    return new TensorValue(ElementType.FLOAT, shape.clone(), values.clone(), values.length);
  }

  /** As {@link #floats}. */
  public static TensorValue doubles(double[] values, long... shape) {
    return new TensorValue(ElementType.DOUBLE, shape.clone(), values.clone(), values.length);
  }

  /** As {@link #floats}. */
  public static TensorValue int64s(long[] values, long... shape) {
    return new TensorValue(ElementType.INT64, shape.clone(), values.clone(), values.length);
  }

  /** As {@link #floats}. */
  public static TensorValue bools(boolean[] values, long... shape) {
    return new TensorValue(ElementType.BOOL, shape.clone(), values.clone(), values.length);
  }

  /** As {@link #floats}. */
  public static TensorValue strings(List<String> values, long... shape) {
    return new TensorValue(ElementType.STRING, shape.clone(), List.copyOf(values), values.size());
  }

  /**
   * As {@link #floats}, of a type that has no other method here.
   *
   * @param littleEndian the elements one after the other
   * @throws IllegalArgumentException if the type has a method of its own
   */
  public static TensorValue raw(ElementType type, byte[] littleEndian, long... shape) {
    if (!type.isRaw()) {
      throw new IllegalArgumentException("type (" + type + ") must be one without a method here");
    }
    if (littleEndian.length % type.width() != 0) {
      throw new IllegalArgumentException(
          littleEndian.length + " bytes must be a multiple of " + type.width() + " for " + type);
    }
    int count = littleEndian.length / type.width();
    return new TensorValue(type, shape.clone(), littleEndian.clone(), count);
  }

  public ElementType type() {
    return type;
  }

  /** The length of each dimension; empty for a scalar. */
  public long[] shape() {
    return shape.clone();
  }

  /**
   * The values.
   *
   * @throws IllegalStateException if they are not floats
   */
  public float[] floats() {
    return ((float[]) as(ElementType.FLOAT)).clone();
  }

  /** As {@link #floats()}. */
  public double[] doubles() {
    return ((double[]) as(ElementType.DOUBLE)).clone();
  }

  /** As {@link #floats()}. */
  public long[] int64s() {
    return ((long[]) as(ElementType.INT64)).clone();
  }

  /** As {@link #floats()}. */
  public boolean[] bools() {
    return ((boolean[]) as(ElementType.BOOL)).clone();
  }

  /** As {@link #floats()}. */
  @SuppressWarnings("unchecked") // the constructor put it there
  public List<String> strings() {
    return (List<String>) as(ElementType.STRING);
  }

  /**
   * The elements of a type that has no other method here, little-endian, one after the other.
   *
   * @throws IllegalStateException if they are of another
   */
  public byte[] raw() {
    if (!type.isRaw()) {
      throw new IllegalStateException(
          "the tensor holds " + type + ", which has a method of its own");
    }
    return ((byte[]) values).clone();
  }

  private Object as(ElementType wanted) {
    if (type != wanted) {
      throw new IllegalStateException("the tensor holds " + type + ", not " + wanted);
    }
    return values;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorValue that
        && type == that.type
        && Arrays.equals(shape, that.shape)
        && Arrays.deepEquals(new Object[] {values}, new Object[] {that.values});
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(new Object[] {type, shape, values});
  }

  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }
}
