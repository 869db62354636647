package io.mlinfra.warehouse;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A PostgreSQL server of its own, on loopback, gone when it is closed. */
final class Postgres implements AutoCloseable {
  private final Path folder;
  private final Process server;
  private final PGSimpleDataSource source = new PGSimpleDataSource();

  private Postgres(Path folder, Process server, int port) {
    this.folder = folder;
    this.server = server;
    source.setServerNames(new String[] {"127.0.0.1"});
    source.setPortNumbers(new int[] {port});
    source.setDatabaseName("postgres");
    source.setUser("mlinfra");
    source.setSslMode("disable");
  }

  /** Starts one; skips the test, with the reason, where PostgreSQL is not installed. */
  static Postgres start() throws Exception {
    Optional<Path> programs = programs();
    assumeTrue(programs.isPresent(), "PostgreSQL's server is not installed here");
    Path folder = Files.createTempDirectory("mlinfra-postgres");
    // The server refuses to run as root.
    boolean root = System.getProperty("user.name").equals("root");
    if (root) {
      assumeTrue(run(folder, List.of("chown", "postgres", folder.toString())), "no user postgres");
    }
    Path data = folder.resolve("data");
    List<String> init =
        as(
            root,
            programs.get().resolve("initdb").toString(),
            "--pgdata=" + data,
            "--username=mlinfra",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync");
    assumeTrue(run(folder, init), "initdb failed, see " + folder);
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> serve =
        as(
            root,
            programs.get().resolve("postgres").toString(),
            "-D",
            data.toString(),
            "-p",
            Integer.toString(port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off");
    Process server =
        new ProcessBuilder(serve)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.log").toFile())
            .start();
    Postgres postgres = new Postgres(folder, server, port);
    postgres.await();
    return postgres;
  }

  private static List<String> as(boolean root, String... command) {
    List<String> all = new ArrayList<>();
    if (root) {
      all.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
    }
    all.addAll(List.of(command));
    return all;
  }

  private static boolean run(Path folder, List<String> command) throws Exception {
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<Path> programs() throws IOException {
    List<Path> folders = new ArrayList<>();
    for (String folder :
        System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator)) {
      folders.add(Path.of(folder));
    }
    Path debian = Path.of("/usr/lib/postgresql");
    if (Files.isDirectory(debian)) {
      try (Stream<Path> versions = Files.list(debian)) {
        versions.map(version -> version.resolve("bin")).forEach(folders::add);
      }
    }
    return folders.stream()
        .filter(folder -> Files.isExecutable(folder.resolve("initdb")))
        .filter(folder -> Files.isExecutable(folder.resolve("postgres")))
        .findFirst();
  }

  private void await() throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        source.getConnection().close();
        return;
      } catch (SQLException e) {
        if (attempt == 300 || !server.isAlive()) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  DataSource source() {
    return source;
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Stops it without a word to its clients. */
  void kill() {
    server.descendants().forEach(ProcessHandle::destroyForcibly);
    server.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    server.destroy();
    try {
      server.onExit().get(20, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      kill();
    }
    WorkFolder.delete(folder);
  }
}
