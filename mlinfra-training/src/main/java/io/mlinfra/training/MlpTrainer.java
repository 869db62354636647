package io.mlinfra.training;

import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A multi-layer perceptron: fully connected layers with ReLU between them, and a sigmoid at the
 * end.
 */
public final class MlpTrainer implements Trainer {
  private final NetworkTraining training;

  private MlpTrainer(NetworkTraining training) {
    this.training = training;
  }

  /** Two hidden layers of 64 and 32 and a learning rate of 0.003 unless set. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Trained fit(TrainingSet data, Pipeline pipeline, String label) {
    return training.fit(data, pipeline, label);
  }

  @Override
  public String toString() {
    return "MlpTrainer" + training.settings();
  }

  /** The settings of an {@link MlpTrainer}. */
  public static final class Builder extends NetworkBuilder<Builder> {
    private List<Integer> hidden = List.of(64, 32);

    private Builder() {
      super(0.003f);
    }

    @Override
    Builder self() {
      return this;
    }

    /** How many neurons each hidden layer has, from the input's side; at least one layer. */
    public Builder hidden(int... neurons) {
      if (neurons.length == 0 || IntStream.of(neurons).anyMatch(n -> n < 1)) {
        throw new IllegalArgumentException(
            "hidden ("
                + IntStream.of(neurons).boxed().toList()
                + ") must name layers of at least 1 neuron");
      }
      this.hidden = IntStream.of(neurons).boxed().toList();
      return this;
    }

    public MlpTrainer build() {
      return new MlpTrainer(training("mlp", hidden));
    }
  }
}
