package io.mlinfra.examples;

import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Registry;
import java.io.IOException;
import java.nio.file.Path;

/** A process that dies in the middle of a tracked run. */
public final class KilledRun {
  private KilledRun() {}

  /**
   * @param arguments the registry's folder
   */
  public static void main(String[] arguments) {
    Registry registry = Registry.open(Path.of(arguments[0]));
    ActiveRun run = registry.runs().start("flight-delay");
    for (int epoch = 1; epoch <= 3; epoch++) {
      run.metric("loss", epoch, 1.0 / epoch);
    }
    Runtime.getRuntime().halt(1);
  }

  /** Has such a process run in the folder, and waits until it is dead. */
  static void in(Path folder) throws IOException, InterruptedException {
    new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            KilledRun.class.getName(),
            folder.toString())
        .inheritIO()
        .start()
        .waitFor();
  }
}
