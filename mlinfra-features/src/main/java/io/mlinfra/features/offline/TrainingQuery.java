package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.view.FeatureService;
import org.jspecify.annotations.Nullable;

/**
 * Rows that ask, to be answered with what was known at each row's own time. Made by {@link
 * FeatureStore#training}. Each setting changes this query and returns it. Not thread-safe; it may
 * be run several times.
 */
public final class TrainingQuery {
  private final FeatureStore store;
  private final String labels;
  private final String timeColumn;
  private @Nullable Object[] parameters = {};
  private @Nullable FeatureService service;
  private Progress progress = Progress.NONE;

  TrainingQuery(FeatureStore store, String labels, String timeColumn) {
    this.store = store;
    this.labels = labels;
    this.timeColumn = timeColumn;
  }

  /** The values of the query's parameters, in order. */
  public TrainingQuery bind(@Nullable Object... values) {
    this.parameters = values.clone();
    return this;
  }

  /**
   * Which features are asked for; without it, what the store was opened for.
   *
   * @param features a service over views of the store
   */
  public TrainingQuery service(FeatureService features) {
    this.service = features;
    return this;
  }

  /** Who is told how it goes on. */
  public TrainingQuery progress(Progress listener) {
    this.progress = listener;
    return this;
  }

  /**
   * Answers all rows. All columns of the query stay, and its order; a column per feature comes
   * behind them.
   *
   * @return in memory; the caller closes it
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if a column is not there; {@link
   *     ErrorCode#DATA_UNSUITABLE} if a row has no time, the query names an entity by another type
   *     than the events do, has times with a zone where the events have none or the other way
   *     round, or has a column of a feature's name; {@link ErrorCode#QUERY_FAILED} if the query is
   *     refused
   */
  public TrainingSet collect() {
    return store.collect(service, labels, timeColumn, progress, parameters);
  }

  /**
   * Says of one row which rows of the sources made which of its features. It reads the events of
   * the row's entities anew.
   *
   * @param row from 0, in the order of the labels
   * @throws IllegalArgumentException if there is no such row
   * @throws MlInfraException as {@link #collect}
   */
  public RowExplanation explain(long row) {
    return store.explain(service, labels, timeColumn, row, parameters);
  }
}
