package io.mlinfra.features.offline;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How far what was served differs from what training would have seen. Immutable.
 *
 * @param service whose features were compared
 * @param rows how many answers were compared
 * @param features one per feature, in the order of the service
 */
public record SkewReport(String service, long rows, List<FeatureSkew> features) {
  public SkewReport {
    features = List.copyOf(features);
  }

  /**
   * What was found of a feature. A row counts in one of the first four numbers.
   *
   * @param equal rows whose values are equal, within the tolerance, or missing on both sides
   * @param different rows that have both values, too far from each other
   * @param servedMissing rows where only the served value is missing
   * @param recomputedMissing rows where only the recomputed value is missing
   * @param largestAbsolute the largest difference of the rows that have both values, those within
   *     the tolerance too; of times in seconds; NaN for texts and truth values
   * @param largestRelative the largest such difference divided by the larger of both sizes; NaN for
   *     what is no number
   * @param examples the first rows that are not equal
   */
  public record FeatureSkew(
      String feature,
      long equal,
      long different,
      long servedMissing,
      long recomputedMissing,
      double largestAbsolute,
      double largestRelative,
      List<Example> examples) {
    public FeatureSkew {
      examples = List.copyOf(examples);
    }

    /** How many rows were compared. */
    public long compared() {
      return equal + different + servedMissing + recomputedMissing;
    }

    /** Whether all rows are equal. */
    public boolean isClean() {
      return equal == compared();
    }
  }

  /**
   * A row that is not equal.
   *
   * @param keys of the entities that the feature is about, {@link Long} or {@link String}, by name
   * @param at the time of serving, UTC
   * @param served what was served: {@link Long}, {@link Double}, {@link Boolean}, {@link String},
   *     {@link LocalDateTime} (UTC), or null where missing; as is what was recomputed
   */
  public record Example(
      Map<String, @Nullable Object> keys,
      LocalDateTime at,
      @Nullable Object served,
      @Nullable Object recomputed) {
    public Example {
      keys = Collections.unmodifiableMap(new LinkedHashMap<>(keys));
    }

    private Stream<String> cells() {
      return Stream.concat(
          keys.values().stream().map(Example::shown),
          Stream.of(at.toString().replace('T', ' '), shown(served), shown(recomputed)));
    }

    private static String shown(@Nullable Object value) {
      return value == null ? "missing" : value.toString();
    }
  }

  /** Whether no feature differs. */
  public boolean isClean() {
    return features.stream().allMatch(FeatureSkew::isClean);
  }

  /** The features that differ. */
  public List<FeatureSkew> skewed() {
    return features.stream().filter(feature -> !feature.isClean()).toList();
  }

  private String headline() {
    return "feature service '"
        + service
        + "': "
        + Format.count(rows)
        + (rows == 1 ? " answer, " : " answers, ")
        + (features.size() - skewed().size())
        + " of "
        + features.size()
        + " features as training sees them";
  }

  private static final List<String> HEADINGS =
      List.of(
          "feature",
          "result",
          ">equal",
          ">different",
          ">served missing",
          ">recomputed missing",
          ">largest",
          ">relative");

  private static Stream<String> cells(FeatureSkew feature) {
    return Stream.of(
        feature.feature(),
        feature.isClean() ? "equal" : "SKEWED",
        Format.count(feature.equal()),
        Format.count(feature.different()),
        Format.count(feature.servedMissing()),
        Format.count(feature.recomputedMissing()),
        Format.number(feature.largestAbsolute()),
        Format.number(feature.largestRelative()));
  }

  private static Stream<String> headings(FeatureSkew feature) {
    return Stream.concat(
        feature.examples().get(0).keys().keySet().stream(),
        Stream.of("at", "served", "recomputed"));
  }

  /** The features as a table for a shell, with examples of each that differs below. */
  @Override
  public String toString() {
    TextTable table = new TextTable(HEADINGS.toArray(String[]::new));
    features.forEach(feature -> table.row(cells(feature).toArray(String[]::new)));
    StringBuilder out = new StringBuilder(headline()).append("\n\n").append(table);
    for (FeatureSkew feature : skewed()) {
      if (!feature.examples().isEmpty()) {
        TextTable examples =
            new TextTable(
                headings(feature)
                    .map(name -> name.startsWith(">") ? " " + name : name)
                    .toArray(String[]::new));
        feature.examples().forEach(row -> examples.row(row.cells().toArray(String[]::new)));
        out.append('\n').append(feature.feature()).append(", such as\n").append(examples);
      }
    }
    return out.toString();
  }

  private static final String CSS =
      """
      .mlinfra-skew { --line: #e2e6ec; --text: #182030; --muted: #5a6677; --bad: #b42318; \
      --good: #17703f; color: var(--text); padding: 16px; \
      font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; \
      font-variant-numeric: tabular-nums; overflow-x: auto; }
      @media (prefers-color-scheme: dark) { .mlinfra-skew { --line: #2a3341; --text: #e5eaf2; \
      --muted: #9aa7b9; --bad: #ff9189; --good: #6fd39e; background: #0f1319; } }
      .mlinfra-skew p, .mlinfra-skew caption { color: var(--muted); text-align: left; }
      .mlinfra-skew table { border-collapse: collapse; color: inherit; margin: 0 0 16px; }
      .mlinfra-skew th, .mlinfra-skew td { padding: 6px 12px; text-align: left; \
      background: none; border-bottom: 1px solid var(--line); }
      .mlinfra-skew th { color: var(--muted); font-weight: 600; }
      .mlinfra-skew .n { text-align: right; white-space: nowrap; }
      .mlinfra-skew .good { color: var(--good); }
      .mlinfra-skew .bad { color: var(--bad); font-weight: 600; }
      """;

  /** The same for a notebook: HTML that loads nothing and runs nothing. */
  public String toHtml() {
    Html html = new Html().markup("<div class=\"mlinfra-skew\">\n<style>\n" + CSS + "</style>\n");
    html.markup("<p>{}</p>\n<table><thead><tr>", headline());
    for (String heading : HEADINGS) {
      boolean number = heading.startsWith(">");
      html.markup(
          number ? "<th scope=\"col\" class=\"n\">{}</th>" : "<th scope=\"col\">{}</th>",
          number ? heading.substring(1) : heading);
    }
    html.markup("</tr></thead>\n<tbody>\n");
    for (FeatureSkew feature : features) {
      List<String> cells = cells(feature).collect(Collectors.toList());
      html.markup(
          "<tr><td>{}</td><td class=\"" + (feature.isClean() ? "good" : "bad") + "\">{}</td>",
          cells.get(0),
          cells.get(1));
      cells.stream().skip(2).forEach(cell -> html.markup("<td class=\"n\">{}</td>", cell));
      html.markup("</tr>\n");
    }
    html.markup("</tbody></table>\n");
    for (FeatureSkew feature : skewed()) {
      if (!feature.examples().isEmpty()) {
        html.markup("<table><caption>{}, such as</caption><thead><tr>", feature.feature());
        headings(feature).forEach(name -> html.markup("<th scope=\"col\">{}</th>", name));
        html.markup("</tr></thead><tbody>\n");
        for (Example example : feature.examples()) {
          html.markup("<tr>");
          example.cells().forEach(cell -> html.markup("<td>{}</td>", cell));
          html.markup("</tr>\n");
        }
        html.markup("</tbody></table>\n");
      }
    }
    return html.markup("</div>\n").toString();
  }
}
