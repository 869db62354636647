package io.mlinfra.features.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;

/**
 * Numbers entities in the order in which they are first seen. Each part of a key has numbers of its
 * own; an entity with several keys is a chain of pairs of numbers. Not thread-safe while entities
 * are added.
 */
final class EntityIndex {
  private final List<KeyType> types;
  private final List<LongIndex> integers = new ArrayList<>();
  private final List<Dictionary> texts = new ArrayList<>();

  /** Per key but the first: the number of what stands before it, and its own. */
  private final List<LongIndex> pairs = new ArrayList<>();

  EntityIndex(List<KeyType> types) {
    this.types = types;
    for (KeyType type : types) {
      integers.add(new LongIndex());
      texts.add(type == KeyType.TEXT ? new Dictionary() : Dictionary.NONE);
      pairs.add(new LongIndex());
    }
  }

  int size() {
    int last = types.size() - 1;
    if (last > 0) {
      return pairs.get(last).size();
    }
    return types.get(0) == KeyType.TEXT ? texts.get(0).size() : integers.get(0).size();
  }

  /** The number of an entity, or -1. */
  int find(Object key) {
    return number(key, false);
  }

  int add(Object key) {
    return number(key, true);
  }

  private int number(Object key, boolean add) {
    List<?> parts = types.size() == 1 ? List.of(key) : (List<?>) key;
    int number = 0;
    for (int k = 0; k < types.size() && number >= 0; k++) {
      int part;
      if (types.get(k) == KeyType.TEXT) {
        String text = (String) parts.get(k);
        part = add ? (int) texts.get(k).add(text) : texts.get(k).find(text);
      } else {
        long whole = (Long) parts.get(k);
        part = add ? integers.get(k).add(whole) : integers.get(k).find(whole);
      }
      number = k == 0 || part < 0 ? part : pair(k, number, part, add);
    }
    return number;
  }

  private int pair(int k, int before, int part, boolean add) {
    long pair = (long) before << 32 | part;
    return add ? pairs.get(k).add(pair) : pairs.get(k).find(pair);
  }

  /** A {@link Long} or {@link String}, or a list of them where the entity has several keys. */
  Object key(int number) {
    Object[] parts = new Object[types.size()];
    int rest = number;
    for (int k = parts.length - 1; k >= 0; k--) {
      int part = rest;
      if (k > 0) {
        long pair = pairs.get(k).get(rest);
        part = (int) pair;
        rest = (int) (pair >>> 32);
      }
      parts[k] =
          types.get(k) == KeyType.TEXT
              ? texts.get(k).text(part)
              : (Object) integers.get(k).get(part);
    }
    return parts.length == 1 ? parts[0] : List.of(parts);
  }

  /**
   * Numbers the entities in some rows.
   *
   * @param add whether new entities are given a number
   * @param to per row 0 to be numbered; becomes -1 where a key is missing or the entity is unknown
   */
  void numbers(
      List<FieldVector> keys, int row, int rows, boolean add, ColumnReader reader, int[] to) {
    int[] part = keys.size() == 1 ? to : new int[rows];
    for (int k = 0; k < keys.size(); k++) {
      FieldVector vector = keys.get(k);
      if (k > 0) {
        Arrays.setAll(part, i -> Math.min(0, to[i]));
      } else if (part != to) {
        System.arraycopy(to, 0, part, 0, rows);
      }
      if (vector.getNullCount() > 0) {
        for (int i = 0; i < rows; i++) {
          part[i] = vector.isNull(row + i) ? -1 : part[i];
        }
      }
      if (vector instanceof VarCharVector column) {
        reader.numbers(column, row, rows, texts.get(k), add, part);
      } else {
        reader.numbers(vector, row, rows, integers.get(k), add, part);
      }
      if (part == to) {
        return;
      }
      for (int i = 0; i < rows; i++) {
        to[i] = k == 0 || part[i] < 0 ? part[i] : pair(k, to[i], part[i], add);
      }
    }
  }
}
