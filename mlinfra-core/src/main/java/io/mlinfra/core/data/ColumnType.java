package io.mlinfra.core.data;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/** The types that a model's columns have. */
public enum ColumnType {
  /** 32-bit floating point; a missing value is NaN. */
  FLOAT32(Float.class),
  /** 64-bit floating point; a missing value is NaN. */
  FLOAT64(Double.class),
  /** 64-bit signed integer. */
  INT64(Long.class),
  /** Unicode text; a missing value is the empty text. */
  STRING(String.class),
  /** True or false. */
  BOOL(Boolean.class);

  private final Class<?> javaType;

  ColumnType(Class<?> javaType) {
    this.javaType = javaType;
  }

  /** The boxed type of one value. */
  public Class<?> javaType() {
    return javaType;
  }

  /** Whether values are numbers. */
  public boolean isNumeric() {
    return this == FLOAT32 || this == FLOAT64 || this == INT64;
  }

  /** Whether a missing value can be told from the value alone. */
  public boolean hasNaN() {
    return this == FLOAT32 || this == FLOAT64;
  }

  /** Whether a tensor of this type has a value for a missing one. */
  public boolean canBeMissing() {
    return hasNaN() || this == STRING;
  }

  /**
   * The type of an Arrow column: integers of up to 64 bits signed or 32 unsigned become {@link
   * #INT64}, decimals become {@link #FLOAT64}, to the nearest.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a model cannot take such a column
   */
  public static ColumnType of(Field field) {
    ArrowType type = field.getType();
    if (field.getDictionary() != null) {
      // Its type is that of the positions in the dictionary, which mean nothing to a model.
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + field.getName()
              + "' is dictionary-encoded (an ENUM in SQL); cast it to text");
    }
    if (type instanceof ArrowType.FloatingPoint number) {
      if (number.getPrecision() == FloatingPointPrecision.SINGLE) {
        return FLOAT32;
      }
      if (number.getPrecision() == FloatingPointPrecision.DOUBLE) {
        return FLOAT64;
      }
    } else if (type instanceof ArrowType.Int number) {
      if (number.getIsSigned() || number.getBitWidth() < 64) {
        return INT64;
      }
    } else if (type instanceof ArrowType.Decimal) {
      return FLOAT64;
    } else if (type instanceof ArrowType.Utf8) {
      return STRING;
    } else if (type instanceof ArrowType.Bool) {
      return BOOL;
    }
    throw new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "column '"
            + field.getName()
            + "' has type "
            + type
            + ", which no model takes; cast it to a number or text");
  }
}
