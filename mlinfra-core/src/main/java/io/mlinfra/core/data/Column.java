package io.mlinfra.core.data;

import java.util.Objects;

/**
 * One named column of a {@link Signature}.
 *
 * @param name its name, not empty and on one line
 * @param type the type of its values
 * @param nullable whether a value may be missing
 */
public record Column(String name, ColumnType type, boolean nullable) {
  public Column {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a column's name must not be empty");
    }
    if (name.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("column '" + name + "' must not hold a line break");
    }
    Objects.requireNonNull(type, "type");
  }

  @Override
  public String toString() {
    return name + " " + type.name().toLowerCase(java.util.Locale.ROOT) + (nullable ? "?" : "");
  }
}
