package io.mlinfra.registry;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.TrackedRun.Metric;
import io.mlinfra.registry.TrackedRun.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Tracked runs as JSON: the record of one that has ended, and the lines of a log. */
final class RunRecords {
  /** How a point begins; a change begins with its schema. */
  private static final byte[] POINT = "{\"step\":".getBytes(StandardCharsets.US_ASCII);

  private RunRecords() {}

  /**
   * A run and what {@link TrackedRun} does not say of it.
   *
   * @param revision of the record; 0 while there is none
   * @param log hash and size of the log as it was at the end; null while there is no record
   */
  record Kept(TrackedRun run, int revision, Map<String, Blob> artifacts, @Nullable Blob log) {
    Blob artifact(String name) {
      Blob found = artifacts.get(name);
      if (found == null) {
        throw new MlInfraException(
            ErrorCode.NAME_UNKNOWN,
            "run "
                + run.id()
                + " has no artifact '"
                + Texts.abbreviated(name)
                + "'; it has "
                + (artifacts.isEmpty() ? "none" : Texts.few(artifacts.keySet())));
      }
      return found;
    }
  }

  /** Takes the values of points. */
  interface Points {
    void point(String metric, long step, double value, long atMillis);
  }

  /** Reads a line: a point goes to {@code points}, a change to the state, where there is one. */
  static void read(String source, byte[] json, @Nullable RunState state, Points points)
      throws IOException {
    if (Arrays.mismatch(json, POINT) >= POINT.length) {
      readPoint(source, json, points);
    } else if (state != null) {
      Fields change = Fields.parse(source, json);
      state.apply(change, change.instant("at"), source);
    }
  }

  private static void readPoint(String source, byte[] json, Points points) throws IOException {
    try (JsonParser parser = Json.parser(json)) {
      expect(source, parser.nextToken() == JsonToken.START_OBJECT);
      expect(source, "step".equals(parser.nextFieldName()));
      expect(source, parser.nextToken() == JsonToken.VALUE_NUMBER_INT);
      long step = parser.getLongValue();
      expect(source, "at".equals(parser.nextFieldName()));
      expect(source, parser.nextToken() == JsonToken.VALUE_NUMBER_INT);
      long at = parser.getLongValue();
      expect(source, "metrics".equals(parser.nextFieldName()));
      expect(source, parser.nextToken() == JsonToken.START_OBJECT);
      for (String name; (name = parser.nextFieldName()) != null; ) {
        points.point(name, step, value(source, parser, parser.nextToken()), at);
      }
    }
  }

  private static double value(String source, JsonParser parser, JsonToken token)
      throws IOException {
    if (token == JsonToken.VALUE_STRING) {
      switch (parser.getText()) {
        case "NaN":
          return Double.NaN;
        case "Infinity":
          return Double.POSITIVE_INFINITY;
        case "-Infinity":
          return Double.NEGATIVE_INFINITY;
        default:
          break;
      }
    }
    expect(source, token.isNumeric());
    return parser.getDoubleValue();
  }

  private static void expect(String source, boolean holds) {
    if (!holds) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, source + " cannot be read: a line is no point");
    }
  }

  static RunId id(String source, String id) {
    try {
      return RunId.parse(id);
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, source + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** The record of a run that has ended. */
  static byte[] toJson(Kept kept) {
    TrackedRun run = kept.run();
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("run", run.id());
    json.put("revision", kept.revision());
    json.put("status", run.status().name());
    json.put("error", run.error());
    json.put("actor", run.actor());
    json.put("started", run.started().toString());
    run.ended().ifPresent(ended -> json.put("ended", ended.toString()));
    run.parent().ifPresent(parent -> json.put("parent", parent));
    Json.put(json.putObject("params"), run.params());
    ArrayNode metrics = json.putArray("metrics");
    run.metrics().forEach((name, metric) -> put(metrics.addObject(), name, metric));
    Json.put(json.putObject("tags"), run.tags());
    Json.put(json.putObject("environment"), run.environment());
    ArrayNode inputs = json.putArray("inputs");
    run.inputs().forEach(id -> Json.put(inputs.addObject(), id));
    ObjectNode artifacts = json.putObject("artifacts");
    kept.artifacts().forEach((name, blob) -> Json.put(artifacts.putObject(name), blob));
    ArrayNode versions = json.putArray("versions");
    run.versions().forEach(id -> Json.put(versions.addObject(), id));
    if (kept.log() != null) {
      Json.put(json.putObject("log"), kept.log());
    }
    return Json.record(json);
  }

  private static void put(ObjectNode json, String name, Metric metric) {
    json.put("name", name);
    json.put("last", metric.last());
    json.put("step", metric.step());
    json.put("min", metric.min());
    json.put("max", metric.max());
    json.put("points", metric.points());
  }

  /** Reads the record of that run and revision. */
  static Kept read(String source, byte[] bytes, RunId id, int revision) {
    Fields fields = Fields.parseRecord(source, bytes);
    if (!fields.text("run").equals(id.toString()) || fields.integer("revision") != revision) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          source
              + " was altered: it is revision "
              + fields.integer("revision")
              + " of run "
              + fields.text("run"));
    }
    Map<String, Metric> metrics = new LinkedHashMap<>();
    for (Fields metric : fields.objects("metrics")) {
      metrics.put(
          metric.text("name"),
          new Metric(
              metric.number("last"),
              metric.size("step"),
              metric.number("min"),
              metric.number("max"),
              metric.size("points")));
    }
    Map<String, Blob> artifacts = fields.blobs("artifacts");
    Map<String, ContentHash> hashes = new TreeMap<>();
    artifacts.forEach((name, blob) -> hashes.put(name, blob.hash()));
    TrackedRun run =
        new TrackedRun(
            id.toString(),
            status(source, fields.text("status")),
            fields.text("error"),
            fields.text("actor"),
            fields.instant("started"),
            fields.has("ended") ? Optional.of(fields.instant("ended")) : Optional.empty(),
            fields.has("parent")
                ? Optional.of(id(source, fields.text("parent")).toString())
                : Optional.empty(),
            fields.texts("params"),
            metrics,
            fields.texts("tags"),
            fields.texts("environment"),
            fields.objects("inputs").stream().map(Fields::versionId).toList(),
            hashes,
            fields.objects("versions").stream().map(Fields::versionId).toList());
    return new Kept(run, revision, artifacts, fields.object("log").blob());
  }

  private static Status status(String source, String name) {
    for (Status status : Status.values()) {
      if (status.name().equals(name)) {
        return status;
      }
    }
    throw new MlInfraException(
        ErrorCode.FILE_UNREADABLE, source + " cannot be read: no status is called '" + name + "'");
  }

  /** The same run with one more tag, or another value of one. */
  static TrackedRun tagged(TrackedRun run, String key, String value) {
    Map<String, String> tags = new TreeMap<>(run.tags());
    tags.put(key, value);
    return new TrackedRun(
        run.id(),
        run.status(),
        run.error(),
        run.actor(),
        run.started(),
        run.ended(),
        run.parent(),
        run.params(),
        run.metrics(),
        tags,
        run.environment(),
        run.inputs(),
        run.artifacts(),
        run.versions());
  }
}
