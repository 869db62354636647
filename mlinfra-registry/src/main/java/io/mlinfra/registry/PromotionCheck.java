package io.mlinfra.registry;

import io.mlinfra.core.text.Html;
import io.mlinfra.core.version.VersionId;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a version of a model stands against the {@link PromotionPolicy} of an alias.
 *
 * @param alias the alias
 * @param version what it may be moved to
 * @param champion where it points now; null where it does not exist
 * @param outcomes one for each rule; none where the alias has no policy
 */
public record PromotionCheck(
    String alias, VersionId version, @Nullable VersionId champion, List<Outcome> outcomes) {
  public PromotionCheck {
    Objects.requireNonNull(alias, "alias");
    Objects.requireNonNull(version, "version");
    outcomes = List.copyOf(outcomes);
  }

  /**
   * How it stands against one rule.
   *
   * @param rule as people read it
   * @param passed whether the rule is met
   * @param text what was found, for people
   * @param numbers what was found, by name: {@code value}, and {@code bound} where there is one; of
   *     a comparison also {@code champion}, {@code difference} (above 0 is better), {@code
   *     lowerBound} and {@code degreesOfFreedom}; none where there was nothing to measure
   */
  public record Outcome(String rule, boolean passed, String text, Map<String, Double> numbers) {
    public Outcome {
      Objects.requireNonNull(rule, "rule");
      Objects.requireNonNull(text, "text");
      numbers = Collections.unmodifiableMap(new TreeMap<>(numbers));
    }
  }

  /** Whether every rule is met. */
  public boolean passed() {
    return outcomes.stream().allMatch(Outcome::passed);
  }

  /** A heading and a table, one rule a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(heading());
    int width = outcomes.stream().mapToInt(outcome -> outcome.rule().length()).max().orElse(0);
    for (Outcome outcome : outcomes) {
      text.append("\n  ").append(outcome.passed() ? "passed  " : "FAILED  ").append(outcome.rule());
      text.append(" ".repeat(width - outcome.rule().length())).append("  ").append(outcome.text());
    }
    return text.toString();
  }

  private String heading() {
    return version
        + " as "
        + version.name()
        + "@"
        + alias
        + (champion == null ? "" : ", now " + champion)
        + ": "
        + (outcomes.isEmpty() ? "no policy" : passed() ? "passed" : "refused");
  }

  /** The same for a notebook: a fragment of HTML. */
  public String toHtml() {
    StringBuilder html = new StringBuilder("<table class=\"mlinfra\">\n<caption>");
    html.append(Html.escape(heading())).append("</caption>\n");
    html.append("<tr><th>rule</th><th>outcome</th><th>found</th></tr>\n");
    for (Outcome outcome : outcomes) {
      html.append("<tr><td>").append(Html.escape(outcome.rule()));
      html.append(outcome.passed() ? "</td><td>passed" : "</td><td><strong>FAILED</strong>");
      html.append("</td><td>").append(Html.escape(outcome.text())).append("</td></tr>\n");
    }
    return html.append("</table>\n").toString();
  }

  /** A text of which a table makes one cell: control characters become spaces. */
  static String oneLine(String text) {
    return text.replaceAll("\\p{Cntrl}+", " ");
  }

  /** A number in six digits, without an exponent where that is short. */
  static String show(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros();
    double size = Math.abs(value);
    return size == 0 || size >= 1e-4 && size < 1e9 ? rounded.toPlainString() : rounded.toString();
  }
}
