package io.mlinfra.core.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/** From {@link OnnxFile} to bytes. The numbers are the field numbers of onnx.proto. */
final class OnnxWriter {
  private OnnxWriter() {}

  static byte[] write(OnnxFile file) {
    ProtoWriter model = new ProtoWriter();
    model.varint(1, OnnxFile.IR_VERSION);
    model.text(2, "mlinfra");
    model.message(7, graph(file));
    file.operatorSets()
        .forEach(
            (domain, version) -> {
              ProtoWriter set = new ProtoWriter();
              if (!domain.isEmpty()) {
                set.text(1, domain);
              }
              set.varint(2, version);
              model.message(8, set);
            });
    file.metadata()
        .forEach(
            (key, value) -> {
              ProtoWriter entry = new ProtoWriter();
              entry.text(1, key);
              entry.text(2, value);
              model.message(14, entry);
            });
    return model.toBytes();
  }

  private static ProtoWriter graph(OnnxFile file) {
    ProtoWriter graph = new ProtoWriter();
    for (Node node : file.nodes()) {
      graph.message(1, node(node));
    }
    graph.text(2, file.graphName());
    for (Map.Entry<String, TensorValue> constant : file.initializers().entrySet()) {
      graph.message(5, tensor(constant.getKey(), constant.getValue()));
    }
    for (ValueInfo input : file.inputs()) {
      graph.message(11, valueInfo(input));
    }
    for (ValueInfo output : file.outputs()) {
      graph.message(12, valueInfo(output));
    }
    return graph;
  }

  static ProtoWriter node(Node node) {
    ProtoWriter out = new ProtoWriter();
    node.inputs().forEach(input -> out.text(1, input));
    node.outputs().forEach(output -> out.text(2, output));
    out.text(4, node.operator());
    node.attributes().forEach(attribute -> out.message(5, attribute(attribute)));
    if (!node.domain().isEmpty()) {
      out.text(7, node.domain());
    }
    return out;
  }

  private static ProtoWriter attribute(Attribute attribute) {
    ProtoWriter out = new ProtoWriter();
    out.text(1, attribute.name());
    // A sealed interface, so each kind has its branch; field 20 is the kind's code.
    if (attribute instanceof Attribute.Real real) {
      out.real(2, real.value());
      out.varint(20, 1);
    } else if (attribute instanceof Attribute.Int integer) {
      out.varint(3, integer.value());
      out.varint(20, 2);
    } else if (attribute instanceof Attribute.Text text) {
      out.text(4, text.value());
      out.varint(20, 3);
    } else if (attribute instanceof Attribute.Tensor tensor) {
      out.message(5, tensor("", tensor.value()));
      out.varint(20, 4);
    } else if (attribute instanceof Attribute.Reals reals) {
      reals.values().forEach(value -> out.real(7, value));
      out.varint(20, 6);
    } else if (attribute instanceof Attribute.Ints integers) {
      integers.values().forEach(value -> out.varint(8, value));
      out.varint(20, 7);
    } else if (attribute instanceof Attribute.Texts texts) {
      texts.values().forEach(value -> out.text(9, value));
      out.varint(20, 8);
    }
    return out;
  }

  static ProtoWriter valueInfo(ValueInfo info) {
    ProtoWriter shape = new ProtoWriter();
    for (String dimension : info.shape()) {
      ProtoWriter out = new ProtoWriter();
      if (ValueInfo.isFixed(dimension)) {
        out.varint(1, Long.parseLong(dimension));
      } else {
        out.text(2, dimension);
      }
      shape.message(1, out);
    }
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(1, info.type().code());
    tensor.message(2, shape);
    ProtoWriter type = new ProtoWriter();
    type.message(1, tensor);
    ProtoWriter out = new ProtoWriter();
    out.text(1, info.name());
    out.message(2, type);
    return out;
  }

  static ProtoWriter tensor(String name, TensorValue tensor) {
    ProtoWriter out = new ProtoWriter();
    for (long dimension : tensor.shape()) {
      out.varint(1, dimension);
    }
    out.varint(2, tensor.type().code());
    if (tensor.type() == ElementType.STRING) {
      tensor.strings().forEach(value -> out.text(6, value));
    }
    out.text(8, name);
    if (tensor.type() != ElementType.STRING) {
      out.bytes(9, raw(tensor));
    }
    return out;
  }

  private static byte[] raw(TensorValue tensor) {
    return switch (tensor.type()) {
      case FLOAT -> {
        float[] values = tensor.floats();
        ByteBuffer out = littleEndian(4 * values.length);
        out.asFloatBuffer().put(values);
        yield out.array();
      }
      case DOUBLE -> {
        double[] values = tensor.doubles();
        ByteBuffer out = littleEndian(8 * values.length);
        out.asDoubleBuffer().put(values);
        yield out.array();
      }
      case INT64 -> {
        long[] values = tensor.int64s();
        ByteBuffer out = littleEndian(8 * values.length);
        out.asLongBuffer().put(values);
        yield out.array();
      }
      case BOOL -> {
        boolean[] values = tensor.bools();
        byte[] out = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
          out[i] = (byte) (values[i] ? 1 : 0);
        }
        yield out;
      }
      case STRING -> throw new AssertionError("texts have no raw form");
      default -> tensor.raw();
    };
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
