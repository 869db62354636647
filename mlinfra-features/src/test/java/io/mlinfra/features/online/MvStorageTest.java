package io.mlinfra.features.online;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.ChildJvm;
import io.mlinfra.features.online.Storage.Head;
import io.mlinfra.features.online.Storage.StateWrite;
import io.mlinfra.features.online.Storage.ViewWrite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MvStorageTest extends StorageContract {
  @TempDir Path folder;

  private Path file() {
    return folder.resolve("online store,\"ü\".mv");
  }

  @Override
  protected Storage open() {
    return MvStorage.open(file());
  }

  private static void assertRefused(Path file, ErrorCode code) {
    MlInfraException error =
        catchThrowableOfType(MlInfraException.class, () -> MvStorage.open(file).close());
    assertThat(error.code()).isEqualTo(code);
    assertThat(error).hasMessageContaining(file.toString());
  }

  @Test
  void isForOneProcessAndSaysSoToTheSecond() throws Exception {
    write(first(VIEW, 1));
    assertRefused(file(), ErrorCode.CONFLICT);
    assertThat(secondProcess()).contains("CONFLICT", file().toString());
    assertRefused(file(), ErrorCode.CONFLICT);
    assertRefused(Files.createSymbolicLink(folder.resolve("link"), file()), ErrorCode.CONFLICT);
    assertThat(secondProcess()).contains("CONFLICT", file().toString());

    assertThat(write(states(1, state("a", 0, 1, "x")))).isTrue();
    storage.close();
    assertThat(secondProcess()).contains("opened [" + VIEW + "]");
    storage = open();
    assertThat(tiles(1, "a")).isEqualTo(Map.of(1L, "x"));
  }

  private String secondProcess() throws IOException {
    Process process = ChildJvm.start(Second.class, file().toString());
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes());
  }

  static final class Second {
    public static void main(String[] arguments) {
      try (Storage storage = MvStorage.open(Path.of(arguments[0]))) {
        System.out.println("opened " + storage.views());
      } catch (MlInfraException e) {
        System.out.println(e.code() + " " + e.getMessage());
      }
    }
  }

  @Test
  void refusesWhatIsNoStorageAndLeavesItAsItIs() throws IOException {
    byte[] noise = new byte[100_000];
    new Random(3).nextBytes(noise);
    List<byte[]> contents =
        List.of(bytes("hello"), noise, Arrays.copyOf(noise, 4096), new byte[10_000]);
    for (int i = 0; i < contents.size(); i++) {
      Path other = Files.write(folder.resolve("other-" + i), contents.get(i));
      assertRefused(other, ErrorCode.FILE_UNREADABLE);
      assertThat(other).hasBinaryContent(contents.get(i));
    }

    Path foreign = folder.resolve("foreign.mv");
    try (MVStore store = MVStore.open(foreign.toString())) {
      store.openMap("accounts").put("a", "b");
    }
    byte[] before = Files.readAllBytes(foreign);
    assertRefused(foreign, ErrorCode.FILE_UNREADABLE);
    assertThat(foreign).hasBinaryContent(before);
  }

  @Test
  void takesAnEmptyFileForANewStorage() throws IOException {
    Path empty = Files.createFile(folder.resolve("empty"));
    try (Storage fresh = MvStorage.open(empty)) {
      assertThat(fresh.write(List.of(first(VIEW, 1)))).isTrue();
    }
  }

  @Test
  void refusesAFormatOfALaterRelease() {
    storage.close();
    try (MVStore store = MVStore.open(file().toString())) {
      MVMap<String, byte[]> format =
          store.openMap(
              "mlinfra.online",
              new MVMap.Builder<String, byte[]>()
                  .keyType(org.h2.mvstore.type.StringDataType.INSTANCE)
                  .valueType(org.h2.mvstore.type.ByteArrayDataType.INSTANCE));
      assertThat(format.get("format")).containsExactly(0, 0, 0, 1);
      format.put("format", new byte[] {0, 0, 0, 2});
    }
    assertThatThrownBy(() -> MvStorage.open(file()))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("format 2")
        .hasMessageContaining("reads 1");
  }

  @Test
  void refusesPlacesThatCannotHoldAFile() throws IOException {
    assertRefused(folder, ErrorCode.FILE_UNREADABLE);
    assertRefused(folder.resolve("none").resolve("online.mv"), ErrorCode.FILE_MISSING);
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void refusesAFileThatMustNotBeWritten() throws IOException {
    Path file = Files.createFile(folder.resolve("read-only"));
    assumeThat(file.toFile().setWritable(false) && !Files.isWritable(file))
        .as("a user who may not write each file")
        .isTrue();
    assertRefused(file, ErrorCode.ACCESS_REFUSED);
  }

  @Test
  void refusesAFileThatHasLostItsEnd() throws IOException {
    storage.write(List.of(first(VIEW, 1)));
    for (int i = 0; i < 20; i++) {
      write(states(1, state("k" + i, 0, 1, "x".repeat(3000))));
    }
    storage.close();
    byte[] whole = Files.readAllBytes(file());
    for (int part = 1; part < 8; part++) {
      Path cut = folder.resolve("cut-" + part);
      Files.write(cut, Arrays.copyOf(whole, whole.length * part / 8));
      try (Storage found = MvStorage.open(cut)) {
        // An older state that is whole is as good as no newer one.
        found.forEachKey(VIEW, 1, key -> found.read(VIEW, 1, List.of(key)));
      } catch (MlInfraException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE);
      }
    }
  }

  @Test
  void survivesThreadsThatAreInterrupted() {
    write(first(VIEW, 1));
    List<StateWrite> many = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      many.add(state("k" + i, 0, 1, "x".repeat(500)));
    }
    write(states(1, many.toArray(new StateWrite[0])));
    try {
      Thread.currentThread().interrupt();
      reopen();
      for (int i = 0; i < 3000; i++) {
        Thread.currentThread().interrupt();
        assertThat(read(1, "k" + i).tiles()).hasSize(1);
        if (i % 300 == 0) {
          assertThat(write(states(1, state("k" + i, 1, 2, "y")))).isTrue();
        }
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
      }
    } finally {
      Thread.interrupted();
    }
    reopen();
    assertThat(tiles(1, "k300")).containsEntry(2L, "y");
  }

  @Test
  void removesWhatIsLeftOfGenerationsThatNobodyDropped() {
    write(first(VIEW, 1));
    write(states(1, state("old", 0, 1, "x")));
    storage.stage(VIEW, 2, List.of(state("new", 0, 1, "x")), bytes("p"));
    write(new ViewWrite(VIEW, 1, List.of(), new Head(2, bytes("m"), 0), 0));
    storage.stage(VIEW, 3, List.of(state("lost", 0, 1, "x")), bytes("p"));
    storage.stage(VIEW, 4, List.of(state("staged", 0, 1, "x")), bytes("p"));
    assertThat(keys(1)).containsExactly("old");

    reopen();

    assertThat(keys(1)).isEmpty();
    assertThat(keys(2)).containsExactly("new");
    assertThat(keys(3)).isEmpty();
    assertThat(keys(4)).containsExactly("staged");
  }

  @Test
  void usesTheSpaceOfFormerStatesAgain() throws IOException {
    storage.close();
    // Waiting for the disk changes nothing of the space and takes long.
    storage = MvStorage.open(file(), (path, cache) -> new Faulty(path, cache, Long.MAX_VALUE));
    write(first(VIEW, 1));
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      String key = "k" + random.nextInt(200);
      long version = read(1, key).version();
      assertThat(write(states(1, state(key, version, i % 3, "x".repeat(100))))).isTrue();
    }
    assertThat(Files.size(file())).isLessThan(4 << 20);
  }

  /** A file on a disk that is full after some bytes, and that nobody waits for. */
  private static final class Faulty extends MvFile {
    private long left;

    Faulty(Path path, int cache, long left) throws IOException {
      super(path, cache);
      this.left = left;
    }

    @Override
    void write(long position, byte[] bytes, int from) throws IOException {
      if (bytes.length - from > left) {
        super.write(position, Arrays.copyOf(bytes, from + (int) left), from);
        left = 0;
        throw new IOException("No space left on device");
      }
      left -= bytes.length - from;
      super.write(position, bytes, from);
    }

    @Override
    void force() {}
  }

  @Test
  void staysAtTheLastStateWhereTheDiskIsFull() {
    int number = 0;
    for (int attempt = 0; attempt < 40; attempt++) {
      storage.close();
      List<Faulty> opened = new ArrayList<>();
      storage =
          MvStorage.open(
              file(),
              (path, cache) -> {
                opened.add(new Faulty(path, cache, Long.MAX_VALUE));
                return opened.get(opened.size() - 1);
              });
      opened.get(0).left = attempt * 1_700L;

      MlInfraException error = null;
      while (error == null) {
        try {
          replay(number).change(number, storage);
          number++;
        } catch (MlInfraException e) {
          error = e;
        }
      }

      assertThat(error.code()).isEqualTo(ErrorCode.IO_FAILED);
      assertThat(error).hasMessageContaining(file().toString());
      // It opens the file anew by itself, and there is room again.
      Map<String, String> found = StorageScript.contentOf(storage);
      Map<String, String> before = replay(number).content();
      assertThat(found).isIn(before, replay(number + 1).content());
      assertThat(opened).hasSize(2);
      number += found.equals(before) ? 0 : 1;
    }
    assertThat(number).isGreaterThan(20);
  }

  /** The script before the change of a number. */
  private static StorageScript replay(int end) {
    StorageScript script = new StorageScript(false);
    for (int number = 0; number < end; number++) {
      script.change(number, null);
    }
    return script;
  }
}
