package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.ModelDiff.Change;
import io.mlinfra.registry.ModelDiff.ConstantChange;
import io.mlinfra.registry.ModelDiff.MetricChange;
import io.mlinfra.registry.ModelDiff.OperatorChange;
import io.mlinfra.registry.ModelDiff.SourceChange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ModelDiffTest {
  @TempDir Path folder;
  private Registry registry;

  @BeforeEach
  void open() {
    registry = Registry.open(folder);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private Version data(String name, String content) {
    return registry.register(Registration.of(Kind.DATASET, name).content(utf8(content)));
  }

  private Version register(String name, Model model) {
    return registry.register(Registration.of(Kind.MODEL, name).content(model.toOnnx()));
  }

  /** A model of one layer; with an input more its weights have another shape. */
  private static Model layer(boolean withWind, float... weights) {
    GraphBuilder graph = new GraphBuilder("layer");
    String x = graph.input("distance", ElementType.FLOAT, "N", "1");
    if (withWind) {
      String wind = graph.input("wind", ElementType.DOUBLE, "N", "1");
      x =
          graph.node(
              "Concat",
              List.of(x, graph.cast(wind, ElementType.FLOAT)),
              new Attribute.Int("axis", 1));
    }
    String w = graph.constant(TensorValue.floats(weights, weights.length, 1));
    String bias = graph.constant(TensorValue.floats(new float[] {0.5f}, 1));
    String y = graph.node("Gemm", List.of(x, w, bias), new Attribute.Real("alpha", weights[0]));
    graph.output(y, "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  @Test
  void tellsHowTwoTrainingsOfAModelDiffer() {
    Version flights = data("flights", "january");
    Version later = data("flights", "february");
    Version airports = data("airports", "all");
    Version first =
        registry.register(
            "delay",
            candidate(
                layer(false, 2),
                new Run(
                    Map.of("seed", "7", "hidden", "64", "rate", "0.1"),
                    Map.of("auc", 0.70, "loss", 0.5),
                    Map.of("backend", "plain", "java.version", "17"),
                    List.of(flights.id(), airports.id()))));
    Version second =
        registry.register(
            "delay",
            candidate(
                layer(false, 5),
                new Run(
                    Map.of("seed", "7", "hidden", "128", "decay", "0.01"),
                    Map.of("auc", 0.75, "brier", 0.2),
                    Map.of("backend", "plain", "java.version", "25"),
                    List.of(later.id(), airports.id()))));

    ModelDiff diff = registry.diff(first, second);

    assertThat(diff.isSame()).isFalse();
    assertThat(diff.before()).isEqualTo(first);
    assertThat(diff.after()).isEqualTo(second);
    assertThat(diff.inputs()).isEmpty();
    assertThat(diff.outputs()).isEmpty();
    assertThat(diff.settings())
        .containsExactly(
            new Change("decay", null, "0.01"),
            new Change("hidden", "64", "128"),
            new Change("rate", "0.1", null));
    assertThat(diff.metrics())
        .containsExactly(
            new MetricChange("auc", 0.70, 0.75),
            new MetricChange("brier", null, 0.2),
            new MetricChange("loss", 0.5, null));
    assertThat(diff.metrics().get(0).difference()).isEqualTo(0.75 - 0.70);
    assertThat(diff.metrics().get(1).difference()).isNaN();
    assertThat(diff.environment()).containsExactly(new Change("java.version", "17", "25"));
    assertThat(diff.sources())
        .containsExactly(
            new SourceChange(Kind.DATASET, "airports", airports.id(), airports.id()),
            new SourceChange(Kind.DATASET, "flights", flights.id(), later.id()));
    assertThat(diff.sources()).extracting(SourceChange::isSame).containsExactly(true, false);
    assertThat(diff.operators()).isEmpty();
    assertThat(diff.constants())
        .containsExactly(
            new ConstantChange("Gemm[0].alpha", "float[] 2.0", "float[] 5.0", 1, 3),
            new ConstantChange("const.0", "float[1, 1] 2.0", "float[1, 1] 5.0", 1, 3));
    assertThat(diff.operatorSets()).isEmpty();
    assertThat(diff.metadata()).isEmpty();
    assertThat(diff.notes()).isEmpty();
    assertThat(diff)
        .hasToString(
            """
            before  %s
            after   %s
            other bytes

            settings
                      before  after
              decay   –       0.01
              hidden  64      128
              rate    0.1     –

            metrics
                     before  after  difference
              auc       0.7   0.75    +0.05000
              brier       –    0.2           –
              loss      0.5      –           –

            environment
                            before  after
              java.version  17      25

            made from
                                before            after
              dataset airports  1 (%s)  1 (%s)  same
              dataset flights   1 (%s)  2 (%s)  different

            constants and attributes
                             before           after            values changed  largest difference
              Gemm[0].alpha  float[] 2.0      float[] 5.0                   1               3.000
              const.0        float[1, 1] 2.0  float[1, 1] 5.0               1               3.000
            """
                .formatted(
                    first.id(),
                    second.id(),
                    airports.id().hash().abbreviated(),
                    airports.id().hash().abbreviated(),
                    flights.id().hash().abbreviated(),
                    later.id().hash().abbreviated()));
  }

  @Test
  void tellsWhatModelsOfOtherSignaturesTakeAndHowTheyAreBuilt() {
    ModelDiff diff =
        registry.diff(register("m", layer(false, 2)), register("n", layer(true, 3, 4)));

    assertThat(diff.inputs()).containsExactly(new Change("wind", null, "float64"));
    assertThat(diff.operators())
        .containsExactly(new OperatorChange("Cast", 0, 1), new OperatorChange("Concat", 0, 1));
    // The bias is the same under another name: not worth a line.
    assertThat(diff.constants())
        .containsExactly(
            new ConstantChange("Gemm[0].alpha", "float[] 2.0", "float[] 3.0", 1, 1),
            new ConstantChange("const.0", "float[1, 1] 2.0", null, -1, Double.NaN),
            new ConstantChange("const.2", null, "float[2, 1]", -1, Double.NaN));
    assertThat(diff.notes())
        .hasSize(2)
        .allMatch(note -> note.endsWith("has no run: its settings and metrics are not known"));
    assertThat(diff.toString()).contains("  wind  –       float64\n", "+1\n", "note: model m:1 (");
  }

  @Test
  void tellsOfATypeAndOfWhatMayBeMissing() {
    assertThat(registry.diff(register("m", identity("a")), register("m", identity("a", "a"))))
        .satisfies(
            diff -> {
              assertThat(diff.inputs()).containsExactly(new Change("a", "float32", "float32?"));
              assertThat(diff.metadata()).containsExactly(new Change("mlinfra.nullable", "", "a"));
            });
    GraphBuilder graph = new GraphBuilder("identity");
    graph.output(graph.input("a", ElementType.INT64, "N", "1"), "y", ElementType.INT64, "N", "1");
    assertThat(
            registry.diff(register("m", identity("a")), register("n", Model.of(graph, Set.of()))))
        .satisfies(
            diff -> {
              assertThat(diff.inputs()).containsExactly(new Change("a", "float32", "int64"));
              assertThat(diff.outputs()).containsExactly(new Change("y", "float32", "int64"));
            });
  }

  private static Model identity(String input, String... nullable) {
    GraphBuilder graph = new GraphBuilder("identity");
    graph.output(graph.input(input, ElementType.FLOAT, "N", "1"), "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of(nullable));
  }

  @Test
  void knowsTheSameBytesUnderWhateverName() {
    Version one = register("m", multiplyBy(2));
    Version other =
        registry.register("n", candidate(multiplyBy(2), Fixtures.run(0.7, data("d", "data").id())));
    ModelDiff diff = registry.diff(one, other);

    assertThat(diff.isSame()).isTrue();
    assertThat(diff.constants()).isEmpty();
    assertThat(diff.metrics()).containsExactly(new MetricChange("auc", null, 0.7));
    assertThat(diff.sources()).extracting(SourceChange::before).containsOnlyNulls();
    assertThat(diff.toString()).contains("the same bytes", "only after", one.id() + " has no run");
    assertThat(registry.diff(one, one).toString()).startsWith("before  " + one.id());
  }

  @Test
  void comparesTheTensorsOfAModelThatHasNoNamedColumns() {
    GraphBuilder graph = new GraphBuilder("of another tool");
    String x = graph.input("image", ElementType.FLOAT, "N", "3", "8", "8");
    graph.output(graph.node("Relu", x), "y", ElementType.FLOAT, "N", "3", "8", "8");
    Version foreign =
        registry.register(Registration.of(Kind.MODEL, "m").content(graph.build().write()));

    ModelDiff diff = registry.diff(register("m", multiplyBy(2)), foreign);

    assertThat(diff.inputs())
        .containsExactly(
            new Change("image", null, "float[N, 3, 8, 8]"), new Change("x", "float[N, 1]", null));
    assertThat(diff.outputs()).containsExactly(new Change("y", "float[N, 1]", "float[N, 3, 8, 8]"));
    assertThat(diff.operators())
        .containsExactly(new OperatorChange("Mul", 1, 0), new OperatorChange("Relu", 0, 1));
    assertThat(diff.notes())
        .anyMatch(note -> note.contains("named columns"))
        .anyMatch(note -> note.equals("the graphs are called 'multiply' and 'of another tool'"));
  }

  @Test
  void saysThatAGraphCannotBeInterpretedAndComparesTheRest() {
    Version flights = data("flights", "january");
    Version known =
        registry.register("m", candidate(multiplyBy(2), Fixtures.run(0.7, flights.id())));
    Version run =
        registry.register(
            Registration.of(Kind.RUN, "other").content(utf8("a run of some other tool")));
    Version unknown =
        registry.register(
            Registration.of(Kind.MODEL, "other")
                .content(utf8("no ONNX file at all"))
                .madeFrom(run, flights));

    ModelDiff diff = registry.diff(known, unknown);

    assertThat(diff.isSame()).isFalse();
    assertThat(diff.inputs()).isEmpty();
    assertThat(diff.operators()).isEmpty();
    assertThat(diff.sources()).singleElement().matches(SourceChange::isSame);
    assertThat(diff.metrics()).containsExactly(new MetricChange("auc", 0.7, null));
    assertThat(diff.notes())
        .satisfiesExactly(
            note -> assertThat(note).startsWith(run.id() + " tells nothing: "),
            note ->
                assertThat(note)
                    .startsWith("the graph of " + unknown.id() + " cannot be compared: not a"));
  }

  @Test
  void comparesTheValuesOfEveryTypeAndTheListsOfTreeModels() {
    Version one = register("m", trees(List.of(1f, 2f, 3f), 1, List.of("a", "b"), true, 9L));
    Version other =
        register("m", trees(List.of(1f, 4f, Float.NaN), 2, List.of("a", "c"), false, -9L));

    assertThat(registry.diff(one, other).constants())
        .containsExactly(
            new ConstantChange("Trees[0].values", "float[3]", "float[3]", 2, Double.NaN),
            new ConstantChange("Trees[0].names", "string[2]", "string[2]", 1, Double.NaN),
            new ConstantChange(
                "Trees[0].mode", "string[] 'SUM1'", "string[] 'SUM2'", 1, Double.NaN),
            new ConstantChange("const.0", "bool[1] true", "bool[1] false", 1, 1),
            new ConstantChange("const.1", "int64[2]", "int64[2]", 1, 18),
            new ConstantChange("const.2", "double[2]", "double[2]", 2, 1));
  }

  private static Model trees(
      List<Float> values, int n, List<String> names, boolean flag, long number) {
    GraphBuilder graph = new GraphBuilder("trees");
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    String bool = graph.constant(TensorValue.bools(new boolean[] {flag}, 1));
    String longs = graph.constant(TensorValue.int64s(new long[] {1, number}, 2));
    String doubles = graph.constant(TensorValue.doubles(new double[] {n, -n}, 2));
    String y =
        graph.node(
            "Trees",
            List.of(x, bool, longs, doubles),
            new Attribute.Reals("values", values),
            new Attribute.Texts("names", names),
            new Attribute.Ints("same", List.of(1L)),
            new Attribute.Text("mode", "SUM" + n));
    graph.output(y, "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  @Test
  @Timeout(60)
  void comparesLargeModels() {
    float[] weights = new float[10_000_000];
    Random random = new Random(3);
    for (int i = 0; i < weights.length; i++) {
      weights[i] = random.nextFloat();
    }
    Version one = register("large", large(weights));
    weights[12_345] += 0.25f;
    weights[9_999_999] -= 2;
    Version other = register("large", large(weights));

    assertThat(registry.diff(one, other).constants())
        .singleElement()
        .satisfies(
            constant -> {
              assertThat(constant.changedValues()).isEqualTo(2);
              assertThat(constant.largestDifference()).isBetween(1.999, 2.001);
              assertThat(constant.before()).isEqualTo("float[1, 10000000]");
            });
  }

  private static Model large(float[] weights) {
    GraphBuilder graph = new GraphBuilder("large");
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    String w = graph.constant(TensorValue.floats(weights, 1, weights.length));
    graph.output(graph.node("MatMul", x, w), "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  @Test
  void showsAFewOfManyAndLetsNoTextOutOfItsCell() {
    GraphBuilder graph = new GraphBuilder("<script>alert(1)</script>");
    String x = graph.input("<img src=x onerror='alert(2)'>\n\u0007", ElementType.FLOAT, "N", "2");
    for (int i = 0; i < 70; i++) {
      x = graph.node("Mul", x, graph.constant(TensorValue.floats(new float[] {i}, 1)));
    }
    graph.metadata("author", "\"><b>" + "x".repeat(100)).metadata("&", "\ud83d\ude00");
    graph.output(x, "y", ElementType.FLOAT, "N", "1");
    Version odd =
        registry.register(Registration.of(Kind.MODEL, "odd").content(graph.build().write()));

    ModelDiff diff = registry.diff(register("m", multiplyBy(-1)), odd);

    assertThat(diff.constants()).hasSize(70);
    assertThat(diff.toString())
        .contains("  and 20 more\n")
        .doesNotContain("\u0007")
        .contains("…")
        .doesNotContain("x".repeat(60));
    assertThat(diff.toHtml())
        .startsWith("<div class=\"mlinfra-diff\">\n<style>")
        .endsWith("</div>\n")
        .contains("&lt;script&gt;", "&lt;img src=x", "&quot;&gt;&lt;b&gt;", "\ud83d\ude00")
        .contains("<p>and 20 more</p>", "x".repeat(100))
        .doesNotContain("<script", "<img", "<b>", "onerror='", "\u0007");
  }

  @Test
  void findsModelsThatWereAlteredAndRefusesWhatIsNoModel() throws IOException {
    Version one = register("m", multiplyBy(2));
    Version other = register("m", multiplyBy(3));
    Version dataset = data("d", "d");
    assertThatThrownBy(() -> registry.diff(one, dataset))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be of kind model");
    Fixtures.flipBit(Fixtures.blob(folder, other), 99);
    assertThatThrownBy(() -> registry.diff(one, other))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("was altered");
    registerModel(registry, "m", "x");
    registry.close();
    assertThatThrownBy(() -> registry.diff(one, one)).isInstanceOf(IllegalStateException.class);
  }
}
