package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Backends;
import io.mlinfra.training.backend.JavaBackend;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final String POINTS =
      "SELECT make_timestamp(i) AS moment, a, b, a + 2 * b > 0.3 AS above,"
          + " ((a > 0) <> (b > 0))::INTEGER AS crossed FROM"
          + " (SELECT i, (i * 7919 % 2001 - 1000) / 1000 AS a, (i * 104729 % 1999 - 999) / 999 AS b"
          + " FROM range(4000) r(i))";

  private static final Pipeline AB = Pipeline.builder().standardize("a", "b").build();

  private static final Pipeline EVERYTHING =
      Pipeline.builder()
          .standardize("wave", "n", "gappy", "narrow", "third")
          .oneHot("city", "code")
          .missingIndicator("wave", "gappy")
          .build();

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    fixture.close();
  }

  private static MlpTrainer.Builder mlp(Backend backend) {
    return MlpTrainer.builder().hidden(16, 8).epochs(5).batchRows(128).backend(backend);
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .message()
        .contains(words);
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void separatesWhatALineSeparates(String name) {
    try (Backend backend = Backends.named(name)) {
      TrainingSet points = fixture.set(POINTS);
      Trained trained =
          LogisticTrainer.builder()
              .epochs(30)
              .batchRows(64)
              .learningRate(0.1)
              .backend(backend)
              .build()
              .fit(points, AB, "above");
      Evaluation evaluation = trained.evaluate(points);
      assertThat(evaluation.auc()).isGreaterThan(0.9999);
      assertThat(evaluation.accuracy()).isGreaterThan(0.99);
      assertThat(trained.losses()).hasSize(30);
      assertThat(trained.losses().get(29)).isLessThan(trained.losses().get(0) / 3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void learnsExclusiveOrWithAHiddenLayerOnly(String name) {
    try (Backend backend = Backends.named(name)) {
      TrainingSet points = fixture.set(POINTS);
      Trained mlp =
          MlpTrainer.builder()
              .hidden(16)
              .epochs(30)
              .batchRows(64)
              .learningRate(0.02)
              .seed(1)
              .backend(backend)
              .build()
              .fit(points, AB, "crossed");
      assertThat(mlp.evaluate(points).accuracy()).isGreaterThan(0.98);
      Trained line = LogisticTrainer.builder().backend(backend).build().fit(points, AB, "crossed");
      assertThat(line.evaluate(points).auc()).isBetween(0.45, 0.55);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void beatsTheBaseRateOnRowsItHasNotSeen(String name) {
    try (Backend backend = Backends.named(name)) {
      TrainingSet all = fixture.set(Fixture.MIXED, 6000);
      Trained trained =
          mlp(backend).epochs(20).build().fit(all.before("1970-01-01T01:00"), EVERYTHING, "y");
      TrainingSet later = all.since("1970-01-01T01:00");
      Evaluation evaluation = trained.evaluate(later);
      double rate = evaluation.baseRate();
      assertThat(evaluation.rows()).isEqualTo(2400);
      assertThat(evaluation.logLoss())
          .isLessThan(0.9 * -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate)));
      assertThat(evaluation.auc()).isGreaterThan(0.7);
      Trained noted = trained.with("test", evaluation);
      assertThat(noted.run().metrics())
          .containsEntry("test.auc", evaluation.auc())
          .containsEntry("test.rows", 2400.0)
          .containsKey("train.logLoss");
      assertThat(noted.model()).isEqualTo(trained.model());
      assertThat(noted.run().settings())
          .containsEntry("backend", name)
          .containsEntry("label", "y")
          .containsEntry("rows", "3600")
          .containsEntry("trainer", "mlp")
          .containsEntry("hidden", "[16, 8]");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void givesTheSameModelForTheSameSeedAndAnotherForAnother(String name) {
    try (Backend backend = Backends.named(name)) {
      TrainingSet data = fixture.set(Fixture.MIXED, 1000);
      Trained one = mlp(backend).seed(5).build().fit(data, EVERYTHING, "y");
      Trained same = mlp(backend).seed(5).build().fit(data, EVERYTHING, "y");
      Trained other = mlp(backend).seed(6).build().fit(data, EVERYTHING, "y");
      assertThat(same.model().toOnnx()).isEqualTo(one.model().toOnnx());
      assertThat(same.run()).isEqualTo(one.run());
      assertThat(same.losses()).isEqualTo(one.losses());
      assertThat(other.model()).isNotEqualTo(one.model());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void givesTheSameModelInAFreshJvm(String name) throws Exception {
    ChildJvm.Result child =
        ChildJvm.run(jar -> true, flag -> true, TrainingProcess.class, "fit", name);
    try (Backend backend = Backends.named(name)) {
      assertThat(child.output()).contains("model " + TrainingProcess.fit(backend).model().hash());
    }
    assertThat(child.status()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void scoresTheBitsThatOnnxRuntimeComputesWithItsModel(String name) throws Exception {
    try (Backend backend = Backends.named(name)) {
      TrainingSet all = fixture.set(Fixture.MIXED, 3000);
      // What comes later has cities and codes that the training has not seen.
      TrainingSet later =
          fixture.set(
              "SELECT * REPLACE ('x' || city AS city, code + i % 9 AS code, wave * 1e6 AS wave)"
                  + " FROM ("
                  + Fixture.MIXED
                  + ")",
              2500);
      for (Trainer trainer :
          List.of(
              mlp(backend).build(),
              MlpTrainer.builder().epochs(1).backend(backend).build(),
              LogisticTrainer.builder().epochs(2).backend(backend).build())) {
        Trained trained = trainer.fit(all, EVERYTHING, "y");
        assertThat(trained.model().signature().inputs())
            .contains(
                new Column("wave", ColumnType.FLOAT64, true),
                new Column("gappy", ColumnType.FLOAT64, true),
                new Column("n", ColumnType.INT64, false),
                new Column("third", ColumnType.BOOL, false),
                new Column("narrow", ColumnType.FLOAT32, false),
                new Column("city", ColumnType.STRING, true));
        assertThat(trained.model().signature().outputs())
            .containsExactly(new Column("probability", ColumnType.FLOAT32, false));
        for (TrainingSet data : List.of(all, later)) {
          for (int batch : new int[] {1, 7, 1024}) {
            assertThat(trained.score(data))
                .isEqualTo(Fixture.scoreInOnnxRuntime(trained.model(), data, batch));
          }
        }
        assertThat(Model.read(trained.model().toOnnx())).isEqualTo(trained.model());
      }
    }
  }

  @Test
  void refusesLabelsThatItCannotLearn() {
    try (Backend backend = JavaBackend.open()) {
      Trainer trainer = mlp(backend).build();
      TrainingSet data =
          fixture.set(
              "SELECT *, 'yes' AS word, NULLIF(third, true) AS holes, 1 AS one, 0.5 AS half,"
                  + " 2 AS two, moment AS time, 1.000000000000000001::DECIMAL(20, 18) AS nearly,"
                  + " 'NaN'::DOUBLE AS nan FROM ("
                  + Fixture.MIXED
                  + ")",
              100);
      Pipeline n = Pipeline.builder().standardize("n").build();
      assertRefused(ErrorCode.NAME_UNKNOWN, () -> trainer.fit(data, n, "label"), "'label'");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE, () -> trainer.fit(data, n, "holes"), "'holes'", "row 0");
      for (String bad : List.of("word", "half", "two", "time", "nearly", "nan")) {
        assertRefused(
            ErrorCode.DATA_UNSUITABLE, () -> trainer.fit(data, n, bad), "'" + bad + "'", "binary");
      }
      assertRefused(
          ErrorCode.DATA_UNSUITABLE, () -> trainer.fit(data, n, "one"), "'one'", "1 in all 100");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> trainer.fit(data.before("1960-01-01"), n, "y"),
          "no row",
          "'y'");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> trainer.fit(data, EVERYTHING, "third"),
          "'third'",
          "label");
      Trained trained = trainer.fit(data, n, "y");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> trained.evaluate(data.before("1970-01-01T00:00:01")),
          "'y'",
          "both classes");
    }
  }

  @Test
  void takesLabelsOfEveryNumericType() {
    try (Backend backend = JavaBackend.open()) {
      String types =
          String.join(
              ", ",
              List.of(
                      "BOOLEAN",
                      "TINYINT",
                      "SMALLINT",
                      "INTEGER",
                      "BIGINT",
                      "HUGEINT",
                      "UTINYINT",
                      "USMALLINT",
                      "UINTEGER",
                      "UBIGINT",
                      "FLOAT",
                      "DOUBLE",
                      "DECIMAL(9, 3)")
                  .stream()
                  .map(type -> "y::INTEGER::" + type + " AS \"" + type + "\"")
                  .toList());
      TrainingSet data = fixture.set("SELECT *, " + types + " FROM (" + Fixture.MIXED + ")", 200);
      Pipeline n = Pipeline.builder().standardize("n").build();
      Trainer trainer = LogisticTrainer.builder().epochs(1).backend(backend).build();
      Model expected = trainer.fit(data, n, "y").model();
      data.schema().getFields().stream()
          .map(field -> field.getName())
          .filter(name -> types.contains("\"" + name + "\""))
          .forEach(label -> assertThat(trainer.fit(data, n, label).model()).isEqualTo(expected));
    }
  }

  @Test
  void refusesFeaturesThatItCannotLearnFrom() {
    try (Backend backend = JavaBackend.open()) {
      Trainer trainer = mlp(backend).build();
      TrainingSet data =
          fixture.set(
              "SELECT *, NULL::DOUBLE AS empty, n AS probability FROM (" + Fixture.MIXED + ")",
              100);
      assertRefused(
          ErrorCode.NAME_UNKNOWN,
          () -> trainer.fit(data, Pipeline.builder().standardize("x").build(), "y"),
          "'x'");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> trainer.fit(data, Pipeline.builder().standardize("empty").build(), "y"),
          "'empty'",
          "nothing to learn");
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> trainer.fit(data, Pipeline.builder().standardize("probability").build(), "y"),
          "'probability'",
          "rename");
    }
  }

  /** By rates that the builders do not take; ND4J itself replaces an infinite one. */
  @ParameterizedTest
  @CsvSource({
    "java, Infinity, 1, its last step",
    "java, 3e38, 3, epoch 2",
    "nd4j, 3e38, 3, epoch 2"
  })
  void saysThatItDiverges(String name, float rate, int epochs, String when) {
    try (Backend backend = Backends.named(name)) {
      TrainingSet data = fixture.set(Fixture.MIXED, 500);
      NetworkTraining training =
          new NetworkTraining(
              "mlp", List.of(8), epochs, 500, rate, 0.5f, 0, backend, Progress.NONE, null);
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> training.fit(data, EVERYTHING, "y"),
          "training mlp diverged in " + when,
          "learningRate below " + rate,
          "l2 below 0.5");
    }
  }

  @Test
  void checksItsSettings() {
    assertBad(() -> MlpTrainer.builder().epochs(0), "epochs (0) must be > 0");
    assertBad(() -> MlpTrainer.builder().batchRows(-1), "batchRows (-1) must be > 0");
    for (double bad : new double[] {0, -1, 1.5, Double.NaN, 1e-60}) {
      assertBad(
          () -> LogisticTrainer.builder().learningRate(bad),
          "learningRate (" + bad + ") must be > 0 and <= 1");
    }
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY, 1e60}) {
      assertBad(() -> LogisticTrainer.builder().l2(bad), "l2 (" + bad + ") must be >= 0");
    }
    assertBad(() -> MlpTrainer.builder().hidden(), "hidden ([]) must name layers");
    assertBad(() -> MlpTrainer.builder().hidden(8, 0), "hidden ([8, 0]) must name layers");
    assertThatThrownBy(() -> MlpTrainer.builder().backend(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("backend");
    assertThat(MlpTrainer.builder().build())
        .hasToString(
            "MlpTrainer{batchRows=1024, epochs=10, hidden=[64, 32], l2=0.0, learningRate=0.003,"
                + " seed=0, trainer=mlp}");
    assertThat(LogisticTrainer.builder().build().toString()).contains("learningRate=0.01");
  }

  private static void assertBad(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void tellsOfEveryRowItHasSeen() {
    Map<String, Long> told = new TreeMap<>();
    Progress progress =
        (task, total, unit) ->
            units -> told.merge(task + " of " + total + " " + unit, units, Long::sum);
    try (Backend backend = JavaBackend.open()) {
      mlp(backend)
          .epochs(3)
          .batchRows(300)
          .progress(progress)
          .build()
          .fit(fixture.set(Fixture.MIXED, 1000), EVERYTHING, "y");
    }
    assertThat(told).isEqualTo(Map.of("training mlp of 3000 rows", 3000L));
  }

  @Test
  void leavesNothingBehindWhereAListenerFails() {
    Progress failing =
        (task, total, unit) ->
            units -> {
              throw new IllegalStateException("listener");
            };
    try (Backend backend = JavaBackend.open()) {
      Trainer trainer = mlp(backend).progress(failing).build();
      assertThatThrownBy(() -> trainer.fit(fixture.set(Fixture.MIXED, 1000), EVERYTHING, "y"))
          .hasMessage("listener");
    }
  }

  @Test
  void shrinksWeightsByL2() {
    try (Backend backend = JavaBackend.open()) {
      TrainingSet data = fixture.set(Fixture.MIXED, 2000);
      double before = Double.MAX_VALUE;
      for (double l2 : new double[] {0, 0.01, 0.1, 1}) {
        Trained trained =
            LogisticTrainer.builder()
                .epochs(40)
                .l2(l2)
                .backend(backend)
                .build()
                .fit(data, EVERYTHING, "y");
        double size = squaredWeights(trained.model());
        assertThat(size).isLessThan(before);
        before = size;
      }
    }
  }

  /** Of the one weight matrix of a logistic regression. */
  private static double squaredWeights(Model model) {
    double sum = 0;
    int found = 0;
    for (TensorValue value : OnnxFile.read(model.toOnnx()).initializers().values()) {
      if (value.shape().length == 2) {
        found++;
        for (float weight : value.floats()) {
          sum += weight * weight;
        }
      }
    }
    assertThat(found).isEqualTo(1);
    return sum;
  }

  @Test
  void trainsWithBatchesOfAnySize() {
    try (Backend backend = JavaBackend.open()) {
      TrainingSet data = fixture.set(Fixture.MIXED, 1000);
      for (int batch : new int[] {1, 3, 999, 1000, 1001, 1_000_000}) {
        Trained trained =
            LogisticTrainer.builder()
                .epochs(1)
                .batchRows(batch)
                .backend(backend)
                .build()
                .fit(data, EVERYTHING, "y");
        assertThat(trained.losses().get(0)).isBetween(0.1, 1.0);
      }
    }
  }

  @Test
  void takesManyCategoriesInLittleMemory() {
    try (Backend backend = JavaBackend.open()) {
      TrainingSet data =
          fixture.set(
              "SELECT *, 'a' || i % 9000 AS many, 'b' || i % 7000 AS more FROM ("
                  + Fixture.MIXED
                  + ")",
              9500);
      Trained trained =
          LogisticTrainer.builder()
              .epochs(1)
              .batchRows(256)
              .backend(backend)
              .build()
              .fit(data, Pipeline.builder().oneHot("many", "more").build(), "y");
      assertThat(trained.score(data)).hasSize(9500);
      assertThat(fixture.memory.getPeakMemoryAllocation()).isLessThan(200L << 20);
    }
  }
}
