package io.mlinfra.features.internal;

import io.mlinfra.features.view.Condition;
import io.mlinfra.features.view.Condition.Comparison;

/** A {@link Condition} made ready for the type of its column. */
public final class EventTest {
  private final Condition condition;
  private final int input;
  private final ValueType type;

  /**
   * A test.
   *
   * @param input which of the plan's inputs it reads
   * @throws IllegalArgumentException if its constants are not of the column's type
   */
  EventTest(Condition condition, int input, ValueType type) {
    this.condition = condition;
    this.input = input;
    this.type = type;
    for (Object value : condition.values()) {
      Class<?> given = value.getClass();
      boolean fits =
          type == ValueType.FLOAT64
              ? value instanceof Number
              : given == type.javaType() || type == ValueType.INT64 && given == Double.class;
      if (!fits || type == ValueType.TIMESTAMP) {
        throw new IllegalArgumentException(
            "the condition "
                + condition
                + " compares "
                + value
                + " with a column that holds "
                + type.noun());
      }
    }
  }

  public Condition condition() {
    return condition;
  }

  /** Which of the plan's inputs it reads. */
  public int input() {
    return input;
  }

  /**
   * Whether an event meets it.
   *
   * @param cell of the input
   * @param texts of the cell, for texts
   */
  public boolean met(long cell, Dictionary texts) {
    Comparison comparison = condition.comparison();
    if (type.isMissing(cell)) {
      return comparison == Comparison.MISSING;
    }
    return switch (comparison) {
      case MISSING -> false;
      case PRESENT -> true;
      case ONE_OF -> {
        boolean found = false;
        for (Object value : condition.values()) {
          found |= compare(cell, texts, value) == 0;
        }
        yield found;
      }
      case EQUAL -> compare(cell, texts, condition.values().get(0)) == 0;
      case NOT_EQUAL -> compare(cell, texts, condition.values().get(0)) != 0;
      case LESS_THAN -> compare(cell, texts, condition.values().get(0)) < 0;
      case AT_MOST -> compare(cell, texts, condition.values().get(0)) <= 0;
      case GREATER_THAN -> compare(cell, texts, condition.values().get(0)) > 0;
      case AT_LEAST -> compare(cell, texts, condition.values().get(0)) >= 0;
    };
  }

  private int compare(long cell, Dictionary texts, Object value) {
    return switch (type) {
      case TEXT -> Dictionary.compare(texts.text(cell), (String) value);
      case BOOLEAN -> Boolean.compare(cell != 0, (Boolean) value);
      case INT64 ->
          value instanceof Long whole
              ? Long.compare(cell, whole)
              : compare((double) cell, (Double) value);
      default -> compare(Double.longBitsToDouble(cell), ((Number) value).doubleValue());
    };
  }

  /** By value: -0 equals 0. */
  private static int compare(double a, double b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
}
