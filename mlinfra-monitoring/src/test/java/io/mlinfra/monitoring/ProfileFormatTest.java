package io.mlinfra.monitoring;

import static io.mlinfra.monitoring.Batches.bools;
import static io.mlinfra.monitoring.Batches.doubles;
import static io.mlinfra.monitoring.Batches.longs;
import static io.mlinfra.monitoring.Batches.moments;
import static io.mlinfra.monitoring.Batches.profile;
import static io.mlinfra.monitoring.Batches.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.vector.FieldVector;
import org.junit.jupiter.api.Test;

class ProfileFormatTest {
  private static final Profile FEW_ROWS = sample(40, 5);
  private static final Profile MANY_ROWS = sample(1200, 5);

  /** Every kind of column; with many rows also what only a sketch can hold. */
  private static Profile sample(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Double[] real = new Double[rows];
    Double[] few = new Double[rows];
    Long[] whole = new Long[rows];
    Long[] at = new Long[rows];
    Boolean[] late = new Boolean[rows];
    String[] text = new String[rows];
    String[] origin = new String[rows];
    for (int i = 0; i < rows; i++) {
      real[i] = random.nextInt(50) == 0 ? null : random.nextDouble() * 100 - 50;
      few[i] = random.nextInt(5) == 0 ? Double.NaN : random.nextInt(7) / 4.0;
      whole[i] = random.nextLong();
      at[i] = 1_000_000_000_000_000L + random.nextInt(1_000_000_000);
      late[i] = random.nextBoolean();
      text[i] = "customer " + random.nextInt(5000);
      origin[i] = random.nextInt(9) == 0 ? null : "airport " + (char) ('A' + random.nextInt(26));
    }
    return profile(
        allocator ->
            new FieldVector[] {
              doubles(allocator, "real", real),
              doubles(allocator, "few", few),
              longs(allocator, "whole", whole),
              moments(allocator, "at", at),
              bools(allocator, "late", late),
              texts(allocator, "text", text),
              texts(allocator, "origin", origin)
            });
  }

  @Test
  void givesTheSameBytesOnEveryMachine() {
    // Changes with the format only: then raise its version, and keep reading this one.
    assertThat(ContentHash.of(sample(5000, 1).toBytes()).hex())
        .isEqualTo("8fc533a6e69021ae39568b1b2a4be4398465e5837404e81d597207ee722742da");
  }

  @Property(tries = 50)
  void readsBackWhatItWrote(@ForAll long seed, @ForAll @IntRange(max = 4000) int rows) {
    Profile profile = sample(rows, seed);
    byte[] bytes = profile.toBytes();
    Profile read = Profile.read(bytes);
    assertThat(read.toBytes()).isEqualTo(bytes);
    assertThat(read).isEqualTo(profile).hasSameHashCodeAs(profile);
    assertThat(read).hasToString(profile.toString());
    assertThat(read.toHtml()).isEqualTo(profile.toHtml());
  }

  @Property(tries = 20)
  void goesOnAfterReadingAsIfItHadNeverBeenWritten(@ForAll long seed) {
    Profile first = sample(3000, seed);
    Profile second = sample(2500, seed + 1);
    assertThat(Profile.read(first.toBytes()).merge(Profile.read(second.toBytes())))
        .isEqualTo(first.merge(second));
  }

  @Test
  void refusesEveryTruncation() {
    byte[] bytes = sample(1500, 3).toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Profile.read(cut))
          .isInstanceOf(MlInfraException.class)
          .hasMessageStartingWith("not a usable profile: ")
          .extracting("code")
          .isEqualTo(ErrorCode.FILE_UNREADABLE);
    }
  }

  @Test
  void refusesEveryFlippedBit() {
    byte[] bytes = sample(30, 3).toBytes();
    for (int bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> Profile.read(bytes)).isInstanceOf(MlInfraException.class);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
    }
    assertThat(Profile.read(bytes)).isEqualTo(sample(30, 3));
  }

  @Property(tries = 1000)
  void survivesBytesMadeUpOnPurpose(@ForAll long seed) {
    Random random = new Random(seed);
    Profile original = random.nextInt(4) == 0 ? MANY_ROWS : FEW_ROWS;
    byte[] bytes = original.toBytes();
    for (int i = random.nextInt(4); i >= 0; i--) {
      // Most of what decides about lengths stands near the beginning.
      int at = 5 + random.nextInt(random.nextBoolean() ? 300 : bytes.length - 9);
      bytes[at] = (byte) (random.nextInt(3) == 0 ? random.nextInt(4) - 2 : random.nextInt());
    }
    seal(bytes);
    read(bytes).ifPresent(profile -> use(profile, original));
  }

  private static void seal(byte[] bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes, 0, bytes.length - 4);
    for (int i = 0; i < 4; i++) {
      bytes[bytes.length - 4 + i] = (byte) (sum.getValue() >>> 8 * i);
    }
  }

  private static Optional<Profile> read(byte[] bytes) {
    try {
      return Optional.of(Profile.read(bytes));
    } catch (MlInfraException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE);
      return Optional.empty();
    }
  }

  /** Everything that a caller might do with it ends, and gives something that can be read. */
  private static void use(Profile profile, Profile original) {
    assertThat(profile.toString()).isNotEmpty();
    assertThat(profile.toHtml()).isNotEmpty();
    assertThat(Profile.read(profile.merge(profile).toBytes()).rows()).isEqualTo(2 * profile.rows());
    if (profile.rows() > 0) {
      assertThat(DriftTest.defaults().compare(original, profile).toHtml()).isNotEmpty();
      assertThat(DriftTest.defaults().compare(profile, original).toHtml()).isNotEmpty();
    }
  }

  @Test
  void namesAVersionThatItCannotRead() {
    byte[] bytes = sample(3, 1).toBytes();
    bytes[4] = 2;
    seal(bytes);
    assertThatThrownBy(() -> Profile.read(bytes))
        .hasMessage("not a usable profile: it has version 2, and this library reads version 1");
  }

  @Test
  void refusesWhatIsNoProfile() {
    assertThatThrownBy(() -> Profile.read(new byte[40]))
        .hasMessage("not a usable profile: it does not begin with MLPF");
  }
}
