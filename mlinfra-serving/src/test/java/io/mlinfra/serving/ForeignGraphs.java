package io.mlinfra.serving;

import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.Node;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.onnx.ValueInfo;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Graphs of the shape that exporters of other tools give them. */
final class ForeignGraphs {
  private static final String ML = GraphBuilder.ML_DOMAIN;
  private static final int INT64 = ElementType.INT64.code();
  private static final int STRING = ElementType.STRING.code();

  private ForeignGraphs() {}

  /** A scaler and a logistic regression of three classes, as skl2onnx writes the pipeline. */
  static byte[] sklearn() {
    return withMaps(
        INT64,
        classifier(
            new Attribute.Ints("classlabels_ints", List.of(0L, 1L, 2L)),
            new Attribute.Ints("classlabels_int64s", List.of(0L, 1L, 2L)),
            ElementType.INT64));
  }

  /** The same with classes that are texts. */
  static byte[] sklearnOfTexts() {
    Attribute classes =
        new Attribute.Texts("classlabels_strings", List.of("setosa", "versicolor", "virginica"));
    return withMaps(STRING, classifier(classes, classes, ElementType.STRING));
  }

  private static OnnxFile classifier(Attribute classes, Attribute keys, ElementType label) {
    return new OnnxFile(
        "pipeline",
        List.of(
            node(
                "Scaler",
                ML,
                "float_input",
                "variable",
                new Attribute.Reals("offset", List.of(5.8f, 3.05f, 3.7f, 1.2f)),
                new Attribute.Reals("scale", List.of(1.2f, 2.3f, 0.57f, 1.31f))),
            node(
                "LinearClassifier",
                ML,
                "variable",
                "label probability_tensor",
                classes,
                new Attribute.Reals(
                    "coefficients",
                    List.of(
                        -1.1f, 0.9f, -2.3f, -1f, 0.5f, -0.4f, -0.2f, -0.8f, 0.6f, -0.5f, 2.5f,
                        1.8f)),
                new Attribute.Reals("intercepts", List.of(-0.2f, 2.2f, -2f)),
                new Attribute.Int("multi_class", 1),
                new Attribute.Text("post_transform", "SOFTMAX")),
            node(
                "Normalizer",
                ML,
                "probability_tensor",
                "probabilities",
                new Attribute.Text("norm", "L1")),
            node("ZipMap", ML, "probabilities", "output_probability", keys),
            node("Identity", "", "label", "output_label")),
        Map.of(),
        List.of(new ValueInfo("float_input", ElementType.FLOAT, List.of("N", "4"))),
        List.of(new ValueInfo("output_label", label, List.of("N"))),
        Map.of(ML, 1L, "", 15L),
        Map.of());
  }

  /** Two trees of a binary classifier, as onnxmltools writes those of XGBoost. */
  static byte[] xgboost() {
    Node trees =
        node(
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
            new Attribute.Text("post_transform", "LOGISTIC"));
    return new OnnxFile(
            "xgboost",
            List.of(trees),
            Map.of(),
            List.of(new ValueInfo("float_input", ElementType.FLOAT, List.of("None", "4"))),
            List.of(
                new ValueInfo("label", ElementType.INT64, List.of("None")),
                new ValueInfo("probabilities", ElementType.FLOAT, List.of("None", "2"))),
            Map.of(ML, 1L, "", 9L),
            Map.of())
        .write();
  }

  /** A perceptron as PyTorch writes it. */
  static byte[] pytorch() {
    Attribute transposed = new Attribute.Int("transB", 1);
    return new OnnxFile(
            "main_graph",
            List.of(
                node("Gemm", "", "input n.0.weight n.0.bias", "/n.0/Gemm_output_0", transposed),
                node("Relu", "", "/n.0/Gemm_output_0", "/n.1/Relu_output_0"),
                node("Gemm", "", "/n.1/Relu_output_0 n.2.weight n.2.bias", "output", transposed)),
            Map.of(
                "n.0.weight", weights(4, 3),
                "n.0.bias", weights(4),
                "n.2.weight", weights(2, 4),
                "n.2.bias", weights(2)),
            List.of(new ValueInfo("input", ElementType.FLOAT, List.of("batch", "3"))),
            List.of(new ValueInfo("output", ElementType.FLOAT, List.of("batch", "2"))),
            Map.of("", 17L),
            Map.of())
        .write();
  }

  private static TensorValue weights(long... shape) {
    float[] values = new float[(int) (shape.length == 1 ? shape[0] : shape[0] * shape[1])];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(7 * i + values.length);
    }
    return TensorValue.floats(values, shape);
  }

  /** Names are parted by blanks. */
  private static Node node(
      String operator, String domain, String from, String into, Attribute... with) {
    return new Node(
        operator, domain, List.of(from.split(" ")), List.of(into.split(" ")), List.of(with));
  }

  /**
   * Adds the output that a ZipMap gives: {@code sequence(map(…,float))}, which {@link ValueInfo}
   * has no word for. It stands in a second part of the graph, as protobuf lets any message be cut.
   */
  private static byte[] withMaps(int keyType, OnnxFile file) {
    byte[] value = field(2, field(1, number(1, ElementType.FLOAT.code())));
    byte[] maps = field(4, field(1, field(5, join(number(1, keyType), value))));
    byte[] name = field(1, "output_probability".getBytes(StandardCharsets.UTF_8));
    return join(file.write(), field(7, field(12, join(name, field(2, maps)))));
  }

  private static byte[] field(int number, byte[] content) {
    if (content.length > 127) {
      throw new IllegalArgumentException("content (" + content.length + " bytes) must be <= 127");
    }
    return join(new byte[] {(byte) (number << 3 | 2), (byte) content.length}, content);
  }

  private static byte[] number(int number, int value) {
    return new byte[] {(byte) (number << 3), (byte) value};
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
