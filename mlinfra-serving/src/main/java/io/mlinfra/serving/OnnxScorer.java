package io.mlinfra.serving;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ArrowMemory;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/** A scorer by ONNX Runtime. */
final class OnnxScorer implements Scorer {
  private final OnnxSession session;
  private final List<String> outputs;
  private final Optional<VersionId> version;
  private final Gate gate;
  private final Pool<RowContext> rows;
  private final Pool<BatchContext> batches;

  private OnnxScorer(OnnxSession session, Optional<VersionId> version, String what) {
    this.session = session;
    this.outputs = session.signature().outputs().stream().map(Column::name).toList();
    this.version = version;
    this.gate = new Gate(what);
    this.rows = new Pool<>(() -> new RowContext(session));
    this.batches = new Pool<>(() -> new BatchContext(session));
  }

  static OnnxScorer open(Model model, ScorerOptions options, Optional<VersionId> version) {
    String what = "the scorer of " + version.map(VersionId::toString).orElse(model.toString());
    return new OnnxScorer(OnnxSession.open(model, options), version, what);
  }

  @Override
  public Signature signature() {
    return session.signature();
  }

  @Override
  public Prediction predict(Map<String, ?> row) {
    Gate.Pass pass = gate.enter();
    try {
      return predictInside(row);
    } finally {
      pass.close();
    }
  }

  @Override
  public void score(VectorSchemaRoot batch, String output, FloatBuffer into) {
    Gate.Pass pass = gate.enter();
    try {
      scoreInside(batch, output, into);
    } finally {
      pass.close();
    }
  }

  @Override
  public float[] score(ArrowReader reader, String output) {
    int index = requireFloat32(output);
    ArrowMemory.requireAccess();
    Gate.Pass pass = gate.enter();
    try {
      float[] answers = {};
      int used = 0;
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        int needed = used + batch.getRowCount();
        if (needed < 0) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "the reader has more rows than an array can hold; score it batch by batch");
        }
        if (needed > answers.length) {
          // Half as much again, so that many small batches are not copied over and over.
          long roomy = Math.max(needed, Math.min(Integer.MAX_VALUE - 8L, needed + needed / 2L));
          answers = Arrays.copyOf(answers, (int) roomy);
        }
        score(batch, index, FloatBuffer.wrap(answers, used, batch.getRowCount()), used);
        used = needed;
      }
      return answers.length == used ? answers : Arrays.copyOf(answers, used);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "the reader to score failed: " + e.getMessage(), e);
    } finally {
      pass.close();
    }
  }

  /** A pass to close when done, or null if the scorer is closed. */
  Gate.@Nullable Pass tryEnter() {
    return gate.tryEnter();
  }

  boolean isClosed() {
    return gate.isClosed();
  }

  /** Answers for a row; the caller has entered. */
  Prediction predictInside(Map<String, ?> row) {
    RowContext context = rows.take();
    try {
      return new Prediction(new OutputValues(outputs, context.predict(row)), version);
    } finally {
      rows.giveBack(context);
    }
  }

  /** Answers for a batch; the caller has entered. */
  void scoreInside(VectorSchemaRoot batch, String output, FloatBuffer into) {
    int index = requireFloat32(output);
    int count = batch.getRowCount();
    if (into.isReadOnly()) {
      throw new IllegalArgumentException("the buffer to score into is read-only");
    }
    if (into.remaining() < count) {
      throw new IllegalArgumentException(
          "the buffer to score into has room for "
              + into.remaining()
              + " answers, and the batch has "
              + count
              + " rows");
    }
    ArrowMemory.requireAccess();
    score(batch, index, into, 0);
    into.position(into.position() + count);
  }

  private void score(VectorSchemaRoot batch, int output, FloatBuffer into, long firstRow) {
    BatchContext context = batches.take();
    try {
      context.score(batch, output, into, firstRow);
    } finally {
      batches.giveBack(context);
    }
  }

  private int requireFloat32(String output) {
    int index = outputs.indexOf(output);
    if (index < 0) {
      throw new IllegalArgumentException(
          "the model has no output '"
              + output
              + "'; its outputs are "
              + String.join(", ", outputs));
    }
    ColumnType type = session.signature().outputs().get(index).type();
    if (type != ColumnType.FLOAT32) {
      throw new IllegalArgumentException(
          "the output '" + output + "' is " + Values.label(type) + ", and only float32 is scored");
    }
    return index;
  }

  @Override
  public void close() {
    if (gate.close()) {
      rows.close();
      batches.close();
      session.close();
    }
  }

  @Override
  public String toString() {
    return "Scorer" + session.signature();
  }
}
