package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.AliasMove.How;
import io.mlinfra.registry.AliasStore.Move;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Moves aliases: each move is an entry of the audit log, and follows from it. What is asked of a
 * move is asked under the write lock.
 */
final class AliasMoves {
  private final Layout layout;
  private final WriteLock lock;
  private final RegistryOptions options;
  private final VersionStore versions;
  private final AliasStore aliases;
  private final Gates gates;
  private final AuditLog audit;

  AliasMoves(
      Layout layout,
      WriteLock lock,
      RegistryOptions options,
      VersionStore versions,
      AliasStore aliases,
      Gates gates,
      AuditLog audit) {
    this.layout = layout;
    this.lock = lock;
    this.options = options;
    this.versions = versions;
    this.aliases = aliases;
    this.gates = gates;
    this.audit = audit;
    for (How how : How.values()) {
      audit.onEntry(how.label(), entry -> aliases.make(move(entry)));
    }
    audit.onOpening(
        () -> {
          String digest = aliases.digestOfMovesBeforeTheLog();
          return digest.isEmpty() ? Map.of() : Map.of("moves", digest);
        });
  }

  /** Whether an alias may move, beside what this class asks itself. */
  private interface Condition {
    void check(Optional<Alias> now);
  }

  Alias promote(String name, String alias, VersionId version, String reason) throws IOException {
    return promote(name, alias, version, reason, now -> {});
  }

  Alias compareAndPromote(
      String name, String alias, Optional<VersionId> expected, VersionId version, String reason)
      throws IOException {
    return promote(
        name,
        alias,
        version,
        reason,
        now -> {
          if (!now.map(Alias::version).equals(expected)) {
            throw new MlInfraException(
                ErrorCode.CONFLICT,
                "alias '"
                    + alias
                    + "' of model '"
                    + name
                    + "' does not point "
                    + expected.map(id -> "at " + id).orElse("nowhere")
                    + ", as expected: "
                    + now.map(Alias::toString).orElse("it points nowhere"));
          }
        });
  }

  private Alias promote(
      String name, String alias, VersionId asked, String reason, Condition condition)
      throws IOException {
    if (asked.kind() != Kind.MODEL || !asked.name().equals(name)) {
      throw new IllegalArgumentException(
          "version (" + asked + ") must be one of model '" + name + "'");
    }
    VersionId version = versions.require(asked).version().id();
    String actor = options.actor();
    return lock.hold(
        () -> {
          FileNames.requireNoTwin("model", name, Layout.list(layout.models()));
          FileNames.requireNoTwin("alias", alias, aliases.names(name));
          Optional<Move> latest = aliases.latestUnderLock(name, alias);
          Optional<Alias> now = latest.flatMap(Move::alias);
          condition.check(now);
          versions.require(version);
          if (now.isPresent() && now.get().version().equals(version)) {
            return now.get();
          }
          gates.require(name, alias, version);
          return require(move(actor, name, alias, How.PROMOTED, latest, version, reason));
        });
  }

  Alias rollback(String name, String alias, String reason) throws IOException {
    String actor = options.actor();
    return lock.hold(
        () -> {
          Move latest =
              aliases.latestUnderLock(name, alias).orElseThrow(() -> unknownAlias(name, alias));
          VersionId target = before(name, alias, latest);
          if (versions.deletion(target).isPresent()) {
            throw new MlInfraException(
                ErrorCode.NAME_UNKNOWN,
                "alias '"
                    + alias
                    + "' of model '"
                    + name
                    + "' cannot go back: "
                    + target
                    + " "
                    + versions.deletion(target).get());
          }
          versions.require(target);
          return require(
              move(actor, name, alias, How.ROLLED_BACK, Optional.of(latest), target, reason));
        });
  }

  /** Where an alias pointed before it pointed where it points now. */
  private VersionId before(String name, String alias, Move latest) throws IOException {
    Deque<VersionId> way = new ArrayDeque<>();
    boolean removed = false;
    for (AliasMove move : aliases.history(name, alias)) {
      switch (move.how()) {
        case PROMOTED -> {
          VersionId to = move.to().orElseThrow();
          if (!to.equals(way.peek())) {
            way.push(to);
          }
        }
        case ROLLED_BACK -> {
          if (!removed) {
            way.poll();
          }
        }
        case REMOVED -> {}
      }
      removed = move.how() == How.REMOVED;
    }
    if (!removed) {
      way.poll();
    }
    VersionId target = way.peek();
    if (target == null) {
      throw new IllegalStateException(
          "alias '"
              + alias
              + "' of model '"
              + name
              + "' has nothing to go back to: it has pointed at nothing before "
              + latest.told().to().map(VersionId::toString).orElse("it was removed"));
    }
    return target;
  }

  AliasMove remove(String name, String alias, String reason) throws IOException {
    String actor = options.actor();
    return lock.hold(
        () -> {
          Optional<Move> latest = aliases.latestUnderLock(name, alias);
          if (latest.flatMap(Move::alias).isEmpty()) {
            throw unknownAlias(name, alias);
          }
          return move(actor, name, alias, How.REMOVED, latest, null, reason).told();
        });
  }

  private MlInfraException unknownAlias(String name, String alias) {
    try {
      versions.requireName(Kind.MODEL, name);
      return aliases.unknown(name, alias);
    } catch (MlInfraException e) {
      return e;
    } catch (IOException e) {
      return new MlInfraException(ErrorCode.IO_FAILED, "registry '" + layout.folder() + "'", e);
    }
  }

  private Move move(
      String actor,
      String name,
      String alias,
      How how,
      Optional<Move> latest,
      @Nullable VersionId to,
      String reason)
      throws IOException {
    Map<String, String> details = AuditLog.details();
    details.put("model", name);
    details.put("alias", alias);
    details.put("move", Integer.toString(latest.map(move -> move.told().number()).orElse(0) + 1));
    latest
        .flatMap(move -> move.told().to())
        .ifPresent(from -> details.put("from", AuditLog.text(from)));
    if (to != null) {
      details.put("to", AuditLog.text(to));
    }
    details.put("reason", reason);
    return move(audit.append(actor, how.label(), name + "@" + alias, details));
  }

  private static Alias require(Move move) {
    return move.alias().orElseThrow();
  }

  /** Whether an entry is one of a move. */
  static boolean isMove(AuditEntry entry) {
    for (How how : How.values()) {
      if (how.label().equals(entry.action())) {
        return true;
      }
    }
    return false;
  }

  /** The move that follows from an entry. */
  Move move(AuditEntry entry) {
    for (How how : How.values()) {
      if (how.label().equals(entry.action())
          && entry.details().containsKey("to") == (how != How.REMOVED)) {
        return new Move(
            new AliasMove(
                audit.detail(entry, "model"),
                audit.detail(entry, "alias"),
                number(entry),
                how,
                audit.version(entry, "from"),
                audit.version(entry, "to"),
                entry.at(),
                entry.actor(),
                audit.detail(entry, "reason"),
                entry.number()),
            entry.hash());
      }
    }
    throw audit.unusable(entry, "to", null);
  }

  private int number(AuditEntry entry) {
    try {
      return Integer.parseInt(audit.detail(entry, "move"));
    } catch (NumberFormatException e) {
      throw audit.unusable(entry, "move", e);
    }
  }
}
