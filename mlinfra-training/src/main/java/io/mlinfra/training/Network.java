package io.mlinfra.training;

import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.features.transform.FittedPipeline;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * The shape of a fully connected network with ReLU between its layers and one sigmoid output, and
 * where each layer's weights stand in the one flat vector of parameters: layer by layer the weights
 * (inputs x outputs, row-major), then the bias.
 *
 * @param widths from the input's width to the output's, which is 1
 */
record Network(List<Integer> widths) {
  /** What the model calls its answer. */
  static final String OUTPUT = "probability";

  static Network of(int inputs, List<Integer> hidden) {
    List<Integer> widths = new ArrayList<>();
    widths.add(inputs);
    widths.addAll(hidden);
    widths.add(1);
    return new Network(List.copyOf(widths));
  }

  int layers() {
    return widths.size() - 1;
  }

  int inputs(int layer) {
    return widths.get(layer);
  }

  int outputs(int layer) {
    return widths.get(layer + 1);
  }

  int weightsAt(int layer) {
    int at = 0;
    for (int l = 0; l < layer; l++) {
      at += (inputs(l) + 1) * outputs(l);
    }
    return at;
  }

  int biasAt(int layer) {
    return weightsAt(layer) + inputs(layer) * outputs(layer);
  }

  int parameters() {
    return weightsAt(layers());
  }

  /**
   * First weights: uniform within ±√(6 ÷ (inputs + outputs)) (Glorot and Bengio, 2010); no bias.
   */
  float[] initialParameters(Random random) {
    float[] parameters = new float[parameters()];
    for (int layer = 0; layer < layers(); layer++) {
      double bound = Math.sqrt(6.0 / (inputs(layer) + outputs(layer)));
      for (int i = weightsAt(layer); i < biasAt(layer); i++) {
        parameters[i] = (float) ((2 * random.nextDouble() - 1) * bound);
      }
    }
    return parameters;
  }

  /** The pipeline and the network behind it as one model. */
  Model model(String name, FittedPipeline pipeline, float[] parameters) {
    GraphBuilder graph = new GraphBuilder(name);
    String x = pipeline.write(graph);
    for (int layer = 0; layer < layers(); layer++) {
      float[] weights = Arrays.copyOfRange(parameters, weightsAt(layer), biasAt(layer));
      float[] bias = Arrays.copyOfRange(parameters, biasAt(layer), biasAt(layer) + outputs(layer));
      String w = graph.constant(TensorValue.floats(weights, inputs(layer), outputs(layer)));
      String b = graph.constant(TensorValue.floats(bias, outputs(layer)));
      x = graph.node("Gemm", x, w, b);
      if (layer < layers() - 1) {
        x = graph.node("Relu", x);
      }
    }
    graph.output(graph.node("Sigmoid", x), OUTPUT, ElementType.FLOAT, "N", "1");
    graph.metadata("mlinfra.trainer", name);
    return Model.of(
        graph,
        pipeline.inputs().stream()
            .filter(Column::nullable)
            .map(Column::name)
            .collect(Collectors.toSet()));
  }

  /** The weights and biases of each layer, as views of one flat vector. */
  static final class Layers {
    private final List<Tensor> weights = new ArrayList<>();
    private final List<Tensor> biases = new ArrayList<>();

    Layers(Network network, Backend backend, Tensor flat) {
      for (int layer = 0; layer < network.layers(); layer++) {
        int inputs = network.inputs(layer);
        int outputs = network.outputs(layer);
        weights.add(backend.view(flat, network.weightsAt(layer), inputs, outputs));
        biases.add(backend.view(flat, network.biasAt(layer), 1, outputs));
      }
    }

    Tensor weights(int layer) {
      return weights.get(layer);
    }

    Tensor bias(int layer) {
      return biases.get(layer);
    }
  }

  /** The tensors that hold a batch on its way through the network. */
  static final class Pass implements AutoCloseable {
    private final Network network;
    private final Backend backend;
    private final List<Tensor> activations = new ArrayList<>();

    Pass(Network network, Backend backend, int rows) {
      this.network = network;
      this.backend = backend;
      network.widths.forEach(width -> activations.add(backend.allocate(rows, width)));
    }

    int rows() {
      return activations.get(0).rows();
    }

    /** What a layer gives: 0 is the input, the last one the probability. */
    Tensor activation(int layer) {
      return activations.get(layer);
    }

    Tensor output() {
      return activations.get(activations.size() - 1);
    }

    /** Computes the probabilities of the rows of a block that begin at {@code firstRow}. */
    void forward(FloatBlock block, int firstRow, Layers parameters) {
      backend.upload(block, firstRow, activations.get(0));
      for (int layer = 0; layer < network.layers(); layer++) {
        Tensor out = activations.get(layer + 1);
        backend.broadcast(parameters.bias(layer), out);
        backend.multiply(activations.get(layer), false, parameters.weights(layer), false, 1, out);
        if (layer < network.layers() - 1) {
          backend.relu(out);
        }
      }
      backend.sigmoid(output());
    }

    @Override
    public void close() {
      activations.forEach(Tensor::close);
    }
  }
}
