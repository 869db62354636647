package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class PredictionTest {
  @Test
  void copiesTheValuesItIsGiven() {
    Map<String, Object> values = new LinkedHashMap<>(Map.of("probability", 0.25f));
    Prediction prediction = new Prediction(values, Optional.empty());
    values.put("probability", 0.5f);
    assertThat(prediction.probability()).isEqualTo(0.25);
    Assertions.assertThatThrownBy(() -> prediction.values().put("a", 1))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void saysWhatAProbabilityThatIsNoneIs() {
    Prediction prediction = new Prediction(Map.of("probability", "high"), Optional.empty());
    assertThatIllegalArgumentException()
        .isThrownBy(prediction::probability)
        .withMessageContaining("is a String, not floating point")
        .withMessageContaining("{probability=high}");
  }

  @Test
  void holdsOutputsInTheirOrderAsAnImmutableMap() {
    Map<String, Object> values =
        new OutputValues(List.of("z", "a", "m"), new Object[] {1L, "two", 3f});
    assertThat(values.keySet()).containsExactly("z", "a", "m");
    assertThat(values).isEqualTo(new HashMap<>(values)).hasToString("{z=1, a=two, m=3.0}");
    assertThat(values.get("q")).isNull();
    assertThat(values.get(null)).isNull();
    Assertions.assertThatThrownBy(() -> values.put("z", 2L))
        .isInstanceOf(UnsupportedOperationException.class);
    var entries = values.entrySet().iterator();
    for (int i = 0; i < 3; i++) {
      entries.next();
    }
    Assertions.assertThatThrownBy(entries::next).isInstanceOf(NoSuchElementException.class);
  }
}
