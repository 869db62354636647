package io.mlinfra.registry;

import io.mlinfra.core.version.VersionId;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * One move of an alias.
 *
 * @param model the model's name
 * @param alias the alias
 * @param number 1 for the alias's first move
 * @param how what kind of move it was
 * @param from where the alias pointed before; empty if nowhere
 * @param to where it pointed from then on; empty if nowhere
 * @param at when
 * @param actor who moved it; empty where a release moved it that did not ask
 * @param reason why, in the words of whoever moved it; may be empty
 * @param auditNumber the number of its entry in the audit log; 0 for a move from before there was
 *     one
 */
public record AliasMove(
    String model,
    String alias,
    int number,
    How how,
    Optional<VersionId> from,
    Optional<VersionId> to,
    Instant at,
    String actor,
    String reason,
    int auditNumber) {

  /** The kinds of moves. */
  public enum How {
    /** Somebody named the version that it was to point at. */
    PROMOTED("promoted"),
    /** It went back to where it had pointed before. */
    ROLLED_BACK("rolled-back"),
    /** It points nowhere from then on. */
    REMOVED("removed");

    private final String label;

    How(String label) {
      this.label = label;
    }

    /** As it stands in files. */
    String label() {
      return label;
    }
  }

  public AliasMove {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(alias, "alias");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(to, "to");
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(actor, "actor");
    Objects.requireNonNull(reason, "reason");
  }

  /** {@code flight-delay@champion: promoted from … to … at … by ada: the reason}. */
  @Override
  public String toString() {
    return model
        + "@"
        + alias
        + ": "
        + how.label()
        + from.map(id -> " from " + id).orElse("")
        + to.map(id -> " to " + id).orElse("")
        + " at "
        + at
        + (actor.isEmpty() ? "" : " by " + actor)
        + (reason.isEmpty() ? "" : ": " + reason);
  }
}
