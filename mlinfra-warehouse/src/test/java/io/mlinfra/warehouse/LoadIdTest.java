package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static io.mlinfra.warehouse.WarehouseTest.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LoadIdTest {
  @TempDir Path folder;

  private static final Source ROW = Source.query("SELECT 1 AS i");

  @Test
  void aRepeatedLoadDoesNothingAlsoAfterReopening() throws Exception {
    // The database's name is the schema's, too.
    Path file = folder.resolve("mlinfra.db");
    try (Warehouse warehouse = Warehouse.open(file)) {
      assertThat(warehouse.load("t", ROW, Load.append().id("a")).repeated()).isFalse();
      LoadResult again = warehouse.load("T", ROW, Load.append().id("a"));
      assertThat(again.repeated()).isTrue();
      assertThat(again.loaded()).isZero();
      assertThat(again.rows()).isOne();
      assertThat(warehouse.load("t", ROW, Load.append().id("A")).rows()).isEqualTo(2);
      assertThat(warehouse.load("t", ROW, Load.append()).rows()).isEqualTo(3);
      assertThat(warehouse.load("other", ROW, Load.create().id("a")).repeated()).isFalse();
      assertThat(warehouse.load("other", ROW, Load.create().id("a")).repeated()).isTrue();
      assertThat(warehouse.tables()).containsExactly("other", "t");
    }
    try (Warehouse warehouse = Warehouse.open(file)) {
      try (ArrowReader reader = warehouse.query("SELECT 5 AS i")) {
        assertThat(warehouse.load("t", Source.arrow(reader), Load.append().id("a")).repeated())
            .isTrue();
        assertThat(reader.loadNextBatch()).as("not read").isTrue();
      }
      assertThat(warehouse.rows("t")).isEqualTo(3);
      assertThat(warehouse.loads("t")).extracting(RecordedLoad::id).containsExactly("a", "A");
    }
    try (Warehouse warehouse =
        Warehouse.open(file, WarehouseOptions.builder().readOnly(true).build())) {
      assertThat(warehouse.loads("t")).hasSize(2);
    }
  }

  @Test
  void aFileWithoutLoadsOpensAndHasNone() {
    Path file = folder.resolve("w.db");
    try (Warehouse warehouse = Warehouse.open(file)) {
      warehouse.load("t", ROW);
      assertThat(warehouse.loads("t")).isEmpty();
      assertThat(
              values(
                  warehouse, "SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'mlinfra'"))
          .containsExactly(0L);
      assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.loads("no such"));
    }
    try (Warehouse warehouse =
        Warehouse.open(file, WarehouseOptions.builder().readOnly(true).build())) {
      assertThat(warehouse.loads("t")).isEmpty();
    }
  }

  @Test
  void tellsWhatWasLoaded() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse.load("t", Source.query("SELECT 1 AS i, 5 AS w"), Load.create());
      warehouse.load(
          "t",
          Source.query("SELECT i::INTEGER AS i, 7 AS w FROM range(4) t(i)"),
          Load.upsert("i").since("w").id("2026-11-22/t"));
      RecordedLoad load = warehouse.loads("t").get(0);
      assertThat(load)
          .isEqualTo(new RecordedLoad("2026-11-22/t", 4, 3, 1, 0, Optional.of("7"), load.at()));
      assertThat(
              values(warehouse, "SELECT abs(epoch(now()) - ?) < 3600", load.at().getEpochSecond()))
          .containsExactly(true);
    }
  }

  @Test
  void aFailedLoadCanBeRepeated() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse.load("t", ROW, Load.append().id("a"));
      Source broken = Source.query("SELECT error('broken')::INTEGER AS i");
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.load("t", broken, Load.append().id("b")));
      assertFails(
          ErrorCode.QUERY_FAILED, () -> warehouse.load("t", broken, Load.replace().id("b")));
      assertThat(warehouse.loads("t")).extracting(RecordedLoad::id).containsExactly("a");
      assertThat(warehouse.load("t", ROW, Load.append().id("b")).rows()).isEqualTo(2);
    }
  }

  @Test
  void anIdBelongsToTheTableAsItIs() {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      Load a = Load.append().id("a");
      warehouse.load("t", ROW, a);
      warehouse.execute("DROP TABLE t");
      assertThat(warehouse.load("t", ROW, a).repeated()).isFalse();
      assertThat(warehouse.load("t", ROW, a).repeated()).isTrue();
      warehouse.load("t", ROW, Load.replace());
      assertThat(warehouse.loads("t")).isEmpty();
      assertThat(warehouse.load("t", ROW, a).rows()).isEqualTo(2);
      assertThat(warehouse.load("t", ROW, Load.replace().id("r1")).rows()).isOne();
      assertThat(warehouse.load("t", ROW, Load.replace().id("r1")).repeated()).isTrue();
      assertThat(warehouse.load("t", ROW, Load.replace().id("r2")).repeated()).isFalse();
      assertThat(warehouse.load("t", ROW, Load.replace().id("r1")).repeated()).isFalse();
      assertThat(warehouse.loads("t")).extracting(RecordedLoad::id).containsExactly("r1");
      warehouse.execute("DROP TABLE t");
      warehouse.load("t", ROW, Load.append());
      assertThat(warehouse.load("t", ROW, Load.append().id("r1")).rows()).isEqualTo(2);
    }
  }

  @Test
  void whatIsNoId() {
    for (String id : List.of("", " ", "\n", "a\0b", "a\tb", "\uD83D", "x".repeat(501))) {
      assertThatThrownBy(() -> Load.append().id(id))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("id (");
    }
    try (Warehouse warehouse = Warehouse.inMemory()) {
      List<String> ids =
          List.of("'; DROP TABLE t; --", "\"", "?", "$1", "表 \uD83D\uDE80", "x".repeat(500));
      for (String id : ids) {
        assertThat(warehouse.load("t", ROW, Load.append().id(id)).repeated()).isFalse();
        assertThat(warehouse.load("t", ROW, Load.append().id(id)).repeated()).isTrue();
      }
      assertThat(warehouse.loads("t")).extracting(RecordedLoad::id).hasSameElementsAs(ids);
      assertThat(warehouse.rows("t")).isEqualTo(ids.size());
    }
  }

  @Test
  void theSameLoadAtOnceIsDoneOnce() throws Exception {
    Path file = folder.resolve("w.db");
    List<Load> loads =
        List.of(
            Load.append(),
            Load.append().since("i"),
            Load.upsert("i"),
            Load.replace(),
            Load.create());
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (Warehouse one = Warehouse.open(file);
        Warehouse two = Warehouse.open(file)) {
      one.load("plain", ROW);
      for (int round = 0; round < 15; round++) {
        Load load = loads.get(round % loads.size()).id("load " + round);
        // Every other round there is a table already.
        String table = round % 2 == 0 && load.mode() != Load.Mode.CREATE ? "plain" : "t" + round;
        Source source = Source.query("SELECT " + (round + 2) + " AS i");
        long before =
            table.equals("plain") && load.mode() != Load.Mode.REPLACE ? one.rows(table) : 0;
        CyclicBarrier start = new CyclicBarrier(4);
        List<Callable<Optional<LoadResult>>> calls = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
          Warehouse warehouse = thread % 2 == 0 ? one : two;
          calls.add(
              () -> {
                start.await();
                try {
                  return Optional.of(warehouse.load(table, source, load));
                } catch (MlInfraException e) {
                  assertThat(e.code()).as("%s", e).isEqualTo(ErrorCode.CONFLICT);
                  return Optional.empty();
                }
              });
        }
        int done = 0;
        for (Future<Optional<LoadResult>> result : threads.invokeAll(calls)) {
          done += result.get().map(r -> r.repeated() ? 0 : 1).orElse(0);
        }
        assertThat(done).as("%s", load).isOne();
        assertThat(one.rows(table)).as("%s", load).isEqualTo(before + 1);
        assertThat(two.load(table, source, load).repeated()).isTrue();
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void loadsOfDifferentIdsGoOnSideBySide() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (Warehouse warehouse = Warehouse.open(folder.resolve("w.db"))) {
      warehouse.load("t", ROW);
      List<Callable<LoadResult>> calls = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        Load load = Load.append().id("load " + i);
        calls.add(() -> warehouse.load("t", ROW, load));
      }
      for (Future<LoadResult> result : threads.invokeAll(calls)) {
        assertThat(result.get().repeated()).isFalse();
      }
      assertThat(warehouse.rows("t")).isEqualTo(65);
      assertThat(warehouse.loads("t")).hasSize(64);
    } finally {
      threads.shutdown();
    }
  }
}
