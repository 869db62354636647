package io.mlinfra.core.version;

import java.util.Map;

/** A lineage as a drawing and a table, in a fragment of HTML. */
final class LineageHtml {
  private LineageHtml() {}

  static String of(Lineage lineage) {
    VersionId root = lineage.root();
    Markup html = new Markup();
    html.raw("<div class=\"mlinfra-lineage\">\n<style>\n" + LineageStyle.HTML + "</style>\n");
    html.raw("<p class=\"l-summary\">The lineage of <strong>").text(root.kind().label() + " ");
    html.text(root.name() + ":" + root.number()).raw("</strong>: made from ");
    html.text(versions(lineage.sources().size()) + ", made into ");
    html.text(versions(lineage.products().size())).raw(".</p>\n");
    html.raw("<div class=\"l-scroll\">\n").raw(lineage.toSvg()).raw("</div>\n");
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
    html.text(id.name() + ":" + id.number()).raw("</span></td><td>");
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
      default -> Markup.count(count) + " versions";
    };
  }
}
