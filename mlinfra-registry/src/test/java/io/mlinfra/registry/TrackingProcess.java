package io.mlinfra.registry;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A JVM that starts runs of experiment {@code m} and logs to the last one; it prints the id of each
 * run, and then each step that it was told is logged.
 */
public final class TrackingProcess {
  private TrackingProcess() {}

  /**
   * @param arguments folder, how many runs, how many points go to the last one
   */
  public static void main(String[] arguments) {
    int count = Integer.parseInt(arguments[1]);
    int points = Integer.parseInt(arguments[2]);
    Registry registry = Registry.open(Path.of(arguments[0]));
    for (int i = 1; i <= count; i++) {
      ActiveRun run = registry.runs().start("m");
      System.out.println(run.id());
      for (int step = 1; i == count && step <= points; step++) {
        run.metric("loss", step, 1.0 / step);
        System.out.println(step);
        System.out.flush();
      }
    }
  }

  static Process start(Path folder, int runs, int points, Path output) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            TrackingProcess.class.getName(),
            folder.toString(),
            Integer.toString(runs),
            Integer.toString(points))
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
