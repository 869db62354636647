package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A JVM that registers model {@code m} in a loop and prints a line for each version that it was
 * told is kept: the number, a space and the content.
 */
public final class RegisteringProcess {
  private RegisteringProcess() {}

  /**
   * @param arguments folder, a prefix of the contents, how many
   */
  public static void main(String[] arguments) {
    register(Path.of(arguments[0]), arguments[1], Integer.parseInt(arguments[2]), System.out);
  }

  /** What {@link #main} does, for tests that have another class loader call it. */
  public static void register(Path folder, String prefix, int count, PrintStream out) {
    try (Registry registry = Registry.open(folder)) {
      for (int i = 0; i < count; i++) {
        String content = prefix + "-" + i;
        Version version =
            registry.register(
                Kind.MODEL,
                "m",
                content.getBytes(StandardCharsets.UTF_8),
                Map.of("content", content),
                List.of());
        registry.promote("m", "latest-of-" + prefix, version);
        out.println(version.id().number() + " " + content);
        out.flush();
      }
    }
  }

  static Process start(Path folder, String prefix, int count) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            RegisteringProcess.class.getName(),
            folder.toString(),
            prefix,
            Integer.toString(count))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** The lines of a process until it ends; a line cut off by its end was never acknowledged. */
  static List<String> acknowledged(Process process) throws IOException {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (int c; (c = out.read()) >= 0; ) {
        if (c == '\n') {
          lines.add(line.toString().strip());
          line.setLength(0);
        } else {
          line.append((char) c);
        }
      }
    }
    return lines;
  }
}
