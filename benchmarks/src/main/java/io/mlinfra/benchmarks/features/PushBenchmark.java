package io.mlinfra.benchmarks.features;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.sum;

import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Warehouse;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A million events of 10,000 customers, pushed one by one into an online store in memory. Run it by
 * {@code mvn -q -Pbench -Dbench=features}.
 *
 * <p>The peer: {@code deque}, the events kept per customer in a map of queues and nothing computed
 * from them, which is the least that a windowed feature needs.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public class PushBenchmark {
  private static final int CUSTOMERS = 10_000;
  private static final LocalDateTime START = LocalDateTime.parse("2023-01-01T00:00");

  @Param({"ours", "deque"})
  public String rival;

  @Param("1000000")
  public int events;

  private record Event(LocalDateTime at, double amount) {}

  private Warehouse warehouse;
  private FeatureStore features;
  private FeatureView view;
  private OnlineStore online;

  @Setup
  public void open() {
    warehouse = Warehouse.inMemory();
    warehouse.execute("CREATE TABLE events (customer BIGINT, paid TIMESTAMP, amount DOUBLE)");
    view =
        FeatureView.named("customer")
            .from("events")
            .entity("customer")
            .eventTime("paid")
            .latest("amount")
            .window(Duration.ofDays(7), sum("amount"), count(), max("amount"))
            .build();
    features = FeatureStore.open(warehouse, view);
  }

  @Setup(Level.Iteration)
  public void empty() {
    online = OnlineStore.inMemory();
    online.define(features);
  }

  @Benchmark
  public long push() {
    return switch (rival) {
      case "ours" -> ours();
      case "deque" -> deque();
      default -> throw new IllegalArgumentException(rival);
    };
  }

  private long ours() {
    for (int i = 0; i < events; i++) {
      online.push(
          view,
          Map.of(
              "customer",
              i * 7919L % CUSTOMERS,
              "paid",
              START.plusSeconds(i),
              "amount",
              i / 100.0));
    }
    return events;
  }

  private long deque() {
    Map<Long, ArrayDeque<Event>> queues = new ConcurrentHashMap<>();
    for (int i = 0; i < events; i++) {
      Event event = new Event(START.plusSeconds(i), i / 100.0);
      queues.computeIfAbsent(i * 7919L % CUSTOMERS, customer -> new ArrayDeque<>()).add(event);
    }
    return queues.size();
  }

  @TearDown(Level.Iteration)
  public void drop() {
    online.close();
  }

  @TearDown
  public void close() {
    features.close();
    warehouse.close();
  }
}
