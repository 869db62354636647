package io.mlinfra.core.onnx;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * From bytes to {@link OnnxInspection}. The numbers are the field numbers of onnx.proto. Works on
 * slices of the bytes, so that what it takes in memory is bounded by their number, whatever they
 * claim; each byte is looked at once.
 *
 * <p>Where protobuf's own readers would let a later field replace an earlier one, both count: what
 * a policy is to refuse cannot be hidden behind a second value.
 */
final class OnnxInspector {
  /**
   * How deep graphs, or types, may be nested. Protobuf's own readers give up at 100 messages within
   * each other, and a graph within a graph is three.
   */
  static final int MAX_DEPTH = 32;

  private static final List<String> ELEMENT_TYPES =
      List.of(
          "undefined",
          "float",
          "uint8",
          "int8",
          "uint16",
          "int16",
          "int32",
          "int64",
          "string",
          "bool",
          "float16",
          "double",
          "uint32",
          "uint64",
          "complex64",
          "complex128",
          "bfloat16",
          "float8e4m3fn",
          "float8e4m3fnuz",
          "float8e5m2",
          "float8e5m2fnuz",
          "uint4",
          "int4",
          "float4e2m1",
          "float8e8m0",
          "uint2",
          "int2");

  private String producer = "";
  private String producerVersion = "";
  private long irVersion;
  private String graphName = "";
  private boolean hasGraph;
  private final Map<String, Long> operatorSets = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final List<OnnxInspection.Value> inputs = new ArrayList<>();
  private final List<OnnxInspection.Value> outputs = new ArrayList<>();
  private final Set<String> constants = new HashSet<>();
  private final Map<String, Map<String, Integer>> operators = new TreeMap<>();
  private final Map<String, List<String>> functions = new TreeMap<>();
  private final List<String> externalTensors = new ArrayList<>();
  private long parameters;

  private OnnxInspector() {}

  static OnnxInspection inspect(byte[] bytes) {
    OnnxInspector inspector = new OnnxInspector();
    inspector.model(new ProtoReader(bytes));
    if (!inspector.hasGraph || inspector.outputs.isEmpty()) {
      throw new OnnxFormatException("it holds no graph with an output");
    }
    return new OnnxInspection(
        inspector.producer,
        inspector.producerVersion,
        inspector.irVersion,
        inspector.operatorSets,
        inspector.graphName,
        inspector.metadata,
        inspector.inputs.stream().filter(in -> !inspector.constants.contains(in.name())).toList(),
        inspector.outputs,
        inspector.operators,
        inspector.functions,
        inspector.externalTensors,
        inspector.parameters);
  }

  private void model(ProtoReader in) {
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> irVersion = in.varint();
        case 2 -> producer = in.text();
        case 3 -> producerVersion = in.text();
        case 7 -> {
          hasGraph = true;
          mainGraph(in.message());
        }
        case 8 -> operatorSet(in.message());
        case 14 -> entry(in.message());
        case 20 -> trainingInfo(in.message());
        case 25 -> function(in.message());
        default -> in.skip();
      }
    }
  }

  private void operatorSet(ProtoReader in) {
    String domain = "";
    long version = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> domain = in.text();
        case 2 -> version = in.varint();
        default -> in.skip();
      }
    }
    operatorSets.put(canonical(domain), version);
  }

  /** "ai.onnx" is the long name of the standard domain. */
  static String canonical(String domain) {
    return domain.equals("ai.onnx") ? "" : domain;
  }

  private void entry(ProtoReader in) {
    String key = "";
    String value = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> key = in.text();
        case 2 -> value = in.text();
        default -> in.skip();
      }
    }
    metadata.put(key, value);
  }

  private void mainGraph(ProtoReader in) {
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 2 -> graphName = in.text();
        case 11 -> inputs.add(value(in.message()));
        case 12 -> outputs.add(value(in.message()));
        default -> inGraph(in, field, 1);
      }
    }
  }

  private void graph(ProtoReader in, int depth) {
    if (depth > MAX_DEPTH) {
      throw new OnnxFormatException("its graphs are nested more than " + MAX_DEPTH + " deep");
    }
    for (int field; (field = in.next()) != 0; ) {
      inGraph(in, field, depth);
    }
  }

  private void inGraph(ProtoReader in, int field, int depth) {
    switch (field) {
      case 1 -> node(in.message(), depth);
      case 5 -> constant(tensor(in.message(), ""), depth);
      case 15 -> constant(sparseTensor(in.message(), ""), depth);
      default -> in.skip();
    }
  }

  private void constant(String name, int depth) {
    if (depth == 1) {
      constants.add(name);
    }
  }

  private void trainingInfo(ProtoReader in) {
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1, 2 -> graph(in.message(), 2);
        default -> in.skip();
      }
    }
  }

  private void function(ProtoReader in) {
    String name = "";
    String domain = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = in.text();
        case 7 -> node(in.message(), 1);
        case 10 -> domain = in.text();
        case 11 -> attribute(in.message(), "the function " + name, 1);
        default -> in.skip();
      }
    }
    functions.computeIfAbsent(canonical(domain), key -> new ArrayList<>()).add(name);
  }

  private void node(ProtoReader in, int depth) {
    String operator = "";
    String domain = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 4 -> operator = in.text();
        case 5 -> attribute(in.message(), operator, depth);
        case 7 -> domain = in.text();
        default -> in.skip();
      }
    }
    operators
        .computeIfAbsent(canonical(domain), key -> new TreeMap<>())
        .merge(operator, 1, Integer::sum);
  }

  private void attribute(ProtoReader in, String of, int depth) {
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 5, 10 -> tensor(in.message(), "an attribute of " + of);
        case 6, 11 -> graph(in.message(), depth + 1);
        case 7 -> floats(in);
        case 22, 23 -> sparseTensor(in.message(), "an attribute of " + of);
        default -> in.skip();
      }
    }
  }

  private void floats(ProtoReader in) {
    if (in.isLengthDelimited()) {
      addParameters(in.message().remaining() / 4);
    } else {
      in.real();
      addParameters(1);
    }
  }

  private void addParameters(long more) {
    long sum = parameters + more;
    parameters = sum < 0 ? Long.MAX_VALUE : sum;
  }

  private String sparseTensor(ProtoReader in, String unnamed) {
    String name = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = tensor(in.message(), unnamed);
        case 2 -> {
          long before = parameters;
          tensor(in.message(), unnamed);
          parameters = before; // positions are no parameters
        }
        default -> in.skip();
      }
    }
    return name;
  }

  /** Counts a tensor's values and notes whether they are elsewhere. */
  private String tensor(ProtoReader in, String unnamed) {
    String name = "";
    boolean external = false;
    Size size = new Size();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> {
          if (in.isLengthDelimited()) {
            ProtoReader packed = in.message();
            while (packed.hasRemaining()) {
              size.times(packed.packedVarint());
            }
          } else {
            size.times(in.varint());
          }
        }
        case 8 -> name = in.text();
        case 13 -> {
          external = true;
          in.skip();
        }
        case 14 -> external |= in.varint() != 0;
        default -> in.skip();
      }
    }
    if (external) {
      externalTensors.add(name.isEmpty() ? unnamed : name);
    }
    addParameters(size.total());
    return name;
  }

  /** The product of dimensions, which a damaged file may make larger than any number. */
  private static final class Size {
    private boolean hasZero;
    private long product = 1;

    void times(long dimension) {
      if (dimension < 0) {
        throw new OnnxFormatException("a tensor has a dimension of " + dimension);
      }
      if (dimension == 0) {
        hasZero = true;
      } else {
        product = product > Long.MAX_VALUE / dimension ? Long.MAX_VALUE : product * dimension;
      }
    }

    long total() {
      return hasZero ? 0 : product;
    }
  }

  private static OnnxInspection.Value value(ProtoReader in) {
    String name = "";
    Type type = Type.UNKNOWN;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = in.text();
        case 2 -> type = type(in.message(), 1);
        default -> in.skip();
      }
    }
    return new OnnxInspection.Value(name, type.text, Optional.ofNullable(type.shape));
  }

  private record Type(String text, @Nullable List<String> shape) {
    static final Type UNKNOWN = new Type("unknown", null);
  }

  private static Type type(ProtoReader in, int depth) {
    if (depth > MAX_DEPTH) {
      throw new OnnxFormatException("its types are nested more than " + MAX_DEPTH + " deep");
    }
    Type type = Type.UNKNOWN;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> type = tensorType(in.message());
        case 4 -> type = new Type("sequence(" + elementOf(in.message(), 1, depth) + ")", null);
        case 5 -> type = mapType(in.message(), depth);
        case 7 -> {
          in.skip();
          type = new Type("opaque()", null);
        }
        case 8 -> type = new Type("sparse_tensor(" + tensorType(in.message()).text + ")", null);
        case 9 -> type = new Type("optional(" + elementOf(in.message(), 1, depth) + ")", null);
        default -> in.skip();
      }
    }
    return type;
  }

  private static String elementOf(ProtoReader in, int wanted, int depth) {
    String element = Type.UNKNOWN.text;
    for (int field; (field = in.next()) != 0; ) {
      if (field == wanted) {
        element = type(in.message(), depth + 1).text;
      } else {
        in.skip();
      }
    }
    return element;
  }

  private static Type mapType(ProtoReader in, int depth) {
    String key = elementType(0);
    String value = Type.UNKNOWN.text;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> key = elementType(in.varint());
        case 2 -> value = type(in.message(), depth + 1).text;
        default -> in.skip();
      }
    }
    return new Type("map(" + key + "," + value + ")", null);
  }

  private static Type tensorType(ProtoReader in) {
    String element = elementType(0);
    List<String> shape = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> element = elementType(in.varint());
        case 2 -> {
          ProtoReader shapeIn = in.message();
          shape = new ArrayList<>();
          for (int part; (part = shapeIn.next()) != 0; ) {
            if (part == 1) {
              shape.add(dimension(shapeIn.message()));
            } else {
              shapeIn.skip();
            }
          }
        }
        default -> in.skip();
      }
    }
    return new Type(element, shape);
  }

  private static String elementType(long code) {
    return code >= 0 && code < ELEMENT_TYPES.size()
        ? ELEMENT_TYPES.get((int) code)
        : "element type " + code;
  }

  /** The code of an element type's name, the other way round. */
  static int elementCode(String name) {
    return ELEMENT_TYPES.indexOf(name);
  }

  private static String dimension(ProtoReader in) {
    String dimension = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> {
          long size = in.varint();
          dimension = size < 0 ? "" : Long.toString(size); // -1 is how some write "any"
        }
        case 2 -> {
          String name = in.text();
          dimension = ValueInfo.isFixed(name) ? "" : name; // a name of digits would pass for a size
        }
        default -> in.skip();
      }
    }
    return dimension;
  }
}
