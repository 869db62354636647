package io.mlinfra.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GateTest {
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void refusesEntryAfterClosing() {
    Gate gate = new Gate("Warehouse 'flights.db'");
    gate.enter().close();
    assertThat(gate.isClosed()).isFalse();
    assertThat(gate.close()).isTrue();
    assertThat(gate.isClosed()).isTrue();
    assertThat(gate.tryEnter()).isNull();
    assertThatIllegalStateException()
        .isThrownBy(gate::enter)
        .withMessage("Warehouse 'flights.db' is closed");
  }

  @Test
  void givesTheResourceToTheFirstWhoCloses() {
    Gate gate = new Gate("it");
    assertThat(gate.close()).isTrue();
    assertThat(gate.close()).isFalse();
    assertThat(gate.close()).isFalse();
  }

  @Test
  void waitsForEverybodyInsideAndLetsNobodyInMeanwhile() throws Exception {
    Gate gate = new Gate("it");
    Gate.Pass one = gate.enter();
    Gate.Pass two = gate.enter();
    Future<Boolean> closing = threads.submit(gate::close);
    while (!gate.isClosed()) {
      Thread.onSpinWait();
    }
    assertThatIllegalStateException().isThrownBy(gate::enter);
    assertThat(gate.close()).as("a second closer does not wait").isFalse();
    one.close();
    Thread.sleep(20);
    assertThat(closing.isDone()).isFalse();
    assertThatIllegalStateException().isThrownBy(gate::enter);
    two.close();
    assertThat(closing.get(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void letsAnotherThreadLeaveInPlaceOfTheOneThatEntered() throws Exception {
    Gate gate = new Gate("it");
    Gate.Pass pass = gate.enter();
    threads.submit(pass::close).get();
    assertThat(gate.close()).isTrue();
  }

  @Test
  void closesWhenInterruptedAndKeepsTheInterrupt() throws Exception {
    Gate gate = new Gate("it");
    Gate.Pass pass = gate.enter();
    CountDownLatch started = new CountDownLatch(1);
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread closer =
        new Thread(
            () -> {
              started.countDown();
              gate.close();
              interrupted.set(Thread.currentThread().isInterrupted());
            });
    closer.setDaemon(true);
    closer.start();
    started.await();
    closer.interrupt();
    Thread.sleep(20);
    assertThat(closer.isAlive()).as("it still waits for the one inside").isTrue();
    pass.close();
    closer.join(10_000);
    assertThat(interrupted).isTrue();
  }

  @Test
  void neverHasAnybodyInsideOnceClosed() throws Exception {
    for (int round = 0; round < 200; round++) {
      Gate gate = new Gate("it");
      AtomicBoolean open = new AtomicBoolean(true);
      AtomicInteger entered = new AtomicInteger();
      AtomicInteger violations = new AtomicInteger();
      List<Future<?>> visitors = new ArrayList<>();
      for (int visitor = 0; visitor < 8; visitor++) {
        visitors.add(
            threads.submit(
                () -> {
                  for (Gate.Pass pass; (pass = gate.tryEnter()) != null; ) {
                    entered.incrementAndGet();
                    Thread.onSpinWait();
                    if (!open.get()) {
                      violations.incrementAndGet();
                    }
                    pass.close();
                  }
                }));
      }
      while (entered.get() < 50) {
        Thread.onSpinWait();
      }
      assertThat(gate.close()).isTrue();
      open.set(false);
      for (Future<?> visitor : visitors) {
        visitor.get(20, TimeUnit.SECONDS);
      }
      assertThat(violations).hasValue(0);
    }
  }
}
