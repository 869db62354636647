package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
  private static final String ROWS =
      "SELECT i, i % 7 AS k, CASE WHEN i % 5 > 0 THEN 'r' || hash(i) % 1000 END AS s,"
          + " TIMESTAMP '2001-01-01' + INTERVAL (i) MINUTE AS ts, (i * 1.1)::DECIMAL(9,2) AS d"
          + " FROM range(300000) t(i)";

  /** A value of each type that a snapshot keeps. */
  private static final String EVERY_TYPE =
      "SELECT true AS b, 1::TINYINT AS i1, 2::SMALLINT AS i2, 3::INTEGER AS i4, 4::BIGINT AS i8,"
          + " 255::UTINYINT AS u1, 65535::USMALLINT AS u2, 4294967295::UINTEGER AS u4,"
          + " 18446744073709551615::UBIGINT AS u8,"
          + " 170141183460469231731687303715884105727::HUGEINT AS i16, 7::UHUGEINT AS u16,"
          + " 123456789012345678901234567890123::BIGNUM AS big,"
          + " '-0.0'::FLOAT AS f, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS inf,"
          + " 1.5::DECIMAL(38,3) AS d, 'ü ' || chr(0) AS s, '\\x00\\xFF'::BLOB AS bytes,"
          + " '3f6f11f4-0270-43be-a473-9bc41d5949d3'::UUID AS u, DATE '0001-01-01' AS day,"
          + " TIME '12:00:00.000001' AS tod, '12:00:00.123456789'::TIME_NS AS tns,"
          + " '12:00:01.5+03:00'::TIMETZ AS ttz, TIMESTAMP '1969-12-31 23:59:59.999999' AS ts,"
          + " '2001-01-01 00:00:01'::TIMESTAMP_S AS tss,"
          + " '2001-01-01 00:00:00.123'::TIMESTAMP_MS AS tsm,"
          + " '2001-01-01 00:00:00.123456789'::TIMESTAMP_NS AS tsn,"
          + " '2001-01-01 00:00:00+00'::TIMESTAMPTZ AS tz,"
          + " INTERVAL '1 month 3 days 1.234567 seconds' AS iv, '0101'::BIT AS bit,"
          + " 'c''d'::ENUM('a\"b', 'c''d') AS e, '{\"a\":1}'::JSON AS j, [1, NULL, 3] AS l,"
          + " [1, 2, 3]::INTEGER[3] AS ar, MAP {'k': 1.5::DOUBLE} AS m,"
          + " {'a b': 1, 'c': {'d': ['x', NULL]}} AS st, 5 AS rowid, NULL::VARCHAR AS \"q\"\"\\\n\"";

  @TempDir Path folder;
  private Registry registry;

  @BeforeEach
  void open() {
    registry = Registry.open(folder.resolve("registry"));
  }

  @AfterEach
  void noTemporaryFileIsLeft() throws IOException {
    registry.close();
    Path temporary = folder.resolve("temporary");
    if (Files.exists(temporary)) {
      try (Stream<Path> files = Files.list(temporary)) {
        assertThat(files).isEmpty();
      }
    }
  }

  private Warehouse warehouse(int threads) {
    return Warehouse.inMemory(
        WarehouseOptions.builder()
            .threads(threads)
            .temporaryFolder(folder.resolve("temporary"))
            .build());
  }

  /** How many rows of a table differ from those of another in the same place. */
  private static long differences(Warehouse warehouse, String one, String other) {
    return warehouse.execute(
        "SELECT * FROM (SELECT %1$s AS a, row_number() OVER () AS p FROM %1$s)".formatted(one)
            + " FULL JOIN (SELECT %1$s AS b, row_number() OVER () AS q FROM %1$s) ON p = q"
                .formatted(other)
            + " WHERE a::VARCHAR IS DISTINCT FROM b::VARCHAR");
  }

  @Test
  void keepsRowsAndTellsWhatTheyAre() {
    try (Warehouse warehouse = warehouse(2)) {
      warehouse.execute("CREATE TABLE Flights AS " + ROWS);
      Snapshots snapshots = warehouse.snapshots(registry);
      Snapshot snapshot = snapshots.takeTable("flights", "flights");
      Version version = snapshot.version();
      assertThat(version.id().kind()).isEqualTo(Kind.DATASET);
      assertThat(version.id().name()).isEqualTo("flights");
      assertThat(version.madeFrom()).isEmpty();
      assertThat(version.properties())
          .containsEntry("table", "flights")
          .containsEntry("rows", "300000")
          .containsEntry("columns", "i BIGINT, k BIGINT, s VARCHAR, ts TIMESTAMP, d DECIMAL(9,2)")
          .containsEntry("parts", "" + snapshot.parts());
      assertThat(version.attachments()).hasSize(snapshot.parts());
      assertThat(snapshot.rows()).isEqualTo(300_000);
      assertThat(snapshot.parts()).isBetween(2, 10);
      assertThat(snapshot.columns()).contains(new Snapshot.Column("ts", "TIMESTAMP"));
      assertThat(snapshot.toString())
          .startsWith("dataset flights:1 (")
          .contains("300,000 rows, 5 columns");
      assertThat(snapshot.describe()).contains("DECIMAL(9,2)");
      assertThat(snapshot.toHtml()).contains("<td>ts</td><td>TIMESTAMP</td>");
      snapshots.restore(snapshot, "back");
      assertThat(differences(warehouse, "flights", "back")).isZero();
      assertThat(snapshots.get("flights:1")).isEqualTo(snapshot);
      assertThat(snapshots.get("flights").columns()).isEqualTo(snapshot.columns());
      assertThat(snapshots.list("flights")).containsExactly(snapshot);
      assertThat(snapshots.list("nothing")).isEmpty();
    }
  }

  @Test
  void everyTypeComesBackAsItWas() {
    try (Warehouse warehouse = warehouse(1)) {
      warehouse.execute("CREATE TABLE t AS " + EVERY_TYPE);
      warehouse.execute("INSERT INTO t(b) VALUES (NULL)");
      Snapshots snapshots = warehouse.snapshots(registry);
      Snapshot snapshot = snapshots.takeTable("types", "t");
      assertThat(snapshots.get("types").columns()).isEqualTo(snapshot.columns());
      snapshots.restore(snapshots.get("types"), "back");
      assertThat(warehouse.execute("FROM (DESCRIBE t) EXCEPT ALL FROM (DESCRIBE back)")).isZero();
      assertThat(differences(warehouse, "t", "back")).isZero();
      assertThat(snapshots.diff(snapshot, snapshots.takeTable("back", "back")).isEmpty()).isTrue();
    }
  }

  @Test
  void aQueryIsKeptWithItsTextAndWhatItCameFrom() {
    try (Warehouse warehouse = warehouse(1)) {
      warehouse.execute("CREATE TABLE t AS SELECT i FROM range(10) t(i)");
      Snapshots snapshots = warehouse.snapshots(registry);
      Version source = snapshots.takeTable("t", "t").version();
      String sql = "SELECT sum(i) AS total FROM t; -- the end";
      Snapshot total = snapshots.take("total", sql, source);
      assertThat(total.version().madeFrom()).containsExactly(source.id());
      assertThat(total.version().properties())
          .containsEntry("query", sql)
          .containsEntry("query.sha256", ContentHash.of(sql).hex())
          .containsEntry("columns", "total HUGEINT");
      Snapshot none = snapshots.take("none", "SELECT i, 'x' AS s FROM t WHERE i < 0");
      assertThat(none.rows()).isZero();
      assertThat(snapshots.restore(none, "none").rows()).isZero();
      assertThat(snapshots.take("with", "WITH x AS (SELECT 1 AS a) FROM x").rows()).isEqualTo(1);
    }
  }

  @Test
  void equalContentIsOneVersionHoweverItCameThere() throws IOException {
    Snapshot first;
    try (Warehouse warehouse = warehouse(1)) {
      warehouse.execute("CREATE TABLE t AS " + ROWS);
      first = warehouse.snapshots(registry).takeTable("data", "t");
      assertThat(warehouse.snapshots(registry).takeTable("data", "t")).isEqualTo(first);
    }
    WarehouseOptions options =
        WarehouseOptions.builder()
            .threads(3)
            .batchRows(777)
            .temporaryFolder(folder.resolve("temporary"))
            .build();
    try (Warehouse warehouse = Warehouse.open(folder.resolve("w.db"), options)) {
      try (ArrowReader rows = warehouse.query(ROWS)) {
        warehouse.load("piecewise", Source.arrow(rows));
      }
      warehouse.execute("INSERT INTO piecewise SELECT * FROM piecewise LIMIT 1000");
      warehouse.execute("DELETE FROM piecewise WHERE rowid >= 300000");
      Snapshots strict = warehouse.snapshots(registry).strict();
      assertThat(strict.takeTable("data", "piecewise")).isEqualTo(first);
      try (Registry other = Registry.open(folder.resolve("other"))) {
        Snapshot there = warehouse.snapshots(other).take("data", "FROM piecewise");
        assertThat(there.version().id()).isEqualTo(first.version().id());
        assertThat(there.version().attachments()).isEqualTo(first.version().attachments());
      }
      warehouse.execute("UPDATE piecewise SET k = 8 WHERE i = 123456");
      Snapshot changed = warehouse.snapshots(registry).takeTable("data", "piecewise");
      assertThat(changed.version().id().number()).isEqualTo(2);
      assertThat(changed.version().id().hash()).isNotEqualTo(first.version().id().hash());
    }
  }

  @Test
  void snapshotsOfOneFileFromEarlierReleasesAreRead() throws IOException {
    try (Warehouse warehouse = warehouse(1)) {
      Path file = folder.resolve("old.parquet");
      warehouse.execute(
          "COPY (SELECT i, 'r' || i AS s FROM range(10) t(i)) TO '" + file + "' (FORMAT parquet)");
      Version old = registry.register(Registration.of(Kind.DATASET, "old").content(file));
      Snapshots snapshots = warehouse.snapshots(registry);
      Snapshot snapshot = snapshots.get(old);
      assertThat(snapshot.rows()).isEqualTo(10);
      assertThat(snapshot.bytes()).isEqualTo(Files.size(file));
      assertThat(snapshot.columns())
          .containsExactly(new Snapshot.Column("i", "BIGINT"), new Snapshot.Column("s", "VARCHAR"));
      assertThat(warehouse.sql("FROM t WHERE i > 5").asOf("t", snapshot).execute()).isEqualTo(4);
      snapshots.restore(snapshot, "back");
      Snapshot next = snapshots.takeTable("old", "back");
      assertThat(next.version().id().number()).isEqualTo(2);
      assertThat(snapshots.diff(snapshot, next, "i").isEmpty()).isTrue();
    }
  }

  @Test
  void restoresAsTheCallerChooses() {
    try (Warehouse warehouse = warehouse(1)) {
      Snapshots snapshots = warehouse.snapshots(registry);
      Snapshot snapshot = snapshots.take("d", "SELECT i FROM range(3) t(i)");
      warehouse.execute("CREATE TABLE t AS SELECT 7::BIGINT AS i");
      assertThatThrownBy(() -> snapshots.restore(snapshot, "t")).hasMessageContaining("t");
      assertThat(warehouse.rows("t")).isEqualTo(1);
      assertThat(snapshots.restore(snapshot, "t", Load.append()).rows()).isEqualTo(4);
      assertThat(snapshots.restore(snapshot, "t", Load.replace()).rows()).isEqualTo(3);
    }
  }

  @Test
  void refusesWhatCannotBeKept() {
    try (Warehouse warehouse = warehouse(1)) {
      Snapshots snapshots = warehouse.snapshots(registry);
      warehouse.execute("CREATE TABLE t AS SELECT 1 AS i");
      assertFails(ErrorCode.NAME_UNKNOWN, () -> snapshots.takeTable("d", "nope"))
          .hasMessageContaining("nope");
      assertFails(ErrorCode.NAME_UNKNOWN, () -> snapshots.take("d", "FROM nope"))
          .hasMessageContaining("nope");
      assertFails(ErrorCode.QUERY_FAILED, () -> snapshots.take("d", "FROM t; DROP TABLE t"))
          .hasMessageContaining("more than one statement");
      assertFails(ErrorCode.QUERY_FAILED, () -> snapshots.take("d", "FROM t WHERE i = ?"))
          .hasMessageContaining("parameters");
      assertFails(ErrorCode.QUERY_FAILED, () -> snapshots.take("d", "FROM t WHERE i = $i"))
          .hasMessageContaining("parameters");
      assertFails(ErrorCode.QUERY_FAILED, () -> snapshots.take("d", "DROP TABLE t"))
          .hasMessageContaining("rows");
      assertFails(ErrorCode.QUERY_FAILED, () -> snapshots.take("d", "DELETE FROM t RETURNING i"));
      assertFails(ErrorCode.QUERY_FAILED, () -> snapshots.take("d", "SELEC 1"));
      assertFails(
              ErrorCode.DATA_UNSUITABLE,
              () -> snapshots.take("d", "SELECT union_value(num := 1) AS u"))
          .hasMessageContaining("'u'")
          .hasMessageContaining("UNION");
      assertFails(
              ErrorCode.DATA_UNSUITABLE, () -> snapshots.take("d", "SELECT {'h': 1::HUGEINT} AS s"))
          .hasMessageContaining("HUGEINT");
      assertThatThrownBy(() -> snapshots.takeTable("no/name", "t"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no/name");
      assertThat(warehouse.rows("t")).isEqualTo(1);
      assertThat(registry.names(Kind.DATASET)).isEmpty();
      Version text =
          registry.register(Registration.of(Kind.DATASET, "text").content(bytes("a,b\n1,2\n")));
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> snapshots.get(text))
          .hasMessageContaining("dataset text:1");
      assertThat(snapshots.list("text")).isEmpty();
      Version model = registry.register(Registration.of(Kind.MODEL, "m").content(bytes("m")));
      assertThatThrownBy(() -> snapshots.get(model))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("model m:1");
      registry.close();
      assertThatThrownBy(() -> snapshots.takeTable("d", "t"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Registry");
    }
  }

  @Test
  void aManifestThatSomebodyMadeUpIsRefused() {
    Manifest good =
        new Manifest(
            "v1",
            List.of(new Snapshot.Column("a\"\\\n\uD83D\uDE80", "ENUM('x', 'y\"z')")),
            List.of(new Manifest.Part(ContentHash.of("x"), 3, 4, "00ff")));
    assertThat(Manifest.parse(good.toBytes(), "it")).isEqualTo(good);
    String json = new String(good.toBytes(), StandardCharsets.UTF_8);
    for (String bad :
        List.of(
            "",
            "{}",
            json + " ",
            json.replace("\"rows\":3,\n", "\"rows\":4,\n"),
            json.replace("00ff", "00FF"),
            json.replace("\\u000a", "\\u"),
            json.replace("\\u000a", "\\u000A"),
            json.replace("}]}", "}"),
            json.replace("\"columns\":[", "\"columns\": ["),
            json.substring(0, json.length() / 2))) {
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> Manifest.parse(bytes(bad), "it"))
          .hasMessageContaining("it is no snapshot");
    }
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> Manifest.parse(bytes(json.replace("format\":1", "format\":2")), "it"))
        .hasMessageContaining("newer release");
    for (String type :
        List.of("", "INTEGER) AS a, (SELECT 1", "INTEGER; DROP TABLE t", "a--", "X[", "'")) {
      Manifest forged = new Manifest("v1", List.of(new Snapshot.Column("a", type)), good.parts());
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> Manifest.parse(forged.toBytes(), "it"))
          .hasMessageContaining("column 'a'");
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
