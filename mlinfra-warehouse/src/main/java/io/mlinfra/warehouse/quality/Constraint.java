package io.mlinfra.warehouse.quality;

import io.mlinfra.warehouse.quality.ConstraintResult.Severity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A rule with where and how strictly it holds.
 *
 * @param conditions a row counts only where all are true
 * @param allowed the share of rows that may fail
 * @param reason why somebody set it
 */
record Constraint(
    Rule rule,
    List<String> conditions,
    double allowed,
    Severity severity,
    @Nullable String reason) {
  static Constraint of(Rule rule) {
    return new Constraint(rule, List.of(), 0, Severity.ERROR, null);
  }

  Constraint allowing(double share) {
    return new Constraint(rule, conditions, share, severity, reason);
  }

  Constraint with(Severity severity) {
    return new Constraint(rule, conditions, allowed, severity, reason);
  }

  Constraint because(String reason) {
    return new Constraint(rule, conditions, allowed, severity, reason);
  }

  Constraint when(List<String> conditions) {
    return new Constraint(rule, conditions, allowed, severity, reason);
  }

  /** The condition in SQL; null if every row counts. */
  @Nullable String condition() {
    return conditions.isEmpty()
        ? null
        : String.join(" AND ", conditions.stream().map(Fragment::enclosed).toList());
  }

  /** An expression that is NULL for rows that do not count. */
  String where(String expression) {
    String condition = condition();
    return condition == null
        ? expression
        : "CASE WHEN " + condition + " THEN " + expression + " END";
  }

  /** Its stable text. */
  String text() {
    StringBuilder text = new StringBuilder(rule.text());
    for (String condition : conditions) {
      text.append(" when ").append(condition.strip());
    }
    if (allowed > 0) {
      text.append(", allowing ").append(allowed);
    }
    if (severity == Severity.WARNING) {
      text.append(", warning");
    }
    return oneLine(text.toString());
  }

  /** Whoever keeps constraints line by line must not be misled by a line break in one. */
  static String oneLine(String text) {
    return text.strip().replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
  }
}
