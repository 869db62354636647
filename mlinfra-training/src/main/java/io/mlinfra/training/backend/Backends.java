package io.mlinfra.training.backend;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import org.slf4j.LoggerFactory;

/** Finds a backend. */
public final class Backends {
  private Backends() {}

  /**
   * The fastest backend that works here: ND4J where it is on the class path, else plain Java. The
   * caller closes it.
   */
  public static Backend best() {
    try {
      return Nd4jBackend.open();
    } catch (MlInfraException e) {
      if (e.code() != ErrorCode.ARTIFACT_MISSING) {
        throw e;
      }
      LoggerFactory.getLogger(Backends.class).info("Training in plain Java: {}", e.getMessage());
      return JavaBackend.open();
    }
  }

  /**
   * The backend of a name.
   *
   * @param name {@code "nd4j"} or {@code "java"}
   * @throws MlInfraException {@link ErrorCode#ARTIFACT_MISSING} if it does not work here
   */
  public static Backend named(String name) {
    return switch (name) {
      case "nd4j" -> Nd4jBackend.open();
      case "java" -> JavaBackend.open();
      default ->
          throw new IllegalArgumentException("backend ('" + name + "') must be nd4j or java");
    };
  }
}
