package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import io.mlinfra.warehouse.quality.Constraints;
import io.mlinfra.warehouse.quality.TableProfile;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every text that becomes a name in SQL, with texts that try to become more. */
class NamesTest {
  /** Texts that are SQL, that only the registry sees, or that are shown to people only. */
  private static final Set<String> OTHERS =
      Set.of(
          "Warehouse.sql",
          "Warehouse.query",
          "Warehouse.execute",
          "Warehouse.floats",
          "Source.jdbc",
          "TableProfile.ofQuery",
          "Constraints.onQuery",
          "Constraints.fraction",
          "Constraints.when",
          "Constraints.because",
          "Compression.valueOf");

  private static final List<Class<?>> TYPES =
      List.of(
          Warehouse.class,
          Query.class,
          Load.class,
          Source.class,
          CsvSource.class,
          JsonSource.class,
          ParquetSource.class,
          Target.class,
          Target.Compression.class,
          Snapshots.class,
          Snapshot.class,
          SnapshotDiff.class,
          ScalarFunction.class,
          ScalarFunction.Builder.class,
          WarehouseOptions.Builder.class,
          Constraints.class,
          TableProfile.class);

  @TempDir Path folder;

  private interface Use {
    Object run() throws IOException;
  }

  private final Map<String, Use> fine = new LinkedHashMap<>();
  private final Map<String, Use> refusable = new LinkedHashMap<>();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x\"; DROP TABLE canary; --",
        "x\" FROM canary; DROP TABLE canary; --",
        "x'); DROP TABLE canary; --",
        "x', 'y') DROP TABLE canary --",
        "\"",
        "'",
        "\"\"",
        "a) OR (1 = 1",
        "a /* ",
        "a -- ",
        "$1 ? $name {0} %s %n",
        "$$",
        "canary.i",
        "\"canary\"",
        "*",
        "read_text('/etc/passwd')",
        "select",
        "e'\\'",
        "Ä ß 表 🙂",
        "%1$s\\",
      })
  void stayNames(String name) throws IOException {
    try (Warehouse warehouse = Warehouse.inMemory();
        Registry registry = Registry.open(folder.resolve("registry"))) {
      warehouse.execute("CREATE TABLE canary AS SELECT i FROM range(3) t(i)");
      uses(warehouse, registry, name);
      fine.forEach(
          (what, use) -> {
            assertThatCode(use::run).as("%s of <%s>", what, name).doesNotThrowAnyException();
            assertUnharmed(warehouse, name, what);
          });
      refusable.forEach(
          (what, use) -> {
            try {
              use.run();
            } catch (IllegalArgumentException e) {
              assertThat(e).as(what).hasMessageNotContaining("null");
            } catch (MlInfraException e) {
              assertThat(e.code())
                  .as("%s of <%s>: %s", what, name, e)
                  .isNotIn(ErrorCode.INTERNAL, ErrorCode.IO_FAILED);
              assertThat(e.getMessage())
                  .as("%s of <%s>", what, name)
                  .doesNotContain("Parser Error", "syntax error");
            } catch (IOException e) {
              throw new AssertionError(what, e);
            }
            assertUnharmed(warehouse, name, what);
          });
    }
  }

  private static void assertUnharmed(Warehouse warehouse, String name, String what) {
    assertThat(warehouse.rows("canary")).as("%s of <%s>", what, name).isEqualTo(3);
    assertThat(warehouse.tables())
        .as("%s of <%s>", what, name)
        .isSubsetOf("canary", name, name + " 2", name + " 3", "s");
  }

  private void uses(Warehouse warehouse, Registry registry, String name) throws IOException {
    String quoted = Sql.quoted(name);
    warehouse.execute(
        "CREATE TABLE %s AS SELECT 7::BIGINT AS %s, 'x' AS other, DATE '2001-01-01' AS day"
            .formatted(quoted, quoted));
    String rows = "SELECT %d::BIGINT AS %s, 'x' AS other, DATE '2001-01-01' AS day";
    Source eight = Source.query(rows.formatted(8, quoted));
    Snapshots snapshots = warehouse.snapshots(registry);
    Snapshot taken = snapshots.takeTable("d", name);
    fine.put("Warehouse.load", () -> warehouse.load(name + " 2", eight));
    fine.put("Load.upsert", () -> warehouse.load(name, eight, Load.upsert(name)));
    fine.put("Load.since", () -> warehouse.load(name, eight, Load.append().since(name)));
    fine.put("Load.id", () -> warehouse.load(name, eight, Load.append().id(name)));
    fine.put("Warehouse.loads", () -> warehouse.loads(name));
    fine.put("Warehouse.rows", () -> warehouse.rows(name));
    fine.put("Warehouse.schema", () -> warehouse.schema(name));
    fine.put("Source.query", () -> warehouse.load("s", Source.query("SELECT ? AS x", name)));
    fine.put("Snapshots.takeTable", () -> snapshots.takeTable("e", name));
    fine.put("Snapshots.diff", () -> snapshots.diff(taken, taken, name));
    fine.put("Snapshots.restore", () -> snapshots.restore(taken, name + " 3"));
    fine.put(
        "Query.asOf",
        () ->
            assertThat(
                    warehouse
                        .sql("SELECT " + quoted + " FROM " + quoted)
                        .asOf(name, taken)
                        .value(Long.class))
                .isEqualTo(7));
    String all = "SELECT * FROM " + quoted;
    Path parquet = folder.resolve("p");
    (name.equals("*") ? refusable : fine)
        .put(
            "Target.partitionBy",
            () ->
                warehouse.sql(all).export(Target.parquet(parquet).partitionBy(name).sortBy("day")));
    fine.put(
        "Target.sortBy",
        () -> warehouse.sql(all).export(Target.csv(folder.resolve("a.csv")).sortBy(name)));
    fine.put(
        "Target.sortByDescending",
        () -> warehouse.sql(all).export(Target.json(folder.resolve("a")).sortByDescending(name)));
    Path csv =
        Files.writeString(folder.resolve("c.csv"), "\"" + name.replace("\"", "\"\"") + "\"\n7\n");
    fine.put("CsvSource.column", () -> warehouse.load("s", Source.csv(csv).column(name, "BIGINT")));
    refusable.put("CsvSource.nullText", () -> warehouse.load("s", Source.csv(csv).nullText(name)));
    Path json = folder.resolve("j.json");
    warehouse.sql(all).export(Target.json(json));
    fine.put(
        "JsonSource.column", () -> warehouse.load("s", Source.json(json).column(name, "BIGINT")));
    fine.put("ScalarFunction.takes", () -> function("f").takes(name, ColumnType.INT64));
    constraints(warehouse, name);
    fine.put("TableProfile.of", () -> TableProfile.of(warehouse, name).column(name));
    refusable.put("TableProfile.column", () -> TableProfile.of(warehouse, "canary").column(name));
    refusable.put("Query.bind", () -> warehouse.sql("SELECT $x").bind(name, 1).execute());
    refusable.put("ScalarFunction.named", () -> function(name));
    for (String glob : List.of("csv", "json", "parquet")) {
      refusable.put("Source." + glob, () -> warehouse.load("s", source(glob, name)));
    }
    refusable.put(
        "CsvSource.columns", () -> warehouse.load("s", Source.csv(csv).columns(Map.of("a", name))));
    refusable.put(
        "JsonSource.columns",
        () -> warehouse.load("s", Source.json(json).columns(Map.of("a", name))));
    refusable.put(
        "CsvSource.dateFormat",
        () -> warehouse.load("s", Source.csv(csv).column(name, "DATE").dateFormat(name)));
    refusable.put(
        "CsvSource.timestampFormat",
        () -> warehouse.load("s", Source.csv(csv).column(name, "TIMESTAMP").timestampFormat(name)));
    refusable.put("Snapshots.take", () -> snapshots.take(name, "SELECT 1"));
    refusable.put("Snapshots.get", () -> snapshots.get(name));
    refusable.put("Snapshots.list", () -> snapshots.list(name));
    refusable.put("Snapshots.expire", () -> snapshots.expire(name, Retention.keepLast(1), name));
  }

  private Source source(String format, String glob) {
    return switch (format) {
      case "csv" -> Source.csv(folder, glob);
      case "json" -> Source.json(folder, glob);
      default -> Source.parquet(folder, glob);
    };
  }

  private static ScalarFunction.Builder function(String name) {
    return ScalarFunction.named(name);
  }

  private void constraints(Warehouse warehouse, String name) {
    Constraints on = Constraints.on(name);
    Map<String, Constraints> suites = new LinkedHashMap<>();
    suites.put("on", on.rowCount(1, 9));
    suites.put("notNull", on.notNull(name));
    suites.put("unique", on.unique(name, "other"));
    suites.put("primaryKey", on.primaryKey(name));
    suites.put("foreignKey", on.foreignKey(name, name, name));
    suites.put("inSet", on.inSet("other", name, "x"));
    suites.put("range", on.range(name, 0, 9));
    suites.put("atLeast", on.atLeast(name, 0));
    suites.put("atMost", on.atMost("day", LocalDate.MAX.withYear(3000)));
    suites.put("compare", on.compare(name, "=", name));
    suites.put("sql", on.sql(name, "true"));
    suites.put("fresh", on.fresh("day", Duration.ofDays(100_000)));
    suites.put("length", on.length("other", 0, 9));
    suites.forEach((what, suite) -> fine.put("Constraints." + what, () -> suite.check(warehouse)));
    refusable.put("Constraints.length", () -> on.length(name, 0, 9).check(warehouse));
    refusable.put("Constraints.fresh", () -> on.fresh(name, Duration.ZERO).check(warehouse));
    refusable.put("Constraints.compare", () -> on.compare(name, name, name).check(warehouse));
    refusable.put("Constraints.matches", () -> on.matches("other", name).check(warehouse));
  }

  @Test
  void noTextIsForgotten() throws IOException {
    try (Warehouse warehouse = Warehouse.inMemory();
        Registry registry = Registry.open(folder.resolve("registry"))) {
      uses(warehouse, registry, "x");
    }
    TreeSet<String> taken = new TreeSet<>(OTHERS);
    taken.addAll(fine.keySet());
    taken.addAll(refusable.keySet());
    TreeSet<String> declared = new TreeSet<>();
    for (Class<?> type : TYPES) {
      String owner = type == ScalarFunction.Builder.class ? "ScalarFunction" : type.getSimpleName();
      for (Method method : type.getDeclaredMethods()) {
        if (Modifier.isPublic(method.getModifiers())
            && !method.isSynthetic()
            && Arrays.stream(method.getGenericParameterTypes())
                .anyMatch(parameter -> parameter.getTypeName().contains("java.lang.String"))) {
          declared.add(owner + "." + method.getName());
        }
      }
    }
    assertThat(taken).containsExactlyElementsOf(declared);
  }
}
