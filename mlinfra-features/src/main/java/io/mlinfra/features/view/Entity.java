package io.mlinfra.features.view;

import io.mlinfra.core.Names;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What features are about: a card, an airport, a pair of airports. Its keys are columns that the
 * events and the rows that ask have alike; integers of any width are one type, and texts another.
 *
 * @param name of the entity
 * @param keys the columns that identify one, 1 to 8
 */
public record Entity(String name, List<String> keys) {
  private static final int MOST_KEYS = 8;

  public Entity {
    Names.require("entity", name);
    keys.forEach(key -> Text.required("a key of entity '" + name + "'", key));
    keys = List.copyOf(keys);
    if (keys.isEmpty() || keys.size() > MOST_KEYS) {
      throw new IllegalArgumentException(
          "entity '" + name + "' has " + keys.size() + " keys, must have 1 to " + MOST_KEYS);
    }
    Set<String> seen = new HashSet<>();
    for (String key : keys) {
      if (!seen.add(key.toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException("entity '" + name + "' has the key '" + key + "' twice");
      }
    }
  }

  /**
   * An entity.
   *
   * @param name of the entity, and of its key where no other is named
   * @param keys the columns that identify one together
   */
  public static Entity of(String name, String... keys) {
    return new Entity(name, keys.length == 0 ? List.of(name) : Arrays.asList(keys));
  }

  /** {@code "route" keys "origin", "destination"}, as it stands in a definition. */
  @Override
  public String toString() {
    return Text.quote(name)
        + " keys "
        + keys.stream().map(Text::quote).collect(Collectors.joining(", "));
  }
}
