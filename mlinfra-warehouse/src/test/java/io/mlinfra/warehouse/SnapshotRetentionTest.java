package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotRetentionTest {
  @TempDir Path folder;
  private Warehouse warehouse;
  private Registry registry;
  private Snapshots snapshots;

  @BeforeEach
  void open() {
    warehouse = Warehouse.inMemory();
    registry = Registry.open(folder);
    snapshots = new Snapshots(warehouse, registry, new PartSizes(50, 100, 400), false);
  }

  @AfterEach
  void close() {
    registry.close();
    warehouse.close();
  }

  private Snapshot take(String name, int rows) {
    return snapshots.take(name, "SELECT i, hash(i) AS h FROM range(" + rows + ") t(i)");
  }

  private Version made(Kind kind, String content, Version... madeFrom) {
    return registry.register(
        Registration.of(kind, "delay")
            .content(content.getBytes(StandardCharsets.UTF_8))
            .madeFrom(madeFrom));
  }

  private List<Path> blobs() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("blobs"))) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void keepsWhatThePolicyKeepsAndWhatItShares() throws IOException {
    List<Snapshot> all = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      all.add(take("flights", 1000 * i));
    }
    Snapshot other = take("other", 10);
    int before = blobs().size();
    List<VersionId> deleted =
        snapshots.expire("flights", Retention.keepLast(2), "older than the policy");
    assertThat(deleted)
        .containsExactlyInAnyOrderElementsOf(
            all.subList(0, 3).stream().map(s -> s.version().id()).toList());
    assertThat(snapshots.list("flights")).containsExactlyElementsOf(all.subList(3, 5));
    assertThat(snapshots.list("other")).containsExactly(other);
    // Three manifests and the parts that were the last ones then; all others are shared.
    assertThat(before - blobs().size()).isBetween(3, 9);
    snapshots.restore(all.get(4), "back");
    assertThat(warehouse.rows("back")).isEqualTo(5000);
    assertFails(ErrorCode.NAME_UNKNOWN, () -> snapshots.get("flights:1"))
        .hasMessageContaining("older than the policy");
    assertThat(registry.verify().isClean()).isTrue();
    assertThat(take("flights", 6000).version().id().number()).isEqualTo(6);
    // What was deleted can come back, as a new version.
    assertThat(take("flights", 1000).version().id().number()).isEqualTo(7);
  }

  @Test
  void neverDeletesWhatALineageNames() {
    Snapshot ofModel = take("flights", 1000);
    Snapshot ofFeatures = take("flights", 1100);
    Snapshot ofSnapshot = take("flights", 1200);
    Snapshot free = take("flights", 1300);
    Version run = made(Kind.RUN, "{}", ofModel.version());
    made(Kind.MODEL, "model", run);
    Version features = made(Kind.FEATURES, "features", ofFeatures.version());
    snapshots.take("sums", "SELECT 1 AS one", ofSnapshot.version());
    assertThat(snapshots.expire("flights", Retention.keepLast(0), "all"))
        .containsExactly(free.version().id());
    assertThat(snapshots.list("flights")).containsExactly(ofModel, ofFeatures, ofSnapshot);
    registry.delete(features, "wrong");
    assertThat(snapshots.expire("flights", Retention.keepLast(0), "all"))
        .containsExactly(ofFeatures.version().id());
    assertThat(registry.verify().isClean()).isTrue();
  }

  @Test
  void theNextSnapshotWritesWhatADeletedOneHad() {
    Snapshot first = take("flights", 3000);
    snapshots.expire("flights", Retention.keepLast(0), "all");
    Snapshot again = take("flights", 3000);
    assertThat(again.version().id().hash()).isEqualTo(first.version().id().hash());
    assertThat(again.version().id().number()).isEqualTo(2);
    snapshots.restore(again, "back");
    assertThat(warehouse.rows("back")).isEqualTo(3000);
  }
}
