package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Tensors of one text each, the recently used ones kept: categories come again and again, and to
 * make such a tensor costs more than a small model's run. Not thread-safe.
 */
final class TextTensors implements AutoCloseable {
  private static final int KEPT = 512;
  private static final int LONGEST_KEPT = 128;
  private static final long[] ONE = {1, 1};

  private final OnnxSession session;
  private final LinkedHashMap<String, OnnxTensor> kept = new LinkedHashMap<>(16, 0.75f, true);
  private final List<OnnxTensor> passing = new ArrayList<>();

  TextTensors(OnnxSession session) {
    this.session = session;
  }

  /** The tensor of an encoded text, valid until {@link #endRow()}. */
  OnnxTensor get(String text) throws OrtException {
    OnnxTensor tensor = kept.get(text);
    if (tensor == null) {
      tensor = OnnxTensor.createTensor(session.environment(), new String[] {text}, ONE);
      if (text.length() <= LONGEST_KEPT) {
        kept.put(text, tensor);
      } else {
        passing.add(tensor);
      }
    }
    return tensor;
  }

  /** Frees what is not kept. Only here, so that no tensor goes while its row needs it. */
  void endRow() {
    if (!passing.isEmpty()) {
      passing.forEach(OnnxTensor::close);
      passing.clear();
    }
    if (kept.size() > KEPT) {
      Iterator<OnnxTensor> eldest = kept.values().iterator();
      while (kept.size() > KEPT) {
        eldest.next().close();
        eldest.remove();
      }
    }
  }

  @Override
  public void close() {
    endRow();
    kept.values().forEach(OnnxTensor::close);
    kept.clear();
  }
}
