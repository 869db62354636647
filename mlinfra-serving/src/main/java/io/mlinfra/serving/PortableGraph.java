package io.mlinfra.serving;

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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model's graph as ONNX Runtime is given it: of allowed operators only, and with its texts in the
 * form that {@link Texts} describes.
 *
 * @param onnx the bytes, the model's own unless a text in the graph had to be encoded
 * @param anyText whether the graph takes encoded texts: no operator in it looks inside one
 */
record PortableGraph(byte[] onnx, boolean anyText) {
  /** What sees more in texts than whether two are equal, and would see the encoding. */
  private static final Set<String> LOOKS_INSIDE_TEXTS =
      Set.of("RegexFullMatch", "StringNormalizer", "StringSplit", "Unique");

  static PortableGraph of(Model model) {
    byte[] onnx = model.toOnnx();
    OnnxFile file = read(model, onnx);
    String inside = null;
    for (Node node : file.nodes()) {
      requireAllowed(node);
      if (node.domain().isEmpty() && LOOKS_INSIDE_TEXTS.contains(node.operator())) {
        inside = node.operator();
      }
    }
    IntegerDivision.requireSafe(file);
    OnnxFile encoded = encode(file);
    if (encoded.equals(file)) {
      return new PortableGraph(onnx, inside == null);
    }
    if (inside != null) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          "the model has texts with characters outside the basic multilingual plane beside the"
              + " operator "
              + inside
              + ", which ONNX Runtime's Java binding cannot serve");
    }
    return new PortableGraph(encoded.write(), true);
  }

  /** A model may hold what only its own tool's runtime understands; it is served only if all is. */
  private static OnnxFile read(Model model, byte[] onnx) {
    try {
      return OnnxFile.read(onnx);
    } catch (MlInfraException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          "the model " + model.hash().abbreviated() + " cannot be served: " + e.getMessage(),
          e);
    }
  }

  private static void requireAllowed(Node node) {
    if (!node.domain().isEmpty() && !node.domain().equals(GraphBuilder.ML_DOMAIN)) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          "the model uses the operator "
              + node.operator()
              + " of the domain '"
              + node.domain()
              + "'; only the standard domain and "
              + GraphBuilder.ML_DOMAIN
              + " are served");
    }
  }

  private static OnnxFile encode(OnnxFile file) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : file.nodes()) {
      nodes.add(
          new Node(
              node.operator(),
              node.domain(),
              encode(node.inputs()),
              encode(node.outputs()),
              node.attributes().stream().map(PortableGraph::encode).toList()));
    }
    Map<String, TensorValue> initializers = new LinkedHashMap<>();
    file.initializers()
        .forEach((name, value) -> initializers.put(Texts.encode(name), encode(value)));
    return new OnnxFile(
        file.graphName(),
        nodes,
        initializers,
        file.inputs().stream().map(PortableGraph::encode).toList(),
        file.outputs().stream().map(PortableGraph::encode).toList(),
        file.operatorSets(),
        file.metadata());
  }

  private static List<String> encode(List<String> texts) {
    return texts.stream().map(Texts::encode).toList();
  }

  private static ValueInfo encode(ValueInfo info) {
    return new ValueInfo(Texts.encode(info.name()), info.type(), info.shape());
  }

  private static Attribute encode(Attribute attribute) {
    if (attribute instanceof Attribute.Text text) {
      return new Attribute.Text(text.name(), Texts.encode(text.value()));
    }
    if (attribute instanceof Attribute.Texts texts) {
      return new Attribute.Texts(texts.name(), encode(texts.values()));
    }
    if (attribute instanceof Attribute.Tensor tensor) {
      return new Attribute.Tensor(tensor.name(), encode(tensor.value()));
    }
    return attribute;
  }

  private static TensorValue encode(TensorValue value) {
    return value.type() == ElementType.STRING
        ? TensorValue.strings(encode(value.strings()), value.shape())
        : value;
  }
}
