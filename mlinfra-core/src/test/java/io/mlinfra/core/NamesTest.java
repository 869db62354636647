package io.mlinfra.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
  @ParameterizedTest
  @ValueSource(strings = {"a", "0", "_", "flight-delay", "v1.2_x", "A..b--c"})
  void acceptsNames(String name) {
    assertThat(Names.require("model", name)).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", ".", "..", "-a", ".a", "a b", "a/b", "a\\b", "a@b", "a:1", "é", "a\n", "a\u0000", "<b>"
      })
  void refusesWhatIsNone(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Names.require("model name", name))
        .withMessageStartingWith("model name ('" + name + "') must be 1 to 128 of");
  }

  @Test
  void limitsTheLengthAndShortensTheMessage() {
    assertThat(Names.require("model", "x".repeat(128))).hasSize(128);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Names.require("model", "x".repeat(1_000_000)))
        .withMessageContaining("… (1000000 characters)")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200));
  }

  @Property
  void aNameIsAlwaysOneFileOfItsFolder(@ForAll String text) {
    try {
      Names.require("name", text);
    } catch (IllegalArgumentException e) {
      return;
    }
    assertThat(Path.of("folder").resolve(text).normalize()).hasParentRaw(Path.of("folder"));
  }
}
