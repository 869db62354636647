package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every statement that times out here would take hours. */
@Timeout(60)
class TimeoutTest {
  private static final Duration SHORT = Duration.ofMillis(150);

  private final BufferAllocator allocator = new RootAllocator();
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  @Test
  void endsACallAndNamesTheLimit() {
    Query query = warehouse.sql(CancelTest.NO_ROWS).timeout(SHORT);
    assertFails(ErrorCode.TIMED_OUT, query::execute).hasMessageContaining("PT0.15S");
    assertFails(ErrorCode.TIMED_OUT, query::show);
    assertFails(ErrorCode.TIMED_OUT, query::stream);
    assertFails(ErrorCode.TIMED_OUT, () -> query.value(Long.class));
    assertFails(ErrorCode.TIMED_OUT, query::explainAnalyze);
    assertThat(query.explain()).isNotEmpty();
  }

  @Test
  void coversTheWholeStream() throws IOException {
    try (ArrowReader reader = warehouse.sql(CancelTest.SLOW_STREAM).timeout(SHORT).stream()) {
      assertFails(
          ErrorCode.TIMED_OUT,
          () -> {
            while (reader.loadNextBatch()) {
              // Goes on until there are no more.
            }
          });
      assertFails(ErrorCode.TIMED_OUT, reader::loadNextBatch);
    }
  }

  @Test
  void coversTheTimeInWhichNobodyReads() throws Exception {
    try (ArrowReader reader = warehouse.sql(CancelTest.SLOW_STREAM).timeout(SHORT).stream()) {
      TimeUnit.MILLISECONDS.sleep(2 * SHORT.toMillis());
      assertFails(ErrorCode.TIMED_OUT, reader::loadNextBatch);
    }
  }

  @Test
  void leavesWhatIsFastEnoughAlone() throws IOException {
    Query query = warehouse.sql("SELECT 42").timeout(Duration.ofDays(1_000_000));
    for (int i = 0; i < 20; i++) {
      assertThat(query.value(Integer.class)).isEqualTo(42);
      try (ArrowReader reader = query.stream()) {
        assertThat(reader.loadNextBatch()).isTrue();
      }
    }
    assertThat(
            Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("mlinfra-query-watch"))
                .filter(thread -> !joined(thread)))
        .isEmpty();
  }

  private static boolean joined(Thread thread) {
    try {
      thread.join(10_000);
      return !thread.isAlive();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void endsALoadAndUndoesIt() {
    warehouse.execute("CREATE TABLE t AS SELECT 1::BIGINT AS i");
    for (Load load : List.of(Load.replace(), Load.append(), Load.upsert("i"))) {
      Source endless = Source.query(CancelTest.SLOW_ROWS);
      assertFails(
              ErrorCode.TIMED_OUT,
              () -> warehouse.load("t", endless, load.id("first").timeout(SHORT)))
          .hasMessage("the load took longer than its timeout of PT0.15S");
      assertThat(warehouse.rows("t")).isEqualTo(1);
      assertThat(warehouse.loads("t")).isEmpty();
    }
    Load append = Load.append().timeout(Duration.ofDays(1));
    assertThat(warehouse.load("t", Source.query("SELECT 2::BIGINT AS i"), append).rows())
        .isEqualTo(2);
  }

  @Test
  void mustBePositive() {
    for (Duration wrong : new Duration[] {Duration.ZERO, Duration.ofMillis(-1)}) {
      assertThatThrownBy(() -> warehouse.sql("SELECT 1").timeout(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("timeout (" + wrong + ") must be > 0");
      assertThatThrownBy(() -> Load.append().timeout(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("timeout (" + wrong + ") must be > 0");
    }
  }
}
