package io.mlinfra.monitoring;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.monitoring.ColumnDrift.Bin;
import io.mlinfra.monitoring.ColumnDrift.Level;
import java.util.List;
import java.util.Locale;

/** Draws histograms and bars as inline SVG; colours come from {@link Style}. */
final class Chart {
  private static final int WIDTH = 560;
  private static final int HEIGHT = 196;
  private static final int LEFT = 44;
  private static final int TOP = 8;
  private static final int BOTTOM = 24;
  private static final int PLOT_WIDTH = WIDTH - LEFT - 6;
  private static final int PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

  private static final int LABEL_WIDTH = 132;
  private static final int ROW = 26;
  private static final int LONGEST_LABEL = 20;

  /** About the width of a character of an axis label. */
  private static final double CHARACTER = 6.4;

  private Chart() {}

  /** Both histograms in one picture: the reference filled, the current one as an outline. */
  static Html overlaid(Histogram histogram, String what) {
    Html svg = open(WIDTH, HEIGHT, what);
    double top = axes(svg, histogram);
    List<Histogram.Bar> bars = histogram.bars();
    double slot = (double) PLOT_WIDTH / bars.size();
    StringBuilder outline = new StringBuilder();
    for (int i = 0; i < bars.size(); i++) {
      Histogram.Bar bar = bars.get(i);
      double x = LEFT + i * slot;
      double was = PLOT_HEIGHT * bar.reference() / top;
      double now = PLOT_HEIGHT * bar.current() / top;
      if (histogram.isDiscrete()) {
        double width = Math.min(26, slot * 0.4);
        double middle = x + slot / 2;
        rect(svg, "was", middle - width - 0.75, TOP + PLOT_HEIGHT - was, width, was);
        rect(svg, "now", middle + 0.75, TOP + PLOT_HEIGHT - now, width, now);
      } else {
        rect(svg, "was", x + 0.5, TOP + PLOT_HEIGHT - was, slot - 1, was);
        String y = number(TOP + PLOT_HEIGHT - now);
        if (i == 0) {
          outline.append('M').append(number(x)).append(' ').append(TOP + PLOT_HEIGHT);
        }
        outline.append('V').append(y).append('H').append(number(x + slot));
      }
    }
    if (!histogram.isDiscrete()) {
      outline.append('V').append(TOP + PLOT_HEIGHT);
      svg.markup("<path class=\"soft\" d=\"" + outline + "Z\"/>");
      svg.markup("<path class=\"step\" d=\"" + outline + "\"/>");
    }
    for (int i = 0; i < bars.size(); i++) {
      Histogram.Bar bar = bars.get(i);
      hover(
          svg,
          LEFT + i * slot,
          slot,
          bar.label()
              + "\nreference "
              + Format.percent(bar.reference())
              + "\ncurrent "
              + Format.percent(bar.current()));
    }
    return svg.markup("</svg>\n");
  }

  /** A small histogram of one column for a table. */
  static Html sparkline(List<Histogram.Bar> bars, String what) {
    int width = 112;
    int height = 30;
    Html svg =
        new Html()
            .markup(
                "<svg width=\"112\" height=\"30\" viewBox=\"0 0 112 30\" role=\"img\""
                    + " aria-label=\"{}\">",
                what);
    double slot = (double) width / Math.max(6, bars.size());
    double highest = 0;
    for (Histogram.Bar bar : bars) {
      highest = Math.max(highest, bar.reference());
    }
    for (int i = 0; i < bars.size(); i++) {
      Histogram.Bar bar = bars.get(i);
      double size = (height - 1) * bar.reference() / highest;
      svg.markup("<g><title>{}</title>", bar.label() + ": " + Format.percent(bar.reference()));
      rect(svg, "now", i * slot + 0.5, height - size, Math.max(1, slot - 1), size);
      svg.markup("</g>");
    }
    return svg.markup("<line class=\"axis\" x1=\"0\" y1=\"29.5\" x2=\"112\" y2=\"29.5\"/></svg>");
  }

  /** A pair of bars for each value. */
  static Html categories(List<Bin> bins, String what) {
    int height = ROW * bins.size() + 6;
    Html svg = open(WIDTH, height, what);
    double highest = 0;
    for (Bin bin : bins) {
      highest = Math.max(highest, Math.max(bin.reference(), bin.current()));
    }
    double scale = (WIDTH - LABEL_WIDTH - 112) / highest;
    for (int i = 0; i < bins.size(); i++) {
      Bin bin = bins.get(i);
      int y = 3 + ROW * i;
      String tip =
          bin.label()
              + "\nreference "
              + Format.percent(bin.reference())
              + "\ncurrent "
              + Format.percent(bin.current());
      svg.markup("<g><title>{}</title>", tip);
      svg.markup(
          "<text class=\"label\" text-anchor=\"end\" x=\""
              + (LABEL_WIDTH - 10)
              + "\" y=\""
              + (y + 16)
              + "\">{}</text>",
          shorten(bin.label()));
      rect(svg, "was", LABEL_WIDTH, y + 2, bin.reference() * scale, 9);
      rect(svg, "now", LABEL_WIDTH, y + 12, bin.current() * scale, 9);
      double end = LABEL_WIDTH + Math.max(bin.reference(), bin.current()) * scale + 6;
      svg.markup(
          "<text x=\"" + number(end) + "\" y=\"" + (y + 16) + "\">{} → {}</text></g>",
          Format.percent(bin.reference()),
          Format.percent(bin.current()));
    }
    return svg.markup("</svg>\n");
  }

  /** A bar with its threshold in the middle. */
  static Html gauge(double value, double threshold, Level level) {
    Html svg =
        new Html()
            .markup(
                "<svg class=\"inline\" width=\"84\" height=\"12\" viewBox=\"0 0 84 12\""
                    + " aria-hidden=\"true\">");
    if (Double.isNaN(value)) {
      return svg.markup("</svg>");
    }
    rect(svg, "track", 0, 3, 84, 6);
    rect(svg, tone(level), 0, 3, 84 * Math.min(1, value / (2 * threshold)), 6);
    return svg.markup("<line class=\"mark\" x1=\"42\" y1=\"0\" x2=\"42\" y2=\"12\"/></svg>");
  }

  /** The class of a level's colour. */
  static String tone(Level level) {
    return switch (level) {
      case DRIFTED -> "bad";
      case SHIFTED -> "warn";
      case STABLE -> "good";
      case IGNORED -> "none";
    };
  }

  private static Html open(int width, int height, String what) {
    return new Html()
        .markup(
            "<svg class=\"chart\" viewBox=\"0 0 "
                + width
                + " "
                + height
                + "\" role=\"img\" aria-label=\"{}\">\n",
            what);
  }

  /** Draws grid and labels; returns the share at the top. */
  private static double axes(Html svg, Histogram histogram) {
    double step = Histogram.step(Math.max(1e-6, histogram.highest()) / 4, false);
    int lines = (int) Math.ceil(histogram.highest() / step - 1e-9);
    double top = Math.max(1, lines) * step;
    for (int i = 0; i <= lines; i++) {
      String y = number(TOP + PLOT_HEIGHT * (1 - i * step / top));
      svg.markup(
          "<line class=\""
              + (i == 0 ? "axis" : "grid")
              + "\" x1=\""
              + LEFT
              + "\" x2=\""
              + (WIDTH - 6)
              + "\" y1=\""
              + y
              + "\" y2=\""
              + y
              + "\"/><text text-anchor=\"end\" dominant-baseline=\"middle\" x=\""
              + (LEFT - 8)
              + "\" y=\""
              + y
              + "\">{}</text>\n",
          axisPercent(100 * i * step));
    }
    double free = Double.NEGATIVE_INFINITY;
    for (Histogram.Tick tick : histogram.ticks()) {
      String label = shorten(tick.label());
      double half = label.length() * CHARACTER / 2;
      double x = LEFT + PLOT_WIDTH * tick.at();
      double middle = Math.max(half, Math.min(WIDTH - half, x));
      if (middle - half > free) {
        free = middle + half + 8;
        svg.markup(
            "<text text-anchor=\"middle\" x=\""
                + number(middle)
                + "\" y=\""
                + (HEIGHT - 6)
                + "\">{}</text>",
            label);
      }
    }
    return top;
  }

  private static String axisPercent(double percent) {
    String text = String.format(Locale.ROOT, "%.3f", percent);
    return text.replaceAll("\\.?0+$", "") + " %";
  }

  private static void hover(Html svg, double x, double width, String tip) {
    svg.markup("<g><title>{}</title>", tip);
    rect(svg, "hover", x, TOP, width, PLOT_HEIGHT);
    svg.markup("</g>");
  }

  private static void rect(
      Html svg, String style, double x, double y, double width, double height) {
    if (height > 0 && width > 0) {
      svg.markup(
          "<rect class=\""
              + style
              + "\" x=\""
              + number(x)
              + "\" y=\""
              + number(y)
              + "\" width=\""
              + number(width)
              + "\" height=\""
              + number(height)
              + "\"/>");
    }
  }

  static String shorten(String label) {
    int points = label.codePointCount(0, label.length());
    return points <= LONGEST_LABEL
        ? label
        : label.substring(0, label.offsetByCodePoints(0, LONGEST_LABEL - 1)) + "…";
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
