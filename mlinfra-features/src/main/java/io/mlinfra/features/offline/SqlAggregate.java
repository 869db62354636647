package io.mlinfra.features.offline;

import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.FeaturePlan.Planned;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.Condition;
import java.util.stream.Collectors;

/**
 * A windowed feature as an aggregate over pairs of a label {@code l} and an event {@code x} of the
 * plan's longest window.
 */
final class SqlAggregate {
  /** Squares of smaller numbers are finite, and so are sums of a billion of them. */
  private static final String LARGE = "1e145";

  private final FeaturePlan plan;
  private final Planned feature;

  SqlAggregate(FeaturePlan plan, Planned feature) {
    this.plan = plan;
    this.feature = feature;
  }

  String sql() {
    return switch (feature.function()) {
      case COUNT -> over("count(*)", counted());
      case FRACTION ->
          "CAST("
              + over("count(*)", counted())
              + " AS DOUBLE) / nullif("
              + over("count(*)", inWindow())
              + ", 0)";
      case SUM -> sum();
      case MEAN -> sum() + " / " + over("count(" + value() + ")", counted());
      case VARIANCE -> variance();
      case STDDEV -> "sqrt(" + variance() + ")";
      case MIN -> least("min", "", "-0");
      case MAX -> least("max", "NOT ", "0");
      case FIRST -> over("arg_min(" + value() + ", x.o)", counted());
      case LAST -> over("arg_max(" + value() + ", x.o)", counted());
      case COUNT_DISTINCT -> over("count(DISTINCT " + value() + ")", counted());
      case LATEST, LAG, SINCE_LAST ->
          throw new IllegalArgumentException(feature + " has no window");
    };
  }

  private String value() {
    return "x.v" + feature.input();
  }

  private boolean isDouble() {
    return plan.inputs().get(feature.input()).type() == ValueType.FLOAT64;
  }

  private static String over(String aggregate, String filter) {
    return filter.isEmpty() ? aggregate : aggregate + " FILTER (WHERE " + filter + ")";
  }

  private static String both(String one, String other) {
    return one.isEmpty() || other.isEmpty() ? one + other : one + " AND " + other;
  }

  private String inWindow() {
    return feature.window() == plan.longestWindow() ? "" : "x.e > l.since" + feature.window();
  }

  private String counted() {
    return feature.test() == null
        ? inWindow()
        : both(inWindow(), condition(feature.test().condition(), feature.test().input()));
  }

  private String sum() {
    if (!isDouble()) {
      return "CAST(" + over("sum(CAST(" + value() + " AS BIGINT))", counted()) + " AS DOUBLE)";
    }
    // Compensation makes NaN of what is infinite; a sum of both infinities is missing.
    String compensated = over("fsum(" + value() + ")", counted());
    String plain = over("sum(" + value() + ")", counted());
    return "(CASE WHEN isfinite("
        + compensated
        + ") THEN "
        + compensated
        + " WHEN isnan("
        + plain
        + ") THEN NULL ELSE "
        + plain
        + " END)";
  }

  private String variance() {
    String value = "CAST(" + value() + " AS DOUBLE)";
    if (!isDouble()) {
      return over("var_samp(" + value + ")", counted());
    }
    // The database fails where a variance is not finite.
    String largest = over("max(abs(" + value + "))", counted());
    String small = "abs(" + value + ") <= " + LARGE;
    return "(CASE WHEN isinf("
        + largest
        + ") THEN NULL WHEN "
        + largest
        + " <= "
        + LARGE
        + " THEN "
        + over("var_samp(" + value + ")", both(counted(), small))
        + " ELSE "
        + over(
            "var_samp(" + value + " * power(2e0, -600))",
            both(counted(), "isfinite(" + value + ")"))
        + " * power(2e0, 600) * power(2e0, 600) END)";
  }

  /** The database takes -0 for 0, so that which of them it finds is chance. */
  private String least(String function, String not, String zero) {
    String found = over(function + "(" + value() + ")", counted());
    if (!isDouble()) {
      return found;
    }
    String zeros = both(counted(), value() + " = 0 AND " + not + "signbit(" + value() + ")");
    return "CASE WHEN "
        + found
        + " = 0 AND "
        + over("count(*)", zeros)
        + " > 0 THEN CAST('"
        + zero
        + "' AS DOUBLE) ELSE "
        + found
        + " END";
  }

  private String condition(Condition condition, int input) {
    String value = "x.v" + input;
    ValueType type = plan.inputs().get(input).type();
    boolean wide = type == ValueType.FLOAT64;
    if (type == ValueType.INT64 && condition.values().stream().anyMatch(Double.class::isInstance)) {
      value = "CAST(" + value + " AS DOUBLE)";
    }
    String constants =
        condition.values().stream()
            .map(constant -> literal(wide ? ((Number) constant).doubleValue() : constant))
            .collect(Collectors.joining(", "));
    return switch (condition.comparison()) {
      case PRESENT -> value + " IS NOT NULL";
      case MISSING -> value + " IS NULL";
      case ONE_OF -> value + " IN (" + constants + ")";
      case EQUAL -> value + " = " + constants;
      case NOT_EQUAL -> value + " <> " + constants;
      case LESS_THAN -> value + " < " + constants;
      case AT_MOST -> value + " <= " + constants;
      case GREATER_THAN -> value + " > " + constants;
      case AT_LEAST -> value + " >= " + constants;
    };
  }

  /** A constant: a {@link Long}, {@link Double}, {@link Boolean} or {@link String}. */
  static String literal(Object constant) {
    if (constant instanceof Long) {
      return "CAST('" + constant + "' AS BIGINT)";
    }
    if (constant instanceof Double) {
      return "CAST('" + constant + "' AS DOUBLE)";
    }
    if (constant instanceof Boolean) {
      return constant.toString();
    }
    // A statement ends at a NUL.
    return "('" + constant.toString().replace("'", "''").replace("\0", "' || chr(0) || '") + "')";
  }
}
