package io.mlinfra.features.online;

import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.EventTest;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.ValueType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Some events of an entity that are neighbours in order. Immutable; totals are added up when they
 * are first asked for.
 */
final class Tile {
  final int size;

  /** When each happened, ascending. */
  final long[] times;

  /** When each was known. */
  final long[] known;

  /** Per input of the plan the values: a {@code long[]} of cells, of texts a {@code String[]}. */
  final Object[] columns;

  /** The latest time at which one of the events was known. */
  final long lastKnown;

  /** The latest time at which one of the events became visible. */
  final long lastVisible;

  /** Per event the conditions that it meets, a bit each, {@link Shape#testWords()} longs. */
  private final long[] met;

  private final int testWords;
  private volatile Total @Nullable [] totals;

  private Tile(long[] times, long[] known, Object[] columns, long[] met, int testWords) {
    this.size = times.length;
    this.times = times;
    this.known = known;
    this.columns = columns;
    this.met = met;
    this.testWords = testWords;
    long latest = Long.MIN_VALUE;
    for (long time : known) {
      latest = Math.max(latest, time);
    }
    this.lastKnown = latest;
    this.lastVisible = size == 0 ? Long.MIN_VALUE : Math.max(latest, times[size - 1]);
  }

  /**
   * A tile of events in order.
   *
   * @param columns as {@link #columns}; not copied, as all arrays
   */
  static Tile of(Shape shape, long[] times, long[] known, Object[] columns) {
    int words = shape.testWords();
    long[] met = new long[words * times.length];
    for (int test = 0; test < shape.tests.size(); test++) {
      EventTest wanted = shape.tests.get(test);
      Object column = columns[wanted.input()];
      Dictionary texts = column instanceof long[] ? Dictionary.NONE : new Dictionary();
      long missing = shape.plan.inputs().get(wanted.input()).type().missing();
      for (int i = 0; i < times.length; i++) {
        long cell;
        if (column instanceof long[] cells) {
          cell = cells[i];
        } else {
          String text = ((@Nullable String[]) column)[i];
          cell = text == null ? missing : texts.add(text);
        }
        if (wanted.met(cell, texts)) {
          met[i * words + (test >> 6)] |= 1L << test;
        }
      }
    }
    return new Tile(times, known, columns, met, words);
  }

  /** Room for the values of some events. */
  static Object[] columns(FeaturePlan plan, int size) {
    List<FeaturePlan.Input> inputs = plan.inputs();
    Object[] columns = new Object[inputs.size()];
    for (int c = 0; c < columns.length; c++) {
      columns[c] = inputs.get(c).type() == ValueType.TEXT ? new String[size] : new long[size];
    }
    return columns;
  }

  boolean met(int event, int test) {
    return (met[event * testWords + (test >> 6)] & 1L << test) != 0;
  }

  long visible(int event) {
    return Math.max(times[event], known[event]);
  }

  /** The total of each of the shape's slots over all events. */
  Total[] totals(Shape shape) {
    Total[] made = totals;
    if (made == null) {
      made = new Total[shape.slots.size()];
      for (int s = 0; s < made.length; s++) {
        made[s] = new Total(shape.slots.get(s));
        for (int i = 0; i < size; i++) {
          made[s].add(this, i);
        }
      }
      totals = made;
    }
    return made;
  }

  /** The first event later than a time, {@code size} if there is none. */
  int after(long time) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (times[middle] <= time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The order of two events, as the definition has it. */
  static int compare(FeaturePlan plan, Tile a, int i, Tile b, int j) {
    int order = Long.compare(a.times[i], b.times[j]);
    if (order == 0) {
      order = Long.compare(a.known[i], b.known[j]);
    }
    for (int c = 0; order == 0 && c < a.columns.length; c++) {
      order =
          a.columns[c] instanceof long[] cells
              ? plan.inputs()
                  .get(c)
                  .type()
                  .compare(cells[i], ((long[]) b.columns[c])[j], Dictionary.NONE)
              : compare(
                  ((@Nullable String[]) a.columns[c])[i], ((@Nullable String[]) b.columns[c])[j]);
    }
    return order;
  }

  static int compare(@Nullable String a, @Nullable String b) {
    if (a == null || b == null) {
      return Boolean.compare(a != null, b != null);
    }
    return Dictionary.compare(a, b);
  }

  /** Some neighbours. */
  Tile slice(int from, int to) {
    return from == 0 && to == size ? this : only(IntStream.range(from, to).toArray());
  }

  /** The events of two tiles in order. */
  static Tile merge(FeaturePlan plan, Tile a, Tile b) {
    if (a.size == 0 || b.size == 0) {
      return a.size == 0 ? b : a;
    }
    // What is pushed mostly comes behind what is there.
    if (compare(plan, a, a.size - 1, b, 0) <= 0) {
      return a.followedBy(b);
    }
    int[] from = new int[a.size + b.size];
    int i = 0;
    int j = 0;
    for (int k = 0; k < from.length; k++) {
      boolean first = j == b.size || i < a.size && compare(plan, a, i, b, j) <= 0;
      from[k] = first ? i++ : ~j++;
    }
    return a.picked(b, from);
  }

  private Tile followedBy(Tile other) {
    Object[] joined = new Object[columns.length];
    for (int c = 0; c < joined.length; c++) {
      if (columns[c] instanceof long[] cells) {
        joined[c] = join(cells, (long[]) other.columns[c]);
      } else {
        @Nullable String[] texts =
            Arrays.copyOf((@Nullable String[]) columns[c], size + other.size);
        System.arraycopy(other.columns[c], 0, texts, size, other.size);
        joined[c] = texts;
      }
    }
    return new Tile(
        join(times, other.times),
        join(known, other.known),
        joined,
        join(met, other.met),
        testWords);
  }

  private static long[] join(long[] first, long[] second) {
    long[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  /** The events but those that became visible after one time and not after another. */
  Tile without(long after, long until) {
    int[] kept =
        IntStream.range(0, size)
            .filter(event -> visible(event) <= after || visible(event) > until)
            .toArray();
    return kept.length == size ? this : only(kept);
  }

  /** The events but those of another tile. */
  Tile minus(FeaturePlan plan, Tile other) {
    int[] rest = new int[size];
    int kept = 0;
    int j = 0;
    for (int i = 0; i < size; i++) {
      int order = 1;
      while (j < other.size && (order = compare(plan, other, j, this, i)) < 0) {
        j++;
      }
      if (j < other.size && order == 0) {
        j++;
      } else {
        rest[kept++] = i;
      }
    }
    return only(Arrays.copyOf(rest, kept));
  }

  /** Some events, which are in order then. */
  Tile only(int[] events) {
    return picked(this, events);
  }

  /**
   * A tile of some events.
   *
   * @param from the numbers of own events, and the complements of numbers of others
   */
  private Tile picked(Tile other, int[] from) {
    Object[] picked = new Object[columns.length];
    for (int c = 0; c < picked.length; c++) {
      if (columns[c] instanceof long[] cells) {
        picked[c] = pick(cells, (long[]) other.columns[c], from);
      } else {
        @Nullable String[] texts = new String[from.length];
        for (int k = 0; k < texts.length; k++) {
          texts[k] =
              from[k] >= 0
                  ? ((@Nullable String[]) columns[c])[from[k]]
                  : ((@Nullable String[]) other.columns[c])[~from[k]];
        }
        picked[c] = texts;
      }
    }
    long[] bits = new long[testWords * from.length];
    for (int b = 0; b < bits.length; b++) {
      int event = from[b / testWords];
      int word = b % testWords;
      bits[b] = event >= 0 ? met[event * testWords + word] : other.met[~event * testWords + word];
    }
    return new Tile(
        pick(times, other.times, from), pick(known, other.known, from), picked, bits, testWords);
  }

  private static long[] pick(long[] own, long[] others, int[] from) {
    long[] picked = new long[from.length];
    for (int k = 0; k < picked.length; k++) {
      picked[k] = from[k] >= 0 ? own[from[k]] : others[~from[k]];
    }
    return picked;
  }
}
