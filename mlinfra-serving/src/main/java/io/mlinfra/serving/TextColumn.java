package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.mlinfra.core.data.Column;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.vector.VarCharVector;

/** A column of texts. */
final class TextColumn implements BatchColumn {
  private static final byte[] MISSING = {};
  private static final char REPLACEMENT = '\uFFFD';

  private final OnnxSession session;
  private final Column column;
  private final VarCharVector vector;
  private final BatchContext.Place place;

  TextColumn(OnnxSession session, Column column, VarCharVector vector, BatchContext.Place place) {
    BatchColumns.requireNoNulls(column, vector, place);
    this.session = session;
    this.column = column;
    this.vector = vector;
    this.place = place;
  }

  @Override
  public OnnxTensor tensor(int from, int count) throws OrtException {
    // Every element is set below: a null among them would crash the JVM.
    String[] texts = new String[count];
    for (int i = 0; i < count; i++) {
      texts[i] = text(from + i);
    }
    return OnnxTensor.createTensor(session.environment(), texts, new long[] {count, 1});
  }

  private String text(int row) {
    byte[] bytes = vector.isNull(row) ? MISSING : vector.get(row);
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (text.indexOf(REPLACEMENT) >= 0 && !isUtf8(bytes)) {
      throw place.unsuitable(column, row, "is not UTF-8");
    }
    String encoded = session.encode(text);
    if (encoded == null) {
      throw place.unsuitable(
          column,
          row,
          "is '"
              + Values.show(text)
              + "', which ONNX Runtime's Java binding cannot pass to a model that looks inside"
              + " texts");
    }
    return encoded;
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
