package io.mlinfra.core.onnx;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What is in an ONNX file, whoever wrote it: read without interpreting a tensor, so that it also
 * works for element types, operators and constructs that {@link OnnxFile} refuses. Subgraphs (of
 * If, Loop and the like), functions inside the file and graphs for training are looked into as
 * well. An {@link OnnxPolicy} decides by it. Immutable.
 *
 * @param producer the name of the tool that wrote the file, empty if it does not say
 * @param producerVersion of that tool, empty if it does not say
 * @param irVersion the version of the file format; 0 if it does not say
 * @param operatorSets version by domain; the empty domain is the standard one
 * @param graphName the graph's name
 * @param metadata texts by key, in order
 * @param inputs what a call passes in; without those that have a constant, which a call may leave
 *     out
 * @param outputs what a call gets back
 * @param operators how often each operator is used, by domain and operator, in alphabetical order
 * @param functions names of the functions that the file itself defines, by domain
 * @param externalTensors what to call each tensor whose values lie outside the file
 * @param parameters how many values there are in constants, in tensors among attributes and in
 *     lists of floats among attributes; {@link Long#MAX_VALUE} if the file claims more
 */
public record OnnxInspection(
    String producer,
    String producerVersion,
    long irVersion,
    Map<String, Long> operatorSets,
    String graphName,
    Map<String, String> metadata,
    List<Value> inputs,
    List<Value> outputs,
    Map<String, Map<String, Integer>> operators,
    Map<String, List<String>> functions,
    List<String> externalTensors,
    long parameters) {

  /**
   * An input or output of the graph.
   *
   * @param name its name
   * @param type the type of a tensor's elements, such as {@code float}, or that of something else,
   *     such as {@code sequence(map(int64,float))}
   * @param shape a name for a dimension that each call chooses, empty where it has none, digits for
   *     a fixed one; absent if the file does not say or it is no tensor
   */
  public record Value(String name, String type, Optional<List<String>> shape) {
    public Value {
      shape = shape.map(List::copyOf);
    }

    /** {@code float_input float[N, 4]}; a question mark stands for what is not known. */
    @Override
    public String toString() {
      String dimensions =
          shape
              .map(
                  known ->
                      known.stream()
                          .map(dimension -> dimension.isEmpty() ? "?" : dimension)
                          .collect(Collectors.joining(", ")))
              .orElse("…");
      return name + " " + type + (type.endsWith(")") ? "" : "[" + dimensions + "]");
    }
  }

  public OnnxInspection {
    operatorSets = ordered(operatorSets);
    metadata = ordered(metadata);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    Map<String, Map<String, Integer>> counts = new LinkedHashMap<>();
    operators.forEach((domain, names) -> counts.put(domain, ordered(names)));
    operators = ordered(counts);
    Map<String, List<String>> named = new LinkedHashMap<>();
    functions.forEach((domain, names) -> named.put(domain, List.copyOf(names)));
    functions = ordered(named);
    externalTensors = List.copyOf(externalTensors);
  }

  private static <V> Map<String, V> ordered(Map<String, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  /**
   * Reads a file's bytes.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the bytes are no ONNX file, or
   *     graphs or types in it are nested more than 32 deep
   */
  public static OnnxInspection of(byte[] onnx) {
    try {
      return OnnxInspector.inspect(onnx);
    } catch (OnnxFormatException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED, "not an ONNX file: " + e.getMessage(), e);
    }
  }

  /** Whether the values of a tensor lie outside the file, so that the file alone is no model. */
  public boolean hasExternalData() {
    return !externalTensors.isEmpty();
  }

  /** A few lines for people. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("ONNX graph '").append(graphName).append("'");
    line(text, "by", (producer + " " + producerVersion).strip() + ", IR " + irVersion);
    operatorSets.forEach((domain, version) -> line(text, label(domain), "version " + version));
    line(text, "takes", show(inputs));
    line(text, "gives", show(outputs));
    operators.forEach((domain, names) -> line(text, label(domain), show(names)));
    functions.forEach(
        (domain, names) -> line(text, "functions", label(domain) + " " + String.join(", ", names)));
    line(text, "holds", parameters + " parameters");
    if (hasExternalData()) {
      line(text, "lacks", externalTensors.size() + " tensors that lie outside the file");
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String what, String content) {
    text.append("\n  ").append(what).append(" ".repeat(Math.max(1, 12 - what.length())));
    text.append(content);
  }

  private static String show(List<Value> values) {
    return values.stream().map(Value::toString).collect(Collectors.joining(", "));
  }

  private static String show(Map<String, Integer> counts) {
    return counts.entrySet().stream()
        .map(count -> count.getKey() + " " + count.getValue())
        .collect(Collectors.joining(", "));
  }

  private static String label(String domain) {
    return domain.isEmpty() ? "ai.onnx" : domain;
  }
}
