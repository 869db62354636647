package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.registerModel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class AliasStackTest {
  /** The moves as a list of what to do: 1 to 3 promote, 0 rolls back, -1 removes. */
  @Property(tries = 40)
  void pointsWhereAStackOfItsPromotionsSays(@ForAll("moves") List<Integer> moves)
      throws IOException {
    Path of = Files.createTempDirectory("aliases");
    try (Registry own = Registry.open(of)) {
      List<Version> versions = new ArrayList<>();
      for (int i = 1; i <= 3; i++) {
        versions.add(registerModel(own, "m", "" + i));
      }
      List<Integer> stack = new ArrayList<>();
      boolean removed = true;
      for (int move : moves) {
        int top = stack.isEmpty() ? 0 : stack.get(stack.size() - 1);
        if (move > 0) {
          own.promote("m", "a", versions.get(move - 1));
          if (top != move) {
            stack.add(move);
          }
          removed = false;
        } else if (move < 0 && !removed) {
          own.removeAlias("m", "a", "");
          removed = true;
        } else if (move == 0 && stack.size() > (removed ? 0 : 1)) {
          own.rollback("m", "a", "");
          if (!removed) {
            stack.remove(stack.size() - 1);
          }
          removed = false;
        } else {
          assertThatThrownBy(
                  () -> {
                    if (move < 0) {
                      own.removeAlias("m", "a", "");
                    } else {
                      own.rollback("m", "a", "");
                    }
                  })
              .isInstanceOfAny(IllegalStateException.class, MlInfraException.class);
        }
        Optional<Integer> expected =
            removed ? Optional.empty() : Optional.of(stack.get(stack.size() - 1));
        assertThat(own.alias("m", "a").map(alias -> alias.version().number())).isEqualTo(expected);
      }
      assertThat(own.verify().problems()).isEmpty();
    } finally {
      Fixtures.deleteAll(of);
    }
  }

  @Provide
  Arbitrary<List<Integer>> moves() {
    return Arbitraries.integers().between(-1, 3).list().ofMaxSize(12);
  }
}
