package io.mlinfra.benchmarks.warehouse;

import io.mlinfra.registry.Registry;
import io.mlinfra.warehouse.Snapshots;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * All flights from a table in memory into the registry, forced to the disk. Run it by {@code mvn -q
 * -Pbench -Dbench=warehouse}, on another file of flights with {@code -Ddata=…}.
 *
 * <p>The {@code first} snapshot has no predecessor, so that every part is written. The {@code
 * second} has one, and one row in a hundred is new, at the end. {@code strict} writes all parts all
 * the same. The peer, {@code copy}, is DuckDB's {@code COPY} to one Parquet file, which promises
 * neither equal bytes for equal rows nor that they are on the disk, and {@code copy-sorted} the
 * same in an order that makes its bytes equal.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public class SnapshotBenchmark {
  private static final String COPY = "COPY (%s) TO '%s' (FORMAT parquet, COMPRESSION zstd)";

  @Param({"first", "second"})
  public String snapshot;

  @Param({"ours", "strict", "copy", "copy-sorted"})
  public String rival;

  private Path folder;
  private Path file;
  private Warehouse warehouse;
  private Registry registry;
  private Snapshots snapshots;

  @Setup
  public void open() throws IOException {
    folder = Files.createTempDirectory("snapshots");
    file = folder.resolve("copy.parquet");
    warehouse = Warehouse.inMemory();
    warehouse.load("flights", Source.parquet(Path.of(System.getProperty("data"))));
    warehouse.execute(
        "CREATE TABLE more AS FROM flights UNION ALL (FROM flights LIMIT "
            + warehouse.rows("flights") / 100
            + ")");
  }

  @Setup(Level.Invocation)
  public void prepare() {
    registry = Registry.open(folder.resolve("registry"));
    snapshots = warehouse.snapshots(registry);
    if (snapshot.equals("second")) {
      snapshots.takeTable("flights", "flights");
    }
  }

  @Benchmark
  public long flights() {
    String table = snapshot.equals("first") ? "flights" : "more";
    return switch (rival) {
      case "ours" -> snapshots.takeTable("flights", table).bytes();
      case "strict" -> snapshots.strict().takeTable("flights", table).bytes();
      case "copy" -> warehouse.execute(COPY.formatted("FROM " + table, file));
      case "copy-sorted" ->
          warehouse.execute(
              COPY.formatted(
                  "SELECT * EXCLUDE (n) FROM (SELECT *, row_number() OVER () AS n FROM "
                      + table
                      + ") ORDER BY n",
                  file));
      default -> throw new IllegalArgumentException(rival);
    };
  }

  @TearDown(Level.Invocation)
  public void clean() throws IOException {
    registry.close();
    delete(folder.resolve("registry"));
  }

  @TearDown
  public void close() throws IOException {
    warehouse.close();
    delete(folder);
  }

  private static void delete(Path path) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(path)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : files) {
      Files.delete(each);
    }
  }
}
