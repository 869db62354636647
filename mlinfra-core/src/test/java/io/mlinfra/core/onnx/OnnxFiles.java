package io.mlinfra.core.onnx;

import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Arbitrary content of ONNX files, and one that has something of everything. */
final class OnnxFiles {
  private OnnxFiles() {}

  static Arbitrary<OnnxFile> any() {
    return Combinators.combine(
            texts(),
            nodes().list().ofMaxSize(4),
            Arbitraries.maps(texts(), tensors()).ofMaxSize(4),
            valueInfos().list().ofMaxSize(3),
            valueInfos().list().ofMinSize(1).ofMaxSize(3),
            Arbitraries.maps(domains(), Arbitraries.longs()).ofMaxSize(3),
            Arbitraries.maps(texts(), texts()).ofMaxSize(3))
        .as(OnnxFile::new);
  }

  /** Any Unicode text, which leaves out halves of surrogate pairs. */
  static Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.strings().alpha().ofMaxLength(6),
        Arbitraries.of("", "é", "東京", "😀", "a\u0000b", "\uFFFF", "\n"),
        Arbitraries.integers()
            .between(0, Character.MAX_CODE_POINT)
            .filter(c -> c < 0xD800 || c > 0xDFFF)
            .list()
            .ofMaxSize(5)
            .map(OnnxFiles::text));
  }

  private static String text(List<Integer> codePoints) {
    StringBuilder text = new StringBuilder();
    codePoints.forEach(text::appendCodePoint);
    return text.toString();
  }

  private static Arbitrary<String> domains() {
    return texts().filter(domain -> !domain.equals("ai.onnx"));
  }

  private static Arbitrary<Node> nodes() {
    return Combinators.combine(
            texts(),
            domains(),
            texts().list().ofMaxSize(3),
            texts().list().ofMaxSize(3),
            attributes().list().ofMaxSize(4))
        .as(Node::new);
  }

  static Arbitrary<Attribute> attributes() {
    Arbitrary<Float> floats = floats();
    return Arbitraries.oneOf(
        Combinators.combine(texts(), Arbitraries.longs()).as(Attribute.Int::new),
        Combinators.combine(texts(), floats).as(Attribute.Real::new),
        Combinators.combine(texts(), texts()).as(Attribute.Text::new),
        Combinators.combine(texts(), Arbitraries.longs().list().ofMaxSize(5))
            .as(Attribute.Ints::new),
        Combinators.combine(texts(), floats.list().ofMaxSize(5)).as(Attribute.Reals::new),
        Combinators.combine(texts(), texts().list().ofMaxSize(5)).as(Attribute.Texts::new),
        Combinators.combine(texts(), tensors()).as(Attribute.Tensor::new));
  }

  /** By bits, so that every NaN, both zeros and the subnormals come up. */
  private static Arbitrary<Float> floats() {
    return Arbitraries.integers()
        .between(Integer.MIN_VALUE, Integer.MAX_VALUE)
        .map(Float::intBitsToFloat);
  }

  static Arbitrary<TensorValue> tensors() {
    Arbitrary<long[]> shapes =
        Arbitraries.longs().between(0, 3).list().ofMaxSize(3).map(OnnxFiles::longs);
    return Combinators.combine(
            shapes, Arbitraries.of(ElementType.values()), Arbitraries.longs().list().ofSize(27))
        .flatAs(OnnxFiles::tensor);
  }

  private static Arbitrary<TensorValue> tensor(
      long[] shape, ElementType type, List<Long> randomBits) {
    int size = 1;
    for (long dimension : shape) {
      size *= (int) dimension;
    }
    long[] bits = longs(randomBits.subList(0, size));
    return switch (type) {
      case INT64 -> Arbitraries.just(TensorValue.int64s(bits, shape));
      case FLOAT -> {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
          values[i] = Float.intBitsToFloat((int) bits[i]);
        }
        yield Arbitraries.just(TensorValue.floats(values, shape));
      }
      case DOUBLE -> {
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
          values[i] = Double.longBitsToDouble(bits[i]);
        }
        yield Arbitraries.just(TensorValue.doubles(values, shape));
      }
      case BOOL -> {
        boolean[] values = new boolean[size];
        for (int i = 0; i < size; i++) {
          values[i] = (bits[i] & 1) == 1;
        }
        yield Arbitraries.just(TensorValue.bools(values, shape));
      }
      case STRING -> texts().list().ofSize(size).map(values -> TensorValue.strings(values, shape));
      default -> {
        byte[] values = new byte[size * type.width()];
        for (int i = 0; i < values.length; i++) {
          values[i] = (byte) (bits[i / type.width()] >>> i % type.width() * 8);
        }
        yield Arbitraries.just(TensorValue.raw(type, values, shape));
      }
    };
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  static Arbitrary<ValueInfo> valueInfos() {
    Arbitrary<String> dimension =
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, Long.MAX_VALUE).map(String::valueOf),
            texts().filter(text -> !text.matches("[0-9]+")));
    return Combinators.combine(
            texts(), Arbitraries.of(ElementType.values()), dimension.list().ofMaxSize(3))
        .as(ValueInfo::new);
  }

  /** Every kind of attribute and every type of constant, small enough to flip each bit of. */
  static OnnxFile everything() {
    List<Attribute> attributes =
        List.of(
            new Attribute.Int("int", -1),
            new Attribute.Real("real", 0.1f),
            new Attribute.Text("text", "é😀"),
            new Attribute.Ints("ints", List.of(1L, -1L, Long.MAX_VALUE)),
            new Attribute.Reals("reals", List.of(1f, Float.NaN)),
            new Attribute.Texts("texts", List.of("a", "")),
            new Attribute.Tensor("tensor", TensorValue.int64s(new long[] {3, 4}, 2)));
    return new OnnxFile(
        "everything",
        List.of(new Node("Op", "ai.onnx.ml", List.of("x", ""), List.of("y"), attributes)),
        Map.of(
            "halves", TensorValue.raw(ElementType.FLOAT16, new byte[] {0, 60}, 1),
            "floats", TensorValue.floats(new float[] {1, 2}, 2, 1),
            "doubles", TensorValue.doubles(new double[] {0.5}, 1),
            "strings", TensorValue.strings(List.of("JFK", "東京"), 2),
            "bools", TensorValue.bools(new boolean[] {true, false}, 2),
            "scalar", TensorValue.int64s(new long[] {9})),
        List.of(new ValueInfo("x", ElementType.STRING, List.of("N", "1"))),
        List.of(new ValueInfo("y", ElementType.FLOAT, List.of("N", "1"))),
        Map.of("", 21L, "ai.onnx.ml", 3L),
        Map.of("mlinfra.nullable", "x"));
  }
}
