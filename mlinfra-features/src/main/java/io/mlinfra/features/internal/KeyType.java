package io.mlinfra.features.internal;

import java.util.Optional;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/** The types that the keys of an entity have. */
public enum KeyType {
  /** Integers of up to 64 bits signed or 32 unsigned: a {@link Long}. */
  INTEGER("a whole number"),
  /** Texts, enumerations and UUIDs: a {@link String}. */
  TEXT("a text");

  private final String noun;

  KeyType(String noun) {
    this.noun = noun;
  }

  /** For error messages. */
  public String noun() {
    return noun;
  }

  /** The type of a column; empty where it cannot be a key. */
  public static Optional<KeyType> of(Field field) {
    if (field.getDictionary() != null || field.getType() instanceof ArrowType.Utf8) {
      return Optional.of(TEXT);
    }
    return field.getType() instanceof ArrowType.Int whole
            && (whole.getBitWidth() < 64 || whole.getIsSigned())
        ? Optional.of(INTEGER)
        : Optional.empty();
  }

  /**
   * The key that a caller passes.
   *
   * @throws IllegalArgumentException if it is not of this type, saying what it is
   */
  public Object normal(String column, Object value) {
    if (this == TEXT && value instanceof String) {
      return value;
    }
    if (this == INTEGER) {
      if (value instanceof Long) {
        return value;
      }
      if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
        return ((Number) value).longValue();
      }
    }
    throw new IllegalArgumentException(
        "the key '"
            + column
            + "' is "
            + value
            + ", a "
            + value.getClass().getSimpleName()
            + ", must be "
            + noun);
  }
}
