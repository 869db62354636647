package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is written, ONNX Runtime loads, and comes to the right numbers by. */
class OnnxRuntimeTest {
  private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();

  private static Object run(GraphBuilder graph, Map<String, OnnxTensor> inputs, String output)
      throws OrtException {
    try (OrtSession session = RUNTIME.createSession(graph.build().write());
        OrtSession.Result result = session.run(inputs)) {
      return result.get(output).orElseThrow().getValue();
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  @Test
  void computesWithConstantsOfEveryNumericType() throws OrtException {
    GraphBuilder graph = new GraphBuilder("sum");
    String x = graph.input("x", ElementType.DOUBLE, "N", "1");
    String floats = graph.constant(TensorValue.floats(new float[] {0.5f}, 1));
    String longs = graph.constant(TensorValue.int64s(new long[] {1L << 40}));
    String doubles = graph.constant(TensorValue.doubles(new double[] {0.1}, 1, 1));
    String yes = graph.constant(TensorValue.bools(new boolean[] {true}, 1));
    String sum =
        graph.node("Add", graph.node("Mul", x, doubles), graph.cast(floats, ElementType.DOUBLE));
    sum = graph.node("Add", sum, graph.cast(longs, ElementType.DOUBLE));
    String zero = graph.constant(TensorValue.doubles(new double[] {0}));
    graph.output(graph.node("Where", yes, sum, zero), "y", ElementType.DOUBLE, "N", "1");
    OnnxTensor in = OnnxTensor.createTensor(RUNTIME, new double[][] {{3}, {-7}});
    assertThat((double[][]) run(graph, Map.of("x", in), "y"))
        .isDeepEqualTo(
            new double[][] {{3 * 0.1 + 0.5 + (1L << 40)}, {-7 * 0.1 + 0.5 + (1L << 40)}});
  }

  @Test
  void encodesTextsByListsOfEveryKind() throws OrtException {
    GraphBuilder graph = new GraphBuilder("labels");
    String text = graph.input("text", ElementType.STRING, "N", "1");
    String numbers =
        graph.mlNode(
            "LabelEncoder",
            List.of(text),
            new Attribute.Texts("keys_strings", List.of("JFK", "東京")),
            new Attribute.Ints("values_int64s", List.of(1L << 50, -2L)),
            new Attribute.Int("default_int64", -1));
    String reals =
        graph.mlNode(
            "LabelEncoder",
            List.of(numbers),
            new Attribute.Ints("keys_int64s", List.of(1L << 50, -2L)),
            new Attribute.Reals("values_floats", List.of(0.25f, 1e-30f)),
            new Attribute.Real("default_float", Float.POSITIVE_INFINITY));
    graph.output(reals, "y", ElementType.FLOAT, "N", "1");
    OnnxTensor in =
        OnnxTensor.createTensor(RUNTIME, new String[] {"東京", "LAX", "JFK"}, new long[] {3, 1});
    assertThat((float[][]) run(graph, Map.of("text", in), "y"))
        .isDeepEqualTo(new float[][] {{1e-30f}, {Float.POSITIVE_INFINITY}, {0.25f}});
  }

  @Test
  void comparesWithConstantTexts() throws OrtException {
    GraphBuilder graph = new GraphBuilder("equal");
    String text = graph.input("text", ElementType.STRING, "N", "1");
    String known = graph.constant(TensorValue.strings(List.of("a", "é"), 1, 2));
    graph.output(graph.node("Equal", text, known), "y", ElementType.BOOL, "N", "2");
    OnnxTensor in = OnnxTensor.createTensor(RUNTIME, new String[] {"é"}, new long[] {1, 1});
    assertThat((boolean[][]) run(graph, Map.of("text", in), "y"))
        .isDeepEqualTo(new boolean[][] {{false, true}});
  }

  @Test
  void takesTensorsAsAttributesAndKeepsTheBitsOfNaN() throws OrtException {
    float nan = Float.intBitsToFloat(0x7FC12345);
    GraphBuilder graph = new GraphBuilder("nan");
    String shape = graph.constant(TensorValue.int64s(new long[] {2}, 1));
    String filled =
        graph.node(
            "ConstantOfShape",
            List.of(shape),
            new Attribute.Tensor("value", TensorValue.floats(new float[] {nan}, 1)));
    graph.output(filled, "y", ElementType.FLOAT, "2");
    try (OrtSession session = RUNTIME.createSession(graph.build().write());
        OrtSession.Result result = session.run(Map.of())) {
      FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
      assertThat(Float.floatToRawIntBits(values.get(1))).isEqualTo(0x7FC12345);
    }
  }

  @Test
  void carriesItsMetadata() throws OrtException {
    GraphBuilder graph = new GraphBuilder("described").metadata("trainer", "é");
    String x = graph.input("x", ElementType.FLOAT, "N");
    graph.output(x, "y", ElementType.FLOAT, "N");
    try (OrtSession session = RUNTIME.createSession(graph.build().write())) {
      assertThat(session.getMetadata().getCustomMetadata()).containsEntry("trainer", "é");
      assertThat(session.getMetadata().getGraphName()).isEqualTo("described");
      assertThat(session.getMetadata().getProducerName()).isEqualTo("mlinfra");
    }
  }
}
