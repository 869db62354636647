package io.mlinfra.features.offline;

/**
 * How far values may differ and still count as equal.
 *
 * @param absolute of numbers; of times in seconds
 * @param relative of numbers, to the larger of both sizes
 */
record SkewTolerance(double absolute, double relative) {
  static final SkewTolerance EXACT = new SkewTolerance(0, 0);

  static SkewTolerance of(double absolute, double relative) {
    // Also refuses NaN.
    if (!(absolute >= 0)) {
      throw new IllegalArgumentException("absolute (" + absolute + ") must be >= 0");
    }
    if (!(relative >= 0)) {
      throw new IllegalArgumentException("relative (" + relative + ") must be >= 0");
    }
    return new SkewTolerance(absolute, relative);
  }

  /** Whether values that are not equal differ by no more. */
  boolean allows(double difference, double ratio) {
    // 0 allows nothing, not even 0.0 for -0.0.
    return absolute > 0 && difference <= absolute || relative > 0 && ratio <= relative;
  }
}
