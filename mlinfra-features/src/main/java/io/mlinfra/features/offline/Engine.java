package io.mlinfra.features.offline;

/**
 * What computes the features of a {@link TrainingQuery}. Each gives the same values, but for sums,
 * means, variances and standard deviations of doubles: the kernel gives the doubles nearest to the
 * exact values, which the online store gives too, and the database adds with rounding.
 */
public enum Engine {
  /**
   * The faster one: {@link #KERNEL}. Of all shapes measured, the database was ahead only where
   * 10,000 rows or fewer ask for few of 100,000 entities, and by no more than a third of the CPU
   * time; it took two to ten times as much where entities have many events.
   */
  AUTO,
  /** Java: reads the events of each view in order and slides its windows over them. */
  KERNEL,
  /** The database: one statement that joins rows and events. */
  SQL
}
