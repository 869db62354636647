package io.mlinfra.core.version;

import io.mlinfra.core.Names;
import java.util.Objects;

/**
 * The name of one version of one thing.
 *
 * @param kind what sort of thing
 * @param name the thing's name
 * @param number 1 for the first version; a higher number says later, nothing else
 * @param hash of the content, so that a reference also proves what it refers to
 */
public record VersionId(Kind kind, String name, int number, ContentHash hash) {
  public VersionId {
    Objects.requireNonNull(kind, "kind");
    Names.require(kind.label() + " name", name);
    if (number < 1) {
      throw new IllegalArgumentException("number (" + number + ") must be > 0");
    }
    Objects.requireNonNull(hash, "hash");
  }

  /** {@code model flight-delay:3 (0a1b2c3d4e5f)}. */
  @Override
  public String toString() {
    return kind.label() + " " + name + ":" + number + " (" + hash.abbreviated() + ")";
  }
}
