package io.mlinfra.core.model;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.OnnxColumns;
import io.mlinfra.core.onnx.OnnxInspection;
import io.mlinfra.core.version.ContentHash;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * An ONNX graph and its {@link Signature}: one input tensor of shape {@code [N, 1]} per named
 * column, one output tensor of shape {@code [N, 1]} per answer. The signature stands in the graph
 * itself, so that the bytes of {@link #toOnnx()} are all there is to a model. Immutable and
 * thread-safe.
 */
public final class Model {
  /** The metadata key under which the graph names the inputs that may be missing, one a line. */
  private static final String NULLABLE = "mlinfra.nullable";

  private static final String HINT = "; Model.adapt makes columns of tables";

  private final byte[] onnx;
  private final Signature signature;
  private final Map<String, String> metadata;
  private final ContentHash hash;

  private Model(byte[] onnx) {
    OnnxInspection file = OnnxInspection.of(onnx);
    if (file.hasExternalData()) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          "not a usable model: the values of '"
              + file.externalTensors().get(0)
              + "' lie outside the file; embed them");
    }
    this.onnx = onnx;
    this.signature = signature(file);
    this.metadata = file.metadata();
    this.hash = ContentHash.of(onnx);
  }

  /**
   * Completes a graph to a model.
   *
   * @param graph with one input per column and its outputs declared; gains metadata
   * @param nullable names of the inputs that may be missing
   * @throws IllegalArgumentException if one of them is no input
   */
  public static Model of(GraphBuilder graph, Set<String> nullable) {
    graph.metadata(NULLABLE, lines(nullable));
    Model model = new Model(graph.build().write());
    nullable.forEach(model.signature::input);
    return model;
  }

  private static String lines(Set<String> nullable) {
    for (String name : nullable) {
      if (name.indexOf('\n') >= 0) {
        throw new IllegalArgumentException("nullable ('" + name + "') must not hold a line break");
      }
    }
    return String.join("\n", new TreeSet<>(nullable));
  }

  /** As {@link #adapt(byte[], Map, Set)} with the columns named after the inputs and outputs. */
  public static Model adapt(byte[] onnx) {
    return adapt(onnx, Map.of(), Set.of());
  }

  /**
   * Makes a model of a graph that another tool wrote, whose inputs and outputs are tables: tensors
   * of shape {@code [N, k]} or {@code [N]}, or the maps of scikit-learn's classifiers. The graph
   * gets one input and one output per column and gives the same answers, to the bit; {@link
   * OnnxColumns} says how. Whether to trust the graph is not asked here but of an {@link
   * io.mlinfra.core.onnx.OnnxPolicy}.
   *
   * <pre>{@code
   * Model model =
   *     Model.adapt(
   *         bytes,
   *         Map.of("float_input", List.of("age", "income"), "label", List.of("bought")),
   *         Set.of());
   * }</pre>
   *
   * @param columns the names of the columns by the name of the input or output; what is not there
   *     is named after itself, {@code name_0}, {@code name_1}… where it has several columns. An
   *     output with an empty list is left out
   * @param nullable names of the columns that may be missing, in addition to those of which the
   *     graph says so itself
   * @throws IllegalArgumentException if a name is empty, has a line break or is there twice, if
   *     there are more or fewer names than columns, or there is no such input, output or column
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the bytes are no model, or one
   *     that takes or gives something else than tables; the message says what would be needed
   */
  public static Model adapt(byte[] onnx, Map<String, List<String>> columns, Set<String> nullable) {
    if (nullable.isEmpty()) {
      return new Model(OnnxColumns.split(onnx, columns, Map.of()));
    }
    Set<String> all = nullable(OnnxInspection.of(onnx));
    all.addAll(nullable);
    Model model = new Model(OnnxColumns.split(onnx, columns, Map.of(NULLABLE, lines(all))));
    nullable.forEach(model.signature::input);
    return model;
  }

  /**
   * Reads a model. What its nodes and constants are makes no difference here: whether they can be
   * served is found out where they are.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the bytes are no model, one with
   *     data outside the file, or one whose inputs and outputs are not named columns of shape
   *     {@code [N, 1]}
   */
  public static Model read(byte[] onnx) {
    return new Model(onnx.clone());
  }

  /** What goes in and what comes out. */
  public Signature signature() {
    return signature;
  }

  /** Texts that the graph carries, such as the name of the trainer. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The graph as the bytes of an ONNX file, a copy. */
  public byte[] toOnnx() {
    return onnx.clone();
  }

  /** The hash of the bytes: the same for the same graph, always. */
  public ContentHash hash() {
    return hash;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Model that && hash.equals(that.hash);
  }

  @Override
  public int hashCode() {
    return hash.hashCode();
  }

  @Override
  public String toString() {
    return "Model[" + hash.abbreviated() + ", " + onnx.length + " bytes, " + signature + "]";
  }

  /** The element type of the tensor that carries such a column. */
  public static ElementType elementType(ColumnType type) {
    return switch (type) {
      case FLOAT32 -> ElementType.FLOAT;
      case FLOAT64 -> ElementType.DOUBLE;
      case INT64 -> ElementType.INT64;
      case STRING -> ElementType.STRING;
      case BOOL -> ElementType.BOOL;
    };
  }

  /** Names of the inputs of which the graph says that they may be missing. */
  private static Set<String> nullable(OnnxInspection file) {
    Set<String> names =
        new HashSet<>(List.of(file.metadata().getOrDefault(NULLABLE, "").split("\n")));
    names.remove("");
    return names;
  }

  private static Signature signature(OnnxInspection file) {
    Set<String> nullable = nullable(file);
    try {
      return new Signature(columns(file.inputs(), nullable), columns(file.outputs(), nullable));
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED, "not a usable model: " + e.getMessage(), e);
    }
  }

  private static boolean isFixed(String dimension) {
    return !dimension.isEmpty() && dimension.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static List<Column> columns(List<OnnxInspection.Value> values, Set<String> nullable) {
    List<Column> columns = new ArrayList<>();
    for (OnnxInspection.Value value : values) {
      ColumnType type =
          switch (value.type()) {
            case "float" -> ColumnType.FLOAT32;
            case "double" -> ColumnType.FLOAT64;
            case "int64" -> ColumnType.INT64;
            case "string" -> ColumnType.STRING;
            case "bool" -> ColumnType.BOOL;
            default ->
                throw new IllegalArgumentException(
                    "'" + value.name() + "' is " + value.type() + ", which no column is" + HINT);
          };
      List<String> shape = value.shape().orElse(List.of());
      if (shape.size() != 2 || isFixed(shape.get(0)) || !shape.get(1).equals("1")) {
        throw new IllegalArgumentException(
            "'" + value.name() + "' has shape " + shape + ", not [N, 1]" + HINT);
      }
      columns.add(new Column(value.name(), type, nullable.contains(value.name())));
    }
    return columns;
  }
}
