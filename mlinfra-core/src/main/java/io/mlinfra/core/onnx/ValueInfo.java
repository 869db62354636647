package io.mlinfra.core.onnx;

import java.util.List;

/**
 * The name, type and shape of a graph's input or output.
 *
 * @param name its name
 * @param type of its elements
 * @param shape a name such as {@code "N"} for a dimension that each call chooses, digits for a
 *     fixed one
 */
public record ValueInfo(String name, ElementType type, List<String> shape) {
  public ValueInfo {
    shape = List.copyOf(shape);
  }
}
