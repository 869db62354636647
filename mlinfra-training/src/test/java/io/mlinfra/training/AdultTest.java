package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Backends;
import io.mlinfra.warehouse.Source;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The Adult data set of the UCI repository against scikit-learn 1.2.1 with the same split and
 * preparation: logistic regression reaches an AUC of 0.9055 there, an MLP 0.9121.
 */
class AdultTest {
  private static final Path FILE = Path.of("../../shared/data/adult.csv");

  private static final String TEXTS =
      "workclass, education, \"marital-status\", occupation, relationship, race, sex,"
          + " \"native-country\"";

  private static final Pipeline PIPELINE =
      Pipeline.builder()
          .standardize("age", "education-num", "capital-gain", "capital-loss", "hours-per-week")
          .oneHot(
              "workclass",
              "education",
              "marital-status",
              "occupation",
              "relationship",
              "race",
              "sex",
              "native-country")
          .build();

  @BeforeEach
  void requireData() {
    assumeTrue(Files.exists(FILE), () -> FILE.toAbsolutePath().normalize() + " is not there");
  }

  /** Every row whose number, mixed up, falls into the last or first fifth of 32 bits. */
  private static String rows(boolean test) {
    return "SELECT make_timestamp(i) AS moment, * REPLACE ("
        + String.join(
            ", ",
            Arrays.stream(TEXTS.split(",\\s*"))
                .map(
                    column -> "coalesce(NULLIF(trim(" + column + "), '?'), 'missing') AS " + column)
                .toList())
        + "), trim(\"income-per-year\") = '>50K' AS rich FROM"
        + " (SELECT row_number() OVER () - 1 AS i, * FROM adult)"
        + " WHERE (((i * 2654435761) & 4294967295) < 858993459) = "
        + test;
  }

  private static Evaluation evaluate(Trainer trainer, Fixture fixture) {
    fixture.warehouse.load("adult", Source.csv(FILE));
    TrainingSet training = fixture.set(rows(false));
    TrainingSet test = fixture.set(rows(true));
    assertThat(training.rows()).isEqualTo(26_048);
    assertThat(test.rows()).isEqualTo(6_513);
    Evaluation evaluation = trainer.fit(training, PIPELINE, "rich").evaluate(test);
    assertThat(evaluation.baseRate()).isBetween(0.24005, 0.24015);
    return evaluation;
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void logisticRegressionIsAsGoodAsTheReference(String name) {
    try (Fixture fixture = new Fixture();
        Backend backend = Backends.named(name)) {
      Trainer trainer = LogisticTrainer.builder().batchRows(200).l2(1e-5).backend(backend).build();
      assertThat(evaluate(trainer, fixture).auc()).isBetween(0.9055 - 0.005, 0.9055 + 0.005);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "nd4j"})
  void multiLayerPerceptronIsAsGoodAsTheReference(String name) {
    try (Fixture fixture = new Fixture();
        Backend backend = Backends.named(name)) {
      Trainer trainer =
          MlpTrainer.builder()
              .epochs(6)
              .batchRows(200)
              .learningRate(0.001)
              .l2(1e-4)
              .backend(backend)
              .build();
      Evaluation evaluation = evaluate(trainer, fixture);
      assertThat(evaluation.auc()).isBetween(0.9121 - 0.01, 0.9121 + 0.01);
      assertThat(evaluation.logLoss()).isLessThan(0.32);
    }
  }
}
