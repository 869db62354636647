package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.blob;
import static io.mlinfra.registry.Fixtures.flipBit;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.EvaluationReport.Better;
import io.mlinfra.registry.EvaluationReport.Constraint;
import io.mlinfra.registry.EvaluationReport.Metric;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationReportTest {
  private static final ContentHash ROWS = ContentHash.of("the rows");

  @TempDir Path folder;
  private Registry registry;
  private Version model;

  @BeforeEach
  void open() throws IOException {
    folder = folder.toRealPath();
    registry = Registry.open(folder);
    model = registerModel(registry, "delay", "first");
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private static EvaluationReport.Builder report() {
    return EvaluationReport.builder(ROWS, 4)
        .higherIsBetter("auc", 0.7, new double[] {0.1, 0.7, 0.9, 1.1}, 1)
        .lowerIsBetter("logLoss", Double.NaN)
        .higherIsBetter("accuracy", 0.75, new double[] {1, 0, 1, 1})
        .metric("rows", 4)
        .constraint("fairness", false, "gap 0.06 > 0.05\tof \"größte\" groups");
  }

  @Test
  void comesBackAsItWas() {
    Version data = registry.register(Registration.of(Kind.DATASET, "flights").content(utf8("f")));
    EvaluationReport report = report().data(List.of(data.id())).build();

    Version version = registry.register(model, report);
    EvaluationReport read = registry.evaluation(version);

    assertThat(read).isEqualTo(report).hasSameHashCodeAs(report);
    assertThat(read.rows()).isEqualTo(ROWS);
    assertThat(read.rowCount()).isEqualTo(4);
    assertThat(read.data()).containsExactly(data.id());
    assertThat(read.metrics())
        .containsOnly(
            Map.entry("accuracy", new Metric(0.75, Better.HIGHER, 3)),
            Map.entry("auc", new Metric(0.7, Better.HIGHER, 1)),
            Map.entry("logLoss", new Metric(Double.NaN, Better.LOWER, 0)),
            Map.entry("rows", new Metric(4, Better.NEITHER, 0)));
    assertThat(read.samples("auc").orElseThrow()).containsExactly(0.1, 0.7, 0.9, 1.1);
    assertThat(read.samples("logLoss")).isEmpty();
    assertThat(read.constraints())
        .containsOnly(
            Map.entry("fairness", new Constraint(false, "gap 0.06 > 0.05\tof \"größte\" groups")));
    assertThat(version.id().kind()).isEqualTo(Kind.EVALUATION);
    assertThat(version.id().name()).isEqualTo("delay");
    assertThat(version.madeFrom()).containsExactly(model.id(), data.id());
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void keepsOddSamplesToTheBit() {
    double[] odd = {
      -0.0, Double.MIN_VALUE, Float.MAX_VALUE * 2.0, Double.POSITIVE_INFINITY, 1.0 / 3
    };
    EvaluationReport report =
        EvaluationReport.builder(ROWS, 5)
            .lowerIsBetter("odd", Double.POSITIVE_INFINITY, odd)
            .lowerIsBetter("gap", Double.NaN, new double[] {1, Double.NaN, 2, 3, 4})
            .build();

    EvaluationReport read = registry.evaluation(registry.register(model, report));

    assertThat(read).isEqualTo(report);
    assertThat(read.samples("odd").orElseThrow()).containsExactly(odd);
  }

  @Test
  void hasItsSamplesBesideItLittleEndianAndShortWhereThatLosesNothing() {
    Version version = registry.register(model, report().build());

    ByteBuffer expected = ByteBuffer.allocate(4 * 4 + 4 * 8).order(ByteOrder.LITTLE_ENDIAN);
    expected.putFloat(1).putFloat(0).putFloat(1).putFloat(1);
    expected.putDouble(0.1).putDouble(0.7).putDouble(0.9).putDouble(1.1);
    assertThat(registry.attachment(version, "samples.bin")).isEqualTo(expected.array());
    assertThat(new String(registry.content(version), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"constraints\":{\"fairness\":{\"passed\":false,"
                + "\"text\":\"gap 0.06 > 0.05\\tof \\\"größte\\\" groups\"}},\"data\":[],"
                + "\"metrics\":{\"accuracy\":{\"better\":\"higher\",\"degrees\":3,"
                + "\"samples\":\"float32\",\"value\":0.75},"
                + "\"auc\":{\"better\":\"higher\",\"degrees\":1,"
                + "\"samples\":\"float64\",\"value\":0.7},"
                + "\"logLoss\":{\"better\":\"lower\",\"value\":\"NaN\"},"
                + "\"rows\":{\"better\":\"neither\",\"value\":4.0}},"
                + "\"model\":{\"hash\":\""
                + model.id().hash()
                + "\",\"kind\":\"model\",\"name\":\"delay\",\"number\":1},"
                + "\"rows\":{\"count\":4,\"hash\":\""
                + ROWS
                + "\"},\"samples\":\""
                + ContentHash.of(expected.array())
                + "\",\"schema\":1}");
  }

  @Test
  void isTheSameVersionForTheSameReportOnTheSameModelOnly() {
    Version other = registerModel(registry, "delay", "second");
    Version first = registry.register(model, report().build());

    assertThat(registry.register(model, report().build())).isEqualTo(first);
    Version onOther = registry.register(other, report().build());
    Version better =
        registry.register(
            model, report().higherIsBetter("accuracy", 0.75, new double[] {0, 1, 1, 1}).build());
    assertThat(List.of(first.id(), onOther.id(), better.id()))
        .extracting(VersionId::number)
        .containsExactly(1, 2, 3);
    assertThat(registry.evaluations(model)).containsExactly(first, better);
    assertThat(registry.evaluations(other)).containsExactly(onOther);
    assertThat(registry.evaluations(registerModel(registry, "delay", "third"))).isEmpty();
  }

  @Test
  void growsByItsBuilder() {
    EvaluationReport more = report().build().toBuilder().constraint("size", true, "small").build();

    assertThat(more.constraints()).containsOnlyKeys("fairness", "size");
    assertThat(more.samples("auc")).isPresent();
    EvaluationReport bare = more.toBuilder().higherIsBetter("auc", 0.8).build();
    assertThat(bare.samples("auc")).isEmpty();
    assertThat(bare.metrics().get("auc")).isEqualTo(new Metric(0.8, Better.HIGHER, 0));
    assertThat(more).isNotEqualTo(bare);
  }

  @Test
  void copiesItsSamples() {
    double[] samples = {1, 0, 1, 1};
    EvaluationReport report =
        EvaluationReport.builder(ROWS, 4).higherIsBetter("accuracy", 0.75, samples).build();
    samples[0] = 7;
    report.samples("accuracy").orElseThrow()[1] = 7;

    assertThat(report.samples("accuracy").orElseThrow()).containsExactly(1, 0, 1, 1);
  }

  @Test
  void refusesWhatIsNoReport() {
    assertBad(() -> EvaluationReport.builder(ROWS, 0), "rowCount (0) must be > 0");
    assertBad(
        () -> report().higherIsBetter("a", 1, new double[3]),
        "samples of 'a' (3) must be as many as the rows (4)");
    assertBad(
        () -> report().lowerIsBetter("a", 1.5, new double[] {1, 1, 2, 3}),
        "value of 'a' (1.5) must be the mean of its samples, 1.75");
    assertBad(
        () -> report().lowerIsBetter("a", 1, new double[] {1, 1, 1, Double.NaN}),
        "value of 'a' (1.0) must be the mean of its samples, NaN");
    assertBad(
        () -> report().lowerIsBetter("a", 0, new double[4], 4),
        "degreesOfFreedom of 'a' (4) must be from 0 to 3");
    assertBad(() -> report().metric("", 1), "metric name ('') must be 1 to 128 characters");
    assertBad(() -> report().metric("a\nb", 1), "metric name ('a\nb') must be");
    assertBad(() -> report().constraint("\uD800", true, ""), "constraint name");
    assertBad(() -> report().constraint("a", true, "\uD800"), "constraint");
    Version data = registry.register(Registration.of(Kind.DATASET, "flights").content(utf8("f")));
    assertBad(() -> registry.register(data, report().build()), "must be of kind model");
    assertBad(() -> registry.evaluation(data), "must be of kind evaluation");
    assertBad(() -> registry.evaluations(data), "must be of kind model");
    VersionId unknown = new VersionId(Kind.DATASET, "flights", 9, ContentHash.of("?"));
    assertCode(
        () -> registry.register(model, report().data(List.of(unknown)).build()),
        ErrorCode.NAME_UNKNOWN,
        unknown.toString());
    assertThat(registry.names(Kind.EVALUATION)).isEmpty();
  }

  @Test
  void saysWhatIsWrongWithContentThatIsNoReport() {
    String good =
        new String(
            EvaluationFormat.json(
                model.id(), report().build(), EvaluationFormat.samples(report().build())),
            StandardCharsets.UTF_8);
    byte[] samples = EvaluationFormat.samples(report().build());
    EvaluationReport read = EvaluationFormat.head("the content", utf8(good)).report(() -> samples);
    assertThat(read).isEqualTo(report().build());
    for (String bad :
        List.of(
            "",
            "{}",
            good.replace("\"schema\":1", "\"schema\":2"),
            good.replace("\"schema\":1", "\"schema\":9"),
            good.replace("\"higher\"", "\"upwards\""),
            good.replace("\"float32\"", "\"float16\""),
            good.replace("\"float32\"", "\"float64\""),
            good.replace("\"count\":4", "\"count\":5"),
            good.replace("\"count\":4", "\"count\":-4"),
            good.replace("\"count\":4", "\"count\":0"),
            good.replace("\"degrees\":3", "\"degrees\":4"),
            good.replace("\"value\":0.75", "\"value\":0.76"),
            good.replace("\"value\":0.75", "\"value\":\"?\""),
            good.replace("\"passed\":false", "\"passed\":\"no\""),
            good.replace("\"samples\":\"" + ContentHash.of(samples) + "\",", ""),
            good.replace("\"samples\":\"" + ContentHash.of(samples), "\"samples\":\"ff"),
            good.replace(ROWS.hex(), "00"))) {
      assertCode(
          () -> {
            EvaluationFormat.Head head = EvaluationFormat.head("the content", utf8(bad));
            head.report(
                () -> {
                  assertThat(head.samples()).isEqualTo(ContentHash.of(samples));
                  return samples;
                });
          },
          ErrorCode.FILE_UNREADABLE,
          "the content cannot be read");
    }
  }

  @Test
  void isNotReadFromAlteredFiles() throws IOException {
    Version version = registry.register(model, report().build());
    Path samples = new Layout(folder).blob(version.attachments().get("samples.bin"));
    flipBit(samples, 77);
    assertCode(() -> registry.evaluation(version), ErrorCode.CONTENT_ALTERED, "samples.bin");
    flipBit(samples, 77);
    Files.delete(samples);
    assertCode(() -> registry.evaluation(version), ErrorCode.CONTENT_ALTERED, "samples.bin");
    registry.register(model, report().build());
    flipBit(blob(folder, version), 40);
    assertCode(
        () -> registry.evaluation(version), ErrorCode.CONTENT_ALTERED, version.id().toString());
  }

  @Test
  void isNotTakenForTheReportOfAnotherModel() throws IOException {
    Version other = registerModel(registry, "delay", "second");
    Version version = registry.register(model, report().build());
    // Whoever alters a record can make its check hold again.
    Path file = record(folder, version);
    Files.write(
        file,
        RecordFiles.rewrite(
            Files.readAllBytes(file),
            text ->
                text.replace(model.id().hash().hex(), other.id().hash().hex())
                    .replace("\"number\" : 1\n    }\n  ]", "\"number\" : 2\n    }\n  ]")));

    assertThat(registry.evaluations(other)).hasSize(1);
    assertCode(
        () -> registry.evaluation(registry.evaluations(other).get(0)),
        ErrorCode.CONTENT_ALTERED,
        "the report is on " + model.id());
  }

  @Test
  void readsWellInAShell() {
    VersionId data = new VersionId(Kind.DATASET, "flights", 9, ContentHash.of("?"));
    assertThat(report().data(List.of(data)).build())
        .hasToString(
            "4 rows ("
                + ROWS.abbreviated()
                + ") of ["
                + data
                + "]\n  accuracy         0.75\n  auc              0.7\n  logLoss          NaN\n"
                + "  rows             4\n"
                + "  fairness         FAILED  gap 0.06 > 0.05 of \"größte\" groups");
  }

  private static void assertBad(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static void assertCode(ThrowingCallable call, ErrorCode code, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(message);
  }
}
