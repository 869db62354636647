package io.mlinfra.core.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Builds a graph node by node. Values are referred to by name; every method that makes one returns
 * its name. Not thread-safe.
 *
 * <pre>{@code
 * GraphBuilder graph = new GraphBuilder("double-it");
 * String x = graph.input("x", ElementType.FLOAT, "N", "1");
 * String two = graph.constant(TensorValue.floats(new float[] {2}, 1));
 * graph.output(graph.node("Mul", x, two), "y", ElementType.FLOAT, "N", "1");
 * byte[] bytes = graph.build().write();
 * }</pre>
 */
public final class GraphBuilder {
  /** The version of the standard operators. */
  public static final long OPSET = 21;

  /** The domain of the machine-learning operators. */
  public static final String ML_DOMAIN = "ai.onnx.ml";

  private static final long ML_OPSET = 3;

  private final String name;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, TensorValue> initializers = new LinkedHashMap<>();
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<ValueInfo> outputs = new ArrayList<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Set<String> names = new HashSet<>();
  private boolean usesMl;
  private int counter;

  public GraphBuilder(String name) {
    this.name = name;
  }

  /**
   * Adds an input.
   *
   * @param shape a name for a dimension that each call chooses, digits for a fixed one
   * @return {@code input}
   */
  public String input(String input, ElementType type, String... shape) {
    claim(input);
    inputs.add(new ValueInfo(input, type, List.of(shape)));
    return input;
  }

  /** Adds a constant. */
  public String constant(TensorValue value) {
    String made = fresh("const");
    initializers.put(made, value);
    return made;
  }

  /** Adds a standard node without attributes, with one output. */
  public String node(String operator, String... inputs) {
    return node(operator, List.of(inputs));
  }

  /** Adds a standard node with one output. */
  public String node(String operator, List<String> inputs, Attribute... attributes) {
    return add("", operator, inputs, attributes);
  }

  /** Adds a node of the domain {@value #ML_DOMAIN} with one output. */
  public String mlNode(String operator, List<String> inputs, Attribute... attributes) {
    usesMl = true;
    return add(ML_DOMAIN, operator, inputs, attributes);
  }

  private String add(String domain, String operator, List<String> inputs, Attribute... attributes) {
    for (String input : inputs) {
      requireKnown(input);
    }
    String made = fresh(operator.toLowerCase(Locale.ROOT));
    nodes.add(new Node(operator, domain, inputs, List.of(made), Arrays.asList(attributes)));
    return made;
  }

  /** Converts a value to another type. */
  public String cast(String value, ElementType to) {
    return node("Cast", List.of(value), new Attribute.Int("to", to.code()));
  }

  /** Declares a value an output of the graph, under a name of its own. */
  public void output(String value, String output, ElementType type, String... shape) {
    requireKnown(value);
    claim(output);
    nodes.add(new Node("Identity", "", List.of(value), List.of(output), List.of()));
    outputs.add(new ValueInfo(output, type, List.of(shape)));
  }

  /** Adds a text about the graph; later ones replace earlier ones of the same key. */
  public GraphBuilder metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** The finished graph. */
  public OnnxFile build() {
    if (outputs.isEmpty()) {
      throw new IllegalStateException("the graph '" + name + "' has no output");
    }
    Map<String, Long> operatorSets = new LinkedHashMap<>();
    operatorSets.put("", OPSET);
    if (usesMl) {
      operatorSets.put(ML_DOMAIN, ML_OPSET);
    }
    return new OnnxFile(name, nodes, initializers, inputs, outputs, operatorSets, metadata);
  }

  private void claim(String value) {
    if (!names.add(value)) {
      throw new IllegalArgumentException("the graph has a value '" + value + "' already");
    }
  }

  private void requireKnown(String value) {
    if (!value.isEmpty() && !names.contains(value)) {
      throw new IllegalArgumentException("the graph has no value '" + value + "' yet");
    }
  }

  private String fresh(String stem) {
    String made;
    do {
      // A dot keeps clear of what columns are called, which may come later.
      made = stem + "." + counter++;
    } while (!names.add(made));
    return made;
  }
}
