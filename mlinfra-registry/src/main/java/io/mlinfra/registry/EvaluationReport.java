package io.mlinfra.registry;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a model did on some rows. Immutable and thread-safe.
 *
 * <p>A metric may come with its samples: one number for each row, whose mean is the metric. With
 * them two models that were evaluated on the same rows in the same order can be compared row by
 * row, which a {@link PromotionPolicy} does. For log loss, the Brier score, accuracy, squared and
 * absolute errors a row's sample is its own loss; for the AUC it is what the row adds to it.
 *
 * <pre>{@code
 * EvaluationReport report =
 *     EvaluationReport.builder(hashOfTheRows, errors.length)
 *         .lowerIsBetter("squaredError", mean, errors)
 *         .constraint("size", bytes <= 1_000_000, bytes + " bytes <= 1000000")
 *         .build();
 * registry.register(modelVersion, report);
 * }</pre>
 */
public final class EvaluationReport {
  /** Rounding, and no more, may lie between a metric and the mean of its samples. */
  private static final double ROUNDING = 1e-9;

  private final ContentHash rows;
  private final int rowCount;
  private final List<VersionId> data;
  private final Map<String, Metric> metrics;
  private final Map<String, double[]> samples;
  private final Map<String, Constraint> constraints;

  private EvaluationReport(Builder builder) {
    this.rows = builder.rows;
    this.rowCount = builder.rowCount;
    this.data = builder.data;
    this.metrics = Collections.unmodifiableMap(new TreeMap<>(builder.metrics));
    this.samples = new TreeMap<>(builder.samples);
    this.constraints = Collections.unmodifiableMap(new TreeMap<>(builder.constraints));
  }

  /** Which way a metric is to go. */
  public enum Better {
    /** More is better, as of accuracy. */
    HIGHER,
    /** Less is better, as of log loss. */
    LOWER,
    /** It only describes, as the number of rows does. */
    NEITHER;

    /** The name in lower case, as it stands in files. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One metric.
   *
   * @param value may be NaN or infinite, and then meets no policy
   * @param better which way it is to go
   * @param degreesOfFreedom on which the variance of its samples rests; 0 where it has no samples
   */
  public record Metric(double value, Better better, int degreesOfFreedom) {
    public Metric {
      Objects.requireNonNull(better, "better");
    }
  }

  /**
   * Something that the model had to meet.
   *
   * @param passed whether it did
   * @param text the numbers, for people
   */
  public record Constraint(boolean passed, String text) {
    public Constraint {
      Texts.requireUnicode("constraint", text);
    }
  }

  /**
   * Starts a report.
   *
   * @param rows the same for two reports if, and only if, they are over the same rows in the same
   *     order: a hash of what tells the rows apart
   * @param rowCount how many rows
   */
  public static Builder builder(ContentHash rows, int rowCount) {
    return new Builder(rows, rowCount);
  }

  /** A builder that holds all of this report, to add to it. */
  public Builder toBuilder() {
    Builder builder = new Builder(rows, rowCount);
    builder.data = data;
    builder.metrics.putAll(metrics);
    builder.samples.putAll(samples);
    builder.constraints.putAll(constraints);
    return builder;
  }

  /** A name that stands in one line of a table; {@code ndcg@10} is one. */
  static String requireName(String what, String name) {
    Texts.requireUnicode(what, name);
    if (name.isBlank() || name.length() > 128 || name.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          what
              + " ('"
              + Texts.abbreviated(name)
              + "') must be 1 to 128 characters, none of them a control character");
    }
    return name;
  }

  /** What the rows are known by. */
  public ContentHash rows() {
    return rows;
  }

  public int rowCount() {
    return rowCount;
  }

  /** The versions that the rows came from, where they are known. */
  public List<VersionId> data() {
    return data;
  }

  /** The metrics by name, sorted. */
  public Map<String, Metric> metrics() {
    return metrics;
  }

  /** The samples of a metric, one for each row; empty if it has none. A copy. */
  public Optional<double[]> samples(String metric) {
    return Optional.ofNullable(samples.get(metric)).map(double[]::clone);
  }

  /** As {@link #samples}, without a copy. */
  double @Nullable [] samplesOf(String metric) {
    return samples.get(metric);
  }

  /** The constraints by name, sorted. */
  public Map<String, Constraint> constraints() {
    return constraints;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EvaluationReport that
        && rows.equals(that.rows)
        && rowCount == that.rowCount
        && data.equals(that.data)
        && metrics.equals(that.metrics)
        && constraints.equals(that.constraints)
        && samples.keySet().equals(that.samples.keySet())
        && samples.keySet().stream()
            .allMatch(name -> Arrays.equals(samples.get(name), that.samples.get(name)));
  }

  @Override
  public int hashCode() {
    return Objects.hash(rows, rowCount, data, metrics, constraints);
  }

  /** A table, one metric and one constraint a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, "%,d rows (%s)", rowCount, rows.abbreviated()));
    if (!data.isEmpty()) {
      text.append(" of ").append(data);
    }
    metrics.forEach(
        (name, metric) ->
            text.append(
                String.format(
                    Locale.ROOT, "\n  %-16s %s", name, PromotionCheck.show(metric.value()))));
    constraints.forEach(
        (name, constraint) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "\n  %-16s %s  %s",
                    name,
                    constraint.passed() ? "passed" : "FAILED",
                    PromotionCheck.oneLine(constraint.text()))));
    return text.toString();
  }

  /** Collects a report. Not thread-safe. */
  public static final class Builder {
    private final ContentHash rows;
    private final int rowCount;
    private List<VersionId> data = List.of();
    private final Map<String, Metric> metrics = new TreeMap<>();
    private final Map<String, double[]> samples = new TreeMap<>();
    private final Map<String, Constraint> constraints = new TreeMap<>();

    private Builder(ContentHash rows, int rowCount) {
      this.rows = Objects.requireNonNull(rows, "rows");
      if (rowCount < 1) {
        throw new IllegalArgumentException("rowCount (" + rowCount + ") must be > 0");
      }
      this.rowCount = rowCount;
    }

    /** The versions that the rows came from, of the registry that the report is for. */
    public Builder data(List<VersionId> versions) {
      this.data = List.copyOf(versions);
      return this;
    }

    /** A number that only describes. */
    public Builder metric(String name, double value) {
      return put(name, new Metric(value, Better.NEITHER, 0), null);
    }

    /** A metric of which more is better. */
    public Builder higherIsBetter(String name, double value) {
      return put(name, new Metric(value, Better.HIGHER, 0), null);
    }

    /**
     * A metric of which more is better, with its samples.
     *
     * @param samples one for each row; copied
     * @throws IllegalArgumentException if their mean is not the value, but for rounding
     */
    public Builder higherIsBetter(String name, double value, double[] samples) {
      return higherIsBetter(name, value, samples, rowCount - 1);
    }

    /**
     * As {@link #higherIsBetter(String, double, double[])}, where few of the rows decide.
     *
     * @param degreesOfFreedom on which the samples' variance rests: for the AUC, one less than the
     *     rows of the rarer class; at most {@code rowCount - 1}
     */
    public Builder higherIsBetter(
        String name, double value, double[] samples, int degreesOfFreedom) {
      return put(name, new Metric(value, Better.HIGHER, degreesOfFreedom), samples.clone());
    }

    /** A metric of which less is better. */
    public Builder lowerIsBetter(String name, double value) {
      return put(name, new Metric(value, Better.LOWER, 0), null);
    }

    /** As {@link #higherIsBetter(String, double, double[])}, where less is better. */
    public Builder lowerIsBetter(String name, double value, double[] samples) {
      return lowerIsBetter(name, value, samples, rowCount - 1);
    }

    /** As {@link #higherIsBetter(String, double, double[], int)}, where less is better. */
    public Builder lowerIsBetter(
        String name, double value, double[] samples, int degreesOfFreedom) {
      return put(name, new Metric(value, Better.LOWER, degreesOfFreedom), samples.clone());
    }

    Builder put(String name, Metric metric, double @Nullable [] values) {
      requireName("metric name", name);
      samples.remove(name);
      if (values != null) {
        requireSamples(name, metric, values);
        samples.put(name, values);
      }
      metrics.put(name, metric);
      return this;
    }

    private void requireSamples(String name, Metric metric, double[] values) {
      if (values.length != rowCount) {
        throw new IllegalArgumentException(
            "samples of '"
                + name
                + "' ("
                + values.length
                + ") must be as many as the rows ("
                + rowCount
                + ")");
      }
      int degrees = metric.degreesOfFreedom();
      if (degrees < 0 || degrees > rowCount - 1) {
        throw new IllegalArgumentException(
            "degreesOfFreedom of '"
                + name
                + "' ("
                + degrees
                + ") must be from 0 to "
                + (rowCount - 1));
      }
      double mean = 0;
      for (double value : values) {
        mean += value;
      }
      mean /= rowCount;
      double value = metric.value();
      boolean isMean =
          Double.compare(mean, value) == 0
              || Math.abs(mean - value) <= ROUNDING * Math.max(1, Math.abs(value));
      if (!isMean) {
        throw new IllegalArgumentException(
            "value of '" + name + "' (" + value + ") must be the mean of its samples, " + mean);
      }
    }

    /**
     * Something that the model had to meet.
     *
     * @param name such as {@code fairness}
     * @param text the numbers, such as {@code equal opportunity gap 0.03 <= 0.05}
     */
    public Builder constraint(String name, boolean passed, String text) {
      requireName("constraint name", name);
      constraints.put(name, new Constraint(passed, text));
      return this;
    }

    public EvaluationReport build() {
      return new EvaluationReport(this);
    }
  }
}
