package io.mlinfra.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Progress progress =
      Progress.console(new PrintStream(bytes, false, StandardCharsets.UTF_8));

  private String drawn() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void drawsABarPerTaskAndEndsItsLine() {
    try (Progress.Task task = progress.start("load flights", 4000, "rows")) {
      task.advance(1000);
      task.advance(2000);
    }
    assertThat(drawn())
        .startsWith("\r  load flights ")
        .contains("█".repeat(18) + "░".repeat(6) + "  75%  3,000 rows")
        .endsWith(" s" + System.lineSeparator());
  }

  @Test
  void neverDrawsMoreThanAFullBar() {
    try (Progress.Task task = progress.start("count", 10, "rows")) {
      task.advance(25);
    }
    assertThat(drawn()).contains("█".repeat(24) + " 100%  25 rows").doesNotContain("░");
  }

  @Test
  void countsBeyondWhatMultipliesIntoALong() {
    try (Progress.Task task = progress.start("bytes", Long.MAX_VALUE, "bytes")) {
      task.advance(Long.MAX_VALUE / 2 + 1);
    }
    assertThat(drawn()).contains("█".repeat(12) + "░".repeat(12) + "  50%");
  }

  @Test
  void drawsNoPercentageWhereTheTotalIsNotKnown() {
    try (Progress.Task task = progress.start("stream", -1, "rows")) {
      task.advance(7);
    }
    assertThat(drawn()).contains("7 rows").doesNotContain("%");
  }

  @Test
  void redrawsInPlaceButNotAtEveryStep() throws InterruptedException {
    try (Progress.Task task = progress.start("steps", 100_000, "rows")) {
      for (int i = 0; i < 50_000; i++) {
        task.advance(1);
      }
      Thread.sleep(110);
      task.advance(1);
      assertThat(drawn()).contains("50,001 rows").doesNotContain(System.lineSeparator());
    }
    assertThat(drawn().split("\r", -1).length).isLessThan(30);
  }

  @Test
  void drawsTheEndOnceHoweverOftenItIsClosed() {
    Progress.Task task = progress.start("once", 1, "rows");
    task.close();
    String end = drawn();
    task.close();
    task.advance(1);
    assertThat(drawn()).isEqualTo(end);
  }

  @Test
  void countsTheStepsOfManyThreads() throws InterruptedException {
    Progress.Task task = progress.start("together", 40_000, "rows");
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int step = 0; step < 10_000; step++) {
                  task.advance(1);
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    task.close();
    assertThat(drawn()).contains("100%  40,000 rows");
  }

  @Test
  void saysNothingUnlessAskedTo() {
    try (Progress.Task task = Progress.NONE.start("silent", 1, "rows")) {
      task.advance(1);
    }
    assertThat(drawn()).isEmpty();
  }
}
