package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a version of a model must meet before an alias may point at it. Immutable and thread-safe.
 *
 * <pre>{@code
 * PromotionPolicy policy =
 *     PromotionPolicy.builder()
 *         .notWorse("auc", 0.005)
 *         .atMost("logLoss", 0.45)
 *         .atLeast("rows", 5_000)
 *         .constraintsPass()
 *         .build();
 * registry.protect("flight-delay", "champion", policy, "decided on Monday");
 * }</pre>
 *
 * <p>The rules are held against the newest {@link EvaluationReport} of the version, which a report
 * does not become by being registered again; without one each of them fails. A metric that is NaN
 * or infinite meets no rule.
 *
 * <p>{@link Builder#notWorse} and {@link Builder#better} compare with the version at which the
 * alias points now, row by row, by a paired one-sided t-test on the samples of a metric. Both
 * versions need a report over the same rows: evaluate the champion again where the rows are new.
 * For the AUC, whose samples are DeLong's, the test is that of DeLong, DeLong and Clarke-Pearson
 * (1988). Rows count as independent, and the test as made once: rows that hang together, and many
 * challengers tried on the same rows, make it too lenient. Where the rules are several, each is
 * tested at the full level, for all must pass (R. L. Berger, "Multiparameter hypothesis testing and
 * acceptance sampling", Technometrics 24, 1982).
 */
public final class PromotionPolicy {
  /** Of a stored policy; grows when the meaning of what is written changes. */
  private static final int SCHEMA = 1;

  private static final PromotionPolicy NONE = new PromotionPolicy(List.of(), 0.95);

  private final List<Rule> rules;
  private final double confidence;

  private PromotionPolicy(List<Rule> rules, double confidence) {
    this.rules = List.copyOf(rules);
    this.confidence = confidence;
  }

  /** The policy without rules, which every version meets. */
  public static PromotionPolicy none() {
    return NONE;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Whether there are no rules. */
  public boolean isNone() {
    return rules.isEmpty();
  }

  List<Rule> rules() {
    return rules;
  }

  double confidence() {
    return confidence;
  }

  boolean compares() {
    return rules.stream().anyMatch(Rule::compares);
  }

  void write(ObjectNode json) {
    json.put("schema", SCHEMA);
    json.put("confidence", confidence);
    ArrayNode rules = json.putArray("rules");
    this.rules.forEach(rule -> rule.write(rules.addObject()));
  }

  /** Reads what {@link #write} wrote; what this release does not know is an error. */
  static PromotionPolicy read(Fields json) {
    int schema = json.schema();
    if (schema != SCHEMA) {
      throw json.unreadable(
          "the policy has schema " + schema + " and this release of mlinfra knows " + SCHEMA);
    }
    json.requireOnly("schema", "confidence", "rules");
    List<Rule> rules = json.objects("rules").stream().map(Rule::read).toList();
    try {
      return new PromotionPolicy(rules, requireConfidence(json.number("confidence")));
    } catch (IllegalArgumentException e) {
      throw json.unreadable(String.valueOf(e.getMessage()));
    }
  }

  private static double requireConfidence(double confidence) {
    if (!(confidence >= 0.5 && confidence <= StudentT.MOST_CONFIDENCE)) {
      throw new IllegalArgumentException(
          "confidence (" + confidence + ") must be from 0.5 to " + StudentT.MOST_CONFIDENCE);
    }
    return confidence;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PromotionPolicy that
        && rules.equals(that.rules)
        && confidence == that.confidence;
  }

  @Override
  public int hashCode() {
    return rules.hashCode();
  }

  /** {@code auc not worse by 0.005, every constraint (95 % confidence)}. */
  @Override
  public String toString() {
    return rules.isEmpty()
        ? "no policy"
        : rules.stream().map(Rule::toString).collect(Collectors.joining(", "))
            + (compares() ? " (" + PromotionCheck.show(100 * confidence) + " % confidence)" : "");
  }

  /** Collects rules. Not thread-safe. */
  public static final class Builder {
    private final List<Rule> rules = new ArrayList<>();
    private double confidence = 0.95;

    private Builder() {}

    /**
     * The metric is not worse than the champion's by as much as a margin: the lower confidence
     * bound of the gain is above {@code -margin}. Passes where the alias points at nothing yet.
     *
     * <p>Of few rows on which both models do just the same, as accuracy has them, nothing is
     * learned and yet the bound is 0: ask for enough rows, by {@code atLeast("rows", n)}.
     *
     * @param margin what loss would not matter, in units of the metric; >= 0
     */
    public Builder notWorse(String metric, double margin) {
      return add(new Rule.Compared(metric, margin, false));
    }

    /**
     * The metric is better than the champion's: the lower confidence bound of the gain is above 0.
     * Passes where the alias points at nothing yet.
     */
    public Builder better(String metric) {
      return add(new Rule.Compared(metric, 0, true));
    }

    /** The metric is this or higher. */
    public Builder atLeast(String metric, double bound) {
      return add(new Rule.Bounded(metric, bound, true));
    }

    /** The metric is this or lower. */
    public Builder atMost(String metric, double bound) {
      return add(new Rule.Bounded(metric, bound, false));
    }

    /** The report has constraints, and all passed. */
    public Builder constraintsPass() {
      return add(new Rule.Constrained(null));
    }

    /** The report has this constraint, and it passed. */
    public Builder constraint(String name) {
      return add(new Rule.Constrained(EvaluationReport.requireName("constraint name", name)));
    }

    /** There is a report; every other rule asks for that too. */
    public Builder report() {
      return add(new Rule.Reported());
    }

    private Builder add(Rule rule) {
      rules.add(rule);
      return this;
    }

    /**
     * How sure the comparisons are to be: a version that is worse by the margin, or no better,
     * passes with a chance of 1 − confidence. 0.95 if it is not set.
     *
     * @param confidence from 0.5 to 0.9999
     */
    public Builder confidence(double confidence) {
      this.confidence = requireConfidence(confidence);
      return this;
    }

    /**
     * @throws IllegalStateException if there is no rule; {@link PromotionPolicy#none()} has none
     */
    public PromotionPolicy build() {
      if (rules.isEmpty()) {
        throw new IllegalStateException(
            "a policy must have a rule; PromotionPolicy.none() is the one that has none");
      }
      return new PromotionPolicy(rules, confidence);
    }
  }
}
