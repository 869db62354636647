package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.StringJoiner;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.arrow.vector.ipc.ArrowReader;

class LoadModelTest {
  private record Row(long id, long w, long v) {}

  /** What a table is, said in a few lines of Java. */
  private static final class Model {
    List<Row> rows = new ArrayList<>();
    boolean there;
    final Set<String> ids = new HashSet<>();

    /** Gives how many rows came in; -1 where the load must fail; -2 where it was done before. */
    long load(String mode, boolean since, String id, List<Row> source) {
      if (there && ids.contains(id)) {
        return -2;
      }
      boolean upsert = mode.equals("upsert");
      long greatest = rows.stream().mapToLong(Row::w).max().orElse(Long.MIN_VALUE);
      List<Row> wanted =
          source.stream()
              .filter(
                  row ->
                      !since || rows.isEmpty() || row.w > greatest || upsert && row.w == greatest)
              .toList();
      Set<Long> keys = new HashSet<>();
      wanted.forEach(row -> keys.add(row.id));
      if (upsert && keys.size() < wanted.size() || mode.equals("create") && there) {
        return -1;
      }
      if (!there || mode.equals("replace")) {
        rows = new ArrayList<>();
        ids.clear();
      }
      if (upsert) {
        rows.removeIf(row -> keys.contains(row.id));
      }
      rows.addAll(wanted);
      there = true;
      if (!id.isEmpty()) {
        ids.add(id);
      }
      return wanted.size();
    }
  }

  @Property(tries = 25)
  void anyRowOfLoadsGivesWhatTheModelSays(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    Model model = new Model();
    try (Warehouse warehouse = Warehouse.inMemory()) {
      for (int step = 0; step < 12; step++) {
        if (model.there && random.nextInt(12) == 0) {
          warehouse.execute("DROP TABLE t");
          model.there = false;
          model.rows = new ArrayList<>();
        }
        String mode = List.of("append", "upsert", "replace", "create").get(random.nextInt(22) / 7);
        boolean since = (mode.equals("append") || mode.equals("upsert")) && random.nextBoolean();
        String id = random.nextBoolean() ? "" : "load " + random.nextInt(4);
        List<Row> source = rows(random);
        Load load =
            switch (mode) {
              case "append" -> Load.append();
              case "upsert" -> Load.upsert("id");
              case "replace" -> Load.replace();
              default -> Load.create();
            };
        load = since ? load.since("w") : load;
        load = id.isEmpty() ? load : load.id(id);
        long expected = model.load(mode, since, id, source);
        check(warehouse, load, source, random.nextBoolean(), expected);
        assertThat(rows(warehouse, model.there)).isEqualTo(sorted(model.rows));
        if (model.there) {
          assertThat(warehouse.loads("t"))
              .extracting(RecordedLoad::id)
              .containsExactlyInAnyOrderElementsOf(model.ids);
        }
      }
    }
  }

  private static void check(
      Warehouse warehouse, Load load, List<Row> source, boolean stream, long expected)
      throws IOException {
    String sql = sql(source);
    try (ArrowReader reader = warehouse.query(sql)) {
      Source rows = stream ? Source.arrow(reader) : Source.query(sql);
      if (expected == -1) {
        ErrorCode code =
            load.mode() == Load.Mode.CREATE ? ErrorCode.QUERY_FAILED : ErrorCode.DATA_UNSUITABLE;
        assertFails(code, () -> warehouse.load("t", rows, load));
      } else {
        LoadResult result = warehouse.load("t", rows, load);
        assertThat(result.repeated()).isEqualTo(expected == -2);
        assertThat(result.loaded()).isEqualTo(Math.max(0, expected));
        assertThat(result.rows()).isEqualTo(warehouse.rows("t"));
      }
    }
  }

  private static List<Row> rows(Random random) {
    List<Row> rows = new ArrayList<>();
    boolean distinct = random.nextInt(4) > 0;
    Set<Long> seen = new HashSet<>();
    for (int i = random.nextInt(12); i > 0; i--) {
      Row row = new Row(random.nextInt(20), random.nextInt(12), random.nextInt(1000));
      if (seen.add(row.id) || !distinct) {
        rows.add(row);
      }
    }
    return rows;
  }

  private static String sql(List<Row> rows) {
    StringJoiner values = new StringJoiner(", ");
    rows.forEach(row -> values.add("(%d, %d, %d)".formatted(row.id, row.w, row.v)));
    return "SELECT id::BIGINT AS id, w::BIGINT AS w, v::BIGINT AS v FROM (VALUES "
        + (rows.isEmpty() ? "(0, 0, 0)" : values)
        + ") t(id, w, v)"
        + (rows.isEmpty() ? " WHERE false" : "");
  }

  private static List<Row> rows(Warehouse warehouse, boolean there) {
    List<Row> rows = new ArrayList<>();
    if (there) {
      List<Object> values = WarehouseTest.values(warehouse, "SELECT id, w, v FROM t");
      for (int i = 0; i < values.size(); i += 3) {
        rows.add(new Row((long) values.get(i), (long) values.get(i + 1), (long) values.get(i + 2)));
      }
    }
    return sorted(rows);
  }

  private static List<Row> sorted(List<Row> rows) {
    return rows.stream()
        .sorted(
            Comparator.comparingLong(Row::id).thenComparingLong(Row::w).thenComparingLong(Row::v))
        .toList();
  }
}
