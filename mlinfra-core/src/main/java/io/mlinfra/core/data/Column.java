package io.mlinfra.core.data;

import java.util.Objects;

/**
 * One named column of a {@link Signature}.
 *
 * @param name its name, not empty
 * @param type the type of its values
 * @param nullable whether a value may be missing
 */
public record Column(String name, ColumnType type, boolean nullable) {
  public Column {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a column's name must not be empty");
    }
    Objects.requireNonNull(type, "type");
  }

  @Override
  public String toString() {
    return name + " " + type.name().toLowerCase(java.util.Locale.ROOT) + (nullable ? "?" : "");
  }
}
