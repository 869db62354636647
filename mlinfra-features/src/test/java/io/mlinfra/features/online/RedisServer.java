package io.mlinfra.features.online;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A Redis server of its own, on loopback and without persistence, gone when it is closed. */
final class RedisServer implements AutoCloseable {
  private final Path folder;
  private final List<String> command;
  private final int port;
  private Process server;

  private RedisServer(Path folder, List<String> command, int port) {
    this.folder = folder;
    this.command = command;
    this.port = port;
  }

  /**
   * Starts one; skips the test, with the reason, where Redis is not installed.
   *
   * @param settings more of them, as on its command line
   */
  static RedisServer start(String... settings) throws Exception {
    String program =
        Stream.concat(
                Arrays.stream(
                    System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator)),
                Stream.of("/usr/bin"))
            .map(folder -> Path.of(folder, "redis-server"))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse("");
    assumeTrue(!program.isEmpty(), "redis-server is not installed here");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path folder = Files.createTempDirectory("mlinfra-redis");
    List<String> command =
        new ArrayList<>(
            List.of(
                program,
                "--bind",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString()));
    command.addAll(List.of(settings));
    RedisServer redis = new RedisServer(folder, command, port);
    redis.restart();
    return redis;
  }

  /** Starts the server again, on the same port and empty, after a {@link #stop}. */
  void restart() throws Exception {
    server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.log").toFile())
            .start();
    for (int attempt = 0; ; attempt++) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException e) {
        if (attempt == 300 || !server.isAlive()) {
          throw new IOException(Files.readString(folder.resolve("server.log")), e);
        }
        Thread.sleep(20);
      }
    }
  }

  /** Ends the server without a word to its clients. */
  void stop() {
    server.destroyForcibly().onExit().join();
  }

  int port() {
    return port;
  }

  URI address() {
    return URI.create("redis://127.0.0.1:" + port);
  }

  /** Sends one command of words without spaces and gives the first line of the answer. */
  String send(String command) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      StringBuilder line = new StringBuilder();
      for (int c; (c = socket.getInputStream().read()) >= 0 && c != '\r'; ) {
        line.append((char) c);
      }
      return line.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    stop();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
