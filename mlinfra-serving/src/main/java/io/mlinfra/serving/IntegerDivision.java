package io.mlinfra.serving;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.Node;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.TensorValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the one arithmetic by which a value in a row could end the process: ONNX Runtime 1.28
 * divides the smallest integer by -1 in hardware, which traps. (It does check for zero.)
 *
 * <p>The type of every value in the graph is followed as far as needed: a division is let through
 * if it is certainly one of floating point, or by constants of which none is -1.
 */
final class IntegerDivision {
  private enum Type {
    FLOATING,
    OTHER,
    UNKNOWN
  }

  // By the operators' specification: the type of their outputs whatever goes in.
  private static final Set<String> NEVER_FLOATING =
      Set.of(
          "And",
          "ArgMax",
          "ArgMin",
          "CategoryMapper",
          "ConvInteger",
          "DynamicQuantizeLinear",
          "Equal",
          "Greater",
          "GreaterOrEqual",
          "IsInf",
          "IsNaN",
          "Less",
          "LessOrEqual",
          "MatMulInteger",
          "Multinomial",
          "NonMaxSuppression",
          "NonZero",
          "Not",
          "Or",
          "QLinearConv",
          "QLinearMatMul",
          "QuantizeLinear",
          "Shape",
          "Size",
          "Xor",
          "ZipMap");
  private static final Set<String> ALWAYS_FLOATING =
      Set.of(
          "FeatureVectorizer",
          "LinearRegressor",
          "Normalizer",
          "OneHotEncoder",
          "SVMRegressor",
          "Scaler",
          "TfIdfVectorizer",
          "TreeEnsembleRegressor");
  private static final Set<String> CLASSIFIERS =
      Set.of("LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier");
  private static final Set<Long> FLOATING_CODES = Set.of(1L, 10L, 11L, 16L);

  private final Map<String, Type> types = new HashMap<>();
  private final Map<String, TensorValue> constants = new HashMap<>();

  private IntegerDivision() {}

  /**
   * Accepts the graph or throws.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED}
   */
  static void requireSafe(OnnxFile file) {
    IntegerDivision graph = new IntegerDivision();
    file.inputs().forEach(input -> graph.types.put(input.name(), type(input.type())));
    file.initializers().forEach(graph::constant);
    // What a call may replace is not constant.
    file.inputs().forEach(input -> graph.constants.remove(input.name()));
    file.nodes().forEach(graph::visit);
  }

  private void constant(String name, TensorValue value) {
    types.put(name, type(value.type()));
    constants.put(name, value);
  }

  private void visit(Node node) {
    String operator = node.operator();
    if (operator.equals("Div") || operator.equals("Mod")) {
      requireSafe(node);
    }
    List<String> outputs = node.outputs();
    for (int i = 0; i < outputs.size(); i++) {
      types.put(outputs.get(i), output(node, i));
    }
    if (operator.equals("Constant") && outputs.size() == 1) {
      for (Attribute attribute : node.attributes()) {
        if (attribute instanceof Attribute.Tensor tensor) {
          constant(outputs.get(0), tensor.value());
        }
      }
    }
  }

  private void requireSafe(Node node) {
    if (input(node, 0) == Type.FLOATING || input(node, 1) == Type.FLOATING) {
      return;
    }
    TensorValue divisor = node.inputs().size() < 2 ? null : constants.get(node.inputs().get(1));
    if (divisor != null
        && divisor.type() == ElementType.INT64
        && LongStream.of(divisor.int64s()).noneMatch(value -> value == -1)) {
      return;
    }
    throw new MlInfraException(
        ErrorCode.MODEL_REJECTED,
        "the model divides integers in "
            + node.operator()
            + " "
            + node.inputs()
            + " by what is not a constant other than -1, which would crash ONNX Runtime for the"
            + " smallest integer; cast to double first");
  }

  private Type output(Node node, int index) {
    String operator = node.operator();
    if (NEVER_FLOATING.contains(operator)) {
      return Type.OTHER;
    }
    if (ALWAYS_FLOATING.contains(operator)) {
      return Type.FLOATING;
    }
    if (CLASSIFIERS.contains(operator)) {
      return index == 0 ? Type.OTHER : Type.FLOATING;
    }
    if (node.domain().equals(GraphBuilder.ML_DOMAIN) && operator.equals("LabelEncoder")) {
      return labelEncoder(node);
    }
    return switch (operator) {
      case "Cast" -> cast(node);
      case "CastLike", "Where" -> input(node, 1);
      case "OneHot" -> input(node, 2);
      case "Constant", "ConstantOfShape" -> constant(node);
      case "Split" -> input(node, 0);
      // The others' first output is of their first input's type, unless they can be told another.
      default -> index == 0 && attribute(node, "dtype") == null ? input(node, 0) : Type.UNKNOWN;
    };
  }

  private static Type cast(Node node) {
    return attribute(node, "to") instanceof Attribute.Int to && FLOATING_CODES.contains(to.value())
        ? Type.FLOATING
        : Type.OTHER;
  }

  private static Type labelEncoder(Node node) {
    if (attribute(node, "values_tensor") instanceof Attribute.Tensor tensor) {
      return type(tensor.value().type());
    }
    return attribute(node, "values_floats") == null ? Type.OTHER : Type.FLOATING;
  }

  private static Type constant(Node node) {
    if (attribute(node, "value") instanceof Attribute.Tensor tensor) {
      return type(tensor.value().type());
    }
    boolean floating =
        node.operator().equals("ConstantOfShape")
            || attribute(node, "value_float") != null
            || attribute(node, "value_floats") != null;
    return floating ? Type.FLOATING : Type.OTHER;
  }

  private Type input(Node node, int index) {
    return index < node.inputs().size()
        ? types.getOrDefault(node.inputs().get(index), Type.UNKNOWN)
        : Type.UNKNOWN;
  }

  private static @Nullable Attribute attribute(Node node, String name) {
    return node.attributes().stream().filter(a -> a.name().equals(name)).findFirst().orElse(null);
  }

  private static Type type(ElementType type) {
    return FLOATING_CODES.contains((long) type.code()) ? Type.FLOATING : Type.OTHER;
  }
}
