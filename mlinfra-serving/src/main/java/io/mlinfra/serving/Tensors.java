package io.mlinfra.serving;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.mlinfra.core.data.ColumnType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Tensors over memory that is already there. */
final class Tensors {
  private Tensors() {}

  /** How many bytes one value takes. */
  static int width(ColumnType type) {
    return switch (type) {
      case FLOAT32 -> 4;
      case FLOAT64, INT64 -> 8;
      case BOOL -> 1;
      case STRING -> throw new AssertionError("texts have no fixed width");
    };
  }

  /**
   * A tensor over the first values of a buffer; it holds on to the buffer's memory and does not own
   * it.
   *
   * @param memory direct, in native byte order, positioned at the first value
   */
  static OnnxTensor over(
      OrtEnvironment environment, ColumnType type, ByteBuffer memory, long[] shape, int count)
      throws OrtException {
    if (!memory.isDirect() || memory.order() != ByteOrder.nativeOrder()) {
      throw new AssertionError("the runtime would copy this memory, or misread it");
    }
    ByteBuffer values =
        memory.slice(memory.position(), count * width(type)).order(ByteOrder.nativeOrder());
    return switch (type) {
      case FLOAT32 -> OnnxTensor.createTensor(environment, values.asFloatBuffer(), shape);
      case FLOAT64 -> OnnxTensor.createTensor(environment, values.asDoubleBuffer(), shape);
      case INT64 -> OnnxTensor.createTensor(environment, values.asLongBuffer(), shape);
      case BOOL -> OnnxTensor.createTensor(environment, values, shape, OnnxJavaType.BOOL);
      case STRING -> throw new AssertionError("texts have no memory of their own");
    };
  }
}
