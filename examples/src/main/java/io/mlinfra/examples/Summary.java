package io.mlinfra.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What the job tells people on the console, and programs in {@code summary.json}. */
final class Summary {
  private final PrintStream out;
  private final Map<String, Object> numbers = new LinkedHashMap<>();
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private String stage = "";
  private long stageStarted;

  Summary(PrintStream out) {
    this.out = out;
  }

  /** Ends the stage before, if there is one, and begins another. */
  void stage(String name) {
    endStage();
    stage = name;
    stageStarted = System.nanoTime();
    out.printf("%n%s%n", name);
  }

  private void endStage() {
    if (!stage.isEmpty()) {
      double took = (System.nanoTime() - stageStarted) / 1e9;
      seconds.put(stage.toLowerCase(Locale.ROOT), Math.round(took * 1000) / 1000.0);
      out.printf(Locale.ROOT, "  %.1f s%n", took);
    }
  }

  void line(String format, Object... arguments) {
    out.printf(Locale.ROOT, "  " + format + "%n", arguments);
  }

  /** A line, and below it what has lines of its own. */
  void block(String title, Object text) {
    line("%s", title);
    out.print(text.toString().indent(4));
  }

  Summary add(String name, Object number) {
    numbers.put(name, number);
    return this;
  }

  /** A number as people read it: whole ones with separators, others with four digits or so. */
  String text(String name) {
    Object number = numbers.get(name);
    return number instanceof Double value
        ? String.format(Locale.ROOT, value < 1 ? "%.4f" : "%.1f", value)
        : String.format(Locale.ROOT, "%,d", number);
  }

  void write(Path file) throws IOException {
    endStage();
    Map<String, Object> all = new LinkedHashMap<>(numbers);
    all.put("seconds", seconds);
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), all);
    double total = seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    out.printf(Locale.ROOT, "%n%s, %.1f s in all%n", file, total);
  }
}
