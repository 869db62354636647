package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class EvaluationFormatTest {
  private static final VersionId MODEL =
      new VersionId(Kind.MODEL, "delay", 3, ContentHash.of("model"));
  private static final List<VersionId> DATA =
      List.of(new VersionId(Kind.DATASET, "flights", 1, ContentHash.of("flights")));

  @Provide
  Arbitrary<EvaluationReport> reports() {
    Arbitrary<String> names =
        Arbitraries.strings()
            .withCharRange(' ', 'ö')
            .ofMinLength(1)
            .ofMaxLength(9)
            .filter(name -> !name.isBlank() && name.chars().noneMatch(Character::isISOControl));
    Arbitrary<Double> values =
        Arbitraries.oneOf(
            Arbitraries.doubles().between(-1e6, 1e6),
            Arbitraries.of(0.0, -0.0, 1.0, 0.5, Double.NaN, Double.POSITIVE_INFINITY));
    Arbitrary<Map<String, double[]>> sampled =
        Arbitraries.maps(names, values.array(double[].class).ofSize(5)).ofMaxSize(3);
    Arbitrary<Map<String, Double>> plain = Arbitraries.maps(names, values).ofMaxSize(3);
    Arbitrary<Map<String, Boolean>> constraints =
        Arbitraries.maps(names, Arbitraries.of(true, false)).ofMaxSize(3);
    return Combinators.combine(sampled, plain, constraints, Arbitraries.of(true, false))
        .as(EvaluationFormatTest::report);
  }

  private static EvaluationReport report(
      Map<String, double[]> sampled,
      Map<String, Double> plain,
      Map<String, Boolean> constraints,
      boolean withData) {
    EvaluationReport.Builder report =
        EvaluationReport.builder(ContentHash.of("rows"), 5).data(withData ? DATA : List.of());
    plain.forEach(report::lowerIsBetter);
    sampled.forEach(
        (name, samples) -> {
          double mean = Arrays.stream(samples).reduce(0, (a, b) -> a + b) / 5;
          report.higherIsBetter(name, mean, samples, 2);
        });
    constraints.forEach((name, passed) -> report.constraint(name, passed, "as for \n" + name));
    return report.build();
  }

  @Property(tries = 300)
  void readsWhatItWrote(@ForAll("reports") EvaluationReport report) {
    byte[] samples = EvaluationFormat.samples(report);
    byte[] json = EvaluationFormat.json(MODEL, report, samples);

    EvaluationFormat.Head head = EvaluationFormat.head("it", json);
    assertThat(head.model()).isEqualTo(MODEL);
    assertThat(head.rows()).isEqualTo(report.rows());
    assertThat(head.report(() -> samples)).isEqualTo(report);
    assertThat(EvaluationFormat.json(MODEL, head.report(() -> samples), samples)).isEqualTo(json);
  }

  @Property(tries = 500)
  void refusesOrReadsWhatSomebodyChanged(
      @ForAll("reports") EvaluationReport report, @ForAll int place, @ForAll byte other) {
    byte[] samples = EvaluationFormat.samples(report);
    byte[] json = EvaluationFormat.json(MODEL, report, samples);
    json[Math.floorMod(place, json.length)] = other;
    try {
      EvaluationFormat.Head head = EvaluationFormat.head("it", json);
      assertThat(head.report(() -> samples).metrics()).hasSameSizeAs(report.metrics());
    } catch (MlInfraException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE);
      assertThat(e).hasMessageStartingWith("it cannot be read: ");
    }
  }
}
