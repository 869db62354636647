package io.mlinfra.training;

import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Back-propagation and Adam on one network; the tensors live from step to step. */
final class Descent implements AutoCloseable {
  private final Network network;
  private final Backend backend;
  private final Tensor parameters;
  private final Tensor gradient;
  private final Tensor mean;
  private final Tensor variance;
  private final Network.Layers layers;
  private final Network.Layers gradients;
  private final Batch full;
  private final @Nullable Batch rest;
  private int steps;

  /**
   * Allocates the tensors.
   *
   * @param batch rows of a full batch
   * @param remainder rows of the last batch of an epoch, 0 if that is full as well
   */
  Descent(Network network, Backend backend, float[] start, int batch, int remainder) {
    this.network = network;
    this.backend = backend;
    int size = network.parameters();
    parameters = backend.allocate(1, size);
    gradient = backend.allocate(1, size);
    mean = backend.allocate(1, size);
    variance = backend.allocate(1, size);
    layers = new Network.Layers(network, backend, parameters);
    gradients = new Network.Layers(network, backend, gradient);
    full = new Batch(batch);
    rest = remainder == 0 ? null : new Batch(remainder);
    backend.upload(start, parameters);
  }

  int steps() {
    return steps;
  }

  void download(float[] into) {
    backend.download(parameters, into);
  }

  /** One step; returns the sum of the batch's losses before it, without the penalty. */
  double step(
      FloatBlock block, float[] labels, int first, int count, float learningRate, float l2) {
    double loss = differentiate(block, labels, first, count, l2);
    backend.adam(parameters, gradient, mean, variance, learningRate, ++steps);
    return loss;
  }

  /** Puts the derivative of the batch's mean loss and penalty into {@code gradient}. */
  private double differentiate(FloatBlock block, float[] labels, int first, int count, float l2) {
    Batch batch = rest != null && count == rest.pass.rows() ? rest : full;
    batch.pass.forward(block, first, layers);
    float[] expected = Arrays.copyOfRange(labels, first, first + count);
    double loss = batch.loss(expected);
    batch.backward(expected);
    if (l2 > 0) {
      for (int layer = 0; layer < network.layers(); layer++) {
        backend.addScaled(l2, layers.weights(layer), gradients.weights(layer));
      }
    }
    return loss;
  }

  /** The derivative of a batch's mean loss and penalty by each parameter. */
  float[] gradient(FloatBlock block, float[] labels, float l2) {
    differentiate(block, labels, 0, labels.length, l2);
    float[] values = new float[network.parameters()];
    backend.download(gradient, values);
    return values;
  }

  /** The tensors of a batch of one size. */
  private final class Batch implements AutoCloseable {
    private final Network.Pass pass;
    private final List<Tensor> errors = new ArrayList<>();
    private final Tensor labels;
    private final float[] probabilities;

    Batch(int rows) {
      pass = new Network.Pass(network, backend, rows);
      // The error at the output takes the probability's place, so the last layer needs none of its
      // own.
      for (int layer = 0; layer < network.layers() - 1; layer++) {
        errors.add(backend.allocate(rows, network.outputs(layer)));
      }
      labels = backend.allocate(rows, 1);
      probabilities = new float[rows];
    }

    double loss(float[] expected) {
      backend.download(pass.output(), probabilities);
      double loss = 0;
      for (int row = 0; row < expected.length; row++) {
        double p = expected[row] == 1 ? probabilities[row] : 1.0 - probabilities[row];
        loss -= Math.log(Math.max(p, 1e-15));
      }
      return loss;
    }

    void backward(float[] expected) {
      // The derivative of the mean logistic loss by the logit is (probability - label) / rows.
      Tensor error = pass.output();
      backend.upload(expected, labels);
      backend.addScaled(-1, labels, error);
      backend.scale(1f / expected.length, error);
      for (int layer = network.layers() - 1; layer >= 0; layer--) {
        Tensor input = pass.activation(layer);
        backend.multiply(input, true, error, false, 0, gradients.weights(layer));
        backend.columnSums(error, gradients.bias(layer));
        if (layer > 0) {
          Tensor previous = errors.get(layer - 1);
          backend.multiply(error, false, layers.weights(layer), true, 0, previous);
          backend.reluGradient(input, previous);
          error = previous;
        }
      }
    }

    @Override
    public void close() {
      labels.close();
      errors.forEach(Tensor::close);
      pass.close();
    }
  }

  @Override
  public void close() {
    if (rest != null) {
      rest.close();
    }
    full.close();
    variance.close();
    mean.close();
    gradient.close();
    parameters.close();
  }
}
