package io.mlinfra.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model inside ONNX Runtime. Whoever uses it sees to it that nobody closes it, or a tensor passed
 * to it, during a run: that would crash the JVM.
 */
final class OnnxSession implements AutoCloseable {
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final Signature signature;
  private final String label;
  private final boolean anyText;
  private final List<String> inputNames;
  private final List<String> outputNames;

  private OnnxSession(
      OrtEnvironment environment,
      OrtSession session,
      Signature signature,
      String label,
      boolean anyText) {
    this.environment = environment;
    this.session = session;
    this.signature = signature;
    this.label = label;
    this.anyText = anyText;
    this.inputNames = encodedNames(signature.inputs());
    this.outputNames = encodedNames(signature.outputs());
  }

  static OnnxSession open(Model model, ScorerOptions options) {
    String label = "the model " + model.hash().abbreviated();
    if (model.signature().inputs().isEmpty()) {
      throw new MlInfraException(ErrorCode.MODEL_REJECTED, label + " has no input");
    }
    PortableGraph graph = PortableGraph.of(model);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions settings = new OrtSession.SessionOptions()) {
      settings.setIntraOpNumThreads(options.threads());
      // Threads that spin between calls would take the host's processors while nobody asks.
      settings.addConfigEntry("session.intra_op.allow_spinning", "0");
      // The runtime keeps one pattern per batch size it has seen, for ever.
      settings.setMemoryPatternOptimization(false);
      // What goes wrong is thrown; the runtime would write it to stderr as well.
      settings.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      OrtSession session = environment.createSession(graph.onnx(), settings);
      return new OnnxSession(environment, session, model.signature(), label, graph.anyText());
    } catch (OrtException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED, "ONNX Runtime rejects " + label + ": " + e.getMessage(), e);
    }
  }

  OrtEnvironment environment() {
    return environment;
  }

  Signature signature() {
    return signature;
  }

  /** The inputs' names as the runtime knows them, in the signature's order. */
  List<String> inputNames() {
    return inputNames;
  }

  /** As {@link #inputNames()}. */
  List<String> outputNames() {
    return outputNames;
  }

  /** A text in the form the runtime is given it, or null if the model cannot be given this one. */
  @Nullable String encode(String text) {
    if (Texts.isPlain(text)) {
      return text;
    }
    return anyText ? Texts.encode(text) : null;
  }

  OrtSession.Result run(
      Map<String, OnnxTensor> inputs, Set<String> requested, Map<String, OnnxTensor> pinned) {
    try {
      return session.run(inputs, requested, pinned);
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  MlInfraException failed(OrtException e) {
    return new MlInfraException(
        ErrorCode.MODEL_REJECTED, "ONNX Runtime cannot run " + label + ": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new MlInfraException(ErrorCode.INTERNAL, "closing " + label + " failed", e);
    }
  }

  private static List<String> encodedNames(List<Column> columns) {
    return columns.stream().map(column -> Texts.encode(column.name())).toList();
  }
}
