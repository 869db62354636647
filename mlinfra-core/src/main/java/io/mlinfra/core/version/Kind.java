package io.mlinfra.core.version;

import java.util.Locale;

/** What sorts of things are kept in versions. */
public enum Kind {
  /** The content of a table or query at one moment. */
  DATASET,
  /** The definitions of the feature views that made a training set. */
  FEATURES,
  /** The transforms that turn raw columns into a model's numbers. */
  PIPELINE,
  /** One training: settings, metrics, environment. */
  RUN,
  /** An ONNX graph with its signature. */
  MODEL,
  /** How well a model did on some data. */
  EVALUATION,
  /** A data set's summary, for monitoring. */
  PROFILE;

  /** The name in lower case, as it stands in files and texts. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
