package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.OnnxPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX file that another tool wrote (PyTorch, scikit-learn, XGBoost), to be registered as a
 * model by {@link Registry#register(String, OnnxImport)}. Not thread-safe.
 *
 * <pre>{@code
 * Version iris =
 *     registry.register(
 *         "iris",
 *         OnnxImport.of(Path.of("iris.onnx"))
 *             .columns("float_input", "sepal length", "sepal width", "petal length", "petal width")
 *             .columns("output_label", "species"));
 * }</pre>
 *
 * <p>A graph is a program, and whether to let it in is asked of an {@link OnnxPolicy}. What it
 * takes and gives must be tables, which become named columns as {@link Model#adapt(byte[], Map,
 * Set)} says; a file with other tensors (images, sequences) is refused unless it is to be kept
 * {@linkplain #asIs() as it is}.
 */
public final class OnnxImport {
  /** What an array can hold; a protobuf message, which the file is, cannot be larger either. */
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  /** The properties that say what the file was; not for callers to set. */
  static final String RESERVED = "onnx.";

  private interface Source {
    byte[] read() throws IOException;
  }

  private final String label;
  private final Source source;
  private OnnxPolicy policy = OnnxPolicy.strict();
  private final Map<String, List<String>> columns = new TreeMap<>();
  private final Set<String> nullable = new TreeSet<>();
  private @Nullable Signature signature;
  private boolean asIs;
  private final Map<String, String> properties = new TreeMap<>();
  private List<Version> madeFrom = List.of();
  private List<Map<String, Object>> inputExample = List.of();

  private OnnxImport(String label, Source source) {
    this.label = label;
    this.source = source;
  }

  /** A file, read when it is registered. */
  public static OnnxImport of(Path file) {
    Objects.requireNonNull(file, "file");
    return new OnnxImport("'" + file + "'", () -> read(file));
  }

  /** The bytes of a file, of which a copy is made. */
  public static OnnxImport of(byte[] onnx) {
    byte[] copy = onnx.clone();
    return new OnnxImport("the ONNX file of " + copy.length + " bytes", () -> copy);
  }

  /**
   * What the graph may consist of; {@link OnnxPolicy#strict()} unless it is set. Whatever a policy
   * allows, data outside the file never comes in.
   */
  public OnnxImport policy(OnnxPolicy policy) {
    this.policy = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Names the columns of an input or output, as many as it has. Where nothing is declared they are
   * named after the tensor: {@code x}, or {@code x_0}, {@code x_1}… where it has several.
   *
   * @param tensor the name of the input or output in the graph
   * @param names none leaves an output out
   */
  public OnnxImport columns(String tensor, String... names) {
    columns.put(Objects.requireNonNull(tensor, "tensor"), List.of(names));
    return this;
  }

  /** Names columns that may be missing, in addition to those of which the graph says so itself. */
  public OnnxImport nullable(String... columns) {
    nullable.addAll(List.of(columns));
    return this;
  }

  /**
   * What the model must take and give once its columns have their names, in any order: a file that
   * has another signature is refused.
   */
  public OnnxImport signature(Signature signature) {
    this.signature = Objects.requireNonNull(signature, "signature");
    return this;
  }

  /**
   * Keeps the file as it is, tables or not. The version is one like any other, with a lineage, an
   * alias, a bundle; but unless the file's inputs and outputs happen to be columns, {@link
   * Registry#model(Version)} and deployments, which go by row, refuse it. {@link Registry#content}
   * gives the bytes back, for a runtime of the caller's. Names, types and shapes of the tensors are
   * in the attachment {@code signature.json}. Columns, a signature and an input example cannot be
   * declared of it.
   */
  public OnnxImport asIs() {
    this.asIs = true;
    return this;
  }

  /**
   * A text about it, any Unicode.
   *
   * @throws IllegalArgumentException if the key starts with {@code onnx.}, as those do that the
   *     registry sets itself
   */
  public OnnxImport property(String key, String value) {
    Texts.requireUnicode("property name", key);
    if (key.startsWith(RESERVED)) {
      throw new IllegalArgumentException(
          "property name ('"
              + Texts.abbreviated(key)
              + "') must not start with "
              + RESERVED
              + ", which is for what the file itself says");
    }
    properties.put(key, Texts.requireUnicode("property '" + Texts.abbreviated(key) + "'", value));
    return this;
  }

  /** The versions of the same registry that it was made from: the data, say. */
  public OnnxImport madeFrom(Version... versions) {
    this.madeFrom = List.of(versions);
    return this;
  }

  /**
   * A few rows that the model takes, by the names of its columns: {@link Candidate#inputExample}.
   */
  public OnnxImport inputExample(List<Map<String, Object>> rows) {
    this.inputExample = List.copyOf(rows);
    return this;
  }

  /** What to call the file in messages. */
  String label() {
    return label;
  }

  byte[] read() throws IOException {
    return source.read();
  }

  private static byte[] read(Path file) throws IOException {
    if (Files.exists(file) && !Files.isDirectory(file) && !Files.isRegularFile(file)) {
      // A pipe or a device: it may have no end.
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file + "' cannot be registered: it is no regular file");
    }
    try (InputStream in = BlobStore.open(file)) {
      long bytes = Files.size(file);
      if (bytes > MAX_BYTES) {
        throw new MlInfraException(
            ErrorCode.MODEL_REJECTED,
            "'" + file + "' has " + bytes + " bytes; an ONNX file has less than 2 GiB");
      }
      return in.readNBytes(MAX_BYTES);
    }
  }

  OnnxPolicy policy() {
    return policy;
  }

  Map<String, List<String>> columns() {
    return columns;
  }

  Set<String> nullable() {
    return nullable;
  }

  @Nullable Signature signature() {
    return signature;
  }

  boolean isAsIs() {
    return asIs;
  }

  Map<String, String> properties() {
    return properties;
  }

  List<Version> madeFrom() {
    return madeFrom;
  }

  List<Map<String, Object>> inputExample() {
    return inputExample;
  }

  @Override
  public String toString() {
    return "OnnxImport[" + label + "]";
  }
}
