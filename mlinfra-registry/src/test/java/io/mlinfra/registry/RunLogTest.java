package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to those who read a log that was cut off, or that something has changed. */
class RunLogTest {
  private static final String PLACE = "runs/m/1.log";

  @TempDir Path folder;

  /** Not secret at all; but sealed for one place, and found out when altered. */
  private static final class ToyVault implements Vault {
    @Override
    public byte[] seal(String place, byte[] bytes) {
      byte[] sealed = Arrays.copyOf(bytes, bytes.length + 4);
      for (int i = 0; i < bytes.length; i++) {
        sealed[i] ^= 0x5a;
      }
      int check = 31 * Arrays.hashCode(bytes) + place.hashCode();
      for (int i = 0; i < 4; i++) {
        sealed[bytes.length + i] = (byte) (check >> 8 * i);
      }
      return sealed;
    }

    @Override
    public byte[] open(String place, byte[] stored) {
      byte[] bytes = Arrays.copyOf(stored, stored.length - 4);
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] ^= 0x5a;
      }
      if (!Arrays.equals(seal(place, bytes), stored)) {
        throw new MlInfraException(ErrorCode.CONTENT_ALTERED, place + " was altered");
      }
      return bytes;
    }

    @Override
    public OutputStream sealing(OutputStream stored) {
      return stored;
    }

    @Override
    public InputStream opening(InputStream stored) {
      return stored;
    }

    @Override
    public long storedBytes(long bytes) {
      return bytes;
    }
  }

  private Path write(Vault vault, int lines) throws IOException {
    Path file = folder.resolve("1.log");
    Files.write(file, new byte[0]);
    try (LogWriter writer = new LogWriter(file, vault, PLACE, new LogReader(file, vault, PLACE))) {
      LogLine line = new LogLine();
      for (int i = 0; i < lines; i++) {
        writer.append(line.start().raw(utf8(content(i))));
      }
      writer.finish();
      Blob whole = new LogReader(file, vault, PLACE).readAll((number, json) -> {});
      assertThat(writer.plainBytes()).isEqualTo(whole.bytes());
      if (vault == Vault.PLAIN) {
        assertThat(whole).isEqualTo(new Blob(ContentHash.of(file), Files.size(file)));
      }
    }
    return file;
  }

  private static String content(int line) {
    return "{\"line\":" + line + ",\"text\":\"" + "x".repeat(line * 7 % 50) + "\"}";
  }

  private static List<String> contents(int lines) {
    return IntStream.range(0, lines).mapToObj(RunLogTest::content).toList();
  }

  private static List<String> read(Vault vault, Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    new LogReader(file, vault, PLACE)
        .advance((number, json) -> lines.add(new String(json, StandardCharsets.UTF_8)));
    return lines;
  }

  /** Some file systems force what was truncated to the disk; this is fifty times as fast there. */
  private static void replace(Path file, byte[] bytes) throws IOException {
    Files.deleteIfExists(file);
    Files.write(file, bytes);
  }

  @Test
  void readsEveryLine() throws IOException {
    for (Vault vault : List.of(Vault.PLAIN, new ToyVault())) {
      assertThat(read(vault, write(vault, 5000))).isEqualTo(contents(5000));
    }
  }

  @Test
  void hasACheckThatOthersCanCompute() throws IOException {
    // The CRC-32C of "123456789" is the check value in the catalogue of CRC algorithms.
    Path file = Files.createFile(folder.resolve("1.log"));
    try (LogWriter writer =
        new LogWriter(file, Vault.PLAIN, PLACE, new LogReader(file, Vault.PLAIN, PLACE))) {
      writer.append(new LogLine().raw(utf8("123456789")));
    }
    assertThat(file).hasContent("e3069283 123456789\n");
  }

  @Test
  void keepsALineToItsPlaceInItsLogWhereItIsSealed() throws IOException {
    ToyVault vault = new ToyVault();
    List<String> lines = Files.readAllLines(write(vault, 3));
    Path file =
        Files.writeString(folder.resolve("1.log"), lines.get(1) + "\n" + lines.get(0) + "\n");
    assertThatThrownBy(() -> read(vault, file)).hasMessageContaining(PLACE + ":1 was altered");
  }

  @Test
  void refusesLinesThatAreNotSealedWhereTheyShouldBe() throws IOException {
    Path file = write(Vault.PLAIN, 1);
    assertThatThrownBy(() -> read(new ToyVault(), file))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining(PLACE + " was altered: line 1 is not sealed");
  }

  @Test
  void readsTheLinesBeforeOneThatIsCutOffAnywhere() throws IOException {
    for (Vault vault : List.of(Vault.PLAIN, new ToyVault())) {
      byte[] whole = Files.readAllBytes(write(vault, 6));
      Path file = folder.resolve("cut.log");
      for (int length = 0; length <= whole.length; length++) {
        byte[] cut = Arrays.copyOf(whole, length);
        replace(file, cut);
        int lines = (int) IntStream.range(0, length).filter(i -> cut[i] == '\n').count();
        assertThat(read(vault, file)).isEqualTo(contents(lines));
        // As a file system may leave it when the power fails.
        Files.write(file, new byte[100], StandardOpenOption.APPEND);
        assertThat(read(vault, file)).isEqualTo(contents(lines));
      }
    }
  }

  @Test
  void neverTakesAFlippedBitForAnotherValue() throws IOException {
    Path source = write(Vault.PLAIN, 6);
    byte[] whole = Files.readAllBytes(source);
    Path file = folder.resolve("flipped.log");
    for (int torn : new int[] {0, 1, 9, 20}) {
      for (int bit = 0; bit < 8 * whole.length; bit++) {
        byte[] altered = Arrays.copyOf(whole, whole.length + torn);
        // The beginning of another line, as a killed writer leaves it.
        System.arraycopy(whole, 0, altered, whole.length, torn);
        altered[bit / 8] ^= (byte) (1 << bit % 8);
        replace(file, altered);
        assertThatThrownBy(() -> read(Vault.PLAIN, file))
            .as("bit %d with %d bytes torn", bit, torn)
            .isInstanceOfSatisfying(
                MlInfraException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
            .hasMessageContaining(file.toString());
      }
    }
  }

  @Test
  void readsOnFromWhereItStopped() throws IOException {
    byte[] whole = Files.readAllBytes(write(Vault.PLAIN, 40));
    Path file = Files.createFile(folder.resolve("growing.log"));
    LogReader reader = new LogReader(file, Vault.PLAIN, PLACE);
    List<String> lines = new ArrayList<>();
    Random random = new Random(7);
    for (int at = 0; at < whole.length; ) {
      int next = Math.min(whole.length, at + random.nextInt(60));
      Files.write(file, Arrays.copyOfRange(whole, at, next), StandardOpenOption.APPEND);
      at = next;
      reader.advance(
          (number, json) -> {
            assertThat(number).isEqualTo(lines.size() + 1);
            lines.add(new String(json, StandardCharsets.UTF_8));
          });
    }
    assertThat(lines).isEqualTo(contents(40));
  }

  @Test
  void cutsOffWhatAWriterHasLeft() throws IOException {
    Path file = write(Vault.PLAIN, 2);
    LogReader read = new LogReader(file, Vault.PLAIN, PLACE);
    read.advance((number, json) -> {});
    Files.write(file, utf8("deadbeef {\"half"), StandardOpenOption.APPEND);
    try (LogWriter writer = new LogWriter(file, Vault.PLAIN, PLACE, read)) {
      writer.append(new LogLine().raw(utf8(content(2))));
    }
    assertThat(read(Vault.PLAIN, file)).isEqualTo(contents(3));
  }

  @Test
  void losesNothingWhenItsThreadIsInterrupted() {
    try (Registry registry = Registry.open(folder);
        ActiveRun run = registry.runs().start("m")) {
      for (int step = 0; step < 100; step++) {
        if (step % 3 == 0) {
          Thread.currentThread().interrupt();
        }
        run.metric("loss", step, step);
        assertThat(Thread.interrupted()).isEqualTo(step % 3 == 0);
      }
      Thread.currentThread().interrupt();
      assertThat(registry.runs().get(run.id()).metrics().get("loss").points()).isEqualTo(100);
      assertThat(registry.runs().curve(run.id(), "loss").size()).isEqualTo(100);
      run.finish();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(registry.runs().get(run.id()).metrics().get("loss").points()).isEqualTo(100);
    }
  }

  @Test
  void findsAFlippedBitInAnyByteOfAFinishedRun() throws IOException {
    Path real = folder.toRealPath();
    try (Registry registry = Registry.open(real)) {
      try (ActiveRun run = registry.runs().start("m")) {
        run.params(Map.of("a", "b", "clé", "été"));
        for (int step = 0; step < 20; step++) {
          run.metric("loss", step, 1.0 / step);
        }
        run.finish();
      }
      Path log = real.resolve("runs/m/1.log");
      Path record = real.resolve("runs/m/1.1.json");
      for (Path file : List.of(log, record)) {
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at++) {
          byte[] altered = whole.clone();
          altered[at] ^= (byte) (1 << at % 8);
          replace(file, altered);
          assertThat(registry.verify().problems())
              .as("byte %d of %s", at, file)
              .anyMatch(line -> line.contains(file.toString()));
          assertThatThrownBy(
                  () -> {
                    try (Registry fresh = Registry.open(real)) {
                      fresh.runs().curve("m/1", "loss");
                    }
                  })
              .isInstanceOf(MlInfraException.class)
              .hasMessageContaining(file.toString());
        }
        replace(file, whole);
        Files.write(file, new byte[] {0}, StandardOpenOption.APPEND);
        assertThat(registry.verify().problems()).anyMatch(line -> line.contains(file.toString()));
        replace(file, Arrays.copyOf(whole, whole.length - 1));
        assertThat(registry.verify().problems()).anyMatch(line -> line.contains(file.toString()));
        replace(file, whole);
      }
      assertThat(registry.verify().problems()).isEmpty();
    }
  }
}
