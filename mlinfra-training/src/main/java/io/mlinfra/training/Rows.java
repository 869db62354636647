package io.mlinfra.training;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.features.offline.TrainingSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.arrow.memory.util.ArrowBufPointer;
import org.apache.arrow.vector.ElementAddressableVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;

/** Tells whether two evaluations are over the same rows in the same order. */
final class Rows {
  private Rows() {}

  /**
   * The SHA-256 over the number of rows, their labels and their times. The features are left out:
   * models that read different columns are compared too.
   */
  static ContentHash fingerprint(TrainingSet data, float[] labels) {
    MessageDigest digest = newDigest();
    digest.update(
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(labels.length).flip());
    byte[] bits = new byte[labels.length];
    for (int row = 0; row < bits.length; row++) {
      bits[row] = (byte) labels[row];
    }
    digest.update(bits);
    try (ArrowReader reader = data.reader(timeColumn(data))) {
      while (reader.loadNextBatch()) {
        update(digest, reader.getVectorSchemaRoot().getVector(0));
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the rows' times failed: " + e.getMessage(), e);
    }
    return new ContentHash(HexFormat.of().formatHex(digest.digest()));
  }

  /** The query may have named it in another case. */
  private static String timeColumn(TrainingSet data) {
    return data.schema().getFields().stream()
        .map(Field::getName)
        .filter(name -> name.equalsIgnoreCase(data.timeColumn()))
        .findFirst()
        .orElse(data.timeColumn());
  }

  /** Each value's length and bytes; a row of a training set always has a time. */
  private static void update(MessageDigest digest, FieldVector times) {
    if (!(times instanceof ElementAddressableVector values)) {
      throw new MlInfraException(
          ErrorCode.INTERNAL, "times cannot be of type " + times.getField().getType());
    }
    ArrowBufPointer pointer = new ArrowBufPointer();
    byte[] bytes = new byte[8];
    for (int row = 0; row < times.getValueCount(); row++) {
      values.getDataPointer(row, pointer);
      int length = (int) pointer.getLength();
      if (length > bytes.length) {
        bytes = new byte[length];
      }
      if (pointer.getBuf() != null) {
        pointer.getBuf().getBytes(pointer.getOffset(), bytes, 0, length);
      }
      digest.update((byte) length);
      digest.update(bytes, 0, length);
    }
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
