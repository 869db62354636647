package io.mlinfra.features.view;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.fraction;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Condition.equal;
import static io.mlinfra.features.view.Condition.oneOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.features.view.Condition.Comparison;
import io.mlinfra.features.view.Derived.Operation;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class DefinitionTest {
  private static final FeatureView CARD =
      FeatureView.named("card")
          .from("payments")
          .entity(Entity.of("account", "bank", "card \"no\""))
          .eventTime("paid")
          .knownAt("booked")
          .tieBreak("sequence")
          .ttl(Duration.ofDays(90))
          .latest("country")
          .lag("amount", 2)
          .sinceLast()
          .window(Duration.ofDays(7), sum("amount").named("spent"), count())
          .window(
              Duration.ofMinutes(90),
              fraction(oneOf("status", "paid", "late\n")),
              count().where(equal("share", 1.0)))
          .owner("payments team")
          .description("what a card did")
          .tag("pii", "core")
          .build();

  private static final FeatureService FRAUD =
      FeatureService.named("fraud")
          .with(CARD, "card__spent_7d", "card__since_last")
          .derive("over", Derived.ratio("amount", "card__spent_7d"))
          .derive("hour", Derived.hour("asked").inZone(ZoneId.of("Europe/Berlin")))
          .owner("risk")
          .build();

  @Test
  void standsAsTextOneLineAClause() {
    assertThat(FRAUD.definition())
        .isEqualTo(
            """
            feature service "fraud"
              features "card__since_last", "card__spent_7d"
              derive "over" = ratio("amount", "card__spent_7d")
              derive "hour" = hour("asked") in "Europe/Berlin"
              owner "risk"

            feature view "card"
              from table "payments"
              entity "account" keys "bank", "card \\"no\\""
              event time "paid"
              known at "booked"
              tie break "sequence"
              ttl 90d
              feature "card__latest_country" = latest("country")
              feature "card__lag2_amount" = lag("amount", 2)
              feature "card__since_last" = since_last()
              feature "card__spent_7d" = sum("amount") over 7d
              feature "card__count_7d" = count() over 7d
              feature "card__fraction_status_90m" = fraction() where "status" in ("paid", "late\\n") over 90m
              feature "card__count_if_share_90m" = count() where "share" = 1.0 over 90m
              owner "payments team"
              description "what a card did"
              tag "core"
              tag "pii"
            """);
    assertSame(FeatureView.parse(CARD.definition()), CARD);
    assertThat(FeatureService.parse(FRAUD.definition())).isEqualTo(FRAUD);
  }

  @Test
  void isReadWhenWrittenByHand() {
    FeatureView view =
        FeatureView.parse(
            "\r\n feature view\t\"v\"\r\n\r\n"
                + "feature \"v__count_1d\"=count()over 24h\r\n"
                + "\ttag \"b\"\n tag \"a\"\n event time \"t\"\n"
                + "entity \"e\" keys \"x\" ,\"y\"\n"
                + "feature \"v__twice_1s\" = sum(\"\\u0041\") where \"n\" in(1,-2 , 3) over 1000ms\n"
                + "from sql \"SELECT *\\nFROM \\\"t\\\"\"");
    assertThat(view)
        .isEqualTo(
            FeatureView.named("v")
                .fromSql("SELECT *\nFROM \"t\"")
                .entity(Entity.of("e", "x", "y"))
                .eventTime("t")
                .window(Duration.ofDays(1), count())
                .window(Duration.ofSeconds(1), sum("A").where(oneOf("n", 1, -2, 3)).named("twice"))
                .tag("a", "b")
                .build());
  }

  @Test
  void keepsWholeNumbersAndDoublesApart() {
    List<Object> constants =
        List.of(
            1L,
            1.0,
            1e10,
            10_000_000_000L,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            0.1,
            1e-3,
            9.99e-4,
            9_999_999.5,
            1e7,
            4.9e-324,
            Double.MAX_VALUE,
            -Double.MIN_NORMAL,
            2e-323,
            1e23,
            2.0 / 3);
    assertThat(constants)
        .extracting(value -> equal("x", value).toString().substring(6))
        .containsExactly(
            "1",
            "1.0",
            "1.0e10",
            "10000000000",
            "-9223372036854775808",
            "9223372036854775807",
            "0.1",
            "0.001",
            "9.99e-4",
            "9999999.5",
            "1.0e7",
            "5.0e-324",
            "1.7976931348623157e308",
            "-2.2250738585072014e-308",
            "2.0e-323",
            "1.0e23",
            "0.6666666666666666");
    for (Object constant : constants) {
      FeatureView view = withConstant(constant);
      assertSame(FeatureView.parse(view.definition()), view);
    }
    assertThat(withConstant(1)).isEqualTo(withConstant(1L)).isNotEqualTo(withConstant(1.0));
    assertThat(withConstant("true")).isNotEqualTo(withConstant(true));
    assertThat(withConstant(-0.0)).isEqualTo(withConstant(0.0));
    assertThat(withConstant(0.5f)).isEqualTo(withConstant(0.5));
  }

  @Property(tries = 2000)
  void keepsEveryDouble(@ForAll long bits) {
    double value = Double.longBitsToDouble(bits);
    if (Double.isFinite(value)) {
      assertThat(Double.parseDouble(Text.number(value))).isEqualTo(value + 0.0);
      assertThat(Text.number(value)).containsAnyOf(".", "e");
    }
  }

  private static FeatureView withConstant(Object constant) {
    return FeatureView.named("v")
        .from("t")
        .entity("e")
        .eventTime("at")
        .window(Duration.ofDays(1), count().where(equal("x", constant)))
        .build();
  }

  /** Not only by definition, which could leave something out. */
  private static void assertSame(FeatureView read, FeatureView written) {
    assertThat(read.definition()).isEqualTo(written.definition());
    assertThat(read.name()).isEqualTo(written.name());
    assertThat(read.source()).isEqualTo(written.source());
    assertThat(read.isSql()).isEqualTo(written.isSql());
    assertThat(read.entity()).isEqualTo(written.entity());
    assertThat(read.eventTime()).isEqualTo(written.eventTime());
    assertThat(read.knownAt()).isEqualTo(written.knownAt());
    assertThat(read.tieBreak()).isEqualTo(written.tieBreak());
    assertThat(read.ttl()).isEqualTo(written.ttl());
    assertThat(read.features()).isEqualTo(written.features());
    assertThat(read.owner()).isEqualTo(written.owner());
    assertThat(read.description()).isEqualTo(written.description());
    assertThat(read.tags()).isEqualTo(written.tags());
    assertThat(read).isEqualTo(written).hasSameHashCodeAs(written);
    assertThat(read.hash()).isEqualTo(written.hash());
    assertThat(written.toBuilder().build()).isEqualTo(written);
  }

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void readsBackTheViewThatWasWritten(@ForAll("views") FeatureView view) {
    assertThat(view.definition().chars().filter(Character::isISOControl)).allMatch(c -> c == '\n');
    assertSame(FeatureView.parse(view.definition()), view);
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void readsBackTheServiceThatWasWritten(@ForAll("services") FeatureService service) {
    FeatureService read = FeatureService.parse(service.definition());
    assertThat(read).isEqualTo(service).hasSameHashCodeAs(service);
    assertThat(read.name()).isEqualTo(service.name());
    assertThat(read.views()).isEqualTo(service.views());
    for (FeatureView view : service.views()) {
      assertThat(read.features(view)).isEqualTo(service.features(view));
    }
    assertThat(read.derived()).isEqualTo(service.derived());
    assertThat(List.copyOf(read.derived().keySet()))
        .isEqualTo(List.copyOf(service.derived().keySet()));
    assertThat(read.owner()).isEqualTo(service.owner());
    assertThat(read.description()).isEqualTo(service.description());
    assertThat(service.toBuilder().build()).isEqualTo(service);
  }

  /** Cut, doubled, swapped, and with odd characters put in. */
  @Property(tries = 3000)
  void readsOrRefusesWhateverIsMadeOfADefinition(@ForAll long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder(FRAUD.definition());
    for (int i = random.nextInt(4); i >= 0; i--) {
      int from = random.nextInt(text.length() + 1);
      int to = Math.min(text.length(), from + random.nextInt(20));
      switch (random.nextInt(4)) {
        case 0 -> text.setLength(from);
        case 1 -> text.delete(from, to);
        case 2 -> text.insert(from, text.substring(from, to));
        default -> text.insert(from, "\"\\\n\0 =9(u.\ud83d,e-".charAt(random.nextInt(14)));
      }
    }
    assertReadOrRefused(text.toString());
    assertReadOrRefused(text.substring(Math.max(0, text.indexOf("feature view"))));
  }

  private static void assertReadOrRefused(String text) {
    for (Runnable read :
        List.<Runnable>of(
            () -> assertSameText(text, FeatureView.parse(text).definition()),
            () -> FeatureService.parse(text))) {
      try {
        read.run();
      } catch (MlInfraException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE);
        assertThat(e)
            .hasMessageMatching("(?s)definition of a feature (view|service), line \\d+: .+");
      }
    }
  }

  private static void assertSameText(String text, String definition) {
    assertThat(FeatureView.parse(definition).definition()).as(text).isEqualTo(definition);
  }

  @Test
  void refusesWhatIsHuge() {
    String million = "9".repeat(1_000_000);
    for (String line :
        List.of(
            "ttl " + million + "d",
            "feature \"v__x\" = lag(\"a\", " + million + ")",
            "feature \"v__x_1d\" = count() where \"a\" = " + million + " over 1d",
            "feature \"v__x_1d\" = count() where \"a\" = " + million + ".0 over 1d",
            "feature \"v__x_1d\" = count() where \"a\" = " + "-".repeat(1_000_000),
            "entity \"e\" keys " + "\"a\", ".repeat(200_000) + "\"b\"",
            "(".repeat(1_000_000),
            "\\".repeat(1_000_000),
            "owner \"" + "\\".repeat(1_000_001),
            "owner \"" + "\ud83d".repeat(100_000) + "\"",
            million.repeat(5))) {
      assertReadOrRefused("feature view \"v\"\n  " + line + "\n");
      assertReadOrRefused(line);
    }
    assertReadOrRefused("\n".repeat(1_000_000));
    assertReadOrRefused("feature view \"v\"\n".repeat(10_000));
  }

  @Test
  void saysInWhichLineWhatWasExpected() {
    assertRefused("", "line 1: expected 'feature view' at character 1, found the end");
    assertRefused("feature view v", "line 1: expected a text in double quotes at character 14");
    assertRefused("feature view \"a b\"", "line 1: feature view ('a b') must be 1 to 128 of");
    assertRefused(
        "feature view \"v\"\n  wibble \"x\"", "line 2: expected from table, from sql, entity");
    assertRefused("feature view \"v\"\n\n  ttl 3w", "line 3: expected a duration such as 7d");
    assertRefused("feature view \"v\"\n  ttl 0d", "line 2: ttl (PT0S) must be a positive whole");
    assertRefused("feature view \"v\"\n  ttl 1d 2h", "line 2: expected the end of the line");
    assertRefused("feature view \"v\"\n  owner \"a\n", "line 2: expected a text that ends with");
    assertRefused("feature view \"v\"\n  owner \"\\x\"", "line 2: expected \\\", \\\\, \\n");
    assertRefused("feature view \"v\"\n  owner \"\\u12\"", "line 2: expected \\\", \\\\, \\n");
    assertRefused("feature view \"v\"\n  owner \"\\ud83d\"", "owner must be Unicode text");
    assertRefused("feature view \"v\"\n  owner \" \"", "line 2: owner must not be blank");
    assertRefused(
        "feature view \"v\"\n  owner \"a\"\n  owner \"b\"",
        "line 3: there is a clause 'owner' already");
    assertRefused(
        "feature view \"v\"\n  from table \"a\"\n  from sql \"b\"",
        "line 3: there is a clause 'from' already");
    assertRefused(
        "feature view \"v\"\n  feature \"v__x_1d\" = median(\"a\") over 1d",
        "line 2: expected one of count, fraction, sum");
    assertRefused(
        "feature view \"v\"\n  feature \"v__x_7d\" = sum(\"a\") over 1d",
        "line 2: the name of feature 'v__x_7d' must be v__…_1d");
    assertRefused(
        "feature view \"v\"\n  feature \"v__x\" = sum(\"a\")", "line 2: sum(\"a\") needs a window");
    assertRefused(
        "feature view \"v\"\n  feature \"v__x_1d\" = sum(\"a\") where \"b\" ~ 1 over 1d",
        "line 2: expected a comparison such as");
    assertRefused(
        "feature view \"v\"\n  feature \"v__x_1d\" = sum(\"a\") where \"b\" in (1, 1.0) over 1d",
        "line 2: the values [1, 1.0] must be of one type");
    assertRefused(
        "feature view \"v\"\n  from table \"t\"\n", "line 1: feature view 'v' lacks entity(…)");
    assertRefused(CARD.definition() + CARD.definition(), "line 19: expected nothing more");

    assertServiceRefused(
        "feature service \"s\"\n  features \"v__x\"\n",
        "line 2: expected the feature view that has the features of line 2");
    assertServiceRefused(
        "feature service \"s\"\n  features \"card__x\"\n\n" + CARD.definition(),
        "line 2: feature view 'card' has no feature [card__x]");
    assertServiceRefused(
        "feature service \"s\"\n  derive \"x\" = ratio(\"a\")",
        "line 2: RATIO takes 2 inputs, not 1");
    assertServiceRefused(
        "feature service \"s\"\n  derive \"x\" = hour(\"a\") in \"Mars/Base\"",
        "line 2: Unknown time-zone ID: Mars/Base");
    assertServiceRefused("feature service \"s\"", "line 1: feature service 's' has no features");
    assertServiceRefused(FRAUD.definition() + CARD.definition(), "expected nothing more");
    assertServiceRefused(CARD.definition(), "line 1: expected 'feature service'");
  }

  private static void assertRefused(String text, String message) {
    assertThatThrownBy(() -> FeatureView.parse(text))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
        .hasMessageStartingWith("definition of a feature view, line ")
        .hasMessageContaining(message);
  }

  private static void assertServiceRefused(String text, String message) {
    assertThatThrownBy(() -> FeatureService.parse(text))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
        .hasMessageStartingWith("definition of a feature service, line ")
        .hasMessageContaining(message);
  }

  @Test
  void standsOnOneLineAndCannotTurnItAround() {
    assertThat(Text.quote("a\u0000\u001b\u007f\u0085\u2028\u202e\u2066é中\ud83d\ude00"))
        .isEqualTo("\"a\\u0000\\u001b\\u007f\\u0085\\u2028\\u202e\\u2066é中\ud83d\ude00\"");
  }

  @Test
  void refusesHalfASurrogatePair() {
    assertThatThrownBy(() -> CARD.toBuilder().from("a\ud83d"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("half of a surrogate pair");
    assertThatThrownBy(() -> equal("a", "\ude00"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("half of a surrogate pair");
    assertThatCode(() -> equal("a", "\ud83d\ude00")).doesNotThrowAnyException();
  }

  @Provide
  Arbitrary<FeatureService> services() {
    Arbitrary<List<FeatureView>> views =
        views().list().uniqueElements(view -> view.name().toLowerCase(Locale.ROOT)).ofMaxSize(3);
    Arbitrary<Derived> derived =
        Combinators.combine(Arbitraries.of(Operation.class), texts().list().ofSize(4), zones())
            .as(
                (operation, inputs, zone) ->
                    new Derived(
                        operation,
                        inputs.subList(0, operation.inputs()),
                        operation.isTimePart() ? zone : ZoneOffset.UTC));
    return Combinators.combine(
            names(),
            views,
            derived.list().ofMinSize(1).ofMaxSize(4),
            texts().list().ofSize(4),
            texts().optional(),
            texts().optional(),
            Arbitraries.integers())
        .as(
            (name, of, how, hows, owner, description, seed) -> {
              Random random = new Random(seed);
              FeatureService.Builder service = FeatureService.named(name);
              for (FeatureView view : of) {
                String[] some =
                    view.features().stream()
                        .map(Feature::name)
                        .filter(feature -> random.nextBoolean())
                        .toArray(String[]::new);
                service.with(view, some);
              }
              for (int i = 0; i < how.size(); i++) {
                service.derive(hows.get(i) + i, how.get(i));
              }
              owner.ifPresent(service::owner);
              description.ifPresent(service::description);
              return service.build();
            });
  }

  @Provide
  Arbitrary<FeatureView> views() {
    Arbitrary<Feature> features =
        Combinators.combine(
                Arbitraries.of(Function.class),
                texts(),
                Arbitraries.integers().between(1, 100),
                conditions().optional(),
                texts(),
                windows())
            .as(DefinitionTest::feature);
    Arbitrary<Entity> entities =
        Combinators.combine(
                names(),
                texts()
                    .list()
                    .uniqueElements(t -> t.toLowerCase(Locale.ROOT))
                    .ofMinSize(1)
                    .ofMaxSize(8))
            .as(Entity::new);
    Arbitrary<List<Optional<String>>> options = texts().optional().list().ofSize(4);
    return Combinators.combine(
            names(),
            texts(),
            entities,
            features.list().ofMinSize(1).ofMaxSize(6),
            options,
            Arbitraries.of(true, false),
            windows().optional(),
            texts().set().ofMaxSize(3))
        .as(
            (name, source, entity, made, texts, sql, ttl, tags) -> {
              FeatureView.Builder view = FeatureView.named(name).entity(entity).eventTime("at");
              FeatureView.Builder unused = sql ? view.fromSql(source) : view.from(source);
              texts.get(0).ifPresent(view::knownAt);
              texts.get(1).ifPresent(text -> view.tieBreak(text + " break"));
              texts.get(2).ifPresent(view::owner);
              texts.get(3).ifPresent(view::description);
              ttl.map(length -> length.plusDays(40_000)).ifPresent(view::ttl);
              Set<String> seen = new HashSet<>();
              for (Feature feature : made) {
                if (seen.add(feature.name().toLowerCase(Locale.ROOT))) {
                  view.add(feature.aggregate(), feature.window());
                }
              }
              tags.forEach(view::tag);
              return view.build();
            });
  }

  private static Feature feature(
      Function function,
      String column,
      int lag,
      Optional<Condition> condition,
      String label,
      Duration window) {
    Condition which =
        !function.isWindowed()
            ? null
            : condition.orElse(function == Function.FRACTION ? Condition.isTrue(column) : null);
    Aggregate aggregate =
        new Aggregate(
            function,
            function.hasColumn() ? column : "",
            function == Function.LAG ? lag : 0,
            which,
            label);
    Duration over = function.isWindowed() ? window : null;
    return new Feature(Feature.name("", label, over), aggregate, over);
  }

  private static Arbitrary<Condition> conditions() {
    Arbitrary<List<Object>> values =
        Arbitraries.oneOf(
            Arbitraries.longs().map(v -> (Object) v).list().ofMinSize(1).ofMaxSize(3),
            Arbitraries.doubles().map(v -> (Object) v).list().ofMinSize(1).ofMaxSize(3),
            texts().map(v -> (Object) v).list().ofMinSize(1).ofMaxSize(3),
            Arbitraries.of(true, false).map(v -> (Object) v).list().ofMinSize(1).ofMaxSize(3));
    return Combinators.combine(texts(), Arbitraries.of(Comparison.class), values)
        .as(
            (column, comparison, constants) ->
                switch (comparison) {
                  case PRESENT, MISSING -> new Condition(column, comparison, List.of());
                  case ONE_OF -> new Condition(column, comparison, constants);
                  default ->
                      new Condition(
                          column,
                          comparison.isOrdered() && constants.get(0) instanceof Boolean
                              ? Comparison.EQUAL
                              : comparison,
                          constants.subList(0, 1));
                });
  }

  private static Arbitrary<Duration> windows() {
    return Combinators.combine(
            Arbitraries.of(
                ChronoUnit.DAYS,
                ChronoUnit.HOURS,
                ChronoUnit.MINUTES,
                ChronoUnit.SECONDS,
                ChronoUnit.MILLIS,
                ChronoUnit.MICROS),
            Arbitraries.longs().between(1, 40_000))
        .as((unit, count) -> Duration.of(count, unit));
  }

  private static Arbitrary<ZoneId> zones() {
    return Arbitraries.of(
            "Europe/Berlin", "+05:30", "-00:00:01", "UTC", "Z", "GMT+2", "Asia/Kolkata")
        .map(ZoneId::of);
  }

  private static Arbitrary<String> names() {
    return Arbitraries.strings()
        .withCharRange('a', 'z')
        .withChars('_', '-', '.', '9', 'Z')
        .ofMinLength(1)
        .ofMaxLength(10)
        .filter(name -> "-.".indexOf(name.charAt(0)) < 0);
  }

  /** Whatever could break a line, a quote or an encoding. */
  private static Arbitrary<String> texts() {
    List<String> parts = new ArrayList<>();
    for (char c = 0; c < 0x100; c++) {
      parts.add(String.valueOf(c));
    }
    parts.addAll(
        List.of(
            "\u2028",
            "\u2029",
            "\u202e",
            "\u2066",
            "\ufeff",
            "\ufffe",
            "é",
            "中",
            "\ud83d\ude00",
            "\udbff\udfff",
            "\\n",
            "\\u0041",
            "\" over 1d",
            "\" = ",
            "feature view \"",
            "''"));
    Arbitrary<String> odd = Arbitraries.of(parts);
    Arbitrary<String> common =
        Arbitraries.of("\"", "\\", "\n", "\r", "\t", " ", "a", "B", "_", "0");
    return Arbitraries.oneOf(odd, common)
        .list()
        .ofMinSize(1)
        .ofMaxSize(6)
        .map(list -> String.join("", list))
        .filter(text -> !text.isBlank());
  }
}
