package io.mlinfra.serving;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.function.Supplier;

/** Keeps the case apart in which ONNX Runtime is not there; mentions none of its types itself. */
final class NativeRuntime {
  private NativeRuntime() {}

  static OnnxScorer load(Supplier<OnnxScorer> loading) {
    try {
      return loading.get();
    } catch (LinkageError e) {
      // No jar, no native library for this platform in it, or one that the system cannot load.
      throw new MlInfraException(
          ErrorCode.ARTIFACT_MISSING,
          "ONNX Runtime cannot be loaded on "
              + System.getProperty("os.name")
              + " "
              + System.getProperty("os.arch")
              + ": the artifact com.microsoft.onnxruntime:onnxruntime must be on the class path and"
              + " hold a native library for this platform ("
              + e
              + ")",
          e);
    }
  }
}
