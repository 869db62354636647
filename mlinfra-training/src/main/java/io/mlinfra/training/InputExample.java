package io.mlinfra.training;

import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import io.mlinfra.features.offline.TrainingSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/** The first rows of some data as a caller of a model passes them. */
final class InputExample {
  private static final int MOST_ROWS = 3;

  private InputExample() {}

  static List<Map<String, Object>> of(TrainingSet data, Signature signature) throws IOException {
    String[] names = signature.inputs().stream().map(Column::name).toArray(String[]::new);
    List<Map<String, Object>> rows = new ArrayList<>();
    try (ArrowReader reader = data.reader(names)) {
      while (rows.size() < MOST_ROWS && reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        for (int row = 0; row < batch.getRowCount() && rows.size() < MOST_ROWS; row++) {
          rows.add(row(batch, row, signature));
        }
      }
    }
    return List.copyOf(rows);
  }

  private static Map<String, Object> row(VectorSchemaRoot batch, int row, Signature signature) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Column input : signature.inputs()) {
      Object value = value(batch.getVector(input.name()), row, input);
      boolean missing = value instanceof Number number && Double.isNaN(number.doubleValue());
      if (value != null && !(missing && input.nullable())) {
        values.put(input.name(), value);
      }
    }
    return values;
  }

  private static @Nullable Object value(FieldVector vector, int row, Column input) {
    if (vector.isNull(row)) {
      return null;
    }
    return switch (input.type()) {
      // Some vectors of integers give other objects: characters, or what is negative.
      case INT64 -> ((BaseIntVector) vector).getValueAsLong(row);
      case FLOAT32 -> ((Number) vector.getObject(row)).floatValue();
      case FLOAT64 -> ((Number) vector.getObject(row)).doubleValue();
      case STRING -> vector.getObject(row).toString();
      case BOOL -> vector.getObject(row);
    };
  }
}
