package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBDriver;
import org.duckdb.DuckDBResultSet;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A hundred million generated rows of three columns, read batch by batch: the time, and the peak
 * resident memory of a fresh JVM that does nothing else, which Linux tells (elsewhere it is not
 * reported). Run it by {@code mvn -q -Pbench -Dbench=warehouse}.
 *
 * <p>The peers: {@code arrow-lazy}, the driver's Arrow export with {@code jdbc_stream_results};
 * {@code arrow-whole}, the same as the driver does it unless told so, which keeps the whole result
 * in memory: about 4 GB.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
public class StreamBenchmark {
  /** Beside the time. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Memory {
    /** The process's since its start; 0 where the system does not tell. */
    public long peakMegabytes;
  }

  @Param({"ours", "arrow-lazy", "arrow-whole"})
  public String rival;

  @Param("100000000")
  public int rows;

  @Benchmark
  public long stream(Memory memory) throws SQLException, IOException {
    String sql =
        "SELECT range AS id, (range % 1000)::INTEGER AS bucket, range / 7 AS amount FROM range("
            + rows
            + ")";
    long sum =
        switch (rival) {
          case "ours" -> ours(sql);
          case "arrow-lazy" -> arrow(sql, true);
          case "arrow-whole" -> arrow(sql, false);
          default -> throw new IllegalArgumentException(rival);
        };
    if (sum != rows * (rows - 1L) / 2) {
      throw new AssertionError("rows are missing");
    }
    memory.peakMegabytes = peakMegabytes();
    return sum;
  }

  private static long ours(String sql) throws IOException {
    try (Warehouse warehouse = Warehouse.inMemory();
        ArrowReader reader = warehouse.query(sql)) {
      return sum(reader);
    }
  }

  private static long arrow(String sql, boolean lazy) throws SQLException, IOException {
    Properties properties = new Properties();
    properties.setProperty(DuckDBDriver.JDBC_STREAM_RESULTS, Boolean.toString(lazy));
    try (BufferAllocator allocator = new RootAllocator();
        Connection connection = new DuckDBDriver().connect("jdbc:duckdb:", properties);
        PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery();
        ArrowReader reader =
            (ArrowReader)
                result.unwrap(DuckDBResultSet.class).arrowExportStream(allocator, 16_384)) {
      return sum(reader);
    }
  }

  private static long sum(ArrowReader reader) throws IOException {
    long sum = 0;
    while (reader.loadNextBatch()) {
      BigIntVector ids = (BigIntVector) reader.getVectorSchemaRoot().getVector(0);
      for (int row = 0; row < ids.getValueCount(); row++) {
        sum += ids.get(row);
      }
    }
    return sum;
  }

  private static long peakMegabytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      System.out.println("This system does not tell a process's peak memory: not reported");
      return 0;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 / 1_000_000;
      }
    }
    return 0;
  }
}
