package io.mlinfra.core.version;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.version.LineageLayout.Node;
import io.mlinfra.core.version.LineageLayout.Size;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Draws a lineage. Classes begin with {@code l-}, so as not to meet those of a page around it. */
final class LineageSvg {
  private static final double MARGIN = 24;
  private static final double PADDING = 14;
  private static final double HEAD_HEIGHT = 66;
  private static final double FACT_HEIGHT = 17;
  private static final int MOST_FACTS = 9;
  private static final double LEAST_WIDTH = 132;
  private static final double MOST_WIDTH = 280;

  /** Between a fact's name and its value. */
  private static final double BETWEEN = 14;

  private static final double KIND = 10.5;
  private static final double NAME = 14;
  private static final double HASH = 11.5;
  private static final double FACT = 12;
  private static final double ARROW = 7;

  /** The radius of a bend; two of them and an arrow fit between layers. */
  private static final double ROUND = 16;

  private final Lineage lineage;
  private final LineageLayout layout;
  private final Markup svg = new Markup();

  private LineageSvg(Lineage lineage) {
    this.lineage = lineage;
    this.layout = new LineageLayout(lineage, this::size);
  }

  /** A drawing, and how wide it is. */
  record Drawing(String svg, double width) {}

  static Drawing of(Lineage lineage) {
    return new LineageSvg(lineage).draw();
  }

  private Drawing draw() {
    int drawn = 0;
    for (List<Node> layer : layout.layers()) {
      drawn += (int) layer.stream().filter(node -> node.id != null).count();
    }
    int all = lineage.versions().size();
    String note =
        drawn == all
            ? ""
            : Format.count(drawn)
                + " of "
                + Format.count(all)
                + " versions: those nearest to "
                + name(lineage.root());
    double top = MARGIN + (note.isEmpty() ? 0 : 28);
    double width = Math.max(layout.width(), note.isEmpty() ? 0 : width(note, FACT)) + 2 * MARGIN;
    double height = layout.height() + top + MARGIN;
    svg.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mlinfra-lineage\" width=\"");
    svg.number(Math.ceil(width)).raw("\" height=\"").number(Math.ceil(height));
    svg.raw("\" viewBox=\"0 0 ").number(Math.ceil(width)).raw(" ").number(Math.ceil(height));
    svg.raw("\" role=\"img\" aria-label=\"Lineage of ").text(lineage.root().toString());
    svg.raw("\">\n<style>\n").raw(LineageStyle.COLORS + LineageStyle.SVG).raw("</style>\n");
    svg.raw("<rect class=\"l-paper\" width=\"100%\" height=\"100%\" rx=\"10\"/>\n");
    if (!note.isEmpty()) {
      text("l-key", MARGIN, MARGIN + 6, "", note);
    }
    svg.raw("<g transform=\"translate(").number(MARGIN).raw(" ").number(top).raw(")\">\n");
    for (List<Node> layer : layout.layers()) {
      layer.forEach(this::arrows);
    }
    for (List<Node> layer : layout.layers()) {
      for (Node node : layer) {
        if (node.id != null) {
          box(node, node.id);
        }
      }
    }
    return new Drawing(svg.raw("</g>\n</svg>\n").toString(), Math.ceil(width));
  }

  /** What comes in from the left, and how a passing line crosses this layer. */
  private void arrows(Node node) {
    if (node.id == null && node.width > 0) {
      svg.raw("<path class=\"l-link\" d=\"M").number(node.left()).raw(" ").number(node.y);
      svg.raw("H").number(node.right()).raw("\"/>\n");
    }
    List<Node> from = new ArrayList<>(node.from);
    from.sort(Comparator.comparingDouble(source -> source.y));
    double step = Math.min(16, (node.height - 24) / Math.max(1, from.size()));
    for (int i = 0; i < from.size(); i++) {
      Node source = from.get(i);
      double y = node.id == null ? node.y : node.y + (i - (from.size() - 1) / 2.0) * step;
      double x = node.id == null ? node.left() : node.left() - ARROW + 1;
      svg.raw("<path class=\"l-link\" d=\"M").number(source.right()).raw(" ").number(source.y);
      bend(source, x, y);
      svg.raw("\"/>\n");
      if (node.id != null) {
        svg.raw("<path class=\"l-head\" d=\"M").number(node.left()).raw(" ").number(y);
        svg.raw("l").number(-ARROW - 1).raw(" ").number(-ARROW / 2 - 0.5);
        svg.raw("v").number(ARROW + 1).raw("z\"/>\n");
      }
    }
  }

  /** A single curve, or for what is far above or below one to the stem and one from there. */
  private void bend(Node source, double x, double y) {
    double down = Math.signum(y - source.y) * ROUND;
    double stem = source.stem;
    if (stem == 0 || Math.abs(y - source.y) < 2 * ROUND) {
      double middle = (source.right() + x) / 2;
      svg.raw("C").number(middle).raw(" ").number(source.y);
      svg.raw(" ").number(middle).raw(" ").number(y);
      svg.raw(" ").number(x).raw(" ").number(y);
      return;
    }
    svg.raw("H").number(stem - ROUND);
    svg.raw("Q").number(stem).raw(" ").number(source.y);
    svg.raw(" ").number(stem).raw(" ").number(source.y + down);
    svg.raw("V").number(y - down);
    svg.raw("Q").number(stem).raw(" ").number(y);
    svg.raw(" ").number(stem + ROUND).raw(" ").number(y);
    svg.raw("H").number(x);
  }

  private void box(Node node, VersionId id) {
    double x = node.left();
    double y = node.top();
    double room = node.width - 2 * PADDING;
    boolean root = id.equals(lineage.root());
    svg.raw("<g class=\"l-k" + LineageStyle.color(id.kind()) + "\">");
    svg.raw("<title>").text(id.kind().label() + " " + name(id) + "\n" + id.hash());
    lineage.facts(id).forEach((key, value) -> svg.text("\n" + key + " " + value));
    svg.raw("</title>\n");
    rect(root ? "l-box l-root" : "l-box", x, y, node.width, node.height, 9);
    rect("l-bar", x + 6, y + 10, 3, node.height - 20, 1.5);
    text("l-kind", x + PADDING + 3, y + 20, "", id.kind().label());
    text("l-name", x + PADDING + 3, y + 38, "", shortName(id, room));
    text("l-hash", x + PADDING + 3, y + 54, "", id.hash().abbreviated());
    double line = y + HEAD_HEIGHT + 11;
    for (Map.Entry<String, String> fact : facts(id)) {
      String key = shorten(fact.getKey(), FACT, room * 0.6);
      String value = shorten(fact.getValue(), FACT, room - BETWEEN - width(key, FACT));
      text("l-key", x + PADDING + 3, line, "", key);
      boolean alias = fact.getKey().equals("alias");
      text(
          alias ? "l-value l-alias" : "l-value",
          x + node.width - PADDING,
          line,
          " text-anchor=\"end\"",
          value);
      line += FACT_HEIGHT;
    }
    svg.raw("</g>\n");
  }

  private void rect(String style, double x, double y, double width, double height, double radius) {
    svg.raw("<rect class=\"" + style + "\" x=\"").number(x).raw("\" y=\"").number(y);
    svg.raw("\" width=\"").number(width).raw("\" height=\"").number(height);
    svg.raw("\" rx=\"").number(radius).raw("\"/>\n");
  }

  private void text(String style, double x, double y, String attributes, String text) {
    svg.raw("<text class=\"" + style + "\" x=\"").number(x).raw("\" y=\"").number(y);
    svg.raw("\"" + attributes + ">").text(text).raw("</text>\n");
  }

  /** The facts that have a line; the last one says how many have none. */
  private List<Map.Entry<String, String>> facts(VersionId id) {
    List<Map.Entry<String, String>> facts = new ArrayList<>(lineage.facts(id).entrySet());
    if (facts.size() > MOST_FACTS) {
      int hidden = facts.size() - MOST_FACTS + 1;
      facts.subList(MOST_FACTS - 1, facts.size()).clear();
      facts.add(Map.entry("and " + hidden + " more", ""));
    }
    return facts;
  }

  private Size size(VersionId id) {
    List<Map.Entry<String, String>> facts = facts(id);
    double width = Math.max(width(name(id), NAME), width(id.hash().abbreviated(), HASH));
    for (Map.Entry<String, String> fact : facts) {
      width = Math.max(width, width(fact.getKey(), FACT) + BETWEEN + width(fact.getValue(), FACT));
    }
    width += 2 * PADDING + 3;
    double height = HEAD_HEIGHT + (facts.isEmpty() ? 0 : facts.size() * FACT_HEIGHT + 8);
    return new Size(Math.ceil(Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, width))), height);
  }

  private static String name(VersionId id) {
    return id.name() + ":" + id.number();
  }

  /** Never without the number. */
  private static String shortName(VersionId id, double room) {
    String number = ":" + id.number();
    return shorten(id.name(), NAME, room - width(number, NAME)) + number;
  }

  private static String shorten(String text, double size, double room) {
    if (width(text, size) <= room) {
      return text;
    }
    int end = text.length();
    do {
      end = text.offsetByCodePoints(end, -1);
    } while (end > 0 && width(text.substring(0, end), size) + size > room);
    return text.substring(0, end) + "…";
  }

  /** About the width of a text in a font that nobody knows yet; rather more than less. */
  private static double width(String text, double size) {
    return size * text.codePoints().mapToDouble(LineageSvg::width).sum();
  }

  private static double width(int point) {
    if (point > 0x7e) {
      return point < 0x2e80 ? 0.68 : 1.05;
    }
    if (point >= 'A' && point <= 'Z') {
      return point == 'W' || point == 'M' ? 0.92 : 0.72;
    }
    return switch (point) {
      case 'i', 'j', 'l', 't', 'f', 'r', '.', ',', ':', ';', '\'', '!', '|', ' ', '(', ')' -> 0.38;
      case 'm', 'w', '@', '%' -> 0.92;
      default -> 0.61;
    };
  }
}
