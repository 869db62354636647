package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class OnnxDamageTest {
  @Test
  void survivesEveryTruncation() {
    byte[] bytes = OnnxFiles.everything().write();
    for (int length = 0; length < bytes.length; length++) {
      OnnxRoundTripTest.readOrReject(Arrays.copyOf(bytes, length));
    }
  }

  @Test
  void survivesEveryFlippedByte() {
    byte[] bytes = OnnxFiles.everything().write();
    Assertions.assertTimeout(
        Duration.ofSeconds(60),
        () -> {
          for (int at = 0; at < bytes.length; at++) {
            for (int flip : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 0x7F, 0xFF}) {
              byte[] damaged = bytes.clone();
              damaged[at] ^= (byte) flip;
              OnnxRoundTripTest.readOrReject(damaged);
            }
          }
        });
  }

  private static byte[] model(Consumer<ProtoWriter> graph) {
    ProtoWriter content = new ProtoWriter();
    graph.accept(content);
    content.message(12, output(true));
    ProtoWriter model = new ProtoWriter();
    model.message(7, content);
    return model.toBytes();
  }

  private static ProtoWriter output(boolean hasShape) {
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(1, 1);
    if (hasShape) {
      tensor.message(2, new ProtoWriter());
    }
    ProtoWriter type = new ProtoWriter();
    type.message(1, tensor);
    ProtoWriter info = new ProtoWriter();
    info.text(1, "y");
    info.message(2, type);
    return info;
  }

  private static byte[] constant(Consumer<ProtoWriter> tensor) {
    ProtoWriter content = new ProtoWriter();
    content.text(8, "c");
    tensor.accept(content);
    return model(graph -> graph.message(5, content));
  }

  private static void rejects(byte[] bytes, String says) {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> OnnxFile.read(bytes))
        .withMessageStartingWith("not a usable ONNX file: ")
        .withMessageContaining(says)
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
  }

  @Test
  void believesNoLengthAndNoShape() {
    rejects(new byte[] {0x3A, -1, -1, -1, -1, 0x7F}, "claims 34359738367 bytes where 0 are left");
    rejects(constant(t -> t.varint(1, Long.MAX_VALUE)), "element type 0");
    rejects(
        constant(
            t -> {
              t.varint(1, Long.MAX_VALUE);
              t.varint(1, 4);
              t.varint(2, 1);
            }),
        "shape [9223372036854775807, 4]");
    rejects(
        constant(
            t -> {
              t.varint(1, -1);
              t.varint(2, 1);
            }),
        "shape [-1] must not be negative");
  }

  @Test
  void readsAShapeWithAZeroHoweverLargeTheRest() {
    TensorValue value = TensorValue.floats(new float[0], Long.MAX_VALUE, 2, 0);
    assertThat(value.shape()).containsExactly(Long.MAX_VALUE, 2, 0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.floats(new float[1], Long.MAX_VALUE, 2))
        .withMessageContaining("shape [9223372036854775807, 2]");
  }

  @Test
  void rejectsRawValuesThatAreCutShort() {
    for (int type : new int[] {1, 4, 6, 7, 10, 11, 12, 13, 16}) {
      int width = ElementType.of(type).width();
      byte[] raw = new byte[width + 1];
      rejects(
          constant(
              t -> {
                t.varint(1, 1);
                t.varint(2, type);
                t.bytes(9, raw);
              }),
          (width + 1) + " bytes");
    }
  }

  @Test
  void rejectsWhatItWouldOtherwisePassOver() {
    rejects(constant(t -> t.varint(2, 14)), "element type 14");
    rejects(
        constant(
            t -> {
              t.varint(2, 1);
              t.varint(14, 1);
            }),
        "lies outside the file");
    rejects(
        constant(
            t -> {
              t.varint(2, 1);
              t.message(13, new ProtoWriter());
            }),
        "lies outside the file");
    rejects(model(graph -> graph.message(15, new ProtoWriter())), "sparse constants");
    rejects(model(graph -> graph.message(12, output(false))), "'y' has no shape");
    ProtoWriter functions = new ProtoWriter();
    functions.message(25, new ProtoWriter());
    rejects(functions.toBytes(), "functions");
    ProtoWriter subgraph = new ProtoWriter();
    subgraph.text(1, "body");
    subgraph.varint(20, 5);
    ProtoWriter node = new ProtoWriter();
    node.message(5, subgraph);
    rejects(model(graph -> graph.message(1, node)), "'body' holds a graph");
    rejects(new byte[0], "no graph with an output");
  }

  @Test
  void rejectsAConstantThatIsThereTwice() {
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(2, 1);
    tensor.real(4, 1);
    tensor.text(8, "c");
    rejects(
        model(
            graph -> {
              graph.message(5, tensor);
              graph.message(5, tensor);
            }),
        "constant 'c' is there twice");
  }

  @Test
  void readsPackedAndUnpackedNumbersAlike() {
    OnnxFile unpacked =
        OnnxFile.read(
            constant(
                t -> {
                  t.varint(1, 2);
                  t.varint(2, 1);
                  t.real(4, 1);
                  t.real(4, 2);
                }));
    OnnxFile together =
        OnnxFile.read(
            constant(
                t -> {
                  t.bytes(1, new byte[] {2});
                  t.varint(2, 1);
                  t.bytes(4, new byte[] {0, 0, (byte) 0x80, 0x3F, 0, 0, 0, 0x40});
                }));
    assertThat(unpacked.initializers())
        .isEqualTo(together.initializers())
        .isEqualTo(Map.of("c", TensorValue.floats(new float[] {1, 2}, 2)));
  }

  private static TensorValue ofIntegers(int type, int field, long... values) {
    byte[] bytes =
        constant(
            t -> {
              t.varint(1, values.length);
              t.varint(2, type);
              for (long value : values) {
                t.varint(field, value);
              }
            });
    return OnnxFile.read(bytes).initializers().values().iterator().next();
  }

  @Test
  void readsNarrowNumbersFromWideFields() {
    byte[] bytes = {-1, 127, -128};
    assertThat(ofIntegers(3, 5, -1, 127, -128))
        .isEqualTo(TensorValue.raw(ElementType.INT8, bytes, 3));
    assertThat(ofIntegers(2, 5, 255, 127, 128))
        .isEqualTo(TensorValue.raw(ElementType.UINT8, bytes, 3));
    assertThat(ofIntegers(6, 5, Integer.MIN_VALUE).raw()).containsExactly(0, 0, 0, -128);
    assertThat(ofIntegers(10, 5, 0x3C00).raw()).containsExactly(0, 0x3C);
    assertThat(ofIntegers(12, 11, 0xFFFF_FFFFL).raw()).containsExactly(-1, -1, -1, -1);
    assertThat(ofIntegers(13, 11, -2).raw()).containsExactly(-2, -1, -1, -1, -1, -1, -1, -1);
    for (long[] wrong :
        new long[][] {
          {3, 128},
          {3, -129},
          {2, -1},
          {2, 256},
          {5, 1 << 15},
          {4, -1},
          {6, 1L << 31},
          {10, -1},
          {16, 1 << 16},
          {12, 1L << 32}
        }) {
      rejects(
          constant(
              t -> {
                t.varint(1, 1);
                t.varint(2, wrong[0]);
                t.varint(5, wrong[1]);
              }),
          wrong[1] + " is no ");
    }
  }

  @Test
  void refusesToWriteTextThatIsNoUnicode() {
    GraphBuilder graph = new GraphBuilder("half");
    String x = graph.input("x", ElementType.STRING, "N", "1");
    String half = graph.constant(TensorValue.strings(List.of("?", "\uD83D"), 2));
    graph.output(graph.node("Equal", x, half), "y", ElementType.BOOL, "N", "2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.build().write())
        .withMessageContaining("half of a surrogate pair");
  }

  @Test
  void refusesADimensionThatIsTooLarge() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ValueInfo("x", ElementType.FLOAT, List.of("9".repeat(20))))
        .withMessageContaining("99999999999999999999");
  }
}
