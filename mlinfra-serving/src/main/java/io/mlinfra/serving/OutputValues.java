package io.mlinfra.serving;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of one row: a map in the signature's order that costs two small objects, since one is
 * made for every prediction.
 */
final class OutputValues extends AbstractMap<String, Object> {
  private final List<String> names;
  private final Object[] values;

  /** Keeps both arguments. */
  OutputValues(List<String> names, Object[] values) {
    this.names = names;
    this.values = values;
  }

  @Override
  public @Nullable Object get(@Nullable Object key) {
    for (int i = 0; i < values.length; i++) {
      if (names.get(i).equals(key)) {
        return values[i];
      }
    }
    return null;
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return get(key) != null;
  }

  @Override
  public int size() {
    return values.length;
  }

  @Override
  public Set<Map.Entry<String, Object>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public Iterator<Map.Entry<String, Object>> iterator() {
        return new Iterator<>() {
          private int next;

          @Override
          public boolean hasNext() {
            return next < values.length;
          }

          @Override
          public Map.Entry<String, Object> next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            Map.Entry<String, Object> entry = Map.entry(names.get(next), values[next]);
            next++;
            return entry;
          }
        };
      }

      @Override
      public int size() {
        return values.length;
      }
    };
  }
}
