package io.mlinfra.features.online;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.ChildJvm;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.FeatureView;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Kills processes that materialise or push, at random moments. After that every entity of all views
 * is as an undisturbed store in memory has it, after the last step that was acknowledged or after
 * the next one. {@code -Dcrashes=50} kills so many of each kind and says in which phases.
 */
class OnlineStoreCrashTest {
  private static final int CRASHES = Integer.getInteger("crashes", 2);
  private static final int LONG_RUN = 20;

  /** So many that a generation is staged in several parts. */
  private static final int PEOPLE = 2500;

  private static final int PLACES = 40;
  private static final int EVENTS = 30_000;

  /** Then the steps start over, and go back in time. */
  private static final int ROUND = 600;

  private static final LocalDateTime START = LocalDateTime.parse("2024-05-01T00:00");
  private static final LocalDateTime LATE = START.plusDays(30);

  private static final List<FeatureView> VIEWS =
      List.of(view("people", "who"), view("places", "place"));

  enum Work {
    MATERIALIZE,
    PUSH
  }

  @TempDir Path folder;

  private static FeatureView view(String name, String key) {
    return FeatureView.named(name)
        .from("events")
        .entity(key)
        .eventTime("happened")
        .latest("amount")
        .window(Duration.ofHours(3), count(), sum("amount"))
        .window(Duration.ofDays(100), count(), sum("amount"), max("amount"))
        .build();
  }

  /** Numbered steps, the same each time, over a warehouse of its own. */
  private static final class Script implements AutoCloseable {
    private final Fixture fixture = new Fixture();
    private final Work work;
    private final FeatureStore features;

    Script(Work work) {
      this.work = work;
      fixture.warehouse.execute(
          "CREATE TABLE events AS SELECT CAST(hash(i) % "
              + PEOPLE
              + " AS BIGINT) AS who, CAST(hash(-i) % "
              + PLACES
              + " AS BIGINT) AS place, TIMESTAMP '2024-05-01 00:00:00' + to_seconds(12 * i) AS happened,"
              + " (hash(i + 1) % 1000) / 7.0 AS amount FROM range("
              + (work == Work.PUSH ? 0 : EVENTS)
              + ") r(i)");
      this.features = FeatureStore.open(fixture.warehouse, VIEWS.toArray(FeatureView[]::new));
    }

    /** The time of a step: ten minutes after that of the one before. */
    static LocalDateTime time(int step) {
      return START.plusMinutes(10L * (step % ROUND));
    }

    static String kind(Work work, int step) {
      if (work == Work.PUSH) {
        return step == 0 ? "define" : step % 3 == 0 ? "push batch" : "push one";
      }
      return step % 3 == 0 ? "full" : step % 3 == 1 ? "incremental" : "push one";
    }

    void step(int step, OnlineStore store) {
      switch (kind(work, step)) {
        case "define" -> store.define(features);
        case "full" -> store.rematerialize(features, time(step));
        case "incremental" -> store.materialize(features, time(step));
        case "push one" -> store.push(VIEWS.get(step % 2), event(step, 0));
        default -> pushBatch(step, store);
      }
    }

    /** Later than what has been materialised, and taken away by the step after the next. */
    private static Map<String, Object> event(int step, int number) {
      return Map.of(
          "who",
          (long) (step * 31 + number * 7) % PEOPLE,
          "place",
          (long) (step + number) % PLACES,
          "happened",
          time(step).plusSeconds(300 + number),
          "amount",
          step + number / 3.0);
    }

    private void pushBatch(int step, OnlineStore store) {
      List<Long> who = new ArrayList<>();
      List<Long> place = new ArrayList<>();
      List<Long> happened = new ArrayList<>();
      List<Double> amount = new ArrayList<>();
      for (int number = 0; number < 200; number++) {
        Map<String, Object> event = event(step, number);
        who.add((Long) event.get("who"));
        place.add((Long) event.get("place"));
        happened.add(Times.floor((LocalDateTime) event.get("happened")));
        amount.add((Double) event.get("amount"));
      }
      try (ArrowReader events =
          ArrowTable.reader(
              fixture.memory,
              64,
              ArrowTable.int64("who", who),
              ArrowTable.int64("place", place),
              ArrowTable.timestamp("happened", happened),
              ArrowTable.float64("amount", amount))) {
        store.push(VIEWS.get(step % 2), events);
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      features.close();
      fixture.close();
    }
  }

  /** All vectors at the time of a step and at the end of all. */
  private static List<FeatureVector> vectors(OnlineStore store, int step) {
    List<FeatureVector> vectors = new ArrayList<>();
    if (store.views().isEmpty()) {
      return vectors;
    }
    for (LocalDateTime time : List.of(Script.time(step), LATE)) {
      for (long who = 0; who < PEOPLE; who++) {
        vectors.add(store.at(time).get(VIEWS.get(0), who));
      }
      for (long place = 0; place < PLACES; place++) {
        vectors.add(store.at(time).get(VIEWS.get(1), place));
      }
    }
    return vectors;
  }

  /** Reads may be as far back as the steps go. */
  private static OnlineOptions options() {
    return OnlineOptions.builder().allowedLateness(Duration.ofDays(10)).build();
  }

  /** Makes steps until it is killed and prints the number of each that is done. */
  static final class Child {
    public static void main(String[] arguments) {
      try (Script script = new Script(Work.valueOf(arguments[1]));
          OnlineStore store = OnlineStore.open(Path.of(arguments[0]), options())) {
        for (int step = Integer.parseInt(arguments[2]); ; step++) {
          script.step(step, store);
          System.out.println("done " + step);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Work.class)
  @Timeout(1200)
  void isAsAfterTheLastStepOrTheNextWhereTheProcessIsKilled(Work work) throws Exception {
    Path file = folder.resolve("online.mv");
    Map<String, Integer> phases = new TreeMap<>();
    int reached = -1;
    try (Script script = new Script(work);
        OnlineStore undisturbed = OnlineStore.inMemory(options())) {
      for (int crash = 0; crash < CRASHES; crash++) {
        int acknowledged = killed(file, work, reached);
        while (reached < acknowledged) {
          script.step(++reached, undisturbed);
        }
        int next = reached + 1;
        String phase = Script.kind(work, next);
        try (Storage storage = MvStorage.open(file)) {
          phase +=
              VIEWS.stream().anyMatch(v -> storage.staging(v.name()) != null) ? ", staged" : "";
        }
        List<FeatureVector> before = vectors(undisturbed, next);
        try (OnlineStore store = OnlineStore.open(file, options())) {
          List<FeatureVector> found = vectors(store, next);
          boolean old = found.equals(before);
          if (!old) {
            script.step(++reached, undisturbed);
            assertThat(found).isEqualTo(vectors(undisturbed, next));
          }
          phases.merge(phase + (old ? ", undone" : ", done"), 1, Integer::sum);
        }
      }
      // What goes on is in the end what was never disturbed.
      try (OnlineStore store = OnlineStore.open(file, options())) {
        for (int more = 0; more < 4; more++) {
          script.step(++reached, undisturbed);
          script.step(reached, store);
          assertThat(vectors(store, reached)).isEqualTo(vectors(undisturbed, reached));
        }
      }
    }
    if (CRASHES >= LONG_RUN) {
      System.out.printf(
          "%d processes killed in %d steps of %s: %s%n", CRASHES, reached, work, phases);
    }
  }

  /** Lets a process go on with the next step, kills it, and gives the last step it has done. */
  private static int killed(Path file, Work work, int reached) throws Exception {
    Process process = ChildJvm.start(Child.class, file.toString(), work.name(), "" + (reached + 1));
    // That of the process itself would close what we read.
    ProcessHandle handle = process.toHandle();
    Random random = new Random();
    boolean first = random.nextInt(3) == 0;
    List<String> output = new ArrayList<>();
    int done = reached;
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.add(line);
        if (line.startsWith("done ")) {
          if (done == reached) {
            Thread killer = new Thread(() -> killLater(handle, random.nextInt(first ? 40 : 400)));
            killer.setDaemon(true);
            killer.start();
          }
          done = Integer.parseInt(line.substring("done ".length()));
        }
      }
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).as(String.join("\n", output)).isEqualTo(128 + 9);
    return done;
  }

  private static void killLater(ProcessHandle process, int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
