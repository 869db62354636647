package io.mlinfra.warehouse.quality;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A profile as a table with a small histogram per column. */
final class ProfileHtml {
  private static final int WIDTH = 112;
  private static final int HEIGHT = 30;

  private ProfileHtml() {}

  /** A bar with what a pointer resting on it shows. */
  private record Bar(String label, long count) {}

  static String of(TableProfile profile) {
    Html html = Look.open();
    html.markup("<p>{}</p>\n", profile.headline());
    html.markup(
        "<div class=\"box\"><table><caption>Columns</caption><thead><tr>"
            + "<th scope=\"col\">Column</th><th scope=\"col\">Distribution</th>");
    for (String heading :
        List.of("Missing", "Distinct", "Min", "Median", "Mean", "Max", "Std. dev.")) {
      html.markup("<th scope=\"col\" class=\"n\">{}</th>", heading);
    }
    html.markup("<th scope=\"col\">Most frequent</th></tr></thead>\n<tbody>\n");
    for (ColumnSummary column : profile.columns()) {
      row(html, column);
    }
    return Look.close(html.markup("</tbody></table></div>\n"));
  }

  private static void row(Html html, ColumnSummary column) {
    html.markup(
        "<tr><td class=\"name\">{}<span class=\"type\">{}</span></td><td>",
        column.name(),
        cut(column.type()));
    List<Bar> bars = bars(column);
    if (!bars.isEmpty()) {
      draw(html, bars, "Distribution of " + column.name());
    }
    html.markup("</td>");
    cell(html, Format.percent(column.nullFraction()));
    cell(html, TableProfile.distinct(column));
    cell(html, column.shown(column.lowest()));
    cell(html, column.shown(column.quantile(0.5)));
    cell(html, Format.number(column.mean()));
    cell(html, column.shown(column.highest()));
    cell(html, Format.number(column.standardDeviation()));
    html.markup("<td class=\"values\">{}</td></tr>\n", TableProfile.frequent(column));
  }

  private static void cell(Html html, @Nullable String text) {
    html.markup("<td class=\"n\">{}</td>", text == null ? "–" : cut(text));
  }

  private static String cut(String text) {
    return text.length() <= 40 ? text : text.substring(0, 39) + "…";
  }

  private static List<Bar> bars(ColumnSummary column) {
    if (column.histogram().isEmpty()) {
      return column.top().stream().map(value -> new Bar(cut(value.text()), value.count())).toList();
    }
    return column.histogram().stream()
        .map(
            bar ->
                new Bar(
                    bar.from() == bar.to()
                        ? column.shown(bar.from())
                        : column.shown(bar.from()) + " to " + column.shown(bar.to()),
                    bar.count()))
        .toList();
  }

  private static void draw(Html html, List<Bar> bars, String what) {
    html.markup(
        "<svg width=\"112\" height=\"30\" viewBox=\"0 0 112 30\" role=\"img\" aria-label=\"{}\">",
        what);
    double slot = (double) WIDTH / Math.max(6, bars.size());
    long most = Math.max(1, bars.stream().mapToLong(Bar::count).max().orElse(1));
    for (int i = 0; i < bars.size(); i++) {
      Bar bar = bars.get(i);
      double height = (HEIGHT - 1.0) * bar.count() / most;
      html.markup(
          String.format(
              Locale.ROOT,
              "<g><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/><title>{}</title></g>",
              i * slot + 0.5,
              HEIGHT - height,
              Math.max(1, slot - 1),
              height),
          bar.label() + ": " + Format.count(bar.count()));
    }
    html.markup("<line x1=\"0\" y1=\"29.5\" x2=\"112\" y2=\"29.5\"/></svg>");
  }
}
