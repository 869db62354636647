package io.mlinfra.features.catalog;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.last;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Condition.greaterThan;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.ratio;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.features.catalog.CatalogEntry.Type;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureCatalogTest {
  private static final Duration WEEK = Duration.ofDays(7);

  private static final FeatureView CARD =
      FeatureView.named("card")
          .from("payments")
          .entity("card")
          .eventTime("paid")
          .knownAt("booked")
          .window(WEEK, sum("amount"), count().where(greaterThan("risk", 0.5)))
          .latest("country")
          .owner("Payments team")
          .description("what a card did")
          .tag("pii", "core")
          .build();

  private static final FeatureView SHOP =
      FeatureView.named("shop")
          .fromSql("SELECT * FROM payments JOIN shops USING (shop)\nWHERE open")
          .entity("shop")
          .eventTime("paid")
          .window(WEEK, mean("amount"))
          .window(WEEK, max("reach"))
          .owner("risk")
          .tag("non-pii")
          .build();

  private static final FeatureService FRAUD =
      FeatureService.named("fraud")
          .with(CARD, "card__sum_amount_7d", "card__latest_country")
          .with(SHOP, "shop__mean_amount_7d")
          .derive("over", ratio("amount", "shop__mean_amount_7d"))
          .derive("over_what_is_usual", ratio("over", "card__sum_amount_7d"))
          .derive("hour", hour("asked"))
          .owner("risk office")
          .description("stops payments; see \"rules\"")
          .build();

  @TempDir Path folder;
  private Registry registry;
  private FeatureCatalog catalog;

  @BeforeEach
  void open() {
    registry = Registry.open(folder);
    catalog = FeatureCatalog.of(registry);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  /** As a training leaves it: definitions and data, a run, a model. */
  private Version model(String name, Version definitions) {
    Version data = registry.register(Registration.of(Kind.DATASET, "data").content(bytes(name)));
    Version run =
        registry.register(
            Registration.of(Kind.RUN, name)
                .content(bytes("run " + definitions.id()))
                .madeFrom(data, definitions));
    return registry.register(
        Registration.of(Kind.MODEL, name).content(bytes("model " + run.id())).madeFrom(run));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void keepsAServiceMadeFromItsViewsOnce() {
    Version card = catalog.register(CARD);
    Version fraud = catalog.register(FRAUD);
    assertThat(catalog.register(FRAUD)).isEqualTo(fraud);
    assertThat(catalog.register(FeatureService.parse(FRAUD.definition()))).isEqualTo(fraud);
    assertThat(fraud.id().hash()).isEqualTo(FRAUD.hash());
    assertThat(fraud.madeFrom())
        .containsExactly(card.id(), catalog.versions("shop").get(0).version().id());
    assertThat(registry.names(Kind.FEATURES)).containsExactly("card", "fraud", "shop");
    assertThat(catalog.versions("fraud")).hasSize(1);
  }

  @Test
  void givesBackWhatWasRegistered() {
    catalog.register(FRAUD);
    FeatureView later = CARD.toBuilder().owner("others").build();
    catalog.register(later);
    assertThat(catalog.view("card")).isEqualTo(later);
    assertThat(catalog.view("card:1")).isEqualTo(CARD);
    assertThat(catalog.service("fraud")).isEqualTo(FRAUD);
    assertThat(catalog.service("fraud:1").views()).containsExactly(CARD, SHOP);
    assertThat(catalog.views()).containsExactly(later, SHOP);
    assertThat(catalog.services()).containsExactly(FRAUD);
    assertThat(catalog.versions("card"))
        .extracting(entry -> entry.version().id().number())
        .containsExactly(1, 2);
    assertThat(catalog.versions("nothing")).isEmpty();
  }

  @Test
  void refusesReferencesToNoSuchThing() {
    catalog.register(FRAUD);
    registry.register(Registration.of(Kind.FEATURES, "json").content(bytes("{}")));
    assertUnknown("nothing", "nothing");
    assertUnknown("card:2", "card");
    assertUnknown("fraud", "there is no feature view 'fraud'; it is a feature service");
    assertUnknown("fraud:1", "it is a feature service");
    assertUnknown("json", "features json:1", "was registered by no catalog");
    assertThatThrownBy(() -> catalog.service("card"))
        .isInstanceOf(MlInfraException.class)
        .hasMessage("there is no feature service 'card'; it is a feature view");
    assertThatThrownBy(() -> catalog.view("card@champion"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> catalog.view("card:x")).isInstanceOf(IllegalArgumentException.class);
  }

  private void assertUnknown(String reference, String... words) {
    assertThatThrownBy(() -> catalog.view(reference))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
        .message()
        .contains(words);
  }

  @Test
  void tellsAViewFromAServiceOfTheSameName() {
    FeatureService card = FeatureService.named("card").with(CARD).build();
    catalog.register(card);
    assertThat(catalog.view("card")).isEqualTo(CARD);
    assertThat(catalog.service("card")).isEqualTo(card);
    assertThat(catalog.service("card:2")).isEqualTo(card);
    catalog.register(CARD.toBuilder().latest("city").build());
    assertThat(catalog.service("card")).isEqualTo(card);
    assertThat(catalog.versions("card"))
        .extracting(CatalogEntry::type)
        .containsExactly(Type.VIEW, Type.SERVICE, Type.VIEW);
  }

  @Test
  void refusesToReadADefinitionThatIsNone() {
    registry.register(
        Registration.of(Kind.FEATURES, "broken")
            .content(bytes("feature view \"broken\"\n  from nowhere"))
            .properties(CatalogEntry.properties(CARD)));
    assertThatThrownBy(() -> catalog.view("broken"))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
        .hasMessageContaining("line 2");
  }

  @Test
  void knowsOfAVersionWhatSearchesAskFor() {
    FeatureView odd =
        FeatureView.named("odd")
            .from("a\\nb\nc")
            .entity("k")
            .eventTime("t")
            .latest("x\n\"y\"", "\\", "z\\")
            .tag("two\nlines", "\\n")
            .description("multi\nline")
            .build();
    Version version = catalog.register(odd);
    CatalogEntry entry = catalog.versions("odd").get(0);
    assertThat(entry)
        .isEqualTo(
            new CatalogEntry(
                version,
                Type.VIEW,
                List.of("k"),
                List.of("a\\nb\nc"),
                List.of("k", "t", "x\n\"y\"", "\\", "z\\"),
                odd.features().stream().map(Feature::name).toList(),
                List.of("\\n", "two\nlines"),
                Optional.empty(),
                odd.description()));
    assertThat(entry)
        .hasToString("feature view odd:1 (" + odd.hash().abbreviated() + "), 3 features");
  }

  @Test
  void findsByWordsAndFields() {
    catalog.register(FRAUD);
    catalog.register(CARD.toBuilder().tag("late").build());
    assertThat(found("")).containsExactly("card:2", "shop:1", "fraud:1");
    assertThat(found("  AMOUNT ")).containsExactly("card:2", "shop:1", "fraud:1");
    assertThat(found("tag:pii")).containsExactly("card:2", "fraud:1");
    assertThat(found("tag:late")).containsExactly("card:2");
    assertThat(found("tag:non-pii type:view")).containsExactly("shop:1");
    assertThat(found("tag:pii owner:risk amount")).containsExactly("fraud:1");
    assertThat(found("owner:\"payments TEAM\"")).containsExactly("card:2");
    assertThat(found("owner:payments")).containsExactly("card:2");
    assertThat(found("owner:pay")).isEmpty();
    assertThat(found("entity:shop")).containsExactly("shop:1", "fraud:1");
    assertThat(found("column:risk")).containsExactly("card:2", "fraud:1");
    assertThat(found("column:booked")).containsExactly("card:2", "fraud:1");
    assertThat(found("feature:over")).containsExactly("fraud:1");
    assertThat(found("source:payments")).containsExactly("card:2", "shop:1", "fraud:1");
    assertThat(found("name:card")).containsExactly("card:2");
    assertThat(found("what \"a card\"")).containsExactly("card:2");
    assertThat(found("nowhere")).isEmpty();
    assertThat(found("service")).isEmpty();
  }

  private List<String> found(String text) {
    return catalog.search(text).stream()
        .map(entry -> CatalogEntry.reference(entry.version().id()))
        .toList();
  }

  @Test
  void saysWhereASearchCannotBeUnderstood() {
    assertThatThrownBy(() -> catalog.search("a card:2"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("search: expected one of column:, entity:")
        .hasMessageEndingWith("at character 3");
    assertThatThrownBy(() -> catalog.search("a \"b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("double quote")
        .hasMessageEndingWith("at character 3");
    assertThatThrownBy(() -> catalog.search("tag: x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("search: expected a text at character 5");
    assertThatThrownBy(() -> catalog.search("\"\""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("search: expected a text at character 2");
  }

  @Test
  void saysHowTwoViewsDiffer() {
    assertThat(FeatureCatalog.diff(CARD, FeatureView.parse(CARD.definition()))).isEmpty();
    assertThat(FeatureCatalog.diff(CARD, FeatureView.parse(CARD.definition().replace("card", "c"))))
        .startsWith("name card → c", "entity card → c", "keys card → c");
    FeatureView other =
        FeatureView.named("card")
            .fromSql("SELECT *\nFROM payments")
            .entity("card", "country")
            .eventTime("paid")
            .tieBreak("number")
            .ttl(Duration.ofDays(90))
            .latest("country")
            .window(WEEK, sum("amount").where(greaterThan("risk", 1)).named("sum_amount"))
            .window(WEEK, max("amount"))
            .owner("risk")
            .tag("pii")
            .build();
    assertThat(FeatureCatalog.diff(CARD, other))
        .containsExactly(
            "source table payments → query SELECT * FROM payments",
            "entity card → card_country",
            "keys card → card, country",
            "known-at booked → none",
            "tie break none → number",
            "time to live none → 90d",
            "feature card__sum_amount_7d: computed as sum(\"amount\") over 7d"
                + " → sum(\"amount\") where \"risk\" > 1 over 7d",
            "feature card__count_if_risk_7d removed: count() where \"risk\" > 0.5 over 7d",
            "feature card__latest_country: events that tie ordered by amount, risk, country"
                + " → country",
            "feature card__max_amount_7d added: max(\"amount\") over 7d",
            "features in another order",
            "owner Payments team → risk",
            "description what a card did → none",
            "tags core, pii → pii");
  }

  @Test
  void followsAChangeToServicesAndModels() {
    Version first = catalog.register(FRAUD);
    Version old = model("fraud", first);
    registry.promote("fraud", "champion", old);
    FeatureService without =
        FeatureService.named("fraud").with(SHOP).derive("hour", hour("asked")).build();
    Version challenger = model("fraud", catalog.register(without));
    registry.promote("fraud", "challenger", challenger);
    FeatureService counts =
        FeatureService.named("counts").with(CARD, "card__count_if_risk_7d").build();
    Version ofCounts = model("counts", catalog.register(counts));
    catalog.register(FeatureService.named("unused").with(CARD, "card__sum_amount_7d").build());
    catalog.register(FeatureService.named("unused").with(SHOP).build());

    FeatureView changed =
        FeatureView.named("card")
            .from("payments")
            .entity("card")
            .eventTime("paid")
            .knownAt("booked")
            .window(WEEK, sum("fee").named("sum_amount"), count().where(greaterThan("risk", 0.5)))
            .build();
    FeatureImpact impact = catalog.impact(changed);
    Version card = catalog.versions("card").get(0).version();
    assertThat(impact.features())
        .containsExactly(
            new FeatureImpact.AffectedFeature(
                card.id(),
                "card__sum_amount_7d",
                "computed as sum(\"amount\") over 7d → sum(\"fee\") over 7d"),
            new FeatureImpact.AffectedFeature(card.id(), "card__latest_country", "removed"));
    assertThat(impact.services())
        .containsExactly(
            new FeatureImpact.AffectedService(
                first.id(),
                false,
                List.of("card__sum_amount_7d", "card__latest_country", "over_what_is_usual")));
    assertThat(impact.models())
        .containsExactly(
            new FeatureImpact.AffectedModel(old.id(), List.of("champion"), List.of(first.id())));
    assertThat(impact)
        .hasToString(
            "feature view 'card', changed from "
                + card.id()
                + "\nfeatures\n"
                + "  card__sum_amount_7d: computed as sum(\"amount\") over 7d → sum(\"fee\") over 7d\n"
                + "  card__latest_country: removed\n"
                + "services\n"
                + "  fraud:1: card__sum_amount_7d, card__latest_country, over_what_is_usual\n"
                + "models\n"
                + "  fraud:1 @champion, made from fraud:1");
    assertThat(impact.toHtml())
        .contains("<tr><td>model</td><td>fraud:1 @champion</td><td>made from fraud:1</td></tr>");

    FeatureImpact ofKnownAt = catalog.impact(CARD.toBuilder().knownAt("paid").build());
    assertThat(ofKnownAt.features()).hasSize(3);
    assertThat(ofKnownAt.services())
        .extracting(service -> CatalogEntry.reference(service.version()))
        .containsExactly("counts:1", "fraud:1");
    assertThat(ofKnownAt.models())
        .extracting(model -> model.version())
        .containsExactly(old.id(), ofCounts.id());
    assertThat(ofKnownAt.models().get(1).aliases()).isEmpty();
  }

  @Test
  void saysWhenNothingIsAffected() {
    FeatureView unknown = FeatureView.parse(CARD.definition().replace("\"card", "\"new"));
    assertThat(catalog.impact(unknown).isEmpty()).isTrue();
    assertThat(catalog.impact(unknown))
        .hasToString(
            "feature view 'new', of which no version is registered:"
                + " nothing that is registered is affected");
    model("fraud", catalog.register(FRAUD));
    FeatureImpact none =
        catalog.impact(
            CARD.toBuilder()
                .owner("others")
                .description("else")
                .tag("more")
                .window(WEEK, max("fee"))
                .build());
    assertThat(none.isEmpty()).isTrue();
    assertThat(none.toString()).endsWith("nothing that is registered is affected");
    assertThat(none.toHtml()).contains("nothing that is registered is affected");
  }

  @Test
  void leavesOutVersionsThatSayWhatIsToBeSaid() {
    Version first = catalog.register(FRAUD);
    model("fraud", first);
    FeatureView booked = CARD.toBuilder().knownAt("paid").build();
    FeatureService second =
        FeatureService.named("fraud").with(booked).with(SHOP).owner("risk").build();
    Version secondModel = model("fraud", catalog.register(second));
    FeatureImpact back = catalog.impact(CARD);
    assertThat(back.features()).hasSize(3);
    assertThat(back.models()).extracting(m -> m.version()).containsExactly(secondModel.id());
  }

  @Test
  void findsModelsThatWereMadeFromTheViewItself() {
    Version card = catalog.register(CARD);
    Version model = model("direct", card);
    catalog.register(FRAUD);
    FeatureImpact impact = catalog.impact(CARD.toBuilder().from("others").build());
    assertThat(impact.models())
        .containsExactly(
            new FeatureImpact.AffectedModel(model.id(), List.of(), List.of(card.id())));
  }

  @Test
  void affectsByTimeToLiveAndTieBreakOnlyWhatDependsOnThem() {
    FeatureView view = CARD.toBuilder().sinceLast().window(WEEK, last("country")).build();
    catalog.register(view);
    assertThat(names(catalog.impact(view.toBuilder().ttl(Duration.ofDays(30)).build())))
        .containsExactly("card__latest_country", "card__since_last");
    assertThat(names(catalog.impact(view.toBuilder().tieBreak("number").build())))
        .containsExactly("card__latest_country", "card__last_country_7d");
    FeatureView before =
        FeatureView.named("card")
            .from("payments")
            .entity("card")
            .eventTime("paid")
            .latest("city", "country")
            .build();
    FeatureView turned =
        FeatureView.parse(
            before
                    .definition()
                    .replace("  feature \"card__latest_city\" = latest(\"city\")\n", "")
                    .replace("\n  feature", "\n  tag \"x\"\n  feature")
                + "  feature \"card__latest_city\" = latest(\"city\")\n");
    catalog.register(before);
    assertThat(catalog.impact(before).isEmpty()).isTrue();
    assertThat(catalog.impact(turned).features())
        .extracting(FeatureImpact.AffectedFeature::toString)
        .containsExactly(
            "card__latest_city: events that tie ordered by city → country, city",
            "card__latest_country: events that tie ordered by city, country → country");
    assertThat(catalog.impact(before.toBuilder().latest("street").build()).isEmpty()).isTrue();
  }

  private static List<String> names(FeatureImpact impact) {
    return impact.features().stream().map(FeatureImpact.AffectedFeature::name).toList();
  }

  @Test
  void findsWhatReadsAColumn() {
    Version fraud = catalog.register(FRAUD);
    Version model = model("fraud", fraud);
    FeatureImpact amount = catalog.impact("Payments", "AMOUNT");
    assertThat(amount.features())
        .extracting(FeatureImpact.AffectedFeature::toString)
        .containsExactly(
            "card__sum_amount_7d: computed from it",
            "card__latest_country: events that tie are ordered by it",
            "shop__mean_amount_7d: perhaps, for the query names the table: computed from it");
    assertThat(amount.services())
        .containsExactly(
            new FeatureImpact.AffectedService(
                fraud.id(),
                true,
                List.of(
                    "card__sum_amount_7d",
                    "card__latest_country",
                    "shop__mean_amount_7d",
                    "over",
                    "over_what_is_usual")));
    assertThat(amount.models()).extracting(m -> m.version()).containsExactly(model.id());
    assertThat(amount.toString())
        .startsWith("column 'Payments.AMOUNT'\nfeatures\n")
        .contains("services\n  fraud:1, the newest: card__sum");
    assertThat(names(catalog.impact("payments", "booked"))).hasSize(3);
    assertThat(names(catalog.impact("payments", "risk")))
        .containsExactly("card__count_if_risk_7d", "card__latest_country");
    assertThat(catalog.impact("shops", "open").features())
        .extracting(FeatureImpact.AffectedFeature::why)
        .containsExactly("perhaps, for the query names both", "perhaps, for the query names both");
    assertThat(catalog.impact("pay", "amount").isEmpty()).isTrue();
    assertThat(catalog.impact("payments", "nothing").isEmpty()).isTrue();
  }

  @Test
  void readsAsATable() {
    catalog.register(FRAUD.toBuilder().owner("<b>").build());
    assertThat(catalog.toString())
        .isEqualTo(
            """
            name     type     entity      features  owner          tags                source
            card:1   view     card               3  Payments team  core, pii           payments
            shop:1   view     shop               2  risk           non-pii             SELECT * FROM payments JOIN shops USING…
            fraud:1  service  card, shop         6  <b>            core, non-pii, pii  payments, SELECT * FROM payments JOIN s…
            """);
    assertThat(catalog.toHtml())
        .startsWith("<table class=\"mlinfra\">")
        .contains("<td>fraud:1</td><td>service</td>", "&lt;b&gt;")
        .doesNotContain("<b>");
    assertThat(catalog.impact(CARD.toBuilder().from("<i>").build()).toHtml())
        .contains("<td>card__sum_amount_7d</td><td>source table payments → table &lt;i&gt;</td>")
        .contains("<td>service, newest</td><td>fraud:1</td>");
    registry.close();
    assertThat(catalog.toString()).contains("closed");
  }

  @Test
  void isClosedWithItsRegistry() {
    registry.close();
    assertThatThrownBy(() -> catalog.views()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> catalog.register(CARD)).isInstanceOf(IllegalStateException.class);
  }
}
