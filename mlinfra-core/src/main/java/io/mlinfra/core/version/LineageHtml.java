package io.mlinfra.core.version;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.version.LineageSvg.Drawing;
import java.util.Map;

/** A lineage as a drawing and a table, in a fragment of HTML. */
final class LineageHtml {
  /** A drawing that is a little wider than the page shrinks so far; beyond that it scrolls. */
  private static final double SMALLEST = 0.8;

  private LineageHtml() {}

  static String of(Lineage lineage) {
    VersionId root = lineage.root();
    Markup html = new Markup();
    html.raw("<div class=\"mlinfra-lineage\">\n<style>\n" + LineageStyle.HTML + "</style>\n");
    html.raw("<p class=\"l-summary\">The lineage of <strong>").text(root.kind().label() + " ");
    html.text(root.name() + ":" + root.number()).raw("</strong>: made from ");
    html.text(versions(lineage.sources().size()) + ", made into ");
    html.text(versions(lineage.products().size())).raw(".</p>\n");
    Drawing drawing = LineageSvg.of(lineage);
    html.raw("<div class=\"l-scroll\"><div class=\"l-fit\" style=\"min-width:");
    html.number(SMALLEST * drawing.width()).raw("px;max-width:").number(drawing.width());
    html.raw("px\">\n").raw(drawing.svg()).raw("</div></div>\n");
    html.raw(
        """
        <div class="l-scroll"><table>
        <caption>Versions of this lineage, in the order of making</caption>
        <thead><tr><th scope="col">Version</th><th scope="col">Role</th>\
        <th scope="col">Made from</th><th scope="col">Facts</th>\
        <th scope="col">SHA-256</th></tr></thead>
        <tbody>
        """);
    for (VersionId id : lineage.versions()) {
      row(html, lineage, id);
    }
    return html.raw("</tbody></table></div>\n</div>\n").toString();
  }

  private static void row(Markup html, Lineage lineage, VersionId id) {
    boolean root = id.equals(lineage.root());
    html.raw(root ? "<tr class=\"l-this\">" : "<tr>");
    html.raw("<td class=\"l-k" + LineageStyle.color(id.kind()) + "\"><span class=\"l-kind\">");
    html.text(id.kind().label()).raw("</span><span class=\"l-name\">");
    html.text(id.name() + ":" + id.number()).raw("</span></td><td class=\"l-role\">");
    html.text(root ? "this one" : lineage.sources().contains(id) ? "source" : "product");
    html.raw("</td><td>");
    for (VersionId source : lineage.madeFrom(id)) {
      html.raw("<span class=\"l-item\"><span class=\"l-key\">").text(source.kind().label());
      html.raw("</span> ").text(source.name() + ":" + source.number()).raw("</span>");
    }
    html.raw("</td><td>");
    for (Map.Entry<String, String> fact : lineage.facts(id).entrySet()) {
      boolean alias = fact.getKey().equals("alias");
      html.raw("<span class=\"l-item\"><span class=\"l-key\">").text(fact.getKey());
      html.raw(alias ? "</span> <span class=\"l-alias\">" : "</span> <span>");
      html.text(fact.getValue()).raw("</span></span>");
    }
    html.raw("</td><td><span class=\"l-hash\">").text(id.hash().hex()).raw("</span></td></tr>\n");
  }

  private static String versions(int count) {
    return switch (count) {
      case 0 -> "nothing";
      case 1 -> "1 version";
      default -> Format.count(count) + " versions";
    };
  }
}
