package io.mlinfra.monitoring;

import io.mlinfra.monitoring.ColumnProfile.ValueCount;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A profile as a table with a small histogram per column. */
final class ProfileHtml {
  private ProfileHtml() {}

  static Html of(Profile profile) {
    Html html = new Html();
    html.markup(
        "<p class=\"muted\">{} rows, {} columns</p>\n",
        Format.count(profile.rows()),
        profile.columns().size());
    html.markup(
        """
        <div class="box"><table class="data">
        <caption>Columns of the data</caption>
        <thead><tr><th scope="col">Column</th><th scope="col">Distribution</th>\
        <th scope="col" class="n">Missing</th><th scope="col" class="n">Distinct</th>\
        <th scope="col" class="n">Min</th><th scope="col" class="n">Median</th>\
        <th scope="col" class="n">Mean</th><th scope="col" class="n">Max</th>\
        <th scope="col" class="n">Std. dev.</th><th scope="col">Most frequent</th></tr></thead>
        <tbody>
        """);
    for (ColumnProfile column : profile.columns()) {
      row(html, column);
    }
    return html.markup("</tbody></table></div>\n");
  }

  private static void row(Html html, ColumnProfile column) {
    boolean time = column.type() == ColumnProfile.Type.TIMESTAMP;
    html.markup(
        "<tr><td class=\"name\">{} <span class=\"muted\">{}</span></td><td>",
        column.name(),
        typeName(column));
    Histogram histogram = Histogram.of(column, null);
    if (!histogram.bars().isEmpty()) {
      html.add(Chart.sparkline(histogram, "Histogram of " + column.name()));
    }
    html.markup("</td><td class=\"n\">{}</td>", Format.percent(column.missingRate()));
    html.markup(
        "<td class=\"n\">{}</td>",
        (column.isExact() ? "" : "≈ ") + Format.count(column.distinct()));
    for (double value :
        new double[] {column.min(), column.quantile(0.5), column.mean(), column.max()}) {
      html.markup("<td class=\"n\">{}</td>", column.show(value));
    }
    html.markup("<td class=\"n\">{}</td>", time ? "–" : Format.number(column.standardDeviation()));
    html.markup("<td class=\"values\">{}</td></tr>\n", frequent(column));
  }

  static String typeName(ColumnProfile column) {
    return column.type().name().toLowerCase(Locale.ROOT);
  }

  /** The three values that stand out, or none where each occurs about once. */
  private static String frequent(ColumnProfile column) {
    List<ValueCount> values = column.mostFrequent(3);
    if (values.isEmpty() || values.get(0).count() < 2) {
      return "";
    }
    return values.stream()
        .map(
            value ->
                Chart.shorten(value.value())
                    + " "
                    + Format.percent((double) value.count() / column.count()))
        .collect(Collectors.joining(" · "));
  }
}
