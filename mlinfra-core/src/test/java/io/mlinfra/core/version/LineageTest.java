package io.mlinfra.core.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class LineageTest {
  private static final String HASH = ContentHash.of("").abbreviated();

  private final VersionId data = id(Kind.DATASET, "flights", 1);
  private final VersionId features = id(Kind.FEATURES, "origin", 1);
  private final VersionId run = id(Kind.RUN, "delay", 1);
  private final VersionId profile = id(Kind.PROFILE, "flights", 1);
  private final VersionId model = id(Kind.MODEL, "delay", 1);
  private final Map<VersionId, List<VersionId>> edges =
      Map.of(
          features, List.of(data),
          run, List.of(features, data),
          profile, List.of(data),
          model, List.of(run, profile));

  @Test
  void drawsWhatAVersionWasMadeFromAsATree() {
    assertThat(lineage(model))
        .hasToString(
            """
            model delay:1 (e3b0c44298fc)
            ├─ run delay:1 (e3b0c44298fc)
            │  ├─ features origin:1 (e3b0c44298fc)
            │  │  └─ dataset flights:1 (e3b0c44298fc)
            │  └─ dataset flights:1 (e3b0c44298fc)
            └─ profile flights:1 (e3b0c44298fc)
               └─ dataset flights:1 (e3b0c44298fc)""");
  }

  @Test
  void drawsWhatWasMadeFromAVersionBelow() {
    assertThat(lineage(features))
        .hasToString(
            """
            features origin:1 (e3b0c44298fc)
            └─ dataset flights:1 (e3b0c44298fc)
            made into
            └─ run delay:1 (e3b0c44298fc)
               └─ model delay:1 (e3b0c44298fc)""");
    assertThat(lineage(data))
        .hasToString(
            """
            dataset flights:1 (e3b0c44298fc)
            made into
            ├─ features origin:1 (e3b0c44298fc)
            │  └─ run delay:1 (e3b0c44298fc)
            │     └─ model delay:1 (e3b0c44298fc)
            ├─ run delay:1 (e3b0c44298fc), see above
            └─ profile flights:1 (e3b0c44298fc)
               └─ model delay:1 (e3b0c44298fc)""");
  }

  @Test
  void listsSourcesAndProductsInTheOrderOfMaking() {
    Lineage lineage = lineage(run);
    assertThat(lineage.root()).isEqualTo(run);
    assertThat(lineage.sources()).containsExactly(data, features);
    assertThat(lineage.products()).containsExactly(model);
    assertThat(lineage(data).products()).containsExactly(features, run, profile, model);
    assertThat(lineage.madeFrom(run)).containsExactly(features, data);
    assertThat(lineage.madeFrom(data)).isEmpty();
    assertThat(lineage.madeInto(data)).containsExactly(features, run);
    // The profile is neither a source nor a product of the run.
    assertThat(lineage.madeFrom(model)).containsExactly(run);
    for (Runnable call :
        List.<Runnable>of(
            () -> lineage.madeFrom(profile),
            () -> lineage.madeInto(profile),
            () -> lineage.facts(profile))) {
      assertThatIllegalArgumentException()
          .isThrownBy(call::run)
          .withMessage("version (" + profile + ") must be one of this lineage");
    }
  }

  @Test
  void keepsFactsInTheirOrderAndWhateverHappensToItsArguments() {
    Map<String, String> facts = new LinkedHashMap<>(Map.of("z", "1"));
    facts.put("a", "2");
    Map<VersionId, List<VersionId>> madeFrom = new HashMap<>(edges);
    Lineage lineage = Lineage.of(model, madeFrom, Map.of(run, facts));
    facts.clear();
    madeFrom.clear();

    assertThat(lineage.facts(run)).containsExactly(Map.entry("z", "1"), Map.entry("a", "2"));
    assertThat(lineage.facts(model)).isEmpty();
    assertThat(lineage.sources()).hasSize(4);
    assertThatNullPointerException()
        .isThrownBy(
            () -> Lineage.of(run, Map.of(), Map.of(run, Collections.singletonMap("auc", null))))
        .withMessage("auc");
  }

  @Test
  void isTheSameForTheSameGraphInAnyOrder() {
    Map<VersionId, List<VersionId>> sorted = new LinkedHashMap<>();
    Map<VersionId, List<VersionId>> shuffled = new LinkedHashMap<>();
    List<VersionId> ids = new ArrayList<>();
    Random random = new Random(7);
    for (int i = 1; i <= 60; i++) {
      VersionId id = id(Kind.values()[i % 5], "v" + i, i);
      List<VersionId> from = new ArrayList<>();
      for (int source = 0; source < Math.min(3, ids.size()); source++) {
        from.add(ids.get(random.nextInt(ids.size())));
      }
      sorted.put(id, from);
      ids.add(id);
    }
    VersionId root = ids.get(20);
    List<VersionId> order = new ArrayList<>(ids);
    Collections.shuffle(order, random);
    order.forEach(id -> shuffled.put(id, sorted.get(id)));

    Lineage one = Lineage.of(root, sorted, Map.of());
    Lineage other = Lineage.of(root, shuffled, Map.of());
    assertThat(one).isEqualTo(other).hasSameHashCodeAs(other).isNotEqualTo(lineage(model));
    assertThat(one.sources()).containsExactlyElementsOf(other.sources());
    assertThat(one).hasToString(other.toString());
    assertThat(one.toDot()).isEqualTo(other.toDot());
    assertThat(one.toSvg()).isEqualTo(other.toSvg());
    assertThat(one.toHtml()).isEqualTo(other.toHtml());
  }

  @Test
  void printsADiamondOfDepthFortyInAsManyLinesAsItHasArrows() {
    Map<VersionId, List<VersionId>> diamonds = new HashMap<>();
    for (int level = 1; level <= 40; level++) {
      List<VersionId> below =
          List.of(id(Kind.MODEL, "left", level), id(Kind.MODEL, "right", level));
      diamonds.put(id(Kind.MODEL, "left", level + 1), below);
      diamonds.put(id(Kind.MODEL, "right", level + 1), below);
    }
    VersionId root = id(Kind.MODEL, "left", 41);
    String text = Lineage.of(root, diamonds, Map.of()).toString();

    assertThat(text.lines()).hasSize(1 + 2 + 39 * 4);
    assertThat(text).contains("right:40 (" + HASH + ")\n", "right:39 (" + HASH + "), see above");
    assertThat(Lineage.of(id(Kind.MODEL, "left", 1), diamonds, Map.of()).toString().lines())
        .hasSize(2 + 40 * 4 - 2);
  }

  @Test
  void drawsLongChainsAndSaysWhatItLeavesOut() throws Exception {
    Map<VersionId, List<VersionId>> chain = new HashMap<>();
    for (int i = 2; i <= 20_000; i++) {
      chain.put(id(Kind.MODEL, "m", i), List.of(id(Kind.MODEL, "m", i - 1)));
    }
    Lineage lineage = Lineage.of(id(Kind.MODEL, "m", 10_000), chain, Map.of());

    assertThat(lineage.sources()).hasSize(9_999).startsWith(id(Kind.MODEL, "m", 1));
    assertThat(lineage.toString().lines())
        .hasSize(104)
        .contains("… and 9949 more", "made into", "… and 9950 more");
    assertThat(boxes(parse(lineage.toSvg()))).hasSize(400);
    assertThat(lineage.toSvg()).contains("400 of 20,000 versions: those nearest to m:10000");
    assertThat(lineage.toDot().lines().filter(line -> line.contains(" -> "))).hasSize(19_999);
  }

  @Test
  void refusesAVersionThatIsMadeFromItself() {
    Map<VersionId, List<VersionId>> turned =
        Map.of(data, List.of(run), run, List.of(data), model, List.of(run));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Lineage.of(model, turned, Map.of()))
        .withMessageMatching("version \\((dataset|run) .*\\) must not be made from itself");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Lineage.of(data, turned, Map.of()))
        .withMessageContaining("must not be made from itself");
    // A circle elsewhere is none of its business.
    assertThat(Lineage.of(profile, turned, Map.of()).sources()).isEmpty();
  }

  @Test
  void writesDotWithEveryArrowAndNothingUnescaped() {
    Map<String, String> facts = Map.of("say", "\"hi\" \\N &lt;\n");
    String dot = Lineage.of(model, edges, Map.of(run, facts)).toDot();

    assertThat(dot).startsWith("digraph lineage {").endsWith("}\n");
    String full = " " + ContentHash.of("").hex() + "\"";
    assertThat(dot.lines().filter(line -> line.contains(" -> ")).map(String::strip))
        .containsExactlyInAnyOrder(
            "\"dataset flights:1" + full + " -> \"features origin:1" + full + ";",
            "\"dataset flights:1" + full + " -> \"run delay:1" + full + ";",
            "\"features origin:1" + full + " -> \"run delay:1" + full + ";",
            "\"dataset flights:1" + full + " -> \"profile flights:1" + full + ";",
            "\"run delay:1" + full + " -> \"model delay:1" + full + ";",
            "\"profile flights:1" + full + " -> \"model delay:1" + full + ";");
    assertThat(dot)
        .contains("\"run\\ldelay:1\\le3b0c44298fc\\lsay \\\"hi\\\" \\\\N &amp;lt; \\l\"")
        .containsOnlyOnce("rounded,bold");
  }

  @Test
  void drawsABoxForEachVersionAndAnArrowHeadForEachArrow() throws Exception {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("alias", "champion");
    facts.put("auc", "0.727");
    Document svg = parse(Lineage.of(run, edges, Map.of(model, facts)).toSvg());

    assertThat(svg.getDocumentElement().getNamespaceURI()).isEqualTo("http://www.w3.org/2000/svg");
    assertThat(boxes(svg)).hasSize(4);
    assertThat(ofStyle(svg, "path", "l-head")).hasSize(4);
    assertThat(ofStyle(svg, "rect", "l-root")).hasSize(1);
    assertThat(ofStyle(svg, "text", "l-name"))
        .extracting(Element::getTextContent)
        .containsExactly("flights:1", "origin:1", "delay:1", "delay:1");
    assertThat(ofStyle(svg, "text", "l-alias"))
        .extracting(Element::getTextContent)
        .containsExactly("champion");
    assertThat(
            svg.getDocumentElement().getElementsByTagNameNS("*", "title").item(0).getTextContent())
        .isEqualTo("dataset flights:1\n" + ContentHash.of(""));
  }

  @Test
  void keepsBoxesApartAndPutsWhatIsMadeToTheRight() throws Exception {
    Random random = new Random(3);
    for (int size : new int[] {1, 3, 30, 300}) {
      List<VersionId> ids = new ArrayList<>();
      Map<VersionId, List<VersionId>> graph = new HashMap<>();
      for (int i = 1; i <= size; i++) {
        VersionId id = id(Kind.values()[i % 5], "version", i);
        List<VersionId> from = new ArrayList<>();
        for (int source = 0; source < Math.min(2, ids.size()); source++) {
          from.add(ids.get(random.nextInt(ids.size())));
        }
        graph.put(id, from);
        ids.add(id);
      }
      Lineage lineage = Lineage.of(ids.get(0), graph, Map.of());
      Document svg = parse(lineage.toSvg());

      Map<String, double[]> places = new HashMap<>();
      for (Element box : boxes(svg)) {
        double[] place =
            Arrays.stream(new String[] {"x", "y", "width", "height"})
                .mapToDouble(name -> Double.parseDouble(box.getAttribute(name)))
                .toArray();
        places.put(nameOf(box), place);
      }
      assertThat(places).hasSize(size);
      List<double[]> all = List.copyOf(places.values());
      double width = Double.parseDouble(svg.getDocumentElement().getAttribute("width"));
      double height = Double.parseDouble(svg.getDocumentElement().getAttribute("height"));
      for (int i = 0; i < size; i++) {
        double[] a = all.get(i);
        assertThat(a[0]).isBetween(0.0, width - a[2]);
        assertThat(a[1]).isBetween(-0.1, height - a[3]);
        for (int j = 0; j < i; j++) {
          double[] b = all.get(j);
          boolean apart =
              a[0] + a[2] < b[0] || b[0] + b[2] < a[0] || a[1] + a[3] < b[1] || b[1] + b[3] < a[1];
          assertThat(apart).isTrue();
        }
      }
      for (VersionId id : ids) {
        for (VersionId source : lineage.madeFrom(id)) {
          double[] left = places.get(nameOf(source));
          assertThat(left[0] + left[2]).isLessThan(places.get(nameOf(id))[0]);
        }
      }
    }
  }

  @Test
  void drawsWithoutCrossingsWhatNeedsNone() throws Exception {
    // Five lines of four versions each, given in an order that tangles them.
    Map<VersionId, List<VersionId>> lines = new LinkedHashMap<>();
    List<VersionId> ends = new ArrayList<>();
    for (int line = 1; line <= 5; line++) {
      VersionId middle = id(Kind.RUN, "r" + line, 1);
      lines.put(id(Kind.FEATURES, "f" + (6 - line), 1), List.of(data));
      lines.put(middle, List.of(id(Kind.FEATURES, "f" + line, 1)));
      ends.add(id(Kind.PROFILE, "p" + (line * 3 % 5), 1));
      lines.put(ends.get(line - 1), List.of(middle));
    }
    Document svg = parse(Lineage.of(data, lines, Map.of()).toSvg());
    Map<String, Double> y = new HashMap<>();
    boxes(svg).forEach(box -> y.put(nameOf(box), Double.parseDouble(box.getAttribute("y"))));
    lines.forEach(
        (id, from) ->
            lines.forEach(
                (other, otherFrom) -> {
                  if (id.kind() == other.kind() && y.get(nameOf(id)) < y.get(nameOf(other))) {
                    assertThat(y.get(nameOf(from.get(0))))
                        .isLessThanOrEqualTo(y.get(nameOf(otherFrom.get(0))));
                  }
                }));
  }

  @Test
  void escapesFactsAndReplacesWhatNoDocumentMayHold() throws Exception {
    String nasty = "</style><script>alert('x')</script>&\"\u0000\u001b\ud800\uffff";
    Lineage lineage = Lineage.of(model, edges, Map.of(run, Map.of(nasty, nasty, "ok", "äöü 表")));

    assertThat(lineage.toSvg()).doesNotContain("<script", "\u0000", "\uffff");
    parse(lineage.toSvg());
    parse(lineage.toHtml());
    assertThat(lineage.toHtml()).doesNotContain("<script", "alert('").contains("äöü 表");
    assertThat(lineage.toDot()).doesNotContain("\u0000", "x\")");
  }

  @Test
  void showsEveryVersionInTheTableWithItsFullHash() throws Exception {
    Lineage lineage = Lineage.of(run, edges, Map.of(model, Map.of("alias", "champion")));
    String html = lineage.toHtml();
    // The fragment is XML too, which is stricter than HTML.
    Document page = parse(html);

    NodeList rows = page.getElementsByTagName("tr");
    assertThat(rows.getLength()).isEqualTo(5);
    assertThat(rows.item(1).getTextContent())
        .isEqualTo("datasetflights:1source" + data.hash().hex());
    assertThat(rows.item(3).getTextContent())
        .isEqualTo("rundelay:1this onefeatures origin:1dataset flights:1" + run.hash().hex());
    assertThat(rows.item(4).getTextContent())
        .isEqualTo("modeldelay:1productrun delay:1alias champion" + model.hash().hex());
    assertThat(html)
        .contains("made from 2 versions, made into 1 version.", lineage.toSvg())
        .doesNotContainPattern(Pattern.compile("(src|href)=|@import|url\\("));
  }

  private Lineage lineage(VersionId root) {
    return Lineage.of(root, edges, Map.of());
  }

  private static VersionId id(Kind kind, String name, int number) {
    return new VersionId(kind, name, number, ContentHash.of(""));
  }

  private static Document parse(String xml) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
  }

  private static List<Element> boxes(Document svg) {
    return ofStyle(svg, "rect", "l-box");
  }

  private static List<Element> ofStyle(Document svg, String name, String style) {
    NodeList found = svg.getElementsByTagNameNS("*", name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      Element element = (Element) found.item(i);
      if (List.of(element.getAttribute("class").split(" ")).contains(style)) {
        elements.add(element);
      }
    }
    return elements;
  }

  /** The first line of the box's tooltip. */
  private static String nameOf(Element box) {
    Element group = (Element) box.getParentNode();
    return group
        .getElementsByTagNameNS("*", "title")
        .item(0)
        .getTextContent()
        .lines()
        .findFirst()
        .get();
  }

  private static String nameOf(VersionId id) {
    return id.kind().label() + " " + id.name() + ":" + id.number();
  }
}
