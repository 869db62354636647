package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.registry.TrackedRun.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RunCrashTest {
  @TempDir Path folder;
  @TempDir Path outputs;

  @Test
  void keepsEveryAcknowledgedPointOfAProcessThatIsKilled() throws Exception {
    Random random = new Random();
    try (Registry registry = Registry.open(folder)) {
      for (int kill = 1; kill <= 4; kill++) {
        String id = "m/" + kill;
        Path output = outputs.resolve("kill" + kill);
        Process process = TrackingProcess.start(folder, 1, Integer.MAX_VALUE, output);
        try {
          while (Files.size(output) < 100) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(5);
          }
          TrackedRun running = registry.runs().get(id);
          assertThat(running.status()).isEqualTo(Status.RUNNING);
          assertThatThrownBy(() -> registry.runs().resume(id))
              .isInstanceOfSatisfying(
                  MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT));
          Thread.sleep(random.nextInt(150));
        } finally {
          process.destroyForcibly();
        }
        assertThat(process.waitFor()).isNotZero();
        List<String> lines = RegisteringProcess.acknowledged(output);
        assertThat(lines.get(0)).isEqualTo(id);
        long acknowledged = lines.size() - 1;

        assertThat(registry.verify().problems()).isEmpty();
        assertThat(registry.runs().get(id).status()).isEqualTo(Status.LOST);
        Curve curve = registry.runs().curve(id, "loss");
        assertThat(curve.size()).isBetween((int) acknowledged, (int) acknowledged + 1);
        for (int i = 0; i < curve.size(); i++) {
          assertThat(curve.step(i)).isEqualTo(i + 1);
          assertThat(curve.value(i)).isEqualTo(1.0 / (i + 1));
        }
        goOn(registry, id, curve.size());
      }
      assertThat(registry.runs().search("m", "status = 'finished'")).hasSize(4);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  private void goOn(Registry registry, String id, int points) throws Exception {
    Path log = folder.resolve("runs/" + id + ".log");
    Files.writeString(log, "0123abcd {\"step\":7,", StandardOpenOption.APPEND);
    try (ActiveRun run = registry.runs().resume(id)) {
      assertThat(run.id()).isEqualTo(id);
      assertThat(registry.runs().get(id).status()).isEqualTo(Status.RUNNING);
      run.metric("loss", points + 1, 0);
      run.finish();
    }
    assertThat(registry.runs().curve(id, "loss").size()).isEqualTo(points + 1);
  }

  @Test
  void countsTheRunsOfAllWhoStartSome() throws Exception {
    List<Path> files = List.of(outputs.resolve("a"), outputs.resolve("b"));
    List<String> ids = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (Registry registry = Registry.open(folder)) {
      List<Process> processes = new ArrayList<>();
      for (Path file : files) {
        processes.add(TrackingProcess.start(folder, 40, 0, file));
      }
      List<Future<String>> started = new ArrayList<>();
      for (int i = 0; i < 80; i++) {
        started.add(
            threads.submit(
                () -> {
                  try (ActiveRun run = registry.runs().start("m")) {
                    return run.id();
                  }
                }));
      }
      for (Future<String> each : started) {
        ids.add(each.get());
      }
      for (int i = 0; i < files.size(); i++) {
        assertThat(processes.get(i).waitFor()).isZero();
        ids.addAll(RegisteringProcess.acknowledged(files.get(i)));
      }
      assertThat(ids)
          .containsExactlyInAnyOrderElementsOf(
              IntStream.rangeClosed(1, 160).mapToObj(number -> "m/" + number).toList());
      assertThat(registry.runs().search("m", "status = 'LOST'")).hasSize(80);
      assertThat(registry.runs().search("m", "status = 'FAILED'")).hasSize(80);
      assertThat(registry.verify().problems()).isEmpty();
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void takesPointsFromManyThreadsAtOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (Registry registry = Registry.open(folder);
        ActiveRun run = registry.runs().start("m")) {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        String metric = "m" + thread;
        all.add(
            threads.submit(
                () -> {
                  for (int step = 0; step < 2000; step++) {
                    run.metric(metric, step, step);
                    run.metrics(step, Map.of("all", 1.0));
                    if (step % 500 == 0) {
                      run.tag(metric, "step " + step);
                      run.artifact(metric + "-" + step, new byte[] {(byte) step});
                      registry.runs().get(run.id());
                    }
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      run.finish();
      TrackedRun ended = registry.runs().get(run.id());
      assertThat(ended.metrics().get("all").points()).isEqualTo(8000);
      assertThat(ended.artifacts()).hasSize(16);
      for (int thread = 0; thread < 4; thread++) {
        assertThat(registry.runs().curve(run.id(), "m" + thread).steps()).isSorted().hasSize(2000);
      }
      assertThat(registry.verify().problems()).isEmpty();
    } finally {
      threads.shutdownNow();
    }
  }
}
