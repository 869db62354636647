package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.Node;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.onnx.ValueInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A model's graph, for comparing.
 *
 * @param signature null where it is not one of named columns
 */
record ModelGraph(OnnxFile file, @Nullable Signature signature) {
  /**
   * Reads a graph of any model, ours or not.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if it cannot be interpreted
   */
  static ModelGraph read(byte[] onnx) {
    OnnxFile file = OnnxFile.read(onnx);
    try {
      return new ModelGraph(file, Model.read(onnx).signature());
    } catch (MlInfraException e) {
      // Some other tool's: its tensors are all there is to know.
      return new ModelGraph(file, null);
    }
  }

  static Map<String, String> columns(List<Column> columns) {
    Map<String, String> types = new TreeMap<>();
    for (Column column : columns) {
      types.put(column.name(), lower(column.type()) + (column.nullable() ? "?" : ""));
    }
    return types;
  }

  static Map<String, String> tensors(List<ValueInfo> values) {
    Map<String, String> types = new TreeMap<>();
    for (ValueInfo value : values) {
      types.put(value.name(), lower(value.type()) + value.shape());
    }
    return types;
  }

  static String lower(Enum<?> type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  /** How many nodes there are of each operator, sorted. */
  Map<String, Integer> operators() {
    Map<String, Integer> counts = new TreeMap<>();
    file.nodes().forEach(node -> counts.merge(operator(node), 1, Integer::sum));
    return counts;
  }

  private static String operator(Node node) {
    return node.domain().isEmpty() ? node.operator() : node.domain() + "." + node.operator();
  }

  Map<String, String> operatorSets() {
    Map<String, String> sets = new TreeMap<>();
    file.operatorSets()
        .forEach((domain, set) -> sets.put(domain.isEmpty() ? "ai.onnx" : domain, "" + set));
    return sets;
  }

  /** Whether the nodes are the same and connected in the same way, under the same names. */
  boolean isConnectedLike(ModelGraph other) {
    return bare(this).equals(bare(other));
  }

  private static List<Node> bare(ModelGraph graph) {
    return graph.file.nodes().stream()
        .map(
            node ->
                new Node(node.operator(), node.domain(), node.inputs(), node.outputs(), List.of()))
        .toList();
  }

  /**
   * The attributes of all nodes, such as {@code Gemm[2].alpha}: as tensors, or as they are if they
   * are of a kind that holds no values.
   */
  Map<String, Object> attributes() {
    Map<String, Object> attributes = new LinkedHashMap<>();
    Map<String, Integer> seen = new TreeMap<>();
    for (Node node : file.nodes()) {
      String operator = operator(node);
      int number = seen.merge(operator, 1, Integer::sum) - 1;
      for (Attribute attribute : node.attributes()) {
        attributes.put(operator + "[" + number + "]." + attribute.name(), values(attribute));
      }
    }
    return attributes;
  }

  // Not a switch: a graph may hold attributes that have nothing to compare one by one.
  private static Object values(Attribute attribute) {
    if (attribute instanceof Attribute.Int single) {
      return TensorValue.int64s(new long[] {single.value()});
    } else if (attribute instanceof Attribute.Real single) {
      return TensorValue.floats(new float[] {single.value()});
    } else if (attribute instanceof Attribute.Text single) {
      return TensorValue.strings(List.of(single.value()));
    } else if (attribute instanceof Attribute.Ints list) {
      long[] values = list.values().stream().mapToLong(Long::longValue).toArray();
      return TensorValue.int64s(values, values.length);
    } else if (attribute instanceof Attribute.Reals list) {
      float[] values = new float[list.values().size()];
      int i = 0;
      for (float value : list.values()) {
        values[i++] = value;
      }
      return TensorValue.floats(values, values.length);
    } else if (attribute instanceof Attribute.Texts list) {
      return TensorValue.strings(list.values(), list.values().size());
    } else if (attribute instanceof Attribute.Tensor tensor) {
      return tensor.value();
    }
    return attribute;
  }
}
