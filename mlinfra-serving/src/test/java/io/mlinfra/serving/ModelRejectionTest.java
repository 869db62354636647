package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.Node;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.onnx.ValueInfo;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ModelRejectionTest {
  private static void rejects(ThrowingCallable call, String... says) {
    Assertions.assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(call)
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
              assertThat(e.getMessage()).contains(says);
            });
  }

  private static Model of(Node node) {
    ValueInfo x = new ValueInfo("x", ElementType.FLOAT, List.of("N", "1"));
    ValueInfo y = new ValueInfo("y", ElementType.FLOAT, List.of("N", "1"));
    return Model.read(
        new OnnxFile(
                "g",
                List.of(node),
                Map.of(),
                List.of(x),
                List.of(y),
                Map.of("", 21L, "com.microsoft", 1L),
                Map.of())
            .write());
  }

  @Test
  void refusesOperatorsOfOtherDomains() {
    Model model =
        of(new Node("BiasGelu", "com.microsoft", List.of("x", "x"), List.of("y"), List.of()));
    rejects(() -> Scorer.open(model), "BiasGelu", "'com.microsoft'", "ai.onnx.ml");
  }

  @Test
  void toleratesAnOperatorSetThatNoNodeUses() {
    try (Scorer scorer =
        Scorer.open(of(new Node("Neg", "", List.of("x"), List.of("y"), List.of())))) {
      assertThat(scorer.predict(Map.of("x", 2f)).value("y")).isEqualTo(-2f);
    }
  }

  @Test
  void wrapsWhatTheRuntimeRejects() {
    rejects(
        () -> Scorer.open(of(new Node("Frobnicate", "", List.of("x"), List.of("y"), List.of()))),
        "ONNX Runtime rejects the model",
        "Frobnicate");
    rejects(
        () -> Scorer.open(of(new Node("Not", "", List.of("x"), List.of("y"), List.of()))),
        "ONNX Runtime rejects the model");
  }

  /** A valid model, {@code y = flag anywhere ? x : 2 x}, whose branches are graphs of their own. */
  private static final String WITH_BRANCHES =
      "CAgSAW8aAzEuMiIHYWkub25ueEIECgAQDzrYAhIHZm9yZWlnbgodCgRmbGFnEgRoYWxmIgRDYXN0KgkKAnRvGAqgAQIK"
          + "KAoEaGFsZhIEbW9zdCIJUmVkdWNlTWF4Kg8KCGtlZXBkaW1zGACgAQIKIgoEbW9zdBIJY29uZGl0aW9uIgRDYXN0"
          + "KgkKAnRvGAmgAQIKmgEKCWNvbmRpdGlvbhIBeSICSWYqQwoLdGhlbl9icmFuY2gyMQoXCgF4Egh0aGVuX291dCII"
          + "SWRlbnRpdHkSBHRoZW5iEAoIdGhlbl9vdXQSBAoCCAGgAQUqQQoLZWxzZV9icmFuY2gyLwoVCgF4CgF4EghlbHNl"
          + "X291dCIDQWRkEgRlbHNlYhAKCGVsc2Vfb3V0EgQKAggBoAEFWhQKAXgSDwoNCAESCQoDEgFOCgIIAVoXCgRmbGFn"
          + "Eg8KDQgJEgkKAxIBTgoCCAFiFAoBeRIPCg0IARIJCgMSAU4KAggB";

  @Test
  void refusesAModelWithGraphsWithinGraphs() {
    Model model = Model.read(Base64.getDecoder().decode(WITH_BRANCHES));
    assertThat(model.signature()).hasToString("(x float32, flag bool) -> (y float32)");
    rejects(
        () -> Scorer.open(model),
        "the model " + model.hash().abbreviated() + " cannot be served",
        "'then_branch' holds a graph");
  }

  private static OnnxFile table(List<Node> nodes, Map<String, TensorValue> constants) {
    return new OnnxFile(
        "table",
        nodes,
        constants,
        List.of(new ValueInfo("x", ElementType.FLOAT, List.of("N", "3"))),
        List.of(new ValueInfo("y", ElementType.FLOAT, List.of("N", "2"))),
        Map.of("", 15L),
        Map.of());
  }

  @Test
  void servesTheTablesOfOthersAsColumns() {
    TensorValue weights = TensorValue.floats(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Node product = new Node("MatMul", "", List.of("x", "w"), List.of("y"), List.of());
    Model model = Model.adapt(table(List.of(product), Map.of("w", weights)).write());
    try (Scorer scorer = Scorer.open(model)) {
      Prediction answer = scorer.predict(Map.of("x_0", 1f, "x_1", 10f, "x_2", 100f));
      assertThat(answer.value("y_0")).isEqualTo(531f);
      assertThat(answer.value("y_1")).isEqualTo(642f);
    }
  }

  @Test
  void servesConstantsOfTypesThatNoColumnHas() {
    // 1.5 and -2 as half floats
    TensorValue halves =
        TensorValue.raw(ElementType.FLOAT16, new byte[] {0, 0x3E, 0, (byte) 0xC0}, 2);
    Attribute half = new Attribute.Int("to", ElementType.FLOAT16.code());
    Attribute single = new Attribute.Int("to", ElementType.FLOAT.code());
    Attribute axis = new Attribute.Int("axis", 1);
    List<Node> nodes =
        List.of(
            new Node("ArgMax", "", List.of("x"), List.of("most"), List.of(axis)),
            new Node("Cast", "", List.of("most"), List.of("most16"), List.of(half)),
            new Node("Div", "", List.of("most16", "halves"), List.of("y16"), List.of()),
            new Node("Cast", "", List.of("y16"), List.of("y"), List.of(single)));
    Model model = Model.adapt(table(nodes, Map.of("halves", halves)).write());
    try (Scorer scorer = Scorer.open(model)) {
      Prediction answer = scorer.predict(Map.of("x_0", 1f, "x_1", 10f, "x_2", 100f));
      assertThat(answer.value("y_1")).isEqualTo(-1f);
    }
  }

  @Test
  void refusesDivisionByNarrowIntegersThatCouldTrap() {
    TensorValue minusOne = TensorValue.raw(ElementType.INT32, new byte[] {-1, -1, -1, -1}, 1);
    Attribute narrow = new Attribute.Int("to", ElementType.INT32.code());
    Attribute single = new Attribute.Int("to", ElementType.FLOAT.code());
    List<Node> nodes =
        List.of(
            new Node("Cast", "", List.of("x"), List.of("x32"), List.of(narrow)),
            new Node("Div", "", List.of("x32", "m"), List.of("y32"), List.of()),
            new Node("Cast", "", List.of("y32"), List.of("y"), List.of(single)));
    Model model = Model.adapt(table(nodes, Map.of("m", minusOne)).write());
    rejects(() -> Scorer.open(model), "divides integers", "Div");
  }

  @Test
  void refusesAModelWithoutInputs() {
    GraphBuilder graph = new GraphBuilder("constant");
    graph.output(
        graph.constant(TensorValue.floats(new float[] {1}, 1, 1)),
        "y",
        ElementType.FLOAT,
        "N",
        "1");
    rejects(() -> Scorer.open(Model.of(graph, Set.of())), "has no input");
  }

  @Test
  void reportsAnOutputThatIsNotOneValuePerRow() {
    GraphBuilder graph = new GraphBuilder("twice");
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    String twice = graph.node("Concat", List.of(x, x), new Attribute.Int("axis", 0));
    graph.output(twice, "y", ElementType.FLOAT, "N", "1");
    try (Scorer scorer = Scorer.open(Model.of(graph, Set.of()))) {
      rejects(() -> scorer.predict(Map.of("x", 1f)), "ONNX Runtime cannot run the model");
      rejects(() -> scorer.predict(Map.of("x", 1f)), "ONNX Runtime cannot run the model");
    }
  }

  @Test
  void reportsATextOutputThatIsNotOneValuePerRow() {
    GraphBuilder graph = new GraphBuilder("twice");
    String x = graph.input("x", ElementType.STRING, "N", "1");
    String twice = graph.node("Concat", List.of(x, x), new Attribute.Int("axis", 0));
    graph.output(twice, "y", ElementType.STRING, "N", "1");
    try (Scorer scorer = Scorer.open(Model.of(graph, Set.of()))) {
      rejects(() -> scorer.predict(Map.of("x", "a")), "output 'y' is not one text per row");
    }
  }

  private static Model divides(String operator, ElementType type, TensorValue divisor) {
    GraphBuilder graph = new GraphBuilder("division");
    String x = graph.input("x", type, "N", "1");
    String y = divisor == null ? graph.input("y", type, "N", "1") : graph.constant(divisor);
    graph.output(graph.node(operator, x, y), "z", type, "N", "1");
    return Model.of(graph, Set.of());
  }

  /** The smallest integer divided by -1 would end the process. */
  @Test
  void refusesIntegerDivisionThatCouldTrap() {
    TensorValue minusOne = TensorValue.int64s(new long[] {-1}, 1, 1);
    for (String operator : List.of("Div", "Mod")) {
      rejects(
          () -> Scorer.open(divides(operator, ElementType.INT64, null)),
          operator,
          "cast to double");
      rejects(() -> Scorer.open(divides(operator, ElementType.INT64, minusOne)), operator);
    }
    GraphBuilder graph = new GraphBuilder("hidden");
    String x = graph.input("x", ElementType.INT64, "N", "1");
    String b = graph.input("b", ElementType.BOOL, "N", "1");
    String divisor = graph.node("Where", b, x, graph.node("Neg", x));
    graph.output(graph.node("Div", x, divisor), "z", ElementType.INT64, "N", "1");
    rejects(() -> Scorer.open(Model.of(graph, Set.of())), "Div");
  }

  @Test
  void servesDivisionThatCannotTrap() {
    TensorValue three = TensorValue.int64s(new long[] {3}, 1, 1);
    try (Scorer scorer = Scorer.open(divides("Div", ElementType.INT64, three))) {
      assertThat(scorer.predict(Map.of("x", Long.MIN_VALUE)).value("z"))
          .isEqualTo(Long.MIN_VALUE / 3);
    }
    try (Scorer scorer = Scorer.open(divides("Div", ElementType.DOUBLE, null))) {
      assertThat(scorer.predict(Map.of("x", 1.0, "y", 0.0)).value("z"))
          .isEqualTo(Double.POSITIVE_INFINITY);
    }
    GraphBuilder graph = new GraphBuilder("converted");
    String x = graph.input("x", ElementType.INT64, "N", "1");
    String y = graph.input("y", ElementType.INT64, "N", "1");
    String quotient =
        graph.node("Div", graph.cast(x, ElementType.DOUBLE), graph.cast(y, ElementType.DOUBLE));
    graph.output(quotient, "z", ElementType.DOUBLE, "N", "1");
    try (Scorer scorer = Scorer.open(Model.of(graph, Set.of()))) {
      assertThat(scorer.predict(Map.of("x", Long.MIN_VALUE, "y", -1)).value("z")).isEqualTo(0x1p63);
    }
  }

  @Test
  void rejectsDivisionByZero() {
    TensorValue zero = TensorValue.int64s(new long[] {0}, 1, 1);
    rejects(() -> Scorer.open(divides("Mod", ElementType.INT64, zero)), "by zero");
  }

  @Test
  void validatesOptions() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScorerOptions.builder().threads(0))
        .withMessage("threads (0) must be > 0");
    assertThat(ScorerOptions.defaults().threads()).isEqualTo(1);
    ScorerOptions two = ScorerOptions.builder().threads(2).build();
    try (Scorer scorer = Scorer.open(Models.times(3), two)) {
      assertThat(scorer.predict(Map.of("x", 2f)).value("y")).isEqualTo(6f);
    }
  }
}
