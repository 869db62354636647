package io.mlinfra.features.internal;

import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link WindowKernel} keeps of the events in it. Events come and go as runs of neighbours:
 * each kind loops over them itself, so that the call into it is paid once a run and what is inside
 * the loop is compiled for it alone. Events never leave before those in front of them.
 */
abstract sealed class WindowValue {
  final EventValues of;

  private WindowValue(EventValues of) {
    this.of = of;
  }

  abstract void enter(int from, int to);

  abstract void leave(int from, int to);

  abstract void clear();

  /** Goes to another group. */
  void reset() {
    clear();
  }

  /** How many events meet the condition. */
  static final class Count extends WindowValue {
    private final long @Nullable [] met;
    private int count;

    Count(EventValues of) {
      super(of);
      this.met = of.met();
    }

    @Override
    void enter(int from, int to) {
      count += met(from, to);
    }

    @Override
    void leave(int from, int to) {
      count -= met(from, to);
    }

    private int met(int from, int to) {
      if (met == null) {
        return to - from;
      }
      int first = from >> 6;
      int last = to - 1 >> 6;
      long head = -1L << from;
      long tail = -1L >>> -to;
      if (first == last) {
        return Long.bitCount(met[first] & head & tail);
      }
      int bits = Long.bitCount(met[first] & head) + Long.bitCount(met[last] & tail);
      for (int word = first + 1; word < last; word++) {
        bits += Long.bitCount(met[word]);
      }
      return bits;
    }

    @Override
    void clear() {
      count = 0;
    }

    int count() {
      return count;
    }
  }

  /**
   * The sum of the values: by {@link PrefixSum} as long as that is exact, else kept as events come
   * and go.
   */
  static final class Sum extends WindowValue {
    private final ExactSum sum = new ExactSum();
    private final PrefixSum prefix;
    private final WindowKernel window;
    private final Supplier<double[]> values;

    /** Whether the sum is kept as events come and go. */
    private boolean kept;

    Sum(PrefixSum prefix, WindowKernel window) {
      super(prefix.of());
      this.prefix = prefix;
      this.window = window;
      this.values = () -> window.numbers(of);
    }

    @Override
    void reset() {
      kept = false;
    }

    @Override
    void enter(int from, int to) {
      for (int event = from; kept && event < to; event++) {
        sum.add(of.number(event));
      }
    }

    @Override
    void leave(int from, int to) {
      for (int event = from; kept && event < to; event++) {
        sum.remove(of.number(event));
      }
    }

    @Override
    void clear() {
      sum.clear();
    }

    private ExactSum current() {
      if (prefix.isExact()) {
        prefix.put(window.start(), window.start() + window.count(), sum);
      } else if (!kept) {
        kept = true;
        sum.clear();
        for (double value : window.numbers(of)) {
          sum.add(value);
        }
      }
      return sum;
    }

    double sum() {
      return current().sum(values);
    }

    double mean() {
      return current().mean(values);
    }
  }

  /** The variance of the values, and their sum. */
  static final class Variance extends WindowValue {
    private final ExactVariance variance = new ExactVariance();
    private final Supplier<double[]> values;

    Variance(EventValues of, WindowKernel window) {
      super(of);
      this.values = () -> window.numbers(of);
    }

    @Override
    void enter(int from, int to) {
      for (int event = from; event < to; event++) {
        variance.add(of.number(event));
      }
    }

    @Override
    void leave(int from, int to) {
      for (int event = from; event < to; event++) {
        variance.remove(of.number(event));
      }
    }

    @Override
    void clear() {
      variance.clear();
    }

    double sum() {
      return variance.sum().sum(values);
    }

    double mean() {
      return variance.sum().mean(values);
    }

    double variance() {
      return variance.variance(values);
    }
  }

  /** How often each value is there. */
  static final class Distinct extends WindowValue {
    /** Values by hash, linear probing, at most half of the slots used. */
    private long[] slots = new long[16];

    /** Per slot how often the value is there, + 1; 0 for a slot that was never used. */
    private int[] counts = new int[16];

    private int used;
    private int distinct;

    Distinct(EventValues of) {
      super(of);
    }

    @Override
    void enter(int from, int to) {
      for (int event = from; event < to; event++) {
        if (of.has(event)) {
          add(value(event));
        }
      }
    }

    private void add(long value) {
      int slot = slot(value);
      if (counts[slot] == 0) {
        if (2 * used >= slots.length) {
          rebuild();
          slot = slot(value);
        }
        used++;
        slots[slot] = value;
        counts[slot] = 1;
      }
      if (counts[slot]++ == 1) {
        distinct++;
      }
    }

    @Override
    void leave(int from, int to) {
      for (int event = from; event < to; event++) {
        if (of.has(event) && --counts[slot(value(event))] == 1) {
          distinct--;
        }
      }
    }

    /** -0 is 0. */
    private long value(int event) {
      long cell = of.cells()[event];
      return of.type() == ValueType.FLOAT64 && cell == Long.MIN_VALUE ? 0 : cell;
    }

    private int slot(long value) {
      int slot = (int) LongIndex.mix(value) & slots.length - 1;
      while (counts[slot] != 0 && slots[slot] != value) {
        slot = slot + 1 & slots.length - 1;
      }
      return slot;
    }

    /** Makes room: values that have left are forgotten. */
    private void rebuild() {
      long[] oldSlots = slots;
      int[] oldCounts = counts;
      int size = Math.max(16, 4 * Integer.highestOneBit(distinct + 1));
      slots = new long[size];
      counts = new int[size];
      used = distinct;
      for (int i = 0; i < oldSlots.length; i++) {
        if (oldCounts[i] > 1) {
          int slot = slot(oldSlots[i]);
          slots[slot] = oldSlots[i];
          counts[slot] = oldCounts[i];
        }
      }
    }

    @Override
    void clear() {
      distinct = 0;
      if (used == 0) {
        return;
      }
      used = 0;
      if (slots.length > 1024) {
        slots = new long[16];
        counts = new int[16];
      } else {
        Arrays.fill(counts, 0);
      }
    }

    int count() {
      return distinct;
    }
  }

  /** Which event of the window is the best one. */
  enum Best {
    LEAST,
    LARGEST,
    FIRST,
    LAST
  }

  /**
   * The best event of the window: a queue of those that would be it if all before them had left
   * (the monotonic deque, or the Pareto front of position and value). An event that enters drops
   * those before it that are not better. Events may enter out of order, then the place in the
   * middle is looked for.
   */
  static final class Front extends WindowValue {
    private final Best best;
    private int[] events = new int[16];
    private long[] keys = new long[16];
    private int head;
    private int tail;

    Front(EventValues of, Best best) {
      super(of);
      this.best = best;
    }

    /** The larger the better; the later of two equals is better. */
    private long key(int event) {
      return switch (best) {
        case FIRST -> -event;
        case LAST -> 0;
        case LARGEST -> ordered(of.cells()[event]);
        case LEAST -> ~ordered(of.cells()[event]);
      };
    }

    /** Turns the bits of doubles into longs of the same order, -0 before 0. */
    private long ordered(long cell) {
      return of.type() == ValueType.FLOAT64 ? cell ^ cell >> 63 & Long.MAX_VALUE : cell;
    }

    @Override
    void enter(int from, int to) {
      for (int event = from; event < to; event++) {
        if (of.has(event)) {
          enter(event);
        }
      }
    }

    private void enter(int event) {
      long key = key(event);
      int at = tail;
      if (tail > head && events[tail - 1] > event) {
        at = -Arrays.binarySearch(events, head, tail, event) - 1;
        if (keys[at] >= key) {
          return;
        }
      }
      int drop = at;
      while (drop > head && keys[drop - 1] <= key) {
        drop--;
      }
      if (drop == at && tail == events.length) {
        int removed = head;
        makeRoom();
        at -= removed;
        drop = at;
      }
      // What is behind the place moves to stand right behind the event.
      System.arraycopy(events, at, events, drop + 1, tail - at);
      System.arraycopy(keys, at, keys, drop + 1, tail - at);
      tail += drop + 1 - at;
      events[drop] = event;
      keys[drop] = key;
    }

    private void makeRoom() {
      int size = tail - head;
      int room = 2 * size > events.length ? 2 * events.length : events.length;
      int[] newEvents = room == events.length ? events : new int[room];
      long[] newKeys = room == events.length ? keys : new long[room];
      System.arraycopy(events, head, newEvents, 0, size);
      System.arraycopy(keys, head, newKeys, 0, size);
      events = newEvents;
      keys = newKeys;
      head = 0;
      tail = size;
    }

    @Override
    void leave(int from, int to) {
      while (head < tail && events[head] < to) {
        head++;
      }
    }

    @Override
    void clear() {
      head = 0;
      tail = 0;
    }

    /** The cell of the best event, or what is missing. */
    long cell() {
      return head == tail ? of.type().missing() : of.cells()[events[head]];
    }
  }
}
