package io.mlinfra.training.backend;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Plain Java computes the bits that ONNX Runtime computes, layer by layer, for any batch. */
class OnnxRuntimeAgreementTest {
  private enum Activation {
    NONE,
    RELU,
    SIGMOID
  }

  /** One layer with weights of its own. */
  private record Layer(int inputs, int outputs, float[] weights, float[] bias, Activation then) {}

  private static Layer layer(int inputs, int outputs, Activation then, Random random) {
    float[] weights = new float[inputs * outputs];
    float[] bias = new float[outputs];
    double size = 2 / Math.sqrt(inputs);
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) (random.nextGaussian() * size);
    }
    for (int i = 0; i < outputs; i++) {
      bias[i] = (float) random.nextGaussian();
    }
    return new Layer(inputs, outputs, weights, bias, then);
  }

  private static float[] inJava(List<Layer> layers, float[] x, int rows) {
    try (Backend backend = JavaBackend.open()) {
      Tensor in = backend.allocate(rows, layers.get(0).inputs);
      backend.upload(x, in);
      for (Layer layer : layers) {
        Tensor weights = backend.allocate(layer.inputs, layer.outputs);
        Tensor bias = backend.allocate(1, layer.outputs);
        Tensor out = backend.allocate(rows, layer.outputs);
        backend.upload(layer.weights, weights);
        backend.upload(layer.bias, bias);
        backend.broadcast(bias, out);
        backend.multiply(in, false, weights, false, 1, out);
        switch (layer.then) {
          case NONE -> {}
          case RELU -> backend.relu(out);
          case SIGMOID -> backend.sigmoid(out);
        }
        in = out;
      }
      float[] y = new float[rows * in.columns()];
      backend.download(in, y);
      return y;
    }
  }

  private static float[] inOnnxRuntime(List<Layer> layers, float[] x, int rows)
      throws OrtException {
    int width = layers.get(0).inputs;
    GraphBuilder graph = new GraphBuilder("layers");
    String value = graph.input("x", ElementType.FLOAT, "N", Integer.toString(width));
    for (Layer layer : layers) {
      value =
          graph.node(
              "Gemm",
              value,
              graph.constant(TensorValue.floats(layer.weights, layer.inputs, layer.outputs)),
              graph.constant(TensorValue.floats(layer.bias, layer.outputs)));
      value =
          switch (layer.then) {
            case NONE -> value;
            case RELU -> graph.node("Relu", value);
            case SIGMOID -> graph.node("Sigmoid", value);
          };
    }
    int outputs = layers.get(layers.size() - 1).outputs;
    graph.output(value, "y", ElementType.FLOAT, "N", Integer.toString(outputs));
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(graph.build().write(), options);
          OnnxTensor input =
              OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), new long[] {rows, width});
          OrtSession.Result result = session.run(Map.of("x", input))) {
        float[] y = new float[rows * outputs];
        ((OnnxTensor) result.get(0)).getFloatBuffer().get(y);
        return y;
      }
    }
  }

  private static void assertSameBits(List<Layer> layers, float[] x, int rows) throws OrtException {
    int[] java = bits(inJava(layers, x, rows));
    int[] onnx = bits(inOnnxRuntime(layers, x, rows));
    assertThat(java).isEqualTo(onnx);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  private static float[] inputs(int count, Random random) {
    float[] x = new float[count];
    boolean sparse = random.nextBoolean();
    for (int i = 0; i < count; i++) {
      x[i] = sparse && random.nextInt(4) > 0 ? 0 : (float) random.nextGaussian();
    }
    return x;
  }

  @Provide
  Arbitrary<Integer> widths() {
    return Arbitraries.oneOf(
        Arbitraries.of(1, 2, 3, 8, 16, 32, 33, 64), Arbitraries.integers().between(1, 300));
  }

  @Provide
  Arbitrary<Integer> depths() {
    return Arbitraries.oneOf(
        Arbitraries.integers().between(1, 700), Arbitraries.of(128, 255, 256, 257, 512, 513, 700));
  }

  @Provide
  Arbitrary<Integer> batches() {
    return Arbitraries.oneOf(Arbitraries.of(1, 2, 3, 1024), Arbitraries.integers().between(1, 200));
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void computesOneLayer(
      @ForAll("batches") int rows,
      @ForAll("depths") int inputs,
      @ForAll("widths") int outputs,
      @ForAll Activation then,
      @ForAll long seed)
      throws OrtException {
    Random random = new Random(seed);
    List<Layer> layers = List.of(layer(inputs, outputs, then, random));
    assertSameBits(layers, inputs(rows * inputs, random), rows);
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void computesNetworks(
      @ForAll("batches") int rows,
      @ForAll("depths") int inputs,
      @ForAll("widths") int first,
      @ForAll("widths") int second,
      @ForAll long seed)
      throws OrtException {
    Random random = new Random(seed);
    List<Layer> layers = new ArrayList<>();
    layers.add(layer(inputs, first, Activation.RELU, random));
    layers.add(layer(first, second, Activation.RELU, random));
    layers.add(layer(second, 1, Activation.SIGMOID, random));
    assertSameBits(layers, inputs(rows * inputs, random), rows);
  }

  @Example
  void squashesEveryKindOfNumber() throws OrtException {
    Layer same = new Layer(1, 1, new float[] {1}, new float[] {0}, Activation.SIGMOID);
    Random random = new Random(0);
    float[] x = new float[200_000];
    for (int i = 0; i < x.length; i++) {
      float any = Float.intBitsToFloat(random.nextInt());
      x[i] = i % 2 == 0 && Float.isFinite(any) ? any : (float) (random.nextGaussian() * 8);
    }
    x[0] = Float.POSITIVE_INFINITY;
    x[1] = Float.NEGATIVE_INFINITY;
    x[2] = -0f;
    assertSameBits(List.of(same), x, x.length);
    for (int i = 0; i < 50; i++) {
      assertSameBits(List.of(same), new float[] {x[i]}, 1);
    }
  }
}
