package io.mlinfra.features.online;

import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Rows of named values, whose names' case does not matter, as in the warehouse. */
final class Rows {
  private Rows() {}

  /**
   * The value of a column, null where it is missing.
   *
   * @param what asks, for the error message
   * @throws IllegalArgumentException if the row has no such column
   */
  static @Nullable Object value(Map<String, ?> row, String column, String what) {
    Object value = row.get(column);
    if (value != null || row.containsKey(column)) {
      return value;
    }
    for (Map.Entry<String, ?> entry : row.entrySet()) {
      if (entry.getKey().equalsIgnoreCase(column)) {
        return entry.getValue();
      }
    }
    throw new IllegalArgumentException(
        what
            + " needs the column '"
            + column
            + "', which is not there; there are "
            + new TreeSet<>(row.keySet()));
  }
}
