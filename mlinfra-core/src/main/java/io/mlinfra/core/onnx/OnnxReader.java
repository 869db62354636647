package io.mlinfra.core.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From bytes to {@link OnnxFile}. The numbers are the field numbers of onnx.proto. What would
 * change the meaning of a graph if it were passed over is refused; the rest is skipped.
 */
final class OnnxReader {
  private String graphName = "";
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, TensorValue> initializers = new LinkedHashMap<>();
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<ValueInfo> outputs = new ArrayList<>();
  private final Map<String, Long> operatorSets = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private OnnxReader() {}

  static OnnxFile read(byte[] bytes) {
    OnnxReader reader = new OnnxReader();
    reader.model(new ProtoReader(bytes));
    if (reader.outputs.isEmpty()) {
      throw new OnnxFormatException("it holds no graph with an output");
    }
    return new OnnxFile(
        reader.graphName,
        reader.nodes,
        reader.initializers,
        reader.inputs,
        reader.outputs,
        reader.operatorSets,
        reader.metadata);
  }

  private void model(ProtoReader in) {
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 7 -> graph(in.message());
        case 8 -> operatorSet(in.message());
        case 14 -> metadata(in.message());
        case 25 -> throw new OnnxFormatException("functions inside a model are not supported");
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
    // "ai.onnx" is the long name of the standard domain.
    operatorSets.put(domain.equals("ai.onnx") ? "" : domain, version);
  }

  private void metadata(ProtoReader in) {
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

  private void graph(ProtoReader in) {
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> nodes.add(node(in.message()));
        case 2 -> graphName = in.text();
        case 5 -> {
          NamedTensor constant = tensor(in.message());
          if (initializers.put(constant.name, constant.value) != null) {
            throw new OnnxFormatException("the constant '" + constant.name + "' is there twice");
          }
        }
        case 11 -> inputs.add(valueInfo(in.message()));
        case 12 -> outputs.add(valueInfo(in.message()));
        case 15 -> throw new OnnxFormatException("sparse constants are not supported");
        default -> in.skip();
      }
    }
  }

  private static Node node(ProtoReader in) {
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    List<Attribute> attributes = new ArrayList<>();
    String operator = "";
    String domain = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> inputs.add(in.text());
        case 2 -> outputs.add(in.text());
        case 4 -> operator = in.text();
        case 5 -> attributes.add(attribute(in.message()));
        case 7 -> domain = in.text();
        default -> in.skip();
      }
    }
    return new Node(operator, domain.equals("ai.onnx") ? "" : domain, inputs, outputs, attributes);
  }

  private static Attribute attribute(ProtoReader in) {
    String name = "";
    long type = 0;
    long integer = 0;
    float real = 0;
    String text = "";
    TensorValue tensor = null;
    List<Float> reals = new ArrayList<>();
    List<Long> integers = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = in.text();
        case 2 -> real = in.real();
        case 3 -> integer = in.varint();
        case 4 -> text = in.text();
        case 5 -> tensor = tensor(in.message()).value;
        case 7 -> readReals(in, reals);
        case 8 -> readIntegers(in, integers);
        case 9 -> texts.add(in.text());
        case 20 -> type = in.varint();
        default -> in.skip();
      }
    }
    // Beyond int it is none of the types below, which narrowing would hide.
    return switch (Math.toIntExact(type)) {
      case 1 -> new Attribute.Real(name, real);
      case 2 -> new Attribute.Int(name, integer);
      case 3 -> new Attribute.Text(name, text);
      case 4 -> {
        if (tensor == null) {
          throw new OnnxFormatException("the attribute '" + name + "' lacks its tensor");
        }
        yield new Attribute.Tensor(name, tensor);
      }
      case 6 -> new Attribute.Reals(name, reals);
      case 7 -> new Attribute.Ints(name, integers);
      case 8 -> new Attribute.Texts(name, texts);
      case 5, 10 ->
          throw new OnnxFormatException(
              "the attribute '"
                  + name
                  + "' holds a graph, and graphs within graphs are not supported");
      default ->
          throw new OnnxFormatException(
              "the attribute '" + name + "' has unsupported type " + type);
    };
  }

  private static ValueInfo valueInfo(ProtoReader in) {
    String name = "";
    TensorType type = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = in.text();
        case 2 -> {
          ProtoReader typeIn = in.message();
          for (int kind; (kind = typeIn.next()) != 0; ) {
            if (kind == 1) {
              type = tensorType(typeIn.message());
            } else {
              typeIn.skip();
            }
          }
        }
        default -> in.skip();
      }
    }
    if (type == null) {
      throw new OnnxFormatException("'" + name + "' is not a tensor");
    }
    List<String> shape = type.shape;
    if (shape == null) {
      // Of any shape, which an empty one, a scalar's, would not say.
      throw new OnnxFormatException("'" + name + "' has no shape");
    }
    return new ValueInfo(name, type.type, shape);
  }

  private record TensorType(ElementType type, @Nullable List<String> shape) {}

  private static TensorType tensorType(ProtoReader in) {
    long code = 0;
    List<String> shape = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> code = in.varint();
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
    return new TensorType(ElementType.of(code), shape);
  }

  private static String dimension(ProtoReader in) {
    String dimension = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> dimension = Long.toString(in.varint());
        case 2 -> {
          dimension = in.text();
          if (ValueInfo.isFixed(dimension)) {
            throw new OnnxFormatException("a dimension is named '" + dimension + "'");
          }
        }
        default -> in.skip();
      }
    }
    return dimension;
  }

  private record NamedTensor(String name, TensorValue value) {}

  private static NamedTensor tensor(ProtoReader in) {
    String name = "";
    long code = 0;
    List<Long> shape = new ArrayList<>();
    byte[] raw = {};
    boolean isRaw = false;
    List<Float> reals = new ArrayList<>();
    List<Double> doubles = new ArrayList<>();
    List<Long> integers = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> readIntegers(in, shape);
        case 2 -> code = in.varint();
        case 4 -> readReals(in, reals);
        // int32_data carries all that is narrower, half floats as their bits
        case 5, 7, 11 -> readIntegers(in, integers);
        case 6 -> texts.add(in.text());
        case 8 -> name = in.text();
        case 9 -> {
          raw = in.bytes();
          isRaw = true;
        }
        case 10 -> {
          ProtoReader packed = in.message();
          while (packed.hasRemaining()) {
            doubles.add(packed.packedDouble());
          }
        }
        case 13, 14 -> {
          if (field == 13 || in.varint() != 0) {
            throw new OnnxFormatException("the constant '" + name + "' lies outside the file");
          }
        }
        default -> in.skip();
      }
    }
    long[] dimensions = longs(shape);
    ElementType type = ElementType.of(code);
    int width = type.width();
    if (isRaw && (width == 0 || raw.length % width != 0)) {
      throw new OnnxFormatException(
          "the constant '" + name + "' has " + raw.length + " bytes of " + type);
    }
    ByteBuffer bytes = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    return new NamedTensor(
        name,
        switch (type) {
          case FLOAT -> {
            float[] values = new float[isRaw ? raw.length / 4 : reals.size()];
            for (int i = 0; i < values.length; i++) {
              values[i] = isRaw ? bytes.getFloat(4 * i) : reals.get(i);
            }
            yield TensorValue.floats(values, dimensions);
          }
          case DOUBLE -> {
            double[] values = new double[isRaw ? raw.length / 8 : doubles.size()];
            for (int i = 0; i < values.length; i++) {
              values[i] = isRaw ? bytes.getDouble(8 * i) : doubles.get(i);
            }
            yield TensorValue.doubles(values, dimensions);
          }
          case INT64 -> {
            long[] values = new long[isRaw ? raw.length / 8 : integers.size()];
            for (int i = 0; i < values.length; i++) {
              values[i] = isRaw ? bytes.getLong(8 * i) : integers.get(i);
            }
            yield TensorValue.int64s(values, dimensions);
          }
          case BOOL -> {
            boolean[] values = new boolean[isRaw ? raw.length : integers.size()];
            for (int i = 0; i < values.length; i++) {
              values[i] = (isRaw ? raw[i] : integers.get(i)) != 0;
            }
            yield TensorValue.bools(values, dimensions);
          }
          case STRING -> TensorValue.strings(texts, dimensions);
          default -> TensorValue.raw(type, isRaw ? raw : narrow(type, integers), dimensions);
        });
  }

  /** Integers as the bytes of a narrower type. */
  private static byte[] narrow(ElementType type, List<Long> integers) {
    int width = type.width();
    int unused = 64 - 8 * width;
    boolean isSigned =
        switch (type) {
          case INT8, INT16, INT32 -> true;
          default -> false;
        };
    byte[] bytes = new byte[Math.multiplyExact(width, integers.size())];
    for (int i = 0; i < integers.size(); i++) {
      long value = integers.get(i);
      long top = value << unused;
      if ((isSigned ? top >> unused : top >>> unused) != value) {
        throw new OnnxFormatException(value + " is no " + type);
      }
      for (int b = 0; b < width; b++) {
        bytes[width * i + b] = (byte) (value >>> 8 * b);
      }
    }
    return bytes;
  }

  /** A repeated field comes packed into one piece, or value by value; readers must take both. */
  static void readIntegers(ProtoReader in, List<Long> into) {
    if (in.isLengthDelimited()) {
      ProtoReader packed = in.message();
      while (packed.hasRemaining()) {
        into.add(packed.packedVarint());
      }
    } else {
      into.add(in.varint());
    }
  }

  private static void readReals(ProtoReader in, List<Float> into) {
    if (in.isLengthDelimited()) {
      ProtoReader packed = in.message();
      while (packed.hasRemaining()) {
        into.add(packed.packedReal());
      }
    } else {
      into.add(in.real());
    }
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
