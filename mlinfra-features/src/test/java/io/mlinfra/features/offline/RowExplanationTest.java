package io.mlinfra.features.offline;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.countDistinct;
import static io.mlinfra.features.view.Aggregate.fraction;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Condition.equal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.offline.RowExplanation.Made;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RowExplanationTest {
  private static final FeatureView CARD =
      FeatureView.named("card")
          .from("payments")
          .entity("card", "shop")
          .eventTime("paid")
          .knownAt("booked")
          .ttl(Duration.ofDays(2))
          .latest("status")
          .lag("amount", 1)
          .sinceLast()
          .window(Duration.ofDays(1), sum("amount"), max("amount"), countDistinct("status"))
          .window(Duration.ofDays(1), count().where(equal("status", "ok")))
          .window(Duration.ofDays(1), fraction(equal("status", "ok")))
          .build();

  private static final String LABELS =
      "SELECT * FROM (VALUES ('none', 1, TIMESTAMP '2020-01-03 12:00:00'),"
          + " ('a', 1, TIMESTAMP '2020-01-03 12:00:00')) AS l(card, shop, asked)";

  private Fixture fixture;
  private FeatureStore store;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    fixture.warehouse.execute(
        "CREATE TABLE payments AS SELECT * FROM (VALUES"
            + " (1, 'a', 1, TIMESTAMP '2020-01-01 10:00:00', TIMESTAMP '2020-01-01 10:00:00', 1.0, 'old'),"
            + " (2, 'a', 1, TIMESTAMP '2020-01-02 12:00:00', TIMESTAMP '2020-01-02 12:00:00', 2.0, 'edge'),"
            + " (3, 'a', 1, TIMESTAMP '2020-01-02 13:00:00', TIMESTAMP '2020-01-02 13:00:00', NULL, 'ok'),"
            + " (4, 'a', 1, TIMESTAMP '2020-01-03 11:00:00', TIMESTAMP '2020-01-03 11:30:00', 4.0, 'late'),"
            + " (5, 'a', 1, TIMESTAMP '2020-01-03 11:30:00', TIMESTAMP '2020-01-04 11:30:00', 5.0, 'unknown'),"
            + " (6, 'a', 1, TIMESTAMP '2020-01-05 11:30:00', TIMESTAMP '2020-01-04 11:30:00', 6.0, 'future'),"
            + " (7, 'a', 2, TIMESTAMP '2020-01-03 11:00:00', TIMESTAMP '2020-01-03 11:00:00', 7.0, 'other'))"
            + " AS v(id, card, shop, paid, booked, amount, status)");
    store = FeatureStore.open(fixture.warehouse, CARD);
  }

  /** Fails if anything has leaked. */
  @AfterEach
  void close() {
    store.close();
    fixture.close();
  }

  private static List<String> ids(Made made) {
    return made.events().stream().map(event -> event.columns().get("id")).toList();
  }

  @Test
  void namesTheRowsThatMadeEachFeature() {
    RowExplanation row = store.training(LABELS, "asked").explain(1);
    assertThat(row.row()).isEqualTo(1);
    assertThat(row.time()).isEqualTo(LocalDateTime.parse("2020-01-03T12:00"));
    assertThat(row.features()).hasSize(8);
    assertThat(ids(row.feature("card__latest_status"))).containsExactly("4");
    assertThat(row.feature("card__latest_status").value()).isEqualTo("late");
    assertThat(ids(row.feature("card__lag1_amount"))).containsExactly("3");
    assertThat(row.feature("card__lag1_amount").value()).isNull();
    assertThat(ids(row.feature("card__since_last"))).containsExactly("4");
    assertThat(row.feature("card__since_last").value()).isEqualTo(3600.0);
    assertThat(ids(row.feature("card__sum_amount_1d"))).containsExactly("4");
    assertThat(ids(row.feature("card__max_amount_1d"))).containsExactly("4");
    assertThat(ids(row.feature("card__count_distinct_status_1d"))).containsExactly("3", "4");
    assertThat(ids(row.feature("card__count_if_status_1d"))).containsExactly("3");
    assertThat(ids(row.feature("card__fraction_status_1d"))).containsExactly("3", "4");
    assertThat(row.feature("card__fraction_status_1d").value()).isEqualTo(0.5);
    Made sum = row.feature("card__sum_amount_1d");
    assertThat(sum.passedOver()).isEqualTo(3);
    assertThat(sum.notYet()).isEqualTo(2);
    assertThat(sum.entity().toString()).isEqualTo("{card=a, shop=1}");
    assertThat(sum.definition()).isEqualTo("\"card__sum_amount_1d\" = sum(\"amount\") over 1d");
  }

  @Test
  void readsAsATable() {
    RowExplanation row = store.training(LABELS, "asked").explain(1);
    assertThat(row.toString())
        .contains(
            "row 1 at 2020-01-03T12:00",
            "card__sum_amount_1d",
            "from one event of {card=a, shop=1}")
        .contains("late");
    assertThat(row.toHtml())
        .contains("<td>late</td>", "card__lag1_amount")
        .doesNotContain("<script");
  }

  @Test
  void saysThatThereWasNothing() {
    RowExplanation row = store.training(LABELS, "asked").explain(0);
    Made sum = row.feature("card__sum_amount_1d");
    assertThat(sum.events()).isEmpty();
    assertThat(sum.value()).isNull();
    assertThat(row.feature("card__count_if_status_1d").value()).isEqualTo(0L);
    assertThat(row.toString()).contains("from no event of {card=none, shop=1}");
  }

  @Test
  void refusesRowsAndFeaturesThatAreNotThere() {
    assertThatThrownBy(() -> store.training(LABELS, "asked").explain(2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row 2");
    assertThatThrownBy(() -> store.training(LABELS, "asked").explain(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row (-1)");
    assertThatThrownBy(() -> store.training(LABELS, "moment").explain(0))
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN));
    assertThatThrownBy(() -> store.training(LABELS, "asked").explain(0).feature("nothing"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'nothing'");
  }
}
