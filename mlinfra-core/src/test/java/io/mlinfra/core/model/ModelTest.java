package io.mlinfra.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ModelTest {
  private static GraphBuilder graph() {
    GraphBuilder graph = new GraphBuilder("g").metadata("trainer", "mlp");
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    graph.input("name", ElementType.STRING, "N", "1");
    graph.output(x, "y", ElementType.FLOAT, "N", "1");
    return graph;
  }

  @Test
  void isTheSameAfterItsBytesAreRead() {
    Model model = Model.of(graph(), Set.of("x"));
    Model read = Model.read(model.toOnnx());
    assertThat(read).isEqualTo(model).hasSameHashCodeAs(model);
    assertThat(read.hash()).isEqualTo(model.hash());
    assertThat(read.signature()).isEqualTo(model.signature());
    assertThat(read.signature()).hasToString("(x float32?, name string) -> (y float32)");
    assertThat(read.metadata()).containsEntry("trainer", "mlp");
    assertThat(model).isNotEqualTo(Model.of(graph(), Set.of()));
    assertThat(model.toString()).contains(model.hash().abbreviated(), "name string");
  }

  @Test
  void keepsItsBytesToItself() {
    Model model = Model.of(graph(), Set.of());
    byte[] bytes = model.toOnnx();
    bytes[0]++;
    assertThat(model.toOnnx()).isNotEqualTo(bytes);
    byte[] given = model.toOnnx();
    Model read = Model.read(given);
    given[0]++;
    assertThat(read).isEqualTo(model);
    assertThat(Model.read(read.toOnnx())).isEqualTo(model);
  }

  @Test
  void refusesInputsThatAreNotColumns() {
    String[][] shapes = {
      {"N"}, {"N", "2"}, {"N", "1", "1"}, {"N", "M"}, {}, {"1", "1"}, {"5", "1"}
    };
    for (String[] shape : shapes) {
      GraphBuilder graph = new GraphBuilder("g");
      String x = graph.input("x", ElementType.FLOAT, shape);
      graph.output(x, "y", ElementType.FLOAT, "N", "1");
      byte[] bytes = graph.build().write();
      assertThatExceptionOfType(MlInfraException.class)
          .isThrownBy(() -> Model.read(bytes))
          .withMessageContaining("'x' has shape")
          .withMessageContaining("not [N, 1]")
          .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
    }
  }

  @Test
  void refusesANullableColumnThatIsNoInput() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.of(graph(), Set.of("distance")))
        .withMessageContaining("distance");
  }

  @Test
  void keepsTheNamesOfNullableColumnsWhateverTheyHold() {
    GraphBuilder graph = new GraphBuilder("g");
    String x = graph.input("two\nlines", ElementType.FLOAT, "N", "1");
    graph.input("two", ElementType.FLOAT, "N", "1");
    graph.output(x, "y", ElementType.FLOAT, "N", "1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.of(graph, Set.of("two\nlines")))
        .withMessageContaining("line break");
  }

  @Test
  void refusesBytesThatAreNoModel() {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> Model.read("not a model".getBytes()))
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
  }

  @Test
  void knowsTheTensorOfEveryColumn() {
    assertThat(Model.elementType(ColumnType.FLOAT64)).isEqualTo(ElementType.DOUBLE);
    for (ColumnType type : ColumnType.values()) {
      GraphBuilder graph = new GraphBuilder("g");
      String x = graph.input("x", Model.elementType(type), "N", "1");
      graph.output(x, "y", Model.elementType(type), "N", "1");
      assertThat(Model.of(graph, Set.of()).signature().input("x").type()).isEqualTo(type);
    }
  }
}
