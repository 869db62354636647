package io.mlinfra.core.data;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a model takes and gives: named, typed columns in a fixed order.
 *
 * @param inputs the columns of a row to predict for
 * @param outputs the columns of an answer
 */
public record Signature(List<Column> inputs, List<Column> outputs) {
  public Signature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    requireUnique("input", inputs);
    requireUnique("output", outputs);
  }

  /**
   * The input of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public Column input(String name) {
    for (Column column : inputs) {
      if (column.name().equals(name)) {
        return column;
      }
    }
    throw new IllegalArgumentException(
        "the model has no input '" + name + "'; its inputs are " + names(inputs));
  }

  private static void requireUnique(String what, List<Column> columns) {
    Set<String> seen = new HashSet<>();
    for (Column column : columns) {
      if (!seen.add(column.name())) {
        throw new IllegalArgumentException(
            "the " + what + " '" + column.name() + "' is there twice");
      }
    }
  }

  private static String names(List<Column> columns) {
    return columns.stream().map(Column::name).collect(Collectors.joining(", "));
  }

  /**
   * {@code (distance int64, origin string) -> (probability float32)}; a question mark marks what
   * may be missing.
   */
  @Override
  public String toString() {
    return show(inputs) + " -> " + show(outputs);
  }

  private static String show(List<Column> columns) {
    return columns.stream().map(Column::toString).collect(Collectors.joining(", ", "(", ")"));
  }
}
