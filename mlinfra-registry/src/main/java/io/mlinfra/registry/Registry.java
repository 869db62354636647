package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Everything that is kept, in versions: data sets, feature definitions, runs, models, profiles. It
 * is a folder, which {@link io.mlinfra.registry package-info} draws; nothing runs beside it, and
 * any number of registries, in any number of JVMs, may be open on the same folder at once.
 *
 * <p>A version never changes. It is named by its kind, its name and a number that counts from 1,
 * and it carries the SHA-256 of its content, against which the content is checked each time it is
 * read. What is registered is on the disk when the method returns; a reader sees a version wholly
 * or not at all. Only an {@link Alias} moves, and only {@link #delete} takes a version away.
 *
 * <p>Every move of an alias, every deletion and every export is an entry of the {@linkplain #audit
 * audit log}, which {@link #verify} holds against what else there is. The entry is written first.
 * So a move or deletion that ends in {@link ErrorCode#IO_FAILED}, or whose JVM dies, may be made
 * nonetheless: by whoever writes next.
 *
 * <p>A reference to a version is {@code name:3}, {@code name} for the latest, or for models {@code
 * name@alias}.
 *
 * <p>Thread-safe. Readers wait for nobody; writers wait for each other. Closing waits for calls in
 * flight; afterwards every call is an {@link IllegalStateException}. Beside what the methods name,
 * every call may throw an {@link MlInfraException} of {@link ErrorCode#IO_FAILED}, {@link
 * ErrorCode#CONTENT_ALTERED} or {@link ErrorCode#FILE_UNREADABLE} that names the file.
 */
public final class Registry implements AutoCloseable {
  private final Layout layout;
  private final Clock clock;
  private final Registrar registrar;
  private final Gate gate;
  private final WriteLock lock;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final AliasStore aliases;
  private final AuditLog audit;
  private final AliasMoves moves;
  private final Deleter deleter;
  private final GarbageCollector collector;

  /** Whatever else keeps records that refer to content. */
  private final List<Referrer> referrers;

  private Registry(Path folder, RegistryOptions options, List<Referrer> referrers) {
    this.layout = new Layout(folder);
    this.clock = options.clock();
    this.gate = new Gate("Registry '" + folder + "'");
    this.lock = new WriteLock(folder, layout.lock());
    Records records = new Records(layout, Vault.PLAIN);
    this.blobs = new BlobStore(layout, Vault.PLAIN);
    this.versions = new VersionStore(layout, records);
    this.aliases = new AliasStore(layout, records);
    this.registrar = new Registrar(layout, blobs, versions, lock, clock);
    this.referrers = List.copyOf(referrers);
    this.audit = new AuditLog(layout, records, lock, options, entry -> Map.of());
    this.moves = new AliasMoves(layout, lock, options, versions, aliases, audit);
    this.deleter = new Deleter(layout, lock, options, versions, aliases, audit);
    this.collector = new GarbageCollector(layout, lock, options, blobs, versions, audit, referrers);
  }

  /** As {@link #open(Path, RegistryOptions)}, with {@link RegistryOptions#defaults()}. */
  public static Registry open(Path folder) {
    return open(folder, RegistryOptions.defaults());
  }

  /**
   * Opens the registry in a folder, which is made where it is missing.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} if there is a file of that name
   */
  public static Registry open(Path folder, RegistryOptions options) {
    return open(folder, options, List.of());
  }

  /**
   * @param referrers whatever else keeps records that refer to content
   */
  static Registry open(Path folder, RegistryOptions options, List<Referrer> referrers) {
    Objects.requireNonNull(options, "options");
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + folder + "' is no registry: it is a file, not a folder");
    }
    try {
      DurableFiles.createFolders(folder.toAbsolutePath());
      Registry registry = new Registry(folder.toRealPath(), options, referrers);
      registry.finishWhatAWriterBegan();
      return registry;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "the registry '" + folder + "' cannot be opened: " + e, e);
    }
  }

  private void finishWhatAWriterBegan() {
    try {
      if (audit.isPending()) {
        lock.hold(() -> layout);
      }
    } catch (IOException | MlInfraException e) {
      // Readers need nobody to have finished it. Whoever writes gets the error.
      return;
    }
  }

  /**
   * Registers content, of which a copy is kept. Content that has a version under this kind and name
   * gets no second one: the existing version is returned, with the properties, the attachments and
   * the lineage that it was first registered with.
   *
   * @throws IllegalArgumentException if the registration has no content
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it is made from a version that this
   *     registry does not hold; {@link ErrorCode#CONFLICT} if the name differs only in case from an
   *     existing one; {@link ErrorCode#FILE_MISSING} if a file of it is not there
   */
  public Version register(Registration registration) {
    return inside(() -> registrar.register(registration));
  }

  /**
   * Registers a training: its run, made from the run's inputs, and its model, made from that run,
   * both under the same name. A model that has a version already keeps the run it was first made
   * from.
   *
   * @return the model's version
   * @throws MlInfraException as the other ways to register, before anything is kept
   */
  public Version register(String name, Candidate trained) {
    Run run = trained.run();
    byte[] model = trained.model().toOnnx();
    return inside(
        () -> {
          List<Version> inputs = new ArrayList<>();
          for (VersionId id : run.inputs()) {
            inputs.add(versions.require(id).version());
          }
          Registration ofModel = Registration.of(Kind.MODEL, name).content(model);
          registrar.check(ofModel);
          Version kept =
              registrar.register(
                  Registration.of(Kind.RUN, name).content(run.toJson()).madeFrom(inputs));
          return registrar.register(ofModel.madeFrom(kept));
        });
  }

  /**
   * The version that a reference means now.
   *
   * @param reference {@code name:3}, {@code name} for the latest, or for models {@code name@alias}
   * @throws IllegalArgumentException if it is not of that form
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such version; the
   *     message lists a few of those there are
   */
  public Version version(Kind kind, String reference) {
    return inside(() -> resolve(kind, reference).version());
  }

  /**
   * The version of that name, as it stands in a lineage, a run or an alias.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold it, the
   *     hash included
   */
  public Version version(VersionId id) {
    return inside(() -> versions.require(id).version());
  }

  private Stored resolve(Kind kind, String reference) throws IOException {
    Reference parts = Reference.parse(reference);
    String alias = parts.alias();
    if (alias != null) {
      if (kind != Kind.MODEL) {
        throw new IllegalArgumentException(
            "reference ('"
                + reference
                + "') must not have an alias: only models have, not "
                + kind);
      }
      return resolve(parts.name(), alias);
    }
    return parts.number() == 0
        ? versions.requireLatest(kind, parts.name())
        : versions.require(kind, parts.name(), parts.number());
  }

  private Stored resolve(String model, String alias) throws IOException {
    Optional<Alias> before = Optional.empty();
    while (true) {
      Optional<Alias> now = aliases.find(model, alias);
      if (now.isEmpty()) {
        versions.requireName(Kind.MODEL, model);
        throw aliases.unknown(model, alias);
      }
      try {
        return versions.require(now.get().version());
      } catch (MlInfraException e) {
        // It may have moved on, and what it pointed at may have been deleted.
        if (now.equals(before)) {
          throw e;
        }
        before = now;
      }
    }
  }

  /**
   * Every version of a thing that was not deleted, oldest first; none if nothing is registered
   * under that name.
   */
  public List<Version> versions(Kind kind, String name) {
    FileNames.require(kind.label() + " name", name);
    return inside(
        () -> {
          List<Version> found = new ArrayList<>();
          for (int number : versions.numbers(kind, name)) {
            versions.find(kind, name, number).ifPresent(stored -> found.add(stored.version()));
          }
          return List.copyOf(found);
        });
  }

  /** The names under which something of that kind is registered, sorted. */
  public Set<String> names(Kind kind) {
    return inside(() -> Collections.unmodifiableSet(versions.names(kind)));
  }

  /**
   * The content of a version.
   *
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if it is not what was registered;
   *     {@link ErrorCode#DATA_UNSUITABLE} if it is too large for an array
   */
  public byte[] content(Version version) {
    return inside(() -> read(versions.require(version.id())));
  }

  private byte[] read(Stored stored) throws IOException {
    VersionId id = stored.version().id();
    return stillThere(id, () -> blobs.read(stored.blob(), id.toString()));
  }

  /** Content that is gone is altered content, unless its version was deleted meanwhile. */
  private <T> T stillThere(VersionId id, WriteLock.Work<T> reading) throws IOException {
    try {
      return reading.run();
    } catch (MlInfraException | NoSuchFileException e) {
      versions.require(id);
      throw e;
    }
  }

  /**
   * A file that was attached to a version.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name;
   *     otherwise as {@link #content}
   */
  public byte[] attachment(Version version, String name) {
    return inside(
        () -> {
          Stored stored = versions.require(version.id());
          return stillThere(
              version.id(),
              () -> blobs.read(stored.attachment(name), "'" + name + "' of " + version.id()));
        });
  }

  /**
   * Writes the content of a version to a file, replacing what is there. Without success the file is
   * as it was before: not there, or the old one. The audit log tells that it was asked for, unless
   * the registry's folder may not be written to.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if the target's folder does not exist;
   *     {@link ErrorCode#CONTENT_ALTERED} if the content is not what was registered
   */
  public void export(Version version, Path target) {
    Path file = target.toAbsolutePath();
    inside(
        () -> {
          Stored stored = versions.require(version.id());
          BlobStore.requirePlaceFor(file);
          VersionId id = stored.version().id();
          if (Files.isWritable(layout.folder())) {
            audit.append(
                AuditLog.EXPORTED,
                id.kind().label() + " " + id.name() + ":" + id.number(),
                Map.of("version", AuditLog.text(id), "target", file.toString()));
          }
          return stillThere(
              id,
              () -> {
                blobs.export(stored.blob(), file, id.toString());
                return file;
              });
        });
  }

  /**
   * The model that a reference means now.
   *
   * @param reference as {@link #version(Kind, String)} takes it
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the content is no usable model
   */
  public Model model(String reference) {
    return Model.read(inside(() -> contentOfModel(reference)));
  }

  private byte[] contentOfModel(String reference) throws IOException {
    Stored stored = resolve(Kind.MODEL, reference);
    while (true) {
      try {
        return read(stored);
      } catch (MlInfraException e) {
        // What was meant a moment ago may be deleted by now, and something else be meant.
        Stored again = resolve(Kind.MODEL, reference);
        if (again.version().id().equals(stored.version().id())) {
          throw e;
        }
        stored = again;
      }
    }
  }

  /**
   * The model of that version, for callers who must know which one they got.
   *
   * @throws IllegalArgumentException if the version is not of kind MODEL
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the content is no usable model
   */
  public Model model(Version version) {
    requireKind(Kind.MODEL, version);
    return Model.read(content(version));
  }

  /**
   * The run.
   *
   * @throws IllegalArgumentException if the version is not of kind RUN
   */
  public Run run(Version version) {
    requireKind(Kind.RUN, version);
    return Run.read("the content of " + version.id(), content(version));
  }

  /** As {@link #promote(String, String, Version, String)}, without a reason. */
  public Alias promote(String name, String alias, Version version) {
    return promote(name, alias, version, "");
  }

  /**
   * Lets an alias point at a version of a model, at once for all who ask from now on. Where it
   * points there already, nothing changes.
   *
   * @param name the model's name
   * @param alias such as {@code champion}; new or existing
   * @param reason why, for those who read the history
   * @return the alias as it is now
   * @throws IllegalArgumentException if the version is not one of a model of that name
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold the
   *     version, or it was deleted; {@link ErrorCode#CONFLICT} if the alias differs only in case
   *     from an existing one
   */
  public Alias promote(String name, String alias, Version version, String reason) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    Texts.requireUnicode("reason", reason);
    return inside(() -> moves.promote(name, alias, version.id(), reason));
  }

  /**
   * As {@link #promote(String, String, Version, String)}, if the alias points where the caller
   * thinks. Of those who compare with the same version at once, one succeeds.
   *
   * @param expected where the alias must point; empty if nowhere
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if it points elsewhere; the message says
   *     where
   */
  public Alias compareAndPromote(
      String name, String alias, Optional<Version> expected, Version next, String reason) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    Texts.requireUnicode("reason", reason);
    return inside(
        () -> moves.compareAndPromote(name, alias, expected.map(Version::id), next.id(), reason));
  }

  /**
   * Lets an alias point where it pointed before. Each rollback goes one further back, until a
   * promotion starts anew from there; an alias that was removed comes back to where it pointed.
   *
   * @return the alias as it is now
   * @throws IllegalStateException if it has pointed at nothing before
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there never was such an alias, or
   *     the version that it would go back to was deleted
   */
  public Alias rollback(String name, String alias, String reason) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    Texts.requireUnicode("reason", reason);
    return inside(() -> moves.rollback(name, alias, reason));
  }

  /**
   * Lets an alias point nowhere. Its history remains, and goes on if it is promoted again.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such alias
   */
  public AliasMove removeAlias(String name, String alias, String reason) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    Texts.requireUnicode("reason", reason);
    return inside(() -> moves.remove(name, alias, reason));
  }

  /** Where an alias of a model points; empty if there is no such alias. */
  public Optional<Alias> alias(String name, String alias) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    return inside(() -> aliases.find(name, alias));
  }

  /** The aliases of a model, sorted by alias; none if there are none. */
  public List<Alias> aliases(String name) {
    FileNames.require("model name", name);
    return inside(() -> aliases.all(name));
  }

  /**
   * Every move of an alias of a model, oldest first; the last one is why it points where it does.
   */
  public List<AliasMove> history(String name, String alias) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    return inside(() -> aliases.history(name, alias));
  }

  /**
   * Deletes a version: from now on it is as if it were not there, but that its number is not given
   * again, and whoever asks for it is told who deleted it, when and why. Its content goes with the
   * next {@link #collectGarbage}.
   *
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if an alias points at it or another version
   *     was made from it; {@link ErrorCode#NAME_UNKNOWN} if it is not there
   */
  public void delete(Version version, String reason) {
    Texts.requireUnicode("reason", reason);
    inside(
        () -> {
          deleter.delete(version.id(), reason);
          return version;
        });
  }

  /**
   * Deletes every version that a policy does not keep, of all kinds. A version that somebody
   * promotes meanwhile, or makes something from, stays.
   *
   * @return what was deleted, products before what they were made from
   */
  public List<VersionId> expire(Retention policy, String reason) {
    Texts.requireUnicode("reason", reason);
    return inside(() -> deleter.expire(policy, reason));
  }

  /** What {@link #expire} would delete now. */
  public List<VersionId> expiring(Retention policy) {
    return inside(() -> deleter.expiring(policy));
  }

  /**
   * Removes the content of deleted versions, as far as no other version has it, content that was
   * never registered because its writer died, and temporary files that nobody has written to for an
   * hour. Writers wait meanwhile; readers do not.
   *
   * @throws MlInfraException if there is a record that cannot be read, for it might say that some
   *     content is needed; nothing is removed
   */
  public Collected collectGarbage() {
    return inside(collector::collect);
  }

  /**
   * The audit log, oldest entry first: every move of an alias, deletion, collection of garbage that
   * removed something, and export.
   *
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if the entries do not make a chain
   */
  public List<AuditEntry> audit() {
    return inside(audit::entries);
  }

  /**
   * How far the audit log goes, and the hash of its last entry, in one line. A host that keeps it
   * elsewhere can tell by {@link #verify(String)} later that nobody set the whole folder back, or
   * wrote another history.
   */
  public String auditHead() {
    return inside(() -> audit.head().toString());
  }

  /** What a version was made from, and that in turn, down to the sources. */
  public Lineage lineage(Version version) {
    return inside(() -> new LineageReader(versions).read(version.id()));
  }

  /**
   * Reads everything and compares it with what was written. It takes no lock, and may be called
   * while others write.
   */
  public Verification verify() {
    return inside(() -> verifier().run(null));
  }

  /**
   * As {@link #verify()}, and whether the audit log has gone on from where it was.
   *
   * @param auditHead what {@link #auditHead} returned at some time
   */
  public Verification verify(String auditHead) {
    AuditLog.Head expected = AuditLog.Head.parse(auditHead);
    return inside(() -> verifier().run(expected));
  }

  private Verifier verifier() {
    return new Verifier(layout, blobs, versions, aliases, moves, deleter, audit, referrers);
  }

  @Override
  public void close() {
    gate.close();
  }

  @Override
  public String toString() {
    return "Registry[" + layout.folder() + (gate.isClosed() ? ", closed]" : "]");
  }

  private static void requireKind(Kind kind, Version version) {
    if (version.id().kind() != kind) {
      throw new IllegalArgumentException(
          "version (" + version.id() + ") must be of kind " + kind.label());
    }
  }

  @SuppressWarnings("try") // the pass is held, not used
  private <T> T inside(WriteLock.Work<T> work) {
    try (Gate.Pass pass = gate.enter()) {
      return work.run();
    } catch (IOException | UncheckedIOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "registry '" + layout.folder() + "': " + e, e);
    }
  }
}
