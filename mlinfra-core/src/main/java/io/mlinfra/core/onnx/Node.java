package io.mlinfra.core.onnx;

import java.util.List;

/**
 * One operation of a graph.
 *
 * @param operator such as {@code "Gemm"}
 * @param domain empty for the standard operators, {@code "ai.onnx.ml"} for the machine-learning
 *     ones
 * @param inputs names of the values that go in; an empty name leaves an optional input out
 * @param outputs names of the values that come out
 * @param attributes its settings
 */
public record Node(
    String operator,
    String domain,
    List<String> inputs,
    List<String> outputs,
    List<Attribute> attributes) {
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = List.copyOf(attributes);
  }
}
