package io.mlinfra.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.data.NumberBlock;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import io.mlinfra.warehouse.Exported;
import io.mlinfra.warehouse.Load;
import io.mlinfra.warehouse.LoadResult;
import io.mlinfra.warehouse.Preview;
import io.mlinfra.warehouse.Query;
import io.mlinfra.warehouse.RecordedLoad;
import io.mlinfra.warehouse.Registered;
import io.mlinfra.warehouse.RejectedRow;
import io.mlinfra.warehouse.ScalarFunction;
import io.mlinfra.warehouse.Snapshot;
import io.mlinfra.warehouse.SnapshotDiff;
import io.mlinfra.warehouse.Snapshots;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Target;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.WarehouseOptions;
import io.mlinfra.warehouse.quality.ColumnSummary;
import io.mlinfra.warehouse.quality.ConstraintReport;
import io.mlinfra.warehouse.quality.ConstraintResult;
import io.mlinfra.warehouse.quality.Constraints;
import io.mlinfra.warehouse.quality.TableProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/warehouse.md, and what the text around it claims. */
@Timeout(120)
class WarehouseGuideTest {
  private static final Path GUIDE = Path.of("..", "docs", "warehouse.md");

  /** A thousand flights between three airports; every seventh has no delay. */
  private static final String FLIGHTS =
      """
      CREATE TABLE flights AS
      SELECT i AS id, TIMESTAMP '2001-01-01' + to_minutes(i * 101) AS date,
             ['JFK', 'LAX', 'DEN'][1 + i % 3] AS origin,
             ['LAX', 'DEN', 'JFK'][1 + i % 3] AS destination,
             ([2475, 862, 1626][1 + i % 3])::INTEGER AS distance,
             (CASE WHEN i % 7 > 0 THEN i * 29 % 120 - 30 END)::INTEGER AS delay
      FROM range(1000) t(i)""";

  @TempDir Path folder;

  private BufferAllocator allocator;
  private Warehouse warehouse;

  @BeforeEach
  void open() {
    allocator = new RootAllocator();
    warehouse =
        Warehouse.inMemory(WarehouseOptions.builder().threads(2).allocator(allocator).build());
    warehouse.execute(FLIGHTS);
  }

  @AfterEach
  void close() {
    warehouse.close();
    allocator.close();
  }

  @Test
  void opensAFileOrMemory() {
    Path file = folder.resolve("flights.db");
    Path scratch = folder.resolve("scratch");

    WarehouseOptions options =
        WarehouseOptions.builder()
            .threads(2)
            .memoryLimitBytes(1_000_000_000)
            .temporaryFolder(scratch)
            .maxTemporaryBytes(20_000_000_000L)
            .build();
    try (Warehouse warehouse = Warehouse.open(file, options)) {
      warehouse.execute("CREATE TABLE airports (code VARCHAR PRIMARY KEY, city VARCHAR)");
      warehouse.execute("INSERT INTO airports VALUES (?, ?)", "JFK", "New York");
      List<String> tables = warehouse.tables();
      long rows = warehouse.rows("airports");

      assertThat(tables).containsExactly("airports");
      assertThat(rows).isOne();
      assertFails(ErrorCode.CONFLICT, () -> Warehouse.open(file))
          .hasMessageContaining("is open in this process with other options");
      assertThat(warehouse.sql("SELECT current_setting('TimeZone')").value(String.class))
          .isEqualTo("UTC");
    }
    assertThat(scratch).isEmptyDirectory();
    try (Warehouse one = Warehouse.open(file);
        Warehouse two = Warehouse.open(file)) {
      two.execute("INSERT INTO airports VALUES ('LAX', 'Los Angeles')");
      assertThat(one.rows("airports")).isEqualTo(2);
    }
    WarehouseOptions reading = WarehouseOptions.builder().readOnly(true).build();
    try (Warehouse warehouse = Warehouse.open(file, reading)) {
      assertThat(warehouse.rows("airports")).isEqualTo(2);
      assertThatThrownBy(() -> warehouse.load("t", Source.query("SELECT 1")))
          .isInstanceOf(IllegalStateException.class);
    }
    assertFails(ErrorCode.FILE_MISSING, () -> Warehouse.open(folder.resolve("none/flights.db")));
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT 1; SELECT 2"));
  }

  @Test
  void letsStrangersAsk() throws IOException {
    Path file = folder.resolve("flights.db");
    Path inbox = Files.createDirectory(folder.resolve("inbox"));
    Path other = Files.writeString(folder.resolve("passwords.csv"), "user,password\nada,1815\n");
    Files.writeString(inbox.resolve("airports.csv"), "code\nJFK\nLAX\n");
    String text = "SELECT count(*) FROM '" + inbox.resolve("airports.csv") + "'";

    WarehouseOptions hardened =
        WarehouseOptions.builder()
            .hardened(inbox)
            .memoryLimitBytes(500_000_000)
            .maxTemporaryBytes(1_000_000_000)
            .build();
    try (Warehouse warehouse = Warehouse.open(file, hardened)) {
      Preview answer = warehouse.sql(text).timeout(Duration.ofSeconds(5)).show();

      assertThat(answer.toString()).contains("2");
      for (String refused :
          List.of(
              "FROM '" + other + "'",
              "COPY (SELECT 1) TO '" + inbox.resolve("out.csv") + "'",
              "ATTACH '" + inbox.resolve("other.db") + "'",
              "SET memory_limit = '8GB'",
              "INSTALL httpfs")) {
        assertFails(ErrorCode.ACCESS_REFUSED, () -> warehouse.execute(refused));
      }
      assertFails(ErrorCode.ACCESS_REFUSED, () -> warehouse.load("t", Source.csv(other)));
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT 1; SELECT 2"));
      assertFails(ErrorCode.CONFLICT, () -> Warehouse.open(file, hardened));
      // What hardening does not do: a stranger may change the warehouse's own tables.
      warehouse.execute("CREATE TABLE mine AS SELECT 1 AS i");
      warehouse.execute("DROP TABLE mine");
    }
  }

  @Test
  void speaksJdbc() throws SQLException {
    long found;

    DataSource database = warehouse.dataSource();
    try (Connection connection = database.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("SELECT count(*) FROM flights WHERE origin = ?")) {
      statement.setString(1, "JFK");
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        long flights = rows.getLong(1);
        found = flights;
      }
    }
    assertThat(found).isEqualTo(334);
  }

  @Test
  void loadsParquet() {
    Path file = folder.resolve("flights.parquet");
    Path history = folder.resolve("history");
    warehouse.sql("SELECT * FROM flights").export(Target.parquet(file));
    warehouse
        .sql("SELECT *, year(date) AS year, month(date) AS month FROM flights")
        .export(Target.parquet(history).partitionBy("year", "month"));

    LoadResult result = warehouse.load("flights", Source.parquet(file));
    warehouse.load("history", Source.parquet(history));
    warehouse.load("winter", Source.parquet(history, "year=2001/month={1,2}/*.parquet"));

    assertThat(result.rows()).isEqualTo(1000);
    assertThat(result.toString()).startsWith("flights: 1,000 rows in ");
    assertThat(warehouse.rows("history")).isEqualTo(1000);
    assertThat(warehouse.sql("SELECT DISTINCT month FROM winter ORDER BY 1").list(Integer.class))
        .containsExactly(1, 2);
    assertFails(
        ErrorCode.FILE_MISSING, () -> warehouse.load("t", Source.parquet(Path.of("no.parquet"))));
  }

  @Test
  void loadsCsvAndTellsWhatItRejects() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("orders.csv"),
            """
            id;price;ordered
            1;19.90;22.11.2026
            2;free;22.11.2026
            3;4.50;23.11.2026
            4;7.25
            """);
    List<String> log = new ArrayList<>();

    LoadResult result =
        warehouse.load(
            "orders",
            Source.csv(file)
                .column("id", "BIGINT")
                .column("price", "DECIMAL(9, 2)")
                .column("ordered", "DATE")
                .dateFormat("%d.%m.%Y")
                .rejectAtMost(100));
    for (RejectedRow row : result.rejected()) {
      log.add(row.toString());
    }

    assertThat(result.rows()).isEqualTo(2);
    assertThat(result.rejected()).extracting(RejectedRow::line).containsExactly(3L, 5L);
    assertThat(result.rejected()).extracting(RejectedRow::column).containsExactly("price", "");
    assertShown(String.join("\n", log).replace(folder.toString(), "/data"));
    assertThat(warehouse.schema("orders").getFields().toString()).contains("price: Decimal(9, 2");
    Source strict = Source.csv(file).column("price", "DECIMAL(9, 2)");
    warehouse.execute("CREATE TABLE kept AS SELECT 42 AS answer");
    assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("kept", strict))
        .hasMessageContaining("orders.csv', line ");
    assertThat(warehouse.sql("FROM kept").value(Integer.class)).isEqualTo(42);
  }

  @Test
  void loadsJson() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("events.ndjson"),
            """
            {"id": 1, "person": {"name": "Ada", "tags": ["a", "b"]}, "payload": {"items": [{"sku": "x"}]}}
            {"id": 2, "person": {"name": "Grace", "tags": []}, "payload": 17}
            """);

    warehouse.load("events", Source.json(file));
    List<String> names =
        warehouse.sql("SELECT person.name FROM events ORDER BY id").list(String.class);
    List<String> tags = warehouse.sql("SELECT unnest(person.tags) FROM events").list(String.class);
    String sku =
        warehouse
            .sql("SELECT payload->>'$.items[0].sku' FROM events WHERE id = $id")
            .bind("id", 1)
            .value(String.class);

    assertThat(names).containsExactly("Ada", "Grace");
    assertThat(tags).containsExactly("a", "b");
    assertThat(sku).isEqualTo("x");
    assertThat(
            warehouse
                .sql("SELECT column_type FROM (DESCRIBE events) ORDER BY column_name")
                .list(String.class))
        .containsExactly("BIGINT", "JSON", "STRUCT(\"name\" VARCHAR, tags VARCHAR[])");

    warehouse.load(
        "few", Source.json(file).column("id", "BIGINT").column("person", "STRUCT(name VARCHAR)"));

    assertThat(warehouse.sql("SELECT count(*) FROM few").value(Long.class)).isEqualTo(2);
    Path broken = Files.writeString(folder.resolve("broken.json"), "{\"id\": 1}\n{\"id\": ");
    assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.json(broken)))
        .hasMessageContaining("broken.json");
  }

  @Test
  void loadsArrow() throws IOException {
    Path file = folder.resolve("flights.arrow");
    warehouse.sql("SELECT * FROM flights WHERE id < 10").export(Target.arrow(file));
    try (Warehouse other = Warehouse.inMemory()) {
      other.execute(FLIGHTS);

      warehouse.load("copy", Source.arrow(file));
      try (ArrowReader batches = other.query("SELECT * FROM flights WHERE id >= ?", 990)) {
        warehouse.load("copy", Source.arrow(batches), Load.append());
      }
    }
    assertThat(warehouse.rows("copy")).isEqualTo(20);
    assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.arrow(cut(file))));
  }

  @Test
  void loadsFromAnotherDatabase() {
    try (Warehouse shop = Warehouse.inMemory()) {
      shop.execute(
          """
          CREATE TABLE orders AS
          SELECT i AS id, (i * 1.25)::DECIMAL(9, 2) AS price, 'DE' AS country,
                 TIMESTAMP '2026-11-22' + to_hours(i) AS changed
          FROM range(10) t(i)""");
      DataSource database = shop.dataSource();

      Source orders =
          Source.jdbc(database, "SELECT id, price, changed FROM orders WHERE country = ?", "DE");
      warehouse.load("orders", orders, Load.upsert("id").since("changed"));

      assertThat(warehouse.rows("orders")).isEqualTo(10);
      shop.execute(
          """
          UPDATE orders SET price = 99, changed = TIMESTAMP '2026-12-01' WHERE id = 3""");
      LoadResult next = warehouse.load("orders", orders, Load.upsert("id").since("changed"));
      // The row that was last is written again, for another may have come in with its time.
      assertThat(next.loaded()).isEqualTo(2);
      assertThat(next.updated()).isEqualTo(2);
      assertThat(warehouse.sql("SELECT price FROM orders WHERE id = 3").value(Double.class))
          .isEqualTo(99.0);
      Source wrong = Source.jdbc(database, "SELECT nothing FROM orders");
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.load("t", wrong))
          .hasMessageContaining("the other database refused");
    }
  }

  @Test
  void loadsWhatAQueryGives() {
    warehouse.load(
        "busy",
        Source.query(
            "SELECT origin, count(*) AS flights FROM flights GROUP BY origin HAVING count(*) > ?",
            333));

    assertThat(warehouse.sql("SELECT origin FROM busy").list(String.class)).containsExactly("JFK");
  }

  @Test
  void loadsOnceAndOnlyWhatIsNew() throws IOException {
    Path monday = Files.writeString(folder.resolve("1.csv"), "id,amount\n1,10\n2,20\n");
    Path tuesday = Files.writeString(folder.resolve("2.csv"), "id,amount\n2,25\n3,30\n");
    Path wednesday = Files.writeString(folder.resolve("3.csv"), "id,amount,note\n4,40,gift\n");

    warehouse.load("orders", Source.csv(monday), Load.create());
    LoadResult upsert = warehouse.load("orders", Source.csv(tuesday), Load.upsert("id"));
    warehouse.load("orders", Source.csv(wednesday), Load.append().evolve());

    assertThat(upsert.inserted()).isOne();
    assertThat(upsert.updated()).isOne();
    assertThat(upsert.toString()).startsWith("orders: 2 rows, 1 new and 1 replaced (3 in all)");
    assertThat(warehouse.sql("SELECT sum(amount) FROM orders").value(Long.class)).isEqualTo(105);
    assertThat(warehouse.sql("SELECT note FROM orders WHERE id = 4").value(String.class))
        .isEqualTo("gift");
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> warehouse.load("orders", Source.csv(monday), Load.append()))
        .hasMessageContaining("note");
    assertFails(
        ErrorCode.QUERY_FAILED, () -> warehouse.load("orders", Source.csv(monday), Load.create()));

    Path file = monday;

    Load load = Load.append().id("payments/2026-11-22");
    LoadResult first = warehouse.load("payments", Source.csv(file), load);
    LoadResult second = warehouse.load("payments", Source.csv(file), load);
    List<RecordedLoad> done = warehouse.loads("payments");

    assertThat(first.repeated()).isFalse();
    assertThat(second.repeated()).isTrue();
    assertThat(second.toString())
        .isEqualTo("payments: nothing to do, the load was done before (2 rows)");
    assertThat(done).extracting(RecordedLoad::id).containsExactly("payments/2026-11-22");
    assertThat(warehouse.tables()).doesNotContain("loads");
    assertThat(warehouse.sql("SELECT count(*) FROM mlinfra.loads").value(Long.class)).isOne();
    warehouse.execute("DELETE FROM payments");
    assertThat(warehouse.load("payments", Source.csv(file), load).repeated()).isTrue();
    warehouse.load("payments", Source.csv(file), Load.replace());
    assertThat(warehouse.loads("payments")).isEmpty();
  }

  @Test
  void streams() throws IOException {
    int late = 0;
    try (ArrowReader flights =
        warehouse
            .sql("SELECT id, delay FROM flights WHERE origin = $origin")
            .bind("origin", "JFK")
            .batchRows(20_000)
            .stream()) {
      while (flights.loadNextBatch()) {
        VectorSchemaRoot batch = flights.getVectorSchemaRoot();
        IntVector delay = (IntVector) batch.getVector("delay");
        for (int row = 0; row < batch.getRowCount(); row++) {
          late += !delay.isNull(row) && delay.get(row) > 15 ? 1 : 0;
        }
      }
    }
    assertThat(late)
        .isEqualTo(
            warehouse
                .sql("SELECT count(*) FROM flights WHERE origin = 'JFK' AND delay > 15")
                .value(Integer.class));
  }

  record Route(String origin, String destination, long flights, Double meanDelay) {}

  @Test
  void givesRecordsAndValues() {
    List<Route> routes =
        warehouse
            .sql(
                """
                SELECT origin, destination, count(*) AS flights, avg(delay) AS mean_delay
                FROM flights WHERE origin = ANY($origins) AND date >= $since
                GROUP BY ALL ORDER BY origin""")
            .bind("origins", List.of("JFK", "LAX"))
            .bind("since", LocalDateTime.parse("2001-01-15T00:00"))
            .list(Route.class);
    long late =
        warehouse.sql("SELECT count(*) FROM flights WHERE delay > ?").bind(15).value(Long.class);
    Optional<Long> lost =
        warehouse.sql("SELECT id FROM flights WHERE delay > 500").first(Long.class);

    assertThat(routes).extracting(Route::origin).containsExactly("JFK", "LAX");
    assertThat(late).isPositive();
    assertThat(lost).isEmpty();
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> warehouse.sql("SELECT delay FROM flights ORDER BY id").list(Integer.class))
        .hasMessageContaining("row 1");
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () -> warehouse.sql("SELECT id FROM flights").maxRows(10).list(Long.class));
    assertThatThrownBy(() -> warehouse.sql("SELECT $origin").bind("orgin", "JFK"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("orgin");
  }

  @Test
  void shows() {
    Preview preview =
        warehouse.sql("SELECT id, date, origin, delay FROM flights ORDER BY id").show(3);
    String table = preview.toString();
    String html = preview.toHtml();

    assertShown(table);
    assertThat(html).contains("<table>").contains("JFK");
  }

  @Test
  void endsWhatTakesTooLong() throws Exception {
    String sql =
        "SELECT count(*) FROM range(1_000_000_000) a(i), range(1_000) b(j) WHERE i * j = 7";
    AtomicLong told = new AtomicLong();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    Progress progress = (name, total, unit) -> told::addAndGet;

    Query query = warehouse.sql(sql).timeout(Duration.ofMinutes(10)).progress(progress);
    Future<Long> running = executor.submit(query::execute);
    query.cancel();

    // Before it began there was nothing to cancel.
    while (!running.isDone()) {
      query.cancel();
      Thread.sleep(10);
    }
    executor.shutdown();
    assertThatThrownBy(running::get)
        .cause()
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
    assertFails(
        ErrorCode.TIMED_OUT,
        () -> warehouse.sql(sql).timeout(Duration.ofMillis(50)).value(Long.class));
  }

  @Test
  void explains() {
    Query query = warehouse.sql("SELECT origin, avg(delay) FROM flights GROUP BY origin");
    String plan = query.explain();
    String timed = query.explainAnalyze();

    assertThat(plan).contains("HASH_GROUP_BY");
    assertThat(timed).contains("Total Time");
  }

  @Test
  void exports() throws IOException {
    Path output = folder;

    Exported written =
        warehouse
            .sql("SELECT *, year(date) AS year, month(date) AS month FROM flights")
            .export(
                Target.parquet(output.resolve("flights"))
                    .partitionBy("year", "month")
                    .sortBy("date", "id"));
    warehouse.sql("FROM flights").export(Target.arrow(output.resolve("flights.arrow")));
    warehouse.sql("FROM flights").export(Target.csv(output.resolve("flights.csv.gz")));
    warehouse
        .sql("FROM flights")
        .export(Target.json(output.resolve("flights.json")).overwrite(true));

    assertThat(written.rows()).isEqualTo(1000);
    assertThat(written.files()).hasSize(3);
    assertThat(written.files().get(0).toString()).contains("year=2001");
    for (Source source :
        List.of(
            Source.arrow(output.resolve("flights.arrow")),
            Source.csv(output.resolve("flights.csv.gz")),
            Source.json(output.resolve("flights.json")))) {
      assertThat(warehouse.load("back", source).rows()).isEqualTo(1000);
    }
    assertFails(
        ErrorCode.CONFLICT,
        () -> warehouse.sql("FROM flights").export(Target.arrow(output.resolve("flights.arrow"))));
  }

  @Test
  void fillsBlocks() {
    String sql = "SELECT distance, delay FROM flights ORDER BY id";

    try (FloatBlock block = warehouse.floats(allocator, sql)) {
      float distance = block.get(0, 0);
      boolean missing = Float.isNaN(block.get(0, 1));

      assertThat(distance).isEqualTo(2475f);
      assertThat(missing).isTrue();
      assertThat(block.rows()).isEqualTo(1000);
    }

    double[] values = new double[2_000 * 2];
    ByteBuffer present = ByteBuffer.allocate(2_000 * 2);
    NumberBlock block =
        NumberBlock.doubles(DoubleBuffer.wrap(values), 2_000, 2).columnMajor().mask(present);
    int rows = warehouse.sql(sql).fill(block);

    assertThat(rows).isEqualTo(1000);
    assertThat(values[1]).isEqualTo(862);
    assertThat(values[2_000]).isNaN();
    assertThat(values[2_001]).isEqualTo(-1);
    assertThat(present.get(2_000)).isZero();
    assertThat(present.get(2_001)).isOne();
    NumberBlock small = NumberBlock.floats(FloatBuffer.wrap(new float[20]), 10, 2);
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> warehouse.sql(sql).fill(small));
    assertFails(
            ErrorCode.DATA_UNSUITABLE,
            () -> warehouse.floats(allocator, "SELECT origin FROM flights"))
        .hasMessageContaining("origin");
    // 2 to the 24th, and one more, which a float does not have.
    try (FloatBlock rounded = warehouse.floats(allocator, "SELECT 16777217")) {
      assertThat(rounded.get(0, 0)).isEqualTo(16777216f);
    }
  }

  @Test
  void takesSnapshots() {
    try (Registry registry = Registry.open(folder.resolve("registry"))) {

      Snapshots snapshots = warehouse.snapshots(registry);
      Snapshot first = snapshots.take("flights", "SELECT * FROM flights ORDER BY id");
      warehouse.execute("UPDATE flights SET delay = 0 WHERE id = 7");
      warehouse.execute("DELETE FROM flights WHERE id > 997");
      Snapshot second = snapshots.take("flights", "SELECT * FROM flights ORDER BY id");

      assertThat(first.version().id().toString()).startsWith("dataset flights:1 (");
      assertThat(first.rows()).isEqualTo(1000);
      assertThat(snapshots.take("flights", "FROM flights ORDER BY id")).isEqualTo(second);

      long then =
          warehouse
              .sql("SELECT count(*) FROM flights WHERE delay IS NULL")
              .asOf("flights", snapshots.get("flights:1"))
              .value(Long.class);
      SnapshotDiff diff = snapshots.diff(first, second, "id");
      LoadResult back = snapshots.restore(first, "flights_before");

      assertThat(then).isEqualTo(143);
      assertThat(diff.added()).isZero();
      assertThat(diff.removed()).isEqualTo(2);
      assertThat(diff.changedByColumn()).isEqualTo(Map.of("delay", 1L));
      assertThat(back.rows()).isEqualTo(1000);
      assertShown(diff.toString());

      List<VersionId> gone = snapshots.expire("flights", Retention.keepLast(1), "monthly");

      assertThat(gone).containsExactly(first.version().id());
      assertThat(snapshots.list("flights")).containsExactly(second);
    }
  }

  @Test
  void checksConstraints() {
    warehouse.execute("UPDATE flights SET distance = -1 WHERE id = 17");
    warehouse.execute("CREATE TABLE airports AS SELECT unnest(['JFK', 'LAX', 'DEN']) AS code");

    Constraints rules =
        Constraints.on("flights")
            .notNull("id", "date", "origin")
            .primaryKey("id")
            .foreignKey("origin", "airports", "code")
            .inSet("destination", "JFK", "LAX", "DEN")
            .range("distance", 1, 20_000)
            .matches("origin", "[A-Z]{3}")
            .rowCount(1, 10_000_000)
            .compare("origin", "<>", "destination")
            .notNull("delay")
            .allowing(0.2)
            .because("cancelled flights have none")
            .fraction("delay > 15", 0.05, 0.5)
            .asWarning()
            .when("delay IS NOT NULL", c -> c.sql("sane", "delay BETWEEN ? AND ?", -60, 1_000));
    ConstraintReport report = rules.check(warehouse);
    String table = report.toString();

    assertThat(report.passed()).isFalse();
    assertThat(report.scans()).isEqualTo(3);
    assertThat(report.failed())
        .extracting(ConstraintResult::constraint)
        .anyMatch(text -> text.contains("distance"));
    assertShown(table);
    assertThat(report.toHtml()).contains("distance");
    assertFails(
            ErrorCode.CONSTRAINT_VIOLATED,
            () -> {
              rules.check(warehouse).enforce();
            })
        .hasMessageContaining("distance");
    warehouse.execute("UPDATE flights SET distance = 1626 WHERE id = 17");
    assertThat(rules.check(warehouse).enforce().scans()).isEqualTo(2);
    assertFails(
        ErrorCode.NAME_UNKNOWN, () -> Constraints.on("flights").notNull("orign").check(warehouse));
  }

  @Test
  void profilesAndSuggests() {
    for (String column : List.of("date", "destination", "distance")) {
      warehouse.execute("ALTER TABLE flights DROP COLUMN " + column);
    }

    TableProfile profile = TableProfile.of(warehouse, "flights");
    ColumnSummary delay = profile.column("delay");
    double median = delay.quantile(0.5);
    Constraints suggested = Constraints.suggest(profile);
    String rules = suggested.toString();

    assertThat(profile.rows()).isEqualTo(1000);
    assertThat(profile.scans()).isEqualTo(2);
    assertThat(delay.nulls()).isEqualTo(143);
    assertThat(median).isBetween(20.0, 40.0);
    assertThat(suggested.check(warehouse).passed()).isTrue();
    assertShown(rules);
    assertShown(profile.toString());
    assertThat(profile.toHtml()).contains("delay");
  }

  @Test
  void callsJavaFromSql() {
    ScalarFunction flightHours =
        ScalarFunction.named("flight_hours")
            .takes("miles", ColumnType.INT64)
            .gives(ColumnType.FLOAT64)
            .by(
                (arguments, result) -> {
                  BigIntVector miles = (BigIntVector) arguments.getVector("miles");
                  Float8Vector hours = (Float8Vector) result;
                  for (int row = 0; row < arguments.getRowCount(); row++) {
                    if (!miles.isNull(row)) {
                      hours.set(row, 0.5 + miles.get(row) / 500.0);
                    }
                  }
                  hours.setValueCount(arguments.getRowCount());
                });
    try (Registered registered = warehouse.register(flightHours)) {
      double longest =
          warehouse.sql("SELECT max(flight_hours(distance)) FROM flights").value(Double.class);

      assertThat(registered.name()).isEqualTo("flight_hours");
      assertThat(longest).isEqualTo(5.45);
      assertFails(ErrorCode.CONFLICT, () -> warehouse.register(flightHours));
    }
    assertThatThrownBy(() -> warehouse.execute("SELECT flight_hours(1)"))
        .hasMessageContaining("closed");
    Path file = folder.resolve("flights.db");
    try (Warehouse stored = Warehouse.open(file)) {
      stored.register(flightHours);
      stored.execute("CREATE VIEW hours AS SELECT flight_hours(500) AS h");
    }
    try (Warehouse stored = Warehouse.open(file)) {
      assertFails(ErrorCode.QUERY_FAILED, () -> stored.execute("FROM hours"));
      stored.register(flightHours);
      assertThat(stored.sql("FROM hours").value(Double.class)).isEqualTo(1.5);
    }
  }

  @Test
  void saysWhatWentWrong() {
    List<ErrorCode> codes = new ArrayList<>();

    try {
      warehouse.sql("SELECT * FROM flihgts").show();
    } catch (MlInfraException e) {
      ErrorCode code = e.code();
      boolean tryAgain = code.kind() == ErrorCode.Kind.RESOURCE;

      codes.add(code);
      assertThat(tryAgain).isFalse();
      assertThat(e)
          .hasMessageContaining("flihgts")
          .hasMessageContaining("Of tables there are flights");
    }
    assertThat(codes).containsExactly(ErrorCode.NAME_UNKNOWN);
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }

  /** The file without its end. */
  private static Path cut(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return Files.write(file.resolveSibling("cut.arrow"), Arrays.copyOf(bytes, bytes.length / 2));
  }

  /** The guide shows this, but for hashes and sizes of files, which depend on DuckDB's version. */
  private static void assertShown(String output) {
    try {
      List<String> lines = Files.readAllLines(GUIDE);
      assertThat(lines.stream().map(WarehouseGuideTest::masked).toList())
          .as("docs/warehouse.md shows%n%s", output)
          .containsSequence(
              output.stripTrailing().lines().map(WarehouseGuideTest::masked).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String masked(String line) {
    return line.replaceAll("\\([0-9a-f]{12}\\)", "(hash)")
        .replaceAll("[0-9,]+ bytes", "bytes")
        .replace('\u00a0', ' ')
        .stripTrailing();
  }
}
