package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotDiffTest {
  /** A row as SQL writes it; the key may be null. */
  record Row(@Nullable Integer id, String x, String s, String l) {
    String sql() {
      return "(%s, %s, %s, %s)".formatted(id == null ? "NULL" : "" + id, x, s, l);
    }
  }

  private static final String TYPES = "id INTEGER, x DOUBLE, s VARCHAR, l STRUCT(a INTEGER[])";

  private static @Nullable Path shared;
  private static @Nullable Registry registryOfAll;
  private static @Nullable Warehouse warehouseOfAll;

  @TempDir Path folder;
  private Warehouse warehouse;
  private Registry registry;
  private Snapshots snapshots;

  @BeforeEach
  void open() {
    warehouse = Warehouse.inMemory();
    registry = Registry.open(folder.resolve("registry"));
    snapshots = warehouse.snapshots(registry);
  }

  @AfterEach
  void close() {
    registry.close();
    warehouse.close();
  }

  @BeforeContainer
  static void openForAll() throws IOException {
    shared = Files.createTempDirectory("diff");
    registryOfAll = Registry.open(shared);
    warehouseOfAll = Warehouse.inMemory();
  }

  @AfterContainer
  static void closeForAll() {
    Objects.requireNonNull(registryOfAll).close();
    Objects.requireNonNull(warehouseOfAll).close();
    WorkFolder.delete(Objects.requireNonNull(shared));
  }

  @Provide
  Arbitrary<List<Row>> rows() {
    Arbitrary<@Nullable Integer> id = Arbitraries.integers().between(0, 30).injectNull(0.05);
    Arbitrary<String> x = Arbitraries.of("1.5", "'nan'::DOUBLE", "NULL", "'inf'::DOUBLE", "-2");
    Arbitrary<String> s = Arbitraries.of("'a'", "''", "NULL", "'ü'");
    Arbitrary<String> l = Arbitraries.of("{'a': [1]}", "{'a': NULL}", "{'a': [1, NULL]}", "NULL");
    return Combinators.combine(id, x, s, l).as(Row::new).list().ofMaxSize(40);
  }

  private static Snapshot snapshot(Snapshots snapshots, String name, Iterable<Row> rows) {
    List<String> values = new ArrayList<>();
    rows.forEach(row -> values.add(row.sql()));
    Objects.requireNonNull(warehouseOfAll)
        .execute("CREATE OR REPLACE TABLE " + name + " (" + TYPES + ")");
    if (!values.isEmpty()) {
      warehouseOfAll.execute("INSERT INTO " + name + " VALUES " + String.join(", ", values));
    }
    return snapshots.takeTable(name, name);
  }

  private static Snapshots small() {
    return new Snapshots(
        Objects.requireNonNull(warehouseOfAll),
        Objects.requireNonNull(registryOfAll),
        new PartSizes(3, 6, 12),
        false);
  }

  private static Map<Integer, Row> byKey(List<Row> rows) {
    Map<Integer, Row> unique = new TreeMap<>();
    rows.forEach(row -> unique.put(row.id() == null ? -1 : row.id(), row));
    return unique;
  }

  @Property(tries = 20)
  void agreesWithAModelByKey(
      @ForAll("rows") List<Row> common,
      @ForAll("rows") List<Row> one,
      @ForAll("rows") List<Row> two) {
    Map<Integer, Row> before = byKey(common);
    before.putAll(byKey(one));
    Map<Integer, Row> after = byKey(common);
    after.putAll(byKey(two));
    Snapshots snapshots = small();
    SnapshotDiff diff =
        snapshots.diff(
            snapshot(snapshots, "d", before.values()),
            snapshot(snapshots, "d", after.values()),
            "id");
    long changed = 0;
    Map<String, Long> byColumn = new HashMap<>();
    for (Map.Entry<Integer, Row> entry : before.entrySet()) {
      Row old = entry.getValue();
      Row now = after.get(entry.getKey());
      if (now != null && !now.equals(old)) {
        changed++;
        if (!old.x().equals(now.x())) {
          byColumn.merge("x", 1L, Long::sum);
        }
        if (!old.s().equals(now.s())) {
          byColumn.merge("s", 1L, Long::sum);
        }
        if (!old.l().equals(now.l())) {
          byColumn.merge("l", 1L, Long::sum);
        }
      }
    }
    assertThat(diff.added())
        .isEqualTo(after.keySet().stream().filter(id -> !before.containsKey(id)).count());
    assertThat(diff.removed())
        .isEqualTo(before.keySet().stream().filter(id -> !after.containsKey(id)).count());
    assertThat(diff.changed()).isEqualTo(changed);
    assertThat(diff.changedByColumn()).isEqualTo(byColumn);
    assertThat(diff.changedRows()).hasSize((int) Math.min(changed, 10));
    assertThat(diff.isEmpty()).isEqualTo(before.equals(after));
  }

  @Property(tries = 20)
  void agreesWithAModelByWholeRows(
      @ForAll("rows") List<Row> common,
      @ForAll("rows") List<Row> one,
      @ForAll("rows") List<Row> two) {
    List<Row> before = new ArrayList<>(common);
    before.addAll(one);
    List<Row> after = new ArrayList<>(two);
    after.addAll(common);
    Snapshots snapshots = small();
    SnapshotDiff diff =
        snapshots.diff(snapshot(snapshots, "w", before), snapshot(snapshots, "w", after));
    List<Row> removed = new ArrayList<>(before);
    after.forEach(removed::remove);
    List<Row> added = new ArrayList<>(after);
    before.forEach(added::remove);
    assertThat(diff.added()).isEqualTo(added.size());
    assertThat(diff.removed()).isEqualTo(removed.size());
    assertThat(diff.changed()).isZero();
    assertThat(diff.unchanged()).isEqualTo(before.size() - removed.size());
  }

  @Test
  void tellsWhatHappenedToColumnsAndRows() {
    Snapshot before =
        snapshots.take(
            "d", "SELECT i AS id, 'v' || i AS v, i AS n, i AS gone FROM range(1000) t(i)");
    Snapshot after =
        snapshots.take(
            "d",
            "SELECT i AS ID, CASE WHEN i = 7 THEN '<b>' WHEN i = 8 THEN NULL ELSE 'v' || i END AS v,"
                + " i::INTEGER AS n, true AS fresh FROM range(5, 1003) t(i)");
    SnapshotDiff diff = snapshots.diff(before, after, "id");
    assertThat(diff.addedColumns()).containsExactly(new Snapshot.Column("fresh", "BOOLEAN"));
    assertThat(diff.removedColumns()).containsExactly(new Snapshot.Column("gone", "BIGINT"));
    assertThat(diff.retypedColumns())
        .containsExactly(new SnapshotDiff.Retyped("n", "BIGINT", "INTEGER"));
    assertThat(diff.added()).isEqualTo(3);
    assertThat(diff.removed()).isEqualTo(5);
    assertThat(diff.changed()).isEqualTo(2);
    assertThat(diff.unchanged()).isEqualTo(993);
    assertThat(diff.changedByColumn()).containsExactly(Map.entry("v", 2L));
    assertThat(diff.addedRows().get(0)).containsEntry("ID", "1000").containsEntry("fresh", "true");
    assertThat(diff.removedRows()).hasSize(5);
    assertThat(diff.changedRows().get(1).before()).containsEntry("v", "v8");
    assertThat(diff.changedRows().get(1).after()).containsEntry("v", null);
    assertThat(diff.isEmpty()).isFalse();
    assertThat(diff.toString())
        .contains("before  dataset d:1 (")
        .contains("retyped  n BIGINT → INTEGER")
        .contains("rows, by id")
        .contains("unchanged   993")
        .contains("7    v       v7      <b>");
    assertThat(diff.toHtml()).contains("&lt;b&gt;").doesNotContain("<b>");
    SnapshotDiff same = snapshots.diff(after, after);
    assertThat(same.isEmpty()).isTrue();
    assertThat(same.toString()).contains("as wholes");
    Snapshot other = snapshots.take("other", "SELECT 'x' AS z FROM range(3)");
    SnapshotDiff apart = snapshots.diff(after, other);
    assertThat(apart.removed()).isEqualTo(998);
    assertThat(apart.added()).isEqualTo(3);
  }

  @Test
  void refusesAKeyThatIsNone() {
    Snapshot before = snapshots.take("d", "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(id, s)");
    Snapshot twice =
        snapshots.take("d", "SELECT * FROM (VALUES (1, 'a'), (3, 'b'), (3, 'c')) t(id, s)");
    Snapshot text = snapshots.take("d", "SELECT '1' AS id");
    assertThatThrownBy(() -> snapshots.diff(before, twice, "nope"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("key ('nope')")
        .hasMessageContaining("id, s");
    assertThatThrownBy(() -> snapshots.diff(before, text, "s"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dataset d:3");
    assertThatThrownBy(() -> snapshots.diff(before, text, "id"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INTEGER and VARCHAR");
    assertThatThrownBy(() -> snapshots.diff(before, twice, "id", "ID"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("once");
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> snapshots.diff(before, twice, "id"))
        .hasMessageContaining("dataset d:2")
        .hasMessageContaining("2 of them have id = 3");
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> snapshots.diff(twice, twice, "id"));
    assertThat(snapshots.diff(before, twice, "id", "s").added()).isEqualTo(2);
  }
}
