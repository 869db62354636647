package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.Kind;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.TrackedRun;
import io.mlinfra.registry.Version;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.JavaBackend;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrackingTest {
  private static final Pipeline PIPELINE = Pipeline.builder().standardize("wave", "n").build();

  @TempDir Path folder;

  @Test
  void tellsARunOfEachEpochAndRegisteringTellsItNoSecondTime() {
    try (Fixture fixture = new Fixture();
        Backend backend = JavaBackend.open();
        Registry registry = Registry.open(folder)) {
      TrainingSet data = fixture.set(Fixture.MIXED, 500);
      Version live;
      Trained trained;
      try (ActiveRun run = registry.runs().start("delay")) {
        trained =
            MlpTrainer.builder()
                .hidden(4)
                .epochs(3)
                .backend(backend)
                .track(run)
                .build()
                .fit(data, PIPELINE, "y");
        assertThat(registry.runs().curve(run.id(), "train.logLoss").values())
            .containsExactly(trained.losses().stream().mapToDouble(Double::doubleValue).toArray());
        live = run.register("delay", trained);
        run.finish();
      }
      Version later = registry.register("delay", trained);

      assertThat(later).isEqualTo(live);
      assertThat(registry.runs().search("delay", "")).hasSize(2);
      for (TrackedRun run : registry.runs().search("delay", "params.trainer = 'mlp'")) {
        assertThat(registry.runs().curve(run.id(), "train.logLoss").steps())
            .containsExactly(1, 2, 3);
        assertThat(run.metrics().get("train.logLoss").last())
            .isEqualTo(trained.run().metrics().get("train.logLoss"));
      }
      Version pipeline = registry.version(Kind.PIPELINE, "delay");
      assertThat(new String(registry.content(pipeline), StandardCharsets.UTF_8))
          .isEqualTo(PIPELINE.toString());
      assertThat(registry.version(Kind.RUN, "delay").madeFrom()).contains(pipeline.id());
    }
  }

  @Test
  void keepsTheFirstRowsAsTheModelTakesThemOnceAsked() {
    Pipeline all =
        Pipeline.builder()
            .standardize("wave", "n", "narrow", "third")
            .missingIndicator("wave")
            .oneHot("city", "code")
            .build();
    try (Fixture fixture = new Fixture();
        Backend backend = JavaBackend.open();
        Registry registry = Registry.open(folder)) {
      TrainingSet data = fixture.set(Fixture.MIXED, 500);
      Trained trained =
          LogisticTrainer.builder().epochs(1).backend(backend).build().fit(data, all, "y");
      assertThat(trained.inputExample()).isEmpty();
      Version version =
          registry.register(
              "delay", trained.withExample(data).with("train", trained.evaluate(data)));

      assertThat(
              new String(
                  registry.attachment(version, "input-example.json"), StandardCharsets.UTF_8))
          .startsWith("[{")
          // The first row has neither a wave nor a city.
          .contains("\"n\":0", "\"n\":919", "\"n\":838", "\"city\":\"c7\"", "\"third\":true")
          .containsPattern("\"wave\":3\\.52")
          .containsPattern("\"narrow\":-98\\.99");
      assertThat(trained.withExample(data).inputExample()).hasSize(3);
      assertThat(trained.withExample(data).inputExample().get(0))
          .doesNotContainKeys("wave", "city");
    }
  }
}
