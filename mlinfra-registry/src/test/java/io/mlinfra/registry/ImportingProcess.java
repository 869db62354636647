package io.mlinfra.registry;

import java.io.IOException;
import java.nio.file.Path;

/** A JVM that imports a bundle. */
public final class ImportingProcess {
  private ImportingProcess() {}

  /**
   * @param arguments folder, bundle
   */
  public static void main(String[] arguments) {
    try (Registry registry = Registry.open(Path.of(arguments[0]))) {
      registry.importBundle(Path.of(arguments[1]));
    }
  }

  static Process start(Path folder, Path bundle) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            ImportingProcess.class.getName(),
            folder.toString(),
            bundle.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
