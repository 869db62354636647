package io.mlinfra.training.backend;

/** The constants of Adam that everybody uses, and its bias correction. */
final class Adam {
  static final float BETA_1 = 0.9f;
  static final float BETA_2 = 0.999f;
  static final float EPSILON = 1e-8f;

  private Adam() {}

  static float correctedRate(float learningRate, int step) {
    return (float)
        (learningRate * Math.sqrt(1 - Math.pow(BETA_2, step)) / (1 - Math.pow(BETA_1, step)));
  }
}
