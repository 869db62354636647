package io.mlinfra.core.onnx;

/**
 * The element types of tensors that this library writes and reads; the codes are those of
 * onnx.proto. Those that Java has no type for, and integers that no column has, are carried as the
 * bytes they are ({@link TensorValue#raw}).
 */
public enum ElementType {
  FLOAT(1, 4),
  UINT8(2, 1),
  INT8(3, 1),
  UINT16(4, 2),
  INT16(5, 2),
  INT32(6, 4),
  INT64(7, 8),
  STRING(8, 0),
  BOOL(9, 1),
  FLOAT16(10, 2),
  DOUBLE(11, 8),
  UINT32(12, 4),
  UINT64(13, 8),
  BFLOAT16(16, 2);

  private final int code;
  private final int width;

  ElementType(int code, int width) {
    this.code = code;
    this.width = width;
  }

  /** {@code TensorProto.DataType}, as the {@code to} attribute of a Cast takes it. */
  public int code() {
    return code;
  }

  /** Bytes per element in raw form; 0 for texts, which have none. */
  int width() {
    return width;
  }

  /** Whether {@link TensorValue} carries bytes of this type rather than Java's own numbers. */
  boolean isRaw() {
    return switch (this) {
      case FLOAT, DOUBLE, INT64, STRING, BOOL -> false;
      default -> true;
    };
  }

  static ElementType of(long code) {
    for (ElementType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    throw new OnnxFormatException("element type " + code + " is not supported");
  }
}
