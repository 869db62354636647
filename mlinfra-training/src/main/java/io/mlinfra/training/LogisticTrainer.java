package io.mlinfra.training;

import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import java.util.List;

/** Logistic regression: one weight per number of the pipeline, and a bias. */
public final class LogisticTrainer implements Trainer {
  private final NetworkTraining training;

  private LogisticTrainer(NetworkTraining training) {
    this.training = training;
  }

  /** Learning rate 0.01 unless set. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Trained fit(TrainingSet data, Pipeline pipeline, String label) {
    return training.fit(data, pipeline, label);
  }

  @Override
  public String toString() {
    return "LogisticTrainer" + training.settings();
  }

  /** The settings of a {@link LogisticTrainer}. */
  public static final class Builder extends NetworkBuilder<Builder> {
    private Builder() {
      super(0.01f);
    }

    @Override
    Builder self() {
      return this;
    }

    public LogisticTrainer build() {
      return new LogisticTrainer(training("logistic", List.of()));
    }
  }
}
