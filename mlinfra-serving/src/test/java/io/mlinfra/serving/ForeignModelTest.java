package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.registry.OnnxImport;
import io.mlinfra.registry.Registry;
import java.lang.reflect.Array;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of other tools, registered as they come and served by an alias, answer to the bit. */
class ForeignModelTest {
  private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();
  private static final int ROWS = 50;

  @TempDir private Path folder;
  private Registry registry;

  @BeforeEach
  void open() {
    registry = Registry.open(folder);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private Deployment champion(String name, OnnxImport file) {
    registry.promote(name, "champion", registry.register(name, file));
    return Deployment.open(registry, name + "@champion");
  }

  private static float[] row(Random random, int width) {
    float[] row = new float[width];
    for (int i = 0; i < width; i++) {
      row[i] = (float) random.nextGaussian() * 4;
    }
    return row;
  }

  /** Of one row, floats as their bits, maps in the order of their keys. */
  private static List<Object> original(OrtSession session, float[] row) throws OrtException {
    List<Object> cells = new ArrayList<>();
    String input = session.getInputNames().iterator().next();
    try (OnnxTensor tensor = OnnxTensor.createTensor(RUNTIME, new float[][] {row});
        OrtSession.Result result = session.run(Map.of(input, tensor))) {
      for (Map.Entry<String, OnnxValue> output : result) {
        if (output.getValue() instanceof OnnxSequence maps) {
          OnnxMap only = (OnnxMap) maps.getValue().get(0);
          new TreeMap<>(only.getValue()).values().forEach(cell -> cells.add(bits(cell)));
        } else {
          flatten(output.getValue().getValue(), cells);
        }
      }
    }
    return cells;
  }

  private static void flatten(Object value, List<Object> into) {
    if (value.getClass().isArray()) {
      for (int i = 0; i < Array.getLength(value); i++) {
        flatten(Array.get(value, i), into);
      }
    } else {
      into.add(bits(value));
    }
  }

  private static Object bits(Object cell) {
    return cell instanceof Float number ? Float.floatToRawIntBits(number) : cell;
  }

  private static List<Object> served(Deployment deployment, float[] row) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    List<Column> inputs = deployment.signature().inputs();
    for (int i = 0; i < row.length; i++) {
      values.put(inputs.get(i).name(), Float.isNaN(row[i]) ? null : row[i]);
    }
    Prediction prediction = deployment.predict(values);
    return deployment.signature().outputs().stream()
        .map(output -> bits(prediction.value(output.name())))
        .toList();
  }

  private static void assertAnswersAs(byte[] onnx, int width, Deployment deployment)
      throws OrtException {
    Random random = new Random(width);
    List<Object> different = new ArrayList<>();
    try (OrtSession session = RUNTIME.createSession(onnx)) {
      for (int i = 0; i < ROWS; i++) {
        float[] row = row(random, width);
        if (deployment.signature().inputs().get(i % width).nullable()) {
          row[i % width] = Float.NaN;
        }
        List<Object> expected = original(session, row);
        assertThat(served(deployment, row)).isEqualTo(expected);
        if (!different.contains(expected)) {
          different.add(expected);
        }
      }
    }
    assertThat(different).hasSizeGreaterThan(3);
  }

  @Test
  void servesAScikitLearnPipelineByTheNamesOfItsColumns() throws OrtException {
    byte[] onnx = ForeignGraphs.sklearn();
    OnnxImport file =
        OnnxImport.of(onnx)
            .columns("float_input", "sepal length", "sepal width", "petal length", "petal width")
            .columns("output_label", "species");
    try (Deployment deployment = champion("iris", file)) {
      assertThat(deployment.signature())
          .hasToString(
              "(sepal length float32, sepal width float32, petal length float32, petal width"
                  + " float32) -> (species int64, output_probability_0 float32,"
                  + " output_probability_1 float32, output_probability_2 float32)");
      assertAnswersAs(onnx, 4, deployment);
      assertThat(registry.attachment(deployment.version(), "original.onnx")).isEqualTo(onnx);
    }
  }

  @Test
  void servesClassesThatAreTexts() throws OrtException {
    byte[] onnx = ForeignGraphs.sklearnOfTexts();
    try (Deployment deployment = champion("iris", OnnxImport.of(onnx))) {
      assertThat(deployment.signature().outputs())
          .extracting(Column::name)
          .containsExactly(
              "output_label",
              "output_probability_setosa",
              "output_probability_versicolor",
              "output_probability_virginica");
      assertAnswersAs(onnx, 4, deployment);
    }
  }

  @Test
  void servesTreesOfXgboostToWhichValuesMayBeMissing() throws OrtException {
    byte[] onnx = ForeignGraphs.xgboost();
    OnnxImport file =
        OnnxImport.of(onnx).columns("float_input", "a", "b", "c", "d").nullable("b", "c");
    try (Deployment deployment = champion("trees", file)) {
      assertAnswersAs(onnx, 4, deployment);
    }
  }

  @Test
  void servesAPerceptronOfPytorchWithABatchOfAnySize() throws OrtException {
    byte[] onnx = ForeignGraphs.pytorch();
    try (Deployment deployment = champion("mlp", OnnxImport.of(onnx))) {
      assertThat(deployment.signature())
          .hasToString(
              "(input_0 float32, input_1 float32, input_2 float32) -> (output_0 float32, output_1"
                  + " float32)");
      assertAnswersAs(onnx, 3, deployment);
    }
  }

  @Test
  void saysWhyAFileThatIsKeptAsItIsCannotBeServed() {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> champion("mlp", OnnxImport.of(ForeignGraphs.pytorch()).asIs()))
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED))
        .withMessageContaining("'input' has shape [batch, 3], not [N, 1]")
        .withMessageContaining("registered as it is (OnnxImport.asIs)");
  }
}
