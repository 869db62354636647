package io.mlinfra.features.offline;

/**
 * What computes the features of a {@link TrainingQuery}. Each gives the same values, but for sums,
 * means, variances and standard deviations of doubles: the kernel gives the doubles nearest to the
 * exact values, which the online store gives too, and the database adds with rounding.
 */
public enum Engine {
  /** The one that suits the query; {@link TrainingQuery#explain()} says which and why. */
  AUTO,
  /** Java: reads the events of each view in order and slides its windows over them. */
  KERNEL,
  /** The database: one statement that joins rows and events. */
  SQL
}
