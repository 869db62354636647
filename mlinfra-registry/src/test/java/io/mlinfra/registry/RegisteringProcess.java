package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
                Registration.of(Kind.MODEL, "m")
                    .content(content.getBytes(StandardCharsets.UTF_8))
                    .properties(Map.of("content", content)));
        registry.promote("m", "latest-of-" + prefix, version);
        out.println(version.id().number() + " " + content);
        out.flush();
      }
    }
  }

  /**
   * @param output takes the lines; a file, because killing a process closes its pipes
   */
  static Process start(Path folder, String prefix, int count, Path output) throws IOException {
    return builder(folder, prefix, count, output).start();
  }

  /** As {@link #start}, not started yet. */
  static ProcessBuilder builder(Path folder, String prefix, int count, Path output) {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            RegisteringProcess.class.getName(),
            folder.toString(),
            prefix,
            Integer.toString(count))
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  /** The lines of a process that has ended; the last one only if it came to its end. */
  static List<String> acknowledged(Path output) throws IOException {
    String text = Files.readString(output);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }
}
