package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.version.VersionId;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One training: what was set, what came out, where it ran, and on which versions. It holds no times
 * on purpose, so that the same training, run again, is the same version.
 *
 * @param settings of the trainer, the pipeline and the split, by name
 * @param metrics the scores, by name; may be NaN or infinite
 * @param environment what the outcome may depend on beside the settings
 * @param inputs the versions that were trained on: data sets, feature definitions
 */
public record Run(
    Map<String, String> settings,
    Map<String, Double> metrics,
    Map<String, String> environment,
    List<VersionId> inputs) {
  /** Part of the hashed content, so that it grows only when the content's meaning changes. */
  private static final int SCHEMA = 1;

  public Run {
    settings = Texts.sorted("setting", settings);
    metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
    metrics.forEach(
        (name, value) -> {
          Texts.requireUnicode("metric name", name);
          if (value == null) {
            throw new NullPointerException("metric '" + Texts.abbreviated(name) + "'");
          }
        });
    environment = Texts.sorted("environment entry", environment);
    inputs = List.copyOf(inputs);
  }

  /**
   * What this JVM says about itself and where it runs: {@code java.version}, {@code java.vendor},
   * {@code os.name}, {@code os.arch}, the number of {@code processors} it may use, {@code
   * cpu.model} and {@code cpu.features} where the platform tells, {@code git.commit} if it was
   * started in a git checkout or by a build server that says which commit it builds, and the
   * versions of the libraries on its class path on which an outcome may depend, such as {@code
   * org.bytedeco:openblas}. What cannot be told is left out; the same JVM on the same machine and
   * checkout says the same. Whether the checkout has changes that are not committed, only git
   * itself can tell, and no process is started to ask it.
   */
  public static Map<String, String> environmentOfThisJvm() {
    return ThisJvm.environment();
  }

  /** The run as JSON with sorted keys: the same bytes for equal runs, on every JVM. */
  byte[] toJson() {
    ObjectNode json = Json.object();
    Json.put(json.putObject("environment"), environment);
    ArrayNode inputs = json.putArray("inputs");
    this.inputs.forEach(input -> Json.put(inputs.addObject(), input));
    ObjectNode metrics = json.putObject("metrics");
    this.metrics.forEach(metrics::put);
    json.put("schema", SCHEMA);
    Json.put(json.putObject("settings"), settings);
    return Json.compact(json);
  }

  static Run read(String source, byte[] json) {
    Fields fields = Fields.parse(source, json);
    return new Run(
        fields.texts("settings"),
        fields.numbers("metrics"),
        fields.texts("environment"),
        fields.objects("inputs").stream().map(Fields::versionId).toList());
  }

  @Override
  public String toString() {
    return "Run[metrics " + metrics + ", settings " + settings + ", inputs " + inputs + "]";
  }
}
