package io.mlinfra.registry;

import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a trainer hands over: a model and how it came about. */
public interface Candidate {
  /** The model. */
  Model model();

  /** How it was trained. */
  Run run();

  /** How metrics went during the training: by name the value of step 1, of step 2, and so on. */
  default Map<String, List<Double>> curves() {
    return Map.of();
  }

  /**
   * A few rows that the model takes, for those who will call it: by the name of the input a value
   * of its column's Java type, as in {@link Signature#inputs()}. What may be missing may be left
   * out.
   */
  default List<Map<String, Object>> inputExample() {
    return List.of();
  }

  /** The transforms in front of the model, as a text that says all there is to them. */
  default Optional<String> pipeline() {
    return Optional.empty();
  }
}
