package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;
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
 * All flights from their Parquet file into a table in memory. Run it by {@code mvn -q -Pbench
 * -Dbench=warehouse}.
 *
 * <p>The peers: {@code sql}, the statement that DuckDB's documentation shows, which is all that
 * ours may hope to reach; {@code appender}, the driver's way to insert rows, fed by a query over
 * the file.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LoadBenchmark {
  @Param({"ours", "sql", "appender"})
  public String rival;

  private Path file;
  private String literal;
  private Warehouse warehouse;
  private DuckDBConnection connection;

  @Setup
  public void open() throws SQLException {
    file = Path.of(System.getProperty("data"));
    literal = "'" + file.toString().replace("'", "''") + "'";
    warehouse = Warehouse.inMemory();
    Connection opened = new DuckDBDriver().connect("jdbc:duckdb:", null);
    connection = opened.unwrap(DuckDBConnection.class);
  }

  @Benchmark
  public long parquet() throws SQLException {
    return switch (rival) {
      case "ours" -> warehouse.load("flights", Source.parquet(file)).rows();
      case "sql" -> sql();
      case "appender" -> append();
      default -> throw new IllegalArgumentException(rival);
    };
  }

  private long sql() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE OR REPLACE TABLE flights AS SELECT * FROM read_parquet(" + literal + ")");
      try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM flights")) {
        rows.next();
        return rows.getLong(1);
      }
    }
  }

  private long append() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE OR REPLACE TABLE flights AS SELECT * FROM read_parquet(" + literal + ") LIMIT 0");
    }
    long rows = 0;
    try (PreparedStatement select =
            connection.prepareStatement("SELECT * FROM read_parquet(" + literal + ")");
        ResultSet source = select.executeQuery();
        DuckDBAppender appender = connection.createAppender("flights")) {
      while (source.next()) {
        appender.beginRow();
        appender.append(source.getObject(1, java.time.LocalDateTime.class));
        appender.append(source.getLong(2));
        appender.append(source.getLong(3));
        appender.append(source.getString(4));
        appender.append(source.getString(5));
        appender.endRow();
        rows++;
      }
    }
    return rows;
  }

  @TearDown
  public void close() throws SQLException {
    connection.close();
    warehouse.close();
  }
}
