package io.mlinfra.serving;

import io.mlinfra.core.version.VersionId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A model's answer for one row. Immutable.
 *
 * @param values by the name of the output, in the signature's order: {@code Float, Double, Long,
 *     String} or {@code Boolean}
 * @param version of the model that answered, if a {@link Deployment} was asked
 */
public record Prediction(Map<String, Object> values, Optional<VersionId> version) {
  /** The output that binary classifiers give their answer in. */
  public static final String PROBABILITY = "probability";

  public Prediction {
    if (!(values instanceof OutputValues)) {
      values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }
    Objects.requireNonNull(version, "version");
  }

  /**
   * The output {@value #PROBABILITY}, between 0 and 1.
   *
   * @throws IllegalArgumentException if the model has no such output, or one that is not floating
   *     point; the message lists those it has
   */
  public double probability() {
    Object value = value(PROBABILITY);
    if (value instanceof Float || value instanceof Double) {
      return ((Number) value).doubleValue();
    }
    throw new IllegalArgumentException(
        "the output 'probability' is a "
            + value.getClass().getSimpleName()
            + ", not floating point; the outputs are "
            + values);
  }

  /**
   * One output.
   *
   * @throws IllegalArgumentException if the model has no such output; the message lists those it
   *     has
   */
  public Object value(String output) {
    Object value = values.get(output);
    if (value == null) {
      throw new IllegalArgumentException(
          "the model has no output '"
              + output
              + "'; its outputs are "
              + String.join(", ", values.keySet()));
    }
    return value;
  }
}
