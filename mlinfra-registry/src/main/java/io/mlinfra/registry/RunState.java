package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.TrackedRun.Metric;
import io.mlinfra.registry.TrackedRun.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the lines of a log add up to, for the one who writes them and for those who read. Not
 * thread-safe.
 *
 * <p>There are two sorts of lines. A point, {@code {"step":…,"at":…,"metrics":{…}}}, of which there
 * may be millions; and a change, an object with the number of its {@code schema}, whose members are
 * put to what there is. The first line is a change that says which run this is.
 */
final class RunState {
  /** A record must have room for all of it, whatever escapes its texts need. */
  private static final int MAX_WEIGHT = 2_000_000;

  private static final int WEIGHT_OF_AN_ENTRY = 40;

  private final RunId id;
  private String actor = "";
  private Instant started = Instant.EPOCH;
  private @Nullable RunId parent;
  private Owner owner = new Owner("", 0, 0);
  private final Map<String, String> params = new TreeMap<>();
  private final Map<String, String> tags = new TreeMap<>();
  private final Map<String, String> environment = new TreeMap<>();
  private final Map<String, Blob> artifacts = new TreeMap<>();
  private final Map<String, Summary> metrics = new HashMap<>();
  private final List<VersionId> inputs = new ArrayList<>();
  private final List<VersionId> versions = new ArrayList<>();
  private long weight;
  private boolean begun;

  RunState(RunId id) {
    this.id = id;
  }

  /** A metric while points come in. */
  static final class Summary {
    /** The name as it stands in a line. */
    final byte[] member;

    private double last = Double.NaN;
    private long step = Long.MIN_VALUE;
    private double min = Double.NaN;
    private double max = Double.NaN;
    private long points;

    private Summary(String name) {
      this.member = LogLine.member(name);
    }

    void add(long step, double value) {
      if (step >= this.step) {
        this.step = step;
        last = value;
      }
      // Not Math.min: a NaN must neither stay nor come in.
      if (!(min <= value) && !Double.isNaN(value)) {
        min = value;
      }
      if (!(max >= value) && !Double.isNaN(value)) {
        max = value;
      }
      points++;
    }

    Metric metric() {
      return new Metric(last, step, min, max, points);
    }
  }

  RunId id() {
    return id;
  }

  /** Whether there is a first line. */
  boolean isBegun() {
    return begun;
  }

  Owner owner() {
    return owner;
  }

  Map<String, String> params() {
    return params;
  }

  List<VersionId> inputs() {
    return inputs;
  }

  Map<String, Blob> artifacts() {
    return artifacts;
  }

  Optional<Metric> metric(String name) {
    return Optional.ofNullable(metrics.get(name)).map(Summary::metric);
  }

  /**
   * The metric, which is new if there is none of that name.
   *
   * @throws IllegalArgumentException if the name is no text, or the run has no room for more
   */
  Summary summary(String name) {
    Summary summary = metrics.get(name);
    if (summary == null) {
      Texts.requireUnicode("metric name", name);
      requireRoom(name.length() + 3L * WEIGHT_OF_AN_ENTRY);
      summary = new Summary(name);
      metrics.put(name, summary);
      weight += name.length() + 3L * WEIGHT_OF_AN_ENTRY;
    }
    return summary;
  }

  /** Refuses, before it is written, what a record would have no room for. */
  void requireRoom(long more) {
    if (weight + more > MAX_WEIGHT) {
      throw new IllegalArgumentException(
          "the names and texts of run "
              + id
              + " ("
              + (weight + more)
              + " characters) must be <= "
              + MAX_WEIGHT
              + " characters; log what is large as an artifact");
    }
  }

  static long weight(Map<String, String> texts) {
    long weight = 0;
    for (Map.Entry<String, String> text : texts.entrySet()) {
      weight += text.getKey().length() + text.getValue().length() + WEIGHT_OF_AN_ENTRY;
    }
    return weight;
  }

  static long weight(Set<String> metrics) {
    long weight = 0;
    for (String name : metrics) {
      weight += name.length() + 3L * WEIGHT_OF_AN_ENTRY;
    }
    return weight;
  }

  /** Puts a change to what there is. */
  void apply(Fields change, Instant at, String source) {
    if (!begun) {
      begin(change, at, source);
    }
    if (change.has("process")) {
      owner = Owner.read(change.object("process"));
    }
    putTexts(change, "params", params);
    putTexts(change, "tags", tags);
    putTexts(change, "environment", environment);
    if (change.has("artifacts")) {
      artifacts.putAll(change.blobs("artifacts"));
    }
    addNew(change, "inputs", inputs);
    addNew(change, "versions", versions);
    weight =
        weight(params)
            + weight(tags)
            + weight(environment)
            + weight(metrics.keySet())
            + weight(artifacts.keySet())
            + 8L * WEIGHT_OF_AN_ENTRY * (inputs.size() + versions.size());
  }

  private void begin(Fields change, Instant at, String source) {
    String run = change.text("run");
    if (!run.equals(id.toString())) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, source + " was altered: it is the log of " + run);
    }
    actor = change.text("actor");
    started = at;
    parent = change.has("parent") ? RunRecords.id(source, change.text("parent")) : null;
    begun = true;
  }

  private static void putTexts(Fields change, String member, Map<String, String> texts) {
    if (change.has(member)) {
      texts.putAll(change.texts(member));
    }
  }

  private static void addNew(Fields change, String member, List<VersionId> ids) {
    if (change.has(member)) {
      for (Fields each : change.objects(member)) {
        VersionId version = each.versionId();
        if (!ids.contains(version)) {
          ids.add(version);
        }
      }
    }
  }

  TrackedRun tracked(Status status, String error, Optional<Instant> ended) {
    Map<String, Metric> measured = new TreeMap<>();
    metrics.forEach(
        (name, summary) -> {
          if (summary.points > 0) {
            measured.put(name, summary.metric());
          }
        });
    Map<String, ContentHash> hashes = new TreeMap<>();
    artifacts.forEach((name, blob) -> hashes.put(name, blob.hash()));
    return new TrackedRun(
        id.toString(),
        status,
        error,
        actor,
        started,
        ended,
        Optional.ofNullable(parent).map(RunId::toString),
        params,
        measured,
        tags,
        environment,
        inputs,
        hashes,
        versions);
  }

  /** A change to be written, without members yet. */
  static ObjectNode change(Instant at) {
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("at", at.toString());
    return json;
  }

  static void put(ObjectNode change, String member, Map<String, String> texts) {
    if (!texts.isEmpty()) {
      Json.put(change.putObject(member), texts);
    }
  }

  static void put(ObjectNode change, String member, List<VersionId> ids) {
    if (!ids.isEmpty()) {
      ArrayNode array = change.putArray(member);
      ids.forEach(id -> Json.put(array.addObject(), id));
    }
  }
}
