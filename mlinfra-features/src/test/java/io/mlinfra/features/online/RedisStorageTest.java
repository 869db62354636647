package io.mlinfra.features.online;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.online.Storage.Head;
import io.mlinfra.features.online.Storage.State;
import io.mlinfra.features.online.Storage.StateWrite;
import io.mlinfra.features.online.Storage.ViewWrite;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every storage must do, and what this one must do because several processes share it. */
class RedisStorageTest extends StorageContract {
  private static final String PASSWORD = "s3cret%p4ss";

  private static RedisServer server;
  private static int tests;

  private String prefix;
  private Storage other;

  @BeforeAll
  static void start() throws Exception {
    server = RedisServer.start("--repl-diskless-sync-delay", "0");
  }

  @AfterAll
  static void stop() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @Override
  protected Storage open() {
    if (prefix == null) {
      prefix = "test:" + tests++;
    }
    return RedisStorage.open(server.address(), prefix);
  }

  @BeforeEach
  void openAnother() {
    other = open();
  }

  @AfterEach
  void closeAnother() {
    other.close();
  }

  private static List<StateWrite> many(int keys, long expected, String content) {
    List<StateWrite> states = new ArrayList<>();
    for (int key = 0; key < keys; key++) {
      states.add(state("entity " + key, expected, 1, content));
    }
    return states;
  }

  private static Set<String> contents(Storage storage, long generation, int keys) {
    List<byte[]> asked = new ArrayList<>();
    for (int key = 0; key < keys; key++) {
      asked.add(bytes("entity " + key));
    }
    Set<String> contents = new HashSet<>();
    for (State state : storage.read(VIEW, generation, asked)) {
      contents.add(texts(state).getOrDefault(1L, "nothing"));
    }
    return contents;
  }

  private static ViewWrite next(long from, long to) {
    return new ViewWrite(VIEW, from, List.of(), new Head(to, bytes("m"), to), to);
  }

  private static MlInfraException failure(int port, ThrowingCallable call) {
    MlInfraException failure = catchThrowableOfType(MlInfraException.class, call);
    assertThat(failure).isNotNull().hasMessageContaining("127.0.0.1:" + port);
    assertThat(failure.code()).isEqualTo(ErrorCode.IO_FAILED);
    return failure;
  }

  private static void together(List<Callable<Void>> work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(work.size());
    try {
      List<Future<Void>> results = new ArrayList<>();
      work.forEach(task -> results.add(threads.submit(task)));
      for (Future<Void> result : results) {
        result.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void losesNoUpdateOfTwoClients() throws Exception {
    write(first(VIEW, 1));
    write(states(1, state("n", 0, 1, "0")));
    int each = 200;
    List<Callable<Void>> work = new ArrayList<>();
    for (Storage client : List.of(storage, other, storage, other)) {
      work.add(
          () -> {
            for (int i = 0; i < each; ) {
              State state = client.read(VIEW, 1, List.of(bytes("n"))).get(0);
              String next = "" + (Integer.parseInt(texts(state).get(1L)) + 1);
              if (client.write(List.of(states(1, state("n", state.version(), 1, next))))) {
                i++;
              }
            }
            return null;
          });
    }
    together(work);

    assertThat(tiles(1, "n")).isEqualTo(Map.of(1L, "" + 4 * each));
  }

  @Test
  void showsAReaderTheWholeGenerationWhoseHeadItHasRead() throws Exception {
    int keys = 300;
    storage.stage(VIEW, 1, many(keys, 0, "1"), bytes("p"));
    write(first(VIEW, 1));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Void> reader =
        () -> {
          while (!done.get()) {
            long generation = other.head(VIEW).generation();
            Thread.sleep(5);
            assertThat(contents(other, generation, keys)).containsExactly("" + generation);
          }
          return null;
        };
    Callable<Void> writer =
        () -> {
          try {
            for (long generation = 2; generation <= 60; generation++) {
              storage.stage(VIEW, generation, many(keys, 0, "" + generation), bytes("p"));
              assertThat(write(next(generation - 1, generation))).isTrue();
              storage.drop(VIEW, generation - 1);
            }
          } finally {
            done.set(true);
          }
          return null;
        };
    together(List.of(reader, writer, reader));
  }

  @Test
  void letsWhatIsNoLongerValidExpireByItself() {
    write(first(VIEW, 1));
    write(states(1, state("", 0, 1, "x")));
    String bucket = prefix + ":states:" + VIEW + ":1:0";
    assertThat(server.send("PTTL " + bucket)).isEqualTo(":-1");
    write(next(1, 2));
    for (int look = 0; look < 2; look++) {
      assertThat(tiles(1, "")).isEqualTo(Map.of(1L, "x"));
      long left = Long.parseLong(server.send("PTTL " + bucket).substring(1));
      assertThat(left).isBetween(1L, RedisStorage.GRACE.toMillis());
      storage.drop(VIEW, 1);
    }
  }

  @Test
  void changesVeryManyStatesAtOnceOrNone() throws Exception {
    int keys = 25_000;
    String large = "x".repeat(40);
    write(first(VIEW, 1));
    assertThat(write(new ViewWrite(VIEW, 1, many(keys, 0, large + 1), null, 1))).isTrue();

    List<StateWrite> bad = many(keys, 1, large + 2);
    bad.set(keys - 1, state("entity " + (keys - 1), 7, 1, "bad"));
    assertThat(write(new ViewWrite(VIEW, 1, bad, null, 2))).isFalse();
    assertThat(contents(storage, 1, keys)).containsExactly(large + 1);
    assertThat(head(VIEW).watermark()).isEqualTo(1);

    AtomicBoolean done = new AtomicBoolean();
    Callable<Void> reader =
        () -> {
          // 500 states are one call, of which a reader sees all before or all after a change.
          while (!done.get()) {
            assertThat(contents(other, 1, 500)).hasSize(1);
          }
          return null;
        };
    Callable<Void> writer =
        () -> {
          try {
            List<StateWrite> good = many(keys, 1, large + 2);
            assertThat(write(new ViewWrite(VIEW, 1, good, null, 2))).isTrue();
          } finally {
            done.set(true);
          }
          return null;
        };
    together(List.of(reader, writer));
    assertThat(contents(storage, 1, keys)).containsExactly(large + 2);
    assertThat(keys(1)).hasSize(keys);
    assertThat(server.send("KEYS " + prefix + ":pieces:*"))
        .as("pieces that were left")
        .isEqualTo("*0");
  }

  @Test
  void refusesToPrepareWhatAnotherProcessPrepares() {
    storage.stage(VIEW, 1, List.of(state("a", 0, 1, "a")), bytes("one"));
    assertThat(other.staging(VIEW).progress()).isEqualTo(bytes("one"));
    other.stage(VIEW, 1, List.of(state("b", 0, 1, "b")), bytes("two"));

    MlInfraException failure =
        catchThrowableOfType(
            MlInfraException.class,
            () -> storage.stage(VIEW, 1, List.of(state("c", 0, 1, "c")), bytes("two")));
    assertThat(failure.code()).isEqualTo(ErrorCode.CONFLICT);
    assertThat(keys(1)).containsExactly("a", "b");
  }

  @Test
  void publishesNothingThatAnotherProcessHasDropped() {
    storage.stage(VIEW, 1, List.of(state("a", 0, 1, "a")), bytes("one"));
    other.drop(VIEW, 1);

    assertThat(write(first(VIEW, 1))).isFalse();
    assertThat(storage.views()).isEmpty();
  }

  @Test
  void publishesOnlyWhatTakesInAllThatOthersHaveChangedMeanwhile() {
    write(first(VIEW, 1));
    other.write(List.of(states(1, state("before", 0, 1, "x"))));
    storage.stage(VIEW, 2, List.of(), bytes("p"));
    assertThat(storage.changes(VIEW, 0).last()).isZero();
    other.write(List.of(states(1, state("a", 0, 1, "x"), state("b", 0, 1, "x"))));
    other.write(List.of(states(1, state("a", 1, 1, "y"))));

    assertThat(storage.changes(VIEW, 0).last()).isEqualTo(2);
    assertThat(storage.changes(VIEW, 0).keys()).containsExactly(bytes("b"), bytes("a"));
    assertThat(storage.changes(VIEW, 1).keys()).containsExactly(bytes("a"));
    Head fresh = new Head(2, bytes("n"), 0);
    assertThat(write(new ViewWrite(VIEW, 1, List.of(), fresh, 0, 1))).isFalse();
    assertThat(write(new ViewWrite(VIEW, 1, List.of(), fresh, 0, 2))).isTrue();
    assertThat(storage.changes(VIEW, 0).last()).isZero();
  }

  @Test
  void holdsWritersUpUntilTheHeadIsReplaced() throws Exception {
    write(first(VIEW, 1));
    storage.hold(VIEW);
    assertThat(other.write(List.of(states(1, state("a", 0, 1, "x"))))).isFalse();
    assertThat(write(next(1, 2))).isTrue();
    assertThat(other.write(List.of(states(2, state("a", 0, 1, "x"))))).isTrue();

    // Whoever dies holds up nobody for long.
    storage.hold(VIEW);
    await(() -> other.write(List.of(states(2, state("a", 1, 1, "y")))));
  }

  @Test
  void worksOnAfterTheServerWasRestarted() throws Exception {
    try (RedisServer restarted = RedisServer.start();
        Storage client = RedisStorage.open(restarted.address(), "p")) {
      assertThat(client.write(List.of(first(VIEW, 1)))).isTrue();
      restarted.stop();
      failure(restarted.port(), () -> client.head(VIEW));
      failure(restarted.port(), () -> client.write(List.of(first(VIEW, 1))));
      restarted.restart();
      assertThat(client.head(VIEW)).isNull();
      assertThat(client.write(List.of(first(VIEW, 1)))).isTrue();

      // Nobody has noticed that it was away.
      restarted.stop();
      restarted.restart();
      assertThat(client.write(List.of(first(VIEW, 1)))).isTrue();
      restarted.stop();
      restarted.restart();
      assertThat(client.views()).isEmpty();
    }
  }

  @Test
  void namesTheServerAndNotThePassword() throws Exception {
    try (RedisServer closed = RedisServer.start("--requirepass", PASSWORD)) {
      URI wrong = URI.create("redis://:wrong-" + "s3cret@127.0.0.1:" + closed.port());
      for (URI address : List.of(closed.address(), wrong)) {
        MlInfraException failure =
            failure(closed.port(), () -> RedisStorage.open(address, "p").close());
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        assertThat(trace.toString()).doesNotContain("s3cret");
      }
      String right = "redis://default:s3cret%25p4ss@127.0.0.1:" + closed.port();
      try (Storage zero = RedisStorage.open(URI.create(right), "p");
          Storage three = RedisStorage.open(URI.create(right + "/3"), "p")) {
        assertThat(zero.write(List.of(first(VIEW, 1)))).isTrue();
        assertThat(three.views()).isEmpty();
        assertThat(zero.toString() + three).doesNotContain("s3cret");
      }
      failure(closed.port(), () -> RedisStorage.open(URI.create(right + "/99"), "p").close());
    }
  }

  @Test
  void refusesAServerThatSpeaksSomethingElse() throws Exception {
    try (ServerSocket web = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
      Thread serving = new Thread(() -> answer(web));
      serving.setDaemon(true);
      serving.start();
      String address = "://127.0.0.1:" + web.getLocalPort();
      for (String scheme : List.of("redis", "rediss")) {
        failure(
            web.getLocalPort(), () -> RedisStorage.open(URI.create(scheme + address), "p").close());
      }
    }
  }

  private static void answer(ServerSocket web) {
    while (true) {
      try (Socket socket = web.accept()) {
        socket
            .getOutputStream()
            .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        return;
      }
    }
  }

  @Test
  void refusesChangesWhereTheServerMayOnlyBeRead() throws Exception {
    write(first(VIEW, 1));
    try (RedisServer replica = RedisServer.start()) {
      try (Storage client = RedisStorage.open(replica.address(), prefix)) {
        replica.send("REPLICAOF 127.0.0.1 " + server.port());
        await(() -> client.views().contains(VIEW));
        assertThat(failure(replica.port(), () -> client.write(List.of(next(1, 2)))))
            .hasMessageContaining("READONLY");
        failure(replica.port(), () -> client.stage(VIEW, 2, List.of(), bytes("p")));
      }
    }
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    for (int attempt = 0; attempt < 1000; attempt++) {
      try {
        if (condition.call()) {
          return;
        }
      } catch (MlInfraException e) {
        // Such as a replica that is loading.
      }
      Thread.sleep(20);
    }
    assertThat(condition.call()).isTrue();
  }

  @Test
  void changesNothingWhereTheServerHasNoMemoryLeft() throws Exception {
    try (RedisServer small = RedisServer.start();
        Storage client = RedisStorage.open(small.address(), "p")) {
      client.write(List.of(first(VIEW, 1)));
      client.write(List.of(new ViewWrite(VIEW, 1, many(100, 0, "old"), null, 1)));
      small.send("CONFIG SET maxmemory 1");
      for (int keys : new int[] {100, 20_000}) {
        ViewWrite more = new ViewWrite(VIEW, 1, many(keys, 1, "new".repeat(50)), null, 2);
        assertThat(failure(small.port(), () -> client.write(List.of(more))))
            .hasMessageContaining("OOM");
      }
      assertThat(contents(client, 1, 100)).containsExactly("old");
      assertThat(client.head(VIEW).watermark()).isEqualTo(1);
      small.send("CONFIG SET maxmemory 0");
      assertThat(client.write(List.of(new ViewWrite(VIEW, 1, many(100, 1, "new"), null, 2))))
          .isTrue();
    }
  }

  @Test
  void refusesAServerThatMayEvictStates() throws Exception {
    try (RedisServer cache =
        RedisServer.start("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")) {
      assertThat(failure(cache.port(), () -> RedisStorage.open(cache.address(), "p").close()))
          .hasMessageContaining("noeviction");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://host:6379",
        "host",
        "redis:///1",
        "redis://:s3cret@host/x",
        "redis://:s3cret@host/0?protocol=3",
        "redis://:s3cret@host/-1",
        "redis://:s3cret@bad_host!/1"
      })
  void refusesAnAddressThatIsNone(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RedisStorage.open(URI.create(address), "p"))
        .withMessageNotContaining("s3cret");
  }

  @Test
  void refusesAnEmptyPrefix() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RedisStorage.open(server.address(), " "))
        .withMessageContaining("prefix");
  }

  @Test
  void startsNoThreadsAndRegistersNothing() throws Exception {
    // The first connection may start threads of the JDK's own.
    storage.views();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    try (Storage client = open()) {
      client.write(List.of(first(VIEW, 1)));
      Set<Thread> started = new HashSet<>(Thread.getAllStackTraces().keySet());
      started.removeAll(before);
      assertThat(started).isEmpty();
      assertThat(
              java.lang.management.ManagementFactory.getPlatformMBeanServer()
                  .queryNames(null, null)
                  .toString())
          .doesNotContain("pool2");
    }
  }
}
