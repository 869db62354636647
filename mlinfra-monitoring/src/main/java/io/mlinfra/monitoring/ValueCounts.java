package io.mlinfra.monitoring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How often each value occurs: exactly while there are at most {@value #MOST} different ones, after
 * that for the frequent ones only, by the algorithm of Misra and Gries (1982) with the merge of
 * Agarwal et al., "Mergeable summaries" (2012). A count is then too low by at most {@link
 * #error()}, which is less than {@code 2 / MOST} of all values.
 *
 * <p>A number is its own key; a text has its hash for a key, and texts are compared as well.
 */
final class ValueCounts {
  /** How many different values are counted. */
  static final int MOST = 1024;

  /** Longer texts are kept up to here, and told apart by the hash of the whole. */
  static final int LONGEST_TEXT = 128;

  /** That, up to the end of its last character, and an ellipsis. */
  static final int LONGEST_KEPT = LONGEST_TEXT + 6;

  private static final byte[] ELLIPSIS = {(byte) 0xE2, (byte) 0x80, (byte) 0xA6};

  /**
   * One value.
   *
   * @param key the number, or the hash of the whole text
   * @param text UTF-8, null for a number
   * @param count how often it occurs, at least
   */
  record Entry(long key, byte @Nullable [] text, long count) {
    boolean sameValue(Entry other) {
      return key == other.key && Arrays.equals(text, other.text);
    }
  }

  private static final Comparator<Entry> MOST_FREQUENT_FIRST =
      Comparator.comparingLong(Entry::count)
          .reversed()
          .thenComparing(
              (a, b) ->
                  a.text != null && b.text != null ? Arrays.compareUnsigned(a.text, b.text) : 0)
          .thenComparingLong(Entry::key);

  private long[] keys = new long[16];
  private long[] counts = new long[16];
  private byte @Nullable [][] texts;
  private int[] slots = new int[64];
  private int size;
  private long error;
  private boolean exact = true;

  ValueCounts(boolean text) {
    this.texts = text ? new byte[16][] : null;
  }

  /** Whether every value ever added is here with its true count. */
  boolean isExact() {
    return exact;
  }

  int size() {
    return size;
  }

  /** By how much a count is too low at most, and how often a value that is not here occurs. */
  long error() {
    return error;
  }

  /** Adds a number whose hash is given; returns whether it was not here. */
  boolean add(long key, long hash) {
    for (int slot = (int) hash & slots.length - 1; ; slot = slot + 1 & slots.length - 1) {
      int index = slots[slot] - 1;
      if (index < 0) {
        insert(slot, key, null, 1);
        return true;
      }
      if (keys[index] == key) {
        counts[index]++;
        return false;
      }
    }
  }

  /** Adds a text whose hash is given; returns whether it was not here. */
  boolean add(byte[] bytes, int from, int length, long hash) {
    if (length > LONGEST_TEXT) {
      byte[] shortened = shorten(bytes, from, length);
      return addText(shortened, 0, shortened.length, hash);
    }
    return addText(bytes, from, length, hash);
  }

  private boolean addText(byte[] bytes, int from, int length, long hash) {
    byte[][] texts = Objects.requireNonNull(this.texts);
    for (int slot = (int) hash & slots.length - 1; ; slot = slot + 1 & slots.length - 1) {
      int index = slots[slot] - 1;
      if (index < 0) {
        insert(slot, hash, Arrays.copyOfRange(bytes, from, from + length), 1);
        return true;
      }
      if (keys[index] == hash
          && Arrays.equals(texts[index], 0, texts[index].length, bytes, from, from + length)) {
        counts[index]++;
        return false;
      }
    }
  }

  /** Counts the values of both; the same whichever comes first. */
  void merge(ValueCounts other) {
    Map<Long, List<Entry>> merged = new HashMap<>();
    List<Entry> entries = new ArrayList<>();
    for (Entry entry : entries()) {
      merged.computeIfAbsent(entry.key, key -> new ArrayList<>(1)).add(entry);
    }
    for (Entry entry : other.entries()) {
      List<Entry> sameKey = merged.computeIfAbsent(entry.key, key -> new ArrayList<>(1));
      int at = 0;
      while (at < sameKey.size() && !sameKey.get(at).sameValue(entry)) {
        at++;
      }
      if (at < sameKey.size()) {
        long sum = sameKey.get(at).count + entry.count;
        sameKey.set(at, new Entry(entry.key, entry.text, sum));
      } else {
        sameKey.add(entry);
      }
    }
    merged.values().forEach(entries::addAll);
    entries.sort(MOST_FREQUENT_FIRST);
    exact &= other.exact && entries.size() <= MOST;
    long subtracted = entries.size() <= MOST ? 0 : entries.get(MOST).count;
    error += other.error + subtracted;
    clear();
    for (Entry entry : entries) {
      if (entry.count > subtracted) {
        insert(free(hash(entry)), entry.key, entry.text, entry.count - subtracted);
      }
    }
  }

  /** All values, the most frequent first, in an order that only the values decide. */
  List<Entry> entries() {
    List<Entry> entries = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      entries.add(new Entry(keys[i], texts == null ? null : texts[i], counts[i]));
    }
    entries.sort(MOST_FREQUENT_FIRST);
    return entries;
  }

  ValueCounts copy() {
    ValueCounts copy = new ValueCounts(texts != null);
    copy.keys = keys.clone();
    copy.counts = counts.clone();
    copy.texts = texts == null ? null : texts.clone();
    copy.slots = slots.clone();
    copy.size = size;
    copy.error = error;
    copy.exact = exact;
    return copy;
  }

  /** Adds to the sketch of distinct values what is here. */
  void addTo(DistinctSketch distinct) {
    for (int i = 0; i < size; i++) {
      distinct.add(texts == null ? Hash.of(keys[i]) : keys[i]);
    }
  }

  /** Adds a value that was kept; returns whether it was not here. */
  boolean restore(Entry entry) {
    if (contains(entry)) {
      return false;
    }
    insert(free(hash(entry)), entry.key, entry.text, entry.count);
    return true;
  }

  /** After all values that were kept: what they leave unsaid. */
  void restore(boolean exact, long error) {
    this.exact = exact;
    this.error = error;
  }

  private boolean contains(Entry entry) {
    int slot = (int) hash(entry) & slots.length - 1;
    for (; slots[slot] != 0; slot = slot + 1 & slots.length - 1) {
      int index = slots[slot] - 1;
      if (keys[index] == entry.key && (texts == null || Arrays.equals(texts[index], entry.text))) {
        return true;
      }
    }
    return false;
  }

  private long hash(Entry entry) {
    return entry.text == null ? Hash.of(entry.key) : entry.key;
  }

  private int free(long hash) {
    int slot = (int) hash & slots.length - 1;
    while (slots[slot] != 0) {
      slot = slot + 1 & slots.length - 1;
    }
    return slot;
  }

  private void insert(int slot, long key, byte @Nullable [] text, long count) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, 2 * size);
      counts = Arrays.copyOf(counts, 2 * size);
      texts = texts == null ? null : Arrays.copyOf(texts, 2 * size);
    }
    keys[size] = key;
    counts[size] = count;
    if (texts != null && text != null) {
      texts[size] = text;
    }
    slots[slot] = ++size;
    if (size > MOST) {
      purge();
    } else if (4 * size > slots.length) {
      rebuild(2 * slots.length);
    }
  }

  /** Subtracts the median count from all, which makes room for at least half of the values. */
  private void purge() {
    long[] sorted = Arrays.copyOf(counts, size);
    Arrays.sort(sorted);
    long median = sorted[size / 2];
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (counts[i] > median) {
        keys[kept] = keys[i];
        counts[kept] = counts[i] - median;
        if (texts != null) {
          texts[kept] = texts[i];
        }
        kept++;
      }
    }
    size = kept;
    error += median;
    exact = false;
    rebuild(slots.length);
  }

  private void rebuild(int length) {
    slots = new int[length];
    for (int i = 0; i < size; i++) {
      slots[free(texts == null ? Hash.of(keys[i]) : keys[i])] = i + 1;
    }
  }

  private void clear() {
    size = 0;
    Arrays.fill(slots, 0);
  }

  /** The beginning and an ellipsis, together longer than any text that is kept whole. */
  private static byte[] shorten(byte[] bytes, int from, int length) {
    int end = LONGEST_TEXT;
    // Not in the middle of a character, which has up to three more bytes that begin with 10.
    while (end < Math.min(length, LONGEST_KEPT - ELLIPSIS.length)
        && (bytes[from + end] & 0xC0) == 0x80) {
      end++;
    }
    byte[] shortened = new byte[end + ELLIPSIS.length];
    System.arraycopy(bytes, from, shortened, 0, end);
    System.arraycopy(ELLIPSIS, 0, shortened, end, ELLIPSIS.length);
    return shortened;
  }
}
