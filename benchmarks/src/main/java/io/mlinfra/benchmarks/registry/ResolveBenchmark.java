package io.mlinfra.benchmarks.registry;

import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
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
 * From {@code m@champion} to the version behind it, and to where the alias points only: what a
 * server asks before each reload. Run it by {@code mvn -q -Pbench -Dbench=registry}.
 *
 * <p>The peer, {@code mlflow-files}: plain Java over files as MLflow's file store lays them, {@code
 * aliases/champion} with a number and {@code version-3/meta.yaml} with one {@code key: value} a
 * line. To its advantage the properties stand in {@code meta.yaml}, where MLflow has a file for
 * each; it has no checksums, and ours compares with what was checked before on every read.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class ResolveBenchmark {
  @Param({"ours", "mlflow-files"})
  public String rival;

  /** How many a version has. */
  @Param({"4", "100"})
  public int properties;

  private Registry registry;
  private Path models;

  @Setup
  public void open() throws IOException {
    Path folder = Scratch.folder();
    registry = Registry.open(folder.resolve("registry"));
    models = folder.resolve("models");
    Map<String, String> values = new TreeMap<>();
    for (int i = 0; i < properties; i++) {
      values.put("property-" + i, "what somebody wrote about property " + i);
    }
    for (int number = 1; number <= 3; number++) {
      Version version =
          registry.register(
              Registration.of(Kind.MODEL, "m")
                  .content(new byte[] {(byte) number})
                  .properties(values));
      registry.promote("m", "champion", version, "version " + number);
      write(version);
    }
    Version champion = registry.version(Kind.MODEL, "m@champion");
    if (champion.id().number() != 3 || pointer() != 3) {
      throw new AssertionError("the alias points elsewhere");
    }
    Map<String, String> meta = meta(pointer());
    if (!meta.entrySet().containsAll(champion.properties().entrySet())
        || !champion.id().hash().hex().equals(meta.get("hash"))) {
      throw new AssertionError("the peer's version differs");
    }
  }

  private void write(Version version) throws IOException {
    Path meta = models.resolve("m/version-" + version.id().number() + "/meta.yaml");
    Files.createDirectories(meta.getParent());
    StringBuilder yaml = new StringBuilder();
    yaml.append("name: m\nversion: ").append(version.id().number()).append('\n');
    yaml.append("hash: ").append(version.id().hash()).append('\n');
    yaml.append("creation_timestamp: ").append(version.created().toEpochMilli()).append('\n');
    yaml.append("current_stage: None\nstatus: READY\nrun_id: ''\n");
    version.properties().forEach((key, value) -> yaml.append(key + ": " + value + "\n"));
    Files.writeString(meta, yaml);
    Path alias = models.resolve("m/aliases/champion");
    Files.createDirectories(alias.getParent());
    Files.writeString(alias, Integer.toString(version.id().number()));
  }

  @Benchmark
  public Object version() throws IOException {
    return switch (rival) {
      case "ours" -> registry.version(Kind.MODEL, "m@champion");
      case "mlflow-files" -> meta(pointer());
      default -> throw new IllegalArgumentException(rival);
    };
  }

  @Benchmark
  public Object alias() throws IOException {
    return switch (rival) {
      case "ours" -> registry.alias("m", "champion");
      case "mlflow-files" -> pointer();
      default -> throw new IllegalArgumentException(rival);
    };
  }

  private int pointer() throws IOException {
    return Integer.parseInt(
        Files.readString(models.resolve("m").resolve("aliases").resolve("champion")).strip());
  }

  private Map<String, String> meta(int number) throws IOException {
    Map<String, String> meta = new HashMap<>();
    Path file = models.resolve("m").resolve("version-" + number).resolve("meta.yaml");
    for (String line : Files.readAllLines(file)) {
      int colon = line.indexOf(": ");
      meta.put(line.substring(0, colon), line.substring(colon + 2));
    }
    return meta;
  }

  @TearDown
  public void close() {
    registry.close();
  }
}
