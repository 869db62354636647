package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ConcurrencyTest {
  @TempDir Path folder;
  @TempDir Path outputs;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void losesNoVersionOfEightThreads() throws Exception {
    try (Registry registry = Registry.open(folder)) {
      List<Callable<Void>> work = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        work.add(registering(registry, "t" + thread, 15));
      }
      all(work);
      assertConsecutive(registry, 8 * 15);
    }
  }

  @Test
  void losesNoVersionOfTwoRegistriesOnOneFolder() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
    try (Registry one = Registry.open(folder);
        Registry two = Registry.open(link)) {
      List<Callable<Void>> work = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        work.add(registering(thread % 2 == 0 ? one : two, "t" + thread, 15));
      }
      all(work);
      assertConsecutive(one, 4 * 15);
      assertConsecutive(two, 4 * 15);
    }
  }

  @Test
  void losesNoVersionOfTwoProcessesAndThisOne() throws Exception {
    Process one = RegisteringProcess.start(folder, "one", 40, outputs.resolve("one"));
    Process two = RegisteringProcess.start(folder, "two", 40, outputs.resolve("two"));
    try (Registry registry = Registry.open(folder);
        Registry beside = Registry.open(folder)) {
      List<Callable<Void>> work = new ArrayList<>();
      work.add(registering(registry, "t1", 40));
      work.add(registering(beside, "t2", 40));
      all(work);

      assertThat(one.waitFor()).isZero();
      assertThat(two.waitFor()).isZero();
      assertAcknowledged(registry, "one", 40);
      assertAcknowledged(registry, "two", 40);
      assertConsecutive(registry, 160);
    } finally {
      one.destroyForcibly();
      two.destroyForcibly();
    }
  }

  /** As in a container that gives each application its own copy of the library. */
  @Test
  void losesNoVersionOfTwoClassLoadersAndAnotherProcess() throws Exception {
    Process process = RegisteringProcess.start(folder, "process", 40, outputs.resolve("process"));
    try (URLClassLoader one = ownCopy();
        URLClassLoader two = ownCopy();
        Registry registry = Registry.open(folder)) {
      List<Callable<Void>> work = new ArrayList<>();
      work.add(registeringIn(one, "one", 40));
      work.add(registeringIn(two, "two", 40));
      all(work);

      assertThat(process.waitFor()).isZero();
      assertAcknowledged(registry, "process", 40);
      assertConsecutive(registry, 120);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void registersTheSameContentOnceHoweverManyTry() throws Exception {
    try (Registry one = Registry.open(folder);
        Registry two = Registry.open(folder)) {
      List<Callable<Version>> work = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        Registry registry = thread % 2 == 0 ? one : two;
        work.add(() -> registerModel(registry, "m", "the same"));
      }
      assertThat(all(work).stream().distinct()).hasSize(1);
      assertConsecutive(one, 1);
    }
  }

  @Test
  void neverShowsHalfAVersionOrHalfAMove() throws Exception {
    try (Registry writer = Registry.open(folder);
        Registry reader = Registry.open(folder)) {
      byte[] content = new byte[300_000];
      Version first = writer.register(Registration.of(Kind.MODEL, "m").content(content));
      writer.promote("m", "champion", first);
      AtomicBoolean done = new AtomicBoolean();
      Callable<Integer> reading =
          () -> {
            int looks = 0;
            int last = 1;
            while (!done.get()) {
              Version latest = reader.version(Kind.MODEL, "m");
              assertThat(latest.id().number()).isGreaterThanOrEqualTo(last);
              last = latest.id().number();
              assertThat(reader.content(latest)).hasSize(content.length);
              Version champion = reader.version(Kind.MODEL, "m@champion");
              assertThat(reader.history("m", "champion"))
                  .anyMatch(move -> move.to().equals(Optional.of(champion.id())));
              assertThat(reader.verify().problems()).isEmpty();
              looks++;
            }
            return looks;
          };
      Future<Integer> one = threads.submit(reading);
      Future<Integer> two = threads.submit(reading);
      for (int i = 1; i <= 40; i++) {
        content[0] = (byte) i;
        Version next =
            writer.register(Registration.of(Kind.MODEL, "m").content(content).madeFrom(first));
        writer.promote("m", "champion", next);
      }
      done.set(true);
      assertThat(one.get()).isPositive();
      assertThat(two.get()).isPositive();
    }
  }

  @Test
  void readsAHistoryThatGrowsMeanwhile() throws Exception {
    try (Registry registry = Registry.open(folder)) {
      Version one = registerModel(registry, "m", "1");
      Version two = registerModel(registry, "m", "2");
      registry.promote("m", "champion", one);
      AtomicBoolean done = new AtomicBoolean();
      Future<Integer> reading =
          threads.submit(
              () -> {
                int length = 1;
                while (!done.get()) {
                  List<AliasMove> history = registry.history("m", "champion");
                  assertThat(history).hasSizeGreaterThanOrEqualTo(length);
                  length = history.size();
                }
                return length;
              });
      for (int i = 0; i < 200; i++) {
        registry.promote("m", "champion", i % 2 == 0 ? two : one);
      }
      done.set(true);
      assertThat(reading.get()).isGreaterThan(1);
      assertThat(registry.history("m", "champion")).hasSize(201);
    }
  }

  @Test
  void keepsTheInterruptOfAThreadAndWritesNothingHalf() throws Exception {
    try (Registry registry = Registry.open(folder)) {
      Version kept = registerModel(registry, "m", "kept");
      Thread.currentThread().interrupt();
      try {
        assertThatThrownBy(() -> registerModel(registry, "m", "interrupted"))
            .isInstanceOfSatisfying(
                MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
            .hasMessageContaining("interrupted");
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        assertThat(registry.content(registry.version(kept.id()))).isEqualTo(utf8("kept"));
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
      assertThat(registerModel(registry, "m", "next").id().number()).isEqualTo(2);
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void waitsForCallsInFlightBeforeItCloses() throws Exception {
    Registry registry = Registry.open(folder);
    Future<Void> registering =
        threads.submit(
            () -> {
              for (int i = 0; ; i++) {
                try {
                  registerModel(registry, "m", "content " + i);
                } catch (IllegalStateException closed) {
                  return null;
                }
              }
            });
    while (registry.names(Kind.MODEL).isEmpty()) {
      Thread.onSpinWait();
    }
    registry.close();
    registering.get();

    try (Registry again = Registry.open(folder)) {
      assertThat(again.verify().problems()).isEmpty();
    }
  }

  private static Callable<Void> registering(Registry registry, String prefix, int count) {
    return () -> {
      for (int i = 0; i < count; i++) {
        String content = prefix + "-" + i;
        Version version = registerModel(registry, "m", content);
        assertThat(registry.content(version)).isEqualTo(utf8(content));
      }
      return null;
    };
  }

  private void assertAcknowledged(Registry registry, String output, int count) throws Exception {
    List<String> lines = RegisteringProcess.acknowledged(outputs.resolve(output));
    assertThat(lines).hasSize(count);
    for (String line : lines) {
      assertAcknowledged(registry, line);
    }
  }

  static void assertAcknowledged(Registry registry, String line) {
    String[] parts = line.split(" ", 2);
    Version version = registry.version(Kind.MODEL, "m:" + parts[0]);
    assertThat(registry.content(version)).isEqualTo(utf8(parts[1]));
  }

  private static URLClassLoader ownCopy() throws Exception {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  private Callable<Void> registeringIn(ClassLoader loader, String prefix, int count)
      throws Exception {
    Class<?> copy = loader.loadClass(RegisteringProcess.class.getName());
    assertThat(copy).isNotEqualTo(RegisteringProcess.class);
    Method register =
        copy.getMethod("register", Path.class, String.class, int.class, PrintStream.class);
    return () -> {
      ByteArrayOutputStream lines = new ByteArrayOutputStream();
      try (PrintStream out = new PrintStream(lines, true, StandardCharsets.UTF_8)) {
        register.invoke(null, folder, prefix, count, out);
      }
      assertThat(lines.toString(StandardCharsets.UTF_8).lines()).hasSize(count);
      return null;
    };
  }

  private <T> List<T> all(List<Callable<T>> work) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> future : threads.invokeAll(work)) {
      results.add(future.get());
    }
    return results;
  }

  private static void assertConsecutive(Registry registry, int count) {
    List<Version> versions = registry.versions(Kind.MODEL, "m");
    assertThat(versions.stream().map(version -> version.id().number()))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, count).boxed().toList());
    assertThat(versions.stream().map(version -> version.id().hash()).distinct()).hasSize(count);
    assertThat(registry.verify().problems()).isEmpty();
  }
}
