package io.mlinfra.features.transform;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.features.ArrowTable;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs a pipeline's graph in ONNX Runtime. */
final class OnnxRuntime {
  private OnnxRuntime() {}

  /** The numbers of all rows, row by row. */
  static float[] run(FittedPipeline pipeline, ArrowTable.Values... columns) throws OrtException {
    GraphBuilder graph = new GraphBuilder("pipeline");
    String width = Integer.toString(pipeline.width());
    graph.output(pipeline.write(graph), "numbers", ElementType.FLOAT, "N", width);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try (OrtSession.SessionOptions options = options();
        OrtSession session = environment.createSession(graph.build().write(), options)) {
      for (Column input : pipeline.inputs()) {
        inputs.put(input.name(), tensor(environment, input, values(input.name(), columns)));
      }
      try (OrtSession.Result result = session.run(inputs)) {
        FloatBuffer numbers = ((OnnxTensor) result.get(0)).getFloatBuffer();
        float[] all = new float[numbers.remaining()];
        numbers.get(all);
        return all;
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static OrtSession.SessionOptions options() throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(1);
    options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    return options;
  }

  private static List<?> values(String name, ArrowTable.Values... columns) {
    for (ArrowTable.Values column : columns) {
      if (column.field().getName().equals(name)) {
        return column.list();
      }
    }
    throw new IllegalArgumentException(name);
  }

  /** Values as a caller of the model passes them: NaN or an empty text where missing. */
  private static OnnxTensor tensor(OrtEnvironment environment, Column column, List<?> values)
      throws OrtException {
    int rows = values.size();
    long[] shape = {rows, 1};
    switch (column.type()) {
      case STRING -> {
        String[] texts = new String[rows];
        for (int row = 0; row < rows; row++) {
          texts[row] = values.get(row) == null ? "" : (String) values.get(row);
        }
        return OnnxTensor.createTensor(environment, texts, shape);
      }
      case BOOL -> {
        boolean[][] truths = new boolean[rows][1];
        for (int row = 0; row < rows; row++) {
          truths[row][0] = (Boolean) values.get(row);
        }
        return OnnxTensor.createTensor(environment, truths);
      }
      case INT64 -> {
        long[] numbers = values.stream().mapToLong(value -> ((Number) value).longValue()).toArray();
        return OnnxTensor.createTensor(environment, LongBuffer.wrap(numbers), shape);
      }
      case FLOAT64 -> {
        double[] numbers = values.stream().mapToDouble(OnnxRuntime::number).toArray();
        return OnnxTensor.createTensor(environment, DoubleBuffer.wrap(numbers), shape);
      }
      default -> {
        float[] numbers = new float[rows];
        for (int row = 0; row < rows; row++) {
          numbers[row] = (float) number(values.get(row));
        }
        return OnnxTensor.createTensor(environment, FloatBuffer.wrap(numbers), shape);
      }
    }
  }

  private static double number(Object value) {
    if (value == null) {
      return Double.NaN;
    }
    return value instanceof Boolean truth ? (truth ? 1 : 0) : ((Number) value).doubleValue();
  }
}
