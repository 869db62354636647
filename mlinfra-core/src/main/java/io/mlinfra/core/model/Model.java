package io.mlinfra.core.model;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.ValueInfo;
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

  private final byte[] onnx;
  private final Signature signature;
  private final Map<String, String> metadata;
  private final ContentHash hash;

  private Model(byte[] onnx, OnnxFile file) {
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
    for (String name : nullable) {
      if (name.indexOf('\n') >= 0) {
        throw new IllegalArgumentException("nullable ('" + name + "') must not hold a line break");
      }
    }
    graph.metadata(NULLABLE, String.join("\n", new TreeSet<>(nullable)));
    OnnxFile file = graph.build();
    Model model = new Model(file.write(), file);
    nullable.forEach(model.signature::input);
    return model;
  }

  /**
   * Reads a model.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the bytes are no model, or one
   *     whose inputs are not named columns of shape {@code [N, 1]}
   */
  public static Model read(byte[] onnx) {
    byte[] copy = onnx.clone();
    return new Model(copy, OnnxFile.read(copy));
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

  private static ColumnType columnType(ElementType type) {
    return switch (type) {
      case FLOAT -> ColumnType.FLOAT32;
      case DOUBLE -> ColumnType.FLOAT64;
      case INT64 -> ColumnType.INT64;
      case STRING -> ColumnType.STRING;
      case BOOL -> ColumnType.BOOL;
    };
  }

  private static Signature signature(OnnxFile file) {
    Set<String> nullable =
        new HashSet<>(List.of(file.metadata().getOrDefault(NULLABLE, "").split("\n")));
    try {
      return new Signature(columns(file.inputs(), nullable), columns(file.outputs(), nullable));
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED, "not a usable model: " + e.getMessage(), e);
    }
  }

  private static boolean isFixed(String dimension) {
    return !dimension.isEmpty() && dimension.chars().allMatch(Character::isDigit);
  }

  private static List<Column> columns(List<ValueInfo> values, Set<String> nullable) {
    List<Column> columns = new ArrayList<>();
    for (ValueInfo value : values) {
      List<String> shape = value.shape();
      if (shape.size() != 2 || isFixed(shape.get(0)) || !shape.get(1).equals("1")) {
        throw new IllegalArgumentException(
            "'" + value.name() + "' has shape " + shape + ", not [N, 1]");
      }
      columns.add(
          new Column(value.name(), columnType(value.type()), nullable.contains(value.name())));
    }
    return columns;
  }
}
