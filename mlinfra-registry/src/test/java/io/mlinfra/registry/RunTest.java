package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RunTest {
  private static final VersionId DATA =
      new VersionId(Kind.DATASET, "flights", 3, ContentHash.of("flights"));

  @Test
  void hasTheSameBytesOnEveryJvm() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("none", Double.NaN);
    metrics.put("least", -0.0);
    metrics.put("auc", 0.7251);
    // The JDK writes this one as 2.0E-3 before release 19, and as 0.002 from then on.
    metrics.put("loss", 2e-3);
    metrics.put("huge", 2e23);
    metrics.put("all", Double.POSITIVE_INFINITY);
    Run run =
        new Run(
            Map.of("seed", "7", "hidden", "64 \"32\""), metrics, Map.of("os", "ü"), List.of(DATA));

    assertThat(run.toJson())
        .asString()
        .isEqualTo(
            ("{\"environment\":{\"os\":\"ü\"},\"inputs\":[{\"hash\":\""
                + DATA.hash()
                + "\",\"kind\":\"dataset\",\"name\":\"flights\",\"number\":3}],"
                + "\"metrics\":{\"all\":\"Infinity\",\"auc\":0.7251,\"huge\":2.0E23,"
                + "\"least\":-0.0,\"loss\":0.002,\"none\":\"NaN\"},"
                + "\"schema\":1,"
                + "\"settings\":{\"hidden\":\"64 \\\"32\\\"\",\"seed\":\"7\"}}"));
    assertThat(Run.read("run", run.toJson())).isEqualTo(run);
  }

  @Test
  void copiesWhatItIsMadeOf() {
    Map<String, String> settings = new HashMap<>(Map.of("seed", "7"));
    Run run = new Run(settings, Map.of(), Map.of(), List.of());
    settings.put("seed", "8");

    assertThat(run.settings()).containsExactly(Map.entry("seed", "7"));
    assertThatThrownBy(() -> run.settings().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> run.metrics().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void namesWhatIsMissingOrNoText() {
    Map<String, Double> metrics = new HashMap<>();
    metrics.put("auc", null);
    Map<String, String> settings = new HashMap<>();
    settings.put("seed", null);

    assertThatThrownBy(() -> new Run(Map.of(), metrics, Map.of(), List.of()))
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("auc");
    assertThatThrownBy(() -> new Run(settings, Map.of(), Map.of(), List.of()))
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("seed");
    assertThatThrownBy(() -> new Run(Map.of("a", "\uD800"), Map.of(), Map.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("setting 'a'");
  }

  @Test
  void refusesWhatIsNoRun() {
    for (String json :
        List.of(
            "",
            "null",
            "[]",
            "{}",
            "{\"schema\":1,\"schema\":1}",
            "{\"schema\":1} {}",
            "{\"schema\":1,\"settings\":[],\"metrics\":{},\"environment\":{},\"inputs\":[]}",
            "{\"schema\":1,\"settings\":{},\"metrics\":{\"a\":\"b\"},\"environment\":{},\"inputs\":[]}",
            "[".repeat(100_000))) {
      assertThatThrownBy(() -> Run.read("the run", utf8(json)))
          .as(json)
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE))
          .hasMessageStartingWith("the run cannot be read");
    }
  }

  @Test
  void describesTheEnvironmentOfThisJvm() {
    assertThat(Run.environmentOfThisJvm())
        .containsEntry("java.version", System.getProperty("java.version"))
        .containsKeys("java.vendor", "os.name", "os.arch", "org.apache.arrow:arrow-vector")
        .hasEntrySatisfying("processors", n -> assertThat(Integer.parseInt(n)).isPositive());
  }

  @Test
  void readsWellInAShell() {
    Run run = new Run(Map.of("seed", "7"), Map.of("auc", 0.75), Map.of("os", "x"), List.of(DATA));

    assertThat(run)
        .hasToString("Run[metrics {auc=0.75}, settings {seed=7}, inputs [" + DATA + "]]");
  }
}
