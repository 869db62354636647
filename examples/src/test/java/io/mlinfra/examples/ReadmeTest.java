package io.mlinfra.examples;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.serving.Deployment;
import io.mlinfra.training.LogisticTrainer;
import io.mlinfra.training.Trained;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of the README compiles and runs. {@link DocumentationTest} compares the two. */
class ReadmeTest {
  @Test
  void theCodeOfTheReadmeRuns(@TempDir Path folder) {
    double probability = probability(folder, Path.of("data", "flights-2001.parquet"));
    assertThat(probability).isBetween(0.01, 0.99);
  }

  private static double probability(Path folder, Path file) {
    double answer;
    try (Warehouse warehouse = Warehouse.open(folder.resolve("flights.db"));
        Registry registry = Registry.open(folder.resolve("registry"))) {

      warehouse.load("trips", Source.parquet(file));
      warehouse.execute(
          """
          CREATE VIEW flights AS
          SELECT *, delay > 15 AS late,
                 date + to_minutes(CAST(30 + distance // 8 + greatest(delay, 0) AS INTEGER)) AS landed
          FROM trips""");

      FeatureView origin =
          FeatureView.named("origin")
              .from("flights")
              .entity("origin")
              .eventTime("date")
              .knownAt("landed")
              .window(Duration.ofHours(24), mean("delay"), count())
              .build();

      try (FeatureStore features = FeatureStore.open(warehouse, origin);
          TrainingSet flights = features.trainingSet("SELECT * FROM flights", "date")) {

        Pipeline pipeline =
            Pipeline.builder()
                .standardize("distance", "origin__mean_delay_1d", "origin__count_1d")
                .oneHot("origin", "destination")
                .build();
        Trained trained =
            LogisticTrainer.builder()
                .epochs(2)
                .seed(7)
                .build()
                .fit(flights.before("2001-02-05"), pipeline, "late");
        Version version = registry.register("flight-delay", trained);
        registry.promote("flight-delay", "champion", version);

        OnlineStore online = OnlineStore.inMemory();
        LocalDateTime now = LocalDateTime.parse("2001-02-05T00:00");
        online.materialize(features, now);
        try (Deployment delay = Deployment.open(registry, "flight-delay@champion")) {
          Map<String, Object> flight = new HashMap<>();
          flight.putAll(Map.of("origin", "JFK", "destination", "LAX", "distance", 2475L));
          online.at(now).get(origin, "JFK").into(flight);
          double probability = delay.predict(flight).probability();
          answer = probability;
        }
      }
    }
    return answer;
  }
}
