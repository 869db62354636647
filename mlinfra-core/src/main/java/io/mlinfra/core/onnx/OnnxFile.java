package io.mlinfra.core.onnx;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The content of an ONNX file: one graph, the operator sets it uses, and texts about it.
 *
 * @param graphName the graph's name
 * @param nodes in an order in which every value is made before it is used
 * @param initializers the constants by name
 * @param inputs what a call passes in
 * @param outputs what a call gets back
 * @param operatorSets version by domain; the empty domain is the standard one
 * @param metadata texts by key, in order
 */
public record OnnxFile(
    String graphName,
    List<Node> nodes,
    Map<String, TensorValue> initializers,
    List<ValueInfo> inputs,
    List<ValueInfo> outputs,
    Map<String, Long> operatorSets,
    Map<String, String> metadata) {
  /** The version of the format that is written. ONNX Runtime 1.28 reads up to 13. */
  public static final int IR_VERSION = 10;

  public OnnxFile {
    nodes = List.copyOf(nodes);
    initializers = Collections.unmodifiableMap(new LinkedHashMap<>(initializers));
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    operatorSets = Collections.unmodifiableMap(new LinkedHashMap<>(operatorSets));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /**
   * The file's bytes. The same content gives the same bytes, always.
   *
   * @throws IllegalArgumentException if a text holds half of a surrogate pair, which no file can
   */
  public byte[] write() {
    return OnnxWriter.write(this);
  }

  /**
   * Reads a file's bytes. Parts of the format that have no place in this record (documentation,
   * intermediate types, quantisation annotations) are passed over.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the bytes are no ONNX file, or one
   *     that uses subgraphs, sparse tensors, external data or an element type other than {@link
   *     ElementType}'s
   */
  public static OnnxFile read(byte[] bytes) {
    try {
      return OnnxReader.read(bytes);
    } catch (OnnxFormatException | IllegalArgumentException | ArithmeticException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED, "not a usable ONNX file: " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return "OnnxFile["
        + graphName
        + ", "
        + nodes.size()
        + " nodes, "
        + initializers.size()
        + " constants]";
  }
}
