package io.mlinfra.monitoring;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.monitoring.ColumnProfile.Type;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A profile as a table with a small histogram per column. */
final class ProfileHtml {
  private static final int MOST_BARS = 20;
  private static final double SMALLEST_SHARE = 0.005;

  private ProfileHtml() {}

  static Html of(Profile profile) {
    Html html = new Html();
    html.markup(
        "<p class=\"muted\">{} rows, {} columns</p>\n",
        Format.count(profile.rows()),
        profile.columns().size());
    html.markup(
        """
        <div class="box"><table class="data wide">
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
    html.markup(
        "<tr><td class=\"name\">{} <span class=\"type\">{}</span></td><td>",
        column.name(),
        column.type().name().toLowerCase(Locale.ROOT));
    List<Histogram.Bar> bars = bars(column);
    if (!bars.isEmpty()) {
      html.add(Chart.sparkline(bars, "Distribution of " + column.name()));
    }
    html.markup("</td><td class=\"n\">{}</td>", Format.percent(column.missingRate()));
    html.markup(
        "<td class=\"n\">{}</td>",
        (column.isExact() ? "" : "≈ ") + Format.count(column.distinct()));
    boolean ordered = column.type() != Type.BOOL;
    boolean measured = column.type() != Type.TIMESTAMP;
    cell(html, ordered ? column.show(column.min()) : "–");
    cell(html, ordered ? column.show(column.quantile(0.5)) : "–");
    cell(html, measured ? Format.number(column.mean()) : "–");
    cell(html, ordered ? column.show(column.max()) : "–");
    cell(html, measured ? Format.number(column.standardDeviation()) : "–");
    html.markup("<td class=\"values\">{}</td></tr>\n", frequent(column));
  }

  private static void cell(Html html, String text) {
    html.markup("<td class=\"n\">{}</td>", text);
  }

  private static List<Histogram.Bar> bars(ColumnProfile column) {
    if (column.type() != Type.STRING) {
      return Histogram.of(column, null).bars();
    }
    return column.mostFrequent(MOST_BARS).stream()
        .map(value -> new Histogram.Bar(value.value(), (double) value.count() / column.count(), 0))
        .toList();
  }

  /** The values that stand out, if any do. */
  private static String frequent(ColumnProfile column) {
    return column.mostFrequent(3).stream()
        .filter(value -> value.count() >= SMALLEST_SHARE * column.count())
        .map(
            value ->
                Chart.shorten(value.value())
                    + "\u00a0("
                    + Format.percent((double) value.count() / column.count())
                    + ")")
        .collect(Collectors.joining(", "));
  }
}
