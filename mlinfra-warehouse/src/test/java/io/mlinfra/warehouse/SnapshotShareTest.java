package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Keyring;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.RegistryOptions;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What versions of one name have in common on the disk, and that it stays the same. */
class SnapshotShareTest {
  private static final PartSizes SMALL = new PartSizes(50, 100, 400);

  @TempDir Path folder;
  private Warehouse warehouse;
  private Registry registry;
  private Snapshots snapshots;

  @BeforeEach
  void open() {
    warehouse = Warehouse.inMemory();
    registry = Registry.open(folder.resolve("registry"));
    snapshots = new Snapshots(warehouse, registry, SMALL, false);
    warehouse.execute(
        "CREATE TABLE t AS SELECT i AS id, hash(i) % 100 AS v, 'r' || i AS s,"
            + " (i / 7)::DOUBLE AS x FROM range(10000) t(i)");
  }

  @AfterEach
  void close() {
    registry.close();
    warehouse.close();
  }

  private static Set<String> parts(Snapshot snapshot) {
    return new HashSet<>(snapshot.version().attachments().keySet());
  }

  private static int fresh(Snapshot before, Snapshot after) {
    Set<String> parts = parts(after);
    parts.removeAll(parts(before));
    return parts.size();
  }

  private Map<Path, FileTime> blobs(Path registry) throws IOException {
    try (Stream<Path> files = Files.walk(registry.resolve("blobs"))) {
      return files
          .filter(Files::isRegularFile)
          .collect(
              Collectors.toMap(
                  file -> file,
                  file -> {
                    try {
                      return Files.getLastModifiedTime(file);
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  }));
    }
  }

  @Test
  void whatWasThereIsNotWrittenAgain() throws IOException {
    Snapshot first = snapshots.take("d", "SELECT * FROM t ORDER BY id");
    assertThat(first.parts()).isBetween(30, 140);
    Map<Path, FileTime> before = blobs(folder.resolve("registry"));
    warehouse.execute("INSERT INTO t SELECT i, 0, 'new', 0 FROM range(10000, 10100) t(i)");
    Snapshot appended = snapshots.take("d", "SELECT * FROM t ORDER BY id");
    assertThat(appended.rows()).isEqualTo(10_100);
    assertThat(fresh(first, appended)).isBetween(1, 4);
    assertThat(blobs(folder.resolve("registry"))).containsAllEntriesOf(before);

    warehouse.execute("DELETE FROM t WHERE id = 3000");
    warehouse.execute("INSERT INTO t VALUES (-1, 5, 'first', 0)");
    warehouse.execute("UPDATE t SET s = 'other' WHERE id = 7000");
    Snapshot changed = snapshots.take("d", "SELECT * FROM t ORDER BY id");
    assertThat(fresh(appended, changed)).isBetween(3, 12);
    assertThat(registry.verify().isClean()).isTrue();
    snapshots.restore(changed, "back");
    assertThat(warehouse.execute("(FROM t) EXCEPT ALL (FROM back)")).isZero();
  }

  @Test
  void takenOverOrWrittenTheVersionIsTheSame() {
    snapshots.take("d", "FROM t ORDER BY id");
    warehouse.execute("UPDATE t SET v = 1000 WHERE id BETWEEN 5000 AND 5010");
    Snapshot shared = snapshots.take("d", "FROM t ORDER BY id");
    assertThat(snapshots.strict().take("d", "FROM t ORDER BY id")).isEqualTo(shared);
    Snapshot alone = snapshots.strict().take("e", "FROM t ORDER BY id");
    assertThat(alone.version().id().hash()).isEqualTo(shared.version().id().hash());
    assertThat(alone.version().attachments()).isEqualTo(shared.version().attachments());
  }

  @Property(tries = 12)
  void partsDependOnTheRowsOnly(
      @ForAll @IntRange(min = 0, max = 2000) int rows,
      @ForAll @IntRange(min = 1, max = 40) int values,
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 1, max = 3) int threads)
      throws IOException {
    Path folder = Files.createTempDirectory("share");
    String sql =
        "SELECT hash(i, %d) %% %d AS v, CASE WHEN i %% 3 > 0 THEN i //%d END AS w FROM range(%d) t(i)"
            .formatted(seed, values, values, rows);
    try (Registry registry = Registry.open(folder);
        Warehouse one = Warehouse.inMemory();
        Warehouse other = Warehouse.inMemory(WarehouseOptions.builder().threads(threads).build())) {
      Snapshot first = new Snapshots(one, registry, SMALL, false).take("d", sql);
      other.execute("CREATE TABLE t AS " + sql);
      other.execute("INSERT INTO t VALUES (99, 99)");
      other.execute("DELETE FROM t WHERE v = 99");
      Snapshots others = new Snapshots(other, registry, SMALL, false);
      assertThat(others.strict().takeTable("d", "t")).isEqualTo(first);
      assertThat(first.rows()).isEqualTo(rows);
      assertThat(first.manifest().parts()).allMatch(part -> part.rows() <= SMALL.most());
      // A row at the front moves all others, and leaves most parts as they are.
      other.execute("CREATE TABLE u AS FROM t LIMIT 0");
      other.execute("INSERT INTO u SELECT 98, 98 UNION ALL FROM t");
      Snapshot moved = others.takeTable("d", "u");
      assertThat(others.diff(first, moved).added()).isEqualTo(1);
      assertThat(others.diff(first, moved).removed()).isZero();
    } finally {
      WorkFolder.delete(folder);
    }
  }

  @Test
  void valuesThatTheHashTakesForEqualAreToldApart() {
    String[][] rows = {
      {"0.0", "0.0", "1 month"},
      {"-0.0", "0.0", "1 month"},
      {"-0.0", "-0.0", "1 month"},
      {"-0.0", "-0.0", "30 days"},
    };
    for (int i = 0; i < rows.length; i++) {
      String sql = "SELECT '%s'::DOUBLE AS x, ['%s'::FLOAT] AS l, INTERVAL '%s' AS i";
      Snapshot next = snapshots.take("z", sql.formatted((Object[]) rows[i]));
      assertThat(next.version().id().number()).isEqualTo(i + 1);
    }
    Snapshot first = snapshots.get("z");
    snapshots.restore(first, "back");
    assertThat(
            warehouse.execute(
                "FROM back WHERE x::VARCHAR = '-0.0' AND l::VARCHAR = '[-0.0]'"
                    + " AND i::VARCHAR = '30 days'"))
        .isEqualTo(1);
  }

  @Test
  void aSnapshotFromAnotherSchemaIsNotTakenOver() {
    snapshots.take("n", "SELECT i::INTEGER AS i FROM range(10) t(i)");
    Snapshot wider = snapshots.take("n", "SELECT i::BIGINT AS i FROM range(10) t(i)");
    assertThat(wider.version().id().number()).isEqualTo(2);
    assertThat(wider.columns()).containsExactly(new Snapshot.Column("i", "BIGINT"));
  }

  @Test
  void aLostPartIsWrittenAgain() throws IOException {
    Snapshot first = snapshots.takeTable("d", "t");
    for (Path blob : blobs(folder.resolve("registry")).keySet()) {
      if (Files.size(blob) < 30_000) {
        Files.delete(blob);
        break;
      }
    }
    warehouse.execute("INSERT INTO t VALUES (-1, 5, 'last', 0)");
    Snapshot second = snapshots.takeTable("d", "t");
    snapshots.restore(second, "back");
    assertThat(warehouse.rows("back")).isEqualTo(first.rows() + 1);
  }

  @Test
  void anEncryptedRegistrySharesThem() throws IOException {
    byte[] key = new byte[32];
    RegistryOptions options = RegistryOptions.builder().encryption(Keyring.of("one", key)).build();
    Path place = folder.resolve("encrypted");
    try (Registry encrypted = Registry.open(place, options)) {
      Snapshots there = new Snapshots(warehouse, encrypted, SMALL, false);
      there.takeTable("d", "t");
      Map<Path, FileTime> before = blobs(place);
      warehouse.execute("INSERT INTO t VALUES (-1, 5, 'last', 0)");
      Snapshot second = there.takeTable("d", "t");
      assertThat(blobs(place)).containsAllEntriesOf(before);
      assertThat(blobs(place).size() - before.size()).isBetween(2, 3);
      there.restore(second, "back");
      assertThat(warehouse.execute("(FROM t) EXCEPT ALL (FROM back)")).isZero();
      assertThat(encrypted.verify().isClean()).isTrue();
    }
  }

  @Test
  void aDataSetOfAnotherKindUnderTheNameIsNoObstacle() {
    Version csv =
        registry.register(
            Registration.of(Kind.DATASET, "d")
                .content("a,b".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .attach("x", new byte[1]));
    Snapshot snapshot = snapshots.takeTable("d", "t");
    assertThat(snapshot.version().id().number()).isEqualTo(csv.id().number() + 1);
  }
}
