package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class RunComparisonTest {
  @TempDir Path folder;

  private RunComparison compare() {
    Clock clock = Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);
    try (Registry registry =
        Registry.open(folder, RegistryOptions.builder().clock(clock).build())) {
      Runs runs = registry.runs();
      for (int i = 1; i <= 3; i++) {
        try (ActiveRun run = runs.start("delay")) {
          run.param("trainer", "mlp");
          run.param("hidden", 16 * i + " <b>&");
          if (i < 3) {
            run.metric("auc", 0, 0.7 + i / 1000.0 + 1e-9);
          }
          for (int epoch = 1; epoch <= 2000; epoch++) {
            run.metric("train.logLoss", epoch, epoch == 1000 ? Double.NaN : i / Math.sqrt(epoch));
          }
          run.tag("note", "two\nlines");
          run.finish();
        }
      }
      return runs.compare(runs.search("delay", "order by number"));
    }
  }

  @Test
  void showsWhatDiffersThenWhatCameOutThenWhatIsTheSame() {
    assertThat(compare().toString().lines().toList())
        .containsExactly(
            "                       delay/1               delay/2               delay/3",
            "params.hidden          16 <b>&               32 <b>&               48 <b>&",
            "metrics.auc            0.701                 0.702 *",
            "metrics.train.logLoss  0.0223607 *           0.0447214             0.067082",
            "status                 FINISHED              FINISHED              FINISHED",
            "started                2026-11-22T12:00:00Z  2026-11-22T12:00:00Z  2026-11-22T12:00:00Z",
            "duration               0 s                   0 s                   0 s",
            "tags.note              two lines             two lines             two lines",
            "params.trainer         mlp                   mlp                   mlp");
  }

  @Test
  void marksNoBestWhereAllAreEqual() {
    try (Registry registry = Registry.open(folder)) {
      for (int i = 1; i <= 2; i++) {
        try (ActiveRun run = registry.runs().start("delay")) {
          run.metric("rows", 0, 10);
          run.metric("auc", 0, 0.7 + i / 1000.0);
          run.finish();
        }
      }
      RunComparison comparison =
          registry.runs().compare(registry.runs().search("delay", "order by number"));

      assertThat(comparison.toString().lines().map(line -> line.replaceAll(" +", " ")))
          .contains("metrics.rows 10 10", "metrics.auc 0.701 0.702 *");
      assertThat(comparison.toHtml()).containsOnlyOnce("<td class=\"best\">");
    }
  }

  @Test
  void drawsTheCurvesInWellFormedHtml() throws Exception {
    Document html =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(compare().toHtml())));

    assertThat(html.getElementsByTagName("tr").getLength()).isEqualTo(9);
    assertThat(html.getElementsByTagName("td").item(0).getTextContent()).isEqualTo("16 <b>&");
    // Only the loss has a curve; its gap cuts each line in two.
    assertThat(html.getElementsByTagName("svg").getLength()).isEqualTo(1);
    NodeList lines = html.getElementsByTagName("polyline");
    assertThat(lines.getLength()).isEqualTo(6);
    for (int i = 0; i < lines.getLength(); i++) {
      String[] points =
          lines.item(i).getAttributes().getNamedItem("points").getTextContent().split(" ");
      assertThat(points.length).isBetween(2, 700);
      for (String point : points) {
        String[] at = point.split(",");
        assertThat(Double.parseDouble(at[0])).isBetween(80.0, 640.0);
        assertThat(Double.parseDouble(at[1])).isBetween(24.0, 196.0);
      }
    }
  }

  @Test
  void knowsOfWhichMetricsLessIsBetter() {
    for (String name :
        List.of("loss", "train.logLoss", "test.logloss", "RMSE", "val_loss", "latency_millis")) {
      assertThat(RunComparison.isLessBetter(name)).as(name).isTrue();
    }
    for (String name : List.of("auc", "accuracy", "lossless", "test.f1", "closscore")) {
      assertThat(RunComparison.isLessBetter(name)).as(name).isFalse();
    }
  }

  @Test
  void writesNumbersForEyes() {
    assertThat(
            List.of(
                RunComparison.show(0.0),
                RunComparison.show(-0.0),
                RunComparison.show(1.0 / 3),
                RunComparison.show(1234567.0),
                RunComparison.show(1e-20),
                RunComparison.show(2e300),
                RunComparison.show(Double.NaN)))
        .containsExactly("0", "0", "0.333333", "1234570", "1E-20", "2E+300", "NaN");
  }
}
