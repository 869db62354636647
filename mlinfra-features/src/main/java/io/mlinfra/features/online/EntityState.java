package io.mlinfra.features.online;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The events of an entity in order, cut into tiles. Immutable, but for a value it remembers. */
final class EntityState {
  /** How many events a tile gets when one is split, and how many it has at most. */
  private static final int TILE = 64;

  private static final int MOST = 2 * TILE;
  private static final Block[] NO_BLOCKS = {};

  /** None is empty. */
  final Tile[] tiles;

  /** What a storage calls the tiles. */
  final long[] numbers;

  /** Of the state that a storage holds; 0 where it holds none. */
  final long version;

  /** Of many tiles, those that are together. */
  final Block[] blocks;

  // Whoever races here reads an immutable record, or computes the same once more.
  private Evaluation.@Nullable Result last;

  EntityState(Tile[] tiles, long[] numbers, long version) {
    this(tiles, numbers, version, NO_BLOCKS);
  }

  private EntityState(Tile[] tiles, long[] numbers, long version, Block[] former) {
    this.blocks = tiles.length < Block.TILES ? NO_BLOCKS : Block.of(tiles, former);
    this.tiles = tiles;
    this.numbers = numbers;
    this.version = version;
  }

  static EntityState empty() {
    return new EntityState(new Tile[0], new long[0], 0);
  }

  boolean isEmpty() {
    return tiles.length == 0;
  }

  Evaluation.Result at(Shape shape, long time) {
    Evaluation.Result result = last;
    if (result == null || time < result.from() || time >= result.until()) {
      result = Evaluation.at(shape, tiles, blocks, time);
      last = result;
    }
    return result;
  }

  /** The state as a storage holds it after a write. */
  EntityState written() {
    return new EntityState(tiles, numbers, isEmpty() ? 0 : version + 1, blocks);
  }

  /** The latest time at which one of the events became visible. */
  long lastVisible() {
    long latest = Long.MIN_VALUE;
    for (Tile tile : tiles) {
      latest = Math.max(latest, tile.lastVisible);
    }
    return latest;
  }

  private final class Builder {
    private final List<Tile> made = new ArrayList<>(tiles.length + 1);
    private final List<Long> names = new ArrayList<>(tiles.length + 1);
    private long next;

    Builder() {
      for (long number : numbers) {
        next = Math.max(next, number + 1);
      }
    }

    /** Adds a tile in the place of another, -1 for none; too large a one in pieces. */
    void add(Tile tile, long number) {
      int step = tile.size > MOST ? TILE : MOST;
      for (int from = 0; from < tile.size; from += step) {
        made.add(tile.slice(from, Math.min(tile.size, from + step)));
        names.add(from == 0 && number >= 0 ? number : next++);
      }
    }

    EntityState build() {
      return new EntityState(
          made.toArray(Tile[]::new),
          names.stream().mapToLong(Long::longValue).toArray(),
          version,
          blocks);
    }
  }

  /**
   * With more events.
   *
   * @param run of them, in order
   */
  EntityState plus(Shape shape, Tile run) {
    int first = tileOf(shape, run, 0);
    if (first >= 0 && first == tileOf(shape, run, run.size - 1)) {
      Tile tile = Tile.merge(shape.plan, tiles[first], run);
      if (tile.size <= MOST) {
        Tile[] changed = tiles.clone();
        changed[first] = tile;
        return new EntityState(changed, numbers, version, blocks);
      }
    }
    Builder builder = new Builder();
    int taken = 0;
    for (int t = 0; t < tiles.length; t++) {
      int from = taken;
      while (taken < run.size && tileOf(shape, run, taken) == t) {
        taken++;
      }
      Tile tile = tiles[t];
      builder.add(
          taken > from ? Tile.merge(shape.plan, tile, run.slice(from, taken)) : tile, numbers[t]);
    }
    if (tiles.length == 0) {
      builder.add(run, -1);
    }
    return builder.build();
  }

  /** The tile that an event goes to: the last one that does not start behind it; -1 for none. */
  private int tileOf(Shape shape, Tile run, int event) {
    int low = 0;
    int high = tiles.length - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (Tile.compare(shape.plan, run, event, tiles[middle], 0) < 0) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    return high;
  }

  /** Without the events that became visible after one time and not after another. */
  EntityState without(long after, long until) {
    Builder builder = new Builder();
    for (int t = 0; t < tiles.length; t++) {
      builder.add(tiles[t].without(after, until), numbers[t]);
    }
    return builder.build();
  }

  /** The events that became visible after a time. */
  Tile since(Shape shape, long time) {
    Tile kept = Tile.of(shape, new long[0], new long[0], Tile.columns(shape.plan, 0));
    for (Tile tile : tiles) {
      kept = Tile.merge(shape.plan, kept, tile.without(Long.MIN_VALUE, time));
    }
    return kept;
  }

  /**
   * Without the tiles that no read sees any more.
   *
   * @param floor the earliest time of a read
   */
  EntityState pruned(Shape shape, long floor) {
    if (tiles.length < 2 || isWindowed(shape, tiles[0], floor)) {
      return this;
    }
    int first = tiles.length - 1;
    int later = 0;
    while (first > 0
        && !(isOld(shape, tiles[first - 1], floor)
            || later + visible(tiles[first], floor) >= shape.latestEvents
                && !isWindowed(shape, tiles[first - 1], floor))) {
      later += visible(tiles[first], floor);
      first--;
    }
    if (first == 0) {
      return this;
    }
    Builder builder = new Builder();
    for (int t = first; t < tiles.length; t++) {
      builder.add(tiles[t], numbers[t]);
    }
    return builder.build();
  }

  private static boolean isWindowed(Shape shape, Tile tile, long floor) {
    return tile.times[tile.size - 1] > Evaluation.saturated(floor, -shape.longestWindow);
  }

  /** Whether the time to live hides it, and with it any window. */
  private static boolean isOld(Shape shape, Tile tile, long floor) {
    long ttl = shape.plan.ttl();
    return ttl != Long.MAX_VALUE && tile.times[tile.size - 1] < Evaluation.saturated(floor, -ttl);
  }

  private static int visible(Tile tile, long floor) {
    if (tile.lastVisible <= floor) {
      return tile.size;
    }
    int count = 0;
    for (int i = 0; i < tile.size; i++) {
      count += tile.visible(i) <= floor ? 1 : 0;
    }
    return count;
  }
}
