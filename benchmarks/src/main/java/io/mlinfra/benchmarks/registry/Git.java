package io.mlinfra.benchmarks.registry;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A Git repository without the machine's settings; every call is a process. */
final class Git {
  private final Path folder;
  private final List<String> command;

  private Git(Path folder, List<String> settings) {
    this.folder = folder;
    this.command = new ArrayList<>(List.of("git"));
    for (String setting : settings) {
      command.addAll(List.of("-c", setting));
    }
  }

  /** Makes an empty repository; it never collects garbage, which would cost it time. */
  static Git init(Path folder, String... settings) throws IOException {
    Files.createDirectories(folder);
    List<String> all = new ArrayList<>(List.of(settings));
    all.addAll(List.of("user.name=bench", "user.email=bench@example.org", "gc.auto=0"));
    Git git = new Git(folder, all);
    git.call("init", "-q");
    return git;
  }

  /** What the call prints. */
  String call(String... arguments) throws IOException {
    return callWith("", arguments);
  }

  /** As {@link #call}, with lines for the call to read. */
  String callWith(String input, String... arguments) throws IOException {
    List<String> line = new ArrayList<>(command);
    line.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(line).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("GIT_"));
    builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
    builder.environment().put("GIT_CONFIG_GLOBAL", folder.resolve("no-such-file").toString());
    Process process = builder.start();
    try (OutputStream out = process.getOutputStream()) {
      out.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(line + ": " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return output.strip();
  }
}
