package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.data.NumberBlock;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBConnection;
import org.junit.jupiter.api.Test;

class FillTest {
  /** Every layout, type and kind of memory, with and without a mask, as a plain program reads. */
  @Property(tries = 15)
  void agreesWithReadingRowByRow(
      @ForAll long seed,
      @ForAll @IntRange(max = 1_500) int rows,
      @ForAll @IntRange(min = 1, max = 4_000) int batchRows,
      @ForAll @IntRange(max = 9) int spare)
      throws Exception {
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());
        RandomTable table = new RandomTable(allocator, seed, rows, true)) {
      try (ArrowReader stream = table.stream(500)) {
        warehouse.load("numbers", Source.arrow(stream));
      }
      Query query =
          warehouse
              .sql("SELECT *, abs(int64 // 2)::UBIGINT AS uint64 FROM numbers")
              .batchRows(batchRows);
      Expected expected = Expected.of(warehouse, query.toString());
      int columns = expected.columns;
      int room = rows + spare;
      for (boolean direct : new boolean[] {false, true}) {
        for (boolean columnMajor : new boolean[] {false, true}) {
          for (boolean masked : new boolean[] {false, true}) {
            ByteBuffer mask = ByteBuffer.wrap(new byte[room * columns]);
            FloatBuffer floats =
                direct ? floats(room * columns) : FloatBuffer.allocate(room * columns);
            DoubleBuffer doubles =
                direct ? doubles(room * columns) : DoubleBuffer.allocate(room * columns);
            for (NumberBlock plain :
                new NumberBlock[] {
                  NumberBlock.floats(floats, room, columns),
                  NumberBlock.doubles(doubles, room, columns)
                }) {
              Arrays.fill(mask.array(), (byte) 2);
              NumberBlock block = columnMajor ? plain.columnMajor() : plain;
              block = masked ? block.mask(mask) : block;
              assertThat(query.fill(block)).isEqualTo(rows);
              if (masked) {
                expected.checkMask(mask.array(), room, columnMajor);
              }
            }
            expected.check(floats, doubles, room, columnMajor);
          }
        }
      }
    }
  }

  private static FloatBuffer floats(int count) {
    return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private static DoubleBuffer doubles(int count) {
    return ByteBuffer.allocateDirect(8 * count).order(ByteOrder.nativeOrder()).asDoubleBuffer();
  }

  /** What the driver gives row by row, in row-major order. */
  private record Expected(int rows, int columns, float[] floats, double[] doubles, byte[] mask) {
    static Expected of(Warehouse warehouse, String sql) throws SQLException {
      try (DuckDBConnection connection = warehouse.database().connect();
          Statement statement = connection.createStatement()) {
        int rows;
        try (ResultSet count = statement.executeQuery("SELECT count(*) FROM (" + sql + ")")) {
          count.next();
          rows = count.getInt(1);
        }
        try (ResultSet result = statement.executeQuery(sql)) {
          int columns = result.getMetaData().getColumnCount();
          float[] floats = new float[rows * columns];
          double[] doubles = new double[rows * columns];
          byte[] mask = new byte[rows * columns];
          for (int at = 0; result.next(); ) {
            for (int column = 1; column <= columns; column++, at++) {
              Object value = result.getObject(column);
              mask[at] = (byte) (value == null ? 0 : 1);
              doubles[at] = value == null ? Double.NaN : asDouble(value);
              floats[at] = value == null ? Float.NaN : asFloat(value);
            }
          }
          return new Expected(rows, columns, floats, doubles, mask);
        }
      }
    }

    private static double asDouble(Object value) {
      return value instanceof Boolean flag ? (flag ? 1 : 0) : ((Number) value).doubleValue();
    }

    private static float asFloat(Object value) {
      return value instanceof Boolean || value instanceof BigDecimal
          ? (float) asDouble(value)
          : ((Number) value).floatValue();
    }

    private int at(int i, int room, boolean columnMajor) {
      return columnMajor ? i % columns * room + i / columns : i;
    }

    void check(FloatBuffer f, DoubleBuffer d, int room, boolean columnMajor) {
      float[] single = new float[floats.length];
      double[] wide = new double[doubles.length];
      for (int i = 0; i < wide.length; i++) {
        int at = at(i, room, columnMajor);
        single[i] = f.get(at);
        wide[i] = d.get(at);
      }
      assertThat(single).isEqualTo(floats);
      assertThat(wide).isEqualTo(doubles);
    }

    void checkMask(byte[] given, int room, boolean columnMajor) {
      byte[] present = new byte[mask.length];
      for (int i = 0; i < mask.length; i++) {
        present[i] = given[at(i, room, columnMajor)];
      }
      assertThat(present).isEqualTo(mask);
    }
  }

  @Test
  void givesTheSameBitsAsABlockOfItsOwn() {
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse = Warehouse.inMemory();
        FloatBlock given = FloatBlock.allocate(allocator, 70_000, 2)) {
      Query query =
          warehouse.sql(
              "SELECT range * 123456789123 AS a, CASE WHEN range % 3 > 0 THEN range / 7 END AS b"
                  + " FROM range(70000)");
      assertThat(query.fill(NumberBlock.of(given))).isEqualTo(70_000);
      try (FloatBlock own = query.floats(allocator)) {
        assertThat(given.rows(0, 70_000).mismatch(own.rows(0, 70_000))).isEqualTo(-1);
      }
    }
  }

  @Test
  void refusesMoreRowsThanTheBlockHasAndWritesNothingBehindIt() {
    float[] memory = new float[1_200];
    Arrays.fill(memory, -1);
    try (Warehouse warehouse = Warehouse.inMemory()) {
      NumberBlock block = NumberBlock.floats(FloatBuffer.wrap(memory), 1_000, 1);
      failed(
          () -> warehouse.sql("SELECT range FROM range(1001)").batchRows(300).fill(block),
          ErrorCode.DATA_UNSUITABLE,
          "room for 1000 rows");
      assertThat(Arrays.copyOfRange(memory, 1_000, 1_200)).containsOnly(-1);
      assertThat(warehouse.sql("SELECT range FROM range(1000)").fill(block)).isEqualTo(1_000);
      assertThat(warehouse.sql("SELECT 1 WHERE false").fill(block)).isZero();
    }
  }

  @Test
  void refusesWhatIsNoBlockOfNumbers() {
    float[] memory = {-1, -1};
    NumberBlock block = NumberBlock.floats(FloatBuffer.wrap(memory), 1, 2);
    try (Warehouse warehouse = Warehouse.inMemory()) {
      failed(
          () -> warehouse.sql("SELECT 1, 'JFK' AS origin").fill(block),
          ErrorCode.DATA_UNSUITABLE,
          "'origin'");
      failed(
          () -> warehouse.sql("SELECT 1, DATE '2001-01-01' AS date").fill(block),
          ErrorCode.DATA_UNSUITABLE,
          "'date'");
      failed(
          () -> warehouse.sql("SELECT 1, 'a'::ENUM('a') AS letter").fill(block),
          ErrorCode.DATA_UNSUITABLE,
          "'letter' has type enumeration");
      failed(() -> warehouse.sql("SELECT x").fill(block), ErrorCode.QUERY_FAILED, "\"x\"");
      assertThatThrownBy(() -> warehouse.sql("SELECT 1").fill(block))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("there are 1 columns to read, the block has 2");
      assertThat(memory).containsOnly(-1);
    }
  }

  private static void failed(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, ErrorCode code, String part) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(part);
  }

  @Test
  void isWaitedForWhenTheWarehouseCloses() throws Exception {
    int rows = 2_000_000;
    for (int i = 0; i < 5; i++) {
      Warehouse warehouse = Warehouse.inMemory();
      NumberBlock block = NumberBlock.doubles(DoubleBuffer.allocate(rows), rows, 1);
      CountDownLatch started = new CountDownLatch(1);
      int[] filled = {-1};
      Thread reader =
          new Thread(
              () -> {
                started.countDown();
                try {
                  filled[0] = warehouse.sql("SELECT range FROM range(" + rows + ")").fill(block);
                } catch (IllegalStateException closedBefore) {
                  filled[0] = rows;
                }
              });
      reader.start();
      started.await();
      TimeUnit.MILLISECONDS.sleep(i);
      warehouse.close();
      reader.join();
      assertThat(filled[0]).isEqualTo(rows);
    }
  }
}
