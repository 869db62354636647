package io.mlinfra.features.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Texts by number. A text is known by its bytes in UTF-8, so that reading a column makes no {@link
 * String} of what is known already. Not thread-safe while texts are added.
 */
public final class Dictionary {
  /** For columns of other types. */
  public static final Dictionary NONE = new Dictionary();

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[][] bytes = new byte[8][];
  private int[] hashes = new int[8];

  /** Made when first asked for; two threads may both make one. */
  private @Nullable String[] texts = new @Nullable String[8];

  private int size;

  /** Numbers + 1 by hash, linear probing, at most half full. */
  private int[] slots = new int[16];

  /** The number of a text, a new one if it has none. */
  public long add(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return add(utf8, 0, utf8.length);
  }

  /** The number of a text in UTF-8, a new one if it has none. */
  int add(byte[] from, int start, int end) {
    int hash = hash(from, start, end);
    int slot = slot(hash, from, start, end);
    if (slots[slot] != 0) {
      return slots[slot] - 1;
    }
    if (size == hashes.length) {
      bytes = Arrays.copyOf(bytes, 2 * size);
      hashes = Arrays.copyOf(hashes, 2 * size);
      texts = Arrays.copyOf(texts, 2 * size);
    }
    bytes[size] = Arrays.copyOfRange(from, start, end);
    hashes[size] = hash;
    slots[slot] = ++size;
    if (2 * size > slots.length) {
      grow();
    }
    return size - 1;
  }

  /** The number of a text in UTF-8, or -1. */
  int find(byte[] from, int start, int end) {
    return slots[slot(hash(from, start, end), from, start, end)] - 1;
  }

  /** The number of a text, or -1. */
  int find(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return find(utf8, 0, utf8.length);
  }

  /** How many texts there are. */
  int size() {
    return size;
  }

  public String text(long number) {
    int at = (int) number;
    String text = texts[at];
    if (text == null) {
      text = new String(bytes[at], StandardCharsets.UTF_8);
      texts[at] = text;
    }
    return text;
  }

  private int slot(int hash, byte[] from, int start, int end) {
    int slot = hash & slots.length - 1;
    while (slots[slot] != 0) {
      int number = slots[slot] - 1;
      if (hashes[number] == hash
          && Arrays.equals(bytes[number], 0, bytes[number].length, from, start, end)) {
        return slot;
      }
      slot = slot + 1 & slots.length - 1;
    }
    return slot;
  }

  private void grow() {
    slots = new int[Math.multiplyExact(2, slots.length)];
    for (int number = 0; number < size; number++) {
      int slot = hashes[number] & slots.length - 1;
      while (slots[slot] != 0) {
        slot = slot + 1 & slots.length - 1;
      }
      slots[slot] = number + 1;
    }
  }

  private static int hash(byte[] from, int start, int end) {
    long hash = end - start;
    int at = start;
    for (; at + 8 <= end; at += 8) {
      hash = LongIndex.mix(hash ^ (long) LONG.get(from, at));
    }
    long rest = 0;
    for (; at < end; at++) {
      rest = rest << 8 | from[at] & 0xff;
    }
    return (int) LongIndex.mix(hash * 31 ^ rest);
  }

  /** By code point, which is the order of their bytes in UTF-8. */
  public static int compare(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        // A surrogate stands for what comes behind all other characters.
        boolean high = Character.isSurrogate(x);
        return high == Character.isSurrogate(y) ? Character.compare(x, y) : high ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
