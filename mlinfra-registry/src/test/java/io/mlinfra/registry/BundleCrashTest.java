package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class BundleCrashTest {
  private static final int VERSIONS = 200;

  @TempDir Path parent;

  @Test
  @Timeout(180)
  void leavesCompleteVersionsOfAnImportThatIsKilledAndFinishesWhenAskedAgain() throws Exception {
    Path bundle = parent.resolve("bundle.zip");
    Version root;
    try (Registry origin = Registry.open(parent.resolve("origin"))) {
      root = origin.register(Registration.of(Kind.DATASET, "d").content(utf8("0")));
      for (int i = 1; i < VERSIONS; i++) {
        root =
            origin.register(
                Registration.of(Kind.DATASET, "d").content(utf8("" + i)).madeFrom(root));
      }
      origin.exportBundle(root, bundle);
    }
    Random random = new Random();
    Path folder = parent.resolve("target");
    try (Registry target = Registry.open(folder)) {
      int killedWithin = 0;
      for (int kill = 0; kill < 4; kill++) {
        int before = target.versions(Kind.DATASET, "d").size();
        Process process = ImportingProcess.start(folder, bundle);
        try {
          while (process.isAlive() && target.versions(Kind.DATASET, "d").size() < before + 3) {
            Thread.sleep(1);
          }
          Thread.sleep(random.nextInt(20));
        } finally {
          process.destroyForcibly();
        }
        process.waitFor();

        List<Version> there = target.versions(Kind.DATASET, "d");
        killedWithin += there.size() < VERSIONS ? 1 : 0;
        for (Version version : there) {
          assertThat(target.content(version)).isEqualTo(utf8("" + (version.id().number() - 1)));
          version.madeFrom().forEach(target::version);
        }
        assertThat(target.verify().problems()).isEmpty();
      }
      // Otherwise this machine is too fast for so few versions, and nothing was tested.
      assertThat(killedWithin).isPositive();

      assertThat(target.importBundle(bundle)).isEqualTo(root);
      assertThat(target.versions(Kind.DATASET, "d")).hasSize(VERSIONS);
      assertThat(target.verify().problems()).isEmpty();
    }
  }
}
