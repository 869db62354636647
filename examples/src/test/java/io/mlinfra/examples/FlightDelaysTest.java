package io.mlinfra.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job on the first days of the flights. */
class FlightDelaysTest {
  @TempDir Path folder;

  @Test
  void theSameFlightsGiveTheSameChampionTwiceAndServeWhatWasTrained() throws IOException {
    Path few = folder.resolve("few.parquet");
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse.execute(
          "COPY (FROM read_parquet('data/flights-2001.parquet') WHERE date < TIMESTAMP '2001-01-06') TO '"
              + few
              + "' (FORMAT parquet)");
    }
    JsonNode first = run(few, folder.resolve("first"));
    JsonNode second = run(few, folder.resolve("second"));

    assertThat(second.get("championHash")).isEqualTo(first.get("championHash"));
    assertThat(first.get("rows").asInt()).isGreaterThan(70_000);
    assertThat(first.get("trainRows").asInt() + first.get("testRows").asInt())
        .isEqualTo(first.get("rows").asInt());
    assertThat(first.get("maxServedDifference").asDouble()).isLessThan(1e-6);
    assertThat(first.get("mlpAuc").asDouble()).isGreaterThan(0.6);
    assertThat(first.get("servedP50Micros").asDouble()).isPositive();
    assertThat(first.get("seconds").size()).isEqualTo(5);
    assertThat(Files.readString(folder.resolve("first/report.html")))
        .startsWith("<!DOCTYPE html>")
        .contains("origin__mean_delay_3h");
  }

  private JsonNode run(Path data, Path output) throws IOException {
    FlightDelays.run(
        "--data", data.toString(), "--cut", "2001-01-05", "--output", output.toString());
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
  void anUnknownOptionIsNamedBesideThoseThereAre() {
    assertThatThrownBy(() -> FlightDelays.run("--speed", "high"))
        .hasMessageContaining("--speed")
        .hasMessageContaining("--data");
    assertThatThrownBy(() -> FlightDelays.run("--data")).hasMessageContaining("needs a value");
    assertThatThrownBy(() -> FlightDelays.run("--cut", "tomorrow"))
        .hasMessageContaining("tomorrow");
  }
}
