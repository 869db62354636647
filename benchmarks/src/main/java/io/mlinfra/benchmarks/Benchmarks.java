package io.mlinfra.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
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
    // Beside the results: the system's folder for temporary files may be in memory.
    Path scratch = folder.resolveSibling("scratch");
    System.out.printf("Running the benchmarks '%s'; JMH's own output goes to %s%n", area, log);
    // Forks get the flags of this JVM.
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(ROOT + area + "."))
            .shouldFailOnError(true)
            .jvmArgsAppend("-Dscratch=" + scratch)
            .output(log.toString());
    for (String without : withoutTheirProgram(area)) {
      options.exclude("^" + Pattern.quote(without + "."));
    }
    delete(scratch);
    Collection<RunResult> results;
    try {
      results = new Runner(options.build()).run();
    } finally {
      delete(scratch);
    }
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
    for (String name : classes()) {
      areas.add(name.substring(ROOT.length(), name.indexOf('.', ROOT.length())));
    }
    return areas;
  }

  private static Set<String> classes() {
    Set<String> classes = new TreeSet<>();
    for (BenchmarkListEntry entry :
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                List.of())) {
      if (entry.getUserClassQName().startsWith(ROOT)) {
        classes.add(entry.getUserClassQName());
      }
    }
    return classes;
  }

  /** The benchmarks of an area that this machine lacks a program for; says so for each. */
  private static Set<String> withoutTheirProgram(String area) {
    Set<String> without = new TreeSet<>();
    for (String name : classes()) {
      if (name.startsWith(ROOT + area + ".")) {
        Needs needs = load(name).getAnnotation(Needs.class);
        if (needs != null && !isInstalled(needs.value())) {
          System.out.printf(
              "Skipping %s: its peers need the program '%s', which is not installed here%n",
              name.substring(ROOT.length()), needs.value());
          without.add(name);
        }
      }
    }
    return without;
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError("JMH lists a class that is not there", e);
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }

  private static boolean isInstalled(String program) {
    return Pattern.compile(Pattern.quote(File.pathSeparator))
        .splitAsStream(System.getenv().getOrDefault("PATH", ""))
        .flatMap(folder -> Stream.of(new File(folder, program), new File(folder, program + ".exe")))
        .anyMatch(file -> file.isFile() && file.canExecute());
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
