package io.mlinfra.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.training.backend.Backend;
import io.mlinfra.training.backend.JavaBackend;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** JVMs that lack a jar or a flag: each says what to add, and none crashes. */
class MissingPartsTest {
  private static final Predicate<String> NO_ND4J =
      jar -> !jar.contains("nd4j") && !jar.contains("bytedeco");

  private static final Predicate<String> NO_NATIVES =
      jar -> !jar.matches(".*nd4j-native-[0-9][^/]*-(linux|macosx|windows)-[^/]*\\.jar");

  private static String fitInPlainJava() {
    try (Backend java = JavaBackend.open()) {
      return "model " + TrainingProcess.fit(java).model().hash() + " by java";
    }
  }

  @Test
  void namesTheArtifactWhereNd4jIsMissing() throws Exception {
    ChildJvm.Result child = ChildJvm.run(NO_ND4J, flag -> true, TrainingProcess.class, "nd4j");
    assertThat(child.output())
        .startsWith("error ARTIFACT_MISSING: ")
        .contains("org.nd4j:nd4j-native", "org.bytedeco:openblas", "linux-x86_64");
    assertThat(child.status()).isZero();
  }

  @Test
  void trainsInPlainJavaWhereNd4jIsMissing() throws Exception {
    ChildJvm.Result child = ChildJvm.run(NO_ND4J, flag -> true, TrainingProcess.class, "best");
    assertThat(child.output()).contains(fitInPlainJava());
    assertThat(child.status()).isZero();
  }

  @Test
  void namesTheArtifactWhereTheNativesOfThisMachineAreMissing() throws Exception {
    ChildJvm.Result child = ChildJvm.run(NO_NATIVES, flag -> true, TrainingProcess.class, "nd4j");
    assertThat(child.output())
        .contains("error ARTIFACT_MISSING: ", "org.nd4j:nd4j-native", "classifier");
    assertThat(child.status()).isZero();
  }

  @Test
  void trainsInPlainJavaWhereTheNativesOfThisMachineAreMissing() throws Exception {
    ChildJvm.Result child = ChildJvm.run(NO_NATIVES, flag -> true, TrainingProcess.class, "best");
    assertThat(child.output()).contains(fitInPlainJava());
    assertThat(child.status()).isZero();
  }

  @Test
  void namesTheFlagThatArrowNeeds() throws Exception {
    ChildJvm.Result child =
        ChildJvm.run(
            jar -> true,
            flag -> !flag.startsWith("--add-opens"),
            TrainingProcess.class,
            "fit",
            "java");
    assertThat(child.output())
        .contains("error JVM_FLAG_MISSING: ", "--add-opens=java.base/java.nio=ALL-UNNAMED");
    assertThat(child.status()).isZero();
  }
}
