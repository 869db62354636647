package io.mlinfra.monitoring;

import io.mlinfra.monitoring.ColumnDrift.Bin;
import io.mlinfra.monitoring.ColumnDrift.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A drift report as key numbers, a table, and a picture per column. */
final class DriftHtml {
  private static final int MOST_VALUES = 8;

  private DriftHtml() {}

  static Html of(DriftReport report) {
    Html html = new Html();
    facts(html, report);
    if (!report.schemaChanges().isEmpty()) {
      html.markup("<ul class=\"changes\">\n");
      for (DriftReport.SchemaChange change : report.schemaChanges()) {
        html.markup("<li>Column {}</li>\n", change);
      }
      html.markup("</ul>\n");
    }
    if (report.columns().isEmpty()) {
      return html;
    }
    table(html, report);
    html.markup("<div class=\"grid\">\n");
    for (ColumnDrift column : report.columns()) {
      card(html, report, column);
    }
    return html.markup("</div>\n");
  }

  private static void facts(Html html, DriftReport report) {
    long drifted = count(report, Level.DRIFTED);
    long shifted = count(report, Level.SHIFTED);
    html.markup("<dl class=\"facts\">\n");
    fact(html, drifted > 0 ? "bad" : "good", "Drifted", drifted + " of " + report.columns().size());
    fact(html, shifted > 0 ? "warn" : "", "Shifted", Long.toString(shifted));
    fact(html, "", "Stable", Long.toString(count(report, Level.STABLE)));
    fact(html, "", "Reference rows", Format.count(report.reference().rows()));
    fact(html, "", "Current rows", Format.count(report.current().rows()));
    html.markup("</dl>\n");
  }

  static void fact(Html html, String tone, String name, String value) {
    html.markup("<div class=\"fact {}\"><dt>{}</dt><dd>{}</dd></div>\n", tone, name, value);
  }

  private static long count(DriftReport report, Level level) {
    return report.columns().stream().filter(column -> column.level() == level).count();
  }

  private static void table(Html html, DriftReport report) {
    html.markup(
        """
        <div class="box"><table class="data">
        <caption>Columns by population stability index, the highest first</caption>
        <thead><tr><th scope="col">Column</th><th scope="col">Verdict</th>\
        <th scope="col" class="n" aria-sort="descending">PSI ▾</th>\
        <th scope="col" class="n">KS</th><th scope="col" class="n">Missing, reference</th>\
        <th scope="col" class="n">Missing, current</th></tr></thead>
        <tbody>
        """);
    for (ColumnDrift column : report.columns()) {
      html.markup(
          "<tr><td class=\"name\">{} <span class=\"muted\">{}</span></td><td>",
          column.name(),
          column.type().name().toLowerCase(Locale.ROOT));
      badge(html, column.level());
      html.markup("</td><td class=\"n\">{}", Format.statistic(column.psi()));
      html.add(Chart.gauge(column.psi(), report.psiThreshold(), column.level()));
      html.markup("</td><td class=\"n\">{}", Format.statistic(column.ks()));
      html.add(Chart.gauge(column.ks(), report.ksThreshold(), column.level()));
      html.markup(
          "</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
          Format.percent(column.referenceMissing()),
          Format.percent(column.currentMissing()));
    }
    html.markup("</tbody></table></div>\n");
    html.markup(
        "<p class=\"muted\">The marks are the thresholds: PSI {}, KS {}.</p>\n",
        Format.number(report.psiThreshold()),
        Format.number(report.ksThreshold()));
  }

  private static void badge(Html html, Level level) {
    String text = level == Level.IGNORED ? "not judged" : level.name().toLowerCase(Locale.ROOT);
    html.markup("<span class=\"badge {}\">{}</span>", Chart.tone(level), text);
  }

  private static void card(Html html, DriftReport report, ColumnDrift drift) {
    ColumnProfile before = report.reference().column(drift.name());
    ColumnProfile after = report.current().column(drift.name());
    html.markup(
        "<section class=\"box card\"><div class=\"head\"><h3>{}</h3>"
            + "<span class=\"muted\">PSI {}</span>",
        drift.name(),
        Format.statistic(drift.psi()));
    badge(html, drift.level());
    html.markup(
        """
        </div>
        <p class="legend"><span><span class="key was"></span>reference</span>\
        <span><span class="key now"></span>current{}</span></p>
        """,
        before.type() == ColumnProfile.Type.STRING && drift.bins().size() > MOST_VALUES
            ? "; the values that moved most"
            : "");
    if (before.type() == ColumnProfile.Type.STRING) {
      List<Bin> bins = moved(drift.bins());
      html.add(
          Chart.categories(
              bins, "Shares of the values of " + drift.name() + ", reference and current"));
    } else {
      Histogram histogram = Histogram.of(before, after);
      if (histogram.bars().isEmpty()) {
        html.markup("<p class=\"muted\">No values to draw.</p>\n");
      } else {
        html.add(
            Chart.overlaid(histogram, "Histogram of " + drift.name() + ", reference and current"));
      }
      compare(html, before, after);
    }
    html.markup("</section>\n");
  }

  private static void compare(Html html, ColumnProfile before, ColumnProfile after) {
    html.markup(
        """
        <table class="data small"><caption>Key numbers</caption>
        <thead><tr><th scope="col"></th><th scope="col" class="n">Min</th>\
        <th scope="col" class="n">Median</th><th scope="col" class="n">Mean</th>\
        <th scope="col" class="n">Max</th><th scope="col" class="n">Missing</th></tr></thead>
        <tbody>
        """);
    for (ColumnProfile column : List.of(before, after)) {
      html.markup("<tr><td>{}</td>", column == before ? "Reference" : "Current");
      for (double value :
          new double[] {column.min(), column.quantile(0.5), column.mean(), column.max()}) {
        html.markup("<td class=\"n\">{}</td>", column.show(value));
      }
      html.markup("<td class=\"n\">{}</td></tr>\n", Format.percent(column.missingRate()));
    }
    html.markup("</tbody></table>\n");
  }

  /** The values that add most to the index, in their order; the rest together. */
  private static List<Bin> moved(List<Bin> bins) {
    Set<Bin> most =
        new HashSet<>(
            bins.stream()
                .sorted(Comparator.comparingDouble(ColumnComparison::contribution).reversed())
                .limit(MOST_VALUES)
                .toList());
    List<Bin> shown = new ArrayList<>();
    double before = 0;
    double after = 0;
    for (Bin bin : bins) {
      if (most.contains(bin)) {
        shown.add(bin);
      } else {
        before += bin.reference();
        after += bin.current();
      }
    }
    if (shown.size() < bins.size()) {
      shown.add(new Bin("(all others)", before, after));
    }
    return shown;
  }
}
