package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.VersionStore.Deletion;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Deletes versions: one that is named, or all that a {@link Retention} does not keep. */
final class Deleter {
  private final Layout layout;
  private final WriteLock lock;
  private final RegistryOptions options;
  private final Clock clock;
  private final VersionStore versions;
  private final AliasStore aliases;
  private final AuditLog audit;

  Deleter(
      Layout layout,
      WriteLock lock,
      RegistryOptions options,
      VersionStore versions,
      AliasStore aliases,
      AuditLog audit) {
    this.layout = layout;
    this.lock = lock;
    this.options = options;
    this.clock = options.clock();
    this.versions = versions;
    this.aliases = aliases;
    this.audit = audit;
    audit.onEntry(AuditLog.DELETED, entry -> versions.bury(version(entry), deletion(entry)));
  }

  void delete(VersionId asked, String reason) throws IOException {
    delete(asked, reason, false);
  }

  private void delete(VersionId asked, String reason, boolean expires) throws IOException {
    String actor = options.actor();
    lock.hold(
        () -> {
          Stored stored = versions.require(asked);
          VersionId id = stored.version().id();
          requireNoAlias(id);
          requireNoProduct(id);
          if (expires) {
            requireNoAliasOnModelOf(stored.version());
          }
          Map<String, String> details = AuditLog.details();
          details.put("version", AuditLog.text(id));
          details.put("reason", reason);
          // Refused now, if it is too large, and not when the entry is written.
          VersionStore.tombstone(
              stored,
              new Deletion(clock.instant(), actor, reason, Integer.MAX_VALUE, AuditLog.NOTHING));
          String subject = id.kind().label() + " " + id.name() + ":" + id.number();
          return audit.append(actor, AuditLog.DELETED, subject, details);
        });
  }

  /** The version that an entry says was deleted. */
  VersionId version(AuditEntry entry) {
    return audit
        .version(entry, "version")
        .orElseThrow(() -> audit.unusable(entry, "version", null));
  }

  /** The tombstone that follows from an entry. */
  Deletion deletion(AuditEntry entry) {
    return new Deletion(
        entry.at(), entry.actor(), audit.detail(entry, "reason"), entry.number(), entry.hash());
  }

  private void requireNoAlias(VersionId id) throws IOException {
    List<String> pointing = pointingAt(id);
    if (!pointing.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          id + " cannot be deleted: alias " + Texts.few(pointing) + " points at it");
    }
  }

  /** A model that was promoted a moment ago must not lose what it was promoted for. */
  private void requireNoAliasOnModelOf(Version report) throws IOException {
    for (VersionId source : modelsOf(report)) {
      List<String> pointing = pointingAt(source);
      if (!pointing.isEmpty()) {
        throw new MlInfraException(
            ErrorCode.CONFLICT,
            report.id()
                + " cannot expire: alias "
                + Texts.few(pointing)
                + " points at "
                + source
                + ", which it is about");
      }
    }
  }

  private List<String> pointingAt(VersionId id) throws IOException {
    return id.kind() != Kind.MODEL
        ? List.of()
        : aliases.all(id.name()).stream()
            .filter(alias -> alias.version().equals(id))
            .map(Alias::alias)
            .toList();
  }

  /** The models that an evaluation or a profile is about; none of any other version. */
  private static List<VersionId> modelsOf(Version version) {
    Kind kind = version.id().kind();
    return kind != Kind.EVALUATION && kind != Kind.PROFILE
        ? List.of()
        : version.madeFrom().stream().filter(source -> source.kind() == Kind.MODEL).toList();
  }

  private void requireNoProduct(VersionId id) throws IOException {
    List<VersionId> products = versions.madeFrom(id);
    if (!products.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          id
              + " cannot be deleted: made from it "
              + (products.size() == 1 ? "is " : "are ")
              + Texts.few(products.stream().map(VersionId::toString).toList()));
    }
  }

  /** What a policy does not keep, products before what they were made from. */
  List<VersionId> expiring(Retention policy) throws IOException {
    return expiring(policy, (kind, name) -> true);
  }

  /** Which names a policy is for. */
  private interface Names {
    boolean has(Kind kind, String name);
  }

  private List<VersionId> expiring(Retention policy, Names names) throws IOException {
    // Aliases first: a version that one points at is there, and stays while it does.
    Set<VersionId> kept = new HashSet<>();
    for (String model : Layout.list(layout.models())) {
      aliases.all(model).forEach(alias -> kept.add(alias.version()));
    }
    Map<VersionId, Version> all = new LinkedHashMap<>();
    for (Kind kind : Kind.values()) {
      for (String name : versions.allNames(kind)) {
        List<Version> ofName = new ArrayList<>();
        for (int number : versions.numbers(kind, name)) {
          versions.find(kind, name, number).ifPresent(found -> ofName.add(found.version()));
        }
        ofName.forEach(version -> all.put(version.id(), version));
        List<Version> keptOfName =
            names.has(kind, name) ? policy.kept(ofName, clock.instant()) : ofName;
        keptOfName.forEach(version -> kept.add(version.id()));
      }
    }
    Map<VersionId, List<VersionId>> reports = new HashMap<>();
    for (Version version : all.values()) {
      for (VersionId model : modelsOf(version)) {
        reports.computeIfAbsent(model, ignored -> new ArrayList<>()).add(version.id());
      }
    }
    Deque<VersionId> open = new ArrayDeque<>(kept);
    while (!open.isEmpty()) {
      VersionId id = open.pop();
      Version version = all.get(id);
      List<VersionId> needed = new ArrayList<>(reports.getOrDefault(id, List.of()));
      if (version != null) {
        needed.addAll(version.madeFrom());
      }
      for (VersionId other : needed) {
        if (kept.add(other)) {
          open.push(other);
        }
      }
    }
    all.keySet().removeAll(kept);
    return productsFirst(all);
  }

  private static List<VersionId> productsFirst(Map<VersionId, Version> versions) {
    Map<VersionId, Integer> products = new HashMap<>();
    for (Version version : versions.values()) {
      for (VersionId source : sources(version)) {
        products.merge(source, 1, Integer::sum);
      }
    }
    Deque<VersionId> ready = new ArrayDeque<>();
    for (VersionId id : versions.keySet()) {
      if (!products.containsKey(id)) {
        ready.add(id);
      }
    }
    List<VersionId> ordered = new ArrayList<>();
    while (!ready.isEmpty()) {
      VersionId id = ready.remove();
      ordered.add(id);
      for (VersionId source : sources(Objects.requireNonNull(versions.get(id)))) {
        if (products.merge(source, -1, Integer::sum) == 0 && versions.containsKey(source)) {
          ready.add(source);
        }
      }
    }
    return List.copyOf(ordered);
  }

  private static Set<VersionId> sources(Version version) {
    return new HashSet<>(version.madeFrom());
  }

  /** Deletes what a policy does not keep, and returns what it deleted. */
  List<VersionId> expire(Retention policy, String reason) throws IOException {
    return deleteAll(expiring(policy), reason);
  }

  /** As the other way, for the versions of one name. */
  List<VersionId> expire(Kind kind, String name, Retention policy, String reason)
      throws IOException {
    return deleteAll(expiring(policy, (k, n) -> k == kind && n.equals(name)), reason);
  }

  private List<VersionId> deleteAll(List<VersionId> expiring, String reason) throws IOException {
    List<VersionId> deleted = new ArrayList<>();
    for (VersionId id : expiring) {
      try {
        delete(id, reason, true);
        deleted.add(id);
      } catch (MlInfraException e) {
        // Somebody promoted it meanwhile, made something from it, or deleted it.
        if (e.code() != ErrorCode.CONFLICT && e.code() != ErrorCode.NAME_UNKNOWN) {
          throw e;
        }
      }
    }
    return List.copyOf(deleted);
  }
}
