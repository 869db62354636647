package io.mlinfra.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.AliasMove;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.TrackedRun;
import io.mlinfra.registry.Version;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Target;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job on the first days of the flights. */
class FlightDelaysTest {
  @TempDir Path folder;

  @Test
  void theSameFlightsGiveTheSameChampionTwiceAndServeWhatWasTrained() throws IOException {
    Path few = fewFlights();
    JsonNode first = run(few, folder.resolve("first"));
    JsonNode second = run(few, folder.resolve("second"));

    assertThat(second.get("championHash")).isEqualTo(first.get("championHash"));
    assertThat(first.get("rows").asInt()).isGreaterThan(70_000);
    assertThat(first.get("trainRows").asInt() + first.get("testRows").asInt())
        .isEqualTo(first.get("rows").asInt());
    assertThat(first.get("constraints").asInt()).isEqualTo(15);
    assertThat(first.get("constraintScans").asInt()).isEqualTo(3);
    assertThat(first.get("maxServedDifference").asDouble()).isLessThan(1e-6);
    assertThat(first.get("mlpAuc").asDouble()).isGreaterThan(0.6);
    assertThat(first.get("servedP50Micros").asDouble()).isPositive();
    assertThat(first.get("auditedRows").asInt()).isGreaterThan(10_000);
    assertThat(first.get("skewedFeatures").asInt()).isZero();
    assertThat(first.get("seconds").size()).isEqualTo(6);
    assertThat(Files.readString(folder.resolve("first/report.html")))
        .startsWith("<!DOCTYPE html>")
        .contains("origin__mean_delay_3h");
    assertThat(Files.readString(folder.resolve("first/data.html")))
        .startsWith("<!DOCTYPE html>")
        .contains("15", "all of", "<svg", "dataset flights:1");
  }

  @Test
  void theRegistryKnowsHowItCameAboutAlsoAfterAnotherJob() throws IOException {
    Path few = fewFlights();
    Path output = folder.resolve("output");
    JsonNode first = run(few, output);
    Map<Kind, List<Version>> versions;
    List<AliasMove> moves;
    try (Registry registry = Registry.open(output.resolve("registry"))) {
      versions = versions(registry);
      moves = registry.history("flight-delay", "champion");
      assertThat(counts(versions))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  Kind.DATASET, 1,
                  Kind.FEATURES, 3,
                  Kind.PIPELINE, 2,
                  Kind.RUN, 2,
                  Kind.MODEL, 2,
                  Kind.EVALUATION, 2,
                  Kind.PROFILE, 1));
      assertLineage(registry);
      assertMoves(registry, first, moves);
      assertThat(
              registry
                  .runs()
                  .search("flight-delay", "metrics.test.auc > 0.6 order by metrics.test.auc desc"))
          .extracting(run -> run.params().get("trainer"))
          .containsExactly("mlp", "logistic");
      assertThat(registry.runs().children("flight-delay/1"))
          .allSatisfy(run -> assertThat(run.status()).isEqualTo(TrackedRun.Status.FINISHED))
          .hasSize(2);
      assertThat(registry.runs().artifact("flight-delay/1", "report.html"))
          .isEqualTo(Files.readAllBytes(output.resolve("report.html")));
      assertThat(registry.runs().artifact("flight-delay/1", "data.html"))
          .isEqualTo(Files.readAllBytes(output.resolve("data.html")));
      assertThat(versions.get(Kind.MODEL))
          .allSatisfy(
              model -> assertThat(model.attachments()).containsOnlyKeys("input-example.json"));
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(registry.auditHead()).isEqualTo(first.get("auditHead").asText());
    }
    assertThat(first.get("runs").asInt()).isEqualTo(3);
    assertThat(first.get("verified").asBoolean()).isTrue();
    assertThat(first.get("championCheck").get("logistic").asText()).isEqualTo("passed");
    assertThat(Files.readString(output.resolve("lineage.html")))
        .startsWith("<!DOCTYPE html>")
        .contains(first.get("championHash").asText(), "metrics.test.auc", "<svg");

    JsonNode second = run(few, output);
    assertThat(second.get("championHash")).isEqualTo(first.get("championHash"));
    assertThat(second.get("runs").asInt()).isEqualTo(6);
    assertThat(second.get("verified").asBoolean()).isTrue();
    try (Registry registry = Registry.open(output.resolve("registry"))) {
      assertThat(versions(registry)).isEqualTo(versions);
      assertThat(registry.history("flight-delay", "champion")).isEqualTo(moves);
      assertThat(registry.verify(first.get("auditHead").asText()).problems()).isEmpty();
    }
  }

  @Test
  void aChampionOfOtherFlightsMustBeBeatenOnTheseFlights() throws IOException {
    Path output = folder.resolve("output");
    JsonNode first = run(fewFlights(), output, "2001-01-04");
    JsonNode second = run(fewFlights(), output, "2001-01-05");

    int former = first.get("championVersion").asInt();
    try (Registry registry = Registry.open(output.resolve("registry"))) {
      Version version = registry.version(Kind.MODEL, "flight-delay:" + former);
      assertThat(registry.evaluations(version)).hasSize(2);
      assertThat(registry.version(Kind.MODEL, "flight-delay@champion").id().hash().hex())
          .isEqualTo(second.get("championHash").asText());
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  private static Map<Kind, List<Version>> versions(Registry registry) {
    Map<Kind, List<Version>> versions = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      for (String name : registry.names(kind)) {
        versions
            .computeIfAbsent(kind, any -> new ArrayList<>())
            .addAll(registry.versions(kind, name));
      }
    }
    return versions;
  }

  private static Map<Kind, Integer> counts(Map<Kind, List<Version>> versions) {
    Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
    versions.forEach((kind, of) -> counts.put(kind, of.size()));
    return counts;
  }

  private static void assertLineage(Registry registry) {
    Version champion = registry.version(Kind.MODEL, "flight-delay@champion");
    Version flights = registry.version(Kind.DATASET, "flights");
    Lineage lineage = registry.lineage(champion);
    assertThat(lineage.sources())
        .contains(flights.id())
        .extracting(VersionId::kind)
        .containsExactlyInAnyOrder(
            Kind.DATASET, Kind.FEATURES, Kind.FEATURES, Kind.FEATURES, Kind.PIPELINE, Kind.RUN);
    assertThat(lineage.products())
        .extracting(VersionId::kind)
        .containsExactlyInAnyOrder(Kind.EVALUATION, Kind.PROFILE);
    assertThat(registry.lineage(flights).products())
        .contains(champion.id())
        .containsAll(lineage.products());
  }

  /** The logistic regression came first; the other one if it won, and then it has the last word. */
  private static void assertMoves(Registry registry, JsonNode summary, List<AliasMove> moves) {
    List<VersionId> offered =
        summary.get("championCheck").get("mlp").asText().equals("passed")
            ? List.of(model(registry, 1), model(registry, 2))
            : List.of(model(registry, 1));
    assertThat(moves).extracting(move -> move.to().orElseThrow()).isEqualTo(offered);
    assertThat(moves)
        .allSatisfy(
            move -> {
              assertThat(move.actor()).isEqualTo(System.getProperty("user.name"));
              assertThat(move.reason()).isEqualTo("the higher AUC on the test rows");
            });
    assertThat(summary.get("championHash").asText())
        .isEqualTo(offered.get(offered.size() - 1).hash().hex());
  }

  private static VersionId model(Registry registry, int number) {
    return registry.version(Kind.MODEL, "flight-delay:" + number).id();
  }

  private Path fewFlights() {
    return flights("few", "SELECT * FROM flights WHERE date < TIMESTAMP '2001-01-06'");
  }

  private Path flights(String name, String sql) {
    Path file = folder.resolve(name + ".parquet");
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse.load("flights", Source.parquet(Path.of("data", "flights-2001.parquet")));
      warehouse.sql(sql).export(Target.parquet(file).overwrite(true));
    }
    return file;
  }

  private JsonNode run(Path data, Path output) throws IOException {
    return run(data, output, "2001-01-05");
  }

  private JsonNode run(Path data, Path output, String cut) throws IOException {
    FlightDelays.run("--data", data.toString(), "--cut", cut, "--output", output.toString());
    return new ObjectMapper().readTree(output.resolve("summary.json").toFile());
  }

  @Test
  void aMissingFileIsNamed() {
    Path missing = folder.resolve("nowhere.parquet");
    assertThatThrownBy(
            () -> FlightDelays.run("--data", missing.toString(), "--output", folder.toString()))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_MISSING))
        .hasMessageContaining("nowhere.parquet");
  }

  @Test
  void nothingLearnsFromFlightsThatAreNotAsTheyShouldBe() {
    Path torn =
        flights(
            "torn",
            "SELECT * REPLACE (nullif(origin, 'JFK') AS origin, -1 AS distance)"
                + " FROM flights LIMIT 9000");
    assertRefused(
        torn,
        ErrorCode.CONSTRAINT_VIOLATED,
        "table 'trips' violates 2 of 13 constraints",
        "\"origin\" is not null: ",
        "\"distance\" >= 1 and <= 12500: ");
    Path none = flights("none", "SELECT * FROM flights LIMIT 0");
    assertRefused(
        none,
        ErrorCode.CONSTRAINT_VIOLATED,
        "violates 1 of 13 constraints: row count >= 1: 0 rows");
    Path twice = flights("twice", "(FROM flights LIMIT 9000) UNION ALL (FROM flights LIMIT 9000)");
    assertRefused(twice, ErrorCode.CONSTRAINT_VIOLATED, "violates 1 of 13", "unique");
    try (Registry registry = Registry.open(folder.resolve("output/registry"))) {
      assertThat(versions(registry)).isEmpty();
      assertThat(registry.runs().search("flight-delay", "status = 'failed'")).hasSize(3);
    }
  }

  @Test
  void aColumnThatIsMissingOrOfAnotherTypeIsNamed() {
    Path without = flights("without", "SELECT * EXCLUDE (delay) FROM flights LIMIT 9");
    assertRefused(without, ErrorCode.NAME_UNKNOWN, "'delay'", "date, distance, origin");
    Path text = flights("text", "SELECT * REPLACE (delay::VARCHAR AS delay) FROM flights LIMIT 9");
    assertRefused(text, ErrorCode.DATA_UNSUITABLE, "delay");
  }

  private void assertRefused(Path data, ErrorCode code, String... message) {
    Path output = folder.resolve("output");
    assertThatThrownBy(
            () -> FlightDelays.run("--data", data.toString(), "--output", output.toString()))
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(message);
  }

  @Test
  void anUnknownOptionIsNamedBesideThoseThereAre() {
    assertThatThrownBy(() -> FlightDelays.run("--speed", "high"))
        .hasMessageContaining("--speed")
        .hasMessageContaining("--data");
    assertThatThrownBy(() -> FlightDelays.run("--data")).hasMessageContaining("needs a value");
    assertThatThrownBy(() -> FlightDelays.run("--cut", "tomorrow"))
        .hasMessageContaining("tomorrow");
  }
}
