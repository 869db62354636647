package io.mlinfra.features.online;

import org.jspecify.annotations.Nullable;

/** Some neighbouring tiles of an entity of many, with totals of their own. Immutable, as a tile. */
final class Block {
  /** How many tiles a block has. */
  static final int TILES = 32;

  /** The latest time at which one of the events was known. */
  final long lastKnown;

  /** How many events there are. */
  final int size;

  private final Tile[] tiles;
  private final int first;
  private volatile Total @Nullable [] totals;

  /** A block of the tiles from a first one on; the array is not copied. */
  Block(Tile[] tiles, int first) {
    this.tiles = tiles;
    this.first = first;
    long latest = Long.MIN_VALUE;
    int count = 0;
    for (int t = first; t < first + TILES; t++) {
      latest = Math.max(latest, tiles[t].lastKnown);
      count += tiles[t].size;
    }
    this.lastKnown = latest;
    this.size = count;
  }

  /** Whether it is of just these tiles. */
  boolean isOf(Tile[] others) {
    for (int t = first; t < first + TILES; t++) {
      if (t >= others.length || tiles[t] != others[t]) {
        return false;
      }
    }
    return true;
  }

  /** The total of each of the shape's slots over all events. */
  Total[] totals(Shape shape) {
    Total[] made = totals;
    if (made == null) {
      made = new Total[shape.slots.size()];
      for (int s = 0; s < made.length; s++) {
        made[s] = new Total(shape.slots.get(s));
        for (int t = first; t < first + TILES; t++) {
          made[s].add(tiles[t].totals(shape)[s]);
        }
      }
      totals = made;
    }
    return made;
  }

  /** The blocks of some tiles; those are taken over of former ones that are still right. */
  static Block[] of(Tile[] tiles, Block[] former) {
    Block[] blocks = new Block[tiles.length / TILES];
    for (int b = 0; b < blocks.length; b++) {
      blocks[b] =
          b < former.length && former[b].isOf(tiles) ? former[b] : new Block(tiles, b * TILES);
    }
    return blocks;
  }
}
