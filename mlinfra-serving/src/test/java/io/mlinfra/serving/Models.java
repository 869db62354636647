package io.mlinfra.serving;

import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Small models to serve. */
final class Models {
  private Models() {}

  /** Gives every column back, so that what arrived can be seen. */
  static Model echo() {
    GraphBuilder graph = new GraphBuilder("echo");
    String f32 = graph.input("f32", ElementType.FLOAT, "N", "1");
    String f64 = graph.input("f64", ElementType.DOUBLE, "N", "1");
    String i64 = graph.input("i64", ElementType.INT64, "N", "1");
    String text = graph.input("text", ElementType.STRING, "N", "1");
    String bool = graph.input("bool", ElementType.BOOL, "N", "1");
    graph.output(f32, "out_f32", ElementType.FLOAT, "N", "1");
    graph.output(f64, "out_f64", ElementType.DOUBLE, "N", "1");
    graph.output(i64, "out_i64", ElementType.INT64, "N", "1");
    graph.output(text, "out_text", ElementType.STRING, "N", "1");
    graph.output(bool, "out_bool", ElementType.BOOL, "N", "1");
    return Model.of(graph, Set.of("f32", "f64"));
  }

  /** {@code y = x * factor}, float32. */
  static Model times(float factor) {
    GraphBuilder graph = new GraphBuilder("times");
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    String constant = graph.constant(TensorValue.floats(new float[] {factor}, 1));
    graph.output(graph.node("Mul", x, constant), "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  /** 1 for a text among the categories by its index from 1, 0 for every other text. */
  static Model category(List<String> categories) {
    GraphBuilder graph = new GraphBuilder("category");
    String text = graph.input("text", ElementType.STRING, "N", "1");
    String index = labelEncoder(graph, text, categories, 1, 0);
    graph.output(graph.cast(index, ElementType.FLOAT), "index", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  private static String labelEncoder(
      GraphBuilder graph, String text, List<String> categories, long first, long unknown) {
    return graph.mlNode(
        "LabelEncoder",
        List.of(text),
        new Attribute.Texts("keys_strings", categories),
        new Attribute.Ints(
            "values_int64s", LongStream.range(first, first + categories.size()).boxed().toList()),
        new Attribute.Int("default_int64", unknown));
  }

  /**
   * A binary classifier as training writes one: numbers imputed and standardised in double, texts
   * one-hot, then a network.
   *
   * @param numbers how many nullable float64 columns {@code n0, n1, ...}
   * @param texts how many string columns {@code t0, t1, ...} of 20 categories {@code c0 ... c19}
   */
  static Model classifier(int numbers, int texts, int... hidden) {
    GraphBuilder graph = new GraphBuilder("classifier");
    Random random = new Random(7);
    List<String> parts = new ArrayList<>();
    int width = 0;
    for (int i = 0; i < numbers; i++) {
      String x = graph.input("n" + i, ElementType.DOUBLE, "N", "1");
      String mean = graph.constant(TensorValue.doubles(new double[] {100 * i}, 1));
      String deviation = graph.constant(TensorValue.doubles(new double[] {3 + i}, 1));
      String filled = graph.node("Where", graph.node("IsNaN", x), mean, x);
      String scaled = graph.node("Div", graph.node("Sub", filled, mean), deviation);
      parts.add(graph.cast(scaled, ElementType.FLOAT));
      width++;
    }
    List<String> categories = IntStream.range(0, 20).mapToObj(i -> "c" + i).toList();
    for (int i = 0; i < texts; i++) {
      String text = graph.input("t" + i, ElementType.STRING, "N", "1");
      String index = labelEncoder(graph, text, categories, 0, categories.size());
      String depth = graph.constant(TensorValue.int64s(new long[] {categories.size()}));
      String offOn = graph.constant(TensorValue.floats(new float[] {0, 1}, 2));
      String oneHot = graph.node("OneHot", index, depth, offOn);
      String axis = graph.constant(TensorValue.int64s(new long[] {1}, 1));
      parts.add(graph.node("Squeeze", oneHot, axis));
      width += categories.size();
    }
    String layer = graph.node("Concat", parts, new Attribute.Int("axis", 1));
    for (int size : hidden) {
      layer = graph.node("Relu", dense(graph, random, layer, width, size));
      width = size;
    }
    layer = graph.node("Sigmoid", dense(graph, random, layer, width, 1));
    graph.output(layer, "probability", ElementType.FLOAT, "N", "1");
    Set<String> nullable = Set.copyOf(IntStream.range(0, numbers).mapToObj(i -> "n" + i).toList());
    return Model.of(graph, nullable);
  }

  private static String dense(GraphBuilder graph, Random random, String x, int from, int to) {
    float[] weights = new float[from * to];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) (random.nextGaussian() / Math.sqrt(from));
    }
    String w = graph.constant(TensorValue.floats(weights, from, to));
    String b = graph.constant(TensorValue.floats(new float[to], to));
    return graph.node("Gemm", x, w, b);
  }
}
