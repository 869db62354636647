package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonSourceTest extends SourceFixture {
  @Test
  void arraysLinesAndSingleObjectsAreFoundOut() {
    String[] texts = {
      "[{\"a\":1,\"b\":\"x\"},\n {\"a\":2,\"b\":null}]",
      "{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n",
      "{\"a\":1,\"b\":\"x\"}\r\n\r\n{\"a\":2}",
      "{\"a\":1,\"b\":\"x\"} {\"a\":2}",
    };
    for (String text : texts) {
      assertThat(loaded(Source.json(write("a.json", text)))).containsExactly(1L, "x", 2L, null);
      assertThat(columns()).containsExactly("a", "b");
    }
    assertThat(loaded(Source.json(write("one.json", "{\n \"a\": 1\n}\n")))).containsExactly(1L);
    assertThat(loaded(Source.json(write("values.json", "[1, 2, 3]")))).containsExactly(1L, 2L, 3L);
    assertThat(columns()).containsExactly("json");
    assertThat(loaded(Source.json(write("a.json", texts[1])).records(false))).hasSize(2);
    assertThat(types()).containsExactly("STRUCT(a BIGINT, b VARCHAR)");
  }

  @Test
  void nestedValuesGetNestedTypes() {
    Path file =
        write(
            "a.ndjson",
            "{\"id\":1,\"o\":{\"x\":1.5,\"l\":[1,2]},\"t\":\"2024-01-01T10:00:00\"}\n"
                + "{\"id\":2,\"o\":{\"x\":2,\"l\":[]},\"t\":null}\n");
    loaded(Source.json(file));
    assertThat(types()).containsExactly("BIGINT", "STRUCT(x DOUBLE, l BIGINT[])", "TIMESTAMP");
    assertThat(WarehouseTest.values(warehouse, "SELECT o.x, o.l[2] FROM t"))
        .containsExactly(1.5, 2L, 2.0, null);
    loaded(Source.json(file).maximumDepth(1));
    assertThat(types()).containsExactly("JSON", "JSON", "JSON");
    StringBuilder varied = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      varied.append("{\"m\":{\"key").append(i).append("\":").append(i).append("}}\n");
    }
    loaded(Source.json(write("m.ndjson", varied.toString())));
    assertThat(types()).containsExactly("MAP(VARCHAR, BIGINT)");
    assertThat(WarehouseTest.values(warehouse, "SELECT m['key7'] FROM t WHERE m['key7'] > 0"))
        .containsExactly(7L);
  }

  @Test
  void pathsReachIntoLoadedJson() {
    loaded(
        Source.json(write("a.json", "{\"id\":1,\"j\":{\"a\":{\"b\":[10,20]},\"s\":\"x\"}}"))
            .column("id", "INTEGER")
            .column("j", "JSON"));
    assertThat(types()).containsExactly("INTEGER", "JSON");
    assertThat(
            WarehouseTest.values(
                warehouse,
                "SELECT (j->'$.a.b[1]')::INTEGER, j->>'$.s', json_extract(j, '$.a.b')::VARCHAR,"
                    + " json_extract_string(j, $1) FROM t",
                "$.s"))
        .containsExactly(20, "x", "[10,20]", "x");
  }

  @Test
  void severalKindsOfValuesLoseNothing() {
    loaded(
        Source.json(
            write("a.ndjson", "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":{\"b\":[true]}}\n{\"a\":null}\n")));
    assertThat(types()).containsExactly("JSON");
    assertThat(WarehouseTest.values(warehouse, "SELECT a::VARCHAR FROM t"))
        .containsExactly("1", "\"x\"", "{\"b\":[true]}", null);
    assertThat(loaded(Source.json(write("d.ndjson", "{\"a\":\"2020-01-01\"}\n{\"a\":\"x\"}\n"))))
        .containsExactly("2020-01-01", "x");
  }

  @Test
  void lateValuesAreNeitherRoundedNorLeftOut() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 60_000; i++) {
      text.append("{\"a\":").append(i).append(",\"b\":").append(i).append("}\n");
    }
    text.append("{\"a\":1.75,\"b\":\"late\"}\n{\"a\":2,\"b\":3,\"extra\":5}\n");
    loaded(Source.json(write("a.ndjson", text.toString())));
    assertThat(types()).containsExactly("DOUBLE", "JSON", "BIGINT");
    assertThat(
            WarehouseTest.values(
                warehouse, "SELECT a, b::VARCHAR, extra FROM t WHERE a = 1.75 OR extra = 5"))
        .containsExactly(1.75, "\"late\"", null, 2.0, "3", 5L);
    // And in the last of many files.
    for (int i = 0; i < 50; i++) {
      write(String.format("d/%02d.json", i), "{\"a\":" + (i < 49 ? i : "0.5,\"extra\":1") + "}");
    }
    loaded(Source.json(folder.resolve("d")));
    assertThat(types()).containsExactly("DOUBLE", "BIGINT");
    assertThat(WarehouseTest.values(warehouse, "SELECT a FROM t WHERE extra = 1"))
        .containsExactly(0.5);
  }

  @Test
  void declaredColumns() {
    Path file =
        write(
            "a.json", "[{\"id\":1,\"d\":\"2020-01-31\",\"big\":12345678901234567890123,\"x\":1}]");
    assertThat(
            loaded(
                Source.json(file)
                    .column("id", "TINYINT")
                    .column("big", "VARCHAR")
                    .column("none", "DATE")))
        .containsExactly((byte) 1, "12345678901234567890123", null);
    assertUnreadable(Source.json(file).column("d", "INTEGER")).hasMessageContaining("a.json");
    warehouse.execute("CREATE TABLE victim AS SELECT 1 AS i");
    for (String type : List.of("NOTHING", "INTEGER'}); DROP TABLE victim; --")) {
      assertThatThrownBy(() -> warehouse.load("t", Source.json(file).column("id", type)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + type + "'");
    }
    assertThat(
            loaded(Source.json(file).column("id\": 'INTEGER'}); DROP TABLE victim; --", "INTEGER")))
        .hasSize(1);
    assertThat(warehouse.rows("victim")).isEqualTo(1);
    assertThatThrownBy(() -> Source.json(file).maximumDepth(0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void brokenJsonIsNamedWithItsLine() {
    String good = "{\"a\":1}\n";
    assertUnreadable(Source.json(write("a.ndjson", good + good + "{\"a\":2\n" + good)))
        .hasMessageContaining("a.ndjson'")
        .hasMessageContaining("line");
    for (String text :
        List.of(
            "[{\"a\":1},{\"a\":",
            "{\"a\":1}}",
            "{'a':1}",
            "not json",
            "{\"a\":1,\"a\":2}",
            "{\"a\":\"\n\"}",
            "\0",
            "a,b\n1,x\0y\n")) {
      assertUnreadable(Source.json(write("b.json", text))).as(text).hasMessageContaining("b.json");
    }
    byte[] latin = "{\"a\":\"ë\"}".getBytes(StandardCharsets.ISO_8859_1);
    assertUnreadable(Source.json(write("l.json", latin))).hasMessageContaining("l.json");
    for (String text : List.of("", " \n\n ")) {
      assertUnreadable(Source.json(write("e.json", text))).hasMessageContaining("e.json' is empty");
      assertThat(loaded(Source.json(write("e.json", text)).column("a", "INTEGER"))).isEmpty();
    }
    assertUnreadable(Source.json(write("big.json", "{\"a\":\"" + "y".repeat(40_000_000) + "\"}")))
        .hasMessageContaining("maximum_object_size");
    assertFails(
        ErrorCode.FILE_MISSING, () -> warehouse.load("t2", Source.json(folder.resolve("no.json"))));
  }

  @Test
  void theBrokenOneOfManyIsNamed() {
    write("d/a.json", "{\"a\":1}");
    Path bad = write("d/b.json", "{\"a\":");
    write("d/c.jsonl", "{\"a\":1}\n");
    assertUnreadable(Source.json(folder.resolve("d"))).hasMessageContaining(bad.toString());
    assertThat(loaded(Source.json(folder.resolve("d"), "[ac].json*"))).containsExactly(1L, 1L);
  }

  /** DuckDB recurses until the process ends. */
  @Test
  void deepNestingIsRefused() {
    int deepest = JsonSource.DEEPEST;
    for (String open : List.of("[", "{\"a\":")) {
      String close = open.equals("[") ? "]" : "}";
      // DuckDB 2.0 refuses more than 128 by itself.
      int levels = WarehouseTest.version().startsWith("v1.") ? deepest : 100;
      String fine = open.repeat(levels) + 1 + close.repeat(levels);
      assertThat(loaded(Source.json(write("fine.json", fine)))).hasSize(1);
      assertThat(types()).asString().contains("JSON");
      String deep = open.repeat(1_000_000) + 1 + close.repeat(1_000_000);
      Path file = write("deep.json", deep);
      Path lines = write("deep.ndjson", "{\"a\":1}\n\"\n" + deep + "\n");
      for (Source source :
          List.of(
              Source.json(file),
              Source.json(file).column("a", "JSON"),
              Source.json(file).maximumDepth(3),
              Source.json(lines),
              Source.json(gzip("deep.json.gz", deep.getBytes(StandardCharsets.UTF_8))))) {
        assertUnreadable(source).hasMessageContaining("deeper than " + deepest);
      }
    }
    Path zst =
        copy(
            "deep.json.zst",
            "SELECT repeat('[', 100000) || repeat(']', 100000)",
            "FORMAT csv, HEADER false, QUOTE '', ESCAPE ''");
    assertUnreadable(Source.json(zst)).hasMessageContaining("deeper than " + deepest);
    String strings = "{\"a\":\"" + "[{\\\"".repeat(10_000) + "\"}";
    assertThat(loaded(Source.json(write("s.json", strings)))).hasSize(1);
  }

  @Test
  void compressedFilesAndPartitions() {
    String text = "{\"a\":1}\n{\"a\":2}\n";
    assertThat(loaded(Source.json(gzip("a.json.gz", text.getBytes(StandardCharsets.UTF_8)))))
        .containsExactly(1L, 2L);
    Path zst = copy("z.ndjson.zst", "SELECT 1 AS a", "FORMAT json");
    assertThat(loaded(Source.json(zst))).containsExactly(1L);
    assertUnreadable(Source.json(write("no.json.gz", text))).hasMessageContaining("no.json.gz");
    assertUnreadable(Source.json(write("no.json.zst", text))).hasMessageContaining("no.json.zst");
    write("d/day=2024-01-31/a.json", text);
    assertThat(loaded(Source.json(folder.resolve("d"))).size()).isEqualTo(4);
    assertThat(types()).containsExactly("BIGINT", "DATE");
    assertThat(loaded(Source.json(folder.resolve("d")).partitions(false))).containsExactly(1L, 2L);
  }
}
