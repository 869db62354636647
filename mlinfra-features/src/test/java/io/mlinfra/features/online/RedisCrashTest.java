package io.mlinfra.features.online;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.online.RedisProcess.Work;
import io.mlinfra.features.online.Storage.Head;
import io.mlinfra.features.online.Storage.Staging;
import io.mlinfra.features.online.Storage.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a process that changes a storage, at random moments, while this process reads it. {@code
 * -Dcrashes=50} for a longer run.
 */
class RedisCrashTest {
  private static final int CRASHES = Integer.getInteger("crashes", 3);
  private static final int LONG_RUN = 20;

  /** A process that says nothing for so long hangs. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path folder;

  private final Random random = new Random();

  private interface Check {
    void run() throws Exception;
  }

  @Test
  void aWriterThatIsKilledLeavesAllOfAChangeOrNothing() throws Exception {
    try (RedisServer server = RedisServer.start();
        Storage storage = RedisStorage.open(server.address(), "p")) {
      long acknowledged = 0;
      int undone = 0;
      for (int crash = 0; crash < CRASHES; crash++) {
        acknowledged =
            Math.max(acknowledged, crash(server, Work.WRITE, () -> oneStepPerCall(storage)));
        long step = oneStep(storage);
        assertThat(step).isBetween(acknowledged, acknowledged + 1);
        undone += step == acknowledged ? 1 : 0;
        // The next process goes on from there, acknowledged or not.
        acknowledged = step;
      }
      assertThat(acknowledged).isPositive();
      if (CRASHES >= LONG_RUN) {
        System.out.printf(
            "%d writers killed after %d steps, the next of which was undone %d times%n",
            CRASHES, acknowledged, undone);
        assertThat(undone).isPositive();
      }
    }
  }

  private static void oneStepPerCall(Storage storage) {
    List<byte[]> some = new ArrayList<>();
    for (int key = 0; key < RedisProcess.KEYS; key += 20) {
      some.add(RedisProcess.key(key));
    }
    Set<String> found = new HashSet<>();
    for (State state : storage.read(RedisProcess.VIEWS.get(1), 1, some)) {
      found.add(state.version() + StorageContract.texts(state).toString());
    }
    assertThat(found).hasSize(1);
  }

  /** Gives the step that all states of both views are at. */
  private static long oneStep(Storage storage) {
    List<byte[]> all = new ArrayList<>();
    for (int key = 0; key < RedisProcess.KEYS; key++) {
      all.add(RedisProcess.key(key));
    }
    while (true) {
      Long before = watermark(storage);
      if (before == null) {
        return 0;
      }
      Set<String> found = new HashSet<>();
      Set<Long> versions = new HashSet<>();
      for (String view : RedisProcess.VIEWS) {
        for (State state : storage.read(view, 1, all)) {
          found.add(StorageContract.texts(state).toString());
          versions.add(state.version());
        }
      }
      // The server may still be at the last call of the killed process.
      if (before.equals(watermark(storage))) {
        assertThat(versions).containsExactly(before);
        Map<Long, String> expected = Map.of(before % 2, RedisProcess.content(before));
        assertThat(found).containsExactly(before == 0 ? "{}" : expected.toString());
        return before;
      }
    }
  }

  private static Long watermark(Storage storage) {
    Set<Long> watermarks = new HashSet<>();
    for (String view : RedisProcess.VIEWS) {
      Head head = storage.head(view);
      watermarks.add(head == null ? null : head.watermark());
    }
    return watermarks.size() == 1 ? watermarks.iterator().next() : Long.valueOf(-1);
  }

  @Test
  void aStagerThatIsKilledLeavesWhatItsProgressSaysAndTheNextResumes() throws Exception {
    try (RedisServer server = RedisServer.start();
        Storage storage = RedisStorage.open(server.address(), "p")) {
      Map<Integer, Integer> stages = new TreeMap<>();
      for (int crash = 0; crash < CRASHES; crash++) {
        crash(server, Work.STAGE, () -> wholeGeneration(storage));
        wholeGeneration(storage);
        stages.merge(staged(storage), 1, Integer::sum);
      }
      // What is resumed is in the end what was never disturbed.
      long valid = generation(storage);
      while (generation(storage) < valid + 1) {
        RedisProcess.stage(storage);
      }
      wholeGeneration(storage);
      assertThat(storage.staging(RedisProcess.VIEWS.get(0))).isNull();
      if (CRASHES >= LONG_RUN) {
        System.out.printf(
            "%d stagers killed in %d generations, after these parts: %s%n",
            CRASHES, valid + 1, stages);
      }
    }
  }

  private static long generation(Storage storage) {
    Head head = storage.head(RedisProcess.VIEWS.get(0));
    return head == null ? 0 : head.generation();
  }

  /** While generations change: what a reader finds is all of the one that it has asked for. */
  private static void wholeGeneration(Storage storage) {
    long generation = generation(storage);
    if (generation == 0) {
      return;
    }
    int size = RedisProcess.KEYS / RedisProcess.PARTS;
    List<byte[]> all = new ArrayList<>();
    for (int key = 0; key < RedisProcess.KEYS; key++) {
      if (key % size != 0) {
        all.add(RedisProcess.key(key));
      }
    }
    Set<String> found = new HashSet<>();
    for (State state : storage.read(RedisProcess.VIEWS.get(0), generation, all)) {
      found.add(state.version() + StorageContract.texts(state).toString());
    }
    assertThat(found)
        .containsExactly("1" + Map.of(generation % 2, RedisProcess.content(generation)));
  }

  /** Gives how many parts have been staged, and checks that these and no others are there. */
  private static int staged(Storage storage) {
    String view = RedisProcess.VIEWS.get(0);
    while (true) {
      Staging staging = storage.staging(view);
      int parts = staging == null ? 0 : staging.progress()[0];
      Set<String> keys = new HashSet<>();
      storage.forEachKey(view, generation(storage) + 1, key -> keys.add(new String(key, UTF_8)));
      Staging after = storage.staging(view);
      if (parts == (after == null ? 0 : after.progress()[0])) {
        Set<String> expected = new HashSet<>();
        for (int key = 0; key < parts * (RedisProcess.KEYS / RedisProcess.PARTS); key++) {
          expected.add(new String(RedisProcess.key(key), UTF_8));
        }
        assertThat(keys).isEqualTo(expected);
        return parts;
      }
    }
  }

  /** Lets a process work, kills it, and gives the last number that it has said. */
  private long crash(RedisServer server, Work work, Check meanwhile) throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                RedisProcess.class.getName(),
                server.address().toString(),
                "p",
                work.name())
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      int steps = random.nextInt(4);
      long start = System.nanoTime();
      while (Files.readString(output).lines().count() < 1 + steps) {
        assertThat(process.isAlive()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
        meanwhile.run();
      }
      Thread.sleep(random.nextInt(300));
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).isNotZero();
    String said = Files.readString(output);
    long last = 0;
    for (String line : said.substring(0, said.lastIndexOf('\n') + 1).lines().toList()) {
      last = line.startsWith("done ") ? Long.parseLong(line.substring(5)) : last;
    }
    return last;
  }
}
