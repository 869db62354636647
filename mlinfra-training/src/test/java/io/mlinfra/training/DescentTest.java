package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Backends;
import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Back-propagation against finite differences of the loss in double precision. */
class DescentTest {
  private static final int ROWS = 37;

  @ParameterizedTest
  @CsvSource({
    "java, '', 0",
    "java, '5', 0",
    "java, '6 4', 0.1",
    "nd4j, '', 0.1",
    "nd4j, '5', 0",
    "nd4j, '6 4 3', 0"
  })
  void differentiatesTheLoss(String name, String hidden, float l2) {
    List<Integer> layers =
        hidden.isEmpty()
            ? List.of()
            : List.of(hidden.split(" ")).stream().map(Integer::valueOf).toList();
    Network network = Network.of(7, layers);
    Random random = new Random(1);
    float[] parameters = network.initialParameters(random);
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] += (float) (random.nextGaussian() * 0.1);
    }
    float[] x = new float[ROWS * 7];
    float[] labels = new float[ROWS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < ROWS; i++) {
      labels[i] = random.nextInt(2);
    }
    try (RootAllocator memory = new RootAllocator();
        FloatBlock block = FloatBlock.allocate(memory, ROWS, 7);
        Backend backend = Backends.named(name);
        Descent descent = new Descent(network, backend, parameters, ROWS, 0)) {
      block.rows(0, ROWS).put(x);
      float[] gradient = descent.gradient(block, labels, l2);
      double[] point = new double[parameters.length];
      for (int i = 0; i < point.length; i++) {
        point[i] = parameters[i];
      }
      double distance = 1e-6;
      for (int i = 0; i < point.length; i++) {
        point[i] = parameters[i] + distance;
        double above = loss(network, point, x, labels, l2);
        point[i] = parameters[i] - distance;
        double below = loss(network, point, x, labels, l2);
        point[i] = parameters[i];
        double slope = (above - below) / (2 * distance);
        assertThat((double) gradient[i]).as("slope %s", i).isBetween(slope - 2e-6, slope + 2e-6);
      }
    }
  }

  /** The mean logistic loss and half the penalised squares, in plain loops. */
  private static double loss(
      Network network, double[] parameters, float[] x, float[] labels, double l2) {
    double loss = 0;
    for (int row = 0; row < ROWS; row++) {
      double[] values = new double[network.inputs(0)];
      for (int i = 0; i < values.length; i++) {
        values[i] = x[row * values.length + i];
      }
      for (int layer = 0; layer < network.layers(); layer++) {
        double[] next = new double[network.outputs(layer)];
        for (int j = 0; j < next.length; j++) {
          next[j] = parameters[network.biasAt(layer) + j];
          for (int i = 0; i < values.length; i++) {
            next[j] += values[i] * parameters[network.weightsAt(layer) + i * next.length + j];
          }
          if (layer + 1 < network.layers()) {
            next[j] = Math.max(next[j], 0);
          }
        }
        values = next;
      }
      double p = 1 / (1 + Math.exp(-values[0]));
      loss -= Math.log(labels[row] == 1 ? p : 1 - p) / ROWS;
    }
    for (int layer = 0; layer < network.layers(); layer++) {
      for (int i = network.weightsAt(layer); i < network.biasAt(layer); i++) {
        loss += l2 / 2 * parameters[i] * parameters[i];
      }
    }
    return loss;
  }
}
