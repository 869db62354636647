package io.mlinfra.benchmarks.registry;

import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.TrackedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * The ten best runs of a trainer among ten thousand, warm. Run it by {@code mvn -q -Pbench
 * -Dbench=registry}.
 *
 * <p>The peers: {@code duckdb} asks the same of three tables in memory, as MLflow's SQL store lays
 * them (runs, params, metrics); {@code mlflow-files} is plain Java over files as MLflow's file
 * store lays them, one a param and one a metric, which are read again for each search.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SearchBenchmark {
  private static final int RUNS = 10_000;
  private static final List<String> TRAINERS = List.of("logistic", "mlp", "trees");

  @Param({"ours", "duckdb", "mlflow-files"})
  public String rival;

  private Store store;

  /** Where ten thousand runs are. */
  private interface Store extends AutoCloseable {
    List<Integer> best() throws IOException, SQLException;

    @Override
    void close() throws SQLException;
  }

  private record Made(int number, String trainer, double auc) {}

  @Setup
  public void open() throws IOException, SQLException {
    Random random = new Random(7);
    List<Made> made = new ArrayList<>();
    for (int number = 1; number <= RUNS; number++) {
      made.add(
          new Made(
              number,
              TRAINERS.get(random.nextInt(TRAINERS.size())),
              0.5 + random.nextInt(5_000_000) / 1e7));
    }
    Path folder = Scratch.folder();
    store =
        switch (rival) {
          case "ours" -> new Ours(folder, made);
          case "duckdb" -> new DuckDb(made);
          case "mlflow-files" -> new MlflowFiles(folder, made);
          default -> throw new IllegalArgumentException(rival);
        };
    List<Integer> expected =
        made.stream()
            .filter(run -> run.trainer().equals("mlp") && run.auc() > 0.7)
            .sorted(Comparator.comparingDouble(Made::auc).reversed())
            .limit(10)
            .map(Made::number)
            .toList();
    if (!store.best().equals(expected)) {
      throw new AssertionError(rival + " finds " + store.best() + " and not " + expected);
    }
  }

  @Benchmark
  public List<Integer> search() throws IOException, SQLException {
    return store.best();
  }

  @TearDown
  public void close() throws SQLException {
    store.close();
  }

  private static final class Ours implements Store {
    private final Registry registry;

    Ours(Path folder, List<Made> made) {
      registry = Registry.open(folder.resolve("registry"));
      for (Made each : made) {
        try (ActiveRun run = registry.runs().start("flight-delay")) {
          run.param("trainer", each.trainer());
          run.param("seed", "7");
          run.metric("auc", 0, each.auc());
          run.metric("logLoss", 0, 1 - each.auc());
          run.finish();
        }
      }
    }

    @Override
    public List<Integer> best() {
      return registry
          .runs()
          .search(
              "flight-delay",
              "metrics.auc > 0.7 and params.trainer = 'mlp' order by metrics.auc desc limit 10")
          .stream()
          .map(TrackedRun::number)
          .toList();
    }

    @Override
    public void close() {
      registry.close();
    }
  }

  private static final class DuckDb implements Store {
    private final Connection connection;
    private final PreparedStatement query;

    DuckDb(List<Made> made) throws SQLException {
      connection = DriverManager.getConnection("jdbc:duckdb:");
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, status VARCHAR)");
        statement.execute("CREATE TABLE params (run INTEGER, key VARCHAR, value VARCHAR)");
        statement.execute("CREATE TABLE metrics (run INTEGER, key VARCHAR, value DOUBLE)");
      }
      connection.setAutoCommit(false);
      try (PreparedStatement run =
              connection.prepareStatement("INSERT INTO runs VALUES (?, 'FINISHED')");
          PreparedStatement param =
              connection.prepareStatement("INSERT INTO params VALUES (?, ?, ?)");
          PreparedStatement metric =
              connection.prepareStatement("INSERT INTO metrics VALUES (?, ?, ?)")) {
        for (Made each : made) {
          run.setInt(1, each.number());
          run.execute();
          insert(param, each.number(), "trainer", each.trainer());
          insert(param, each.number(), "seed", "7");
          insert(metric, each.number(), "auc", each.auc());
          insert(metric, each.number(), "logLoss", 1 - each.auc());
        }
      }
      connection.commit();
      connection.setAutoCommit(true);
      query =
          connection.prepareStatement(
              """
            SELECT runs.id FROM runs
            JOIN params ON params.run = runs.id AND params.key = 'trainer'
            JOIN metrics ON metrics.run = runs.id AND metrics.key = 'auc'
            WHERE metrics.value > 0.7 AND params.value = 'mlp'
            ORDER BY metrics.value DESC LIMIT 10""");
    }

    private static void insert(PreparedStatement into, int run, String key, Object value)
        throws SQLException {
      into.setInt(1, run);
      into.setString(2, key);
      into.setObject(3, value);
      into.execute();
    }

    @Override
    public List<Integer> best() throws SQLException {
      List<Integer> numbers = new ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          numbers.add(rows.getInt(1));
        }
      }
      return numbers;
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  private static final class MlflowFiles implements Store {
    private final Path files;

    MlflowFiles(Path folder, List<Made> made) throws IOException {
      files = Files.createDirectory(folder.resolve("mlruns"));
      for (Made each : made) {
        Path run = files.resolve("" + each.number());
        Files.createDirectories(run.resolve("params"));
        Files.createDirectories(run.resolve("metrics"));
        Files.writeString(run.resolve("params").resolve("trainer"), each.trainer());
        Files.writeString(run.resolve("params").resolve("seed"), "7");
        Files.writeString(run.resolve("metrics").resolve("auc"), "0 " + each.auc() + " 0\n");
        Files.writeString(
            run.resolve("metrics").resolve("logLoss"), "0 " + (1 - each.auc()) + " 0\n");
      }
    }

    /** Reads the metric of a run only if its param fits, which MLflow does not. */
    @Override
    public List<Integer> best() throws IOException {
      List<Made> found = new ArrayList<>();
      try (var runs = Files.newDirectoryStream(files)) {
        for (Path run : runs) {
          String trainer = Files.readString(run.resolve("params").resolve("trainer"));
          if (trainer.equals("mlp")) {
            String point = Files.readString(run.resolve("metrics").resolve("auc"));
            double auc = Double.parseDouble(point.split(" ")[1]);
            if (auc > 0.7) {
              found.add(new Made(Integer.parseInt("" + run.getFileName()), trainer, auc));
            }
          }
        }
      }
      return found.stream()
          .sorted(Comparator.comparingDouble(Made::auc).reversed())
          .limit(10)
          .map(Made::number)
          .toList();
    }

    @Override
    public void close() {}
  }
}
