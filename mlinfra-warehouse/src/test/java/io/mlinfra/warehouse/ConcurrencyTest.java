package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.FloatBlock;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ConcurrencyTest {
  private static final int THREADS = 8;

  @TempDir Path folder;

  @Test
  void manyThreadsLoadAndQueryAtOnce() throws Exception {
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse =
            Warehouse.open(
                folder.resolve("w.db"), WarehouseOptions.builder().allocator(allocator).build())) {
      Path file = folder.resolve("numbers.parquet");
      warehouse.execute(
          "COPY (SELECT i::DOUBLE AS i FROM range(50000) t(i)) TO " + Sql.literal(file.toString()));
      warehouse.load("shared", Source.parquet(file));
      onAllThreads(
          number -> {
            String own = "own" + number;
            for (int round = 0; round < 8; round++) {
              assertThat(warehouse.load(own, Source.parquet(file)).rows()).isEqualTo(50_000);
              try (ArrowReader reader =
                      warehouse.query("SELECT * FROM shared WHERE i < ?", 20_000);
                  FloatBlock block = warehouse.floats(allocator, "SELECT i, i FROM " + own)) {
                long rows = 0;
                while (reader.loadNextBatch()) {
                  rows += reader.getVectorSchemaRoot().getRowCount();
                }
                assertThat(rows).isEqualTo(20_000);
                assertThat(block.get(49_999, 1)).isEqualTo(49_999);
              }
              try (ArrowReader reader = warehouse.query("SELECT i FROM shared LIMIT 1000")) {
                assertThat(warehouse.load(own, Source.arrow(reader)).rows()).isEqualTo(1_000);
              }
              assertThat(warehouse.rows(own)).isEqualTo(1_000);
              assertThat(warehouse.tables()).contains("shared", own);
            }
            return null;
          });
    }
  }

  @Test
  void loadsOfOneTableEitherSucceedOrSayThatTheyMet() throws Exception {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      Path file = folder.resolve("numbers.parquet");
      warehouse.execute(
          "COPY (SELECT i FROM range(50000) t(i)) TO " + Sql.literal(file.toString()));
      AtomicInteger succeeded = new AtomicInteger();
      onAllThreads(
          number -> {
            for (int round = 0; round < 5; round++) {
              try {
                warehouse.load("t", Source.parquet(file));
                succeeded.incrementAndGet();
              } catch (MlInfraException e) {
                assertThat(e.code()).as("%s", e).isEqualTo(ErrorCode.CONFLICT);
              }
            }
            return null;
          });
      assertThat(succeeded.get()).isPositive();
      assertThat(warehouse.rows("t")).isEqualTo(50_000);
    }
  }

  @Test
  void closingWaitsForCallsInFlight() throws Exception {
    try (BufferAllocator allocator = new RootAllocator()) {
      Warehouse warehouse =
          Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());
      CountDownLatch started = new CountDownLatch(THREADS - 1);
      onAllThreads(
          number -> {
            if (number == 0) {
              started.await();
              warehouse.close();
              return null;
            }
            try {
              for (int round = 0; ; round++) {
                try (FloatBlock block =
                    warehouse.floats(allocator, "SELECT i FROM range(100000) t(i)")) {
                  assertThat(block.rows()).isEqualTo(100_000);
                }
                try (ArrowReader reader = warehouse.query("SELECT i FROM range(100000) t(i)")) {
                  reader.loadNextBatch();
                  if (round == 0) {
                    started.countDown();
                  }
                  reader.loadNextBatch();
                }
              }
            } catch (IllegalStateException e) {
              assertThat(e).hasMessage("in-memory Warehouse is closed");
            }
            return null;
          });
    }
  }

  @Test
  void statementsOverJdbcGoBesideLoadsAndAreCancelled() throws Exception {
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build())) {
      warehouse.execute("CREATE TABLE shared AS SELECT i FROM range(50000) t(i)");
      AtomicInteger cancelled = new AtomicInteger();
      onAllThreads(
          number -> {
            for (int round = 0; round < 6; round++) {
              if (number % 2 == 0) {
                String own = "own" + number;
                assertThat(warehouse.load(own, Source.query("FROM shared")).rows())
                    .isEqualTo(50_000);
                try (ArrowReader reader = warehouse.query("FROM " + own)) {
                  reader.loadNextBatch();
                }
              }
              try (Connection connection = warehouse.dataSource().getConnection();
                  Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("CREATE TABLE jdbc" + number + " AS FROM shared");
                connection.rollback();
                if (number % 2 == 1) {
                  cancelled.addAndGet(cancelSoon(statement));
                }
              }
            }
            return null;
          });
      assertThat(cancelled.get()).isEqualTo(6 * THREADS / 2);
      assertThat(warehouse.tables()).containsExactly("own0", "own2", "own4", "own6", "shared");
    }
  }

  /** 1 if the statement ended because it was cancelled. */
  private static int cancelSoon(Statement statement) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Thread canceller =
        new Thread(
            () -> {
              while (!done.get()) {
                try {
                  statement.cancel();
                  TimeUnit.MILLISECONDS.sleep(5);
                } catch (SQLException | InterruptedException e) {
                  return;
                }
              }
            });
    canceller.start();
    try {
      statement.execute("SELECT sum(sqrt(a.i + b.i)) FROM shared a, shared b");
      return 0;
    } catch (SQLException e) {
      assertThat(e.getMessage()).containsIgnoringCase("interrupt");
      return 1;
    } finally {
      done.set(true);
      canceller.join();
    }
  }

  private interface Work {
    Void on(int number) throws Exception;
  }

  private static void onAllThreads(Work work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Callable<Void>> calls = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int number = i;
        calls.add(() -> work.on(number));
      }
      for (Future<Void> result : threads.invokeAll(calls)) {
        result.get();
      }
    } finally {
      threads.shutdown();
      assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
  }
}
