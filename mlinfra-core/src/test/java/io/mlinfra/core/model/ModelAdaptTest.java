package io.mlinfra.core.model;

import static io.mlinfra.core.onnx.ForeignGraph.BOOL;
import static io.mlinfra.core.onnx.ForeignGraph.DOUBLE;
import static io.mlinfra.core.onnx.ForeignGraph.FLOAT;
import static io.mlinfra.core.onnx.ForeignGraph.FLOAT16;
import static io.mlinfra.core.onnx.ForeignGraph.INT32;
import static io.mlinfra.core.onnx.ForeignGraph.INT64;
import static io.mlinfra.core.onnx.ForeignGraph.ML;
import static io.mlinfra.core.onnx.ForeignGraph.STRING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ForeignGraph;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.OnnxInspection;
import io.mlinfra.core.onnx.TensorValue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Graphs as other tools write them, and the same as models of columns, answer alike to the bit. */
class ModelAdaptTest {
  private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();
  private static final int ROWS = 23;

  // ---- running both

  /** A table: one list of cells per column. */
  private record Table(List<List<Object>> columns) {}

  private static Map<String, OnnxValue> none() {
    return new LinkedHashMap<>();
  }

  private static List<Table> run(byte[] onnx, Map<String, OnnxValue> inputs) throws OrtException {
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    inputs.forEach((name, value) -> tensors.put(name, (OnnxTensor) value));
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      options.setIntraOpNumThreads(1);
      try (OrtSession session = RUNTIME.createSession(onnx, options);
          OrtSession.Result result = session.run(tensors)) {
        List<Table> answers = new ArrayList<>();
        for (Map.Entry<String, OnnxValue> output : result) {
          answers.add(table(output.getValue()));
        }
        return answers;
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  private static Table table(OnnxValue value) throws OrtException {
    List<List<Object>> columns = new ArrayList<>();
    if (value instanceof OnnxSequence sequence) {
      for (OnnxValue row : sequence.getValue()) {
        int column = 0;
        for (Object cell : new TreeMap<>(((OnnxMap) row).getValue()).values()) {
          cell(columns, column++, Float.floatToRawIntBits((Float) cell));
        }
      }
      return new Table(columns);
    }
    OnnxTensor tensor = (OnnxTensor) value;
    TensorInfo info = tensor.getInfo();
    long[] shape = info.getShape();
    int width = shape.length == 1 ? 1 : (int) shape[1];
    int count = (int) info.getNumElements();
    for (int i = 0; i < count; i++) {
      Object cell =
          switch (info.type) {
            case FLOAT, FLOAT16 -> Float.floatToRawIntBits(tensor.getFloatBuffer().get(i));
            case DOUBLE -> Double.doubleToRawLongBits(tensor.getDoubleBuffer().get(i));
            case INT64 -> tensor.getLongBuffer().get(i);
            case INT32 -> (long) tensor.getIntBuffer().get(i);
            case BOOL -> tensor.getByteBuffer().get(i) != 0;
            case STRING -> flat(tensor.getValue()).get(i);
            default -> throw new AssertionError(info.type);
          };
      cell(columns, i % width, cell);
    }
    return new Table(columns);
  }

  private static List<Object> flat(Object texts) {
    return Arrays.stream((Object[]) texts)
        .flatMap(row -> row instanceof Object[] cells ? Arrays.stream(cells) : Stream.of(row))
        .toList();
  }

  private static void cell(List<List<Object>> columns, int column, Object cell) {
    if (columns.size() == column) {
      columns.add(new ArrayList<>());
    }
    columns.get(column).add(cell);
  }

  /** Every column that the original gave, in order, is an output of the model. */
  private static void assertSameAnswers(List<Table> original, List<Table> adapted) {
    List<List<Object>> expected = new ArrayList<>();
    original.forEach(table -> expected.addAll(table.columns()));
    List<List<Object>> found = new ArrayList<>();
    for (Table table : adapted) {
      assertThat(table.columns()).hasSize(1);
      found.addAll(table.columns());
    }
    assertThat(found).isEqualTo(expected);
    assertThat(found).allSatisfy(column -> assertThat(column).hasSize(ROWS));
  }

  private static float[][] numbers(int width) {
    Random random = new Random(width);
    float[][] rows = new float[ROWS][width];
    for (float[] row : rows) {
      for (int i = 0; i < width; i++) {
        row[i] = (float) random.nextGaussian() * 3;
      }
    }
    rows[3][0] = Float.NaN;
    rows[4][width - 1] = Float.POSITIVE_INFINITY;
    rows[5][0] = -0f;
    rows[6][0] = Float.MIN_VALUE;
    return rows;
  }

  private static OnnxTensor column(float[][] rows, int column) throws OrtException {
    float[] cells = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      cells[i] = rows[i][column];
    }
    return OnnxTensor.createTensor(RUNTIME, FloatBuffer.wrap(cells), new long[] {rows.length, 1});
  }

  private static void assertSame(byte[] onnx, String input, int width, Model model)
      throws OrtException {
    float[][] rows = numbers(width);
    Map<String, OnnxValue> whole = none();
    whole.put(input, OnnxTensor.createTensor(RUNTIME, rows));
    Map<String, OnnxValue> parts = none();
    for (Column column : model.signature().inputs()) {
      parts.put(column.name(), column(rows, parts.size()));
    }
    assertThat(parts).hasSize(width);
    assertSameAnswers(run(onnx, whole), run(model.toOnnx(), parts));
  }

  private static void rejects(ThrowingCallable call, String... says) {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(call)
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
              assertThat(e.getMessage()).contains(says);
            });
  }

  // ---- what tools write

  @Test
  void adaptsAScikitLearnPipelineAndNamesItsProbabilitiesByClass() throws OrtException {
    byte[] onnx = ForeignGraph.sklearn().bytes();
    Model model = Model.adapt(onnx);
    assertThat(model.signature())
        .hasToString(
            "(float_input_0 float32, float_input_1 float32, float_input_2 float32, float_input_3"
                + " float32) -> (output_label int64, output_probability_0 float32,"
                + " output_probability_1 float32, output_probability_2 float32)");
    assertSame(onnx, "float_input", 4, model);
    assertThat(OnnxInspection.of(model.toOnnx()).operators().get(ML))
        .containsOnlyKeys("Scaler", "LinearClassifier", "Normalizer");
    assertThat(Model.read(model.toOnnx())).isEqualTo(model);
    assertThat(Model.adapt(onnx)).isEqualTo(model);
  }

  @Test
  void adaptsAScikitLearnPipelineWhoseClassesAreTexts() throws OrtException {
    byte[] onnx = ForeignGraph.sklearnOfTexts().bytes();
    Model model =
        Model.adapt(
            onnx,
            Map.of(
                "float_input",
                List.of("sepal length", "sepal width", "petal length", "petal width"),
                "output_label",
                List.of("species")),
            Set.of("petal width"));
    assertThat(model.signature())
        .hasToString(
            "(sepal length float32, sepal width float32, petal length float32, petal width"
                + " float32?) -> (species string, output_probability_setosa float32,"
                + " output_probability_versicolor float32, output_probability_virginica float32)");
    assertSame(onnx, "float_input", 4, model);
  }

  @Test
  void adaptsTreesOfXgboost() throws OrtException {
    byte[] onnx = ForeignGraph.xgboost().bytes();
    Model model =
        Model.adapt(onnx, Map.of("probabilities", List.of("no", "yes")), Set.of("float_input_2"));
    assertThat(model.signature().outputs())
        .extracting(Column::toString)
        .containsExactly("label int64", "no float32", "yes float32");
    assertThat(model.signature().input("float_input_2").nullable()).isTrue();
    assertSame(onnx, "float_input", 4, model);
  }

  @Test
  void adaptsAPerceptronOfPytorchInEveryVersionOfTheFormat() throws OrtException {
    for (long[] version :
        new long[][] {{3, 7}, {3, 8}, {4, 9}, {6, 12}, {7, 13}, {8, 18}, {10, 21}}) {
      byte[] onnx = ForeignGraph.pytorch(version[0], version[1]).bytes();
      Model model = Model.adapt(onnx);
      assertThat(model.signature().toString())
          .isEqualTo(
              "(input_0 float32, input_1 float32, input_2 float32) -> (output_0 float32, output_1"
                  + " float32)");
      assertSame(onnx, "input", 3, model);
    }
  }

  @Test
  void adaptsAGraphWithoutStandardOperators() throws OrtException {
    ForeignGraph file =
        new ForeignGraph(4, "other")
            .opset(ML, 1)
            .node(
                "Scaler",
                ML,
                "x",
                "y",
                new Attribute.Reals("offset", List.of(1f, -1f)),
                new Attribute.Reals("scale", List.of(2f, 3f)))
            .input("x", FLOAT, null, "2")
            .output("y", FLOAT, null, "2");
    Model model = Model.adapt(file.bytes());
    assertSame(file.bytes(), "x", 2, model);
    assertThat(OnnxInspection.of(model.toOnnx()).operatorSets()).containsEntry("", 13L);
  }

  // ---- types and shapes

  private static ForeignGraph everyType(long irVersion, long opset) {
    return new ForeignGraph(irVersion, "other")
        .opset("", opset)
        .node("Identity", "", "doubles", "d")
        .node("Identity", "", "longs", "l")
        .node("Identity", "", "texts", "t")
        .node("Not", "", "bools", "b")
        .node("Identity", "", "ints", "i")
        .node("Identity", "", "halves", "h")
        .node("Identity", "", "one", "o")
        .input("doubles", DOUBLE, null, "2")
        .input("longs", INT64, "N")
        .input("texts", STRING, "N", "2")
        .input("bools", BOOL, "N")
        .input("ints", INT32, "N", "2")
        .input("halves", FLOAT16, "N")
        .input("one", FLOAT, "batch", "1")
        .output("d", DOUBLE, null, "2")
        .output("l", INT64, "1") // as older exporters write an unknown number of rows
        .output("t", STRING, "N", "2")
        .output("b", BOOL, "N")
        .output("i", INT32, "N", "2")
        .output("h", FLOAT16, "N")
        .output("o", FLOAT, "batch", "1");
  }

  @Test
  void carriesEveryTypeOfColumnToTheBit() throws OrtException {
    for (long[] version : new long[][] {{4, 9}, {7, 12}, {8, 13}, {10, 21}}) {
      byte[] onnx = everyType(version[0], version[1]).bytes();
      Model model = Model.adapt(onnx);
      assertThat(model.signature())
          .hasToString(
              "(doubles_0 float64, doubles_1 float64, longs int64, texts_0 string, texts_1 string,"
                  + " bools bool, ints_0 int64, ints_1 int64, halves float32, one float32) ->"
                  + " (d_0 float64, d_1 float64, l int64, t_0 string, t_1 string, b bool, i_0"
                  + " int64, i_1 int64, h float32, o float32)");
      double[][] doubles = new double[ROWS][2];
      long[] longs = new long[ROWS];
      String[] texts = new String[2 * ROWS];
      int[] ints = new int[2 * ROWS];
      short[] halves = new short[ROWS];
      float[] halvesAsFloats = new float[ROWS];
      ByteBuffer bools = ByteBuffer.allocateDirect(ROWS).order(ByteOrder.nativeOrder());
      float[][] one = numbers(1);
      for (int i = 0; i < ROWS; i++) {
        doubles[i][0] = Double.longBitsToDouble(0x7FF8_0000_0000_0000L + i);
        doubles[i][1] = Math.PI * i;
        longs[i] = i == 0 ? Long.MIN_VALUE : Long.MAX_VALUE - i;
        texts[2 * i] = "é" + i;
        texts[2 * i + 1] = i % 2 == 0 ? "" : "東京";
        ints[2 * i] = Integer.MIN_VALUE + i;
        ints[2 * i + 1] = Integer.MAX_VALUE - i;
        halves[i] = (short) (0x3C00 + (i << 10 & 0x1000)); // 1 and 4
        halvesAsFloats[i] = (i << 10 & 0x1000) == 0 ? 1 : 16;
        bools.put(i, (byte) (i & 1));
      }
      Map<String, OnnxValue> whole = none();
      whole.put("doubles", OnnxTensor.createTensor(RUNTIME, doubles));
      whole.put("longs", OnnxTensor.createTensor(RUNTIME, longs));
      whole.put("texts", OnnxTensor.createTensor(RUNTIME, texts, new long[] {ROWS, 2}));
      whole.put("bools", tensor(bools, OnnxJavaType.BOOL, ROWS));
      whole.put(
          "ints", OnnxTensor.createTensor(RUNTIME, IntBuffer.wrap(ints), new long[] {ROWS, 2}));
      whole.put(
          "halves",
          OnnxTensor.createTensor(
              RUNTIME, ShortBuffer.wrap(halves), new long[] {ROWS}, OnnxJavaType.FLOAT16));
      whole.put("one", OnnxTensor.createTensor(RUNTIME, one));
      Map<String, OnnxValue> parts = none();
      for (int c = 0; c < 2; c++) {
        double[][] cells = new double[ROWS][1];
        String[] words = new String[ROWS];
        long[] wide = new long[ROWS];
        for (int i = 0; i < ROWS; i++) {
          cells[i][0] = doubles[i][c];
          words[i] = texts[2 * i + c];
          wide[i] = ints[2 * i + c];
        }
        parts.put("doubles_" + c, OnnxTensor.createTensor(RUNTIME, cells));
        parts.put("texts_" + c, OnnxTensor.createTensor(RUNTIME, words, new long[] {ROWS, 1}));
        parts.put("ints_" + c, tensor(wide));
      }
      parts.put("longs", tensor(longs));
      parts.put("bools", tensor(bools, OnnxJavaType.BOOL, ROWS, 1));
      parts.put(
          "halves",
          OnnxTensor.createTensor(RUNTIME, FloatBuffer.wrap(halvesAsFloats), new long[] {ROWS, 1}));
      parts.put("one", OnnxTensor.createTensor(RUNTIME, one));
      assertSameAnswers(run(onnx, whole), run(model.toOnnx(), parts));
    }
  }

  @Test
  void widensOutputsThatNoColumnHas() throws OrtException {
    ForeignGraph file = new ForeignGraph(8, "other").opset("", 15).input("x", INT64, "N", "1");
    int[] types = {2, 3, 4, 5, 12, 16};
    for (int type : types) {
      file.node("Cast", "", "x", "y" + type, new Attribute.Int("to", type));
      file.output("y" + type, type, "N", "1");
    }
    Model model = Model.adapt(file.bytes());
    assertThat(model.signature())
        .hasToString(
            "(x int64) -> (y2 int64, y3 int64, y4 int64, y5 int64, y12 int64, y16 float32)");
    Map<String, OnnxValue> parts = none();
    parts.put("x", tensor(new long[] {3, 0, 120}));
    List<Table> answers = run(model.toOnnx(), parts);
    for (int i = 0; i < 5; i++) {
      assertThat(answers.get(i).columns()).isEqualTo(List.of(List.of(3L, 0L, 120L)));
    }
    List<Object> bits =
        List.of(
            Float.floatToRawIntBits(3), Float.floatToRawIntBits(0), Float.floatToRawIntBits(120));
    assertThat(answers.get(5).columns()).isEqualTo(List.of(bits));
  }

  private static OnnxTensor tensor(long[] cells) throws OrtException {
    return OnnxTensor.createTensor(RUNTIME, LongBuffer.wrap(cells), new long[] {cells.length, 1});
  }

  private static OnnxTensor tensor(ByteBuffer values, OnnxJavaType type, long... shape)
      throws OrtException {
    return OnnxTensor.createTensor(RUNTIME, values.duplicate().order(values.order()), shape, type);
  }

  @Test
  void leavesAModelAsItIs() {
    byte[] onnx =
        new ForeignGraph(8, "other")
            .opset("", 15)
            .node("Neg", "", "x", "y")
            .input("x", FLOAT, null, "1")
            .output("y", FLOAT, "rows", "1")
            .bytes();
    assertThat(Model.adapt(onnx).toOnnx()).isEqualTo(onnx);
    assertThat(Model.adapt(onnx)).isEqualTo(Model.read(onnx));
    Model nullable = Model.adapt(onnx, Map.of(), Set.of("x"));
    assertThat(nullable.signature()).hasToString("(x float32?) -> (y float32)");
    assertThat(OnnxInspection.of(nullable.toOnnx()).operators())
        .isEqualTo(OnnxInspection.of(onnx).operators());
  }

  @Test
  void takesWhatTheFileLeavesOpenFromTheCaller() throws OrtException {
    ForeignGraph file =
        new ForeignGraph(8, "other")
            .opset("", 15)
            .node("Neg", "", "x", "y")
            .node("ReduceSum", "", "x axis", "s", new Attribute.Int("keepdims", 0))
            .initializer("axis", TensorValue.int64s(new long[] {1}, 1))
            .input("x", FLOAT, "N", null)
            .output("y", FLOAT, "N", "width")
            .output("s", FLOAT, (String[]) null);
    byte[] onnx = file.bytes();
    rejects(
        () -> Model.adapt(onnx), "'x float[N, ?]'", "does not say how many columns", "name them");
    Map<String, List<String>> names =
        Map.of("x", List.of("a", "b"), "y", List.of("c", "d"), "s", List.of("e"));
    Model model = Model.adapt(onnx, names, Set.of());
    assertThat(model.signature())
        .hasToString("(a float32, b float32) -> (c float32, d float32, e float32)");
    assertSame(onnx, "x", 2, model);
    Model onlySum =
        Model.adapt(
            onnx, Map.of("x", List.of("a"), "y", List.of(), "s", List.of("total")), Set.of());
    assertThat(onlySum.signature()).hasToString("(a float32) -> (total float32)");
  }

  @Test
  void leavesOutAnOutputWithoutColumns() throws OrtException {
    byte[] onnx = ForeignGraph.sklearn().bytes();
    Model model = Model.adapt(onnx, Map.of("output_probability", List.of()), Set.of());
    assertThat(model.signature().outputs())
        .extracting(Column::name)
        .containsExactly("output_label");
    float[][] rows = numbers(4);
    Map<String, OnnxValue> whole = none();
    whole.put("float_input", OnnxTensor.createTensor(RUNTIME, rows));
    Map<String, OnnxValue> parts = none();
    for (int i = 0; i < 4; i++) {
      parts.put("float_input_" + i, column(rows, i));
    }
    assertSameAnswers(run(onnx, whole).subList(0, 1), run(model.toOnnx(), parts));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Model.adapt(
                    onnx,
                    Map.of("output_probability", List.of(), "output_label", List.of()),
                    Set.of()))
        .withMessage("columns leave out every output");
  }

  // ---- names

  @Test
  void renamesWhatIsInsideWhereAColumnHasItsName() throws OrtException {
    ForeignGraph file =
        new ForeignGraph(8, "other")
            .opset("", 15)
            .node("Abs", "", "x", "x_0")
            .node("Concat", "", "x x_0", "columns", new Attribute.Int("axis", 1))
            .node("Mul", "", "columns weight", "y")
            .node("ReduceSum", "", "y axis", "n", new Attribute.Int("keepdims", 0))
            .initializer("weight", TensorValue.floats(new float[] {1, 2, 3, 4}, 4))
            .initializer("axis", TensorValue.int64s(new long[] {1}, 1))
            .input("x", FLOAT, "N", "2")
            .output("y", FLOAT, "N", "4")
            .output("n", FLOAT, "N");
    Model model =
        Model.adapt(file.bytes(), Map.of("y", List.of("weight", "x", "y", "axis")), Set.of());
    assertThat(model.signature())
        .hasToString(
            "(x_0 float32, x_1 float32) -> (weight float32, x float32, y float32, axis float32, n"
                + " float32)");
    assertSame(file.bytes(), "x", 2, model);
  }

  @Test
  void renamesInSubgraphsAsWell() throws OrtException {
    ForeignGraph file =
        new ForeignGraph(8, "other")
            .opset("", 15)
            .node("ReduceSum", "", "x", "sum", new Attribute.Int("keepdims", 0))
            .node("Greater", "", "sum zero", "condition")
            .ifOrTwice("condition", "x", FLOAT, "y")
            .initializer("zero", TensorValue.floats(new float[] {0}))
            .input("x", FLOAT, "N")
            .output("y", FLOAT, "N");
    for (Map<String, List<String>> names :
        List.of(Map.<String, List<String>>of(), Map.of("x", List.of("then_out")))) {
      Model model = Model.adapt(file.bytes(), names, Set.of());
      for (float sign : new float[] {1, -1}) {
        float[] values = new float[ROWS];
        Arrays.fill(values, sign);
        Map<String, OnnxValue> whole = none();
        whole.put("x", OnnxTensor.createTensor(RUNTIME, values));
        Map<String, OnnxValue> parts = none();
        parts.put(
            model.signature().inputs().get(0).name(),
            OnnxTensor.createTensor(RUNTIME, FloatBuffer.wrap(values), new long[] {ROWS, 1}));
        assertSameAnswers(run(file.bytes(), whole), run(model.toOnnx(), parts));
      }
    }
  }

  @Test
  void numbersInferredNamesThatAreTaken() throws OrtException {
    ForeignGraph file =
        new ForeignGraph(8, "other")
            .opset("", 15)
            .node("Sum", "", "x x_1", "y")
            .input("x", FLOAT, "N", "2")
            .input("x_1", FLOAT, "N", "1")
            .output("y", FLOAT, "N", "2");
    Model model = Model.adapt(file.bytes(), Map.of("y", List.of("x_0", "z")), Set.of());
    assertThat(model.signature())
        .hasToString("(x_0_2 float32, x_1 float32, x_1_2 float32) -> (x_0 float32, z float32)");
    try (OrtSession session = RUNTIME.createSession(model.toOnnx())) {
      assertThat(session.getInputNames()).containsExactly("x_0_2", "x_1", "x_1_2");
    }
  }

  @Test
  void keepsWhatItDoesNotKnowAndTheTextsAboutTheFile() {
    byte[] onnx =
        ForeignGraph.xgboost()
            .metadata("author", "é")
            .metadata("mlinfra.nullable", "float_input_3")
            .bytes();
    Model model = Model.adapt(onnx, Map.of(), Set.of("float_input_0"));
    assertThat(model.metadata())
        .containsEntry("author", "é")
        .containsEntry("mlinfra.nullable", "float_input_0\nfloat_input_3")
        .hasSize(2);
    OnnxInspection before = OnnxInspection.of(onnx);
    OnnxInspection after = OnnxInspection.of(model.toOnnx());
    assertThat(after.producer()).isEqualTo(before.producer());
    assertThat(after.irVersion()).isEqualTo(before.irVersion());
    assertThat(after.operatorSets()).isEqualTo(before.operatorSets());
    assertThat(after.parameters()).isEqualTo(before.parameters());
    assertThat(after.operators().get(ML)).isEqualTo(before.operators().get(ML));
  }

  @Test
  void refusesNamesThatCannotBe() {
    byte[] onnx = ForeignGraph.xgboost().bytes();
    String[][] wrong = {
      {"float_input", "a", "b", "c"},
      {"float_input"},
      {"float_input", "a", "b", "c", "a"},
      {"float_input", "a", "b", "c", ""},
      {"float_input", "a", "b", "c", "two\nlines"},
      {"label", "a", "b"},
      {"nothing", "a"},
    };
    String[] says = {
      "columns of 'float_input' (3 names) must be 4",
      "columns of 'float_input' (0 names) must be 4",
      "the column 'a' is there twice",
      "on one line",
      "on one line",
      "columns of 'label' (2 names) must be 1",
      "named for 'nothing'; the graph takes float_input float[None, 4] and gives label",
    };
    for (int i = 0; i < wrong.length; i++) {
      List<String> names = List.of(wrong[i]).subList(1, wrong[i].length);
      Map<String, List<String>> columns = Map.of(wrong[i][0], names);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Model.adapt(onnx, columns, Set.of()))
          .withMessageContaining(says[i]);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.adapt(onnx, Map.of(), Set.of("age")))
        .withMessageContaining("no input 'age'");
  }

  // ---- what is no table

  private static ForeignGraph neg(int type, String... shape) {
    return new ForeignGraph(8, "other")
        .opset("", 15)
        .node("Neg", "", "x", "y")
        .input("x", type, shape)
        .output("y", type, shape);
  }

  @Test
  void saysWhyAGraphHasNoColumnsAndWhatItTakes() {
    rejects(
        () -> Model.adapt(neg(FLOAT, "N", "3", "224", "224").bytes()),
        "'x float[N, 3, 224, 224]' has 4 dimensions",
        "[rows, columns]");
    rejects(() -> Model.adapt(neg(FLOAT).bytes()), "'x float[]' has 0 dimensions");
    rejects(
        () -> Model.adapt(neg(FLOAT, "1", "4").bytes()),
        "'x float[1, 4]' has 1 row(s) always",
        "dynamic_axes",
        "[None, k]");
    rejects(() -> Model.adapt(neg(FLOAT, "N", "0").bytes()), "0 columns, not 1 to 16384");
    rejects(
        () -> Model.adapt(neg(FLOAT, "N", "9223372036854775807").bytes()),
        "9223372036854775807 columns");
    rejects(() -> Model.adapt(neg(14, "N", "2").bytes()), "complex64", "takes no column");
    ForeignGraph old =
        new ForeignGraph(3, "other")
            .opset("", 6)
            .node("Neg", "", "x", "y")
            .input("x", FLOAT, "N", "2")
            .output("y", FLOAT, "N", "2");
    rejects(() -> Model.adapt(old.bytes()), "operator set 6 is older than 7");
    rejects(() -> Model.adapt(new byte[] {1, 2, 3}), "not an ONNX file");
  }

  @Test
  void saysWhatToDoAboutAnOutputThatIsNoTable() {
    ForeignGraph file =
        neg(FLOAT, "N", "2")
            .node("Shape", "", "x", "shape")
            .node("Identity", "", "x", "map")
            .output("shape", INT64, "2")
            .mapOutput("map", INT64);
    rejects(() -> Model.adapt(file.bytes()), "'shape int64[2]' has 2 rows always", "leaves it out");
    rejects(
        () -> Model.adapt(file.bytes(), Map.of("shape", List.of()), Set.of()),
        "map sequence(map(int64,float))",
        "zipmap=False",
        "leaves it out");
    assertThat(
            Model.adapt(file.bytes(), Map.of("shape", List.of(), "map", List.of()), Set.of())
                .signature())
        .hasToString("(x_0 float32, x_1 float32) -> (y_0 float32, y_1 float32)");
  }

  @Test
  void keepsASignatureOfColumnsThatSubgraphsAndOtherTypesStandBetween() throws OrtException {
    byte[] onnx =
        new ForeignGraph(8, "other")
            .opset("", 15)
            .node("Cast", "", "x", "whole", new Attribute.Int("to", INT32))
            .node("Cast", "", "flag", "half", new Attribute.Int("to", FLOAT16))
            .node("ReduceMax", "", "half", "most", new Attribute.Int("keepdims", 0))
            .node("Cast", "", "most", "condition", new Attribute.Int("to", BOOL))
            .ifOrTwice("condition", "whole", INT32, "chosen")
            .node("Cast", "", "chosen", "y", new Attribute.Int("to", INT64))
            .input("x", INT64, "N", "1")
            .input("flag", BOOL, "N", "1")
            .output("y", INT64, "N", "1")
            .bytes();
    Model model = Model.read(onnx);
    assertThat(model.signature()).hasToString("(x int64, flag bool) -> (y int64)");
    assertThat(model.toOnnx()).isEqualTo(onnx);
    rejects(() -> OnnxFile.read(onnx), "not a usable ONNX file");
    Signature adapted = Model.adapt(onnx).signature();
    assertThat(adapted).isEqualTo(model.signature());
  }
}
