package io.mlinfra.features.view;

import java.util.Locale;

/**
 * What is computed over the events of a window. Made by {@link #count()}, {@link #sum(String)} and
 * {@link #mean(String)}, which read well when imported statically.
 *
 * @param function what is computed
 * @param column over which column's values; empty for {@link Function#COUNT}
 */
public record Aggregate(Function function, String column) {
  /** The functions over a window. */
  public enum Function {
    /** How many events; 0 where there is none. */
    COUNT,
    /** The sum of the values that are not missing; missing where there is none. */
    SUM,
    /** The mean of the values that are not missing; missing where there is none. */
    MEAN
  }

  public Aggregate {
    if (function == Function.COUNT != column.isEmpty()) {
      throw new IllegalArgumentException(
          function + " does not go with the column '" + column + "'");
    }
  }

  /** How many events there are. */
  public static Aggregate count() {
    return new Aggregate(Function.COUNT, "");
  }

  /** The sum of a numeric or boolean column. */
  public static Aggregate sum(String column) {
    return new Aggregate(Function.SUM, column);
  }

  /** The mean of a numeric or boolean column; of a boolean one, the share that is true. */
  public static Aggregate mean(String column) {
    return new Aggregate(Function.MEAN, column);
  }

  /** {@code mean_delay}, as it stands in a feature's name. */
  String label() {
    String name = function.name().toLowerCase(Locale.ROOT);
    return column.isEmpty() ? name : name + "_" + column;
  }

  /** {@code mean(delay)}. */
  @Override
  public String toString() {
    return function.name().toLowerCase(Locale.ROOT) + "(" + column + ")";
  }
}
