package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class OnnxInspectionTest {
  private static OnnxInspection.Value value(String name, String type, String... shape) {
    return new OnnxInspection.Value(name, type, Optional.of(List.of(shape)));
  }

  @Test
  void tellsWhatAFileOfScikitLearnIs() {
    OnnxInspection file = OnnxInspection.of(ForeignGraph.sklearn().metadata("author", "é").bytes());
    assertThat(file.producer()).isEqualTo("skl2onnx");
    assertThat(file.producerVersion()).isEqualTo("1.2");
    assertThat(file.irVersion()).isEqualTo(8);
    assertThat(file.operatorSets())
        .containsExactly(Map.entry("ai.onnx.ml", 1L), Map.entry("", 15L));
    assertThat(file.graphName()).isEqualTo("foreign");
    assertThat(file.metadata()).isEqualTo(Map.of("author", "é"));
    assertThat(file.inputs()).containsExactly(value("float_input", "float", "", "4"));
    assertThat(file.outputs())
        .containsExactly(
            value("output_label", "int64", ""),
            new OnnxInspection.Value(
                "output_probability", "sequence(map(int64,float))", Optional.empty()));
    assertThat(file.operators())
        .isEqualTo(
            Map.of(
                "",
                Map.of("Cast", 1),
                "ai.onnx.ml",
                Map.of("Scaler", 1, "LinearClassifier", 1, "Normalizer", 1, "ZipMap", 1)));
    assertThat(file.hasExternalData()).isFalse();
    assertThat(file.parameters()).isEqualTo(4 + 4 + 12 + 3);
    assertThat(file.toString())
        .contains(
            "'foreign'",
            "skl2onnx 1.2",
            "float_input float[?, 4]",
            "output_probability sequence(map(int64,float))",
            "Cast 1",
            "23 parameters");
  }

  @Test
  void listsConstantsAmongTheInputsOnlyWhereTheyAreNone() {
    OnnxInspection file = OnnxInspection.of(ForeignGraph.pytorch(3, 8).bytes());
    assertThat(file.inputs()).containsExactly(value("input", "float", "batch", "3"));
    assertThat(file.outputs()).containsExactly(value("output", "float", "batch", "2"));
    assertThat(file.operators()).isEqualTo(Map.of("", Map.of("Gemm", 2, "Relu", 1)));
    assertThat(file.parameters()).isEqualTo(4 * 3 + 4 + 2 * 4 + 2);
  }

  private static ProtoWriter externalTensor(String name, long dimension) {
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(1, dimension);
    tensor.varint(2, 1);
    tensor.text(8, name);
    tensor.varint(14, 1);
    return tensor;
  }

  private static ProtoWriter withGraph(String operator, String attribute, ProtoWriter graph) {
    ProtoWriter node = ForeignGraph.nodeOf(operator, "", "x", "y");
    ForeignGraph.subgraph(node, attribute, graph);
    return node;
  }

  private static ForeignGraph plain() {
    return new ForeignGraph(8, "other")
        .opset("", 15)
        .input("x", ForeignGraph.FLOAT, "N", "1")
        .output("y", ForeignGraph.FLOAT, "N", "1");
  }

  @Test
  void looksIntoSubgraphsAndFunctions() {
    ProtoWriter inner = new ProtoWriter();
    inner.message(1, ForeignGraph.nodeOf("RandomNormal", "", "", "r"));
    inner.message(5, externalTensor("deep", 7));
    ProtoWriter body = new ProtoWriter();
    body.message(1, withGraph("If", "then_branch", inner));
    body.message(1, ForeignGraph.nodeOf("BiasGelu", "com.microsoft", "x b", "g"));
    ProtoWriter function = new ProtoWriter();
    function.text(1, "swish");
    function.message(7, ForeignGraph.nodeOf("Sigmoid", "ai.onnx", "a", "b"));
    function.message(7, withGraph("Loop", "body", body));
    function.text(10, "pkg.torch");
    OnnxInspection file =
        OnnxInspection.of(
            plain()
                .in(graph -> graph.message(1, withGraph("Loop", "body", body)))
                .node("swish", "pkg.torch", "x", "y")
                .inModel(model -> model.message(25, function))
                .bytes());
    assertThat(file.operators())
        .isEqualTo(
            Map.of(
                "",
                Map.of("Loop", 2, "If", 2, "RandomNormal", 2, "Sigmoid", 1),
                "com.microsoft",
                Map.of("BiasGelu", 2),
                "pkg.torch",
                Map.of("swish", 1)));
    assertThat(file.functions()).isEqualTo(Map.of("pkg.torch", List.of("swish")));
    assertThat(file.externalTensors()).containsExactly("deep", "deep");
    assertThat(file.parameters()).isEqualTo(14);
    // A constant of a subgraph makes no input of the graph optional.
    assertThat(file.inputs()).containsExactly(value("x", "float", "N", "1"));
  }

  @Test
  void findsDataOutsideTheFileWhereverATensorMayStand() {
    ProtoWriter located = new ProtoWriter();
    located.message(13, new ProtoWriter());
    ProtoWriter sparse = new ProtoWriter();
    sparse.message(1, externalTensor("values", 3));
    ProtoWriter positions = new ProtoWriter();
    positions.message(2, externalTensor("positions", 3));
    Map<ForeignGraph, String> files =
        Map.of(
            plain().in(graph -> graph.message(5, externalTensor("w", 3))), "w",
            plain().in(graph -> graph.message(5, located)), "",
            plain().in(graph -> graph.message(15, sparse)), "values",
            plain().in(graph -> graph.message(15, positions)), "positions",
            attribute(5, externalTensor("", 3)), "an attribute of Constant",
            attribute(10, externalTensor("t", 3)), "t",
            attribute(22, sparse), "values",
            attribute(23, sparse), "values",
            plain().inModel(model -> model.message(20, training())), "trained");
    files.forEach(
        (file, name) -> {
          OnnxInspection found = OnnxInspection.of(file.bytes());
          assertThat(found.externalTensors()).containsExactly(name);
          assertThat(found.hasExternalData()).isTrue();
          assertThat(found.toString()).contains("1 tensors that lie outside the file");
        });
  }

  private static ForeignGraph attribute(int field, ProtoWriter tensor) {
    ProtoWriter attribute = new ProtoWriter();
    attribute.message(field, tensor);
    ProtoWriter node = ForeignGraph.nodeOf("Constant", "", "", "c");
    node.message(5, attribute);
    return plain().in(graph -> graph.message(1, node));
  }

  private static ProtoWriter training() {
    ProtoWriter graph = new ProtoWriter();
    graph.message(5, externalTensor("trained", 1));
    ProtoWriter training = new ProtoWriter();
    training.message(2, graph);
    return training;
  }

  @Test
  void namesTypesThatAreNoTensors() {
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(1, 16);
    ProtoWriter inner = new ProtoWriter();
    inner.message(1, tensor);
    ProtoWriter holder = new ProtoWriter();
    holder.message(1, inner);
    ProtoWriter[] types = new ProtoWriter[5];
    int[] kinds = {4, 9, 8, 7, 6};
    String[] texts = {
      "sequence(bfloat16)", "optional(bfloat16)", "sparse_tensor(bfloat16)", "opaque()", "unknown"
    };
    ForeignGraph file = plain();
    for (int i = 0; i < kinds.length; i++) {
      types[i] = new ProtoWriter();
      types[i].message(kinds[i], kinds[i] == 8 ? tensor : holder);
      ProtoWriter info = new ProtoWriter();
      info.text(1, "v" + i);
      info.message(2, types[i]);
      file.in(graph -> graph.message(11, info));
    }
    file.input("odd", 99, (String[]) null).input("code", 22, "7", null, "n");
    assertThat(OnnxInspection.of(file.bytes()).inputs())
        .extracting(OnnxInspection.Value::toString)
        .containsExactly(
            "x float[N, 1]",
            "v0 " + texts[0],
            "v1 " + texts[1],
            "v2 " + texts[2],
            "v3 " + texts[3],
            "v4 unknown[…]",
            "odd element type 99[…]",
            "code int4[7, ?, n]");
  }

  private static void rejects(byte[] bytes, String says) {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> OnnxInspection.of(bytes))
        .withMessageStartingWith("not an ONNX file: ")
        .withMessageContaining(says)
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
  }

  @Test
  void believesNoSizeAndNoDepth() {
    ForeignGraph huge =
        plain()
            .in(
                graph -> {
                  ProtoWriter tensor = new ProtoWriter();
                  tensor.varint(1, Long.MAX_VALUE);
                  tensor.varint(1, Long.MAX_VALUE);
                  graph.message(5, tensor);
                  graph.message(5, tensor);
                });
    assertThat(OnnxInspection.of(huge.bytes()).parameters()).isEqualTo(Long.MAX_VALUE);
    rejects(
        plain().in(graph -> graph.message(5, externalTensor("w", -1))).bytes(), "dimension of -1");
    rejects(new byte[0], "no graph with an output");
    rejects(new byte[] {0x3A, -1, -1, -1, -1, 0x7F}, "claims 34359738367 bytes");
    // The number of field 7, a graph, with a bit beyond the 32 that a tag has.
    rejects(
        new byte[] {(byte) 0xBA, (byte) 0x80, (byte) 0x80, (byte) 0x80, 0x10, 0}, "a field number");
    ProtoWriter graph = new ProtoWriter();
    ProtoWriter type = new ProtoWriter();
    for (int i = 0; i < 31; i++) {
      graph = nested(graph);
      type = nestedType(type);
    }
    ProtoWriter deepest = graph;
    ProtoWriter deepestType = type;
    byte[] bytes = plain().in(out -> out.message(1, withGraph("If", "g", deepest))).bytes();
    rejects(bytes, "graphs are nested more than 32 deep");
    byte[] typed = plain().in(out -> out.message(11, deepestType)).bytes();
    assertThat(OnnxInspection.of(typed).inputs()).hasSize(2);
    for (int i = 0; i < 3000; i++) {
      graph = nested(graph);
      type = nestedType(type);
    }
    ProtoWriter abyss = graph;
    ProtoWriter abyssalType = type;
    rejects(plain().in(out -> out.message(1, withGraph("If", "g", abyss))).bytes(), "nested");
    ProtoWriter info = new ProtoWriter();
    info.message(2, abyssalType);
    rejects(plain().in(out -> out.message(11, info)).bytes(), "types are nested more than 32 deep");
  }

  private static ProtoWriter nested(ProtoWriter graph) {
    ProtoWriter outer = new ProtoWriter();
    outer.message(1, withGraph("If", "g", graph));
    return outer;
  }

  private static ProtoWriter nestedType(ProtoWriter type) {
    ProtoWriter sequence = new ProtoWriter();
    sequence.message(1, type);
    ProtoWriter outer = new ProtoWriter();
    outer.message(4, sequence);
    return outer;
  }

  // ---- damage

  /** Anything but a value or the promised exception, errors of the JVM included, fails the test. */
  private static void readOrReject(byte[] bytes) {
    OnnxInspection file;
    try {
      file = OnnxInspection.of(bytes);
    } catch (MlInfraException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
      assertThat(e.getMessage()).startsWith("not an ONNX file: ").hasSizeLessThan(1000);
      return;
    }
    assertThat(file.toString()).isNotEmpty();
    assertThat(file.parameters()).isNotNegative();
  }

  private static byte[] everything() {
    return ForeignGraph.sklearn()
        .in(
            graph -> {
              ProtoWriter inner = new ProtoWriter();
              inner.message(1, ForeignGraph.nodeOf("Neg", "", "float_input", "n"));
              inner.message(5, externalTensor("w", 2));
              graph.message(1, withGraph("If", "then_branch", inner));
            })
        .inModel(model -> model.message(20, training()))
        .bytes();
  }

  @Test
  void survivesEveryTruncationAndEveryFlippedByte() {
    byte[] bytes = everything();
    Assertions.assertTimeout(
        Duration.ofSeconds(60),
        () -> {
          for (int at = 0; at < bytes.length; at++) {
            readOrReject(Arrays.copyOf(bytes, at));
            for (int flip : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 0x7F, 0xFF}) {
              byte[] damaged = bytes.clone();
              damaged[at] ^= (byte) flip;
              readOrReject(damaged);
            }
          }
        });
  }

  @Provide
  Arbitrary<OnnxFile> files() {
    return OnnxFiles.any();
  }

  @Property(tries = 300)
  void agreesWithWhatTheFullReaderFinds(@ForAll("files") OnnxFile file) {
    OnnxInspection found = OnnxInspection.of(file.write());
    assertThat(found.graphName()).isEqualTo(file.graphName());
    assertThat(found.metadata()).isEqualTo(file.metadata());
    assertThat(found.operatorSets()).isEqualTo(file.operatorSets());
    assertThat(found.producer()).isEqualTo("mlinfra");
    assertThat(found.irVersion()).isEqualTo(OnnxFile.IR_VERSION);
    assertThat(found.outputs())
        .extracting(OnnxInspection.Value::name)
        .isEqualTo(file.outputs().stream().map(ValueInfo::name).toList());
    assertThat(found.outputs())
        .extracting(value -> value.shape().orElseThrow())
        .isEqualTo(file.outputs().stream().map(ValueInfo::shape).toList());
    long nodes =
        found.operators().values().stream()
            .flatMap(counts -> counts.values().stream())
            .mapToLong(Integer::longValue)
            .sum();
    assertThat(nodes).isEqualTo(file.nodes().size());
    assertThat(found.hasExternalData()).isFalse();
  }

  @Property(tries = 500)
  void aFileOfFlippedBytesIsAValueOrAClearError(
      @ForAll("files") OnnxFile file, @ForAll Random random) {
    byte[] bytes = file.write();
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
    }
    readOrReject(bytes);
  }

  @Property(tries = 1000)
  void bytesOfAnyKindAreAValueOrAClearError(@ForAll byte[] bytes) {
    readOrReject(bytes);
  }
}
