package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.data.ColumnType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ScalarFunctionTest {
  private BufferAllocator allocator;
  private Warehouse warehouse;

  @BeforeEach
  void open() {
    allocator = new RootAllocator();
    warehouse =
        Warehouse.inMemory(
            WarehouseOptions.builder().threads(4).allocator(allocator).batchRows(10_000).build());
  }

  @AfterEach
  void close() {
    warehouse.close();
    allocator.close();
  }

  private static ScalarFunction plus(String name, long number) {
    return ScalarFunction.named(name)
        .takes("x", ColumnType.INT64)
        .gives(ColumnType.INT64)
        .by(
            (arguments, result) -> {
              BigIntVector x = (BigIntVector) arguments.getVector("x");
              for (int row = 0; row < arguments.getRowCount(); row++) {
                if (!x.isNull(row)) {
                  ((BigIntVector) result).set(row, x.get(row) + number);
                }
              }
              result.setValueCount(arguments.getRowCount());
            });
  }

  private static ScalarFunction does(String name, ScalarFunction.Body body) {
    return ScalarFunction.named(name).takes("x", ColumnType.INT64).gives(ColumnType.INT64).by(body);
  }

  private List<Object> values(String sql) {
    return WarehouseTest.values(warehouse, sql);
  }

  @Test
  void sqlCallsIt() {
    warehouse.register(plus("Plus_2", 2));
    assertThat(values("SELECT plus_2(40)")).containsExactly(42L);
    assertThat(values("SELECT sum(PLUS_2(range)) = sum(range) + 2 * count(*) FROM range(1000000)"))
        .containsExactly(true);
    assertThat(values("SELECT count(*) FROM range(100000) WHERE plus_2(range) % 10 = 0"))
        .containsExactly(10_000L);
    warehouse.execute("CREATE TABLE t AS SELECT plus_2(range) AS y FROM range(5)");
    assertThat(values("SELECT max(y) FROM t")).containsExactly(6L);
  }

  @Test
  void everyTypeGoesInAndComesOutNullsIncluded() {
    warehouse.execute(
        "CREATE TABLE t AS SELECT range AS i, CASE WHEN range % 7 > 0 THEN range::FLOAT / 3 END AS f,"
            + " CASE WHEN range % 5 > 0 THEN range::DOUBLE / 3 END AS d,"
            + " CASE WHEN range % 3 > 0 THEN range - 5000 END AS n,"
            + " CASE range % 4 WHEN 1 THEN '' WHEN 2 THEN 'ü表' || range WHEN 3 THEN"
            + " repeat('long', (range % 50)::INT) END AS s,"
            + " CASE WHEN range % 2 > 0 THEN range % 6 = 1 END AS b FROM range(10000)");
    for (ColumnType type : ColumnType.values()) {
      String name = "same_" + type;
      warehouse.register(
          ScalarFunction.named(name)
              .takes("x", type)
              .gives(type)
              .by(
                  (arguments, result) -> {
                    for (int row = 0; row < arguments.getRowCount(); row++) {
                      result.copyFromSafe(row, row, arguments.getVector(0));
                    }
                    result.setValueCount(arguments.getRowCount());
                  }));
      String column =
          switch (type) {
            case FLOAT32 -> "f";
            case FLOAT64 -> "d";
            case INT64 -> "n";
            case STRING -> "s";
            case BOOL -> "b";
          };
      assertThat(
              warehouse.execute(
                  "FROM t WHERE " + name + "(" + column + ") IS DISTINCT FROM " + column))
          .as(name)
          .isZero();
    }
    assertThat(values("SELECT length(same_string(repeat('ü', 1000000) || chr(0)))"))
        .containsExactly(1_000_001L);
    assertThat(values("SELECT same_float64('nan') = 'nan'::DOUBLE")).containsExactly(true);
  }

  @Test
  void argumentsComeByNameAndOrderAndMayBeNone() {
    warehouse.register(
        ScalarFunction.named("pick")
            .takes("a", ColumnType.FLOAT32)
            .takes("b", ColumnType.BOOL)
            .takes("c", ColumnType.STRING)
            .gives(ColumnType.FLOAT64)
            .by(
                (arguments, result) -> {
                  for (int row = 0; row < arguments.getRowCount(); row++) {
                    boolean b = ((BitVector) arguments.getVector("b")).get(row) != 0;
                    double c = ((VarCharVector) arguments.getVector("c")).get(row).length;
                    float a = ((Float4Vector) arguments.getVector("a")).get(row);
                    ((Float8Vector) result).set(row, b ? a : c);
                  }
                  result.setValueCount(arguments.getRowCount());
                }));
    assertThat(values("SELECT pick(1.5, true, 'abc')")).containsExactly(1.5);
    assertThat(values("SELECT pick(1.5, false, 'abc')")).containsExactly(3.0);
    warehouse.register(
        ScalarFunction.named("nothing")
            .gives(ColumnType.STRING)
            .by((arguments, result) -> result.setValueCount(arguments.getRowCount())));
    assertThat(warehouse.execute("FROM range(5000) WHERE nothing() IS NULL")).isEqualTo(5000);
  }

  @Test
  void aNullMakesTheResultNullOnRequest() {
    ScalarFunction.Builder one =
        ScalarFunction.named("one")
            .takes("x", ColumnType.INT64)
            .takes("y", ColumnType.INT64)
            .gives(ColumnType.INT64)
            .nullOnNull();
    warehouse.register(
        one.by(
            (arguments, result) -> {
              for (int row = 0; row < arguments.getRowCount(); row++) {
                ((BigIntVector) result).set(row, 1);
              }
              result.setValueCount(arguments.getRowCount());
            }));
    assertThat(values("SELECT one(x, 2) FROM (VALUES (1), (NULL), (3)) v(x)"))
        .containsExactly(1L, null, 1L);
    assertThat(values("SELECT one(1, NULL)")).containsExactly((Object) null);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void onlyAChangingFunctionIsCalledAgainForConstants(boolean changing) {
    AtomicInteger rows = new AtomicInteger();
    ScalarFunction.Builder builder =
        ScalarFunction.named("f").takes("x", ColumnType.INT64).gives(ColumnType.INT64);
    warehouse.register(
        (changing ? builder.changing() : builder)
            .by(
                (arguments, result) -> {
                  for (int row = 0; row < arguments.getRowCount(); row++) {
                    ((BigIntVector) result).set(row, rows.incrementAndGet());
                  }
                  result.setValueCount(arguments.getRowCount());
                }));
    assertThat(values("SELECT count(DISTINCT f(1)) FROM range(1000)"))
        .containsExactly(changing ? 1000L : 1L);
  }

  @Test
  void whatItThrowsIsTheCause() {
    RuntimeException boom = new IllegalArgumentException("boom [call 1]");
    warehouse.register(
        does(
            "broken",
            (arguments, result) -> {
              throw boom;
            }));
    warehouse.execute("CREATE TABLE t AS SELECT range AS i FROM range(100000)");
    List<Runnable> calls =
        List.of(
            () -> warehouse.execute("SELECT broken(1)"),
            () -> warehouse.execute("SELECT broken(i) FROM t"),
            () -> values("SELECT broken(i) FROM t"),
            () -> values("SELECT CASE WHEN i > 50000 THEN broken(i) END FROM t"),
            () -> warehouse.load("u", Source.query("SELECT broken(i) FROM t")),
            () -> warehouse.execute("UPDATE t SET i = broken(i)"));
    for (Runnable call : calls) {
      assertFails(ErrorCode.QUERY_FAILED, call::run)
          .hasMessage("function 'broken' failed: java.lang.IllegalArgumentException: boom [call 1]")
          .hasCause(boom);
    }
    assertThat(values("SELECT sum(i) FROM t")).hasSize(1);
    assertThat(warehouse.tables()).containsExactly("t");
  }

  @Test
  void errorsOfTheMachineFailTheQueryOnly() {
    warehouse.register(does("deep", (arguments, result) -> deep(1)));
    warehouse.register(
        does(
            "fat",
            (arguments, result) -> {
              throw new OutOfMemoryError("so it says");
            }));
    assertFails(
            ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT deep(i) FROM range(9) t(i)"))
        .hasMessageContaining("'deep'")
        .hasCauseInstanceOf(StackOverflowError.class);
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT fat(i) FROM range(9) t(i)"))
        .hasCauseInstanceOf(OutOfMemoryError.class);
    assertThat(values("SELECT 1")).containsExactly(1);
  }

  private static int deep(int depth) {
    return deep(depth + 1) + 1;
  }

  @Test
  void aResultOfTheWrongLengthIsRefused() {
    warehouse.register(does("few", (arguments, result) -> result.setValueCount(1)));
    warehouse.register(
        does("many", (arguments, result) -> result.setValueCount(arguments.getRowCount() + 1)));
    warehouse.register(does("nothing", (arguments, result) -> {}));
    warehouse.register(
        does(
            "gone",
            (arguments, result) -> {
              result.close();
              arguments.close();
            }));
    for (String name : List.of("few", "many", "nothing", "gone")) {
      for (int run = 0; run < 3; run++) {
        assertFails(
                ErrorCode.QUERY_FAILED,
                () -> warehouse.execute("SELECT " + name + "(i) FROM range(3000) t(i)"))
            .hasMessageContaining("'" + name + "'");
      }
    }
  }

  @Test
  void textThatIsNoUnicodeIsRefused() {
    warehouse.register(
        ScalarFunction.named("bad")
            .gives(ColumnType.STRING)
            .by(
                (arguments, result) -> {
                  ((VarCharVector) result).setSafe(0, new byte[] {(byte) 0xC3, 0x28});
                  result.setValueCount(arguments.getRowCount());
                }));
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT bad()"))
        .hasMessageContaining("'bad'");
  }

  @Test
  void namesThatSqlHasAreRefused() {
    for (String name : List.of("abs", "SUM", "read_csv", "coalesce", "select", "range")) {
      assertThatThrownBy(() -> warehouse.register(plus(name, 1)))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(name);
    }
    for (String name : List.of("", "1a", "a b", "a\"b", "ü", "x".repeat(64), "a;b")) {
      assertThatThrownBy(() -> ScalarFunction.named(name))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class);
    }
    warehouse.execute("CREATE MACRO mine(x) AS x");
    assertThatThrownBy(() -> warehouse.register(plus("mine", 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(values("SELECT abs(-1)")).containsExactly(1);
  }

  @Test
  void aClosedFunctionSaysSoAndItsNameCanBeUsedAgain() {
    Registered first = warehouse.register(plus("f", 1));
    assertFails(ErrorCode.CONFLICT, () -> warehouse.register(plus("F", 2)));
    first.close();
    first.close();
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT f(1)"))
        .hasMessage("function 'f' is closed");
    try (Registered second = warehouse.register(plus("F", 2))) {
      assertThat(second).hasToString("F(x INT64) INT64");
      first.close();
      assertThat(values("SELECT f(1)")).containsExactly(3L);
    }
    ScalarFunction other =
        ScalarFunction.named("f")
            .takes("x", ColumnType.INT64)
            .gives(ColumnType.STRING)
            .by((arguments, result) -> result.setValueCount(arguments.getRowCount()));
    assertFails(ErrorCode.CONFLICT, () -> warehouse.register(other))
        .hasMessageContaining("f(x INT64) INT64")
        .hasMessageContaining("f(x INT64) STRING");
  }

  @Test
  void itMayAskTheSameWarehouse() {
    warehouse.execute("CREATE TABLE t AS SELECT range AS i FROM range(100000)");
    warehouse.register(plus("inner_f", 1));
    warehouse.register(
        does(
            "outer_f",
            (arguments, result) -> {
              long sum = warehouse.execute("SELECT inner_f(i) FROM t WHERE i < 5");
              for (int row = 0; row < arguments.getRowCount(); row++) {
                ((BigIntVector) result).set(row, sum);
              }
              result.setValueCount(arguments.getRowCount());
            }));
    assertThat(values("SELECT sum(outer_f(i)) FROM t")).hasToString("[500000]");
  }

  @Test
  void itCannotCloseWhatItRunsIn() {
    AtomicReference<Registered> self = new AtomicReference<>();
    self.set(
        warehouse.register(
            does(
                "f",
                (arguments, result) -> {
                  assertThatThrownBy(warehouse::close).isInstanceOf(IllegalStateException.class);
                  self.get().close();
                })));
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT f(1)"))
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("cannot be closed from inside");
    assertThat(values("SELECT 1")).containsExactly(1);
  }

  @Test
  void closingWaitsForCallsInFlight() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    Registered slow =
        warehouse.register(
            does(
                "slow",
                (arguments, result) -> {
                  inside.countDown();
                  leave.await();
                  result.setValueCount(arguments.getRowCount());
                }));
    AtomicReference<Object> outcome = new AtomicReference<>();
    Thread query =
        new Thread(() -> outcome.set(warehouse.execute("SELECT slow(i) FROM range(10) t(i)")));
    query.start();
    assertThat(inside.await(30, TimeUnit.SECONDS)).isTrue();
    Thread closing = new Thread(slow::close);
    closing.start();
    Thread closingAll = new Thread(warehouse::close);
    closingAll.start();
    closing.join(100);
    assertThat(closing.isAlive()).isTrue();
    assertThat(closingAll.isAlive()).isTrue();
    leave.countDown();
    query.join();
    closing.join();
    closingAll.join();
    assertThat(outcome.get()).isEqualTo(10L);
  }

  @Test
  void anOpenStreamThatCallsItClosesWithTheWarehouse() throws IOException {
    warehouse.register(plus("f", 1));
    ArrowReader stream = warehouse.query("SELECT f(range) FROM range(1000000)");
    assertThat(stream.loadNextBatch()).isTrue();
    warehouse.close();
    assertThatThrownBy(stream::loadNextBatch).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> warehouse.register(plus("g", 1)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void itWorksOnFilesOpenedForReading(@TempDir Path folder) {
    Path file = folder.resolve("db");
    try (Warehouse writer = Warehouse.open(file)) {
      writer.execute("CREATE TABLE t AS SELECT 1::BIGINT AS i");
    }
    try (Warehouse reader =
        Warehouse.open(file, WarehouseOptions.builder().readOnly(true).build())) {
      reader.register(plus("f", 1));
      assertThat(WarehouseTest.values(reader, "SELECT f(i) FROM t")).containsExactly(2L);
    }
    try (Warehouse again = Warehouse.open(file)) {
      again.register(plus("f", 2));
      assertThat(WarehouseTest.values(again, "SELECT f(i) FROM t")).containsExactly(3L);
    }
  }
}
