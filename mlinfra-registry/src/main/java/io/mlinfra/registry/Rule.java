package io.mlinfra.registry;

import static io.mlinfra.registry.PromotionCheck.oneLine;
import static io.mlinfra.registry.PromotionCheck.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.EvaluationReport.Better;
import io.mlinfra.registry.EvaluationReport.Constraint;
import io.mlinfra.registry.EvaluationReport.Metric;
import io.mlinfra.registry.PromotionCheck.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One line of a {@link PromotionPolicy}. Its {@code toString} is how people read it. */
sealed interface Rule {
  /** What rules are held against, beside the challenger's report. */
  interface Champion {
    /** Where the alias points now. */
    Optional<VersionId> version();

    /** Its newest report over the rows of the challenger's. */
    Optional<EvaluationReport> report();

    /** Why there is no such report. */
    String whyNoReport();
  }

  /** Holds the rule against a report. */
  Outcome judge(EvaluationReport challenger, Champion champion, double confidence);

  /** The rule under its name, and what it says. */
  void write(ObjectNode json);

  /** Whether the champion's report has to be read. */
  default boolean compares() {
    return false;
  }

  /** Reads what {@link #write} wrote, and refuses all else. */
  static Rule read(Fields json) {
    String name = json.text("rule");
    try {
      return switch (name) {
        case "notWorse" -> {
          json.requireOnly("rule", "metric", "margin");
          yield new Compared(json.text("metric"), json.number("margin"), false);
        }
        case "better" -> {
          json.requireOnly("rule", "metric");
          yield new Compared(json.text("metric"), 0, true);
        }
        case "atLeast", "atMost" -> {
          json.requireOnly("rule", "metric", "bound");
          yield new Bounded(json.text("metric"), json.number("bound"), name.equals("atLeast"));
        }
        case "constraint" -> {
          json.requireOnly("rule", "constraint");
          yield new Constrained(json.text("constraint"));
        }
        case "constraintsPass" -> {
          json.requireOnly("rule");
          yield new Constrained(null);
        }
        case "report" -> {
          json.requireOnly("rule");
          yield new Reported();
        }
        default ->
            throw json.unreadable("this release of mlinfra does not know the rule '" + name + "'");
      };
    } catch (IllegalArgumentException e) {
      throw json.unreadable(String.valueOf(e.getMessage()));
    }
  }

  /**
   * The lower confidence bound of the difference to the champion is above {@code -margin}.
   *
   * @param margin 0 where {@code better}
   */
  record Compared(String metric, double margin, boolean better) implements Rule {
    public Compared {
      EvaluationReport.requireName("metric name", metric);
      if (!(margin >= 0 && margin < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("margin (" + margin + ") must be >= 0 and finite");
      }
    }

    @Override
    public boolean compares() {
      return true;
    }

    @Override
    public Outcome judge(EvaluationReport challenger, Champion champion, double confidence) {
      Metric ours = challenger.metrics().get(metric);
      if (ours == null) {
        return failed(unknown(metric, challenger));
      } else if (!Double.isFinite(ours.value())) {
        return failed("it is " + ours.value());
      } else if (champion.version().isEmpty()) {
        return new Outcome(
            toString(),
            true,
            show(ours.value()) + "; the alias points at nothing to compare with",
            Map.of("value", ours.value()));
      } else if (champion.report().isEmpty()) {
        return failed(champion.whyNoReport());
      }
      EvaluationReport other = champion.report().get();
      Metric theirs = other.metrics().get(metric);
      double[] ourSamples = challenger.samplesOf(metric);
      double[] theirSamples = other.samplesOf(metric);
      if (ourSamples == null) {
        return failed("its report has no samples of it");
      } else if (theirs == null || theirSamples == null) {
        return failed("the report of " + champion.version().get() + " has no samples of it");
      } else if (ours.better() == Better.NEITHER || ours.better() != theirs.better()) {
        return failed(
            "the reports do not agree on which way is better: "
                + ours.better().label()
                + " and "
                + theirs.better().label());
      }
      int degrees = Math.min(ours.degreesOfFreedom(), theirs.degreesOfFreedom());
      int sign = ours.better() == Better.HIGHER ? 1 : -1;
      PairedTest test = PairedTest.of(ourSamples, theirSamples, sign, degrees, confidence);
      return outcome(test, ours.value(), theirs.value(), sign, degrees, confidence);
    }

    private Outcome outcome(
        PairedTest test, double ours, double theirs, int sign, int degrees, double confidence) {
      // Not a number is not above any bound.
      boolean passed = test.lower() > -margin;
      Map<String, Double> numbers = new TreeMap<>();
      numbers.put("value", ours);
      numbers.put("champion", theirs);
      numbers.put("difference", test.mean());
      numbers.put("lowerBound", test.lower());
      numbers.put("bound", 0 - margin);
      numbers.put("degreesOfFreedom", (double) degrees);
      String text =
          show(ours)
              + " against "
              + show(theirs)
              + (sign > 0 ? ": gain " : ": reduction ")
              + show(test.mean())
              + (degrees < 1
                  ? ", of no confidence: too few rows"
                  : ", at "
                      + show(100 * confidence)
                      + " % confidence above "
                      + show(test.lower())
                      + "; needed above "
                      + show(0 - margin));
      return new Outcome(toString(), passed, text, numbers);
    }

    private Outcome failed(String why) {
      return new Outcome(toString(), false, why, Map.of());
    }

    @Override
    public void write(ObjectNode json) {
      json.put("rule", better ? "better" : "notWorse");
      json.put("metric", metric);
      if (!better) {
        json.put("margin", margin);
      }
    }

    @Override
    public String toString() {
      return better ? metric + " better" : metric + " not worse by " + show(margin);
    }
  }

  /** A metric is at least, or at most, a bound. */
  record Bounded(String metric, double bound, boolean least) implements Rule {
    public Bounded {
      EvaluationReport.requireName("metric name", metric);
      if (!Double.isFinite(bound)) {
        throw new IllegalArgumentException("bound (" + bound + ") must be finite");
      }
    }

    @Override
    public Outcome judge(EvaluationReport challenger, Champion champion, double confidence) {
      Metric ours = challenger.metrics().get(metric);
      if (ours == null) {
        return new Outcome(toString(), false, unknown(metric, challenger), Map.of());
      }
      double value = ours.value();
      boolean passed = Double.isFinite(value) && (least ? value >= bound : value <= bound);
      Map<String, Double> numbers = Map.of("value", value, "bound", bound);
      return new Outcome(toString(), passed, show(value), numbers);
    }

    @Override
    public void write(ObjectNode json) {
      json.put("rule", least ? "atLeast" : "atMost");
      json.put("metric", metric);
      json.put("bound", bound);
    }

    @Override
    public String toString() {
      return metric + (least ? " at least " : " at most ") + show(bound);
    }
  }

  /**
   * One constraint of the report passed, or all did. Where there is none, nobody has looked.
   *
   * @param name null for all
   */
  record Constrained(@Nullable String name) implements Rule {
    public Constrained {
      if (name != null) {
        EvaluationReport.requireName("constraint name", name);
      }
    }

    @Override
    public Outcome judge(EvaluationReport challenger, Champion champion, double confidence) {
      Map<String, Constraint> constraints = new TreeMap<>(challenger.constraints());
      if (name != null) {
        constraints.keySet().retainAll(List.of(name));
      }
      if (constraints.isEmpty()) {
        return new Outcome(
            toString(),
            false,
            name == null ? "its report has no constraint" : "its report has no such constraint",
            Map.of());
      }
      List<String> broken = new ArrayList<>();
      List<String> kept = new ArrayList<>();
      constraints.forEach(
          (constraint, result) ->
              (result.passed() ? kept : broken)
                  .add((name == null ? constraint + ": " : "") + oneLine(result.text())));
      return new Outcome(
          toString(),
          broken.isEmpty(),
          String.join("; ", broken.isEmpty() ? kept : broken),
          Map.of());
    }

    @Override
    public void write(ObjectNode json) {
      json.put("rule", name == null ? "constraintsPass" : "constraint");
      if (name != null) {
        json.put("constraint", name);
      }
    }

    @Override
    public String toString() {
      return name == null ? "every constraint" : "constraint " + name;
    }
  }

  /** There is a report. */
  record Reported() implements Rule {
    @Override
    public Outcome judge(EvaluationReport challenger, Champion champion, double confidence) {
      return new Outcome(
          toString(),
          true,
          "over rows " + challenger.rows().abbreviated(),
          Map.of("rows", (double) challenger.rowCount()));
    }

    @Override
    public void write(ObjectNode json) {
      json.put("rule", "report");
    }

    @Override
    public String toString() {
      return "a report";
    }
  }

  private static String unknown(String metric, EvaluationReport report) {
    return "its report has no metric '"
        + metric
        + "'; it has "
        + (report.metrics().isEmpty() ? "none" : Texts.few(report.metrics().keySet()));
  }
}
