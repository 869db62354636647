package io.mlinfra.core.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VersionTest {
  private static final ContentHash HASH = ContentHash.of("");

  @Test
  void hashesAsSha256Does() {
    // The vectors of FIPS 180-2.
    assertThat(ContentHash.of(new byte[0]).hex())
        .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assertThat(ContentHash.of("abc").hex())
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertThat(ContentHash.of("é"))
        .isEqualTo(ContentHash.of(new byte[] {(byte) 0xC3, (byte) 0xA9}));
    assertThat(ContentHash.of("abc").abbreviated()).isEqualTo("ba7816bf8f01");
    assertThat(ContentHash.of("abc")).hasToString(ContentHash.of("abc").hex());
  }

  @Test
  void hashesFilesOfAnySizeAsTheirBytes(@TempDir Path folder) throws IOException {
    for (int size : new int[] {0, 1, 65_535, 65_536, 65_537, 300_000}) {
      byte[] content = new byte[size];
      new Random(size).nextBytes(content);
      Path file = Files.write(folder.resolve("file" + size), content);
      assertThat(ContentHash.of(file)).isEqualTo(ContentHash.of(content));
    }
  }

  @Test
  void refusesWhatIsNoHash() {
    for (String hex :
        List.of("", "abc", HASH.hex().toUpperCase(), HASH.hex() + "0", HASH.hex() + "\n")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new ContentHash(hex))
          .withMessage("hash ('" + hex + "') must be 64 lower-case hexadecimal digits");
    }
  }

  @Test
  void ordersHashesByTheirDigits() {
    assertThat(ContentHash.of("abc")).isLessThan(ContentHash.of(""));
  }

  @Test
  void namesAVersionInOneLine() {
    assertThat(new VersionId(Kind.MODEL, "flight-delay", 3, HASH))
        .hasToString("model flight-delay:3 (e3b0c44298fc)");
    assertThat(Kind.DATASET.label()).isEqualTo("dataset");
  }

  @Test
  void refusesImpossibleVersions() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new VersionId(Kind.MODEL, "m", 0, HASH))
        .withMessage("number (0) must be > 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new VersionId(Kind.RUN, "a/b", 1, HASH))
        .withMessageStartingWith("run name ('a/b')");
  }
}
