package io.mlinfra.monitoring;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.monitoring.ColumnDrift.Bin;
import io.mlinfra.monitoring.ColumnProfile.Type;
import io.mlinfra.monitoring.ColumnProfile.ValueCount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** One column of a drift report: its picture, and its key numbers side by side. */
final class DriftCard {
  private static final int MOST_VALUES = 8;
  private static final int MOST_NEW_VALUES = 5;
  private static final double SMALLEST_NEW_SHARE = 0.001;

  /** A key number: its heading, and what it is of a column. */
  private record Fact(String heading, Function<ColumnProfile, String> of) {}

  private static final Fact MIN = new Fact("Min", column -> column.show(column.min()));
  private static final Fact MEDIAN =
      new Fact("Median", column -> column.show(column.quantile(0.5)));
  private static final Fact MEAN = new Fact("Mean", column -> Format.number(column.mean()));
  private static final Fact MAX = new Fact("Max", column -> column.show(column.max()));
  private static final Fact TRUE = new Fact("True", column -> Format.percent(column.mean()));
  private static final Fact DISTINCT =
      new Fact(
          "Distinct", column -> (column.isExact() ? "" : "≈ ") + Format.count(column.distinct()));
  private static final Fact MISSING =
      new Fact("Missing", column -> Format.percent(column.missingRate()));

  private DriftCard() {}

  static void add(Html html, DriftReport report, ColumnDrift drift) {
    ColumnProfile before = report.reference().column(drift.name());
    ColumnProfile after = report.current().column(drift.name());
    html.markup(
        "<section class=\"box card\"><div class=\"head\"><h3>{}</h3>"
            + "<span class=\"muted\">PSI {}</span>",
        drift.name(),
        Format.statistic(drift.psi()));
    DriftHtml.badge(html, drift.level());
    html.markup(
        """
        </div>
        <p class="legend"><span><span class="key was"></span>reference</span>\
        <span><span class="key now"></span>current</span></p>
        """);
    if (before.type() == Type.STRING) {
      texts(html, drift, before, after);
    } else {
      numbers(html, drift, before, after);
    }
    facts(html, before, after);
    html.markup("</section>\n");
  }

  private static void numbers(
      Html html, ColumnDrift drift, ColumnProfile before, ColumnProfile after) {
    Histogram histogram = Histogram.of(before, after);
    if (histogram.bars().isEmpty()) {
      html.markup("<p class=\"muted\">No values to draw.</p>\n");
    } else {
      html.add(
          Chart.overlaid(histogram, "Histogram of " + drift.name() + ", reference and current"));
    }
  }

  private static void texts(
      Html html, ColumnDrift drift, ColumnProfile before, ColumnProfile after) {
    List<Bin> shown = mostMoved(drift.bins());
    html.add(
        Chart.categories(
            shown, "Shares of the values of " + drift.name() + ", reference and current"));
    if (shown.size() < drift.bins().size()) {
      double reference = 1 - shown.stream().mapToDouble(Bin::reference).sum();
      double current = 1 - shown.stream().mapToDouble(Bin::current).sum();
      html.markup(
          "<p class=\"muted\">The values that moved most; all others together {} → {}.</p>\n",
          Format.percent(Math.max(0, reference)),
          Format.percent(Math.max(0, current)));
    }
    List<ValueCount> added = newValues(before, after);
    if (!added.isEmpty()) {
      html.markup(
          "<p class=\"muted\">New: {}</p>\n",
          added.stream()
              .map(
                  value ->
                      Chart.shorten(value.value())
                          + "\u00a0("
                          + Format.percent((double) value.count() / after.rows())
                          + ")")
              .collect(Collectors.joining(", ")));
    }
  }

  /** The values that add most to the index, in the order of all. */
  private static List<Bin> mostMoved(List<Bin> bins) {
    Set<Bin> most =
        new HashSet<>(
            bins.stream()
                .sorted(Comparator.comparingDouble(ColumnComparison::contribution).reversed())
                .limit(MOST_VALUES)
                .toList());
    return bins.stream().filter(most::contains).toList();
  }

  /** The most frequent of the values that the reference is known not to have. */
  private static List<ValueCount> newValues(ColumnProfile before, ColumnProfile after) {
    List<ValueCount> added = new ArrayList<>();
    if (before.isExact()) {
      Set<Long> known =
          before.summary().frequent().stream()
              .map(ValueCounts.Entry::key)
              .collect(Collectors.toSet());
      for (ValueCounts.Entry entry : after.summary().frequent()) {
        boolean counts = entry.count() >= SMALLEST_NEW_SHARE * after.rows();
        if (counts && !known.contains(entry.key()) && added.size() < MOST_NEW_VALUES) {
          added.add(new ValueCount(after.show(entry), entry.count()));
        }
      }
    }
    return added;
  }

  private static void facts(Html html, ColumnProfile before, ColumnProfile after) {
    List<Fact> facts =
        switch (before.type()) {
          case STRING -> List.of(DISTINCT, MISSING);
          case BOOL -> List.of(TRUE, MISSING);
          case TIMESTAMP -> List.of(MIN, MEDIAN, MAX, MISSING);
          case FLOAT32, FLOAT64, INT64 -> List.of(MIN, MEDIAN, MEAN, MAX, MISSING);
        };
    html.markup("<table class=\"data small\"><caption>Key numbers</caption><thead><tr><td></td>");
    for (Fact fact : facts) {
      html.markup("<th scope=\"col\" class=\"n\">{}</th>", fact.heading);
    }
    html.markup("</tr></thead>\n<tbody>");
    for (ColumnProfile column : List.of(before, after)) {
      html.markup("<tr><th scope=\"row\">{}</th>", column == before ? "Reference" : "Current");
      for (Fact fact : facts) {
        html.markup("<td class=\"n\">{}</td>", fact.of.apply(column));
      }
      html.markup("</tr>\n");
    }
    html.markup("</tbody></table>\n");
  }
}
