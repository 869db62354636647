package io.mlinfra.training.backend;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;

/**
 * ND4J on the CPU: OpenBLAS products and AVX kernels. Needs {@code org.nd4j:nd4j-native} and the
 * natives of the machine on the class path.
 *
 * <p>The number of threads is one setting for the whole JVM in ND4J; opening this backend sets it.
 * The bits of a result depend on it, so a run records it. One thread is the default: small matrices
 * gain nothing from more, and on a busy machine OpenMP's waiting threads can make training a
 * hundred times slower.
 */
public final class Nd4jBackend {
  private static final String ARTIFACTS =
      "add org.nd4j:nd4j-native:1.0.0-M2.1, and with the classifier of this machine (such as linux-x86_64) also"
          + " org.nd4j:nd4j-native:1.0.0-M2.1, org.bytedeco:openblas:0.3.31-1.5.13 and org.bytedeco:javacpp:1.5.13";

  private Nd4jBackend() {}

  /** One thread. */
  public static Backend open() {
    return open(1);
  }

  /**
   * Starts ND4J, which takes up to a few seconds the first time in a JVM.
   *
   * @param threads for each operation, 1 or more
   * @throws MlInfraException {@link ErrorCode#ARTIFACT_MISSING}, naming the artifacts, if ND4J or
   *     its native library for this machine is not there
   */
  public static Backend open(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads (" + threads + ") must be > 0");
    }
    try {
      // ND4J's own types stay behind this call: without the artifact, linking fails in there and is
      // caught here.
      return Nd4jOperations.start(threads);
    } catch (LinkageError e) {
      throw new MlInfraException(
          ErrorCode.ARTIFACT_MISSING,
          "ND4J does not start ("
              + rootCause(e)
              + "); if it is not complete on the class path, "
              + ARTIFACTS,
          e);
    }
  }

  private static Throwable rootCause(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
