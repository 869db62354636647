package io.mlinfra.training;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.model.Model;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.transform.FittedPipeline;
import io.mlinfra.registry.Candidate;
import io.mlinfra.registry.EvaluationReport;
import io.mlinfra.registry.Run;
import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.JavaBackend;
import io.mlinfra.training.backend.Tensor;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * What a trainer gives: a model, the run that made it, and scores. Immutable and thread-safe.
 *
 * <p>Scores are computed in plain Java in the order of operations in which ONNX Runtime computes,
 * whichever backend trained: what is evaluated is what will be served.
 */
public final class Trained implements Candidate {
  /** Few enough that a block of wide rows stays small. */
  private static final int SCORE_ROWS = 1024;

  private final FittedPipeline pipeline;
  private final Network network;
  private final float[] parameters;
  private final String label;
  private final Model model;
  private final Run run;
  private final List<Double> losses;
  private final List<Map<String, Object>> inputExample;

  Trained(
      FittedPipeline pipeline,
      Network network,
      float[] parameters,
      String label,
      Model model,
      Run run,
      List<Double> losses,
      List<Map<String, Object>> inputExample) {
    this.pipeline = pipeline;
    this.network = network;
    this.parameters = parameters;
    this.label = label;
    this.model = model;
    this.run = run;
    this.losses = List.copyOf(losses);
    this.inputExample = inputExample;
  }

  /** Raw columns in, {@code probability} out. */
  @Override
  public Model model() {
    return model;
  }

  /** Settings, metrics and environment of this training. */
  @Override
  public Run run() {
    return run;
  }

  /** {@link #losses()}, as {@code train.logLoss}. */
  @Override
  public Map<String, List<Double>> curves() {
    return Map.of(NetworkTraining.LOSS, losses);
  }

  /** The transforms in front of the model, as the pipeline names them. */
  @Override
  public Optional<String> pipeline() {
    return Optional.ofNullable(run.settings().get(NetworkTraining.PIPELINE));
  }

  /**
   * The mean logistic loss over the training rows in each epoch, while the weights were still
   * moving.
   */
  public List<Double> losses() {
    return losses;
  }

  /**
   * The same, with the numbers of an evaluation among the metrics of its run, such as {@code
   * test.auc}.
   */
  public Trained with(String name, Evaluation evaluation) {
    Map<String, Double> metrics = new HashMap<>(run.metrics());
    evaluation.metrics().forEach((metric, value) -> metrics.put(name + "." + metric, value));
    Run richer = new Run(run.settings(), metrics, run.environment(), run.inputs());
    return new Trained(pipeline, network, parameters, label, model, richer, losses, inputExample);
  }

  /** What {@link #withExample} took; none otherwise. */
  @Override
  public List<Map<String, Object>> inputExample() {
    return inputExample;
  }

  /**
   * The same, with the first rows of some data, at most three, for those who will call the model.
   * The registry keeps them beside it, and they go wherever it goes: where rows are personal, give
   * ones that are made up.
   *
   * @param data with the model's input columns; borrowed
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if one of them is not there
   */
  public Trained withExample(TrainingSet data) {
    try {
      return new Trained(
          pipeline,
          network,
          parameters,
          label,
          model,
          run,
          losses,
          InputExample.of(data, model.signature()));
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the rows of the example failed: " + e.getMessage(), e);
    }
  }

  /**
   * The probability of each row.
   *
   * @param data with the model's input columns; borrowed
   */
  public float[] score(TrainingSet data) {
    float[] scores = new float[data.rows()];
    String[] columns = pipeline.inputs().stream().map(input -> input.name()).toArray(String[]::new);
    try (Backend backend = JavaBackend.open();
        Tensor weights = backend.allocate(1, parameters.length);
        ArrowReader reader = data.reader(columns)) {
      backend.upload(parameters, weights);
      Network.Layers layers = new Network.Layers(network, backend, weights);
      int at = 0;
      while (reader.loadNextBatch()) {
        at = score(reader.getVectorSchemaRoot(), backend, layers, scores, at);
      }
      return scores;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the rows to score failed: " + e.getMessage(), e);
    }
  }

  private int score(
      VectorSchemaRoot rows, Backend backend, Network.Layers layers, float[] into, int from) {
    BufferAllocator allocator = rows.getVector(0).getAllocator();
    int count = rows.getRowCount();
    int most = Math.min(SCORE_ROWS, count);
    try (FloatBlock block = FloatBlock.allocate(allocator, most, pipeline.width())) {
      for (int first = 0; first < count; first += SCORE_ROWS) {
        float[] scores = new float[Math.min(SCORE_ROWS, count - first)];
        try (VectorSchemaRoot slice = rows.slice(first, scores.length);
            Network.Pass pass = new Network.Pass(network, backend, scores.length)) {
          pipeline.apply(slice, block);
          pass.forward(block, 0, layers);
          backend.download(pass.output(), scores);
        }
        System.arraycopy(scores, 0, into, from + first, scores.length);
      }
    }
    return from + count;
  }

  /**
   * How well the model does on rows whose label is known.
   *
   * @param data with the label and the model's input columns; borrowed
   * @throws MlInfraException if the label is not binary or has one value only
   */
  public Evaluation evaluate(TrainingSet data) {
    float[] labels = Labels.read(data, label);
    Labels.requireBothClasses(label, labels);
    return Evaluation.binary(score(data), labels);
  }

  /**
   * The same as a report for the registry, with what it takes to compare the model with another one
   * on the same rows; {@link Evaluation#report} says what is in it.
   *
   * <pre>{@code
   * Version version = registry.register("flight-delay", trained);
   * registry.register(version, trained.report(test));
   * registry.promote("flight-delay", "champion", version, "the weekly training");
   * }</pre>
   *
   * @param data with the label and the model's input columns; borrowed
   * @throws MlInfraException if the label is not binary or has one value only
   */
  public EvaluationReport report(TrainingSet data) {
    return Evaluation.report(data, label, score(data));
  }

  @Override
  public String toString() {
    return "Trained["
        + run.settings().get("trainer")
        + " on "
        + run.settings().get("rows")
        + " rows, "
        + model
        + "]";
  }
}
