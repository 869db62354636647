package io.mlinfra.training;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.model.Model;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.WarehouseOptions;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;

/** A warehouse in memory to train from; closing it fails if anything of Arrow's memory is held. */
final class Fixture implements AutoCloseable {
  /**
   * Rows with numbers, truth values, text and gaps; {@code y} is a noisy yes or no, and every
   * second of {@code moment} has a row.
   */
  static final String MIXED =
      "SELECT make_timestamp(i * 1000000) AS moment, i,"
          + " CASE WHEN i % 11 > 0 THEN sin(i) * 3 + i % 5 END AS wave,"
          + " (i * 7919) % 1000 AS n, CASE WHEN i % 7 > 0 THEN (i * 104729) % 50 END AS gappy,"
          + " (cos(i * 3) * 100)::FLOAT AS narrow, i % 3 = 0 AS third,"
          + " CASE WHEN i % 13 > 0 THEN 'c' || (i * 31) % 8 END AS city, i % 6 AS code,"
          + " sin(i) + cos(i * 3) / 2 + (i % 6) / 6 - (i % 3) / 2"
          + " + sin(i * 12.9898) * 1.5 > 0.1 AS y"
          + " FROM range(?) r(i)";

  final RootAllocator memory = new RootAllocator();
  final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(memory).threads(1).build());
  private final FeatureStore store = FeatureStore.open(warehouse);
  private final List<TrainingSet> sets = new ArrayList<>();

  /** Rows with a column {@code moment}; closed with the fixture. */
  TrainingSet set(String sql, Object... parameters) {
    TrainingSet set = store.trainingSet(sql, "moment", parameters);
    sets.add(set);
    return set;
  }

  /** What ONNX Runtime answers for every row, in batches of a few. */
  static float[] scoreInOnnxRuntime(Model model, TrainingSet data, int batchRows)
      throws IOException, OrtException {
    float[] scores = new float[data.rows()];
    List<Map<String, Object>> rows = rows(model, data);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(model.toOnnx(), options)) {
        for (int first = 0; first < scores.length; first += batchRows) {
          int count = Math.min(batchRows, scores.length - first);
          Map<String, OnnxTensor> inputs = new HashMap<>();
          for (Column input : model.signature().inputs()) {
            List<Object> values =
                rows.subList(first, first + count).stream()
                    .map(row -> row.get(input.name()))
                    .toList();
            inputs.put(input.name(), tensor(environment, input, values));
          }
          try (OrtSession.Result result = session.run(inputs)) {
            ((OnnxTensor) result.get(0)).getFloatBuffer().get(scores, first, count);
          } finally {
            inputs.values().forEach(OnnxTensor::close);
          }
        }
      }
    }
    return scores;
  }

  /** Values as a caller of the model passes them: NaN or an empty text where missing. */
  private static List<Map<String, Object>> rows(Model model, TrainingSet data) throws IOException {
    List<Map<String, Object>> rows = new ArrayList<>();
    try (ArrowReader reader = data.reader()) {
      while (reader.loadNextBatch()) {
        var batch = reader.getVectorSchemaRoot();
        for (int row = 0; row < batch.getRowCount(); row++) {
          Map<String, Object> values = new HashMap<>();
          for (Column input : model.signature().inputs()) {
            Object value = batch.getVector(input.name()).getObject(row);
            values.put(
                input.name(),
                switch (input.type()) {
                  case STRING -> value == null ? "" : value.toString();
                  case FLOAT32, FLOAT64 -> value == null ? Double.NaN : value;
                  default -> value;
                });
          }
          rows.add(values);
        }
      }
    }
    return rows;
  }

  private static OnnxTensor tensor(OrtEnvironment environment, Column column, List<Object> values)
      throws OrtException {
    long[] shape = {values.size(), 1};
    switch (column.type()) {
      case STRING -> {
        return OnnxTensor.createTensor(environment, values.toArray(String[]::new), shape);
      }
      case BOOL -> {
        boolean[][] truths = new boolean[values.size()][1];
        for (int row = 0; row < truths.length; row++) {
          truths[row][0] = (Boolean) values.get(row);
        }
        return OnnxTensor.createTensor(environment, truths);
      }
      case INT64 -> {
        long[] numbers = values.stream().mapToLong(value -> ((Number) value).longValue()).toArray();
        return OnnxTensor.createTensor(environment, LongBuffer.wrap(numbers), shape);
      }
      case FLOAT64 -> {
        double[] numbers = values.stream().mapToDouble(v -> ((Number) v).doubleValue()).toArray();
        return OnnxTensor.createTensor(environment, DoubleBuffer.wrap(numbers), shape);
      }
      default -> {
        FloatBuffer numbers = FloatBuffer.allocate(values.size());
        values.forEach(value -> numbers.put(((Number) value).floatValue()));
        return OnnxTensor.createTensor(environment, numbers.flip(), shape);
      }
    }
  }

  @Override
  public void close() {
    sets.forEach(TrainingSet::close);
    store.close();
    warehouse.close();
    memory.close();
  }
}
