package io.mlinfra.features.online;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.mlinfra.features.online.Storage.Head;
import io.mlinfra.features.online.Storage.Staging;
import io.mlinfra.features.online.Storage.StateWrite;
import io.mlinfra.features.online.Storage.ViewWrite;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A process that changes a storage until it is killed: address, prefix, {@link Work}. */
final class RedisProcess {
  static final List<String> VIEWS = List.of("origin", "destination");

  /** So many states that some changes are uploaded in pieces and some are not. */
  static final int KEYS = 15_000;

  /** Calls of {@link Storage#stage} in a generation. */
  static final int PARTS = 12;

  enum Work {
    WRITE,
    STAGE
  }

  private RedisProcess() {}

  public static void main(String[] arguments) {
    try (Storage storage = RedisStorage.open(URI.create(arguments[0]), arguments[1])) {
      System.out.println("open");
      Work work = Work.valueOf(arguments[2]);
      while (true) {
        long done = work == Work.WRITE ? write(storage) : stage(storage);
        System.out.println("done " + done);
      }
    }
  }

  static byte[] key(int key) {
    return ("entity " + key).getBytes(UTF_8);
  }

  /** What a step, or a generation, writes into all states. */
  static String content(long step) {
    return ("content " + step + " ").repeat(5);
  }

  private static List<StateWrite> states(int from, int to, long expected, long step) {
    List<StateWrite> states = new ArrayList<>();
    for (int key = from; key < to; key++) {
      byte[] content = content(step).getBytes(UTF_8);
      states.add(
          new StateWrite(key(key), expected, Map.of(step % 2, content), Set.of(1 - step % 2)));
    }
    return states;
  }

  /** Changes all states of both views, or a few of the first view; the watermark is the step. */
  private static long write(Storage storage) {
    long step = 0;
    List<ViewWrite> changes = new ArrayList<>();
    for (String view : VIEWS) {
      Head head = storage.head(view);
      if (head == null) {
        changes.add(new ViewWrite(view, -1, List.of(), new Head(1, new byte[0], 0), 0));
      } else {
        step = head.watermark() + 1;
        changes.add(new ViewWrite(view, 1, states(0, KEYS, step - 1, step), null, step));
      }
    }
    if (!storage.write(changes)) {
      throw new IllegalStateException("step " + step);
    }
    return step;
  }

  /** Stages the next part, or publishes all parts as the next generation. */
  static long stage(Storage storage) {
    String view = VIEWS.get(0);
    Head head = storage.head(view);
    long valid = head == null ? -1 : head.generation();
    long generation = Math.max(valid, 0) + 1;
    Staging staging = storage.staging(view);
    int part = staging == null ? 0 : Objects.requireNonNull(staging).progress()[0];
    if (part < PARTS) {
      // Some of them are uploaded in pieces.
      int size = KEYS / PARTS;
      List<StateWrite> states = states(part * size, (part + 1) * size, 0, generation);
      if (part % 2 == 0) {
        byte[] large = new byte[1_500_000];
        states.set(0, new StateWrite(states.get(0).key(), 0, Map.of(7L, large), Set.of()));
      }
      storage.stage(view, generation, states, new byte[] {(byte) (part + 1)});
      return generation;
    }
    Head next = new Head(generation, new byte[0], 0);
    if (!storage.write(List.of(new ViewWrite(view, valid, List.of(), next, 0)))) {
      throw new IllegalStateException("generation " + generation);
    }
    if (valid >= 0) {
      storage.drop(view, valid);
    }
    return generation;
  }
}
