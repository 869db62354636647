package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A JVM whose threads change a registry until they are killed. Each change has a reason of its own,
 * and a change that was made is acknowledged by printing its reason; what must not be is printed
 * after {@code FAILED}, and ends the process.
 */
public final class SoakWorker implements Runnable {
  static final String ALIAS = "champion";

  /** A model whose few contents are registered, promoted and deleted over and over. */
  static final String HOT = "hot";

  /** A model whose alias moves by compare-and-set only, each time by one. */
  static final String COUNTER = "counter";

  static final String EXPERIMENT = "tracked";
  static final String METRIC = "value";

  /** Before a run and a step: the point of that step is there. */
  static final String LOGGED = "logged ";

  /** Before a run and its last step. */
  static final String FINISHED = "finished ";

  /** Data sets that are made from versions of {@link #HOT}. */
  private static final String DERIVED = "derived";

  private static final int CONTENTS = 12;

  private final Registry registry;
  private final String prefix;
  private final PrintStream out;
  private final Path target;
  private final Random random = new Random();
  private int changes;

  private SoakWorker(Registry registry, String prefix, PrintStream out, Path target) {
    this.registry = registry;
    this.prefix = prefix;
    this.out = out;
    this.target = target;
  }

  /**
   * @param arguments folder, a name that no other process has, threads, a folder to export to
   */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    int threads = Integer.parseInt(arguments[2]);
    Path targets = Path.of(arguments[3]);
    // Two registries, as two parts of a host might have opened them.
    List<Registry> registries = List.of(Registry.open(folder), Registry.open(folder));
    for (int i = 0; i < threads; i++) {
      String prefix = arguments[1] + "-" + i;
      new Thread(
              new SoakWorker(
                  registries.get(i % registries.size()),
                  prefix,
                  System.out,
                  targets.resolve(prefix)))
          .start();
    }
  }

  @Override
  public void run() {
    try {
      while (true) {
        step();
      }
    } catch (Throwable e) {
      synchronized (out) {
        out.println("FAILED " + prefix);
        e.printStackTrace(out);
        out.flush();
      }
      Runtime.getRuntime().halt(3);
    }
  }

  private void step() {
    int choice = random.nextInt(100);
    if (choice < 25) {
      count();
    } else if (choice < 50) {
      unlessGone(this::promoteNew);
    } else if (choice < 60) {
      rollback();
    } else if (choice < 63) {
      unlessGone(() -> acknowledge(registry.removeAlias(HOT, ALIAS, reason("remove")).reason()));
    } else if (choice < 70) {
      unlessGone(this::deleteAny);
    } else if (choice < 75) {
      unlessGone(this::derive);
    } else if (choice < 79) {
      registry.collectGarbage();
    } else if (choice < 80) {
      String reason = reason("expire");
      if (!registry.expire(Retention.keepLast(5), reason).isEmpty()) {
        acknowledge(reason);
      }
    } else if (choice < 85) {
      track();
    } else if (choice < 88) {
      search();
    } else if (choice < 97) {
      read();
    } else if (choice < 99) {
      unlessGone(
          () -> registry.export(registry.version(Kind.MODEL, COUNTER + "@" + ALIAS), target));
    } else {
      Verification found = registry.verify();
      if (!found.isClean()) {
        throw new AssertionError(found.toString());
      }
    }
  }

  private String reason(String what) {
    return what + " " + prefix + "-" + changes++;
  }

  private void acknowledge(String reason) {
    synchronized (out) {
      out.println(reason);
      out.flush();
    }
  }

  /** Somebody else may have deleted or removed it, or made use of it. */
  private static void unlessGone(Runnable change) {
    try {
      change.run();
    } catch (MlInfraException e) {
      if (e.code() != ErrorCode.NAME_UNKNOWN && e.code() != ErrorCode.CONFLICT) {
        throw e;
      }
    }
  }

  private Version register(String model, String content, Version... madeFrom) {
    return registry.register(
        Registration.of(Kind.MODEL, model)
            .content(content.getBytes(StandardCharsets.UTF_8))
            .attach("attached", ("to " + content).getBytes(StandardCharsets.UTF_8))
            .madeFrom(madeFrom));
  }

  static int value(byte[] content) {
    String text = new String(content, StandardCharsets.UTF_8);
    return Integer.parseInt(text.substring(0, text.indexOf(' ')));
  }

  private void count() {
    Optional<Version> before =
        registry.alias(COUNTER, ALIAS).map(alias -> registry.version(alias.version()));
    int value = before.map(version -> value(registry.content(version)) + 1).orElse(0);
    String reason = reason("count");
    Version[] madeFrom = before.stream().toArray(Version[]::new);
    Version next = register(COUNTER, value + " " + reason, madeFrom);
    try {
      registry.compareAndPromote(COUNTER, ALIAS, before, next, reason);
      acknowledge(reason);
    } catch (MlInfraException e) {
      boolean isExpired = isDeleted(e) && String.valueOf(e.getMessage()).startsWith("" + next.id());
      if (e.code() != ErrorCode.CONFLICT && !isExpired) {
        throw e;
      }
      unlessGone(
          () -> {
            String deletion = reason("delete");
            registry.delete(next, deletion);
            acknowledge(deletion);
          });
    }
  }

  private static boolean isDeleted(MlInfraException e) {
    return e.code() == ErrorCode.NAME_UNKNOWN
        && String.valueOf(e.getMessage()).contains(" was deleted on ");
  }

  private void promoteNew() {
    Version version = register(HOT, "content " + random.nextInt(CONTENTS));
    String reason = reason("promote");
    if (registry.promote(HOT, ALIAS, version, reason).reason().equals(reason)) {
      acknowledge(reason);
    }
  }

  private void rollback() {
    String reason = reason("rollback");
    try {
      registry.rollback(HOT, ALIAS, reason);
      acknowledge(reason);
    } catch (IllegalStateException nothingToGoBackTo) {
      return;
    } catch (MlInfraException e) {
      if (e.code() != ErrorCode.NAME_UNKNOWN) {
        throw e;
      }
    }
  }

  private void deleteAny() {
    List<Version> versions =
        switch (random.nextInt(4)) {
          case 0 -> registry.versions(Kind.MODEL, COUNTER);
          case 1 -> registry.versions(Kind.DATASET, DERIVED);
          default -> registry.versions(Kind.MODEL, HOT);
        };
    if (!versions.isEmpty()) {
      String reason = reason("delete");
      registry.delete(any(versions), reason);
      acknowledge(reason);
    }
  }

  /** What it is made from may be deleted at the same moment. */
  private void derive() {
    List<Version> sources = registry.versions(Kind.MODEL, HOT);
    if (!sources.isEmpty()) {
      registry.register(
          Registration.of(Kind.DATASET, DERIVED)
              .content(new byte[] {(byte) random.nextInt(CONTENTS)})
              .madeFrom(any(sources)));
    }
  }

  private Version any(List<Version> versions) {
    return versions.get(random.nextInt(versions.size()));
  }

  /** Logs a run, and says of each point when it is there to stay. */
  private void track() {
    try (ActiveRun run = registry.runs().start(EXPERIMENT)) {
      run.param("prefix", prefix);
      int points = 1 + random.nextInt(20);
      for (int step = 0; step < points; step++) {
        run.metric(METRIC, step, value(step));
        acknowledge(LOGGED + run.id() + " " + step);
      }
      run.artifact("attached", ("of " + run.id()).getBytes(StandardCharsets.UTF_8));
      run.finish();
      acknowledge(FINISHED + run.id() + " " + (points - 1));
    }
  }

  /** What is logged at a step. */
  static double value(long step) {
    return 1.0 / (step + 1);
  }

  private void search() {
    List<TrackedRun> found =
        registry
            .runs()
            .search(
                EXPERIMENT,
                "metrics.value > 0.1 and params.prefix like '%-%' order by metrics.value limit 5");
    for (TrackedRun run : found) {
      if (!(run.metrics().get(METRIC).last() > 0.1)) {
        throw new AssertionError("found " + run);
      }
      if (run.status() == TrackedRun.Status.FINISHED) {
        byte[] artifact = registry.runs().artifact(run.id(), "attached");
        if (!Arrays.equals(artifact, ("of " + run.id()).getBytes(StandardCharsets.UTF_8))) {
          throw new AssertionError("another's artifact: " + run);
        }
      }
    }
  }

  /** An alias that points somewhere points at something, whatever others do meanwhile. */
  private void read() {
    try {
      Version version = registry.version(Kind.MODEL, HOT + "@" + ALIAS);
      byte[] attached = registry.attachment(version, "attached");
      byte[] content = registry.content(version);
      byte[] expected =
          ("to " + new String(content, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
      if (!Arrays.equals(attached, expected)) {
        throw new AssertionError("read " + new String(attached, StandardCharsets.UTF_8));
      }
    } catch (MlInfraException e) {
      String message = String.valueOf(e.getMessage());
      boolean isRemoved =
          message.contains("has no alias") || message.contains("has no model '" + HOT + "'");
      // The version may be deleted after the alias has moved on, and was found before.
      boolean isDeleted =
          isDeleted(e)
              && registry
                  .alias(HOT, ALIAS)
                  .filter(alias -> message.startsWith(alias.version().toString()))
                  .isEmpty();
      if (e.code() != ErrorCode.NAME_UNKNOWN || !isRemoved && !isDeleted) {
        throw e;
      }
    }
  }
}
