package io.mlinfra.warehouse;

import java.util.Objects;

/**
 * A row that a source had and a load did not take.
 *
 * @param file it stands in
 * @param line of the file, from 1
 * @param column that is at fault, empty where the row as a whole is
 * @param reason for people
 * @param text of the row, as far as it could be read
 */
public record RejectedRow(String file, long line, String column, String reason, String text) {
  public RejectedRow {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(column, "column");
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(text, "text");
  }

  /** {@code orders.csv, line 17, column 'price': … }. */
  @Override
  public String toString() {
    return file
        + ", line "
        + line
        + (column.isEmpty() ? "" : ", column '" + column + "'")
        + ": "
        + reason;
  }
}
