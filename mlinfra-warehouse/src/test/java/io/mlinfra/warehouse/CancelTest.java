package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every statement here would take hours. */
@Timeout(60)
class CancelTest {
  static final String NO_ROWS = "SELECT count(*) FROM range(1000000000000) t(i) WHERE hash(i) = 7";

  /** Gives its first batches at once, then none. */
  static final String SLOW_ROWS =
      "SELECT i FROM range(1000000000000) t(i) WHERE i < 500000 OR hash(i) = 7";

  /** The same for a stream, which DuckDB 2.0 starts once there are some megabytes of rows. */
  static final String SLOW_STREAM =
      "SELECT i FROM range(1000000000000) t(i) WHERE i < 50000000 OR hash(i) = 7";

  private final BufferAllocator allocator = new RootAllocator();
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  private interface Call {
    Object run() throws IOException;
  }

  /** Runs a call in another thread, and cancels it once it is under way. */
  private static void assertCancelled(Query query, Call call) throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CompletableFuture<Object> result =
        CompletableFuture.supplyAsync(
            () -> {
              started.countDown();
              try {
                return call.run();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    started.await();
    TimeUnit.MILLISECONDS.sleep(200);
    query.cancel();
    assertFails(
            ErrorCode.CANCELLED,
            () -> {
              try {
                result.get();
              } catch (ExecutionException e) {
                throw e.getCause();
              }
            })
        .hasMessage("the query was cancelled");
  }

  @Test
  void endsACall() throws Exception {
    Query query = warehouse.sql(NO_ROWS);
    assertCancelled(query, query::execute);
    assertCancelled(query, () -> query.value(Long.class));
    assertCancelled(query, query::show);
    assertCancelled(query, query::stream);
    assertCancelled(query, () -> query.floats(allocator));
  }

  @Test
  void endsWhatFetchesRows() throws Exception {
    Query query = warehouse.sql(SLOW_ROWS);
    assertCancelled(query, query::execute);
    assertCancelled(query, () -> query.list(Long.class));
  }

  /** DuckDB sometimes says that it was interrupted, when a thread of its own was the one. */
  @Test
  void aQueryThatFailsByItselfWasNotCancelled() {
    for (int i = 0; i < 40; i++) {
      assertFails(
          ErrorCode.QUERY_FAILED,
          () -> {
            try (ArrowReader rows =
                warehouse.query(
                    "SELECT CASE WHEN range = 400000 THEN error('no') END FROM range(500000)")) {
              while (rows.loadNextBatch()) {
                assertThat(rows.getVectorSchemaRoot().getRowCount()).isPositive();
              }
            }
          });
    }
  }

  @Test
  void endsAnExportAndLeavesNothing(@TempDir Path folder) throws Exception {
    Query query =
        warehouse.sql(
            "SELECT i, i % 3 AS k FROM range(1000000000000) t(i) WHERE i < 50000 OR hash(i) = 7");
    Path path = folder.resolve("to");
    for (Target target :
        List.of(
            Target.parquet(path),
            Target.csv(path).sortBy("i"),
            Target.arrow(path),
            Target.parquet(path).partitionBy("k"),
            Target.parquet(path).partitionBy("k").sortBy("i"))) {
      assertCancelled(query, () -> query.export(target));
      assertThat(folder).as("%s", target).isEmptyDirectory();
      assertFails(
          ErrorCode.TIMED_OUT,
          () -> warehouse.sql(SLOW_ROWS).timeout(Duration.ofMillis(50)).export(Target.json(path)));
      assertThat(folder).isEmptyDirectory();
    }
  }

  @Test
  void endsAStreamWhoseBatchIsUnderWay() throws Exception {
    Query query = warehouse.sql(SLOW_STREAM);
    try (ArrowReader reader = query.stream()) {
      assertThat(reader.loadNextBatch()).isTrue();
      assertCancelled(
          query,
          () -> {
            while (reader.loadNextBatch()) {
              // Goes on until there are no more.
            }
            return "ended";
          });
      assertFails(ErrorCode.CANCELLED, reader::loadNextBatch);
    }
  }

  @Test
  void endsAStreamThatWaitsForItsReader() throws IOException {
    Query query = warehouse.sql(SLOW_STREAM);
    try (ArrowReader reader = query.stream()) {
      reader.loadNextBatch();
      query.cancel();
      assertFails(ErrorCode.CANCELLED, reader::loadNextBatch);
    }
  }

  @Test
  void leavesTheQueryToBeRunAgain() throws Exception {
    Query query = warehouse.sql("SELECT count(*) FROM range(?::BIGINT) t(i) WHERE hash(i) = 7");
    query.bind(1_000_000_000_000L);
    query.cancel();
    assertCancelled(query, query::execute);
    assertCancelled(query, query::execute);
    Query other = warehouse.sql("SELECT 42");
    other.cancel();
    assertThat(other.value(Integer.class)).isEqualTo(42);
  }

  @Test
  void undoesWhatWasChanged() throws Exception {
    warehouse.execute("CREATE TABLE t(i BIGINT)");
    Query insert = warehouse.sql("INSERT INTO t " + SLOW_ROWS);
    assertCancelled(insert, insert::execute);
    assertThat(warehouse.rows("t")).isZero();
    Query create = warehouse.sql("CREATE TABLE u AS " + SLOW_ROWS);
    assertCancelled(create, create::execute);
    assertThat(warehouse.tables()).containsExactly("t");
  }

  @Test
  void closingTheWarehouseEndsABatchUnderWay() throws Exception {
    ArrowReader reader = warehouse.query(SLOW_STREAM);
    CompletableFuture<Throwable> end =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                while (reader.loadNextBatch()) {
                  // Goes on until it is closed.
                }
                return new AssertionError("it ended");
              } catch (IOException | RuntimeException e) {
                return e;
              }
            });
    TimeUnit.MILLISECONDS.sleep(200);
    warehouse.close();
    assertThat(end.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("in-memory Warehouse is closed");
  }

  @Test
  void mayComeAtAnyMoment() throws Exception {
    warehouse.execute("CREATE TABLE t AS SELECT i FROM range(300000) t(i)");
    Query query = warehouse.sql("SELECT sum(i) FROM t");
    for (int round = 0; round < 200; round++) {
      CompletableFuture<Boolean> done =
          CompletableFuture.supplyAsync(
              () -> {
                try (ArrowReader reader = query.stream()) {
                  return reader.loadNextBatch();
                } catch (MlInfraException e) {
                  assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED);
                  return false;
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      TimeUnit.MICROSECONDS.sleep(round * 20L);
      query.cancel();
      assertThatCode(done::get).doesNotThrowAnyException();
    }
    assertThat(query.value(Long.class)).isEqualTo(44_999_850_000L);
  }

  @Test
  void interruptingTheThreadIsNoCancelling() {
    Thread.currentThread().interrupt();
    assertThat(warehouse.sql("SELECT 42").value(Integer.class)).isEqualTo(42);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void theDriverCanBeInterruptedWhileItFetches() {
    assertThat(Interrupt.find()).as("what Interrupt looks for in the driver").isNotNull();
  }
}
