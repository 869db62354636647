package io.mlinfra.serving;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * One loaded model, ready to answer. Thread-safe: any number of threads may predict and score at
 * once. Closing waits for calls in flight; calls after it throw {@link IllegalStateException}.
 *
 * <p>A value is taken if its column's type holds it exactly, and refused otherwise:
 *
 * <table>
 * <caption>What a column takes</caption>
 * <tr><th>type</th><th>from a row</th><th>from an Arrow batch</th></tr>
 * <tr><td>float32</td><td>{@code Float}; {@code Double, Byte, Short, Integer, Long} that convert
 * exactly</td><td>float32; float64 and integers whose values convert exactly</td></tr>
 * <tr><td>float64</td><td>{@code Double, Float, Byte, Short, Integer}; {@code Long} that converts
 * exactly; {@code BigDecimal}</td><td>float64, float32; integers whose values convert exactly;
 * decimals</td></tr>
 * <tr><td>int64</td><td>{@code Long, Integer, Short, Byte}</td><td>signed integers; unsigned ones
 * of up to 32 bits</td></tr>
 * <tr><td>string</td><td>{@code String}</td><td>utf8</td></tr>
 * <tr><td>bool</td><td>{@code Boolean}</td><td>bool</td></tr>
 * </table>
 *
 * <p>A decimal becomes the nearest double, as it does wherever a model meets a decimal column. Only
 * columns that the signature calls nullable may be null, and of those only the floating-point ones,
 * where null is passed on as NaN, and texts, where it is passed on as the empty text: the tensors
 * of the other types have no missing value.
 */
public sealed interface Scorer extends AutoCloseable permits OnnxScorer {
  /** As {@link #open(Model, ScorerOptions)} with {@link ScorerOptions#defaults()}. */
  static Scorer open(Model model) {
    return open(model, ScorerOptions.defaults());
  }

  /**
   * Loads a model into ONNX Runtime.
   *
   * @return for the caller to close
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the model uses operators outside
   *     the standard and the {@code ai.onnx.ml} domains, or the runtime does not accept it; {@link
   *     ErrorCode#ARTIFACT_MISSING} if there is no ONNX Runtime for this platform on the class path
   */
  static Scorer open(Model model, ScorerOptions options) {
    return NativeRuntime.load(() -> OnnxScorer.open(model, options, Optional.empty()));
  }

  /** What the model takes and gives. */
  Signature signature();

  /**
   * Answers for one row.
   *
   * @param row a value for every input of the signature, by name, and nothing else
   * @throws IllegalArgumentException if a column is missing, unknown, of the wrong type or null
   *     where it must not be; the message names it
   */
  Prediction predict(Map<String, ?> row);

  /**
   * Answers for every row of a batch, in order, from the position of {@code into} on, which moves
   * behind the last answer. The position stays where it is if the call fails.
   *
   * @param batch holds every input of the signature by name; further columns are passed over
   * @param output the name of a float32 output
   * @param into takes the answers; direct ones in native byte order are written without a copy
   * @throws IllegalArgumentException if there is no such output, it is not float32, or {@code into}
   *     is too small or read-only
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column is missing or of the
   *     wrong type, or holds a value that the model cannot take; the message names column and row
   */
  void score(VectorSchemaRoot batch, String output, FloatBuffer into);

  /**
   * Answers for every row that the reader still has, in order. The reader is left at its end and is
   * still the caller's to close.
   *
   * @param output the name of a float32 output
   * @throws IllegalArgumentException as {@link #score(VectorSchemaRoot, String, FloatBuffer)}
   * @throws MlInfraException as there, and {@link ErrorCode#IO_FAILED} if the reader fails
   */
  float[] score(ArrowReader reader, String output);

  /** Waits for calls in flight and frees the model's memory. */
  @Override
  void close();
}
