package io.mlinfra.features.online;

import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.Aggregate.Function;
import java.math.BigDecimal;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Computes the features of an entity at one time, from the totals of whole tiles and the events at
 * the edges of windows. Used once, by one thread.
 */
final class Evaluation {
  /**
   * The features of an entity, and how long they are these.
   *
   * @param values in the order of the view; what {@link Function#SINCE_LAST} gives is as of {@code
   *     from}
   * @param from in microseconds
   * @param until in microseconds, exclusive
   * @param latest the event time of the latest visible event, or {@link FeatureVector#NEVER}
   */
  record Result(@Nullable Object[] values, long from, long until, long latest) {}

  /** Tiles of fewer events are not worth totals of their own. */
  private static final int FEW = 16;

  private static final long NEGATIVE_ZERO = Double.doubleToRawLongBits(-0.0);

  private final Shape shape;
  private final FeaturePlan plan;
  private final Tile[] tiles;
  private final Block[] blocks;
  private final long time;
  private final @Nullable Object[] values;
  private long until = Long.MAX_VALUE;

  /** The tile in which the events stop that have happened, and how many of it have. */
  private final int endTile;

  private final int end;

  /** The tile in which the window starts that is looked at, and where in it. */
  private int startTile;

  private int start;

  private Evaluation(Shape shape, Tile[] tiles, Block[] blocks, long time) {
    this.blocks = blocks;
    this.shape = shape;
    this.plan = shape.plan;
    this.tiles = tiles;
    this.time = time;
    this.values = new Object[plan.features().size()];
    this.endTile = tileAfter(time);
    this.end = endTile == tiles.length ? 0 : tiles[endTile].after(time);
  }

  static Result at(Shape shape, Tile[] tiles, Block[] blocks, long time) {
    return new Evaluation(shape, tiles, blocks, time).compute();
  }

  private Result compute() {
    findNextArrival();
    for (Shape.Window window : shape.windows) {
      computeOver(window);
    }
    long latest = computeLatest();
    return new Result(values, time, until, latest);
  }

  /** The first tile that has an event later than a time. */
  private int tileAfter(long bound) {
    int low = 0;
    int high = tiles.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      Tile tile = tiles[middle];
      if (tile.times[tile.size - 1] <= bound) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Moves the start to the first event later than a time. */
  private void startAfter(long bound) {
    startTile = tileAfter(bound);
    start = startTile == tiles.length ? 0 : tiles[startTile].after(bound);
  }

  private int from(int tile) {
    return tile == startTile ? start : 0;
  }

  private int to(int tile) {
    return tile == endTile ? end : tiles[tile].size;
  }

  /** The last tile to look at. */
  private int lastTile() {
    return Math.min(endTile, tiles.length - 1);
  }

  /** The block that starts with a tile, if all of its events are visible. */
  private @Nullable Block block(int tile) {
    int number = tile / Block.TILES;
    return tile % Block.TILES == 0
            && number < blocks.length
            && tile + Block.TILES <= endTile
            && blocks[number].lastKnown <= time
        ? blocks[number]
        : null;
  }

  private void findNextArrival() {
    for (int t = 0; t < endTile || t == endTile && t < tiles.length; t++) {
      if (block(t) != null) {
        t += Block.TILES - 1;
        continue;
      }
      Tile tile = tiles[t];
      for (int i = tile.lastKnown <= time ? tile.size : 0; i < to(t); i++) {
        if (tile.known[i] > time) {
          until = Math.min(until, tile.known[i]);
        }
      }
    }
    if (endTile < tiles.length) {
      until = Math.min(until, tiles[endTile].times[end]);
    }
  }

  /** An event that happened at {@code start} leaves so much later. */
  private void startLeavesAfter(long length) {
    if (startTile < endTile || startTile == endTile && start < end) {
      until = Math.min(until, saturated(tiles[startTile].times[start], length));
    }
  }

  static long saturated(long a, long b) {
    long sum = a + b;
    return ((a ^ sum) & (b ^ sum)) < 0 ? (a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE) : sum;
  }

  private void computeOver(Shape.Window window) {
    startAfter(saturated(time, -window.length()));
    startLeavesAfter(window.length());
    Total[] totals = new Total[shape.slots.size()];
    for (int slot : window.slots()) {
      totals[slot] = new Total(shape.slots.get(slot));
    }
    long count = 0;
    for (int t = startTile; t <= lastTile(); t++) {
      Block block = t > startTile || start == 0 ? block(t) : null;
      if (block != null) {
        Total[] whole = block.totals(shape);
        for (int slot : window.slots()) {
          totals[slot].add(whole[slot]);
        }
        count += block.size;
        t += Block.TILES - 1;
        continue;
      }
      Tile tile = tiles[t];
      int from = from(t);
      int to = to(t);
      if (to - from == tile.size && tile.size >= FEW && tile.lastKnown <= time) {
        Total[] whole = tile.totals(shape);
        for (int slot : window.slots()) {
          totals[slot].add(whole[slot]);
        }
        count += tile.size;
        continue;
      }
      for (int i = from; i < to; i++) {
        if (tile.known[i] <= time) {
          count++;
          for (int slot : window.slots()) {
            totals[slot].add(tile, i);
          }
        }
      }
    }
    for (int f : window.features()) {
      values[f] = value(f, totals[shape.slotOf[f]], count);
    }
  }

  private @Nullable Object value(int f, Total total, long count) {
    FeaturePlan.Planned feature = plan.features().get(f);
    ValueType type = feature.type();
    Function function = feature.function();
    switch (function) {
      case COUNT:
        return total.met;
      case FRACTION:
        return count == 0 ? null : (Object) ((double) total.met / count);
      case COUNT_DISTINCT:
        return total.present == 0 ? 0L : (long) distinct(f);
      default:
        break;
    }
    if (total.present == 0) {
      return null;
    }
    Supplier<double[]> again = () -> numbers(f);
    return switch (function) {
      case FIRST -> first(f);
      case LAST -> last(f);
      case MIN -> type.value(total.least(), Dictionary.NONE);
      case MAX -> type.value(total.largest(), Dictionary.NONE);
      case SUM -> present(total.sum(again));
      case MEAN -> present(total.mean(again));
      case VARIANCE -> present(total.variance(again));
      case STDDEV -> present(Math.sqrt(total.variance(again)));
      default -> throw new IllegalStateException(function + " has no window");
    };
  }

  private static @Nullable Object present(double number) {
    return Double.isNaN(number) ? null : (Object) number;
  }

  /** What an event says in an input, null where that is missing. */
  private @Nullable Object value(Tile tile, int event, int input) {
    return tile.columns[input] instanceof long[] cells
        ? plan.inputs().get(input).type().value(cells[event], Dictionary.NONE)
        : ((@Nullable String[]) tile.columns[input])[event];
  }

  private boolean counts(int f, Tile tile, int event) {
    return tile.known[event] <= time && (shape.testOf[f] < 0 || tile.met(event, shape.testOf[f]));
  }

  private @Nullable Object first(int f) {
    int input = plan.features().get(f).input();
    for (int t = startTile; t <= lastTile(); t++) {
      for (int i = from(t); i < to(t); i++) {
        Object value = counts(f, tiles[t], i) ? value(tiles[t], i, input) : null;
        if (value != null) {
          return value;
        }
      }
    }
    return null;
  }

  private @Nullable Object last(int f) {
    int input = plan.features().get(f).input();
    for (int t = lastTile(); t >= startTile; t--) {
      for (int i = to(t) - 1; i >= from(t); i--) {
        Object value = counts(f, tiles[t], i) ? value(tiles[t], i, input) : null;
        if (value != null) {
          return value;
        }
      }
    }
    return null;
  }

  private int distinct(int f) {
    int input = plan.features().get(f).input();
    ValueType type = plan.inputs().get(input).type();
    boolean doubles = type == ValueType.FLOAT64;
    DistinctValues seen = new DistinctValues();
    for (int t = startTile; t <= lastTile(); t++) {
      Tile tile = tiles[t];
      for (int i = from(t); i < to(t); i++) {
        if (!counts(f, tile, i)) {
          continue;
        }
        if (tile.columns[input] instanceof long[] cells) {
          if (!type.isMissing(cells[i])) {
            // -0 equals 0.
            seen.add(doubles && cells[i] == NEGATIVE_ZERO ? 0 : cells[i]);
          }
        } else {
          String text = ((@Nullable String[]) tile.columns[input])[i];
          if (text != null) {
            seen.add(text);
          }
        }
      }
    }
    return seen.size();
  }

  /** The numbers that count in the window. */
  private double[] numbers(int f) {
    int input = plan.features().get(f).input();
    ValueType type = plan.inputs().get(input).type();
    DoubleStream.Builder numbers = DoubleStream.builder();
    for (int t = startTile; t <= lastTile(); t++) {
      long[] cells = (long[]) tiles[t].columns[input];
      for (int i = from(t); i < to(t); i++) {
        if (counts(f, tiles[t], i)) {
          numbers.add(type.number(cells[i]));
        }
      }
    }
    return numbers.build().toArray();
  }

  /** Computes what the latest events say, and gives the event time of the latest. */
  private long computeLatest() {
    long ttl = plan.ttl();
    if (ttl == FeaturePlan.FOREVER) {
      startTile = 0;
      start = 0;
    } else {
      // An event as old as the TTL is still seen.
      startAfter(saturated(saturated(time, -ttl), -1));
      startLeavesAfter(saturated(ttl, 1));
    }
    long latest = FeatureVector.NEVER;
    int wanted = shape.latestEvents;
    int seen = 0;
    for (int t = lastTile(); t >= startTile && seen < wanted; t--) {
      for (int i = to(t) - 1; i >= from(t) && seen < wanted; i--) {
        if (tiles[t].known[i] > time) {
          continue;
        }
        if (seen == 0) {
          latest = tiles[t].times[i];
        }
        for (int f : shape.latest) {
          FeaturePlan.Planned feature = plan.features().get(f);
          if (feature.function() == Function.SINCE_LAST) {
            values[f] = seen == 0 ? (Object) age(time, latest) : values[f];
          } else if (feature.lag() == seen) {
            values[f] = value(tiles[t], i, feature.input());
          }
        }
        seen++;
      }
    }
    return latest;
  }

  /** In seconds. */
  static double age(long time, long happened) {
    long micros = time - happened;
    // Times that are so far apart differ by more than a long holds.
    return micros >= 0
        ? micros / 1e6
        : BigDecimal.valueOf(time).subtract(BigDecimal.valueOf(happened)).doubleValue() / 1e6;
  }
}
