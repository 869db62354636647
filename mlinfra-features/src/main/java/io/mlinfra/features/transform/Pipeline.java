package io.mlinfra.features.transform;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * The transforms of a model, side by side: each reads raw columns, and what they make stands next
 * to each other in one row of numbers, in the order in which they were added. Immutable; {@link
 * #fit} makes a {@link FittedPipeline}.
 *
 * <pre>{@code
 * Pipeline pipeline = Pipeline.builder()
 *     .standardize("distance", "origin__mean_delay_3h")
 *     .oneHot("origin", "destination")
 *     .build();
 * }</pre>
 */
public final class Pipeline {
  private final List<Transform> transforms;

  private Pipeline(List<Transform> transforms) {
    this.transforms = transforms;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The raw columns that the transforms read, each once. */
  public Set<String> columns() {
    Set<String> columns = new LinkedHashSet<>();
    transforms.forEach(transform -> columns.addAll(transform.columns()));
    return columns;
  }

  /**
   * Learns what the transforms must know, in one pass.
   *
   * @param training the rows to learn from; borrowed, read to the end
   * @throws MlInfraException naming a column that is missing, of an unsuitable type, or empty
   */
  public FittedPipeline fit(ArrowReader training) {
    try {
      Schema schema = training.getVectorSchemaRoot().getSchema();
      List<Transform.Fitter> fitters = new ArrayList<>();
      for (Transform transform : transforms) {
        fitters.add(transform.fitter(schema));
      }
      while (training.loadNextBatch()) {
        for (Transform.Fitter fitter : fitters) {
          fitter.accept(training.getVectorSchemaRoot());
        }
      }
      return new FittedPipeline(fitters.stream().map(Transform.Fitter::finish).toList());
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the training data failed: " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return "Pipeline" + transforms;
  }

  /** Collects transforms. Not thread-safe. */
  public static final class Builder {
    private final List<Transform> transforms = new ArrayList<>();

    private Builder() {}

    /**
     * Numbers: {@code (x − mean) ÷ standard deviation}, both of the training data; a missing value
     * counts as the mean. A column that never changes becomes 0.
     */
    public Builder standardize(String... columns) {
      return add(new Standardize(required(columns)));
    }

    /**
     * Text or whole numbers: one 0-or-1 number per category of the training data, at most 10,000 a
     * column. An unseen category gives all zeros; missing text counts as the empty text.
     */
    public Builder oneHot(String... columns) {
      return add(new OneHot(required(columns)));
    }

    /** Numbers: 1 where the value is missing, else 0. */
    public Builder missingIndicator(String... columns) {
      return add(new MissingIndicator(required(columns)));
    }

    public Pipeline build() {
      if (transforms.isEmpty()) {
        throw new IllegalStateException("a pipeline needs at least one transform");
      }
      return new Pipeline(List.copyOf(transforms));
    }

    private Builder add(Transform transform) {
      for (Transform other : transforms) {
        for (String column : transform.columns()) {
          if (other.getClass() == transform.getClass() && other.columns().contains(column)) {
            throw new IllegalArgumentException(
                "column '" + column + "' stands in two transforms of one kind");
          }
        }
      }
      transforms.add(transform);
      return this;
    }

    private static List<String> required(String... columns) {
      if (columns.length == 0) {
        throw new IllegalArgumentException("columns must name at least one column");
      }
      if (Set.copyOf(List.of(columns)).size() != columns.length) {
        throw new IllegalArgumentException("columns " + List.of(columns) + " name a column twice");
      }
      return List.of(columns);
    }
  }
}
