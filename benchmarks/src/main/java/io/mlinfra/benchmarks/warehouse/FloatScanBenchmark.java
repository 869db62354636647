package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.data.NumberBlock;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBDriver;
import org.duckdb.DuckDBResultSet;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The numbers of all flights as one row-major matrix of floats, from a table in memory, a missing
 * value as NaN: {@code fill} into memory that is there already, {@code read} into new memory, whose
 * pages the system has to find. {@code stored} are the columns as the table has them, the date as
 * seconds; {@code computed} are two of them and two that DuckDB computes. Run it by {@code mvn -q
 * -Pbench -Dbench=warehouse}, on another file of flights with {@code -Ddata=…}.
 *
 * <p>The peers: {@code jdbc}, the loop over rows that most programs have, {@code getLong} and
 * {@code getObject} as the columns' types ask for; {@code jdbc-float}, a loop of {@code getFloat}
 * over the statement that ours runs; {@code arrow-object}, the shortest code over DuckDB's Arrow
 * export; {@code arrow-typed}, the same with the accessor of the type that each column happens to
 * have. They are told the number of rows, which ours has to find out to {@code read}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FloatScanBenchmark {
  private static final String STORED =
      "SELECT delay, distance, epoch(date) AS seconds FROM flights";
  private static final String COMPUTED =
      "SELECT delay, distance, hour(date) AS hour, isodow(date) AS weekday FROM flights";

  @Param({"stored", "computed"})
  public String columns;

  @Param({"ours", "jdbc", "jdbc-float", "arrow-object", "arrow-typed"})
  public String rival;

  private BufferAllocator allocator;
  private Warehouse warehouse;
  private Connection connection;
  private String sql;
  private int width;
  private int rows;
  private FloatBlock block;
  private float[] array;

  @Setup
  public void open() throws SQLException {
    sql = columns.equals("stored") ? STORED : COMPUTED;
    width = columns.equals("stored") ? 3 : 4;
    Path file = Path.of(System.getProperty("data"));
    allocator = new RootAllocator();
    warehouse = Warehouse.inMemory();
    rows = Math.toIntExact(warehouse.load("flights", Source.parquet(file)).rows());
    connection = new DuckDBDriver().connect("jdbc:duckdb:", null);
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE flights AS FROM '" + file.toString().replace("'", "''") + "'");
    }
    block = FloatBlock.allocate(allocator, rows, width);
    array = new float[rows * width];
    check();
  }

  /** All rivals give the same numbers, or comparing them means nothing. */
  private void check() throws SQLException {
    float[] expected = jdbcFloat(new float[rows * width]);
    warehouse.sql(sql).fill(NumberBlock.of(block));
    float[] ours = new float[expected.length];
    block.rows(0, rows).get(ours);
    float[] read = new float[expected.length];
    try (FloatBlock own = warehouse.floats(allocator, sql)) {
      own.rows(0, rows).get(read);
    }
    float[] peer = new float[expected.length];
    if (!Arrays.equals(expected, ours)
        || !Arrays.equals(expected, read)
        || !Arrays.equals(expected, jdbc(peer))
        || !Arrays.equals(expected, arrow(false, peer))
        || !Arrays.equals(expected, arrow(true, peer))) {
      throw new AssertionError("the rivals differ");
    }
  }

  @Benchmark
  public int fill() throws SQLException {
    return rival.equals("ours")
        ? warehouse.sql(sql).fill(NumberBlock.of(block))
        : peer(array).length;
  }

  @Benchmark
  public int read() throws SQLException {
    if (!rival.equals("ours")) {
      return peer(new float[rows * width]).length;
    }
    try (FloatBlock own = warehouse.floats(allocator, sql)) {
      return own.rows();
    }
  }

  private float[] peer(float[] values) throws SQLException {
    return switch (rival) {
      case "jdbc" -> jdbc(values);
      case "jdbc-float" -> jdbcFloat(values);
      case "arrow-object" -> arrow(false, values);
      case "arrow-typed" -> arrow(true, values);
      default -> throw new IllegalArgumentException(rival);
    };
  }

  private float[] jdbc(float[] values) throws SQLException {
    return columns.equals("stored") ? jdbcStored(values) : jdbcComputed(values);
  }

  private float[] jdbcStored(float[] values) throws SQLException {
    int at = 0;
    try (PreparedStatement statement =
            connection.prepareStatement("SELECT delay, distance, date FROM flights");
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        long delay = result.getLong(1);
        values[at++] = result.wasNull() ? Float.NaN : delay;
        long distance = result.getLong(2);
        values[at++] = result.wasNull() ? Float.NaN : distance;
        LocalDateTime date = result.getObject(3, LocalDateTime.class);
        values[at++] = date == null ? Float.NaN : date.toEpochSecond(ZoneOffset.UTC);
      }
    }
    return values;
  }

  private float[] jdbcComputed(float[] values) throws SQLException {
    int at = 0;
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        for (int column = 1; column <= width; column++) {
          long value = result.getLong(column);
          values[at++] = result.wasNull() ? Float.NaN : value;
        }
      }
    }
    return values;
  }

  private float[] jdbcFloat(float[] values) throws SQLException {
    int at = 0;
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        for (int column = 1; column <= width; column++) {
          float value = result.getFloat(column);
          values[at++] = result.wasNull() ? Float.NaN : value;
        }
      }
    }
    return values;
  }

  private float[] arrow(boolean typed, float[] values) throws SQLException {
    int first = 0;
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery();
        ArrowReader reader =
            (ArrowReader)
                result.unwrap(DuckDBResultSet.class).arrowExportStream(allocator, 16_384)) {
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        List<FieldVector> vectors = batch.getFieldVectors();
        for (int column = 0; column < width; column++) {
          int at = first * width + column;
          if (!typed) {
            copyObjects(vectors.get(column), values, at);
          } else if (vectors.get(column) instanceof BigIntVector longs) {
            copyLongs(longs, values, at);
          } else {
            copyDoubles((Float8Vector) vectors.get(column), values, at);
          }
        }
        first += batch.getRowCount();
      }
      return values;
    } catch (IOException e) {
      throw new SQLException(e);
    }
  }

  private void copyObjects(FieldVector column, float[] values, int at) {
    for (int row = 0; row < column.getValueCount(); row++) {
      Object value = column.getObject(row);
      values[at + row * width] = value == null ? Float.NaN : ((Number) value).floatValue();
    }
  }

  private void copyLongs(BigIntVector column, float[] values, int at) {
    for (int row = 0; row < column.getValueCount(); row++) {
      values[at + row * width] = column.isNull(row) ? Float.NaN : column.get(row);
    }
  }

  private void copyDoubles(Float8Vector column, float[] values, int at) {
    for (int row = 0; row < column.getValueCount(); row++) {
      values[at + row * width] = column.isNull(row) ? Float.NaN : (float) column.get(row);
    }
  }

  @TearDown
  public void close() throws SQLException {
    connection.close();
    block.close();
    warehouse.close();
    allocator.close();
  }
}
