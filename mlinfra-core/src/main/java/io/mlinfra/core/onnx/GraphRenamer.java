package io.mlinfra.core.onnx;

import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Goes through every place of a graph's protobuf message that names a value, in its subgraphs too,
 * and leaves all else as it stands, fields it does not know included. A name is renamed wherever it
 * occurs: whether a subgraph means a value of its own or one from outside makes no difference then.
 * The numbers are the field numbers of onnx.proto.
 */
final class GraphRenamer {
  private final UnaryOperator<String> name;

  private GraphRenamer(UnaryOperator<String> name) {
    this.name = name;
  }

  /** Of the field of a graph that the reader stands at: the names of values in it. */
  static void collect(ProtoReader in, int field, Set<String> into) {
    GraphRenamer collector =
        new GraphRenamer(
            text -> {
              into.add(text);
              return text;
            });
    collector.field(in, field, new ProtoWriter());
  }

  /** The field of a graph that the reader stands at, with other names of values. */
  static byte[] rename(ProtoReader in, int field, Map<String, String> names) {
    if (names.isEmpty()) {
      return in.verbatim();
    }
    ProtoWriter out = new ProtoWriter();
    new GraphRenamer(text -> names.getOrDefault(text, text)).field(in, field, out);
    return out.toBytes();
  }

  private interface Part {
    void write(ProtoReader in, int field, ProtoWriter out);
  }

  /** Copies a message, each field of it as told. */
  private static void message(ProtoReader in, int field, ProtoWriter out, Part part) {
    ProtoReader content = in.message();
    ProtoWriter copy = new ProtoWriter();
    for (int inside; (inside = content.next()) != 0; ) {
      part.write(content, inside, copy);
    }
    out.message(field, copy);
  }

  private void text(ProtoReader in, int field, ProtoWriter out) {
    out.text(field, name.apply(in.text()));
  }

  /** A field of a GraphProto. */
  private void field(ProtoReader in, int field, ProtoWriter out) {
    switch (field) {
      case 1 -> message(in, field, out, this::node);
      case 5 -> message(in, field, out, this::tensor);
      case 11, 12, 13 -> message(in, field, out, this::valueInfo);
      case 14 -> message(in, field, out, this::annotation);
      case 15 -> message(in, field, out, this::sparseTensor);
      default -> out.verbatim(in.verbatim());
    }
  }

  private void node(ProtoReader in, int field, ProtoWriter out) {
    switch (field) {
      case 1, 2 -> text(in, field, out);
      case 5 -> message(in, field, out, this::attribute);
      default -> out.verbatim(in.verbatim());
    }
  }

  private void attribute(ProtoReader in, int field, ProtoWriter out) {
    switch (field) {
      case 6, 11 -> message(in, field, out, this::field);
      default -> out.verbatim(in.verbatim());
    }
  }

  private void tensor(ProtoReader in, int field, ProtoWriter out) {
    if (field == 8) {
      text(in, field, out);
    } else {
      out.verbatim(in.verbatim());
    }
  }

  private void valueInfo(ProtoReader in, int field, ProtoWriter out) {
    if (field == 1) {
      text(in, field, out);
    } else {
      out.verbatim(in.verbatim());
    }
  }

  private void sparseTensor(ProtoReader in, int field, ProtoWriter out) {
    if (field == 1) {
      message(in, field, out, this::tensor);
    } else {
      out.verbatim(in.verbatim());
    }
  }

  private void annotation(ProtoReader in, int field, ProtoWriter out) {
    switch (field) {
      case 1 -> text(in, field, out);
      case 2 -> message(in, field, out, this::annotationEntry);
      default -> out.verbatim(in.verbatim());
    }
  }

  /** From the kind of a quantisation's parameter to the name of the value that holds it. */
  private void annotationEntry(ProtoReader in, int field, ProtoWriter out) {
    if (field == 2) {
      text(in, field, out);
    } else {
      out.verbatim(in.verbatim());
    }
  }
}
