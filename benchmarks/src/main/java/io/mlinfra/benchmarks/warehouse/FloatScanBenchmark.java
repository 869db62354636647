package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
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
 * value as NaN. Run it by {@code mvn -q -Pbench -Dbench=warehouse}, on another file of flights with
 * {@code -Ddata=…}.
 *
 * <p>The peers: {@code jdbc}, a loop of {@code getFloat}; {@code arrow-object}, the shortest code
 * over DuckDB's Arrow export; {@code arrow-typed}, the same with the accessor of the type that the
 * columns happen to have. They are told the number of rows, which ours has to find out.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FloatScanBenchmark {
  private static final String SQL =
      "SELECT delay, distance, hour(date) AS hour, isodow(date) AS weekday FROM flights";

  private static final int COLUMNS = 4;

  @Param({"ours", "jdbc", "arrow-object", "arrow-typed"})
  public String rival;

  private BufferAllocator allocator;
  private Warehouse warehouse;
  private Connection connection;
  private int rows;

  @Setup
  public void open() throws SQLException {
    Path file = Path.of(System.getProperty("data"));
    allocator = new RootAllocator();
    warehouse = Warehouse.inMemory();
    rows = Math.toIntExact(warehouse.load("flights", Source.parquet(file)).rows());
    connection = new DuckDBDriver().connect("jdbc:duckdb:", null);
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE flights AS FROM '" + file.toString().replace("'", "''") + "'");
    }
    check();
  }

  /** All rivals give the same numbers, or comparing them means nothing. */
  private void check() throws SQLException {
    float[] expected = jdbc();
    try (FloatBlock block = warehouse.floats(allocator, SQL)) {
      for (int i = 0; i < expected.length; i++) {
        if (block.get(i / COLUMNS, i % COLUMNS) != expected[i]) {
          throw new AssertionError("row " + i / COLUMNS + ", column " + i % COLUMNS);
        }
      }
    }
    if (!java.util.Arrays.equals(expected, arrow(false))
        || !java.util.Arrays.equals(expected, arrow(true))) {
      throw new AssertionError("the peers differ");
    }
  }

  @Benchmark
  public int flights() throws SQLException {
    return switch (rival) {
      case "ours" -> ours();
      case "jdbc" -> jdbc().length;
      case "arrow-object" -> arrow(false).length;
      case "arrow-typed" -> arrow(true).length;
      default -> throw new IllegalArgumentException(rival);
    };
  }

  private int ours() {
    try (FloatBlock block = warehouse.floats(allocator, SQL)) {
      return block.rows();
    }
  }

  private float[] jdbc() throws SQLException {
    float[] values = new float[rows * COLUMNS];
    int at = 0;
    try (PreparedStatement statement = connection.prepareStatement(SQL);
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        for (int column = 1; column <= COLUMNS; column++) {
          float value = result.getFloat(column);
          values[at++] = result.wasNull() ? Float.NaN : value;
        }
      }
    }
    return values;
  }

  private float[] arrow(boolean typed) throws SQLException {
    float[] values = new float[rows * COLUMNS];
    int first = 0;
    try (PreparedStatement statement = connection.prepareStatement(SQL);
        ResultSet result = statement.executeQuery();
        ArrowReader reader =
            (ArrowReader)
                result.unwrap(DuckDBResultSet.class).arrowExportStream(allocator, 16_384)) {
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        List<FieldVector> columns = batch.getFieldVectors();
        for (int column = 0; column < COLUMNS; column++) {
          if (typed) {
            copyTyped((BigIntVector) columns.get(column), values, first * COLUMNS + column);
          } else {
            copyObjects(columns.get(column), values, first * COLUMNS + column);
          }
        }
        first += batch.getRowCount();
      }
      return values;
    } catch (IOException e) {
      throw new SQLException(e);
    }
  }

  private static void copyObjects(FieldVector column, float[] values, int at) {
    for (int row = 0; row < column.getValueCount(); row++) {
      Object value = column.getObject(row);
      values[at + row * COLUMNS] = value == null ? Float.NaN : ((Number) value).floatValue();
    }
  }

  private static void copyTyped(BigIntVector column, float[] values, int at) {
    for (int row = 0; row < column.getValueCount(); row++) {
      values[at + row * COLUMNS] = column.isNull(row) ? Float.NaN : column.get(row);
    }
  }

  @TearDown
  public void close() throws SQLException {
    connection.close();
    warehouse.close();
    allocator.close();
  }
}
