package io.mlinfra.registry;

import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.onnx.ValueInfo;
import io.mlinfra.registry.ModelDiff.Change;
import io.mlinfra.registry.ModelDiff.ConstantChange;
import io.mlinfra.registry.ModelDiff.OperatorChange;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Compares two graphs; finds nothing where one of them is not known. */
final class GraphComparison {
  private final List<String> notes;
  private final List<Change> inputs = new ArrayList<>();
  private final List<Change> outputs = new ArrayList<>();
  private final List<OperatorChange> operators = new ArrayList<>();
  private final List<ConstantChange> constants = new ArrayList<>();
  private final List<Change> operatorSets = new ArrayList<>();
  private final List<Change> metadata = new ArrayList<>();

  GraphComparison(List<String> notes) {
    this.notes = notes;
  }

  List<Change> inputs() {
    return inputs;
  }

  List<Change> outputs() {
    return outputs;
  }

  List<OperatorChange> operators() {
    return operators;
  }

  List<ConstantChange> constants() {
    return constants;
  }

  List<Change> operatorSets() {
    return operatorSets;
  }

  List<Change> metadata() {
    return metadata;
  }

  void compare(@Nullable ModelGraph before, @Nullable ModelGraph after) {
    if (before == null || after == null) {
      return;
    }
    int noted = notes.size();
    signatures(before, after);
    operators(before, after);
    boolean isAlike = before.isConnectedLike(after);
    if (!isAlike && operators.isEmpty()) {
      notes.add("the graphs have the same operators, in another order or connected differently");
    }
    attributes(before.attributes(), after.attributes());
    constants(before.file().initializers(), after.file().initializers(), isAlike);
    operatorSets.addAll(ModelComparison.changes(before.operatorSets(), after.operatorSets()));
    metadata.addAll(ModelComparison.changes(before.file().metadata(), after.file().metadata()));
    if (!before.file().graphName().equals(after.file().graphName())) {
      notes.add(
          "the graphs are called '"
              + before.file().graphName()
              + "' and '"
              + after.file().graphName()
              + "'");
    }
    if (notes.size() == noted && isEmpty()) {
      notes.add("the graphs agree in everything that is compared, though their bytes differ");
    }
  }

  private boolean isEmpty() {
    return inputs.isEmpty()
        && outputs.isEmpty()
        && operators.isEmpty()
        && constants.isEmpty()
        && operatorSets.isEmpty()
        && metadata.isEmpty();
  }

  private void signatures(ModelGraph before, ModelGraph after) {
    if (before.signature() != null && after.signature() != null) {
      inputs.addAll(
          ModelComparison.changes(
              ModelGraph.columns(before.signature().inputs()),
              ModelGraph.columns(after.signature().inputs())));
      outputs.addAll(
          ModelComparison.changes(
              ModelGraph.columns(before.signature().outputs()),
              ModelGraph.columns(after.signature().outputs())));
    } else {
      notes.add("not both have named columns for inputs and outputs: their tensors are compared");
      inputs.addAll(
          ModelComparison.changes(
              ModelGraph.tensors(before.file().inputs()),
              ModelGraph.tensors(after.file().inputs())));
      outputs.addAll(
          ModelComparison.changes(
              ModelGraph.tensors(before.file().outputs()),
              ModelGraph.tensors(after.file().outputs())));
    }
    order("inputs", before.file().inputs(), after.file().inputs(), inputs);
    order("outputs", before.file().outputs(), after.file().outputs(), outputs);
  }

  private void order(
      String what, List<ValueInfo> before, List<ValueInfo> after, List<Change> changes) {
    List<String> old = before.stream().map(ValueInfo::name).toList();
    List<String> young = after.stream().map(ValueInfo::name).toList();
    boolean isSameSet = changes.stream().allMatch(c -> c.before() != null && c.after() != null);
    if (isSameSet && !old.equals(young)) {
      notes.add("the " + what + " stand in another order");
    }
  }

  private void operators(ModelGraph before, ModelGraph after) {
    Map<String, Integer> old = before.operators();
    Map<String, Integer> young = after.operators();
    TreeSet<String> names = new TreeSet<>(old.keySet());
    names.addAll(young.keySet());
    for (String name : names) {
      int one = old.getOrDefault(name, 0);
      int other = young.getOrDefault(name, 0);
      if (one != other) {
        operators.add(new OperatorChange(name, one, other));
      }
    }
  }

  /** Of nodes that both have; those that one lacks are counted as operators. */
  private void attributes(Map<String, Object> before, Map<String, Object> after) {
    Map<String, Object> rest = new LinkedHashMap<>(after);
    before.forEach(
        (name, value) -> {
          Object other = rest.remove(name);
          if (other == null) {
            return;
          }
          if (value instanceof TensorValue one && other instanceof TensorValue two) {
            compare(name, one, two);
          } else if (!value.equals(other)) {
            String kind = value.getClass().getSimpleName();
            constants.add(
                new ConstantChange(name, kind, other.getClass().getSimpleName(), -1, Double.NaN));
          }
        });
  }

  private void constants(
      Map<String, TensorValue> before, Map<String, TensorValue> after, boolean isAlike) {
    Map<String, TensorValue> old = new LinkedHashMap<>(before);
    Map<String, TensorValue> young = new LinkedHashMap<>(after);
    if (!isAlike) {
      // Builders count their constants, so that a node more renames all that come behind it.
      old.entrySet().removeIf(entry -> young.remove(entry.getKey(), entry.getValue()));
      removeSameValues(old, young);
    }
    old.forEach((name, value) -> compare(name, value, young.remove(name)));
    young.forEach((name, value) -> compare(name, null, value));
  }

  private static void removeSameValues(
      Map<String, TensorValue> old, Map<String, TensorValue> young) {
    Map<TensorValue, Deque<String>> names = new HashMap<>();
    young.forEach(
        (name, value) -> names.computeIfAbsent(value, any -> new ArrayDeque<>()).add(name));
    old.values()
        .removeIf(
            value -> {
              Deque<String> same = names.get(value);
              String name = same == null ? null : same.poll();
              return name != null && young.remove(name) != null;
            });
  }

  private void compare(String name, @Nullable TensorValue before, @Nullable TensorValue after) {
    if (before == null || after == null || !isOfOneShape(before, after)) {
      constants.add(new ConstantChange(name, show(before), show(after), -1, Double.NaN));
    } else if (!before.equals(after)) {
      constants.add(differences(name, before, after));
    }
  }

  private static boolean isOfOneShape(TensorValue before, TensorValue after) {
    return before.type() == after.type() && Arrays.equals(before.shape(), after.shape());
  }

  private static ConstantChange differences(String name, TensorValue before, TensorValue after) {
    ElementType type = before.type();
    if (type == ElementType.FLOAT) {
      float[] a = before.floats();
      float[] b = after.floats();
      return count(
          name,
          before,
          after,
          a.length,
          i -> Float.floatToIntBits(a[i]) != Float.floatToIntBits(b[i]),
          i -> Math.abs((double) a[i] - b[i]));
    } else if (type == ElementType.DOUBLE) {
      double[] a = before.doubles();
      double[] b = after.doubles();
      return count(
          name,
          before,
          after,
          a.length,
          i -> Double.doubleToLongBits(a[i]) != Double.doubleToLongBits(b[i]),
          i -> Math.abs(a[i] - b[i]));
    } else if (type == ElementType.INT64) {
      long[] a = before.int64s();
      long[] b = after.int64s();
      return count(name, before, after, a.length, i -> a[i] != b[i], i -> distance(a[i], b[i]));
    } else if (type == ElementType.BOOL) {
      boolean[] a = before.bools();
      boolean[] b = after.bools();
      return count(name, before, after, a.length, i -> a[i] != b[i], i -> 1);
    } else if (type == ElementType.STRING) {
      List<String> a = before.strings();
      List<String> b = after.strings();
      return count(name, before, after, a.size(), i -> !a.get(i).equals(b.get(i)), i -> Double.NaN);
    }
    return new ConstantChange(name, show(before), show(after), -1, Double.NaN);
  }

  private static double distance(long a, long b) {
    long difference = a - b;
    boolean overflows = ((a ^ b) & (a ^ difference)) < 0;
    return overflows ? Math.abs((double) a - (double) b) : Math.abs((double) difference);
  }

  private static ConstantChange count(
      String name,
      TensorValue before,
      TensorValue after,
      int length,
      IntPredicate differs,
      IntToDoubleFunction distance) {
    long changed = 0;
    double largest = 0;
    for (int i = 0; i < length; i++) {
      if (differs.test(i)) {
        changed++;
        largest = Math.max(largest, distance.applyAsDouble(i)); // NaN stays NaN
      }
    }
    return new ConstantChange(name, show(before), show(after), changed, largest);
  }

  /** {@code float[64, 32]}, and of a single value that value as well. */
  private static @Nullable String show(@Nullable TensorValue value) {
    if (value == null) {
      return null;
    }
    String type = ModelGraph.lower(value.type()) + Arrays.toString(value.shape());
    if (Arrays.stream(value.shape()).anyMatch(dimension -> dimension != 1)) {
      return type;
    }
    ElementType element = value.type();
    if (element == ElementType.FLOAT) {
      return type + " " + value.floats()[0];
    } else if (element == ElementType.DOUBLE) {
      return type + " " + value.doubles()[0];
    } else if (element == ElementType.INT64) {
      return type + " " + value.int64s()[0];
    } else if (element == ElementType.BOOL) {
      return type + " " + value.bools()[0];
    } else if (element == ElementType.STRING) {
      return type + " '" + value.strings().get(0) + "'";
    }
    return type;
  }
}
