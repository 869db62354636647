package io.mlinfra.training;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;

/**
 * An algorithm with its settings. Immutable; fits may run in several threads at once if each has
 * its own backend.
 */
public sealed interface Trainer permits LogisticTrainer, MlpTrainer {
  /**
   * Fits the pipeline and the estimator behind it.
   *
   * @param data borrowed
   * @param pipeline turns the raw columns into numbers
   * @param label the column to predict: truth values, or numbers that are 0 or 1
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if a column is not there; {@link
   *     ErrorCode#DATA_UNSUITABLE}, naming the column, if the label is missing in a row, is not
   *     binary or has one value only, if the pipeline reads the label, or if a column cannot be
   *     learned from
   */
  Trained fit(TrainingSet data, Pipeline pipeline, String label);
}
