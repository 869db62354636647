package io.mlinfra.features.online;

import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keys and states as bytes, big-endian. A tile is the number of its events, their event times,
 * their known-at times, then per input its cells, of texts their lengths in UTF-8 and their bytes,
 * -1 for a missing one.
 */
final class StateCodec {
  private StateCodec() {}

  static byte[] key(Object key) {
    List<?> parts = key instanceof List<?> several ? several : List.of(key);
    List<byte[]> encoded = new ArrayList<>();
    int size = 0;
    for (Object part : parts) {
      byte[] bytes =
          part instanceof String text
              ? text.getBytes(StandardCharsets.UTF_8)
              : ByteBuffer.allocate(Long.BYTES).putLong((Long) part).array();
      encoded.add(bytes);
      size += Integer.BYTES + bytes.length;
    }
    if (encoded.size() == 1) {
      return encoded.get(0);
    }
    ByteBuffer to = ByteBuffer.allocate(size);
    encoded.forEach(bytes -> to.putInt(bytes.length).put(bytes));
    return to.array();
  }

  static Object key(List<KeyType> types, byte[] bytes) {
    if (types.size() == 1) {
      return part(types.get(0), bytes);
    }
    ByteBuffer from = ByteBuffer.wrap(bytes);
    List<Object> parts = new ArrayList<>();
    for (KeyType type : types) {
      byte[] part = new byte[from.getInt()];
      from.get(part);
      parts.add(part(type, part));
    }
    return List.copyOf(parts);
  }

  private static Object part(KeyType type, byte[] bytes) {
    return type == KeyType.TEXT
        ? new String(bytes, StandardCharsets.UTF_8)
        : (Object) ByteBuffer.wrap(bytes).getLong();
  }

  static byte[] tile(Tile tile) {
    int size = Integer.BYTES + 2 * Long.BYTES * tile.size;
    byte[][][] texts = new byte[tile.columns.length][][];
    for (int c = 0; c < texts.length; c++) {
      if (tile.columns[c] instanceof long[]) {
        size += Long.BYTES * tile.size;
        continue;
      }
      texts[c] = new byte[tile.size][];
      for (int i = 0; i < tile.size; i++) {
        String text = ((@Nullable String[]) tile.columns[c])[i];
        texts[c][i] = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        size += Integer.BYTES + texts[c][i].length;
      }
    }
    ByteBuffer to = ByteBuffer.allocate(size).putInt(tile.size);
    put(to, tile.times);
    put(to, tile.known);
    for (int c = 0; c < texts.length; c++) {
      if (tile.columns[c] instanceof long[] cells) {
        put(to, cells);
        continue;
      }
      for (int i = 0; i < tile.size; i++) {
        boolean missing = ((@Nullable String[]) tile.columns[c])[i] == null;
        to.putInt(missing ? -1 : texts[c][i].length).put(texts[c][i]);
      }
    }
    return to.array();
  }

  private static void put(ByteBuffer to, long[] values) {
    for (long value : values) {
      to.putLong(value);
    }
  }

  private static Tile tile(Shape shape, byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    int size = from.getInt();
    long[] times = longs(from, size);
    long[] known = longs(from, size);
    FeaturePlan plan = shape.plan;
    Object[] columns = Tile.columns(plan, size);
    for (int c = 0; c < columns.length; c++) {
      if (columns[c] instanceof long[]) {
        columns[c] = longs(from, size);
        continue;
      }
      for (int i = 0; i < size; i++) {
        int length = from.getInt();
        if (length >= 0) {
          byte[] text = new byte[length];
          from.get(text);
          ((@Nullable String[]) columns[c])[i] = new String(text, StandardCharsets.UTF_8);
        }
      }
    }
    return Tile.of(shape, times, known, columns);
  }

  private static long[] longs(ByteBuffer from, int size) {
    long[] values = new long[size];
    from.asLongBuffer().get(values);
    from.position(from.position() + size * Long.BYTES);
    return values;
  }

  /**
   * The state that a storage holds.
   *
   * @throws IllegalArgumentException if its bytes are not those of a state
   */
  static EntityState state(Shape shape, Storage.State state) {
    record Numbered(long number, Tile tile) {}
    try {
      List<Numbered> tiles = new ArrayList<>();
      state.tiles().forEach((number, bytes) -> tiles.add(new Numbered(number, tile(shape, bytes))));
      // Numbers tell tiles apart; they do not follow the order of the events.
      tiles.sort(
          Comparator.comparing(
                  Numbered::tile, (Tile a, Tile b) -> Tile.compare(shape.plan, a, 0, b, 0))
              .thenComparing(
                  Numbered::tile,
                  (a, b) -> Tile.compare(shape.plan, a, a.size - 1, b, b.size - 1)));
      return new EntityState(
          tiles.stream().map(Numbered::tile).toArray(Tile[]::new),
          tiles.stream().mapToLong(Numbered::number).toArray(),
          state.version());
    } catch (BufferUnderflowException | IndexOutOfBoundsException | NegativeArraySizeException e) {
      throw new IllegalArgumentException("the bytes of a state are damaged", e);
    }
  }

  /** What a storage has to do to come from one state to the next. */
  static Storage.StateWrite write(Object key, EntityState before, EntityState after) {
    Map<Long, Tile> old = new HashMap<>();
    for (int t = 0; t < before.tiles.length; t++) {
      old.put(before.numbers[t], before.tiles[t]);
    }
    Map<Long, byte[]> written = new HashMap<>();
    Set<Long> removed = new HashSet<>(old.keySet());
    for (int t = 0; t < after.tiles.length; t++) {
      removed.remove(after.numbers[t]);
      if (old.get(after.numbers[t]) != after.tiles[t]) {
        written.put(after.numbers[t], tile(after.tiles[t]));
      }
    }
    return new Storage.StateWrite(key(key), before.version, written, removed);
  }
}
