package io.mlinfra.features.view;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which events count: a comparison of one column with constants. A missing value meets none but
 * {@link #missing}. Made by the factories here, which read well when imported statically:
 *
 * <pre>{@code
 * .window(Duration.ofDays(7), count().where(equal("status", "paid")), fraction(isTrue("late")))
 * }</pre>
 *
 * @param column of the events
 * @param comparison how it is compared
 * @param values the constants, all of one type: {@link Long}, for which narrower whole numbers are
 *     taken as well, finite {@link Double}, {@link String} or {@link Boolean}; one for the
 *     comparisons, one or more for {@link Comparison#ONE_OF}, none for the others
 */
public record Condition(String column, Comparison comparison, List<Object> values) {
  /** How a value is compared with constants. */
  public enum Comparison {
    EQUAL("="),
    NOT_EQUAL("<>"),
    LESS_THAN("<"),
    AT_MOST("<="),
    GREATER_THAN(">"),
    AT_LEAST(">="),
    ONE_OF("in"),
    PRESENT("is present"),
    MISSING("is missing");

    private final String sign;

    Comparison(String sign) {
      this.sign = sign;
    }

    /** As it stands in a definition. */
    String sign() {
      return sign;
    }

    private boolean takes(int values) {
      return switch (this) {
        case PRESENT, MISSING -> values == 0;
        case ONE_OF -> values > 0;
        default -> values == 1;
      };
    }

    /** Whether it asks which of two is larger. */
    public boolean isOrdered() {
      return this == LESS_THAN || this == AT_MOST || this == GREATER_THAN || this == AT_LEAST;
    }
  }

  public Condition {
    Text.required("the column of a condition", column);
    values = values.stream().map(Condition::normal).toList();
    if (!comparison.takes(values.size())) {
      throw new IllegalArgumentException(
          "a condition '" + comparison.sign + "' does not go with " + values.size() + " values");
    }
    Class<?> type = values.isEmpty() ? Object.class : values.get(0).getClass();
    if (!values.stream().allMatch(type::isInstance)) {
      throw new IllegalArgumentException("the values " + values + " must be of one type");
    }
    if (comparison.isOrdered() && values.get(0) instanceof Boolean) {
      throw new IllegalArgumentException("true and false have no order for " + comparison.sign);
    }
  }

  private static Object normal(Object value) {
    if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    }
    if (value instanceof Float number) {
      return normal(number.doubleValue());
    }
    if (value instanceof Double number) {
      if (!Double.isFinite(number)) {
        throw new IllegalArgumentException("the value " + number + " must be finite");
      }
      // -0 compares as 0.
      return number + 0.0;
    }
    if (value instanceof String text) {
      return Text.unicode("a constant of a condition", text);
    }
    if (value instanceof Long || value instanceof Boolean) {
      return value;
    }
    throw new IllegalArgumentException(
        "the value " + value + " must be a whole number, a double, a text, true or false");
  }

  /** The column has this value. */
  public static Condition equal(String column, Object value) {
    return new Condition(column, Comparison.EQUAL, Arrays.asList(value));
  }

  /** The column has another value; where it has none, this is not met. */
  public static Condition notEqual(String column, Object value) {
    return new Condition(column, Comparison.NOT_EQUAL, Arrays.asList(value));
  }

  /** The column has a smaller value. */
  public static Condition lessThan(String column, Object value) {
    return new Condition(column, Comparison.LESS_THAN, Arrays.asList(value));
  }

  /** The column has this value or a smaller one. */
  public static Condition atMost(String column, Object value) {
    return new Condition(column, Comparison.AT_MOST, Arrays.asList(value));
  }

  /** The column has a larger value. */
  public static Condition greaterThan(String column, Object value) {
    return new Condition(column, Comparison.GREATER_THAN, Arrays.asList(value));
  }

  /** The column has this value or a larger one. */
  public static Condition atLeast(String column, Object value) {
    return new Condition(column, Comparison.AT_LEAST, Arrays.asList(value));
  }

  /** The column has one of these values. */
  public static Condition oneOf(String column, Object... values) {
    return new Condition(column, Comparison.ONE_OF, Arrays.asList(values));
  }

  /** The boolean column is true. */
  public static Condition isTrue(String column) {
    return equal(column, true);
  }

  /** The column has a value. */
  public static Condition present(String column) {
    return new Condition(column, Comparison.PRESENT, List.of());
  }

  /** The column has none. */
  public static Condition missing(String column) {
    return new Condition(column, Comparison.MISSING, List.of());
  }

  /** {@code "status" = "paid"}, as it stands in a definition. */
  @Override
  public String toString() {
    String constants = values.stream().map(Condition::constant).collect(Collectors.joining(", "));
    if (comparison == Comparison.ONE_OF) {
      constants = "(" + constants + ")";
    }
    return (Text.quote(column) + " " + comparison.sign + " " + constants).stripTrailing();
  }

  private static String constant(Object value) {
    if (value instanceof String text) {
      return Text.quote(text);
    }
    return value instanceof Double number ? Text.number(number) : value.toString();
  }
}
