package io.mlinfra.features.offline;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Condition.greaterThan;
import static io.mlinfra.features.view.Derived.difference;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.ratio;
import static io.mlinfra.features.view.Derived.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Source;
import java.io.IOException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SkewAuditTest {
  private static final String PAID = "card__sum_amount_2d";
  private static final String COUNT = "card__count_2d";
  private static final String LATEST = "card__latest_amount";

  private Fixture fixture;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    // A payment an hour, by turns of 5 cards; the fifth only says nothing about the amount.
    execute(
        "CREATE TABLE payments AS SELECT 'c' || (i % 5) AS card, TIMESTAMP '2020-01-01'"
            + " + INTERVAL (i) HOUR AS paid, TIMESTAMP '2020-01-01' + INTERVAL (i) HOUR AS booked,"
            + " CASE WHEN i % 5 < 4 THEN i / 7.0 END::DOUBLE AS amount,"
            + " CASE WHEN i % 3 = 0 THEN 'DE' ELSE 'FR' END AS country, i % 2 = 0 AS fine"
            + " FROM range(240) r(i)");
    // Half past each hour somebody asks, also for a card that there is not.
    execute(
        "CREATE TABLE asked AS SELECT 'c' || (i % 6) AS card, TIMESTAMP '2020-01-02 00:30'"
            + " + INTERVAL (i) HOUR AS moment, i * 1.5 AS price, 'DE' AS origin FROM range(200) r(i)");
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  private void execute(String sql) {
    fixture.warehouse.execute(sql);
  }

  private static FeatureView.Builder card() {
    return FeatureView.named("card")
        .from("payments")
        .entity("card")
        .eventTime("paid")
        .latest("amount", "country", "paid", "fine")
        .window(Duration.ofDays(2), count(), sum("amount"), mean("amount"), max("amount"));
  }

  private static FeatureService service(FeatureView view) {
    return FeatureService.named("fraud")
        .with(view)
        .derive("over", ratio("price", PAID))
        .derive("rise", difference("over", "card__mean_amount_2d"))
        .derive("home", same("origin", "card__latest_country"))
        .derive("hour", hour("moment"))
        .build();
  }

  /** Writes a log that says that these features were served, those of {@code shift} earlier. */
  private void serve(FeatureService service, String shift) {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, service);
        TrainingSet set =
            store.trainingSet(
                "SELECT card, moment - INTERVAL " + shift + " AS moment, price, origin FROM asked",
                "moment");
        ArrowReader reader = set.reader()) {
      fixture.warehouse.load("served", Source.arrow(reader));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    execute("UPDATE served SET moment = moment + INTERVAL " + shift);
  }

  private interface Audit {
    SkewReport of(SkewAudit audit);
  }

  private SkewReport audit(FeatureService service, Audit how) {
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, service)) {
      return how.of(SkewAudit.of(store, service));
    }
  }

  private SkewReport audit(FeatureService service) {
    return audit(service, audit -> audit.compare("served", "moment"));
  }

  private static List<String> skewed(SkewReport report) {
    return report.skewed().stream().map(SkewReport.FeatureSkew::feature).toList();
  }

  private static SkewReport.FeatureSkew of(SkewReport report, String feature) {
    return report.features().stream()
        .filter(skew -> skew.feature().equals(feature))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void findsNothingWhereWhatWasServedIsWhatTrainingSees() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    SkewReport report = audit(service);
    assertThat(report.isClean()).as(report.toString()).isTrue();
    assertThat(report.rows()).isEqualTo(200);
    assertThat(report.features().stream().map(SkewReport.FeatureSkew::feature))
        .isEqualTo(service.names());
    assertThat(report.features())
        .allSatisfy(
            feature -> {
              assertThat(feature.compared()).isEqualTo(200);
              assertThat(feature.examples()).isEmpty();
            });
    assertThat(of(report, PAID).largestAbsolute()).isZero();
    assertThat(of(report, "card__latest_country").largestAbsolute()).isNaN();
    assertThat(report.toString())
        .startsWith("feature service 'fraud': 200 answers, 12 of 12 features as training sees");
  }

  @Test
  void findsStaleValues() {
    FeatureService service = service(card().build());
    serve(service, "9 HOUR");
    SkewReport report = audit(service);
    assertThat(skewed(report))
        .contains(
            LATEST,
            COUNT,
            PAID,
            "card__latest_paid",
            "card__latest_country",
            "over",
            "hour",
            "home");
    assertThat(of(report, "hour").equal()).isZero();
    // A card pays every 5 hours, so of 9 hours one or two payments are lacking.
    assertThat(of(report, "card__latest_paid").largestAbsolute()).isEqualTo(10 * 3600.0);
    SkewReport.FeatureSkew hours = of(report, "hour");
    SkewReport.Example first = hours.examples().get(0);
    assertThat(first.keys()).isEqualTo(Map.of("card", "c0"));
    assertThat(first.at()).isEqualTo(LocalDateTime.parse("2020-01-02T00:30"));
    assertThat(first.served()).isEqualTo(15L);
    assertThat(first.recomputed()).isEqualTo(0L);
    assertThat(of(report, "card__latest_paid").examples().get(0).served())
        .isEqualTo(LocalDateTime.parse("2020-01-01T15:00"));
  }

  @Test
  void findsAChangedDefinition() {
    FeatureView before =
        card()
            .window(Duration.ofDays(2), count().where(greaterThan("amount", 20)).named("big"))
            .build();
    FeatureView after =
        card()
            .window(Duration.ofDays(2), count().where(greaterThan("amount", 30)).named("big"))
            .build();
    serve(service(before), "0 HOUR");
    assertThat(audit(service(before)).isClean()).isTrue();
    SkewReport report = audit(service(after));
    assertThat(skewed(report)).containsExactly("card__big_2d");
    SkewReport.FeatureSkew big = of(report, "card__big_2d");
    assertThat(big.different()).isEqualTo(200 - big.equal()).isPositive();
    assertThat(big.examples())
        .allSatisfy(row -> assertThat((Long) row.served()).isGreaterThan((Long) row.recomputed()));
  }

  @Test
  void findsALateBackfillUnlessTheViewSaysWhenEventsWereKnown() {
    FeatureService blind = service(card().build());
    FeatureService aware = service(card().knownAt("booked").build());
    serve(blind, "0 HOUR");
    String late =
        "INSERT INTO payments SELECT 'c1', TIMESTAMP '2020-01-04 10:15', TIMESTAMP '2020-03-01',"
            + " 1000, 'AT', true";
    execute(late);
    SkewReport report = audit(blind);
    assertThat(skewed(report))
        .containsExactlyInAnyOrder(
            LATEST,
            "card__latest_country",
            "card__latest_paid",
            "card__latest_fine",
            COUNT,
            PAID,
            "card__mean_amount_2d",
            "card__max_amount_2d",
            "over",
            "rise",
            "home");
    SkewReport.FeatureSkew sums = of(report, PAID);
    // c1 is asked for every 6 hours: 8 times in the 2 days after the payment.
    assertThat(sums.different()).isEqualTo(8);
    assertThat(sums.examples())
        .hasSize(5)
        .allSatisfy(row -> assertThat(row.keys()).containsEntry("card", "c1"));
    assertThat(sums.largestAbsolute()).isBetween(999.0, 1001.0);
    assertThat(audit(aware).isClean()).isTrue();
  }

  @Test
  void tellsMissingFromZero() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    execute("UPDATE served SET \"" + PAID + "\" = coalesce(\"" + PAID + "\", 0)");
    execute("UPDATE served SET \"" + COUNT + "\" = nullif(\"" + COUNT + "\", 0)");
    execute("UPDATE served SET over = 'NaN' WHERE over IS NULL");
    SkewReport report = audit(service);
    assertThat(skewed(report)).containsExactly(COUNT, PAID);
    SkewReport.FeatureSkew sums = of(report, PAID);
    assertThat(sums.recomputedMissing()).isGreaterThan(30);
    assertThat(sums.servedMissing() + sums.different()).isZero();
    assertThat(sums.examples().get(0).served()).isEqualTo(0.0);
    assertThat(sums.examples().get(0).recomputed()).isNull();
    SkewReport.FeatureSkew counts = of(report, COUNT);
    // The card that there is not, as c5 is asked for every 6 hours.
    assertThat(counts.servedMissing()).isEqualTo(33);
    assertThat(counts.recomputedMissing() + counts.different()).isZero();
  }

  @Test
  void letsNumbersDifferWithinATolerance() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    execute("UPDATE served SET \"" + PAID + "\" = \"" + PAID + "\"::FLOAT::DOUBLE");
    execute("UPDATE served SET \"" + COUNT + "\" = \"" + COUNT + "\" + 1");
    SkewReport exact = audit(service);
    assertThat(skewed(exact)).containsExactly(COUNT, PAID);
    double noise = of(exact, PAID).largestRelative();
    assertThat(noise).isBetween(1e-12, 1e-7);
    assertThat(of(exact, COUNT).largestAbsolute()).isEqualTo(1);

    SkewReport relative = audit(service, a -> a.tolerance(0, 1e-6).compare("served", "moment"));
    assertThat(skewed(relative)).containsExactly(COUNT);
    // What is tolerated is still told.
    assertThat(of(relative, PAID).largestRelative()).isEqualTo(noise);
    assertThat(skewed(audit(service, a -> a.tolerance(COUNT, 1, 0).compare("served", "moment"))))
        .containsExactly(PAID);
    assertThat(audit(service, a -> a.tolerance(1, 0).compare("served", "moment")).isClean())
        .isTrue();
    // One of its own counts instead of the one for all.
    assertThat(
            skewed(
                audit(
                    service,
                    a -> a.tolerance(1, 0).tolerance(COUNT, 0.5, 0).compare("served", "moment"))))
        .containsExactly(COUNT);
  }

  @Test
  void comparesToTheBitWhereNothingIsTolerated() {
    FeatureService service =
        FeatureService.named("s")
            .with(FeatureView.named("e").from("e").entity("k").eventTime("t").latest("x").build())
            .build();
    execute(
        "CREATE TABLE e AS SELECT * FROM (VALUES (1, TIMESTAMP '2020-01-01', 0.0::DOUBLE),"
            + " (2, TIMESTAMP '2020-01-01', 'Infinity'), (3, TIMESTAMP '2020-01-01', 'NaN'),"
            + " (4, TIMESTAMP '2020-01-01', '-Infinity'), (5, TIMESTAMP '2020-01-01', 0.1))"
            + " AS v(k, t, x)");
    execute(
        "CREATE TABLE served AS SELECT * FROM (VALUES (1, TIMESTAMP '2020-01-02', '-0.0'::DOUBLE),"
            + " (2, TIMESTAMP '2020-01-02', 'Infinity'), (3, TIMESTAMP '2020-01-02', NULL),"
            + " (4, TIMESTAMP '2020-01-02', 'Infinity'),"
            + " (5, TIMESTAMP '2020-01-02', 0.1::DOUBLE + 1e-17)) AS v(k, moment, e__latest_x)");
    SkewReport report = audit(service);
    assertThat(of(report, "e__latest_x").different()).isEqualTo(3);
    assertThat(of(report, "e__latest_x").examples().stream().map(row -> row.keys().get("k")))
        .containsExactly(1L, 4L, 5L);
    assertThat(of(report, "e__latest_x").largestAbsolute()).isInfinite();
    SkewReport tolerant = audit(service, a -> a.tolerance(1e-9, 1e-9).compare("served", "moment"));
    assertThat(of(tolerant, "e__latest_x").different()).isEqualTo(1);
  }

  @Test
  void drawsTheSameSampleHoweverTheLogIsStored() {
    FeatureService service = service(card().build());
    serve(service, "9 HOUR");
    Audit ten = a -> a.sample(10, 7).examples(100).compare("served", "moment");
    SkewReport first = audit(service, ten);
    assertThat(first.rows()).isEqualTo(10);
    assertThat(first.toString()).isEqualTo(audit(service, ten).toString());
    execute("CREATE OR REPLACE TABLE served AS SELECT * FROM served ORDER BY random()");
    assertThat(audit(service, ten)).isEqualTo(first);
    SkewReport other =
        audit(service, a -> a.sample(10, 8).examples(100).compare("served", "moment"));
    assertThat(times(other)).isNotEqualTo(times(first));
    assertThat(audit(service, a -> a.sample(1000, 7).compare("served", "moment")).rows())
        .isEqualTo(200);
  }

  private static List<LocalDateTime> times(SkewReport report) {
    return of(report, "hour").examples().stream()
        .map(SkewReport.Example::at)
        .sorted()
        .collect(Collectors.toList());
  }

  @Test
  void takesALogFromAQueryWithParametersAndOtherNames() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    execute("ALTER TABLE served RENAME card TO CARD");
    execute("ALTER TABLE served ADD COLUMN \"served card__latest_amount\" VARCHAR");
    execute("ALTER TABLE served ADD COLUMN \"time\" VARCHAR");
    SkewReport report =
        audit(
            service,
            a ->
                a.compareSql(
                    "SELECT * FROM served WHERE moment >= ? AND card <> ? -- late",
                    "moment",
                    LocalDateTime.parse("2020-01-05T00:00"),
                    "c3"));
    assertThat(report.isClean()).as(report.toString()).isTrue();
    assertThat(report.rows()).isBetween(90L, 120L);
  }

  @Test
  void tellsHowItGoesOn() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    AtomicLong rows = new AtomicLong();
    Progress progress =
        (name, total, unit) ->
            units -> {
              if (name.equals("comparing features")) {
                rows.addAndGet(units);
              }
            };
    audit(service, a -> a.progress(progress).compare("served", "moment"));
    assertThat(rows).hasValue(200);
  }

  @Test
  void showsTheReportInAShellAndANotebook() {
    FeatureService service = service(card().build());
    execute("UPDATE payments SET card = '<b>' WHERE card = 'c2'");
    execute("UPDATE asked SET card = '<b>' WHERE card = 'c2'");
    serve(service, "0 HOUR");
    execute("UPDATE served SET hour = 77 WHERE card = '<b>'");
    SkewReport report = audit(service);
    assertThat(report.toString())
        .contains("11 of 12 features", "SKEWED", "hour, such as", "77")
        .containsPattern("<b> +2020-01-02 02:30 +77 +2");
    assertThat(report.toHtml())
        .startsWith("<div class=\"mlinfra-skew\">")
        .contains("&lt;b&gt;", "hour, such as", "SKEWED")
        .doesNotContain("<b>", "<script", "http");
  }

  private void assertRefused(ErrorCode code, ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(parts);
  }

  @Test
  void namesWhatTheLogLacks() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    for (String column : List.of("card", "moment", "price", PAID, "over")) {
      execute(
          "CREATE OR REPLACE TABLE lacking AS SELECT * EXCLUDE (\"" + column + "\") FROM served");
      assertRefused(
          ErrorCode.NAME_UNKNOWN,
          () -> audit(service, a -> a.compare("lacking", "moment")),
          "'" + column + "'",
          "table 'lacking' does not have");
    }
    assertRefused(
        ErrorCode.NAME_UNKNOWN,
        () -> audit(service, a -> a.compare("nothing", "moment")),
        "nothing");
  }

  @Test
  void refusesALogThatDoesNotFit() {
    FeatureService service = service(card().build());
    serve(service, "0 HOUR");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> audit(service, a -> a.compareSql("SELECT * FROM served WHERE false", "moment")),
        "'fraud'",
        "the query has no rows");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            audit(
                service,
                a ->
                    a.compareSql(
                        "SELECT * REPLACE (" + COUNT + "::VARCHAR AS " + COUNT + ") FROM served",
                        "moment")),
        COUNT,
        "a text, the feature a whole number");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            audit(
                service,
                a ->
                    a.compareSql(
                        "SELECT * REPLACE (" + COUNT + " + 0.5 AS " + COUNT + ") FROM served",
                        "moment")),
        COUNT,
        "a number, the feature a whole number");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            audit(
                service,
                a ->
                    a.compareSql(
                        "SELECT * REPLACE ([1] AS card__latest_fine) FROM served", "moment")),
        "card__latest_fine",
        "List");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            audit(
                service,
                a ->
                    a.compareSql(
                        "SELECT * REPLACE (CASE WHEN card <> 'c1' THEN moment END AS moment) FROM served",
                        "moment")),
        "'moment'");
  }

  @Test
  void refusesSettingsThatCannotBe() {
    FeatureService service = service(card().build());
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, service)) {
      assertThatThrownBy(() -> SkewAudit.of(store, service(card().knownAt("booked").build())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'fraud'", "'card'", "FeatureStore[card]");
      SkewAudit audit = SkewAudit.of(store, service);
      assertThatThrownBy(() -> audit.sample(0, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("rows (0) must be > 0");
      assertThatThrownBy(() -> audit.tolerance(-1, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("absolute (-1.0) must be >= 0");
      assertThatThrownBy(() -> audit.tolerance(0, Double.NaN))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("relative (NaN) must be >= 0");
      assertThatThrownBy(() -> audit.tolerance("what", 0, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'what'", "'fraud'", PAID);
      assertThatThrownBy(() -> audit.examples(-1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("examples (-1) must be >= 0");
    }
  }
}
