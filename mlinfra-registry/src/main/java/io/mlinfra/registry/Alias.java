package io.mlinfra.registry;

import io.mlinfra.core.version.VersionId;
import java.time.Instant;
import java.util.Objects;

/**
 * A name such as {@code champion} that points at one version of a model, and can be moved.
 *
 * @param model the model's name
 * @param alias the alias
 * @param version what it points at
 * @param since when it was moved there
 * @param actor who moved it; empty where a release moved it that did not ask
 * @param reason why, in the words of whoever moved it; may be empty
 */
public record Alias(
    String model, String alias, VersionId version, Instant since, String actor, String reason) {
  public Alias {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(alias, "alias");
    Objects.requireNonNull(version, "version");
    Objects.requireNonNull(since, "since");
    Objects.requireNonNull(actor, "actor");
    Objects.requireNonNull(reason, "reason");
  }

  /** {@code flight-delay@champion -> model flight-delay:3 (0a1b2c3d4e5f) since … by …: reason}. */
  @Override
  public String toString() {
    return model
        + "@"
        + alias
        + " -> "
        + version
        + " since "
        + since
        + (actor.isEmpty() ? "" : " by " + actor)
        + (reason.isEmpty() ? "" : ": " + reason);
  }
}
