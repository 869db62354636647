package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
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

  private static final List<String> LIBRARIES =
      List.of(
          "io.mlinfra:mlinfra-core",
          "org.apache.arrow:arrow-vector",
          "org.nd4j:nd4j-native",
          "org.bytedeco:javacpp",
          "org.bytedeco:openblas");

  public Run {
    settings = Texts.sorted("setting", settings);
    metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
    metrics.forEach(
        (name, value) -> {
          Texts.requireUnicode("metric name", name);
          if (value == null) {
            throw new NullPointerException("metric '" + name + "'");
          }
        });
    environment = Texts.sorted("environment entry", environment);
    inputs = List.copyOf(inputs);
  }

  /**
   * What this JVM says about itself: {@code java.version}, {@code java.vendor}, {@code os.name},
   * {@code os.arch}, the number of {@code processors} it may use, and the versions of the libraries
   * on its class path on which a model's bits may depend, such as {@code org.bytedeco:openblas}.
   */
  public static Map<String, String> environmentOfThisJvm() {
    Map<String, String> environment = new TreeMap<>();
    for (String key : List.of("java.version", "java.vendor", "os.name", "os.arch")) {
      environment.put(key, System.getProperty(key, "unknown"));
    }
    environment.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    for (String artifact : LIBRARIES) {
      version(artifact).ifPresent(version -> environment.put(artifact, version));
    }
    return Collections.unmodifiableMap(environment);
  }

  /**
   * The version of an artifact as Maven noted it in its jar; a folder of classes has no such note.
   */
  private static Optional<String> version(String artifact) {
    String note = "/META-INF/maven/" + artifact.replace(':', '/') + "/pom.properties";
    try (InputStream in = Run.class.getResourceAsStream(note)) {
      if (in == null) {
        return Optional.empty();
      }
      Properties properties = new Properties();
      properties.load(in);
      return Optional.ofNullable(properties.getProperty("version"));
    } catch (IOException e) {
      return Optional.empty();
    }
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
