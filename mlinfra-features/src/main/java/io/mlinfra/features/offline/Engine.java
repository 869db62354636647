package io.mlinfra.features.offline;

/** What computes the features of a {@link TrainingQuery}; each gives the same values. */
public enum Engine {
  /** The one that suits the query; {@link TrainingQuery#explain()} says which and why. */
  AUTO,
  /** Java: reads the events of each view in order and slides its windows over them. */
  KERNEL,
  /** The database: one statement that joins rows and events. */
  SQL
}
