package io.mlinfra.training;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Backends;
import io.mlinfra.training.backend.Nd4jBackend;

/** A JVM that trains, or tries to, and prints what came of it. */
public final class TrainingProcess {
  private TrainingProcess() {}

  /**
   * Prints the hash of a model, or an error's code and message.
   *
   * @param arguments what to do: {@code fit} and a backend's name, {@code best} or {@code nd4j}
   */
  public static void main(String[] arguments) {
    try {
      switch (arguments[0]) {
        case "fit" -> {
          try (Backend backend = Backends.named(arguments[1])) {
            System.out.println("model " + fit(backend).model().hash());
          }
        }
        case "best" -> {
          try (Backend backend = Backends.best()) {
            System.out.println("model " + fit(backend).model().hash() + " by " + backend.name());
          }
        }
        default -> Nd4jBackend.open().close();
      }
    } catch (MlInfraException e) {
      System.out.println("error " + e.code() + ": " + e.getMessage());
    }
  }

  static Trained fit(Backend backend) {
    try (Fixture fixture = new Fixture()) {
      Pipeline pipeline =
          Pipeline.builder()
              .standardize("wave", "n", "gappy", "narrow", "third")
              .oneHot("city", "code")
              .missingIndicator("wave")
              .build();
      return MlpTrainer.builder()
          .hidden(16, 8)
          .epochs(3)
          .batchRows(100)
          .l2(1e-4)
          .seed(7)
          .backend(backend)
          .build()
          .fit(fixture.set(Fixture.MIXED, 1234), pipeline, "y");
    }
  }
}
