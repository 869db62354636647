package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConcurrencyTest {
  private static final int CALLERS = 4;
  private final ExecutorService threads = Executors.newFixedThreadPool(CALLERS + 1);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private interface Call {
    void run(int caller, int turn) throws Exception;
  }

  /** Callers who call until told to stop; each future tells how often, or what went wrong. */
  private List<Future<Integer>> call(AtomicBoolean stop, Call call) {
    List<Future<Integer>> callers = new ArrayList<>();
    for (int caller = 0; caller < CALLERS; caller++) {
      int number = caller;
      Callable<Integer> calling =
          () -> {
            int turn = 0;
            while (!stop.get()) {
              call.run(number, turn++);
            }
            return turn;
          };
      callers.add(threads.submit(calling));
    }
    return callers;
  }

  @Test
  void losesNoRequestWhileVersionsChange(@TempDir Path folder) throws Exception {
    Map<VersionId, Float> factors = new HashMap<>();
    try (Registry registry = Registry.open(folder);
        BufferAllocator allocator = new RootAllocator()) {
      List<Version> versions = new ArrayList<>();
      for (float factor : new float[] {2, 3, 5}) {
        byte[] onnx = Models.times(factor).toOnnx();
        Version version = registry.register(Registration.of(Kind.MODEL, "times").content(onnx));
        versions.add(version);
        factors.put(version.id(), factor);
      }
      registry.promote("times", "champion", versions.get(0));
      try (Deployment deployment = Deployment.open(registry, "times@champion")) {
        AtomicBoolean stop = new AtomicBoolean();
        List<Future<Integer>> callers =
            call(
                stop,
                (caller, turn) -> {
                  if (caller == 0) {
                    scoreOne(deployment, allocator, factors);
                  } else {
                    float x = turn % 1000;
                    Prediction prediction = deployment.predict(Map.of("x", x));
                    Float factor = factors.get(prediction.version().orElseThrow());
                    assertThat(prediction.value("y")).isEqualTo(x * factor);
                  }
                });
        int swaps = 0;
        long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
        while (swaps < 11 || System.nanoTime() < end) {
          registry.promote("times", "champion", versions.get(++swaps % 3));
          assertThat(deployment.refresh()).isTrue();
          assertThat(deployment.version()).isEqualTo(versions.get(swaps % 3));
        }
        stop.set(true);
        for (Future<Integer> caller : callers) {
          assertThat(caller.get()).isPositive();
        }
      }
    }
  }

  private static void scoreOne(
      Deployment deployment, BufferAllocator allocator, Map<VersionId, Float> factors)
      throws Exception {
    try (Batches reader = new Batches(allocator, 1, 50)) {
      reader.loadNextBatch();
      float[] answers = new float[50];
      deployment.score(reader.getVectorSchemaRoot(), "y", FloatBuffer.wrap(answers));
      assertThat(factors.values()).contains(answers[1]);
      for (int i = 0; i < answers.length; i++) {
        assertThat(answers[i]).as("one version for the whole batch").isEqualTo(i * answers[1]);
      }
    }
  }

  @Test
  void answersOrSaysThatItIsClosedButNeverCrashes() throws Exception {
    Model model = Models.classifier(3, 2, 8);
    for (int round = 0; round < 40; round++) {
      Scorer scorer = Scorer.open(model);
      AtomicBoolean stop = new AtomicBoolean();
      AtomicInteger refused = new AtomicInteger();
      CountDownLatch warm = new CountDownLatch(CALLERS);
      List<Future<Integer>> callers =
          call(
              stop,
              (caller, turn) -> {
                Map<String, Object> row =
                    Map.of(
                        "n0", 1.0, "n1", turn, "n2", 3f, "t0", "c" + turn % 30, "t1", "c" + caller);
                try {
                  assertThat(scorer.predict(row).probability()).isBetween(0.0, 1.0);
                } catch (IllegalStateException e) {
                  assertThat(e).hasMessageEndingWith("is closed");
                  refused.incrementAndGet();
                  stop.set(true);
                }
                warm.countDown();
              });
      warm.await();
      Thread.sleep(round % 4);
      scorer.close();
      for (Future<Integer> caller : callers) {
        caller.get();
      }
      assertThat(refused.get()).isPositive();
    }
  }

  @Test
  void closesFromManyThreadsAtOnce() throws Exception {
    for (int round = 0; round < 20; round++) {
      Scorer scorer = Scorer.open(Models.times(2));
      scorer.predict(Map.of("x", 1f));
      AtomicBoolean once = new AtomicBoolean();
      List<Future<Integer>> callers =
          call(
              once,
              (caller, turn) -> {
                scorer.close();
                once.set(true);
              });
      for (Future<Integer> caller : callers) {
        caller.get();
      }
    }
  }

  @Test
  void waitsForACallInFlightBeforeItCloses() throws Exception {
    Scorer scorer = Scorer.open(Models.times(2));
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Map<String, Object> slow =
        new HashMap<>(Map.of("x", 4f)) {
          private static final long serialVersionUID = 1L;

          @Override
          public Object get(Object key) {
            inside.countDown();
            try {
              goOn.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return super.get(key);
          }
        };
    Future<Prediction> answer = threads.submit(() -> scorer.predict(slow));
    inside.await();
    Future<?> closing = threads.submit(scorer::close);
    Thread.sleep(50);
    assertThat(closing.isDone()).isFalse();
    goOn.countDown();
    assertThat(answer.get().value("y")).isEqualTo(8f);
    closing.get();
  }
}
