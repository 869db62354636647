package io.mlinfra.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  @Test
  void aboveOneMeansThatWeAreAhead() {
    assertThat(Comparison.of("b", 2, 6, "peer", "ms/op", false).ratio()).isEqualTo(3);
    assertThat(Comparison.of("b", 6, 2, "peer", "ops/s", true).ratio()).isEqualTo(3);
  }

  @Test
  void isWrittenAsTheChartReadsIt() throws IOException {
    assertThat(
            new ObjectMapper().writeValueAsString(Comparison.of("b", 2, 1, "jdbc", "ms/op", false)))
        .isEqualTo(
            "{\"name\":\"b\",\"ours\":2.0,\"peer\":1.0,\"peerName\":\"jdbc\","
                + "\"unit\":\"ms/op\",\"ratio\":0.5}");
  }
}
