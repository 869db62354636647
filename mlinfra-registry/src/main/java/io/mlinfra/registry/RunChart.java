package io.mlinfra.registry;

import io.mlinfra.core.text.Html;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Draws the curves of one metric, as SVG that stands in a page without a script. */
final class RunChart {
  static final String CSS =
      """
      .mlinfra-runs svg { font: 11px sans-serif; display: block; margin-top: 12px; }
      .mlinfra-runs polyline { fill: none; stroke-width: 1.5; }
      .mlinfra-runs rect { fill: none; stroke: var(--r-line); }
      .mlinfra-runs text { fill: currentColor; }
      """;

  /** Told apart by those who do not see all colours, too: the palette of Okabe and Ito. */
  private static final List<String> COLORS =
      List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "currentColor");

  private static final int WIDTH = 640;
  private static final int HEIGHT = 220;
  private static final int LEFT = 80;
  private static final int TOP = 24;
  private static final int BOTTOM = 24;

  /** More than one point for each pixel cannot be seen: the least and the greatest of a few are. */
  private static final int PIECES = WIDTH / 2;

  private final double minStep;
  private final double maxStep;
  private final double minValue;
  private final double maxValue;

  private RunChart(double minStep, double maxStep, double minValue, double maxValue) {
    this.minStep = minStep;
    this.maxStep = maxStep;
    this.minValue = minValue;
    this.maxValue = maxValue;
  }

  static String color(int run) {
    return COLORS.get(run % COLORS.size());
  }

  static String svg(String metric, List<String> runs, List<Optional<Curve>> curves) {
    double minStep = Double.POSITIVE_INFINITY;
    double maxStep = Double.NEGATIVE_INFINITY;
    double minValue = Double.POSITIVE_INFINITY;
    double maxValue = Double.NEGATIVE_INFINITY;
    for (Optional<Curve> each : curves) {
      if (each.isPresent()) {
        Curve curve = each.get();
        for (int i = 0; i < curve.size(); i++) {
          if (Double.isFinite(curve.value(i))) {
            minStep = Math.min(minStep, curve.step(i));
            maxStep = Math.max(maxStep, curve.step(i));
            minValue = Math.min(minValue, curve.value(i));
            maxValue = Math.max(maxValue, curve.value(i));
          }
        }
      }
    }
    StringBuilder svg = new StringBuilder();
    svg.append("<svg role=\"img\" width=\"")
        .append(WIDTH)
        .append("\" height=\"")
        .append(HEIGHT)
        .append("\">\n");
    text(svg, LEFT, TOP - 8, "start", metric);
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n",
            LEFT,
            TOP,
            WIDTH - LEFT,
            HEIGHT - TOP - BOTTOM));
    if (minStep <= maxStep) {
      text(svg, LEFT - 6, TOP + 10, "end", RunComparison.show(maxValue));
      text(svg, LEFT - 6, HEIGHT - BOTTOM, "end", RunComparison.show(minValue));
      text(svg, LEFT, HEIGHT - 8, "start", RunComparison.show(minStep));
      text(svg, WIDTH, HEIGHT - 8, "end", RunComparison.show(maxStep));
      RunChart chart = new RunChart(minStep, maxStep, minValue, maxValue);
      for (int run = 0; run < curves.size(); run++) {
        if (curves.get(run).isPresent()) {
          chart.draw(svg, runs.get(run), color(run), curves.get(run).get());
        }
      }
    }
    return svg.append("</svg>\n").toString();
  }

  private static void text(StringBuilder svg, int x, int y, String anchor, String text) {
    svg.append(
        String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor));
    svg.append(Html.escape(text)).append("</text>\n");
  }

  // A value that is no number leaves a gap.
  private void draw(StringBuilder svg, String run, String color, Curve curve) {
    StringBuilder points = new StringBuilder();
    int piece = Math.max(1, curve.size() / PIECES);
    for (int from = 0; from < curve.size(); from += piece) {
      int least = -1;
      int most = -1;
      boolean gap = false;
      for (int i = from; i < Math.min(from + piece, curve.size()); i++) {
        if (!Double.isFinite(curve.value(i))) {
          gap = true;
        } else {
          least = least < 0 || curve.value(i) < curve.value(least) ? i : least;
          most = most < 0 || curve.value(i) > curve.value(most) ? i : most;
        }
      }
      if (gap) {
        end(svg, run, color, points);
      }
      if (least >= 0) {
        point(points, curve, Math.min(least, most));
        if (least != most) {
          point(points, curve, Math.max(least, most));
        }
      }
    }
    end(svg, run, color, points);
  }

  private void point(StringBuilder points, Curve curve, int i) {
    double x = LEFT + (WIDTH - LEFT) * share(curve.step(i), minStep, maxStep);
    double y =
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share(curve.value(i), minValue, maxValue);
    points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
  }

  // Halved first, for the difference of two numbers may be infinite.
  private static double share(double value, double min, double max) {
    return max > min ? (value / 2 - min / 2) / (max / 2 - min / 2) : 0.5;
  }

  private static void end(StringBuilder svg, String run, String color, StringBuilder points) {
    if (!points.isEmpty()) {
      svg.append("<polyline stroke=\"")
          .append(color)
          .append("\" points=\"")
          .append(points.toString().strip())
          .append("\"><title>")
          .append(Html.escape(run))
          .append("</title></polyline>\n");
      points.setLength(0);
    }
  }
}
