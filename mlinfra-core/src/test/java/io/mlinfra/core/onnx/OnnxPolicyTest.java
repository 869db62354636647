package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OnnxPolicyTest {
  private static final OnnxPolicy STRICT = OnnxPolicy.strict();

  private static ForeignGraph file() {
    return new ForeignGraph(8, "other")
        .opset("", 15)
        .input("x", ForeignGraph.FLOAT, "N", "1")
        .output("y", ForeignGraph.FLOAT, "N", "1");
  }

  private static void admits(OnnxPolicy policy, ForeignGraph file) {
    assertThatCode(() -> policy.check(OnnxInspection.of(file.bytes()))).doesNotThrowAnyException();
  }

  private static void refuses(OnnxPolicy policy, ForeignGraph file, String... says) {
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> policy.check(OnnxInspection.of(file.bytes())))
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
              assertThat(e.getMessage())
                  .startsWith("the ONNX graph 'foreign' is not admitted: ")
                  .contains(says)
                  .hasSizeLessThan(3000);
            });
  }

  @Test
  void admitsWhatTheUsualExportersWriteForTables() {
    admits(STRICT, ForeignGraph.sklearn());
    admits(STRICT, ForeignGraph.sklearnOfTexts());
    admits(STRICT, ForeignGraph.xgboost());
    admits(STRICT, ForeignGraph.pytorch(3, 8));
    admits(STRICT, ForeignGraph.pytorch(10, 21));
  }

  @Test
  void refusesWhatIsRandomOrEndlessOrForTraining() {
    for (String operator :
        List.of(
            "RandomNormal",
            "RandomNormalLike",
            "RandomUniform",
            "RandomUniformLike",
            "Bernoulli",
            "Multinomial",
            "Dropout",
            "Loop",
            "Scan",
            "SequenceMap",
            "ImageDecoder",
            "SoftmaxCrossEntropyLoss",
            "NegativeLogLikelihoodLoss",
            "ATen",
            "Frobnicate")) {
      ForeignGraph file = file().node(operator, "", "x", "y");
      refuses(STRICT, file, operator, "allowOperator(\"\", \"" + operator + "\")");
      admits(STRICT.allowOperator("", operator), file);
      admits(STRICT.allowOperator("ai.onnx", operator), file);
      admits(STRICT.allowDomain(""), file);
    }
  }

  @Test
  void refusesOperatorsInsideSubgraphs() {
    ProtoWriter branch = new ProtoWriter();
    branch.message(1, ForeignGraph.nodeOf("RandomUniform", "", "", "r"));
    ProtoWriter node = ForeignGraph.nodeOf("If", "", "x", "y");
    ForeignGraph.subgraph(node, "then_branch", branch);
    refuses(STRICT, file().in(graph -> graph.message(1, node)), "RandomUniform");
  }

  @Test
  void refusesOtherDomainsUntilTheyAreAllowed() {
    ForeignGraph file =
        file()
            .node("BiasGelu", "com.microsoft", "x x", "b")
            .node("Gelu", "com.microsoft", "b", "y");
    refuses(
        STRICT,
        file,
        "operators of the domain 'com.microsoft': BiasGelu, Gelu",
        "allowOperator(\"com.microsoft\", \"BiasGelu\") or allowDomain(\"com.microsoft\")");
    refuses(STRICT.allowOperator("com.microsoft", "BiasGelu"), file, ": Gelu (");
    admits(STRICT.allowDomain("com.microsoft"), file);
    admits(
        STRICT.allowOperator("com.microsoft", "BiasGelu").allowOperator("com.microsoft", "Gelu"),
        file);
    refuses(STRICT, file().node("Gradient", "ai.onnx.preview.training", "x", "y"), "Gradient");
  }

  private static ForeignGraph withFunction(String domain, String name, String uses) {
    ProtoWriter function = new ProtoWriter();
    function.text(1, name);
    function.message(7, ForeignGraph.nodeOf(uses, "", "a", "b"));
    function.text(10, domain);
    return file().node(name, domain, "x", "y").inModel(model -> model.message(25, function));
  }

  @Test
  void holdsFunctionsOfTheFileToThePolicy() {
    ForeignGraph harmless = withFunction("pkg.torch", "twice", "Add");
    refuses(STRICT, harmless, "the file defines functions in the domain 'pkg.torch': twice");
    admits(STRICT.allowDomain("pkg.torch"), harmless);
    admits(STRICT.allowOperator("pkg.torch", "twice"), harmless);
    ForeignGraph random = withFunction("pkg.torch", "noise", "RandomNormalLike");
    refuses(STRICT.allowDomain("pkg.torch"), random, "RandomNormalLike");
    ForeignGraph disguised = withFunction("ai.onnx", "Relu", "Neg");
    refuses(STRICT, disguised, "in the standard domain '': Relu", "never allowed");
    refuses(STRICT.allowDomain("").allowOperator("", "Relu"), disguised, "never allowed");
  }

  @Test
  void neverAdmitsDataOutsideTheFile() {
    ProtoWriter tensor = new ProtoWriter();
    tensor.varint(1, 1);
    tensor.varint(2, 1);
    tensor.text(8, "w1");
    tensor.varint(14, 1);
    ForeignGraph file = file().node("Neg", "", "x", "y").in(graph -> graph.message(5, tensor));
    refuses(STRICT, file, "the values of w1 lie outside the file", "embed them", "never allowed");
    refuses(STRICT.allowDomain(""), file, "w1");
  }

  @Test
  void namesEverythingThatIsInTheWayAtOnceAndTheFirstFewOfEach() {
    ForeignGraph file = withFunction("pkg.torch", "twice", "Loop").node("Scan", "", "x", "s");
    for (int i : IntStream.range(0, 20).toArray()) {
      file.node("Op" + (char) ('A' + i), "custom", "x", "o" + i);
      file.in(
          graph -> {
            ProtoWriter tensor = new ProtoWriter();
            tensor.text(8, "w" + i);
            tensor.varint(14, 1);
            graph.message(5, tensor);
          });
    }
    refuses(
        STRICT,
        file,
        "operators that are not on the list: Loop, Scan (",
        "operators of the domain 'custom': OpA, OpB, OpC, OpD, OpE, and 15 more (",
        "functions in the domain 'pkg.torch': twice",
        "the values of w0, w1, w2, w3, w4, and 15 more lie outside");
    refuses(STRICT, file().node("x".repeat(5000), "y".repeat(5000), "x", "y"), "xxx…", "yyy…");
  }

  @Test
  void isAnotherPolicyWhereMoreIsAllowed() {
    OnnxPolicy more = STRICT.allowOperator("", "Loop").allowDomain("com.microsoft");
    assertThat(more.allows("", "Loop")).isTrue();
    assertThat(more.allows("com.microsoft", "Anything")).isTrue();
    assertThat(more.allows("ai.onnx", "Relu")).isTrue();
    assertThat(STRICT.allows("", "Loop")).isFalse();
    assertThat(OnnxPolicy.strict().allows("", "Loop")).isFalse();
    assertThat(STRICT.allows("com.microsoft", "Anything")).isFalse();
    assertThat(STRICT.allows("ai.onnx.ml", "ZipMap")).isTrue();
  }
}
