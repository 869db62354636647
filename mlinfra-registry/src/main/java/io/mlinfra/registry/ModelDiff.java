package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How two versions of models differ, of the same model or of two. Where nothing can be said about a
 * part, because a model has no run or its graph cannot be interpreted, its list holds what is known
 * of the other one, or nothing, and a note says why. Immutable and thread-safe.
 *
 * @param before the one
 * @param after the other
 * @param inputs the inputs that only one has or that are of another type, by name
 * @param outputs as inputs
 * @param settings the settings of their runs that differ
 * @param metrics all metrics of their runs
 * @param environment what differs in where they were trained
 * @param sources every version that they or their runs were made from, but for the runs
 * @param operators the operators of which the graphs have different numbers of nodes
 * @param constants what differs in the graphs' constants and in the attributes of their nodes;
 *     constants go by their names, attributes by the operator and how many of it stand before.
 *     Where the nodes are connected differently, a constant that has only changed its name counts
 *     as the same
 * @param operatorSets the versions of operator sets that differ
 * @param metadata the texts in the graphs that differ
 * @param notes what could not be compared, and why
 */
public record ModelDiff(
    Version before,
    Version after,
    List<Change> inputs,
    List<Change> outputs,
    List<Change> settings,
    List<MetricChange> metrics,
    List<Change> environment,
    List<SourceChange> sources,
    List<OperatorChange> operators,
    List<ConstantChange> constants,
    List<Change> operatorSets,
    List<Change> metadata,
    List<String> notes) {
  /**
   * Something that has another value in the other model.
   *
   * @param name what
   * @param before its value in the one, null where that has none
   * @param after its value in the other, null where that has none
   */
  public record Change(String name, @Nullable String before, @Nullable String after) {
    public Change {
      Objects.requireNonNull(name, "name");
    }
  }

  /**
   * A metric of both runs, or of one.
   *
   * @param name its name
   * @param before its value in the one, null where that has none
   * @param after its value in the other, null where that has none
   */
  public record MetricChange(String name, @Nullable Double before, @Nullable Double after) {
    public MetricChange {
      Objects.requireNonNull(name, "name");
    }

    /** After minus before; NaN where one has no such metric. */
    public double difference() {
      return before == null || after == null ? Double.NaN : after - before;
    }
  }

  /**
   * Something that one of them, or both, were made from.
   *
   * @param kind its kind
   * @param name its name
   * @param before the version that the one was made from, null for none
   * @param after the version that the other was made from, null for none
   */
  public record SourceChange(
      Kind kind, String name, @Nullable VersionId before, @Nullable VersionId after) {
    public SourceChange {
      Objects.requireNonNull(kind, "kind");
      Objects.requireNonNull(name, "name");
    }

    /** Whether both were made from the same content. */
    public boolean isSame() {
      return before != null && after != null && before.hash().equals(after.hash());
    }
  }

  /**
   * An operator.
   *
   * @param operator such as {@code Gemm}, or with its domain {@code ai.onnx.ml.Scaler}
   * @param before how many nodes of it the one has
   * @param after how many nodes of it the other has
   */
  public record OperatorChange(String operator, int before, int after) {
    public OperatorChange {
      Objects.requireNonNull(operator, "operator");
    }
  }

  /**
   * A constant of a graph, or an attribute of a node.
   *
   * @param name the constant's name, or for an attribute such as {@code Gemm[2].alpha}: of the
   *     third Gemm
   * @param before its type and shape, and a single value itself; null where the one has none
   * @param after as before, of the other
   * @param changedValues how many values differ; -1 where they cannot be told apart one by one, for
   *     only one has it or type or shape differ
   * @param largestDifference the largest absolute difference of two values; NaN where there is
   *     none, for texts, or where one of them is NaN
   */
  public record ConstantChange(
      String name,
      @Nullable String before,
      @Nullable String after,
      long changedValues,
      double largestDifference) {
    public ConstantChange {
      Objects.requireNonNull(name, "name");
    }
  }

  public ModelDiff {
    Objects.requireNonNull(before, "before");
    Objects.requireNonNull(after, "after");
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    settings = List.copyOf(settings);
    metrics = List.copyOf(metrics);
    environment = List.copyOf(environment);
    sources = List.copyOf(sources);
    operators = List.copyOf(operators);
    constants = List.copyOf(constants);
    operatorSets = List.copyOf(operatorSets);
    metadata = List.copyOf(metadata);
    notes = List.copyOf(notes);
  }

  /** Whether both are the same bytes; their runs may still differ. */
  public boolean isSame() {
    return before.id().hash().equals(after.id().hash());
  }

  /** Tables, one below the other, of what differs. */
  @Override
  public String toString() {
    return new ModelDiffView(this).toText();
  }

  /** The same for a notebook: a fragment of HTML that brings its own style. */
  public String toHtml() {
    return new ModelDiffView(this).toHtml();
  }
}
