package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;

/** One input of a batch: an Arrow column, seen as the tensors that the model takes. */
interface BatchColumn {
  /** The tensor of some rows, for the caller to close; valid until the next call. */
  OnnxTensor tensor(int from, int count) throws OrtException;
}
