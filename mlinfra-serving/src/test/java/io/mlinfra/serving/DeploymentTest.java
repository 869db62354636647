package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeploymentTest {
  @TempDir private Path folder;
  private Registry registry;

  @BeforeEach
  void open() {
    registry = Registry.open(folder);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private Version register(Model model) {
    return registry.register(Registration.of(Kind.MODEL, "times").content(model.toOnnx()));
  }

  private Version champion(Model model) {
    Version version = register(model);
    registry.promote("times", "champion", version);
    return version;
  }

  private static Object answer(Deployment deployment) {
    return deployment.predict(Map.of("x", 10f)).value("y");
  }

  private static ThrowableAssertAlternative<MlInfraException> fails(
      ErrorCode code, ThrowingCallable call) {
    return Assertions.assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void servesTheVersionThatAnAliasPointsTo() {
    Version two = champion(Models.times(2));
    register(Models.times(3));
    try (Deployment deployment = Deployment.open(registry, "times@champion")) {
      Prediction prediction = deployment.predict(Map.of("x", 10f));
      assertThat(prediction.value("y")).isEqualTo(20f);
      assertThat(prediction.version()).contains(two.id());
      assertThat(deployment.version()).isEqualTo(two);
      assertThat(deployment.signature()).isEqualTo(Models.times(2).signature());
      assertThat(deployment).hasToString("Deployment 'times@champion'");
    }
  }

  @Test
  void followsTheAliasAtARefresh() {
    champion(Models.times(2));
    try (Deployment deployment = Deployment.open(registry, "times@champion")) {
      assertThat(deployment.refresh()).isFalse();
      Version three = champion(Models.times(3));
      assertThat(answer(deployment)).isEqualTo(20f);
      assertThat(deployment.refresh()).isTrue();
      assertThat(answer(deployment)).isEqualTo(30f);
      assertThat(deployment.version()).isEqualTo(three);
      assertThat(deployment.refresh()).isFalse();
    }
  }

  @Test
  void staysWithAFixedVersionAndFollowsTheLatest() {
    register(Models.times(2));
    try (Deployment fixed = Deployment.open(registry, "times:1");
        Deployment latest = Deployment.open(registry, "times")) {
      register(Models.times(3));
      assertThat(fixed.refresh()).isFalse();
      assertThat(latest.refresh()).isTrue();
      assertThat(answer(fixed)).isEqualTo(20f);
      assertThat(answer(latest)).isEqualTo(30f);
    }
  }

  @Test
  void scoresBatches() throws IOException {
    champion(Models.times(2));
    try (BufferAllocator allocator = new RootAllocator();
        Batches reader = new Batches(allocator, 1, 5);
        Deployment deployment = Deployment.open(registry, "times@champion")) {
      reader.loadNextBatch();
      float[] answers = new float[5];
      deployment.score(reader.getVectorSchemaRoot(), "y", FloatBuffer.wrap(answers));
      assertThat(answers).containsExactly(0, 2, 4, 6, 8);
    }
  }

  @Test
  void refusesAnUnknownModelOrAlias() {
    champion(Models.times(2));
    for (String reference : List.of("times@challenger", "times:2", "other", "other@champion")) {
      fails(ErrorCode.NAME_UNKNOWN, () -> Deployment.open(registry, reference));
    }
    assertThatIllegalArgumentException().isThrownBy(() -> Deployment.open(registry, "a@b@c"));
  }

  private void alter(Version version) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      Path blob =
          files
              .filter(file -> file.getFileName().toString().equals(version.id().hash().hex()))
              .findFirst()
              .orElseThrow();
      byte[] content = Files.readAllBytes(blob);
      content[content.length / 2] ^= 1;
      blob.toFile().setWritable(true);
      Files.write(blob, content);
    }
  }

  @Test
  void refusesAnAlteredModel() throws IOException {
    alter(champion(Models.times(2)));
    fails(ErrorCode.CONTENT_ALTERED, () -> Deployment.open(registry, "times@champion"));
  }

  @Test
  void servesOnWhenTheNewVersionCannotBeLoaded() throws IOException {
    Version two = champion(Models.times(2));
    try (Deployment deployment = Deployment.open(registry, "times@champion")) {
      alter(champion(Models.times(3)));
      fails(ErrorCode.CONTENT_ALTERED, deployment::refresh);
      assertThat(answer(deployment)).isEqualTo(20f);
      assertThat(deployment.version()).isEqualTo(two);
      registry.promote("times", "champion", register(Models.times(4)));
      assertThat(deployment.refresh()).isTrue();
      assertThat(answer(deployment)).isEqualTo(40f);
    }
  }

  @Test
  void servesOnWhenTheNewVersionHasOtherColumns() {
    Version two = champion(Models.times(2));
    try (Deployment deployment = Deployment.open(registry, "times@champion")) {
      Version other = champion(Models.classifier(1, 1));
      fails(ErrorCode.MODEL_REJECTED, deployment::refresh)
          .withMessageContaining("Deployment 'times@champion' goes on to serve " + two.id())
          .withMessageContaining("(x float32) -> (y float32)")
          .withMessageContaining(other.id().toString())
          .withMessageContaining("(n0 float64?, t0 string) -> (probability float32)");
      assertThat(answer(deployment)).isEqualTo(20f);
    }
  }

  @Test
  void needsTheRegistryOnlyToOpenAndRefresh() {
    champion(Models.times(2));
    try (Deployment deployment = Deployment.open(registry, "times@champion")) {
      registry.close();
      assertThat(answer(deployment)).isEqualTo(20f);
      assertThatIllegalStateException()
          .isThrownBy(deployment::refresh)
          .withMessageContaining("Registry");
      assertThat(answer(deployment)).isEqualTo(20f);
    }
  }

  @Test
  void refusesCallsAfterClosing() {
    champion(Models.times(2));
    Deployment deployment = Deployment.open(registry, "times@champion");
    deployment.close();
    deployment.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> answer(deployment))
        .withMessage("Deployment 'times@champion' is closed");
    assertThatIllegalStateException()
        .isThrownBy(deployment::refresh)
        .withMessage("Deployment 'times@champion' is closed");
    assertThatIllegalStateException()
        .isThrownBy(() -> deployment.score(null, "y", FloatBuffer.allocate(0)))
        .withMessage("Deployment 'times@champion' is closed");
  }
}
