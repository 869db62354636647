package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
 * ErrorCode#CONTENT_ALTERED} or {@link ErrorCode#FILE_UNREADABLE} that names the file, and where
 * keys are {@linkplain RegistryOptions.Builder#trust trusted} every call that gives out content may
 * throw {@link ErrorCode#SIGNATURE_REFUSED}.
 */
public final class Registry implements AutoCloseable {
  private final Layout layout;
  private final Registrar registrar;
  private final OnnxRegistrar imports;
  private final Gate gate;
  private final WriteLock lock;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final AliasStore aliases;
  private final LineageReader lineages;
  private final AuditLog audit;
  private final AliasMoves moves;
  private final Deleter deleter;
  private final GarbageCollector collector;
  private final Evaluations evaluations;
  private final PolicyStore policies;
  private final Gates gates;
  private final RunStore runStore;
  private final Runs runs;

  private final Vault vault;
  private final Signatures signatures;

  /** What keeps records of its own. */
  private final List<Referrer> referrers;

  private Registry(Path folder, RegistryOptions options) throws IOException {
    this.layout = new Layout(folder);
    this.gate = new Gate("Registry '" + folder + "'");
    this.lock = new WriteLock(folder, layout.lock());
    this.vault = new RegistryFile(layout, lock).vault(options.keyring());
    this.signatures = options.signatures();
    Records records = new Records(layout, vault);
    this.blobs = new BlobStore(layout, vault);
    this.versions = new VersionStore(layout, records, signatures);
    this.aliases = new AliasStore(layout, records);
    this.lineages = new LineageReader(new VersionGraph(layout, versions), blobs, aliases);
    this.registrar = new Registrar(layout, blobs, versions, signatures, lock, options.clock());
    this.imports = new OnnxRegistrar(registrar);
    this.audit = new AuditLog(layout, records, lock, options, signatures);
    this.evaluations = new Evaluations(registrar, versions, blobs, signatures);
    this.policies = new PolicyStore(layout, records, lock, audit);
    this.gates = new Gates(aliases, evaluations, policies);
    CandidateRegistrar candidates = new CandidateRegistrar(versions, registrar);
    this.runStore = new RunStore(layout, vault, records, blobs, candidates, lock, options, gate);
    this.runs = new Runs(runStore);
    this.referrers = List.of(policies, runStore);
    this.moves = new AliasMoves(layout, lock, options, versions, aliases, gates, audit);
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
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} if there is a file of that name;
   *     {@link ErrorCode#KEY_REFUSED} if the registry is encrypted and the options have not all of
   *     its keys, or it is not encrypted and they have a keyring; {@link ErrorCode#CONFLICT} if it
   *     is just being encrypted
   */
  public static Registry open(Path folder, RegistryOptions options) {
    Objects.requireNonNull(options, "options");
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + folder + "' is no registry: it is a file, not a folder");
    }
    try {
      DurableFiles.createFolders(folder.toAbsolutePath());
      Registry registry = new Registry(folder.toRealPath(), options);
      registry.finishWhatAWriterBegan();
      return registry;
    } catch (IOException | UnsupportedOperationException e) {
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
   * Encrypts a registry that is plain so far, with the current key of the options' keyring. Nobody
   * may have it open meanwhile; until it is done nobody can open it. Where it was interrupted, it
   * is called again. A registry that is encrypted is left as it is. Where its {@code registry.json}
   * was lost, this makes it anew; like all plain files, those found then are taken for the
   * registry's own, whoever wrote them.
   *
   * <p>What was plain may still be found where the disk keeps what was deleted, and in backups.
   *
   * @return how many files were rewritten
   * @throws IllegalArgumentException if the options have no keyring
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if there is no such folder; {@link
   *     ErrorCode#KEY_REFUSED} if it is encrypted with other keys; {@link
   *     ErrorCode#CONTENT_ALTERED} if a file that is encrypted already does not open
   */
  public static int encrypt(Path folder, RegistryOptions options, Progress progress) {
    Keyring keyring = options.keyring();
    if (keyring == null) {
      throw new IllegalArgumentException("options must have a keyring");
    }
    if (!Files.isDirectory(folder)) {
      throw new MlInfraException(ErrorCode.FILE_MISSING, "there is no folder '" + folder + "'");
    }
    try {
      Layout layout = new Layout(folder.toRealPath());
      WriteLock lock = new WriteLock(layout.folder(), layout.lock());
      EncryptedVault vault = new EncryptedVault(layout.folder(), keyring);
      return new RegistryFile(layout, lock).begin(vault)
          ? new Reencryption(
                  layout, vault, lock, List.of(new LogRewriter(layout, lock, run -> false)), true)
              .run(progress)
          : 0;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "the registry '" + folder + "' cannot be encrypted: " + e, e);
    }
  }

  /**
   * Registers content, of which a copy is kept. Content that has a version under this kind and name
   * gets no second one: the existing version is returned, with the properties, the attachments and
   * the lineage that it was first registered with.
   *
   * @throws IllegalArgumentException if the registration has no content
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it is made from a version that this
   *     registry does not hold, or shares an attachment that is not there; {@link
   *     ErrorCode#CONTENT_ALTERED} if the content of an attachment that it shares is missing or has
   *     another size; {@link ErrorCode#CONFLICT} if the name differs only in case from an existing
   *     one; {@link ErrorCode#FILE_MISSING} if a file of it is not there
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

  /**
   * Registers an ONNX file that another tool wrote, as a version of a model. A file that is a model
   * of columns already is kept unchanged. Of one that takes and gives tables a model of columns is
   * made, which gives the same answers to the bit, and the file as it came is attached as {@code
   * original.onnx}. The properties {@code onnx.producer}, {@code onnx.opset}, {@code onnx.sha256}
   * (of the file as it came) and {@code onnx.adapted} ({@code yes} or {@code no}) tell of it.
   *
   * <p>The file is read into memory, where it takes a few times its size.
   *
   * @return the model's version
   * @throws IllegalArgumentException if columns are declared that the graph does not have, or more
   *     or fewer of them, or an input example does not fit
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if it is no ONNX file, if the policy
   *     does not admit it (the message has everything that is in the way and what would allow it),
   *     if it has another signature than was declared, or takes or gives something else than tables
   *     and is not to be kept {@linkplain OnnxImport#asIs() as it is}; {@link
   *     ErrorCode#FILE_MISSING} or {@link ErrorCode#FILE_UNREADABLE} if there is no such file;
   *     otherwise as {@link #register(Registration)}. Nothing is kept then
   */
  public Version register(String name, OnnxImport file) {
    return inside(() -> imports.register(name, file));
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
   * The version of that name, as it stands in a lineage, a run or an alias. The hash says which
   * version it is, the number does not: content that came out of a bundle may name versions by the
   * numbers that they had where it was made, and they are found here by kind, name and hash. That
   * reads every record of the name; where the number is right, one.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold that
   *     content under that kind and name
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
    VersionId id = signatures.require(stored).version().id();
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
          Stored stored = signatures.require(versions.require(version.id()));
          return stillThere(
              version.id(),
              () -> blobs.read(stored.attachment(name), "'" + name + "' of " + version.id()));
        });
  }

  /**
   * Writes the content of a version, of any size, to a stream of the caller's, for a look at it
   * that stands in no audit log, as that of {@link #content} does not.
   *
   * @param target not closed; without success it was given a part of it, or something else
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if it is not what was registered
   */
  public void read(Version version, OutputStream target) {
    Objects.requireNonNull(target, "target");
    inside(
        () -> {
          Stored stored = signatures.require(versions.require(version.id()));
          VersionId id = stored.version().id();
          return stillThere(
              id,
              () -> {
                blobs.copyTo(stored.blob(), target, id.toString());
                return target;
              });
        });
  }

  /**
   * As {@link #read(Version, OutputStream)}: a file that was attached to a version.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name
   */
  public void read(Version version, String attachment, OutputStream target) {
    Objects.requireNonNull(target, "target");
    inside(
        () -> {
          Stored stored = signatures.require(versions.require(version.id()));
          Blob blob = stored.attachment(attachment);
          VersionId id = stored.version().id();
          return stillThere(
              id,
              () -> {
                blobs.copyTo(blob, target, "'" + attachment + "' of " + id);
                return target;
              });
        });
  }

  /**
   * Writes a file that was attached to a version to a file, as {@link #export(Version, Path)} does
   * its content.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name;
   *     otherwise as {@link #export(Version, Path)}
   */
  public void export(Version version, String attachment, Path target) {
    Path file = target.toAbsolutePath();
    inside(
        () -> {
          Stored stored = signatures.require(versions.require(version.id()));
          Blob blob = stored.attachment(attachment);
          BlobStore.requirePlaceFor(file);
          VersionId id = stored.version().id();
          noteExport(id, file);
          return stillThere(
              id,
              () -> {
                blobs.export(blob, file, "'" + attachment + "' of " + id);
                return file;
              });
        });
  }

  /**
   * Writes the content of a version to a file, replacing what is there. Without success the file is
   * as it was before: not there, or the old one. Its record, its attachments and what it was made
   * from stay behind; {@link #exportBundle(Version, Path)} takes them along. The audit log tells
   * that it was asked for, unless the registry's folder may not be written to, or keys are trusted
   * and there is none to sign with.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if the target's folder does not exist;
   *     {@link ErrorCode#CONTENT_ALTERED} if the content is not what was registered
   */
  public void export(Version version, Path target) {
    Path file = target.toAbsolutePath();
    inside(
        () -> {
          Stored stored = signatures.require(versions.require(version.id()));
          BlobStore.requirePlaceFor(file);
          VersionId id = stored.version().id();
          noteExport(id, file);
          return stillThere(
              id,
              () -> {
                blobs.export(stored.blob(), file, id.toString());
                return file;
              });
        });
  }

  private void noteExport(VersionId id, Path file) throws IOException {
    if (Files.isWritable(layout.folder()) && signatures.canSignEntries()) {
      note(AuditLog.EXPORTED, id, "target", file);
    }
  }

  private void note(String action, VersionId id, String what, Path file) throws IOException {
    audit.append(
        action,
        id.kind().label() + " " + id.name() + ":" + id.number(),
        Map.of("version", AuditLog.text(id), what, file.toString()));
  }

  /** As {@link #exportBundle(Version, Path, Progress)}, silently. */
  public void exportBundle(Version version, Path target) {
    exportBundle(version, target, Progress.NONE);
  }

  /**
   * Writes a version, every version that it was made from, and that in turn, with their content and
   * their attachments into one zip file, replacing what is there. Without success the file is as it
   * was before. The same versions give the same bytes, at any time and on every JVM.
   *
   * <p>Aliases stay behind: where they point is a decision of this registry. The file is as
   * readable as the content: a registry that encrypts its folder does not encrypt what leaves it.
   *
   * @param progress counts the bytes of the content
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if the target's folder does not exist;
   *     {@link ErrorCode#CONTENT_ALTERED} if anything is not what was registered
   */
  public void exportBundle(Version version, Path target, Progress progress) {
    Objects.requireNonNull(progress, "progress");
    Path file = target.toAbsolutePath();
    inside(
        () -> {
          VersionId id = versions.require(version.id()).version().id();
          BlobStore.requirePlaceFor(file);
          noteExport(id, file);
          new BundleWriter(versions, blobs, signatures).write(id, file, progress);
          return file;
        });
  }

  /** As {@link #importBundle(Path, Progress)}, silently. */
  public Version importBundle(Path bundle) {
    return importBundle(bundle, Progress.NONE);
  }

  /**
   * Registers what {@link #exportBundle(Version, Path)} wrote, here or elsewhere. Each version
   * keeps its content, properties, attachments and the time when it was first registered; it gets a
   * number of this registry, unless there is a version of that content under that kind and name,
   * which then stands for it as it is.
   *
   * <p>The file is checked from end to end before anything is kept, and read a second time to keep
   * it: a file that is damaged or forged leaves this registry as it was. It needs no trust: no name
   * in it becomes a path unchecked, and it never unpacks to more than its own size. What the hashes
   * cannot tell is who made it. A process that is killed in the middle leaves some of the versions,
   * each complete and with all that it was made from; importing again brings the others.
   *
   * @param progress counts the bytes of the content, once when they are checked, once when kept
   * @return the version that was exported, as it is called here
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if there is no such file; {@link
   *     ErrorCode#FILE_UNREADABLE} if it is no bundle, not a whole one, or one that a newer release
   *     wrote; {@link ErrorCode#CONTENT_ALTERED} if a hash in it does not hold; {@link
   *     ErrorCode#CONFLICT} if a name in it differs only in case from one that is here; {@link
   *     ErrorCode#SIGNATURE_REFUSED} if keys are trusted, and something in it is signed with none
   *     of them
   */
  public Version importBundle(Path bundle, Progress progress) {
    Objects.requireNonNull(progress, "progress");
    Path file = bundle.toAbsolutePath();
    return inside(
        () -> {
          Version root =
              new BundleReader(file, layout, blobs, versions, signatures, lock, progress).read();
          if (signatures.canSignEntries()) {
            note(AuditLog.IMPORTED, root.id(), "source", file);
          }
          return root;
        });
  }

  /**
   * The model that a reference means now.
   *
   * @param reference as {@link #version(Kind, String)} takes it
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the content is no model of named
   *     columns, such as a file that was registered {@linkplain OnnxImport#asIs() as it is}
   */
  public Model model(String reference) {
    return inside(() -> readModel(reference));
  }

  private Model readModel(String reference) throws IOException {
    Stored stored = resolve(Kind.MODEL, reference);
    byte[] content = null;
    while (content == null) {
      try {
        content = read(stored);
      } catch (MlInfraException e) {
        // What was meant a moment ago may be deleted by now, and something else be meant.
        Stored again = resolve(Kind.MODEL, reference);
        if (again.version().id().equals(stored.version().id())) {
          throw e;
        }
        stored = again;
      }
    }
    return OnnxRegistrar.model(stored.version(), content);
  }

  /**
   * The model of that version, for callers who must know which one they got.
   *
   * @throws IllegalArgumentException if the version is not of kind MODEL
   * @throws MlInfraException as {@link #model(String)}
   */
  public Model model(Version version) {
    requireKind(Kind.MODEL, version);
    return OnnxRegistrar.model(version, content(version));
  }

  /**
   * Compares two models, of the same name or not: what they take and give, how their runs were set
   * and what came out, what they were made from, and their graphs. Both are read into memory.
   *
   * @throws IllegalArgumentException if one of them is not of kind MODEL
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold one of
   *     them; {@link ErrorCode#CONTENT_ALTERED} if one is not what was registered
   */
  public ModelDiff diff(Version before, Version after) {
    requireKind(Kind.MODEL, before);
    requireKind(Kind.MODEL, after);
    return inside(() -> new ModelComparison(versions, blobs).compare(before.id(), after.id()));
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

  /**
   * Registers how a version of a model did on some rows: a version of kind EVALUATION, under the
   * model's name, made from the model's version and those of the data. The same report on the same
   * version has a version already.
   *
   * @param model of kind MODEL
   * @throws IllegalArgumentException if the version is not of kind MODEL
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold the
   *     version, or one of the data's
   */
  public Version register(Version model, EvaluationReport report) {
    requireKind(Kind.MODEL, model);
    Objects.requireNonNull(report, "report");
    return inside(() -> evaluations.register(model.id(), report));
  }

  /**
   * The reports on a version of a model, newest last; {@link #evaluation} reads one.
   *
   * @throws IllegalArgumentException if the version is not of kind MODEL
   */
  public List<Version> evaluations(Version model) {
    requireKind(Kind.MODEL, model);
    return inside(() -> evaluations.of(model.id()).stream().map(Stored::version).toList());
  }

  /**
   * The report.
   *
   * @throws IllegalArgumentException if the version is not of kind EVALUATION
   */
  public EvaluationReport evaluation(Version version) {
    requireKind(Kind.EVALUATION, version);
    return inside(() -> evaluations.read(versions.require(version.id())));
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
   *     from an existing one; {@link ErrorCode#PROMOTION_REFUSED} if the alias is {@linkplain
   *     #protect protected} and the version does not meet its policy: the message has every rule
   *     with what was found
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
   * promotion starts anew from there; an alias that was removed comes back to where it pointed. A
   * policy is not asked: going back must always be possible.
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

  /**
   * Sets what a version must meet before an alias may point at it, in place of what was set before.
   * From now on {@link #promote} refuses others, in whichever process. Where the alias points now
   * is left as it is. Where the policy is that one already, nothing changes.
   *
   * @param name the model's name; it need not have a version yet
   * @param alias the alias, existing or not
   * @param policy {@link PromotionPolicy#none()} to let every version pass again
   * @param reason why, kept with the policy
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if a name differs only in case from an
   *     existing one
   */
  public void protect(String name, String alias, PromotionPolicy policy, String reason) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    Objects.requireNonNull(policy, "policy");
    Texts.requireUnicode("reason", reason);
    inside(() -> policies.protect(name, alias, policy, reason));
  }

  /** What a version must meet before an alias may point at it. */
  public PromotionPolicy policy(String name, String alias) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    return inside(() -> policies.find(name, alias));
  }

  /**
   * Holds a version against the policy of an alias, as {@link #promote} would now, and moves
   * nothing.
   *
   * @throws IllegalArgumentException if the version is not one of a model of that name
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold the
   *     version
   */
  public PromotionCheck check(String name, String alias, Version version) {
    FileNames.require("model name", name);
    FileNames.require("alias", alias);
    VersionId id = version.id();
    if (id.kind() != Kind.MODEL || !id.name().equals(name)) {
      throw new IllegalArgumentException(
          "version (" + id + ") must be one of model '" + name + "'");
    }
    return inside(
        () -> {
          VersionId held = versions.require(id).version().id();
          return gates.check(name, alias, held);
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
   * promotes meanwhile, or makes something from, stays, and so do its reports that are still there.
   *
   * @return what was deleted, products before what they were made from
   */
  public List<VersionId> expire(Retention policy, String reason) {
    Texts.requireUnicode("reason", reason);
    return inside(() -> deleter.expire(policy, reason));
  }

  /**
   * As {@link #expire(Retention, String)}, for the versions of one name only. All others stay, and
   * so does whatever any of them was made from.
   */
  public List<VersionId> expire(Kind kind, String name, Retention policy, String reason) {
    Objects.requireNonNull(kind, "kind");
    FileNames.require(kind.label() + " name", name);
    Texts.requireUnicode("reason", reason);
    return inside(() -> deleter.expire(kind, name, policy, reason));
  }

  /** What {@link #expire(Retention, String)} would delete now. */
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
   * removed something, export, import, change of a policy, and rotation of keys.
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

  /**
   * What a version was made from, down to the sources, and what was made from it, up to the last
   * product there is now. The facts are {@code created}; for a model {@code alias}, the aliases
   * that point at it now; for a run its metrics, the first six by name, and {@code git}, the start
   * of {@code git.commit} in its environment.
   *
   * <p>The lineage is complete, or it is an error: a record that cannot be read, wherever it is,
   * might be a product of this version, and so might one that is gone while others refer to it. The
   * first call reads every record of the registry, later ones only those that are new.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if this registry does not hold the
   *     version, or does not hold what some version was made from; {@link
   *     ErrorCode#CONTENT_ALTERED} if a version was made from itself
   */
  public Lineage lineage(Version version) {
    return inside(() -> lineages.read(version.id()));
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
    return new Verifier(
        layout, blobs, versions, aliases, moves, deleter, audit, signatures, referrers);
  }

  /**
   * Encrypts with the keyring's current key every file that is not, so that afterwards no other key
   * is needed. Readers and writers go on meanwhile, but all who write must have that current key by
   * then, in whatever process: what is written with an earlier one needs another call. Where it was
   * interrupted, everything can be read with both keys, and it is called again.
   *
   * @return how many files were rewritten
   * @throws IllegalStateException if the registry is not encrypted
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if files cannot be opened, or a run
   *     that is under way has logged with an earlier key; all others are rewritten by then, and the
   *     earlier keys still needed
   */
  public int reencrypt(Progress progress) {
    return inside(
        () -> {
          if (vault instanceof EncryptedVault encrypted) {
            int rewritten =
                new Reencryption(layout, encrypted, lock, List.of(runStore.logs()), false)
                    .run(progress);
            if (rewritten > 0 && signatures.canSignEntries()) {
              audit.append(
                  AuditLog.REENCRYPTED,
                  "registry",
                  Map.of(
                      "key", encrypted.keyring().current(), "files", Integer.toString(rewritten)));
            }
            return rewritten;
          }
          throw new IllegalStateException(this + " is not encrypted");
        });
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
    } catch (IOException | UncheckedIOException | UnsupportedOperationException e) {
      // The last is how a file system says that it is read-only, or has no file channels.
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "registry '" + layout.folder() + "': " + e, e);
    }
  }
}
