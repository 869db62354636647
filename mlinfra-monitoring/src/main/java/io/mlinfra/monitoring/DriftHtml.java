package io.mlinfra.monitoring;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.monitoring.ColumnDrift.Level;
import java.util.Locale;

/** A drift report as key numbers, a table, and a picture per column. */
final class DriftHtml {
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
      DriftCard.add(html, report, column);
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
          "<tr><td class=\"name\">{} <span class=\"type\">{}</span></td><td>",
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
        "<p class=\"muted note\">The marks are the thresholds: PSI {}, KS {}.</p>\n",
        Format.number(report.psiThreshold()),
        Format.number(report.ksThreshold()));
  }

  static void badge(Html html, Level level) {
    String text = level == Level.IGNORED ? "not judged" : level.name().toLowerCase(Locale.ROOT);
    html.markup("<span class=\"badge {}\">{}</span>", Chart.tone(level), text);
  }
}
