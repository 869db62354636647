package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import io.mlinfra.warehouse.quality.Constraints;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten threads that do everything at once. {@code -Dsoak.seconds=60} for a longer run, which looks
 * at the resident memory, too.
 */
class SoakTest {
  private static final int THREADS = 10;
  private static final int SECONDS = Integer.getInteger("soak.seconds", 3);
  private static final int LONG_RUN = 30;
  private static final int ROUNDS = 6;
  private static final int PATIENCE_SECONDS = 60;
  private static final int ROWS = 20_000;

  /** A leak of 1 MB per second comes to 20 MB in the two rounds between. */
  private static final long GROWTH_BYTES = 15L << 20;

  private static final Set<ErrorCode> EXPECTED =
      Set.of(ErrorCode.CANCELLED, ErrorCode.TIMED_OUT, ErrorCode.CONFLICT);

  @TempDir Path folder;

  private final Map<String, AtomicInteger> outcomes = new ConcurrentSkipListMap<>();
  private final Set<String> appended = ConcurrentHashMap.newKeySet();
  private final AtomicLong numbers = new AtomicLong();

  @Test
  void nothingHangsAndNothingLeaks() throws Exception {
    List<Long> resident = new ArrayList<>();
    try (BufferAllocator allocator = new RootAllocator()) {
      try (Warehouse warehouse =
              Warehouse.open(
                  folder.resolve("w.db"),
                  WarehouseOptions.builder()
                      .allocator(allocator)
                      .threads(2)
                      .memoryLimitBytes(256L << 20)
                      .build());
          Registry registry = Registry.open(folder.resolve("registry"))) {
        warehouse.load("facts", Source.query("SELECT i, i % 7 AS k FROM range(?) r(i)", ROWS));
        // A function keeps the vectors of its calls until it is closed.
        Registered function = warehouse.register(plusOne());
        run(warehouse, registry, resident);
        function.close();
        assertThat(allocator.getAllocatedMemory()).isZero();
        assertThat(warehouse.loads("appended")).extracting(RecordedLoad::id).containsAll(appended);
        assertThat(warehouse.rows("appended")).isEqualTo(100L * warehouse.loads("appended").size());
        assertThat(registry.verify().problems()).isEmpty();
      }
    }
    if (SECONDS >= LONG_RUN) {
      System.out.printf(
          "%d s: %s%nresident MB after each round: %s%n", SECONDS, outcomes, megabytes(resident));
      if (!resident.isEmpty()) {
        // The first round warms up. What the allocator of the system has given back at one of the
        // two moments, and not at the other, is no leak.
        long early = Math.max(resident.get(1), resident.get(2));
        long late = Math.min(resident.get(ROUNDS - 2), resident.get(ROUNDS - 1));
        assertThat(late - early).as("growth of %s", megabytes(resident)).isLessThan(GROWTH_BYTES);
      }
    }
  }

  private static List<Long> megabytes(List<Long> bytes) {
    return bytes.stream().map(n -> n >> 20).toList();
  }

  /** In rounds, because memory that is in use while the threads work says nothing of a leak. */
  private void run(Warehouse warehouse, Registry registry, List<Long> resident) throws Exception {
    int rounds = SECONDS >= LONG_RUN ? ROUNDS : 1;
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      for (int round = 0; round < rounds; round++) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS) / rounds;
        List<Future<?>> all = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
          Random random = new Random((long) round * THREADS + thread);
          all.add(
              threads.submit(
                  () -> {
                    while (System.nanoTime() < end) {
                      step(random, warehouse, registry);
                    }
                    return null;
                  }));
        }
        for (Future<?> one : all) {
          await(one);
        }
        if (rounds > 1) {
          System.gc();
          TimeUnit.SECONDS.sleep(1);
          residentBytes().ifPresent(resident::add);
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static void await(Future<?> work) throws Exception {
    try {
      work.get(SECONDS + PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      fail(
          Arrays.stream(ManagementFactory.getThreadMXBean().dumpAllThreads(true, true))
              .map(Object::toString)
              .collect(Collectors.joining("\n", "hangs:\n", "")));
    }
  }

  private static java.util.Optional<Long> residentBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.isReadable(status)
        ? Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
            .findFirst()
        : java.util.Optional.empty();
  }

  private void step(Random random, Warehouse warehouse, Registry registry) throws Exception {
    int kind = random.nextInt(11);
    String outcome = "done";
    try {
      switch (kind) {
        case 0 -> stream(warehouse, random.nextInt(4));
        case 1 -> list(warehouse);
        case 2 -> append(warehouse);
        case 3 ->
            warehouse.load(
                "state",
                Source.query("SELECT i AS key, ?::BIGINT AS n FROM range(500) r(i)", numbers.get()),
                Load.upsert("key").id("state " + numbers.incrementAndGet()));
        case 4 ->
            warehouse.load(
                "replaced" + random.nextInt(3),
                Source.query("FROM facts"),
                Load.replace().id("r " + numbers.incrementAndGet()));
        case 5 -> jdbc(warehouse);
        case 6 -> snapshot(warehouse, registry, "s" + random.nextInt(2));
        case 7 ->
            assertThat(
                    Constraints.on("facts")
                        .notNull("i")
                        .range("k", 0, 6)
                        .unique("i")
                        .check(warehouse)
                        .passed())
                .isTrue();
        case 8 ->
            assertThat(warehouse.sql("SELECT max(plus_one(i)) FROM facts").value(Long.class))
                .isEqualTo(ROWS);
        case 9 -> cancel(warehouse, random);
        default -> endless(warehouse).timeout(Duration.ofMillis(1 + random.nextInt(30))).execute();
      }
    } catch (MlInfraException e) {
      if (!EXPECTED.contains(e.code())) {
        throw e;
      }
      outcome = e.code().name();
    }
    outcomes.computeIfAbsent(kind + " " + outcome, k -> new AtomicInteger()).incrementAndGet();
  }

  private static Query endless(Warehouse warehouse) {
    return warehouse.sql("SELECT sum(sqrt(a.i * b.i)) FROM facts a, facts b");
  }

  private static void stream(Warehouse warehouse, int batches) throws IOException {
    try (ArrowReader rows = warehouse.query("SELECT i, i::VARCHAR FROM range(20000) r(i)")) {
      for (int batch = 0; batch < batches; batch++) {
        rows.loadNextBatch();
      }
    }
  }

  private record Count(long k, long n) {}

  private static void list(Warehouse warehouse) {
    assertThat(warehouse.sql("SELECT k, count(*) AS n FROM facts GROUP BY k").list(Count.class))
        .hasSize(7);
  }

  private void append(Warehouse warehouse) throws IOException {
    String id = "append " + numbers.incrementAndGet();
    try (ArrowReader rows = warehouse.query("SELECT i FROM range(100) r(i)")) {
      warehouse.load("appended", Source.arrow(rows), Load.append().id(id));
    }
    appended.add(id);
    warehouse.load("appended", Source.query("SELECT 1"), Load.append().id(id));
  }

  private static void jdbc(Warehouse warehouse) throws Exception {
    try (Connection connection = warehouse.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("CREATE TEMP TABLE mine AS FROM facts");
      connection.rollback();
    }
  }

  private static void snapshot(Warehouse warehouse, Registry registry, String name) {
    Snapshots snapshots = warehouse.snapshots(registry);
    Snapshot taken = snapshots.take(name, "SELECT i, k FROM facts ORDER BY i");
    assertThat(warehouse.sql("FROM t").asOf("t", taken).execute()).isEqualTo(ROWS);
    snapshots.expire(name, Retention.keepLast(2), "a test");
  }

  private static void cancel(Warehouse warehouse, Random random) throws Exception {
    Query query = endless(warehouse);
    int millis = random.nextInt(20);
    Thread canceller =
        new Thread(
            () -> {
              try {
                do {
                  TimeUnit.MILLISECONDS.sleep(1 + millis);
                  query.cancel();
                } while (!Thread.currentThread().isInterrupted());
              } catch (InterruptedException e) {
                return;
              }
            });
    canceller.start();
    try {
      query.execute();
    } finally {
      canceller.interrupt();
      canceller.join();
    }
  }

  private static ScalarFunction plusOne() {
    return ScalarFunction.named("plus_one")
        .takes("x", ColumnType.INT64)
        .gives(ColumnType.INT64)
        .by(
            (arguments, result) -> {
              BigIntVector x = (BigIntVector) arguments.getVector(0);
              for (int row = 0; row < arguments.getRowCount(); row++) {
                ((BigIntVector) result).set(row, x.get(row) + 1);
              }
              result.setValueCount(arguments.getRowCount());
            });
  }
}
