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
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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
 * or not at all. Only an {@link Alias} moves.
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
  private final RunStore runStore;
  private final Runs runs;

  private Registry(Path folder, RegistryOptions options) {
    this.layout = new Layout(folder);
    this.clock = options.clock();
    this.gate = new Gate("Registry '" + folder + "'");
    this.lock = new WriteLock(folder, layout.lock());
    Records records = new Records(layout, Vault.PLAIN);
    this.blobs = new BlobStore(layout, Vault.PLAIN);
    this.versions = new VersionStore(layout, records);
    this.aliases = new AliasStore(layout, records);
    this.registrar = new Registrar(layout, blobs, versions, lock, clock);
    CandidateRegistrar candidates = new CandidateRegistrar(versions, registrar);
    this.runStore =
        new RunStore(layout, Vault.PLAIN, records, blobs, candidates, lock, options, gate);
    this.runs = new Runs(runStore);
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
    Objects.requireNonNull(options, "options");
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + folder + "' is no registry: it is a file, not a folder");
    }
    try {
      DurableFiles.createFolders(folder.toAbsolutePath());
      return new Registry(folder.toRealPath(), options);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "the registry '" + folder + "' cannot be opened: " + e, e);
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
   * Registers a training as {@link ActiveRun#register} does, in a run of its own in the experiment
   * of that name: the pipeline, the run, made from that and the run's inputs, and the model, made
   * from the run, all under the same name. A model that has a version already keeps the run it was
   * first made from.
   *
   * @return the model's version
   * @throws MlInfraException as the other ways to register, before anything is kept
   */
  public Version register(String name, Candidate trained) {
    return runs.register(name, trained);
  }

  /** The runs that are tracked here: to start one, to look for some, to compare them. */
  public Runs runs() {
    return runs;
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
      Optional<Alias> found = aliases.find(parts.name(), alias);
      if (found.isEmpty()) {
        versions.requireName(kind, parts.name());
        throw aliases.unknown(parts.name(), alias);
      }
      return versions.require(found.get().version());
    }
    return parts.number() == 0
        ? versions.requireLatest(kind, parts.name())
        : versions.require(kind, parts.name(), parts.number());
  }

  /** Every version of a thing, oldest first; none if nothing is registered under that name. */
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
    return blobs.read(stored.blob(), stored.version().id().toString());
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
          return blobs.read(stored.attachment(name), "'" + name + "' of " + version.id());
        });
  }

  /**
   * Writes the content of a version to a file, replacing what is there. Without success the file is
   * as it was before: not there, or the old one.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if the target's folder does not exist;
   *     {@link ErrorCode#CONTENT_ALTERED} if the content is not what was registered
   */
  public void export(Version version, Path target) {
    Path file = target.toAbsolutePath();
    inside(
        () -> {
          Stored stored = versions.require(version.id());
          blobs.export(stored.blob(), file, stored.version().id().toString());
          return file;
        });
  }

  /**
   * The model that a reference means now.
   *
   * @param reference as {@link #version(Kind, String)} takes it
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the content is no usable model
   */
  public Model model(String reference) {
    return Model.read(inside(() -> read(resolve(Kind.MODEL, reference))));
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
   *     version; {@link ErrorCode#CONFLICT} if the alias differs only in case from an existing one
   */
  public Alias promote(String name, String alias, Version version, String reason) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    Texts.requireUnicode("reason", reason);
    VersionId id = version.id();
    if (id.kind() != Kind.MODEL || !id.name().equals(name)) {
      throw new IllegalArgumentException(
          "version (" + id + ") must be one of model '" + name + "'");
    }
    return inside(
        () -> {
          versions.require(id);
          return lock.hold(() -> aliases.move(name, alias, id, reason, clock.instant()));
        });
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

  /** Where an alias of a model has pointed, oldest first; the last entry is where it points now. */
  public List<Alias> history(String name, String alias) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    return inside(() -> aliases.history(name, alias));
  }

  /** What a version was made from, and that in turn, down to the sources. */
  public Lineage lineage(Version version) {
    return inside(() -> new LineageReader(versions).read(version.id()));
  }

  /**
   * Reads everything and compares it with what was written.
   *
   * @return one line for each record or content that was altered, is missing or cannot be read;
   *     empty if all is well
   */
  public List<String> verify() {
    return inside(() -> new Verification(layout, blobs, versions, aliases, runStore).run());
  }

  @Override
  public void close() {
    try {
      runStore.endAll();
    } finally {
      gate.close();
    }
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
