package io.mlinfra.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the benchmarks of one area: {@code mvn -q -Pbench -Dbench=warehouse}. */
public final class Benchmarks {
  private static final String ROOT = "io.mlinfra.benchmarks.";

  /** What the build passes where no area was given. */
  private static final String NONE = "-";

  private Benchmarks() {}

  /** Takes the area and the folder for the results. */
  public static void main(String[] arguments) throws IOException, RunnerException {
    String area = arguments[0];
    Path folder = Path.of(arguments[1]);
    Set<String> areas = areas();
    if (!areas.contains(area)) {
      System.err.printf(
          "%sPass -Dbench= one of: %s%n",
          area.equals(NONE) ? "" : "There are no benchmarks '" + area + "'. ",
          String.join(", ", areas));
      System.exit(2);
    }
    Files.createDirectories(folder);
    Path log = folder.resolve(area + ".log");
    System.out.printf("Running the benchmarks '%s'; JMH's own output goes to %s%n", area, log);
    // Forks get the flags of this JVM.
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .include("^" + Pattern.quote(ROOT + area + "."))
                    .shouldFailOnError(true)
                    .output(log.toString())
                    .build())
            .run();
    List<Comparison> comparisons = Comparison.of(results);
    ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    json.writeValue(folder.resolve(area + ".json").toFile(), comparisons);
    json.writeValue(
        folder.resolve(area + "-environment.json").toFile(),
        Environment.here("mvn -q -Pbench -Dbench=" + area));
    print(comparisons);
  }

  /** The packages below this one that have benchmarks. */
  private static Set<String> areas() {
    Set<String> areas = new TreeSet<>();
    for (BenchmarkListEntry entry :
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                List.of())) {
      String name = entry.getUsername();
      if (name.startsWith(ROOT)) {
        areas.add(name.substring(ROOT.length(), name.indexOf('.', ROOT.length())));
      }
    }
    return areas;
  }

  private static void print(List<Comparison> comparisons) {
    String line = "%-32s %12s %12s  %-8s %7s  %s%n";
    System.out.printf(line, "benchmark", "ours", "peer", "unit", "ratio", "peer's name");
    for (Comparison c : comparisons) {
      System.out.printf(
          line, c.name(), number(c.ours()), number(c.peer()), c.unit(), ratio(c), c.peerName());
    }
    System.out.println("A ratio above 1 means that we are ahead.");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%,.3f", value);
  }

  private static String ratio(Comparison comparison) {
    return String.format(Locale.ROOT, "%.2f", comparison.ratio());
  }
}
