package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class OnnxRoundTripTest {
  @Provide
  Arbitrary<OnnxFile> files() {
    return OnnxFiles.any();
  }

  @Property(tries = 500)
  void whatIsWrittenIsReadBackToTheBit(@ForAll("files") OnnxFile file) {
    byte[] bytes = file.write();
    OnnxFile read = OnnxFile.read(bytes);
    assertThat(read).isEqualTo(file);
    // Equality takes every NaN for the same; the bytes tell them apart.
    assertThat(read.write()).isEqualTo(bytes);
  }

  @Property(tries = 200)
  void aTruncatedFileIsAValueOrAClearError(@ForAll("files") OnnxFile file, @ForAll Random random) {
    byte[] bytes = file.write();
    readOrReject(Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)));
  }

  @Property(tries = 500)
  void aFileOfFlippedBytesIsAValueOrAClearError(
      @ForAll("files") OnnxFile file, @ForAll Random random) {
    byte[] bytes = file.write();
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
    }
    readOrReject(bytes);
  }

  @Property(tries = 500)
  void bytesOfAnyKindAreAValueOrAClearError(@ForAll byte[] bytes) {
    readOrReject(bytes);
  }

  /** Anything but a value or the promised exception, errors of the JVM included, fails the test. */
  static void readOrReject(byte[] bytes) {
    OnnxFile file;
    try {
      file = OnnxFile.read(bytes);
    } catch (MlInfraException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
      assertThat(e.getMessage()).startsWith("not a usable ONNX file: ").hasSizeLessThan(1000);
      return;
    }
    // What was accepted can be written, and read again as the same.
    assertThat(OnnxFile.read(file.write())).isEqualTo(file);
  }
}
