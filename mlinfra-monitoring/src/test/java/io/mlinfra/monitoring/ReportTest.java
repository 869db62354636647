package io.mlinfra.monitoring;

import static io.mlinfra.monitoring.Batches.bools;
import static io.mlinfra.monitoring.Batches.doubles;
import static io.mlinfra.monitoring.Batches.longs;
import static io.mlinfra.monitoring.Batches.moments;
import static io.mlinfra.monitoring.Batches.ofLongs;
import static io.mlinfra.monitoring.Batches.profile;
import static io.mlinfra.monitoring.Batches.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import org.apache.arrow.vector.FieldVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ReportTest {
  private static final String HOSTILE =
      "<script>alert('x')</script>\"><img src=x onerror=\"y\">&amp;";

  private static Profile sample(int seed, String name, String value) {
    Random random = new Random(seed);
    int rows = 3000;
    Double[] real = new Double[rows];
    Long[] whole = new Long[rows];
    Long[] at = new Long[rows];
    Boolean[] flag = new Boolean[rows];
    String[] text = new String[rows];
    for (int i = 0; i < rows; i++) {
      real[i] = random.nextGaussian() * (1 + seed);
      whole[i] = (long) random.nextInt(12);
      at[i] = seed * 86_400_000_000L + random.nextInt(1 << 30);
      flag[i] = random.nextBoolean();
      text[i] = random.nextInt(3) == 0 ? value : "v" + random.nextInt(9 + seed);
    }
    return profile(
        allocator ->
            new FieldVector[] {
              doubles(allocator, name, real),
              longs(allocator, "whole", whole),
              moments(allocator, "at", at),
              bools(allocator, "flag", flag),
              texts(allocator, "text", text),
              doubles(allocator, "empty", new Double[rows])
            });
  }

  private static String page(String name, String value) {
    DriftReport drift =
        DriftTest.defaults().compare(sample(1, name, value), sample(3, name, value));
    return Report.titled("Title " + name)
        .metric("AUC", 0.74)
        .metric(name, value)
        .add(drift)
        .add("Profile of " + name, drift.current())
        .section("Section " + name, "<p>own</p>")
        .toHtml();
  }

  @Test
  void escapesWhatComesFromData() {
    String html = page(HOSTILE, HOSTILE);
    assertThat(html).doesNotContain("<script", "<img", "onerror=\"");
    assertThat(html).contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  }

  @Property(tries = 60)
  void staysWellFormedWhateverTheNamesAndValuesAre(
      @ForAll @NotEmpty @Size(max = 30) String name, @ForAll String value) throws Exception {
    DriftReport drift =
        DriftTest.defaults().compare(sample(1, "(" + name, value), sample(3, "(" + name, value));
    Document fragment = parse(drift.toHtml());
    assertThat(fragment.getElementsByTagName("h3").getLength()).isEqualTo(6);
    Document table = parse(drift.current().toHtml());
    assertThat(table.getElementsByTagName("tr").getLength()).isEqualTo(7);
  }

  private static Document parse(String html) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(html)));
  }

  @Test
  void loadsNothingAndRunsNothing() {
    String html = page("x", "y").toLowerCase(Locale.ROOT);
    assertThat(html)
        .doesNotContain("http://", "https://", "<script", "<link", "url(", "@import", " src=")
        .contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"");
  }

  @Test
  void looksGoodByDayAndByNight() {
    assertThat(page("x", "y"))
        .contains("<meta name=\"color-scheme\" content=\"light dark\">")
        .contains("@media (prefers-color-scheme: dark)")
        .contains("<svg class=\"chart\"")
        .contains("aria-label=\"Histogram of x, reference and current\"")
        .contains("<title>")
        .contains("<span class=\"badge bad\">drifted</span>")
        .contains("<span class=\"badge none\">not judged</span>");
  }

  @Test
  void putsMetricsFirstAndTheRestInOrder() {
    assertThat(page("x", "y"))
        .containsSubsequence(
            "<h1>Title x</h1>",
            "<dt>AUC</dt><dd>0.74</dd>",
            "<h2>Drift</h2>",
            "<h2>Profile of x</h2>",
            "<h2>Section x</h2>",
            "<p>own</p>",
            "</html>");
  }

  @Test
  void drawsTheSamePageForTheSameData() {
    assertThat(page("x", "y")).isEqualTo(page("x", "y"));
  }

  @Test
  void saysWhatChangedInTheSchema() {
    Profile other = profile(allocator -> new FieldVector[] {texts(allocator, "<y>", "a")});
    assertThat(DriftTest.defaults().compare(ofLongs(1), other).toHtml())
        .contains("<li>Column &#39;x&#39; (int64) is missing</li>")
        .contains("<li>Column &#39;&lt;y&gt;&#39; (string) is new</li>")
        .doesNotContain("<table");
  }

  @Test
  void drawsNumbersOfEverySize() {
    double[][] columns = {
      {Double.MAX_VALUE, -Double.MAX_VALUE},
      {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY},
      {Double.MIN_VALUE, 0},
      {1e300, 1e-300},
      {1e15, 1e15 + 1}
    };
    for (double[] ends : columns) {
      Random random = new Random(1);
      double[] values =
          random
              .doubles(2000)
              .map(share -> share < 0.5 ? ends[0] * share * 2 : ends[1] * (share - 0.5) * 2)
              .toArray();
      Profile profile = Batches.ofDoubles(values);
      assertThat(profile.toHtml() + DriftTest.defaults().compare(profile, profile).toHtml())
          .doesNotContain("NaN", "Infinity");
    }
  }

  @Test
  void replacesTheFileInOneStep(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("report.html");
    Files.writeString(file, "old");
    assertThat(Report.titled("New").write(file)).isEqualTo(file);
    assertThat(Files.readString(file)).startsWith("<!DOCTYPE html>").endsWith("</html>\n");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void leavesEverythingAsItWasIfItCannotWrite(@TempDir Path folder) throws IOException {
    Path occupied = Files.createDirectories(folder.resolve("report.html/inside"));
    assertThatThrownBy(() -> Report.titled("New").write(occupied.getParent()))
        .isInstanceOf(MlInfraException.class)
        .hasMessageContaining("report.html")
        .extracting("code")
        .isEqualTo(ErrorCode.IO_FAILED);
    assertThat(occupied).exists();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
    assertThatThrownBy(() -> Report.titled("New").write(folder.resolve("no/such/report.html")))
        .isInstanceOf(MlInfraException.class);
  }
}
