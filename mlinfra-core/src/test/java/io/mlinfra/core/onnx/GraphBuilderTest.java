package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GraphBuilderTest {
  private final GraphBuilder graph = new GraphBuilder("g");

  @Test
  void refusesNamesThatAreTaken() {
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.input("x", ElementType.FLOAT, "N", "1"))
        .withMessage("the graph has a value 'x' already");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.output(x, "x", ElementType.FLOAT, "N", "1"));
  }

  @Test
  void refusesValuesThatAreNotThere() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.node("Neg", "nowhere"))
        .withMessage("the graph has no value 'nowhere' yet");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.output("nowhere", "y", ElementType.FLOAT, "N", "1"));
  }

  @Test
  void refusesAGraphWithoutOutput() {
    graph.input("x", ElementType.FLOAT, "N", "1");
    assertThatIllegalStateException()
        .isThrownBy(graph::build)
        .withMessage("the graph 'g' has no output");
  }

  @Test
  void leavesColumnNamesToTheirOwners() {
    String one = graph.constant(TensorValue.floats(new float[] {1}, 1));
    graph.node("Neg", one);
    for (String column : List.of("const_0", "neg_1", "add_2", "const", "neg")) {
      assertThat(graph.input(column, ElementType.FLOAT, "N", "1")).isEqualTo(column);
    }
    assertThat(graph.node("Add", "const_0", "neg_1")).isNotEqualTo("add_2");
  }

  @Test
  void namesTheMachineLearningOperatorsOnlyWhereTheyAreUsed() {
    String x = graph.input("x", ElementType.INT64, "N", "1");
    graph.output(x, "y", ElementType.INT64, "N", "1");
    assertThat(graph.build().operatorSets()).containsExactly(Map.entry("", 21L));
    graph.mlNode("LabelEncoder", List.of(x));
    assertThat(graph.build().operatorSets()).containsEntry("ai.onnx.ml", 3L).hasSize(2);
  }

  @Test
  void givesTheSameBytesForTheSameGraph() {
    assertThat(OnnxFiles.everything().nodes()).isEqualTo(OnnxFiles.everything().nodes());
    graph.output(graph.input("x", ElementType.FLOAT, "N"), "y", ElementType.FLOAT, "N");
    assertThat(graph.build().write()).isEqualTo(graph.build().write());
    assertThat(graph.build()).hasToString("OnnxFile[g, 1 nodes, 0 constants]");
  }
}
