package io.mlinfra.core.onnx;

/**
 * The element types of tensors that this library writes and reads; the codes are those of
 * onnx.proto.
 */
public enum ElementType {
  FLOAT(1),
  INT64(7),
  STRING(8),
  BOOL(9),
  DOUBLE(11);

  private final int code;

  ElementType(int code) {
    this.code = code;
  }

  /** {@code TensorProto.DataType}, as the {@code to} attribute of a Cast takes it. */
  public int code() {
    return code;
  }

  static ElementType of(long code) {
    for (ElementType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    throw new OnnxFormatException(
        "element type " + code + " is not one of float, int64, string, bool, double");
  }
}
