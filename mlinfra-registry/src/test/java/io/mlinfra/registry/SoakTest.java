package io.mlinfra.registry;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SoakTest {
  @TempDir Path folder;

  @Test
  void losesNothingOfProcessesThatAreKilledAtRandom() throws Exception {
    int rounds = Integer.getInteger("mlinfra.soak.rounds", 2);
    int seconds = Integer.getInteger("mlinfra.soak.seconds", 4);
    new Soak(folder, System.out).run(rounds, Duration.ofSeconds(seconds));
  }
}
