package io.mlinfra.training;

import io.mlinfra.core.Progress;
import io.mlinfra.registry.ActiveRun;
import io.mlinfra.training.backend.Backend;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings that all trainers by gradient descent share. They minimise the mean logistic loss
 * with Adam over shuffled mini-batches, at a learning rate that falls linearly to 0. Not
 * thread-safe.
 *
 * @param <B> the trainer's own builder
 */
public abstract sealed class NetworkBuilder<B extends NetworkBuilder<B>>
    permits LogisticTrainer.Builder, MlpTrainer.Builder {
  private int epochs = 10;
  private int batchRows = 1024;
  private float learningRate;
  private float l2;
  private long seed;
  private @Nullable Backend backend;
  private Progress progress = Progress.NONE;
  private @Nullable ActiveRun track;

  NetworkBuilder(float learningRate) {
    this.learningRate = learningRate;
  }

  abstract B self();

  /** How often every row is seen; 10 unless set. */
  public B epochs(int epochs) {
    if (epochs < 1) {
      throw new IllegalArgumentException("epochs (" + epochs + ") must be > 0");
    }
    this.epochs = epochs;
    return self();
  }

  /** How many rows make one step; 1024 unless set. */
  public B batchRows(int batchRows) {
    if (batchRows < 1) {
      throw new IllegalArgumentException("batchRows (" + batchRows + ") must be > 0");
    }
    this.batchRows = batchRows;
    return self();
  }

  /** The learning rate of the first step. */
  public B learningRate(double learningRate) {
    if (!((float) learningRate > 0 && learningRate <= 1)) {
      throw new IllegalArgumentException(
          "learningRate (" + learningRate + ") must be > 0 and <= 1");
    }
    this.learningRate = (float) learningRate;
    return self();
  }

  /** The weight of half the sum of squared weights in the loss; 0 unless set. */
  public B l2(double l2) {
    if (!(l2 >= 0 && Float.isFinite((float) l2))) {
      throw new IllegalArgumentException("l2 (" + l2 + ") must be >= 0 and a float");
    }
    this.l2 = (float) l2;
    return self();
  }

  /**
   * What the first weights and the shuffling are drawn from; 0 unless set, which is a seed like any
   * other.
   */
  public B seed(long seed) {
    this.seed = seed;
    return self();
  }

  /**
   * Who computes; borrowed. Unless set, each fit opens {@link
   * io.mlinfra.training.backend.Backends#best()}.
   */
  public B backend(Backend backend) {
    this.backend = Objects.requireNonNull(backend, "backend");
    return self();
  }

  /** Who is told of every batch. */
  public B progress(Progress progress) {
    this.progress = Objects.requireNonNull(progress, "progress");
    return self();
  }

  /**
   * Which run is told the mean loss of each epoch, the first one is 1, as {@code train.logLoss},
   * when the epoch ends; borrowed. {@link ActiveRun#register} logs these points no second time.
   */
  public B track(ActiveRun run) {
    this.track = Objects.requireNonNull(run, "run");
    return self();
  }

  final NetworkTraining training(String name, List<Integer> hidden) {
    return new NetworkTraining(
        name, hidden, epochs, batchRows, learningRate, l2, seed, backend, progress, track);
  }
}
