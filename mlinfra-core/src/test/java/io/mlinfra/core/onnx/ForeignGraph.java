package io.mlinfra.core.onnx;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Files shaped like those that other tools write, with what {@link GraphBuilder} never does: old
 * versions of the format, element types without a name here, dimensions without one, maps,
 * subgraphs, functions.
 */
public final class ForeignGraph {
  public static final int FLOAT = 1;
  public static final int INT32 = 6;
  public static final int INT64 = 7;
  public static final int STRING = 8;
  public static final int BOOL = 9;
  public static final int FLOAT16 = 10;
  public static final int DOUBLE = 11;
  public static final String ML = GraphBuilder.ML_DOMAIN;

  private final ProtoWriter model = new ProtoWriter();
  private final ProtoWriter graph = new ProtoWriter();

  public ForeignGraph(long irVersion, String producer) {
    model.varint(1, irVersion);
    model.text(2, producer);
    model.text(3, "1.2");
    model.text(4, "ai.onnx");
    graph.text(2, "foreign");
  }

  public ForeignGraph opset(String domain, long version) {
    ProtoWriter set = new ProtoWriter();
    set.text(1, domain);
    set.varint(2, version);
    model.message(8, set);
    return this;
  }

  public ForeignGraph metadata(String key, String value) {
    ProtoWriter entry = new ProtoWriter();
    entry.text(1, key);
    entry.text(2, value);
    model.message(14, entry);
    return this;
  }

  public ForeignGraph node(
      String operator, String domain, String from, String into, Attribute... with) {
    graph.message(1, nodeOf(operator, domain, from, into, with));
    return this;
  }

  /** Names are parted by blanks. */
  static ProtoWriter nodeOf(
      String operator, String domain, String from, String into, Attribute... with) {
    return OnnxWriter.node(new Node(operator, domain, words(from), words(into), List.of(with)));
  }

  private static List<String> words(String names) {
    return names.isEmpty() ? List.of() : List.of(names.split(" "));
  }

  /** A graph as the attribute of a node. */
  static void subgraph(ProtoWriter node, String attribute, ProtoWriter graph) {
    ProtoWriter out = new ProtoWriter();
    out.text(1, attribute);
    out.message(6, graph);
    out.varint(20, 5);
    node.message(5, out);
  }

  /** If a condition, then a value of the graph, else twice that value. */
  public ForeignGraph ifOrTwice(String condition, String value, int type, String into) {
    ProtoWriter thenGraph = new ProtoWriter();
    thenGraph.message(1, nodeOf("Identity", "", value, "then_out"));
    thenGraph.text(2, "then");
    thenGraph.message(12, info("then_out", type, (String[]) null));
    ProtoWriter elseGraph = new ProtoWriter();
    elseGraph.message(1, nodeOf("Add", "", value + " " + value, "else_out"));
    elseGraph.text(2, "else");
    elseGraph.message(12, info("else_out", type, (String[]) null));
    ProtoWriter node = nodeOf("If", "", condition, into);
    subgraph(node, "then_branch", thenGraph);
    subgraph(node, "else_branch", elseGraph);
    graph.message(1, node);
    return this;
  }

  public ForeignGraph initializer(String name, TensorValue value) {
    graph.message(5, OnnxWriter.tensor(name, value));
    return this;
  }

  /** Dimensions as digits, names, or null for one without a name; no array for no shape. */
  public ForeignGraph input(String name, int type, String @Nullable ... shape) {
    graph.message(11, info(name, type, shape));
    return this;
  }

  /** As {@link #input}. */
  public ForeignGraph output(String name, int type, String @Nullable ... shape) {
    graph.message(12, info(name, type, shape));
    return this;
  }

  /** A list of maps to floats, as a ZipMap gives it. */
  public ForeignGraph mapOutput(String name, int keyType) {
    ProtoWriter element = new ProtoWriter();
    element.varint(1, FLOAT);
    ProtoWriter value = new ProtoWriter();
    value.message(1, element);
    ProtoWriter map = new ProtoWriter();
    map.varint(1, keyType);
    map.message(2, value);
    ProtoWriter item = new ProtoWriter();
    item.message(5, map);
    ProtoWriter sequence = new ProtoWriter();
    sequence.message(1, item);
    ProtoWriter type = new ProtoWriter();
    type.message(4, sequence);
    ProtoWriter info = new ProtoWriter();
    info.text(1, name);
    info.message(2, type);
    graph.message(12, info);
    return this;
  }

  static ProtoWriter info(String name, int type, String @Nullable ... shape) {
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(1, type);
    if (shape != null) {
      ProtoWriter dimensions = new ProtoWriter();
      for (String dimension : shape) {
        ProtoWriter out = new ProtoWriter();
        if (dimension != null && ValueInfo.isFixed(dimension)) {
          out.varint(1, Long.parseLong(dimension));
        } else if (dimension != null) {
          out.text(2, dimension);
        }
        dimensions.message(1, out);
      }
      tensor.message(2, dimensions);
    }
    ProtoWriter typeOut = new ProtoWriter();
    typeOut.message(1, tensor);
    ProtoWriter info = new ProtoWriter();
    info.text(1, name);
    info.message(2, typeOut);
    return info;
  }

  ForeignGraph in(Consumer<ProtoWriter> more) {
    more.accept(graph);
    return this;
  }

  ForeignGraph inModel(Consumer<ProtoWriter> more) {
    more.accept(model);
    return this;
  }

  public byte[] bytes() {
    ProtoWriter out = new ProtoWriter();
    out.verbatim(model.toBytes());
    out.message(7, graph);
    return out.toBytes();
  }

  // ---- what tools write

  /** A scaler and a logistic regression of three classes, as skl2onnx writes the pipeline. */
  public static ForeignGraph sklearn() {
    return classifier(
            new Attribute.Ints("classlabels_ints", List.of(0L, 1L, 2L)),
            new Attribute.Ints("classlabels_int64s", List.of(0L, 1L, 2L)))
        .node("Cast", "", "label", "output_label", new Attribute.Int("to", INT64))
        .output("output_label", INT64, (String) null)
        .mapOutput("output_probability", INT64);
  }

  /** As {@link #sklearn()} with classes that are texts. */
  public static ForeignGraph sklearnOfTexts() {
    List<String> classes = List.of("setosa", "versicolor", "virginica");
    return classifier(
            new Attribute.Texts("classlabels_strings", classes),
            new Attribute.Texts("classlabels_strings", classes))
        .node("Identity", "", "label", "output_label")
        .output("output_label", STRING, (String) null)
        .mapOutput("output_probability", STRING);
  }

  private static ForeignGraph classifier(Attribute classes, Attribute keys) {
    Attribute[] linear = {
      classes,
      new Attribute.Reals(
          "coefficients",
          List.of(-1.1f, 0.9f, -2.3f, -1f, 0.5f, -0.4f, -0.2f, -0.8f, 0.6f, -0.5f, 2.5f, 1.8f)),
      new Attribute.Reals("intercepts", List.of(-0.2f, 2.2f, -2f)),
      new Attribute.Int("multi_class", 1),
      new Attribute.Text("post_transform", "SOFTMAX")
    };
    return new ForeignGraph(8, "skl2onnx")
        .opset("ai.onnx.ml", 1)
        .opset("", 15)
        .node(
            "Scaler",
            ML,
            "float_input",
            "variable",
            new Attribute.Reals("offset", List.of(5.8f, 3.05f, 3.7f, 1.2f)),
            new Attribute.Reals("scale", List.of(1.2f, 2.3f, 0.57f, 1.31f)))
        .node("LinearClassifier", ML, "variable", "label probability_tensor", linear)
        .node(
            "Normalizer",
            ML,
            "probability_tensor",
            "probabilities",
            new Attribute.Text("norm", "L1"))
        .node("ZipMap", ML, "probabilities", "output_probability", keys)
        .input("float_input", FLOAT, null, "4");
  }

  /** Two trees of a binary classifier, as onnxmltools writes those of XGBoost. */
  public static ForeignGraph xgboost() {
    return new ForeignGraph(8, "OnnxMLTools")
        .opset("ai.onnx.ml", 1)
        .opset("", 9)
        .node(
            "TreeEnsembleClassifier",
            ML,
            "float_input",
            "label probabilities",
            new Attribute.Reals("base_values", List.of(0.1f)),
            new Attribute.Ints("class_ids", List.of(0L, 0L, 0L, 0L, 0L)),
            new Attribute.Ints("class_nodeids", List.of(1L, 3L, 4L, 1L, 2L)),
            new Attribute.Ints("class_treeids", List.of(0L, 0L, 0L, 1L, 1L)),
            new Attribute.Reals("class_weights", List.of(-0.4f, 0.3f, 0.15f, -0.22f, 0.37f)),
            new Attribute.Ints("classlabels_int64s", List.of(0L, 1L)),
            new Attribute.Ints("nodes_falsenodeids", List.of(2L, 0L, 4L, 0L, 0L, 2L, 0L, 0L)),
            new Attribute.Ints("nodes_featureids", List.of(2L, 0L, 3L, 0L, 0L, 1L, 0L, 0L)),
            new Attribute.Reals("nodes_hitrates", List.of(1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f)),
            new Attribute.Ints(
                "nodes_missing_value_tracks_true", List.of(1L, 0L, 0L, 0L, 0L, 1L, 0L, 0L)),
            new Attribute.Texts(
                "nodes_modes",
                List.of(
                    "BRANCH_LT", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF")),
            new Attribute.Ints("nodes_nodeids", List.of(0L, 1L, 2L, 3L, 4L, 0L, 1L, 2L)),
            new Attribute.Ints("nodes_treeids", List.of(0L, 0L, 0L, 0L, 0L, 1L, 1L, 1L)),
            new Attribute.Ints("nodes_truenodeids", List.of(1L, 0L, 3L, 0L, 0L, 1L, 0L, 0L)),
            new Attribute.Reals("nodes_values", List.of(0.5f, 0f, -0.25f, 0f, 0f, 0.125f, 0f, 0f)),
            new Attribute.Text("post_transform", "LOGISTIC"))
        .input("float_input", FLOAT, "None", "4")
        .output("label", INT64, "None")
        .output("probabilities", FLOAT, "None", "2");
  }

  /** A perceptron as PyTorch writes it: in the format of IR 3, constants are inputs as well. */
  public static ForeignGraph pytorch(long irVersion, long opset) {
    ForeignGraph file =
        new ForeignGraph(irVersion, "pytorch")
            .opset("", opset)
            .node("Gemm", "", "input n.0.weight n.0.bias", "/n.0/Gemm_output_0", transB())
            .node("Relu", "", "/n.0/Gemm_output_0", "/n.1/Relu_output_0")
            .node("Gemm", "", "/n.1/Relu_output_0 n.2.weight n.2.bias", "output", transB())
            .initializer("n.0.weight", matrix(4, 3))
            .initializer("n.0.bias", matrix(4))
            .initializer("n.2.weight", matrix(2, 4))
            .initializer("n.2.bias", matrix(2))
            .input("input", FLOAT, "batch", "3");
    if (irVersion < 4) {
      file.input("n.0.weight", FLOAT, "4", "3")
          .input("n.0.bias", FLOAT, "4")
          .input("n.2.weight", FLOAT, "2", "4")
          .input("n.2.bias", FLOAT, "2");
    }
    return file.output("output", FLOAT, "batch", "2");
  }

  private static Attribute transB() {
    return new Attribute.Int("transB", 1);
  }

  private static TensorValue matrix(long... shape) {
    float[] values = new float[(int) (shape.length == 1 ? shape[0] : shape[0] * shape[1])];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(7 * i + values.length);
    }
    return TensorValue.floats(values, shape);
  }
}
