package io.mlinfra.core.onnx;

import java.math.BigInteger;
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
    for (String dimension : shape) {
      if (isFixed(dimension) && new BigInteger(dimension).bitLength() > 63) {
        throw new IllegalArgumentException(
            "dimension (" + dimension + ") of '" + name + "' must fit into 63 bits");
      }
    }
  }

  /** Whether a dimension is a number rather than a name. */
  static boolean isFixed(String dimension) {
    return !dimension.isEmpty() && dimension.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
