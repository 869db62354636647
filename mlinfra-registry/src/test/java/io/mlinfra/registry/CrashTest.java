package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.registerModel;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class CrashTest {
  @TempDir Path folder;
  @TempDir Path outputs;

  @Test
  @Timeout(120)
  void keepsEveryAcknowledgedVersionOfWritersThatAreKilled() throws Exception {
    Random random = new Random();
    List<String> acknowledged = new ArrayList<>();
    try (Registry registry = Registry.open(folder)) {
      for (int kill = 0; kill < 5; kill++) {
        int before = registry.versions(Kind.MODEL, "m").size();
        Path output = outputs.resolve("kill" + kill);
        Process process = RegisteringProcess.start(folder, "kill" + kill, 1_000_000, output);
        try {
          while (registry.versions(Kind.MODEL, "m").size() < before + 3) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(5);
          }
          Thread.sleep(random.nextInt(150));
        } finally {
          process.destroyForcibly();
        }
        assertThat(process.waitFor()).isNotZero();
        acknowledged.addAll(RegisteringProcess.acknowledged(output));

        assertThat(registry.verify().problems()).isEmpty();
        // The lock died with its holder.
        registerModel(registry, "m", "after kill " + kill);
      }
      assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(10);
      for (String line : acknowledged) {
        ConcurrencyTest.assertAcknowledged(registry, line);
      }
      for (Alias alias : registry.aliases("m")) {
        assertThat(registry.history("m", alias.alias()))
            .last()
            .extracting(AliasMove::to)
            .isEqualTo(Optional.of(alias.version()));
      }
      assertThat(registry.aliases("m")).hasSize(5);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }
}
