package io.mlinfra.core.version;

import java.util.Map;

/** A lineage in the language of Graphviz. */
final class LineageDot {
  private LineageDot() {}

  static String of(Lineage lineage) {
    StringBuilder dot = new StringBuilder("digraph lineage {\n");
    dot.append("  rankdir=LR;\n");
    dot.append("  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];\n");
    for (VersionId id : lineage.versions()) {
      StringBuilder label = new StringBuilder();
      line(label, id.kind().label());
      line(label, id.name() + ":" + id.number());
      line(label, id.hash().abbreviated());
      for (Map.Entry<String, String> fact : lineage.facts(id).entrySet()) {
        line(label, fact.getKey() + " " + fact.getValue());
      }
      dot.append("  ").append(name(id)).append(" [label=\"").append(label).append('"');
      dot.append(id.equals(lineage.root()) ? ", style=\"rounded,bold\"];\n" : "];\n");
    }
    for (VersionId id : lineage.versions()) {
      for (VersionId source : lineage.madeFrom(id)) {
        dot.append("  ").append(name(source)).append(" -> ").append(name(id)).append(";\n");
      }
    }
    return dot.append("}\n").toString();
  }

  private static String name(VersionId id) {
    StringBuilder name = new StringBuilder("\"");
    escape(name, id.kind().label() + " " + id.name() + ":" + id.number() + " " + id.hash());
    return name.append('"').toString();
  }

  private static void line(StringBuilder label, String text) {
    escape(label, text);
    // Ends the line and sets it to the left.
    label.append("\\l");
  }

  /** Graphviz takes a backslash for an escape and an ampersand for the start of an entity. */
  private static void escape(StringBuilder out, String text) {
    text.codePoints()
        .map(point -> Character.isWhitespace(point) ? ' ' : Markup.harmless(point))
        .forEach(
            point -> {
              switch (point) {
                case '\\' -> out.append("\\\\");
                case '"' -> out.append("\\\"");
                case '&' -> out.append("&amp;");
                default -> out.appendCodePoint(point);
              }
            });
  }
}
