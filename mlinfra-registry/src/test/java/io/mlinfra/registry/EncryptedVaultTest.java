package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EncryptedVaultTest {
  private static final String PLACE = "versions/model/m/1.json";
  private static final Path FOLDER = Path.of("registry");
  private static final EncryptedVault VAULT = vault("a", 1);

  private static EncryptedVault vault(String id, int fill) {
    return new EncryptedVault(FOLDER, Keyring.of(id, key(fill)));
  }

  private static byte[] key(int fill) {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) fill);
    return key;
  }

  private static byte[] random(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] stored(byte[] content, int piece) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (OutputStream out = VAULT.sealing(stored)) {
      for (int from = 0; from < content.length; from += piece) {
        out.write(content, from, Math.min(piece, content.length - from));
      }
    }
    return stored.toByteArray();
  }

  private static byte[] opened(byte[] stored) throws IOException {
    try (InputStream in = VAULT.opening(new ByteArrayInputStream(stored))) {
      return in.readAllBytes();
    }
  }

  @Provide
  Arbitrary<Integer> sizes() {
    Arbitrary<Integer> borders =
        Arbitraries.integers()
            .between(0, 3)
            .flatMap(
                segments ->
                    Arbitraries.integers()
                        .between(-17, 17)
                        .map(more -> Math.max(0, segments * Segments.CONTENT + more)));
    return Arbitraries.oneOf(borders, Arbitraries.integers().between(0, 3 * Segments.CONTENT));
  }

  @Property(tries = 300)
  void opensWhatItSealedInExactlyTheBytesItSaid(
      @ForAll("sizes") int size, @ForAll long seed, @ForAll @IntRange(min = 1000) int piece)
      throws IOException {
    byte[] content = random(size, seed);

    byte[] record = VAULT.seal(PLACE, content);
    assertThat(VAULT.open(PLACE, record)).isEqualTo(content);
    assertThat(record).hasSize((int) VAULT.storedBytes(size));
    byte[] stored = stored(content, piece);
    assertThat(opened(stored)).isEqualTo(content);
    assertThat(stored).hasSize((int) VAULT.storedBytes(size));
    // One format, however it is written.
    assertThat(opened(VAULT.seal("blobs", content))).isEqualTo(content);
  }

  @Test
  void readsAndWritesByteByByte() throws IOException {
    byte[] content = random(Segments.CONTENT + 3, 5);
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (OutputStream out = VAULT.sealing(stored)) {
      for (byte b : content) {
        out.write(b);
      }
    }
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    try (InputStream in = VAULT.opening(new ByteArrayInputStream(stored.toByteArray()))) {
      for (int b; (b = in.read()) >= 0; ) {
        read.write(b);
      }
      assertThat(in.read()).isEqualTo(-1);
    }
    assertThat(read.toByteArray()).isEqualTo(content);
  }

  @Test
  void findsEveryFlippedBitOfARecord() {
    byte[] stored = VAULT.seal(PLACE, utf8("{\"schema\" : 2}"));
    for (int bit = 0; bit < 8 * stored.length; bit++) {
      byte[] altered = stored.clone();
      altered[bit / 8] ^= (byte) (1 << bit % 8);
      MlInfraException error =
          catchThrowableOfType(MlInfraException.class, () -> VAULT.open(PLACE, altered));
      assertThat(error).as("bit %s", bit).hasMessageContaining("1.json");
      // Another name of a key is a key that is not there.
      assertThat(Set.of(ErrorCode.CONTENT_ALTERED, ErrorCode.KEY_REFUSED)).contains(error.code());
    }
  }

  @Test
  void findsEveryTruncationAndExtensionOfARecord() {
    byte[] stored = VAULT.seal(PLACE, utf8("{\"schema\" : 2}"));
    for (int length = 0; length < stored.length; length++) {
      assertAltered(Arrays.copyOf(stored, length));
    }
    for (int more = 1; more < 40; more++) {
      assertAltered(Arrays.copyOf(stored, stored.length + more));
    }
  }

  private static void assertAltered(byte[] stored) {
    assertThatThrownBy(() -> VAULT.open(PLACE, stored))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED))
        .hasMessageContaining(FOLDER.resolve(PLACE) + " was altered");
  }

  @Property(tries = 300)
  void findsAFlippedBitAnywhereInContent(
      @ForAll("sizes") int size, @ForAll long seed, @ForAll @IntRange(min = 0) int position)
      throws IOException {
    byte[] stored = stored(random(size, seed), 1 << 16);
    // Heads and tails, where the header and the tags are, as often as the rest.
    int bit =
        switch (position % 3) {
          case 0 -> position % (8 * SealHeader.BYTES);
          case 1 -> 8 * stored.length - 1 - position % (8 * Segments.TAG);
          default -> position % (8 * stored.length);
        };
    stored[bit / 8] ^= (byte) (1 << bit % 8);

    assertThatThrownBy(() -> opened(stored))
        .isInstanceOfAny(AlteredException.class, MlInfraException.class);
  }

  @Property(tries = 300)
  void findsContentThatIsCutOffAnywhere(
      @ForAll("sizes") int size, @ForAll long seed, @ForAll @IntRange(min = 0) int position)
      throws IOException {
    byte[] stored = stored(random(size, seed), 1 << 16);
    int segments = (stored.length - SealHeader.BYTES) / Segments.STORED;
    int length =
        position % 2 == 0
            ? position % stored.length
            // Exactly between two segments.
            : Math.min(
                stored.length - 1, SealHeader.BYTES + position % (segments + 1) * Segments.STORED);

    assertThatThrownBy(() -> opened(Arrays.copyOf(stored, length)))
        .isInstanceOf(AlteredException.class);
  }

  @Test
  void findsSegmentsThatAreSwappedLeftOutRepeatedOrAdded() throws IOException {
    byte[] stored = stored(random(4 * Segments.CONTENT, 7), 1 << 16);
    byte[] other = stored(random(4 * Segments.CONTENT, 7), 1 << 16);
    byte[] header = Arrays.copyOf(stored, SealHeader.BYTES);

    assertThat(
            opened(
                join(header, part(stored, 0), part(stored, 1), part(stored, 2), part(stored, 3))))
        .hasSize(4 * Segments.CONTENT);
    for (byte[] altered :
        new byte[][] {
          join(header, part(stored, 1), part(stored, 0), part(stored, 2), part(stored, 3)),
          join(header, part(stored, 0), part(stored, 2), part(stored, 3)),
          join(header, part(stored, 0), part(stored, 0), part(stored, 2), part(stored, 3)),
          join(header, part(stored, 0), part(stored, 1), part(stored, 2)),
          join(stored, part(stored, 3)),
          join(stored, new byte[Segments.TAG]),
          join(header, part(other, 0), part(stored, 1), part(stored, 2), part(stored, 3)),
          join(Arrays.copyOf(other, SealHeader.BYTES), part(stored, 0), part(stored, 3)),
        }) {
      assertThatThrownBy(() -> opened(altered)).isInstanceOf(AlteredException.class);
    }
  }

  private static byte[] part(byte[] stored, int segment) {
    int from = SealHeader.BYTES + segment * Segments.STORED;
    return Arrays.copyOfRange(stored, from, from + Segments.STORED);
  }

  private static byte[] join(byte[]... parts) throws IOException {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.write(part);
    }
    return joined.toByteArray();
  }

  @Test
  void givesOutNoByteOfASegmentWhoseTagDoesNotHold() throws IOException {
    byte[] stored = stored(random(2 * Segments.CONTENT, 7), 1 << 16);
    stored[stored.length - Segments.TAG - 1] ^= 1;
    byte[] read = new byte[3 * Segments.CONTENT];
    int count = 0;
    try (InputStream in = VAULT.opening(new ByteArrayInputStream(stored))) {
      while (true) {
        count += in.read(read, count, read.length - count);
      }
    } catch (AlteredException e) {
      assertThat(count).isEqualTo(Segments.CONTENT);
      assertThat(Arrays.copyOfRange(read, count, read.length)).containsOnly(0);
    }
  }

  @Test
  void opensBytesOnlyAtThePlaceThatTheyWereSealedFor() throws IOException {
    byte[] stored = VAULT.seal(PLACE, utf8("content"));

    assertThatThrownBy(() -> VAULT.open("versions/model/m/2.json", stored))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("2.json was altered");
    assertThatThrownBy(() -> opened(stored)).isInstanceOf(AlteredException.class);
    assertAltered(stored(utf8("content"), 7));
  }

  @Test
  void refusesWhatIsPlain() {
    assertAltered(utf8("{\"schema\" : 2}"));
    assertThatThrownBy(() -> opened(utf8("content")))
        .isInstanceOf(AlteredException.class)
        .hasMessage("it is not encrypted");
  }

  @Test
  void namesTheKeyThatItLacksAndFindsAKeyThatIsWrong() throws IOException {
    byte[] stored = VAULT.seal(PLACE, utf8("content"));
    EncryptedVault other = vault("b", 2);

    assertThatThrownBy(() -> other.open(PLACE, stored))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_REFUSED))
        .hasMessageContainingAll("1.json", "key 'a'", "Keyring[b]");
    byte[] content = stored(utf8("content"), 7);
    assertThatThrownBy(() -> other.opening(new ByteArrayInputStream(content)).readAllBytes())
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_REFUSED))
        .hasMessageContaining("key 'a'");
    assertThatThrownBy(() -> vault("a", 2).open(PLACE, stored))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTENT_ALTERED));
    EncryptedVault both = new EncryptedVault(FOLDER, Keyring.of("b", key(2)).with("a", key(1)));
    assertThat(both.open(PLACE, stored)).isEqualTo(utf8("content"));
  }

  @Test
  void sealsTheSameBytesDifferentlyEachTimeAndInTheSameSizeWithAnyKey() {
    byte[] content = new byte[100];
    byte[] one = VAULT.seal(PLACE, content);
    byte[] two = VAULT.seal(PLACE, content);

    assertThat(Arrays.copyOfRange(one, SealHeader.BYTES, one.length))
        .isNotEqualTo(Arrays.copyOfRange(two, SealHeader.BYTES, two.length));
    assertThat(vault("a-much-longer-name-of-a-key", 2).seal(PLACE, content)).hasSameSizeAs(one);
  }

  /** What a release wrote is read by every later one. */
  @Test
  void opensWhatWasSealedWhenTheFormatWasNew() {
    byte[] stored =
        Base64.getDecoder()
            .decode(
                "k21sc2VhbAoBYQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAATh6XRUiaKHHL6Hn2MHg/tCfXO"
                    + "p+9imA60gvwW1XKmApgSDlc/QSNM1LSx6dhy6h4JSEwc/SGsJmoFm0Q2LdpCIqgJf7iGJBFvQc2ekV4=");

    assertThat(VAULT.open(PLACE, stored)).isEqualTo(utf8("sealed when the format was new"));
  }

  @Test
  void writesNothingAfterClosingAndClosesTwice() throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    OutputStream out = VAULT.sealing(stored);
    out.close();
    out.close();

    assertThat(opened(stored.toByteArray())).isEmpty();
    assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
  }
}
