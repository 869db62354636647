package io.mlinfra.features.online;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kills processes that write, and takes away their power, at random moments: the file holds what
 * they had been told is written, and of what they were writing all or nothing. {@code -Dcrashes=50}
 * kills so many of each kind.
 */
class MvStorageCrashTest {
  private static final int CRASHES = Integer.getInteger("crashes", 3);

  @TempDir Path folder;

  @ParameterizedTest(name = "staging {0}")
  @ValueSource(booleans = {false, true})
  @Timeout(600)
  void keepsAnAcknowledgedStateWhereTheProcessIsKilled(boolean staging) throws Exception {
    Path file = folder.resolve("online.mv");
    Random random = new Random();
    int reached = -1;
    StorageScript script = new StorageScript(staging);
    Map<String, String> before = script.content();
    for (int crash = 0; crash < CRASHES; crash++) {
      Process process =
          ChildJvm.start(Writer.class, file.toString(), "" + staging, "" + (reached + 1));
      int acknowledged = reached;
      try (BufferedReader output = process.inputReader()) {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
          acknowledged = Integer.parseInt(line);
          if (process.isAlive() && acknowledged == reached + 1) {
            Thread killer = new Thread(() -> killLater(process, random.nextInt(150)));
            killer.setDaemon(true);
            killer.start();
          }
        }
      } finally {
        process.destroyForcibly();
      }
      assertThat(process.waitFor()).isEqualTo(128 + 9);

      while (reached < acknowledged) {
        script.change(++reached, null);
      }
      before = script.content();
      try (Storage storage = MvStorage.open(file)) {
        Map<String, String> found = StorageScript.contentOf(storage);
        if (!found.equals(before)) {
          script.change(++reached, null);
          assertThat(found).isEqualTo(script.content());
        }
      }
    }
  }

  private static void killLater(Process process, int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // That of the process itself would close what we read.
    process.toHandle().destroyForcibly();
  }

  /** Makes changes until it is killed and prints the number of each that is done. */
  static final class Writer {
    public static void main(String[] arguments) {
      StorageScript script = new StorageScript(Boolean.parseBoolean(arguments[1]));
      int first = Integer.parseInt(arguments[2]);
      for (int number = 0; number < first; number++) {
        script.change(number, null);
      }
      try (Storage storage = MvStorage.open(Path.of(arguments[0]))) {
        for (int number = first; ; number++) {
          script.change(number, storage);
          System.out.println(number);
        }
      }
    }
  }

  @Test
  @Timeout(600)
  void keepsAnAcknowledgedStateWhereThePowerIsLost() throws IOException {
    Path file = folder.resolve("online.mv");
    List<Powered> files = new ArrayList<>();
    Random random = new Random(11);
    StorageScript script = new StorageScript(false);
    Path copy = folder.resolve("copy.mv");
    int lost = 0;
    try (Storage storage =
        MvStorage.open(
            file,
            (path, cache) -> {
              files.add(new Powered(path, cache));
              return files.get(files.size() - 1);
            })) {
      Powered below = files.get(0);
      for (int number = 0; number < 40 + 20 * CRASHES; number++) {
        Map<String, String> before = script.content();
        below.images.clear();
        below.random = random;
        script.change(number, storage);
        Map<String, String> after = script.content();
        for (byte[] image : below.images) {
          Files.write(copy, image);
          try (Storage found = MvStorage.open(copy)) {
            assertThat(StorageScript.contentOf(found)).isIn(before, after);
          }
          lost++;
        }
        Files.write(copy, below.afterAll());
        try (Storage found = MvStorage.open(copy)) {
          assertThat(StorageScript.contentOf(found)).isEqualTo(after);
        }
      }
    }
    assertThat(lost).isGreaterThan(100);
  }

  /** A file whose disk writes blocks when it likes, until it is forced to. */
  private static final class Powered extends MvFile {
    private record Block(long position, byte[] bytes) {}

    private static final int BLOCK = 4096;

    private final List<byte[]> images = new ArrayList<>();
    private final List<Block> unforced = new ArrayList<>();
    private byte[] disk = new byte[0];
    private Random random = new Random(0);

    Powered(Path path, int cache) throws IOException {
      super(path, cache);
    }

    @Override
    void write(long position, byte[] bytes, int from) throws IOException {
      super.write(position, bytes, from);
      for (int at = from; at < bytes.length; at += BLOCK) {
        unforced.add(
            new Block(
                position + at - from,
                Arrays.copyOfRange(bytes, at, Math.min(at + BLOCK, bytes.length))));
      }
      image();
    }

    @Override
    void force() {
      image();
      disk = with(unforced);
      unforced.clear();
    }

    /** What a loss of power may leave now. */
    private void image() {
      images.add(with(unforced.stream().filter(block -> random.nextBoolean()).toList()));
    }

    byte[] afterAll() {
      return disk;
    }

    private byte[] with(List<Block> blocks) {
      byte[] image = disk;
      for (Block block : blocks) {
        int end = (int) block.position + block.bytes.length;
        image = Arrays.copyOf(image, Math.max(image.length, end));
        System.arraycopy(block.bytes, 0, image, (int) block.position, block.bytes.length);
      }
      return image == disk ? disk.clone() : image;
    }
  }
}
