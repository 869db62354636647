package io.mlinfra.core.onnx;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An input or output of a graph and the columns it becomes, or the reason why it cannot.
 *
 * @param value its name
 * @param tensor the value inside that has the numbers: its own, or what its ZipMap takes
 * @param columns their names
 * @param elementType the name of the tensor's element type
 * @param columnType the type of the columns
 * @param form the shape that the file gives the tensor
 * @param rows a name for the first dimension
 * @param isColumn whether the value itself is said to have the shape of a column
 */
record ColumnPlan(
    String value,
    String tensor,
    List<String> columns,
    String elementType,
    ElementType columnType,
    Form form,
    String rows,
    boolean isColumn) {
  enum Form {
    MATRIX,
    VECTOR,
    UNKNOWN
  }

  /** So that a damaged dimension does not become as many names. */
  private static final int MAX_COLUMNS = 16_384;

  private static final String ROWS = "N";

  private static final String LEAVE_OUT =
      ", or an empty list of columns for this output, which leaves it out";

  boolean isAsItIs() {
    return isColumn && columns.equals(List.of(value)) && !needsCast();
  }

  boolean bypassesZipMap() {
    return !tensor.equals(value);
  }

  boolean needsCast() {
    return OnnxInspector.elementCode(elementType) != columnType.code();
  }

  ColumnPlan withColumns(List<String> others) {
    return new ColumnPlan(value, tensor, others, elementType, columnType, form, rows, isColumn);
  }

  /**
   * Of an input.
   *
   * @param names those that the caller gave; null if none
   */
  static ColumnPlan input(OnnxInspection.Value input, @Nullable List<String> names) {
    ElementType type =
        switch (input.type()) {
          case "int32" -> ElementType.INT64;
          case "float16" -> ElementType.FLOAT;
          default -> sameType(input.type());
        };
    if (type == null) {
      throw rejected(
          "the input '"
              + input
              + "' takes no column of numbers or texts; what is needed is a graph that takes a"
              + " tensor of float, double, int64, int32, float16, string or bool");
    }
    String rows = rows(input);
    if (ValueInfo.isFixed(rows)) {
      throw rejected(
          "the input '"
              + input
              + "' has "
              + rows
              + " row(s) always, so the graph may mix the rows of a larger batch; export it with a"
              + " first dimension that each call chooses (dynamic_axes or dynamic_shapes in"
              + " PyTorch, [None, k] in skl2onnx)");
    }
    return plan(input, type, columns(input, names, inferred(input, names, "")));
  }

  /**
   * Of an output.
   *
   * @param zipMap the one that makes it; null if none does
   * @param names those that the caller gave; null if none
   */
  static ColumnPlan output(
      OnnxInspection.Value output, @Nullable ZipMap zipMap, @Nullable List<String> names) {
    if (zipMap != null && output.type().startsWith("sequence(map(")) {
      List<String> inferred =
          zipMap.labels().stream().map(label -> output.name() + "_" + label).toList();
      if (inferred.isEmpty()) {
        throw rejected("the ZipMap of '" + output.name() + "' has no classes");
      }
      return new ColumnPlan(
          output.name(),
          zipMap.tensor(),
          columns(output, names, inferred),
          "float", // the only type that a ZipMap takes
          ElementType.FLOAT,
          Form.MATRIX,
          ROWS,
          false);
    }
    ElementType type =
        switch (output.type()) {
          case "int32", "int16", "int8", "uint32", "uint16", "uint8" -> ElementType.INT64;
          case "float16", "bfloat16" -> ElementType.FLOAT;
          default -> sameType(output.type());
        };
    if (type == null) {
      throw rejected(
          "the output '"
              + output
              + "' is no column of numbers or texts; what is needed is a graph that gives a tensor"
              + " (skl2onnx with the option zipmap=False)"
              + LEAVE_OUT);
    }
    String rows = rows(output);
    if (ValueInfo.isFixed(rows) && !rows.equals("1")) {
      throw rejected(
          "the output '"
              + output
              + "' has "
              + rows
              + " rows always; what is needed is one for each that goes in"
              + LEAVE_OUT);
    }
    return plan(output, type, columns(output, names, inferred(output, names, LEAVE_OUT)));
  }

  private static @Nullable ElementType sameType(String type) {
    return switch (type) {
      case "float" -> ElementType.FLOAT;
      case "double" -> ElementType.DOUBLE;
      case "int64" -> ElementType.INT64;
      case "string" -> ElementType.STRING;
      case "bool" -> ElementType.BOOL;
      default -> null;
    };
  }

  private static ColumnPlan plan(
      OnnxInspection.Value value, ElementType type, List<String> columns) {
    String rows = rows(value);
    boolean rowsAreFree = !ValueInfo.isFixed(rows);
    List<String> shape = value.shape().orElse(List.of());
    Form form =
        switch (shape.size()) {
          case 0 -> Form.UNKNOWN;
          case 1 -> Form.VECTOR;
          default -> Form.MATRIX;
        };
    return new ColumnPlan(
        value.name(),
        value.name(),
        columns,
        value.type(),
        type,
        form,
        rowsAreFree && !rows.isEmpty() ? rows : ROWS,
        rowsAreFree && form == Form.MATRIX && shape.get(1).equals("1"));
  }

  /** The first dimension; empty if it is not known. */
  private static String rows(OnnxInspection.Value value) {
    return value.shape().filter(shape -> !shape.isEmpty()).map(shape -> shape.get(0)).orElse("");
  }

  private static List<String> inferred(
      OnnxInspection.Value value, @Nullable List<String> names, String otherwise) {
    List<String> shape = value.shape().orElse(List.of("", ""));
    if (shape.isEmpty() || shape.size() > 2) {
      throw rejected(
          "'"
              + value
              + "' has "
              + shape.size()
              + " dimensions; what is needed is a tensor of [rows, columns]"
              + otherwise);
    }
    if (shape.size() == 1 || shape.get(1).equals("1")) {
      return List.of(value.name());
    }
    String columns = shape.get(1);
    if (!ValueInfo.isFixed(columns)) {
      if (names == null || names.isEmpty()) {
        throw rejected("'" + value + "' does not say how many columns it has; name them");
      }
      return names;
    }
    // Fits, as the inspection read it from a long.
    long count = Long.parseLong(columns);
    if (count < 1 || count > MAX_COLUMNS) {
      throw rejected("'" + value + "' has " + count + " columns, not 1 to " + MAX_COLUMNS);
    }
    return IntStream.range(0, (int) count).mapToObj(i -> value.name() + "_" + i).toList();
  }

  private static List<String> columns(
      OnnxInspection.Value value, @Nullable List<String> names, List<String> inferred) {
    if (names == null) {
      return inferred;
    }
    if (names.size() != inferred.size()) {
      throw new IllegalArgumentException(
          "columns of '"
              + value.name()
              + "' ("
              + names.size()
              + " names) must be "
              + inferred.size());
    }
    return List.copyOf(names);
  }

  static MlInfraException rejected(String why) {
    return new MlInfraException(ErrorCode.MODEL_REJECTED, "not a graph of columns: " + why);
  }
}
