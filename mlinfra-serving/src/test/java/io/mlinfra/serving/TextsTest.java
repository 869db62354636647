package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class TextsTest {
  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings()
        .withChars('a', '4', 'd', '\u0000', '\uFFFF', '\uFFFE', '\uD83D', '\uDE00', 'é', '東')
        .ofMaxLength(12);
  }

  @Property
  void encodesToPlainTextAndBack(@ForAll("texts") String text) {
    String encoded = Texts.encode(text);
    assertThat(Texts.decode(encoded)).isEqualTo(text);
    assertThat(encoded.chars()).noneMatch(c -> c == 0 || c >= 0xD800 && c <= 0xDFFF);
  }

  @Property
  void encodesDifferentTextsDifferently(
      @ForAll("texts") String one, @ForAll("texts") String other) {
    assertThat(Texts.encode(one).equals(Texts.encode(other))).isEqualTo(one.equals(other));
    assertThat(Texts.encode(one + other)).isEqualTo(Texts.encode(one) + Texts.encode(other));
  }

  @Test
  void findsCategoriesOutsideTheBasicPlane() {
    List<String> categories = List.of("JFK", "😀", "a\u0000b", "😁", "\uFFFF", "東京");
    try (Scorer scorer = Scorer.open(Models.category(categories))) {
      for (int i = 0; i < categories.size(); i++) {
        assertThat(scorer.predict(Map.of("text", categories.get(i))).value("index"))
            .isEqualTo(i + 1f);
      }
      for (String unknown : List.of("", "😂", "a", "a\u0000", "\uD83D", "\uDE00", "?")) {
        assertThat(scorer.predict(Map.of("text", unknown)).value("index")).isEqualTo(0f);
      }
    }
  }

  @Test
  void servesNamesAndLabelsOutsideTheBasicPlane() {
    GraphBuilder graph = new GraphBuilder("faces");
    String number = graph.input("number 😀", ElementType.INT64, "N", "1");
    String label =
        graph.mlNode(
            "LabelEncoder",
            List.of(number),
            new Attribute.Ints("keys_int64s", List.of(1L, 2L)),
            new Attribute.Texts("values_strings", List.of("😀", "😁")),
            new Attribute.Text("default_string", "🤷 unknown"));
    graph.output(label, "face 😀", ElementType.STRING, "N", "1");
    try (Scorer scorer = Scorer.open(Model.of(graph, Set.of()))) {
      assertThat(scorer.predict(Map.of("number 😀", 2)).values())
          .isEqualTo(Map.of("face 😀", "😁"));
      assertThat(scorer.predict(Map.of("number 😀", 9)).value("face 😀")).isEqualTo("🤷 unknown");
    }
  }

  private static Model normalizing(String... stopwords) {
    GraphBuilder graph = new GraphBuilder("normalizing");
    String text = graph.input("text", ElementType.STRING, "N", "1");
    String matches =
        graph.node("RegexFullMatch", List.of(text), new Attribute.Text("pattern", stopwords[0]));
    graph.output(matches, "matches", ElementType.BOOL, "N", "1");
    return Model.of(graph, Set.of());
  }

  @Test
  void refusesSuchTextsWhereTheModelLooksInside() {
    try (Scorer scorer = Scorer.open(normalizing("a.*"))) {
      assertThat(scorer.predict(Map.of("text", "axé")).value("matches")).isEqualTo(true);
      assertThat(scorer.predict(Map.of("text", "xa")).value("matches")).isEqualTo(false);
      Assertions.assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.predict(Map.of("text", "a😀")))
          .withMessageContaining("column 'text' cannot take the String 'a😀'");
    }
  }

  @Test
  void refusesAModelThatLooksInsideTextsAndHoldsSuchTexts() {
    Assertions.assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> Scorer.open(normalizing("😀.*")))
        .withMessageContaining("RegexFullMatch")
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED));
  }
}
