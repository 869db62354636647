package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.utf8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.registry.TrackedRun.Metric;
import io.mlinfra.registry.TrackedRun.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs that were tracked once are read for ever: {@code runs-schema-2} among the test resources
 * holds one that failed and one that goes on, on another host, and must never be written again.
 */
class RunFormatTest {
  @TempDir Path folder;

  @Test
  void readsRunsOfSchemaTwo() throws Exception {
    Path source = Path.of(requireNonNull(getClass().getResource("/runs-schema-2")).toURI());
    for (Path file : filesBelow(source)) {
      Path target = folder.resolve(source.relativize(file).toString());
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
    }
    try (Registry registry = Registry.open(folder)) {
      assertThat(registry.verify().problems()).isEmpty();
      Runs runs = registry.runs();
      TrackedRun failed = runs.get("delay/1");
      assertThat(failed.status()).isEqualTo(Status.FAILED);
      assertThat(failed.error()).isEqualTo("no data");
      assertThat(failed.ended()).hasToString("Optional[2026-11-22T12:00:03Z]");
      TrackedRun running = runs.get("delay/2");
      assertThat(running.status()).isEqualTo(Status.RUNNING);
      assertThat(running.parent()).contains("delay/1");
      for (TrackedRun run : runs.search("delay", "actor = 'ada' and tags.ticket = 'ML-17'")) {
        assertThat(run.started()).isEqualTo("2026-11-22T12:00:00Z");
        assertThat(run.params()).containsExactly(Map.entry("größe", "\"klein\"\n"));
        assertThat(run.environment()).containsExactly(Map.entry("java.version", "17.0.15"));
        assertThat(run.metrics())
            .containsExactly(Map.entry("loss", new Metric(2e-3 / 3, 3, 2e-3 / 3, 2e-3, 3)));
        assertThat(run.inputs())
            .extracting(id -> id.name() + id.number())
            .containsExactly("flights1");
        assertThat(run.versions())
            .extracting(id -> id.name() + id.number())
            .containsExactly("delay1");
        Curve loss = runs.curve(run.id(), "loss");
        assertThat(loss.steps()).containsExactly(1, 2, 3);
        assertThat(loss.values()).containsExactly(2e-3, Double.NaN, 2e-3 / 3);
        assertThat(loss.time(2).toEpochMilli()).isEqualTo(1795000000003L);
        assertThat(runs.artifact(run.id(), "confusion.csv")).isEqualTo(utf8("1,2\n"));
      }
      assertThat(runs.search("delay", "tags.ticket is not null")).hasSize(2);
    }
  }
}
