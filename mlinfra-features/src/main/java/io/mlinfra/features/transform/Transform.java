package io.mlinfra.features.transform;

import io.mlinfra.core.data.Column;
import io.mlinfra.core.onnx.GraphBuilder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A rule that turns raw columns into numbers, not yet fitted. Immutable. A new kind of transform
 * implements this and {@link Fitted}, and gets a method on {@link Pipeline.Builder}.
 */
public sealed interface Transform permits Standardize, OneHot, MissingIndicator {
  /** The raw columns that it reads. */
  List<String> columns();

  /**
   * Starts fitting.
   *
   * @param schema of the batches that will come
   * @throws io.mlinfra.core.MlInfraException naming a column that is not there or has an unsuitable
   *     type
   */
  Fitter fitter(Schema schema);

  /** Collects what a transform must know of the training data. Not thread-safe. */
  interface Fitter {
    /** Takes the rows of a batch in. */
    void accept(VectorSchemaRoot batch);

    /**
     * Takes in what another fitter of the same transform has seen, as if its rows had come after
     * ours.
     */
    void merge(Fitter other);

    /**
     * The fitted transform.
     *
     * @throws io.mlinfra.core.MlInfraException naming a column from which nothing can be learned
     */
    Fitted finish();
  }

  /** A fitted transform. Immutable and thread-safe. */
  interface Fitted {
    /** The raw columns it reads, with the type and nullability that the training data showed. */
    List<Column> inputs();

    /** A name for each number it makes. */
    List<String> outputs();

    /**
     * Computes the numbers of each row of a batch.
     *
     * @param into the block's rows, all zero where this transform writes
     * @param first the index in {@code into} of this transform's first number of row 0
     * @param stride the distance from row to row
     */
    void apply(VectorSchemaRoot batch, FloatBuffer into, int first, int stride);

    /**
     * Writes the same computation as ONNX nodes.
     *
     * @param inputs gives the graph's value for a raw column, of shape {@code [N, 1]}
     * @return a float value of shape {@code [N, outputs]}
     */
    String write(GraphBuilder graph, UnaryOperator<String> inputs);
  }
}
