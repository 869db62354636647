package io.mlinfra.training;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.FittedPipeline;
import io.mlinfra.features.transform.Pipeline;
import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Run;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.Backends;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * Gradient descent on a {@link Network}: what the logistic and the MLP trainer have in common,
 * which is nearly all.
 */
record NetworkTraining(
    String name,
    List<Integer> hidden,
    int epochs,
    int batchRows,
    float learningRate,
    float l2,
    long seed,
    @Nullable Backend chosenBackend,
    Progress progress,
    @Nullable ActiveRun track) {

  /** The mean loss of each epoch, among metrics and as a curve. */
  static final String LOSS = "train.logLoss";

  /** The pipeline, among settings. */
  static final String PIPELINE = "pipeline";

  /**
   * The transforms work on several batches at a time, so that their cost per call does not show: so
   * many rows, or fewer where a row is wide.
   */
  private static final int CHUNK_ROWS = 8192;

  private static final int CHUNK_NUMBERS = 1 << 22;

  Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>();
    settings.put("trainer", name);
    if (!hidden.isEmpty()) {
      settings.put("hidden", hidden.toString());
    }
    settings.put("epochs", Integer.toString(epochs));
    settings.put("batchRows", Integer.toString(batchRows));
    settings.put("learningRate", Float.toString(learningRate));
    settings.put("l2", Float.toString(l2));
    settings.put("seed", Long.toString(seed));
    return settings;
  }

  Trained fit(TrainingSet data, Pipeline pipeline, String label) {
    if (pipeline.columns().contains(label)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE, "the pipeline reads '" + label + "', which is the label");
    }
    if (pipeline.columns().contains(Network.OUTPUT)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the pipeline reads '"
              + Network.OUTPUT
              + "', which is what the model calls its answer; rename the column");
    }
    Labels.requireBothClasses(label, Labels.read(data, label));
    Backend borrowed = chosenBackend;
    if (borrowed != null) {
      return fit(data, pipeline, label, borrowed);
    }
    try (Backend own = Backends.best()) {
      return fit(data, pipeline, label, own);
    }
  }

  private Trained fit(TrainingSet data, Pipeline pipeline, String label, Backend backend) {
    try {
      String[] columns = pipeline.columns().toArray(String[]::new);
      FittedPipeline fitted;
      try (ArrowReader reader = data.reader(columns)) {
        fitted = pipeline.fit(reader);
      }
      Network network = Network.of(fitted.width(), hidden);
      float[] parameters = network.initialParameters(new Random(seed));
      List<Double> losses = descend(data, fitted, label, network, parameters, backend);

      Map<String, String> settings = settings();
      settings.put("backend", backend.name());
      settings.put("backend.description", backend.description());
      settings.put("label", label);
      settings.put(PIPELINE, pipeline.toString());
      settings.put("rows", Integer.toString(data.rows()));
      Map<String, Double> metrics = Map.of(LOSS, losses.get(losses.size() - 1));
      Run run = new Run(settings, metrics, Run.environmentOfThisJvm(), data.madeFrom());
      return new Trained(
          fitted,
          network,
          parameters,
          label,
          network.model(name, fitted, parameters),
          run,
          losses,
          List.of());
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the training data failed: " + e.getMessage(), e);
    }
  }

  /** Changes {@code parameters} in place and returns the mean loss of each epoch. */
  private List<Double> descend(
      TrainingSet data,
      FittedPipeline pipeline,
      String label,
      Network network,
      float[] parameters,
      Backend backend)
      throws IOException {
    Set<String> columns = new LinkedHashSet<>();
    pipeline.inputs().forEach(input -> columns.add(input.name()));
    columns.add(label);
    String[] names = columns.toArray(String[]::new);
    int batch = Math.min(batchRows, data.rows());
    int chunk = batch * Math.max(1, Math.min(CHUNK_ROWS, CHUNK_NUMBERS / pipeline.width()) / batch);
    long steps = (long) epochs * ((data.rows() + batch - 1) / batch);
    List<Double> losses = new ArrayList<>();
    try (Descent descent = new Descent(network, backend, parameters, batch, data.rows() % batch);
        Progress.Task task =
            progress.start("training " + name, (long) epochs * data.rows(), "rows")) {
      float[] labels = new float[chunk];
      for (int epoch = 0; epoch < epochs; epoch++) {
        double loss = 0;
        // Epoch 0 and the first weights must not be drawn from the same numbers, hence + 1.
        try (ArrowReader reader = data.shuffled(seed + 1 + epoch, chunk, names)) {
          VectorSchemaRoot rows = reader.getVectorSchemaRoot();
          BufferAllocator allocator = rows.getVector(0).getAllocator();
          try (FloatBlock block = FloatBlock.allocate(allocator, chunk, pipeline.width())) {
            while (reader.loadNextBatch()) {
              pipeline.apply(rows, block);
              Labels.read(rows.getVector(label), labels, 0);
              for (int first = 0; first < rows.getRowCount(); first += batch) {
                int count = Math.min(batch, rows.getRowCount() - first);
                float rate = learningRate * (1 - (float) descent.steps() / steps);
                loss += descent.step(block, labels, first, count, rate, l2);
                task.advance(count);
              }
            }
          }
        }
        double mean = loss / data.rows();
        if (!Double.isFinite(mean)) {
          throw diverged("in epoch " + (epoch + 1));
        }
        losses.add(mean);
        if (track != null) {
          track.metric(LOSS, epoch + 1, mean);
        }
      }
      descent.download(parameters);
    }
    for (float parameter : parameters) {
      if (!Float.isFinite(parameter)) {
        throw diverged("in its last step");
      }
    }
    return losses;
  }

  private MlInfraException diverged(String when) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "training "
            + name
            + " diverged "
            + when
            + "; a learningRate below "
            + learningRate
            + (l2 > 0 ? " or an l2 below " + l2 : "")
            + " may help");
  }
}
