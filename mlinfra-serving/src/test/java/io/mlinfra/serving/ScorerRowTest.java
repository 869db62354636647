package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScorerRowTest {
  private final Scorer echo = Scorer.open(Models.echo());

  @AfterEach
  void close() {
    echo.close();
  }

  private static Map<String, Object> row() {
    Map<String, Object> row = new HashMap<>();
    row.put("f32", 1.5f);
    row.put("f64", 2.5);
    row.put("i64", 7L);
    row.put("text", "JFK");
    row.put("bool", true);
    return row;
  }

  private static Map<String, Object> with(String column, Object value) {
    Map<String, Object> row = row();
    row.put(column, value);
    return row;
  }

  @Test
  void givesOutputsOfEveryType() {
    assertThat(echo.predict(row()).values())
        .containsExactly(
            Map.entry("out_f32", 1.5f),
            Map.entry("out_f64", 2.5),
            Map.entry("out_i64", 7L),
            Map.entry("out_text", "JFK"),
            Map.entry("out_bool", true));
    assertThat(echo.predict(row()).version()).isEmpty();
  }

  @Test
  void keepsEarlierPredictionsWhenLaterOnesAreMade() {
    Prediction first = echo.predict(row());
    echo.predict(with("f32", 9f));
    assertThat(first.value("out_f32")).isEqualTo(1.5f);
  }

  @Test
  void passesNullInANullableFloatColumnAsNaN() {
    assertThat(echo.predict(with("f32", null)).value("out_f32")).isEqualTo(Float.NaN);
    assertThat(echo.predict(with("f64", null)).value("out_f64")).isEqualTo(Double.NaN);
  }

  @Test
  void passesNullInANullableTextColumnAsTheEmptyText() {
    GraphBuilder graph = new GraphBuilder("text");
    graph.output(
        graph.input("in", ElementType.STRING, "N", "1"), "out", ElementType.STRING, "N", "1");
    try (Scorer scorer = Scorer.open(Model.of(graph, Set.of("in")))) {
      Map<String, Object> row = new HashMap<>();
      row.put("in", null);
      assertThat(scorer.predict(row).value("out")).isEqualTo("");
    }
  }

  @Test
  void widensWhatConvertsExactly() {
    assertThat(echo.predict(with("f32", 0.25)).value("out_f32")).isEqualTo(0.25f);
    assertThat(echo.predict(with("f32", Double.NaN)).value("out_f32")).isEqualTo(Float.NaN);
    assertThat(echo.predict(with("f32", 1 << 24)).value("out_f32")).isEqualTo(0x1p24f);
    assertThat(echo.predict(with("f32", (byte) -3)).value("out_f32")).isEqualTo(-3f);
    assertThat(echo.predict(with("f64", 0.1f)).value("out_f64")).isEqualTo((double) 0.1f);
    assertThat(echo.predict(with("f64", Integer.MIN_VALUE)).value("out_f64")).isEqualTo(-0x1p31);
    assertThat(echo.predict(with("f64", 1L << 60)).value("out_f64")).isEqualTo(0x1p60);
    assertThat(echo.predict(with("f64", new BigDecimal("0.1"))).value("out_f64")).isEqualTo(0.1);
    assertThat(echo.predict(with("i64", (short) -5)).value("out_i64")).isEqualTo(-5L);
    assertThat(echo.predict(with("i64", 5)).value("out_i64")).isEqualTo(5L);
  }

  @Test
  void refusesANumberThatItsColumnCannotHold() {
    refuses("f32", 0.1, "column 'f32' takes float32", "Double 0.1");
    refuses("f32", (1 << 24) + 1, "column 'f32'", "Integer 16777217");
    refuses("f32", Long.MAX_VALUE, "column 'f32'", "Long 9223372036854775807");
    refuses("f64", Long.MAX_VALUE, "column 'f64' takes float64", "Long 9223372036854775807");
    refuses("f64", (1L << 53) + 1, "column 'f64'", "Long 9007199254740993");
  }

  @Test
  void refusesAValueOfAnotherType() {
    refuses("f32", "1.5", "column 'f32' takes float32", "the String '1.5'");
    refuses("f64", true, "column 'f64' takes float64", "the Boolean 'true'");
    refuses(
        "i64", 7.0, "column 'i64' takes int64 (a Long, Integer, Short or Byte)", "Double '7.0'");
    refuses("i64", BigInteger.ONE, "column 'i64'", "BigInteger");
    refuses("text", 'J', "column 'text' takes string (a String)", "the Character 'J'");
    refuses("bool", 1, "column 'bool' takes bool (a Boolean)", "the Integer '1'");
    refuses("bool", List.of(true), "column 'bool'", "[true]");
  }

  @Test
  void refusesNullWhereTheModelTakesNone() {
    refuses("i64", null, "column 'i64' is null and takes int64", "does not take missing values");
    refuses("text", null, "column 'text' is null and takes string");
    refuses("bool", null, "column 'bool' is null and takes bool");
    try (Scorer times = Scorer.open(Models.times(2))) {
      Map<String, Object> row = new HashMap<>();
      row.put("x", null);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> times.predict(row))
          .withMessageContaining("column 'x' is null and takes float32");
    }
  }

  @Test
  void refusesAMissingColumnAndListsTheInputs() {
    for (String column : row().keySet()) {
      Map<String, Object> row = row();
      row.remove(column);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> echo.predict(row))
          .withMessageContaining("column '" + column + "' is missing")
          .withMessageContaining("f32 float32?, f64 float64?, i64 int64, text string, bool bool");
    }
    Map<String, Object> row = row();
    row.remove("f64");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> echo.predict(row))
        .withMessageContaining("pass null");
    assertThatIllegalArgumentException().isThrownBy(() -> echo.predict(Map.of()));
  }

  @Test
  void refusesAColumnThatTheModelDoesNotHave() {
    refuses("distance", 3L, "the model has no input 'distance' (Long)", "text string");
    refuses(null, 3L, "the model has no input 'null'");
    refuses("F32", null, "the model has no input 'F32' (null)");
  }

  private void refuses(String column, Object value, String... says) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> echo.predict(with(column, value)))
        .satisfies(e -> assertThat(e.getMessage()).contains(says));
    // A refused row leaves nothing behind.
    assertThat(echo.predict(row()).value("out_f32")).isEqualTo(1.5f);
  }

  @Test
  void shortensALongValueInItsMessage() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> echo.predict(with("f32", "x".repeat(10_000))))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300))
        .withMessageContaining("10000 characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "JFK",
        "Zürich",
        "東京",
        "😀",
        "a\u0000b",
        "\uD800",
        "\uDE00\uD83D",
        "\uFFFF",
        "\uFFFFd83d",
        "\uFFFE",
        "e\u0301"
      })
  void givesBackAnyText(String text) {
    assertThat(echo.predict(with("text", text)).value("out_text")).isEqualTo(text);
  }

  @Test
  void givesBackTextsLongAndMany() {
    String text = "é".repeat(100_000) + "😀";
    assertThat(echo.predict(with("text", text)).value("out_text")).isEqualTo(text);
    for (int i = 0; i < 3000; i++) { // more than are kept
      String each = "text " + i % 1500;
      assertThat(echo.predict(with("text", each)).value("out_text")).isEqualTo(each);
    }
  }

  @Test
  void knowsItsOutputs() {
    Prediction prediction = echo.predict(row());
    assertThatIllegalArgumentException()
        .isThrownBy(prediction::probability)
        .withMessage(
            "the model has no output 'probability'; its outputs are"
                + " out_f32, out_f64, out_i64, out_text, out_bool");
    assertThat(prediction.values()).doesNotContainKey("probability").hasSize(5);
    assertThat(prediction)
        .hasToString(echo.predict(row()).toString())
        .isEqualTo(echo.predict(row()));
    assertThat(echo).hasToString("Scorer" + echo.signature());
  }

  @Test
  void givesTheProbabilityOfAClassifier() {
    try (Scorer scorer = Scorer.open(Models.classifier(2, 1, 4))) {
      double known = scorer.predict(Map.of("n0", 1.0, "n1", 90, "t0", "c3")).probability();
      double unknown = scorer.predict(Map.of("n0", 1.0, "n1", 90, "t0", "c3 ")).probability();
      assertThat(known).isBetween(0.0, 1.0).isNotEqualTo(unknown);
    }
  }

  @Test
  void refusesToPredictAfterClosingHoweverOftenItIsClosed() {
    echo.close();
    echo.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> echo.predict(row()))
        .withMessageContaining("the scorer of Model[")
        .withMessageEndingWith("is closed");
    assertThat(echo.signature().inputs()).hasSize(5);
  }
}
