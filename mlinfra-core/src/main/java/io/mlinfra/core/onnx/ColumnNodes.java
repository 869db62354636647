package io.mlinfra.core.onnx;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/**
 * The nodes between columns and a graph, as fields of a graph's message: they join, part and
 * convert, and none of them computes.
 */
final class ColumnNodes {
  /** From this operator set on, Squeeze, Unsqueeze and Split take an input for an attribute. */
  static final long WITH_AXES_AS_INPUT = 13;

  private final long opset;
  private final Supplier<String> fresh;
  private final ProtoWriter out = new ProtoWriter();

  /**
   * Of no node yet.
   *
   * @param fresh gives names that no value has
   */
  ColumnNodes(long opset, Supplier<String> fresh) {
    this.opset = opset;
    this.fresh = fresh;
  }

  byte[] toBytes() {
    return out.toBytes();
  }

  private void add(String operator, List<String> from, List<String> into, Attribute... with) {
    out.message(1, OnnxWriter.node(new Node(operator, "", from, into, List.of(with))));
  }

  /** A node that takes numbers by attribute up to operator set 12, and by input from 13 on. */
  private void addWithNumbers(
      String operator,
      String from,
      List<String> into,
      String attribute,
      List<Long> numbers,
      Attribute... with) {
    if (opset < WITH_AXES_AS_INPUT) {
      List<Attribute> attributes = new ArrayList<>(List.of(with));
      attributes.add(new Attribute.Ints(attribute, numbers));
      add(operator, List.of(from), into, attributes.toArray(Attribute[]::new));
      return;
    }
    String constant = fresh.get();
    long[] values = numbers.stream().mapToLong(Long::longValue).toArray();
    add(
        "Constant",
        List.of(),
        List.of(constant),
        new Attribute.Tensor("value", TensorValue.int64s(values, values.length)));
    add(operator, List.of(from, constant), into, with);
  }

  /** From the columns to the input, which has the name of the target inside. */
  void join(ColumnPlan plan, String target) {
    if (plan.isAsItIs()) {
      return;
    }
    boolean isVector = plan.form() == ColumnPlan.Form.VECTOR;
    List<String> columns = plan.columns();
    String matrix = plan.needsCast() || isVector ? fresh.get() : target;
    if (columns.size() == 1) {
      add("Identity", columns, List.of(matrix));
    } else {
      add("Concat", columns, List.of(matrix), new Attribute.Int("axis", 1));
    }
    String converted = matrix;
    if (plan.needsCast()) {
      converted = isVector ? fresh.get() : target;
      long to = OnnxInspector.elementCode(plan.elementType());
      add("Cast", List.of(matrix), List.of(converted), new Attribute.Int("to", to));
    }
    if (isVector) {
      addWithNumbers("Squeeze", converted, List.of(target), "axes", List.of(1L));
    }
  }

  /** From the output, or what its ZipMap takes, to the columns. */
  void takeApart(ColumnPlan plan, String value) {
    if (plan.isAsItIs()) {
      return;
    }
    String tensor = value;
    if (plan.needsCast()) {
      String converted = fresh.get();
      long to = plan.columnType().code();
      add("Cast", List.of(tensor), List.of(converted), new Attribute.Int("to", to));
      tensor = converted;
    }
    if (plan.form() == ColumnPlan.Form.VECTOR) {
      String matrix = fresh.get();
      addWithNumbers("Unsqueeze", tensor, List.of(matrix), "axes", List.of(1L));
      tensor = matrix;
    } else if (plan.form() == ColumnPlan.Form.UNKNOWN) {
      String matrix = fresh.get();
      add("Flatten", List.of(tensor), List.of(matrix), new Attribute.Int("axis", 1));
      tensor = matrix;
    }
    if (plan.columns().size() == 1) {
      add("Identity", List.of(tensor), plan.columns());
    } else {
      // With the sizes given, a tensor of another number of columns is an error.
      List<Long> sizes = Collections.nCopies(plan.columns().size(), 1L);
      Attribute axis = new Attribute.Int("axis", 1);
      addWithNumbers("Split", tensor, plan.columns(), "split", sizes, axis);
    }
  }
}
