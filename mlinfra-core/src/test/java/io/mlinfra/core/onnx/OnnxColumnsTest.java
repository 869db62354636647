package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class OnnxColumnsTest {
  private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();

  /** So few that columns, inputs, outputs and values inside have each other's names. */
  private static final List<String> NAMES =
      List.of(
          "x", "x_0", "x_1", "x_0_2", "y", "y_0", "columns", "columns.2", "x.inside", "x_0.inside");

  /** The negatives of some inputs, and of which, through values inside with confusing names. */
  private record Negatives(byte[] onnx, List<String> inputs, List<Integer> widths) {
    static Negatives any(Random random) {
      List<String> names = new ArrayList<>(NAMES);
      Collections.shuffle(names, random);
      long opset = random.nextBoolean() ? 9 : 15;
      ForeignGraph file = new ForeignGraph(7, "other").opset("", opset);
      List<String> inputs = new ArrayList<>();
      List<Integer> widths = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(3); i++) {
        String input = names.remove(0);
        String inner = names.remove(0);
        String output = names.remove(0);
        int width = 1 + random.nextInt(3);
        file.node("Identity", "", input, inner).node("Neg", "", inner, output);
        file.input(input, ForeignGraph.FLOAT, "N", String.valueOf(width));
        file.output(output, ForeignGraph.FLOAT, "N", String.valueOf(width));
        inputs.add(input);
        widths.add(width);
      }
      return new Negatives(file.bytes(), inputs, widths);
    }

    int columns() {
      return widths.stream().mapToInt(Integer::intValue).sum();
    }
  }

  private static List<String> names(List<OnnxInspection.Value> values) {
    return values.stream().map(OnnxInspection.Value::name).toList();
  }

  @Property(tries = 150)
  void namesNeverGetInEachOthersWay(@ForAll Random random) throws OrtException {
    Negatives file = Negatives.any(random);
    Map<String, List<String>> declared = new LinkedHashMap<>();
    if (random.nextBoolean()) {
      List<String> names = new ArrayList<>(NAMES);
      Collections.shuffle(names, random);
      declared.put(file.inputs().get(0), names.subList(0, file.widths().get(0)));
    }
    byte[] split = OnnxColumns.split(file.onnx(), declared, Map.of());
    OnnxInspection found = OnnxInspection.of(split);
    List<String> inputs = names(found.inputs());
    List<String> outputs = names(found.outputs());
    Set<String> all = new TreeSet<>(inputs);
    all.addAll(outputs);
    assertThat(inputs).hasSize(file.columns());
    assertThat(all).hasSize(2 * file.columns());
    declared.forEach(
        (input, columns) -> assertThat(inputs).startsWith(columns.toArray(String[]::new)));
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      for (String input : inputs) {
        float[][] cells = {{tensors.size() + 1}, {10 * tensors.size() + 3}};
        tensors.put(input, OnnxTensor.createTensor(RUNTIME, cells));
      }
      try (OrtSession session = RUNTIME.createSession(split, options);
          OrtSession.Result result = session.run(tensors)) {
        for (int i = 0; i < outputs.size(); i++) {
          assertThat((float[][]) result.get(outputs.get(i)).orElseThrow().getValue())
              .isDeepEqualTo(new float[][] {{-(i + 1)}, {-(10 * i + 3)}});
        }
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
    assertThat(OnnxColumns.split(split, Map.of(), Map.of())).isEqualTo(split);
  }

  /** Anything but a file or the promised exception, errors of the JVM included, fails the test. */
  private static void splitOrReject(byte[] bytes) {
    byte[] split;
    try {
      split = OnnxColumns.split(bytes, Map.of(), Map.of());
    } catch (MlInfraException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
      return;
    }
    assertThat(OnnxInspection.of(split).outputs())
        .allSatisfy(
            output -> {
              assertThat(output.shape().orElseThrow()).hasSize(2);
              assertThat(output.shape().orElseThrow().get(1)).isEqualTo("1");
            });
  }

  @Test
  void survivesEveryTruncationAndEveryFlippedBit() {
    for (byte[] bytes :
        List.of(ForeignGraph.sklearn().bytes(), ForeignGraph.pytorch(3, 8).bytes())) {
      for (int at = 0; at < bytes.length; at++) {
        splitOrReject(Arrays.copyOf(bytes, at));
        for (int bit = 0; bit < 8; bit++) {
          byte[] damaged = bytes.clone();
          damaged[at] ^= (byte) (1 << bit);
          splitOrReject(damaged);
        }
      }
    }
  }

  @Property(tries = 300)
  void flippedBytesAreAFileOrAClearError(@ForAll Random random) {
    byte[] bytes = Negatives.any(random).onnx();
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
    }
    splitOrReject(bytes);
  }

  @Test
  void keepsNodesAndConstantsByteForByte() {
    byte[] original = ForeignGraph.xgboost().bytes();
    byte[] split = OnnxColumns.split(original, Map.of("label", List.of("kind")), Map.of());
    // The node is by far the longest field, so where it starts does not matter.
    byte[] node = longestField(new ProtoReader(original));
    assertThat(node.length).isGreaterThan(500);
    assertThat(longestField(new ProtoReader(split))).isEqualTo(node);
  }

  @Test
  void refusesInputsAndOutputsThatCannotBeTold() {
    String[][] wrong = {
      {"", "y", "an input has no name"},
      {"x", "", "an output has no name"},
    };
    for (String[] names : wrong) {
      ForeignGraph file =
          new ForeignGraph(8, "other")
              .opset("", 15)
              .input(names[0], ForeignGraph.FLOAT, "N", "2")
              .output(names[1], ForeignGraph.FLOAT, "N", "2");
      rejects(file, names[2]);
    }
    ForeignGraph twice = ForeignGraph.pytorch(8, 15).output("output", ForeignGraph.FLOAT, "N", "2");
    rejects(twice, "the output 'output' is there twice");
  }

  private static void rejects(ForeignGraph file, String says) {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> OnnxColumns.split(file.bytes(), Map.of(), Map.of()))
        .withMessageContaining(says)
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
  }

  private static byte[] longestField(ProtoReader model) {
    byte[] longest = {};
    for (int field; (field = model.next()) != 0; ) {
      if (field != 7) {
        model.skip();
        continue;
      }
      ProtoReader graph = model.message();
      while (graph.next() != 0) {
        byte[] bytes = graph.verbatim();
        longest = bytes.length > longest.length ? bytes : longest;
      }
    }
    return longest;
  }

  @Test
  void replacesAnEntryAndKeepsTheOthers() {
    byte[] onnx = ForeignGraph.pytorch(8, 15).metadata("a", "1").metadata("b", "2").bytes();
    byte[] changed = OnnxColumns.split(onnx, Map.of(), Map.of("a", "3", "c", "4"));
    assertThat(OnnxInspection.of(changed).metadata())
        .isEqualTo(Map.of("a", "3", "b", "2", "c", "4"));
    byte[] again = OnnxColumns.split(changed, Map.of(), Map.of("b", "5"));
    assertThat(OnnxInspection.of(again).metadata()).isEqualTo(Map.of("a", "3", "b", "5", "c", "4"));
    assertThat(OnnxInspection.of(again).inputs()).isEqualTo(OnnxInspection.of(changed).inputs());
  }
}
