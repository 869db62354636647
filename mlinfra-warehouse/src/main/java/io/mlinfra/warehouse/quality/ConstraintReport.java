package io.mlinfra.warehouse.quality;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a check of {@link Constraints} found. Immutable and thread-safe. */
public final class ConstraintReport {
  private final String label;
  private final long rows;
  private final int scans;
  private final List<ConstraintResult> results;

  ConstraintReport(String label, long rows, int scans, List<ConstraintResult> results) {
    this.label = label;
    this.rows = rows;
    this.scans = scans;
    this.results = List.copyOf(results);
  }

  /** Whether no constraint of severity error is violated. */
  public boolean passed() {
    return results.stream().noneMatch(ConstraintResult::isViolation);
  }

  /** One result per constraint, in the order of the suite. */
  public List<ConstraintResult> results() {
    return results;
  }

  /** The constraints that do not hold, warnings among them. */
  public List<ConstraintResult> failed() {
    return results.stream().filter(result -> !result.passed()).toList();
  }

  /** How many rows there were. */
  public long rows() {
    return rows;
  }

  /**
   * How often the table was read: once for all constraints on rows, once more if there are keys,
   * and once more for sample rows if a constraint on rows failed. Never more, however many
   * constraints there are. A table that a foreign key refers to is read once for each beside that.
   */
  public int scans() {
    return scans;
  }

  /**
   * Goes on only if nothing of severity error is violated.
   *
   * @return this
   * @throws MlInfraException {@link ErrorCode#CONSTRAINT_VIOLATED}, listing what is violated
   */
  public ConstraintReport enforce() {
    List<ConstraintResult> violated =
        results.stream().filter(ConstraintResult::isViolation).toList();
    if (!violated.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.CONSTRAINT_VIOLATED,
          label
              + " violates "
              + violated.size()
              + " of "
              + results.size()
              + (results.size() == 1 ? " constraint:" : " constraints:")
              // One alone goes on the same line, so that a log shows it whole.
              + (violated.size() == 1 ? " " : "\n  ")
              + violated.stream()
                  .map(result -> result.constraint() + ": " + result.message())
                  .collect(Collectors.joining("\n  ")));
    }
    return this;
  }

  private static String verdict(ConstraintResult result) {
    return result.passed()
        ? "passed"
        : result.severity() == ConstraintResult.Severity.ERROR ? "FAILED" : "warning";
  }

  private String headline() {
    return label
        + ": "
        + Format.count(rows)
        + " rows, "
        + (results.size() - failed().size())
        + " of "
        + results.size()
        + " constraints hold";
  }

  /** The results as a table for a shell, with a sample of each failure below. */
  @Override
  public String toString() {
    TextTable table = new TextTable("constraint", "result", ">failing", "message");
    for (ConstraintResult result : results) {
      table.row(
          result.constraint(), verdict(result), Format.count(result.failing()), result.message());
    }
    StringBuilder out = new StringBuilder(headline()).append("\n\n").append(table);
    for (ConstraintResult result : failed()) {
      if (!result.samples().isEmpty()) {
        out.append('\n').append(result.constraint()).append(", such as\n");
        out.append(samples(result.samples()));
      }
    }
    return out.toString();
  }

  private static TextTable samples(List<Map<String, String>> samples) {
    List<String> names = samples.get(0).keySet().stream().limit(8).toList();
    TextTable table =
        new TextTable(
            names.stream()
                .map(name -> name.startsWith(">") ? " " + name : name)
                .toArray(String[]::new));
    for (Map<String, String> sample : samples) {
      table.row(names.stream().map(name -> shown(sample.get(name))).toArray(String[]::new));
    }
    return table;
  }

  private static String shown(@Nullable String value) {
    return value == null ? "NULL" : value;
  }

  /** The same for a notebook: HTML that loads nothing and runs nothing. */
  public String toHtml() {
    Html html = Look.open();
    html.markup("<p>{}</p>\n", headline());
    html.markup(
        "<div class=\"box\"><table><caption>Constraints</caption><thead><tr>"
            + "<th scope=\"col\">Constraint</th><th scope=\"col\">Result</th>"
            + "<th scope=\"col\" class=\"n\">Failing</th><th scope=\"col\">Message</th>"
            + "</tr></thead>\n<tbody>\n");
    for (ConstraintResult result : results) {
      html.markup(
          "<tr><td class=\"name\">{}</td><td><span class=\"badge "
              + (result.passed() ? "good" : result.isViolation() ? "bad" : "warn")
              + "\">{}</span></td><td class=\"n\">{}</td><td>{}",
          result.constraint(),
          verdict(result),
          Format.count(result.failing()),
          result.message());
      if (!result.samples().isEmpty()) {
        html.markup("<details><summary>Rows</summary>");
        sampleTable(html, result.samples());
        html.markup("</details>");
      }
      html.markup("</td></tr>\n");
    }
    return Look.close(html.markup("</tbody></table></div>\n"));
  }

  private static void sampleTable(Html html, List<Map<String, String>> samples) {
    html.markup("<table><thead><tr>");
    samples.get(0).keySet().forEach(name -> html.markup("<th scope=\"col\">{}</th>", name));
    html.markup("</tr></thead><tbody>");
    for (Map<String, String> sample : samples) {
      html.markup("<tr>");
      sample.values().forEach(value -> html.markup("<td>{}</td>", shown(value)));
      html.markup("</tr>");
    }
    html.markup("</tbody></table>");
  }
}
