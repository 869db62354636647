package io.mlinfra.registry;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One time that something was tried, as it stood when it was asked for: {@link Runs} says how it
 * comes about. A {@link Run} is what can be repeated of it, without times. Maps are sorted by key.
 *
 * @param id experiment and number, such as {@code flight-delay/17}
 * @param status how it stands or ended
 * @param error why it failed; empty unless it did
 * @param actor who started it
 * @param started when it was started
 * @param ended when it was finished or failed; empty while it was neither
 * @param parent the id of the run that it is a part of; empty if it is of none
 * @param params what was set
 * @param metrics what was measured
 * @param tags what people noted; only these change after the end
 * @param environment where it ran
 * @param inputs the versions that it was made from
 * @param artifacts the hashes of its files, by name
 * @param versions what it registered, the RUN versions and models, in this order
 */
public record TrackedRun(
    String id,
    Status status,
    String error,
    String actor,
    Instant started,
    Optional<Instant> ended,
    Optional<String> parent,
    Map<String, String> params,
    Map<String, Metric> metrics,
    Map<String, String> tags,
    Map<String, String> environment,
    List<VersionId> inputs,
    Map<String, ContentHash> artifacts,
    List<VersionId> versions) {

  /** How a run stands or ended. */
  public enum Status {
    /** Its process lives, or is on another host, of which this one cannot tell. */
    RUNNING,
    /** It came to its end. */
    FINISHED,
    /** It was said to have failed, or left without a word. */
    FAILED,
    /** Its process is gone; what it logged is there, and {@link Runs#resume} goes on with it. */
    LOST
  }

  /**
   * What is known of a metric without its curve.
   *
   * @param last the value at the highest step; of several there, the one that was logged last
   * @param step that step
   * @param min the least value that is a number, or NaN
   * @param max the greatest value that is a number, or NaN
   * @param points how many values there are
   */
  public record Metric(double last, long step, double min, double max, long points) {}

  public TrackedRun {
    Objects.requireNonNull(status, "status");
    Objects.requireNonNull(error, "error");
    Objects.requireNonNull(actor, "actor");
    Objects.requireNonNull(started, "started");
    Objects.requireNonNull(ended, "ended");
    Objects.requireNonNull(parent, "parent");
    RunId.parse(id);
    params = Collections.unmodifiableMap(new TreeMap<>(params));
    metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
    tags = Collections.unmodifiableMap(new TreeMap<>(tags));
    environment = Collections.unmodifiableMap(new TreeMap<>(environment));
    inputs = List.copyOf(inputs);
    artifacts = Collections.unmodifiableMap(new TreeMap<>(artifacts));
    versions = List.copyOf(versions);
  }

  /** The experiment that it belongs to. */
  public String experiment() {
    return id.substring(0, id.indexOf('/'));
  }

  /** Which run of its experiment it is; the first is 1. */
  public int number() {
    return Integer.parseInt(id.substring(id.indexOf('/') + 1));
  }

  /** From start to end; empty while it has not ended. */
  public Optional<Duration> duration() {
    return ended.map(end -> Duration.between(started, end));
  }

  /** {@code flight-delay/17 FINISHED, started …, {auc=0.71}, {trainer=mlp}}. */
  @Override
  public String toString() {
    Map<String, Double> last = new TreeMap<>();
    metrics.forEach((name, metric) -> last.put(name, metric.last()));
    return id
        + " "
        + status
        + (error.isEmpty() ? "" : " (" + error + ")")
        + ", started "
        + started
        + ", "
        + last
        + ", "
        + params;
  }
}
