package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.EvaluationReport.Better;
import io.mlinfra.registry.EvaluationReport.Constraint;
import io.mlinfra.registry.EvaluationReport.Metric;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A report's bytes: JSON with sorted keys, which is the version's content, and the samples, which
 * are attached to it: the numbers of the first metric by name, then those of the next, little
 * endian, as floats where every number of the metric is one and as doubles elsewhere. The JSON has
 * the model's version and the samples' hash, so that its own hash stands for all of it.
 */
final class EvaluationFormat {
  static final String ATTACHMENT = "samples.bin";

  /** Part of the hashed content, so that it grows only when the content's meaning changes. */
  private static final int SCHEMA = 1;

  private static final String FLOATS = "float32";
  private static final String DOUBLES = "float64";

  private EvaluationFormat() {}

  /** What is written of a metric beside its numbers; how it has samples, if it has. */
  private record Written(Metric metric, @Nullable String samples) {}

  /** A report's content: all but the samples. */
  static final class Head {
    private final Fields fields;
    private final VersionId model;
    private final ContentHash rows;
    private final int rowCount;
    private final Map<String, Written> metrics = new TreeMap<>();

    private Head(String source, byte[] json) {
      this.fields = Fields.parse(source, json);
      if (fields.schema() != SCHEMA) {
        throw fields.unreadable("it has schema " + fields.schema() + ": a newer release wrote it");
      }
      this.model = fields.object("model").versionId();
      Fields rows = fields.object("rows");
      this.rows = rows.hash("hash");
      this.rowCount = rows.integer("count");
      Fields members = fields.object("metrics");
      for (String name : members.names()) {
        metrics.put(name, written(members, name));
      }
    }

    private static Written written(Fields members, String name) {
      Fields metric = members.object(name);
      String samples = metric.has("samples") ? metric.text("samples") : null;
      if (samples != null && !samples.equals(FLOATS) && !samples.equals(DOUBLES)) {
        throw metric.unreadable("'" + samples + "' is no type of samples");
      }
      int degrees = samples == null ? 0 : metric.integer("degrees");
      return new Written(new Metric(metric.number("value"), better(metric), degrees), samples);
    }

    private static Better better(Fields metric) {
      String label = metric.text("better");
      for (Better better : Better.values()) {
        if (better.label().equals(label)) {
          return better;
        }
      }
      throw metric.unreadable("a metric cannot be better '" + label + "'");
    }

    /** The model that it is about. */
    VersionId model() {
      return model;
    }

    ContentHash rows() {
      return rows;
    }

    int rowCount() {
      return rowCount;
    }

    boolean hasSamples() {
      return fields.has("samples");
    }

    /** The hash of the samples; there are some. */
    ContentHash samples() {
      return fields.hash("samples");
    }

    /**
     * The whole report.
     *
     * @param samples asked for the attachment where there is one
     */
    EvaluationReport report(Supplier<byte[]> samples) {
      byte[] bytes = hasSamples() ? samples.get() : new byte[0];
      long expected = 0;
      for (Written written : metrics.values()) {
        expected += written.samples == null ? 0 : (long) rowCount * width(written.samples);
      }
      if (bytes.length != expected) {
        throw fields.unreadable(
            "its samples have " + bytes.length + " bytes and should have " + expected);
      }
      ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      try {
        EvaluationReport.Builder builder = EvaluationReport.builder(rows, rowCount);
        metrics.forEach(
            (name, written) -> builder.put(name, written.metric, read(written.samples, in)));
        Fields constraints = fields.object("constraints");
        for (String name : constraints.names()) {
          Fields constraint = constraints.object(name);
          builder.constraint(name, constraint.truth("passed"), constraint.text("text"));
        }
        List<VersionId> data = fields.objects("data").stream().map(Fields::versionId).toList();
        return builder.data(data).build();
      } catch (IllegalArgumentException e) {
        throw fields.unreadable(String.valueOf(e.getMessage()));
      }
    }

    private double @Nullable [] read(@Nullable String type, ByteBuffer in) {
      if (type == null) {
        return null;
      }
      double[] values = new double[rowCount];
      boolean floats = type.equals(FLOATS);
      for (int row = 0; row < rowCount; row++) {
        values[row] = floats ? in.getFloat() : in.getDouble();
      }
      return values;
    }
  }

  /**
   * Reads the content.
   *
   * @param source what it is, for error messages
   */
  static Head head(String source, byte[] json) {
    return new Head(source, json);
  }

  static byte[] json(VersionId model, EvaluationReport report, byte[] samples) {
    ObjectNode json = Json.object();
    ObjectNode constraints = json.putObject("constraints");
    report
        .constraints()
        .forEach((name, constraint) -> put(constraints.putObject(name), constraint));
    ArrayNode data = json.putArray("data");
    report.data().forEach(id -> Json.put(data.addObject(), id));
    ObjectNode metrics = json.putObject("metrics");
    report
        .metrics()
        .forEach((name, metric) -> put(metrics.putObject(name), metric, report.samplesOf(name)));
    Json.put(json.putObject("model"), model);
    json.putObject("rows").put("count", report.rowCount()).put("hash", report.rows().hex());
    if (samples.length > 0) {
      json.put("samples", ContentHash.of(samples).hex());
    }
    json.put("schema", SCHEMA);
    return Json.compact(json);
  }

  private static void put(ObjectNode json, Constraint constraint) {
    json.put("passed", constraint.passed());
    json.put("text", constraint.text());
  }

  private static void put(ObjectNode json, Metric metric, double @Nullable [] samples) {
    json.put("better", metric.better().label());
    if (samples != null) {
      json.put("degrees", metric.degreesOfFreedom());
      json.put("samples", type(samples));
    }
    json.put("value", metric.value());
  }

  static byte[] samples(EvaluationReport report) {
    List<double[]> all = new ArrayList<>();
    long size = 0;
    for (String name : report.metrics().keySet()) {
      double[] values = report.samplesOf(name);
      if (values != null) {
        all.add(values);
        size += (long) values.length * width(type(values));
      }
    }
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "the report's samples (" + size + " bytes) must be < 2 GiB");
    }
    ByteBuffer out = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    for (double[] values : all) {
      boolean floats = type(values).equals(FLOATS);
      for (double value : values) {
        if (floats) {
          out.putFloat((float) value);
        } else {
          out.putDouble(value);
        }
      }
    }
    return out.array();
  }

  private static int width(String type) {
    return type.equals(FLOATS) ? Float.BYTES : Double.BYTES;
  }

  private static String type(double[] values) {
    for (double value : values) {
      if (Double.compare((float) value, value) != 0) {
        return DOUBLES;
      }
    }
    return FLOATS;
  }
}
