package io.mlinfra.features.online;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.online.Storage.Head;
import io.mlinfra.features.online.Storage.Staging;
import io.mlinfra.features.online.Storage.StateWrite;
import io.mlinfra.features.online.Storage.ViewWrite;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbered changes of a storage, the same each time, and what the storage has to hold after each of
 * them. Of ten changes, seven write states of two views and the last three stage a generation in
 * two parts and publish it.
 */
final class StorageScript {
  private static final List<String> VIEWS = List.of("origin", "destination");
  private static final int KEYS = 12;

  private final boolean staging;

  /** All of the storage, in a form to compare. */
  private final TreeMap<String, String> content = new TreeMap<>();

  private final Map<String, Long> versions = new TreeMap<>();
  private long generation = -1;

  /**
   * @param staging whether there is nothing but staging and publishing, of much
   */
  StorageScript(boolean staging) {
    this.staging = staging;
  }

  /** What a storage holds after the changes so far. */
  Map<String, String> content() {
    return new TreeMap<>(content);
  }

  /** Makes the change of a number, after that of the number before, and of a storage if given. */
  void change(int number, @Nullable Storage storage) {
    int kind = number == 0 ? 0 : staging ? 7 + (number - 1) % 3 : number % 10;
    switch (kind) {
      case 7 -> stage(number, 0, number, storage);
      case 8 -> stage(number - 1, 1, number, storage);
      case 9 -> publish(number - 2, number, storage);
      default -> {
        if (number == 0) {
          begin(storage);
        } else {
          write(number, storage);
        }
      }
    }
  }

  private void begin(@Nullable Storage storage) {
    List<ViewWrite> changes = new ArrayList<>();
    for (String view : VIEWS) {
      changes.add(new ViewWrite(view, -1, List.of(), new Head(0, new byte[0], 0), 0));
      content.put(view, "0, 0");
    }
    generation = 0;
    write(changes, storage);
  }

  private void write(int number, @Nullable Storage storage) {
    Random random = new Random(number);
    List<ViewWrite> changes = new ArrayList<>();
    for (String view : VIEWS) {
      List<StateWrite> states = new ArrayList<>();
      for (int key = number % 3; key < KEYS; key += 3) {
        long tile = random.nextInt(4);
        long removed = 4 + random.nextInt(4);
        String text = number + "-".repeat(random.nextInt(random.nextInt(10) == 0 ? 9000 : 300));
        String name = view + "/" + key;
        long version = versions.getOrDefault(name, 0L);
        states.add(
            new StateWrite(
                ("" + key).getBytes(UTF_8),
                version,
                Map.of(tile, text.getBytes(UTF_8), tile + 4, new byte[0]),
                tile + 4 == removed ? Set.of() : Set.of(removed)));
        versions.put(name, version + 1);
        content.put(name, "" + (version + 1));
        content.put(name + "/" + tile, text);
        content.put(name + "/" + (tile + 4), "");
        if (tile + 4 != removed) {
          content.remove(name + "/" + removed);
        }
      }
      content.put(view, generation + ", " + number);
      changes.add(new ViewWrite(view, generation, states, null, number));
    }
    write(changes, storage);
  }

  private static void write(List<ViewWrite> changes, @Nullable Storage storage) {
    if (storage != null) {
      assertThat(storage.write(changes)).isTrue();
    }
  }

  private void stage(long fresh, int half, int number, @Nullable Storage storage) {
    for (String view : VIEWS.subList(0, 1)) {
      List<StateWrite> states = new ArrayList<>();
      for (int key = half; key < (staging ? 40 * KEYS : KEYS); key += 2) {
        String text = fresh + "-".repeat(staging ? 500 : 50);
        states.add(
            new StateWrite(
                ("" + key).getBytes(UTF_8), 0, Map.of(1L, text.getBytes(UTF_8)), Set.of()));
        content.put("staged " + view + "/" + key, "1");
        content.put("staged " + view + "/" + key + "/1", text);
      }
      content.put("staged " + view, fresh + ", " + number);
      if (storage != null) {
        storage.stage(view, fresh, states, ("" + number).getBytes(UTF_8));
      }
    }
  }

  private void publish(long fresh, int number, @Nullable Storage storage) {
    long before = generation;
    String view = VIEWS.get(0);
    String other = VIEWS.get(1);
    content.keySet().removeIf(name -> name.equals(view) || name.startsWith(view + "/"));
    content.remove("staged " + view);
    versions.keySet().removeIf(name -> name.startsWith(view + "/"));
    for (String name : List.copyOf(content.keySet())) {
      if (name.startsWith("staged ")) {
        String published = name.substring("staged ".length());
        content.put(published, content.get(name));
        content.remove(name);
        if (published.indexOf('/') == published.lastIndexOf('/')) {
          versions.put(published, 1L);
        }
      }
    }
    // Nothing was staged of the other view, so it begins anew.
    content.put(view, fresh + ", " + number);
    content.keySet().removeIf(name -> name.equals(other) || name.startsWith(other + "/"));
    versions.keySet().removeIf(name -> name.startsWith(other + "/"));
    content.put(other, fresh + ", " + number);
    generation = fresh;
    write(
        List.of(
            new ViewWrite(view, before, List.of(), new Head(fresh, new byte[0], 0), number),
            new ViewWrite(other, before, List.of(), new Head(fresh, new byte[0], 0), number)),
        storage);
    if (storage != null) {
      storage.drop(view, before);
      storage.drop(other, before);
    }
  }

  /** What a storage holds. */
  static Map<String, String> contentOf(Storage storage) {
    Map<String, String> found = new TreeMap<>();
    for (String view : storage.views()) {
      Head head = storage.head(view);
      found.put(view, head.generation() + ", " + head.watermark());
      addStates(storage, view, head.generation(), view, found);
    }
    for (String view : VIEWS) {
      Staging staging = storage.staging(view);
      if (staging != null) {
        found.put(
            "staged " + view, staging.generation() + ", " + new String(staging.progress(), UTF_8));
        addStates(storage, view, staging.generation(), "staged " + view, found);
      }
    }
    return found;
  }

  private static void addStates(
      Storage storage, String view, long generation, String name, Map<String, String> to) {
    List<byte[]> keys = new ArrayList<>();
    storage.forEachKey(view, generation, keys::add);
    List<Storage.State> states = storage.read(view, generation, keys);
    for (int i = 0; i < keys.size(); i++) {
      String key = name + "/" + new String(keys.get(i), UTF_8);
      to.put(key, "" + states.get(i).version());
      states
          .get(i)
          .tiles()
          .forEach((tile, bytes) -> to.put(key + "/" + tile, new String(bytes, UTF_8)));
    }
  }
}
