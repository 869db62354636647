package io.mlinfra.features.transform;

import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.GraphBuilder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.VectorSchemaRoot;

/** A {@link Pipeline} that has learned from training data. Immutable and thread-safe. */
public final class FittedPipeline {
  private final List<Transform.Fitted> transforms;
  private final List<Column> inputs;
  private final List<String> outputs;

  FittedPipeline(List<Transform.Fitted> transforms) {
    this.transforms = transforms;
    Map<String, Column> byName = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    for (Transform.Fitted transform : transforms) {
      for (Column input : transform.inputs()) {
        byName.merge(input.name(), input, FittedPipeline::same);
      }
      names.addAll(transform.outputs());
    }
    this.inputs = List.copyOf(byName.values());
    this.outputs = List.copyOf(names);
  }

  /**
   * Two transforms of one column have seen the same rows; only oneHot leaves whole numbers with
   * gaps alone.
   */
  private static Column same(Column one, Column other) {
    if (!one.equals(other)) {
      throw new IllegalStateException(
          "two transforms see column '" + one.name() + "' as " + one + " and as " + other);
    }
    return one;
  }

  /** The raw columns, as the model's signature will name them. */
  public List<Column> inputs() {
    return inputs;
  }

  /** A name for each number of a row. */
  public List<String> outputs() {
    return outputs;
  }

  /** How many numbers a row becomes. */
  public int width() {
    return outputs.size();
  }

  /**
   * Computes the numbers of a batch.
   *
   * @param batch rows with at least the {@link #inputs()} columns; borrowed
   * @param into a block of {@link #width()} columns and at least as many rows; its first rows are
   *     overwritten
   * @throws io.mlinfra.core.MlInfraException if a column is not there or misses a value it never
   *     missed in training
   */
  public void apply(VectorSchemaRoot batch, FloatBlock into) {
    int rows = batch.getRowCount();
    if (into.columns() != width() || into.rows() < rows) {
      throw new IllegalArgumentException(
          into + " must hold " + rows + " rows of " + width() + " numbers");
    }
    into.clear(0, rows);
    FloatBuffer numbers = into.rows(0, rows);
    int first = 0;
    for (Transform.Fitted transform : transforms) {
      transform.apply(batch, numbers, first, width());
      first += transform.outputs().size();
    }
  }

  /**
   * Writes the same computation into a graph, with the raw columns as inputs of shape {@code [N,
   * 1]}.
   *
   * @return the graph's float value of shape {@code [N, width]}
   */
  public String write(GraphBuilder graph) {
    for (Column input : inputs) {
      graph.input(input.name(), Model.elementType(input.type()), "N", "1");
    }
    // An input's value goes by the input's own name.
    List<String> blocks =
        transforms.stream()
            .map(transform -> transform.write(graph, UnaryOperator.identity()))
            .toList();
    return blocks.size() == 1
        ? blocks.get(0)
        : graph.node("Concat", blocks, new Attribute.Int("axis", 1));
  }

  @Override
  public String toString() {
    return "FittedPipeline" + transforms + " -> " + width() + " numbers";
  }
}
