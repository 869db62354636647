package io.mlinfra.warehouse;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Another JVM with this one's class path. */
final class ChildJvm {
  private ChildJvm() {}

  /** Starts a main class, see {@link #builder}; its errors are among its output. */
  static Process start(boolean open, Class<?> main, String... arguments) throws IOException {
    return builder(open, main, arguments).redirectErrorStream(true).start();
  }

  /**
   * A main class that has not started yet.
   *
   * @param open whether with the flag that Arrow needs
   */
  static ProcessBuilder builder(boolean open, Class<?> main, String... arguments) {
    return builder(open, Path.of(System.getProperty("java.io.tmpdir")), main, arguments);
  }

  /**
   * As {@link #builder(boolean, Class, String...)}.
   *
   * @param temporary where a process that is killed leaves DuckDB's library of 60 MB behind
   */
  static ProcessBuilder builder(boolean open, Path temporary, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--enable-native-access")
          || flag.startsWith("--sun-misc-unsafe")
          || open && flag.startsWith("--add-opens")) {
        command.add(flag);
      }
    }
    command.add("-Djava.io.tmpdir=" + temporary);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }
}
