package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Backends;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logistic regression by gradient descent against Newton's method in double precision. */
class LogisticTrainerTest {
  private static final String[] COLUMNS = {"a", "b", "c", "d"};

  /** Correlated columns of different sizes, and labels drawn with known odds. */
  private static final String ODDS =
      "SELECT make_timestamp(i) AS moment, a, b, c, d,"
          + " noise < 1 / (1 + exp(-(0.7 * a - 0.02 * b + c + 0.3))) AS y FROM ("
          + "SELECT i, sin(i) * 2 AS a, cos(i * 3) * 50 + 10 AS b, sin(i) + cos(i * 7) AS c,"
          + " (i * 31 % 17)::DOUBLE AS d, (i * 7919 % 4999) / 4999 AS noise FROM range(5000) r(i))";

  @ParameterizedTest
  @CsvSource({"java, 0", "nd4j, 0", "java, 0.01", "nd4j, 0.01"})
  void convergesToNewtonsSolution(String name, double l2) throws Exception {
    try (Fixture fixture = new Fixture();
        Backend backend = Backends.named(name)) {
      TrainingSet data = fixture.set(ODDS);
      Trained trained =
          LogisticTrainer.builder()
              .epochs(60)
              .batchRows(256)
              .learningRate(0.03)
              .l2(l2)
              .backend(backend)
              .build()
              .fit(data, Pipeline.builder().standardize(COLUMNS).build(), "y");
      float[] labels = Labels.read(data, "y");
      double[] newton = newton(standardized(data), labels, l2);
      double loss = 0;
      for (int i = 0; i < labels.length; i++) {
        loss -= Math.log(labels[i] == 1 ? newton[i] : 1 - newton[i]) / labels.length;
      }
      assertThat(loss).isBetween(0.4, 0.68);
      assertThat(trained.evaluate(data).logLoss()).isBetween(loss - 1e-3, loss + 1e-3);
      float[] scores = trained.score(data);
      for (int i = 0; i < scores.length; i++) {
        assertThat((double) scores[i]).isBetween(newton[i] - 0.02, newton[i] + 0.02);
      }
    }
  }

  private static double[][] standardized(TrainingSet data) throws Exception {
    double[][] x = new double[data.rows()][COLUMNS.length + 1];
    int at = 0;
    try (ArrowReader reader = data.reader(COLUMNS)) {
      while (reader.loadNextBatch()) {
        for (int row = 0; row < reader.getVectorSchemaRoot().getRowCount(); row++, at++) {
          for (int c = 0; c < COLUMNS.length; c++) {
            x[at][c] =
                ((Number) reader.getVectorSchemaRoot().getVector(c).getObject(row)).doubleValue();
          }
          x[at][COLUMNS.length] = 1;
        }
      }
    }
    for (int c = 0; c < COLUMNS.length; c++) {
      double mean = 0;
      double squares = 0;
      for (double[] row : x) {
        mean += row[c] / x.length;
      }
      for (double[] row : x) {
        squares += (row[c] - mean) * (row[c] - mean) / x.length;
      }
      for (double[] row : x) {
        row[c] = (row[c] - mean) / Math.sqrt(squares);
      }
    }
    return x;
  }

  /** Iteratively reweighted least squares; the last column is the bias, which is not penalised. */
  private static double[] newton(double[][] x, float[] labels, double l2) {
    int width = x[0].length;
    double[] w = new double[width];
    double[] p = new double[x.length];
    for (int round = 0; round < 30; round++) {
      double[][] system = new double[width][width + 1];
      for (int i = 0; i < x.length; i++) {
        double z = 0;
        for (int c = 0; c < width; c++) {
          z += w[c] * x[i][c];
        }
        p[i] = 1 / (1 + Math.exp(-z));
        for (int r = 0; r < width; r++) {
          system[r][width] += (labels[i] - p[i]) * x[i][r] / x.length;
          for (int c = 0; c < width; c++) {
            system[r][c] += p[i] * (1 - p[i]) * x[i][r] * x[i][c] / x.length;
          }
        }
      }
      for (int r = 0; r + 1 < width; r++) {
        system[r][width] -= l2 * w[r];
        system[r][r] += l2;
      }
      double[] step = solve(system);
      for (int c = 0; c < width; c++) {
        w[c] += step[c];
      }
    }
    return p;
  }

  /** Gauss and Jordan; the matrix is positive definite. */
  private static double[] solve(double[][] system) {
    int width = system.length;
    for (int pivot = 0; pivot < width; pivot++) {
      for (int r = 0; r < width; r++) {
        if (r != pivot) {
          double factor = system[r][pivot] / system[pivot][pivot];
          for (int c = pivot; c <= width; c++) {
            system[r][c] -= factor * system[pivot][c];
          }
        }
      }
    }
    double[] solution = new double[width];
    for (int r = 0; r < width; r++) {
      solution[r] = system[r][width] / system[r][r];
    }
    return solution;
  }
}
