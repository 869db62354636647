package io.mlinfra.training;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Runs a main class of the tests in a JVM of its own. */
final class ChildJvm {
  /** What it printed on both streams, and how it ended. */
  record Result(int status, String output) {}

  private ChildJvm() {}

  /**
   * Runs it to its end.
   *
   * @param jars which entries of our class path it gets
   * @param flags which of our JVM's flags it gets
   */
  static Result run(
      Predicate<String> jars, Predicate<String> flags, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("--"))
        .filter(flags)
        .forEach(command::add);
    command.add("-Xshare:auto");
    command.add("-cp");
    command.add(
        String.join(
            File.pathSeparator,
            List.of(System.getProperty("java.class.path").split(File.pathSeparator)).stream()
                .filter(jars)
                .toList()));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes());
    return new Result(process.waitFor(), output);
  }
}
