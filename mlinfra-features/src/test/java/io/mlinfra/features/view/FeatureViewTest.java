package io.mlinfra.features.view;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FeatureViewTest {
  private static FeatureView.Builder origin() {
    return FeatureView.named("origin").from("flights").entity("origin").eventTime("date");
  }

  @Test
  void namesFeaturesAfterViewAggregateAndWindow() {
    FeatureView view =
        origin()
            .window(Duration.ofHours(3), mean("delay"), count())
            .window(Duration.ofDays(7), sum("late"))
            .window(Duration.ofMinutes(90), count())
            .window(Duration.ofSeconds(1), count())
            .window(Duration.ofMillis(1500), count())
            .window(Duration.ofNanos(7000), count())
            .build();
    assertThat(view.features())
        .extracting(Feature::name)
        .containsExactly(
            "origin__mean_delay_3h",
            "origin__count_3h",
            "origin__sum_late_7d",
            "origin__count_90m",
            "origin__count_1s",
            "origin__count_1500ms",
            "origin__count_7us");
  }

  @Test
  void isItsDefinition() {
    FeatureView view = origin().knownAt("landed").window(Duration.ofDays(1), mean("delay")).build();
    assertThat(view.definition())
        .isEqualTo(
            "feature view \"origin\"\n"
                + "  from table \"flights\"\n"
                + "  entity \"origin\" keys \"origin\"\n"
                + "  event time \"date\"\n"
                + "  known at \"landed\"\n"
                + "  feature \"origin__mean_delay_1d\" = mean(\"delay\") over 1d\n");
    FeatureView same =
        origin().knownAt("landed").window(Duration.ofHours(24), mean("delay")).build();
    FeatureView other = origin().window(Duration.ofHours(24), mean("delay")).build();
    assertThat(view).isEqualTo(same).hasSameHashCodeAs(same).isNotEqualTo(other);
    assertThat(view.hash()).isEqualTo(same.hash()).isNotEqualTo(other.hash());
  }

  @Test
  void refusesWindowsThatAreNone() {
    for (Duration bad :
        new Duration[] {
          Duration.ZERO,
          Duration.ofSeconds(-1),
          Duration.ofNanos(1),
          Duration.ofDays(100_001),
          Duration.ofSeconds(Long.MAX_VALUE)
        }) {
      assertThatThrownBy(() -> origin().window(bad, count()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("window (" + bad + ")");
    }
    assertThatThrownBy(() -> origin().window(Duration.ofDays(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one aggregate");
  }

  private static void assertNamed(String what, ThrowingCallable call) {
    assertThatThrownBy(call)
        .as(what)
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining(what);
  }

  @Test
  @SuppressWarnings("NullAway") // what a caller without a checker does
  void namesThePartThatIsNull() {
    String none = null;
    assertNamed("feature view", () -> FeatureView.named(none));
    assertNamed("table", () -> origin().from(none));
    assertNamed("query", () -> origin().fromSql(none));
    assertNamed("key", () -> origin().entity(none));
    assertNamed("entity", () -> origin().entity((Entity) null));
    assertNamed("eventTime", () -> origin().eventTime(none));
    assertNamed("ttl", () -> origin().ttl(null));
    assertNamed("window", () -> origin().window(null, count()));
    assertNamed("aggregate", () -> origin().window(Duration.ofDays(1), (Aggregate) null));
    assertNamed("condition", () -> count().where(null));
    assertNamed("tag", () -> origin().tag(none));
    assertNamed("view", () -> FeatureService.named("s").with(null));
    assertNamed("how", () -> FeatureService.named("s").derive("d", null));
    assertNamed("input", () -> Derived.ratio(none, "x"));
  }

  @Test
  void refusesPartsThatAreMissing() {
    assertThatThrownBy(() -> FeatureView.named("a b")).hasMessageContaining("a b");
    assertThatThrownBy(() -> origin().entity(" ")).hasMessageContaining("' '");
    assertThatThrownBy(() -> origin().build()).hasMessageContaining("needs at least one feature");
    assertThatThrownBy(() -> FeatureView.named("v").window(Duration.ofDays(1), count()).build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("feature view 'v' lacks from(…)");
    assertThatThrownBy(
            () ->
                origin()
                    .window(Duration.ofDays(1), count())
                    .window(Duration.ofHours(24), count())
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("feature 'origin__count_1d' is there twice");
    assertThatThrownBy(() -> mean("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Aggregate(Aggregate.Function.COUNT, "x", 0, null, "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesNamesThatDifferOnlyInCase() {
    assertThatThrownBy(() -> origin().latest("Delay", "delay").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'origin__latest_delay' is there twice")
        .hasMessageContaining("named(…)");
    assertThat(origin().latest("delay").lag("delay", 1).build().features()).hasSize(2);
    assertThatThrownBy(
            () ->
                FeatureService.named("s")
                    .with(origin().latest("delay").build())
                    .derive("Origin__Latest_Delay", Derived.hour("date"))
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'Origin__Latest_Delay' is both in view 'origin'");
  }

  @Test
  void refusesATieBreakThatBreaksNone() {
    for (String column : List.of("date", "DATE", "landed", "origin")) {
      assertThatThrownBy(() -> origin().knownAt("landed").tieBreak(column).latest("delay").build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("breaks ties by '" + column + "'");
    }
  }

  @Test
  void goesOnFromAViewOrAService() {
    FeatureView view =
        origin().knownAt("landed").ttl(Duration.ofDays(3)).sinceLast().tag("a").owner("b").build();
    FeatureView more = view.toBuilder().from("others").latest("delay").tag("c").build();
    assertThat(more)
        .isEqualTo(
            FeatureView.named("origin")
                .from("others")
                .entity("origin")
                .eventTime("date")
                .knownAt("landed")
                .ttl(Duration.ofDays(3))
                .sinceLast()
                .latest("delay")
                .tag("a", "c")
                .owner("b")
                .build());
    assertThat(view.features()).hasSize(1);
    FeatureService service = FeatureService.named("s").with(view).build();
    assertThat(service.toBuilder().derive("hour", Derived.hour("date")).build().names())
        .containsExactly("origin__since_last", "hour");
    assertThat(service.names()).hasSize(1);
  }

  @Test
  void takesAFeatureOnlyAsAWholeNumberOfMicroseconds() {
    for (Duration bad : List.of(Duration.ZERO, Duration.ofNanos(1500), Duration.ofDays(200_000))) {
      assertThatThrownBy(() -> new Feature("f", count(), bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("window (" + bad + ")");
    }
    assertThat(Feature.label(Duration.ofDays(100_000))).isEqualTo("100000d");
    assertThat(Feature.label(Duration.ofDays(100_000).minusNanos(1000)))
        .isEqualTo("8639999999999999us");
  }

  @Test
  void readsUtcByAnyOfItsNames() {
    Derived hour = Derived.hour("t");
    for (String zone : List.of("UTC", "Z", "GMT", "Etc/UTC", "+00:00")) {
      assertThat(hour.inZone(ZoneId.of(zone))).isEqualTo(hour).hasToString("hour(\"t\")");
      assertThat(new Derived(Derived.Operation.HOUR, List.of("t"), ZoneId.of(zone)))
          .isEqualTo(hour);
    }
    assertThatThrownBy(() -> Derived.ratio("a", "b").inZone(ZoneId.of("Europe/Berlin")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("RATIO takes no zone");
  }
}
