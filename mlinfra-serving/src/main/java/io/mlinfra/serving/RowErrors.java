package io.mlinfra.serving;

import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import java.util.Map;
import java.util.stream.Collectors;

/** What is wrong with a row, in words. */
final class RowErrors {
  private RowErrors() {}

  static IllegalArgumentException missing(Column column, Map<String, ?> row, Signature signature) {
    return new IllegalArgumentException(
        "column '"
            + column.name()
            + "' is missing"
            + (column.nullable() && column.type().hasNaN()
                ? "; pass null where its value is not known"
                : "")
            + ". The model takes "
            + show(signature)
            + "; the row has "
            + row.keySet());
  }

  /** For a row that has all inputs and more. */
  static IllegalArgumentException unknown(Map<String, ?> row, Signature signature) {
    for (Object name : row.keySet()) {
      if (signature.inputs().stream().noneMatch(column -> column.name().equals(name))) {
        Object value = row.get(name);
        return new IllegalArgumentException(
            "the model has no input '"
                + Values.show(String.valueOf(name))
                + "' ("
                + (value == null ? "null" : value.getClass().getSimpleName())
                + "). It takes "
                + show(signature));
      }
    }
    return new IllegalArgumentException("the row changed while it was read");
  }

  static IllegalArgumentException unfaithful(Column column, String value) {
    return new IllegalArgumentException(
        "column '"
            + column.name()
            + "' cannot take the String '"
            + Values.show(value)
            + "': it holds a character outside the basic multilingual plane or a NUL, and the model"
            + " has an operator that looks inside texts, to which ONNX Runtime's Java binding"
            + " cannot pass such characters");
  }

  private static String show(Signature signature) {
    return signature.inputs().stream()
        .map(Column::toString)
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
