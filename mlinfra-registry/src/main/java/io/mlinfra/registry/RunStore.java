package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.RunFiles.Entry;
import io.mlinfra.registry.RunRecords.Kept;
import io.mlinfra.registry.TrackedRun.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The logs and records of tracked runs. A log is written by the one process that started its run,
 * or resumed it; a record is written by that process when the run ends, and changed under the write
 * lock from then on. Readers need no lock. Thread-safe.
 */
final class RunStore implements Referrer {
  private final Layout layout;
  private final RunFiles files;
  private final Vault vault;
  private final Records records;
  private final BlobStore blobs;
  private final CandidateRegistrar candidates;
  private final WriteLock lock;
  private final RegistryOptions options;
  private final Gate gate;

  /** What this object has read of runs that have ended; a new revision is a new file. */
  private final Map<RunId, Kept> ended = new ConcurrentHashMap<>();

  /** How far this object has read the logs of those that have not. */
  private final Map<RunId, Live> live = new ConcurrentHashMap<>();

  private final Set<ActiveRun> open = ConcurrentHashMap.newKeySet();

  RunStore(
      Layout layout,
      Vault vault,
      Records records,
      BlobStore blobs,
      CandidateRegistrar candidates,
      WriteLock lock,
      RegistryOptions options,
      Gate gate) {
    this.layout = layout;
    this.files = new RunFiles(layout);
    this.vault = vault;
    this.records = records;
    this.blobs = blobs;
    this.candidates = candidates;
    this.lock = lock;
    this.options = options;
    this.gate = gate;
  }

  /** A log that is read on and on; guarded by itself. */
  private static final class Live {
    private final LogReader reader;
    private final RunState state;

    Live(LogReader reader, RunState state) {
      this.reader = reader;
      this.state = state;
    }

    void advance(String source) throws IOException {
      reader.advance(
          (number, json) ->
              RunRecords.read(
                  source,
                  json,
                  state,
                  (metric, step, value, at) -> state.summary(metric).add(step, value)));
    }
  }

  CandidateRegistrar candidates() {
    return candidates;
  }

  Instant now() {
    return options.clock().instant();
  }

  // Being inside the registry.

  Gate.Pass enter() {
    return gate.enter();
  }

  Gate.@Nullable Pass tryEnter() {
    return gate.tryEnter();
  }

  @SuppressWarnings("try") // the pass is held, not used
  <T> T inside(WriteLock.Work<T> work) {
    try (Gate.Pass pass = gate.enter()) {
      return work.run();
    } catch (IOException e) {
      throw failed(e);
    } catch (UncheckedIOException e) {
      throw failed(e);
    }
  }

  MlInfraException failed(Exception e) {
    return new MlInfraException(ErrorCode.IO_FAILED, "registry '" + layout.folder() + "': " + e, e);
  }

  // Writing.

  ActiveRun start(String experiment, @Nullable RunId parent) throws IOException {
    if (parent != null) {
      require(parent);
    }
    Instant now = now();
    ObjectNode begin = RunState.change(now);
    begin.put("actor", options.actor());
    if (parent != null) {
      begin.put("parent", parent.toString());
    }
    Owner.here().put(begin.putObject("process"));
    RunState.put(begin, "environment", Run.environmentOfThisJvm());
    FileNames.requireNoTwin("experiment", experiment, Layout.list(files.experiments()));
    DurableFiles.createFolders(files.folder(experiment));
    RunId id = allocate(experiment);
    begin.put("run", id.toString());
    LogWriter log = writer(id, reader(id));
    ActiveRun run = begin(id, log, new RunState(id), begin, now);
    DurableFiles.syncFolder(files.folder(experiment));
    return run;
  }

  private ActiveRun begin(RunId id, LogWriter log, RunState state, ObjectNode change, Instant now)
      throws IOException {
    byte[] json = Json.compact(change);
    try {
      log.append(new LogLine().raw(json));
      log.sync();
    } catch (IOException e) {
      log.close();
      throw e;
    }
    String source = files.log(id).toString();
    state.apply(Fields.parse(source, json), now, source);
    ActiveRun run = new ActiveRun(this, state, log);
    open.add(run);
    return run;
  }

  /** Whoever makes the file has the number; no lock is needed. */
  private RunId allocate(String experiment) throws IOException {
    NavigableMap<Integer, Entry> entries = files.list(experiment);
    int number = entries.isEmpty() ? 1 : entries.lastKey() + 1;
    while (true) {
      RunId id = new RunId(experiment, number);
      try {
        Files.createFile(files.log(id));
        return id;
      } catch (FileAlreadyExistsException e) {
        number++;
      }
    }
  }

  /** Goes on with a run whose process is gone. */
  ActiveRun resume(RunId id) throws IOException {
    return lock.hold(
        () -> {
          TrackedRun run = require(id).run();
          if (run.status() != Status.LOST) {
            throw new MlInfraException(
                ErrorCode.CONFLICT,
                "run " + id + " cannot be resumed: it is " + run.status() + ", not LOST");
          }
          Live log = new Live(reader(id), new RunState(id));
          log.advance(files.log(id).toString());
          Instant now = now();
          ObjectNode change = RunState.change(now);
          Owner.here().put(change.putObject("process"));
          LogWriter writer = writer(id, log.reader);
          return begin(id, writer, log.state, change, now);
        });
  }

  /** Goes on where a reader stopped. */
  private LogWriter writer(RunId id, LogReader read) {
    return new LogWriter(files.log(id), vault, layout.place(files.log(id)), read);
  }

  private LogReader reader(RunId id) {
    return new LogReader(files.log(id), vault, layout.place(files.log(id)));
  }

  /**
   * Keeps content and has it referred to, so that nobody who clears away what nothing refers to
   * comes between the two.
   */
  Blob keep(Registration.Content content, Consumer<Blob> refer) throws IOException {
    Blob blob = put(content);
    return lock.hold(
        () -> {
          Blob kept = Files.exists(layout.blob(blob.hash())) ? blob : put(content);
          refer.accept(kept);
          return kept;
        });
  }

  private Blob put(Registration.Content content) throws IOException {
    try (InputStream in = content.open()) {
      return blobs.put(in);
    }
  }

  /** Writes the record of a run that ends, whose log must be what was logged. */
  void seal(RunState state, LogWriter log, Status status, String error) throws IOException {
    log.finish();
    RunId id = state.id();
    Blob whole = reader(id).readAll((number, json) -> {});
    if (whole.bytes() != log.plainBytes()) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          files.log(id)
              + " was altered: it has "
              + whole.bytes()
              + " bytes, and "
              + log.plainBytes()
              + " were logged");
    }
    TrackedRun run = state.tracked(status, error, Optional.of(now()));
    Kept kept = new Kept(run, 1, state.artifacts(), whole);
    records.write(files.record(id, 1), RunRecords.toJson(kept));
  }

  void ended(ActiveRun run) {
    open.remove(run);
  }

  /** Ends what the registry's own process has not ended. */
  void endAll() {
    MlInfraException first = null;
    for (ActiveRun run : open) {
      try {
        run.close();
      } catch (MlInfraException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  TrackedRun tag(RunId id, String name, String value) throws IOException {
    return lock.hold(
        () -> {
          Kept kept = require(id);
          if (kept.revision() == 0) {
            throw new MlInfraException(
                ErrorCode.CONFLICT,
                "run " + id + " cannot be tagged from outside: it is " + kept.run().status());
          }
          TrackedRun run = RunRecords.tagged(kept.run(), name, value);
          Kept next = new Kept(run, kept.revision() + 1, kept.artifacts(), kept.log());
          records.write(files.record(id, next.revision()), RunRecords.toJson(next));
          Entry entry = files.list(id.experiment()).get(id.number());
          for (int revision : entry == null ? List.<Integer>of() : entry.revisions()) {
            if (revision < next.revision()) {
              Files.deleteIfExists(files.record(id, revision));
            }
          }
          return run;
        });
  }

  // Reading.

  Set<String> experiments() throws IOException {
    Set<String> experiments = new TreeSet<>();
    for (String experiment : Layout.list(files.experiments())) {
      if (!files.list(experiment).isEmpty()) {
        experiments.add(experiment);
      }
    }
    return experiments;
  }

  Kept require(RunId id) throws IOException {
    Optional<Kept> found = find(id);
    if (found.isPresent() && isLost(found.get())) {
      found = find(id);
    }
    return found.orElseThrow(
        () ->
            new MlInfraException(
                ErrorCode.NAME_UNKNOWN, "the registry " + layout.folder() + " has no run " + id));
  }

  private Optional<Kept> find(RunId id) throws IOException {
    Entry entry = files.list(id.experiment()).get(id.number());
    return entry == null ? Optional.empty() : load(id, entry.revision());
  }

  /** Every run of an experiment, by number. */
  List<TrackedRun> all(String experiment) throws IOException {
    NavigableMap<Integer, Kept> runs = new TreeMap<>();
    load(experiment, files.list(experiment), runs);
    NavigableMap<Integer, Kept> lost = new TreeMap<>(runs);
    lost.values().removeIf(kept -> !isLost(kept));
    if (!lost.isEmpty()) {
      NavigableMap<Integer, Entry> again = files.list(experiment);
      again.keySet().retainAll(lost.keySet());
      load(experiment, again, runs);
    }
    return runs.values().stream().map(Kept::run).toList();
  }

  private void load(String experiment, Map<Integer, Entry> entries, Map<Integer, Kept> into)
      throws IOException {
    for (Map.Entry<Integer, Entry> each : entries.entrySet()) {
      int number = each.getKey();
      load(new RunId(experiment, number), each.getValue().revision())
          .ifPresent(kept -> into.put(number, kept));
    }
  }

  /** Whether to look again: it may have ended, and its process too, since the folder was listed. */
  private static boolean isLost(Kept kept) {
    return kept.run().status() == Status.LOST;
  }

  /**
   * A run that was seen in the folder; empty if its process has come no farther than to make its
   * log.
   *
   * @param listed its latest revision there
   */
  private Optional<Kept> load(RunId id, int listed) throws IOException {
    int revision = listed;
    while (revision > 0) {
      Kept known = ended.get(id);
      if (known != null && known.revision() == revision) {
        return Optional.of(known);
      }
      Path file = files.record(id, revision);
      Optional<byte[]> bytes = records.read(file);
      if (bytes.isPresent()) {
        Kept read = RunRecords.read(file.toString(), bytes.get(), id, revision);
        ended.put(id, read);
        live.remove(id);
        return Optional.of(read);
      }
      // Somebody has tagged it meanwhile.
      int newer = revision(id);
      if (newer <= revision) {
        throw new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " is missing");
      }
      revision = newer;
    }
    return running(id);
  }

  private int revision(RunId id) throws IOException {
    Entry entry = files.list(id.experiment()).get(id.number());
    return entry == null ? 0 : entry.revision();
  }

  private Optional<Kept> running(RunId id) throws IOException {
    Live log = live.computeIfAbsent(id, key -> new Live(reader(key), new RunState(key)));
    synchronized (log) {
      try {
        log.advance(files.log(id).toString());
      } catch (IOException | RuntimeException e) {
        // Read from the beginning next time.
        live.remove(id, log);
        throw e;
      }
      RunState state = log.state;
      if (!state.isBegun()) {
        return Optional.empty();
      }
      Status status = state.owner().isGone() ? Status.LOST : Status.RUNNING;
      TrackedRun run = state.tracked(status, "", Optional.empty());
      return Optional.of(new Kept(run, 0, Map.copyOf(state.artifacts()), null));
    }
  }

  byte[] artifact(RunId id, String name) throws IOException {
    return blobs.read(require(id).artifact(name), "'" + name + "' of run " + id);
  }

  /** The curves of the metrics that {@code wanted} names, or of all where it names none. */
  Map<String, Curve> curves(RunId id, Set<String> wanted) throws IOException {
    Kept kept = require(id);
    Map<String, Curve.Builder> builders = new TreeMap<>();
    String source = files.log(id).toString();
    Blob log =
        reader(id)
            .readAll(
                (number, json) ->
                    RunRecords.read(
                        source,
                        json,
                        null,
                        (metric, step, value, at) -> {
                          if (wanted.isEmpty() || wanted.contains(metric)) {
                            builders
                                .computeIfAbsent(metric, Curve.Builder::new)
                                .add(step, value, at);
                          }
                        }));
    requireSame(kept, log, files.log(id));
    for (String metric : wanted) {
      if (!builders.containsKey(metric)) {
        Set<String> metrics = kept.run().metrics().keySet();
        throw new MlInfraException(
            ErrorCode.NAME_UNKNOWN,
            "run "
                + id
                + " has no metric '"
                + Texts.abbreviated(metric)
                + "'; it has "
                + (metrics.isEmpty() ? "none" : Texts.few(metrics)));
      }
    }
    Map<String, Curve> curves = new TreeMap<>();
    builders.forEach((metric, builder) -> curves.put(metric, builder.build()));
    return curves;
  }

  private static void requireSame(Kept kept, Blob log, Path file) {
    if (kept.log() != null && !kept.log().equals(log)) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, file + " was altered: it is not what the run ended with");
    }
  }

  // For those who clear away and those who verify.

  /** The artifacts, also of runs under way. */
  @Override
  public void contents(BiConsumer<Blob, String> content) throws IOException {
    for (String experiment : Layout.list(files.experiments())) {
      NavigableMap<Integer, Kept> runs = new TreeMap<>();
      load(experiment, files.list(experiment), runs);
      for (Kept kept : runs.values()) {
        kept.artifacts()
            .forEach(
                (name, blob) -> content.accept(blob, "'" + name + "' of run " + kept.run().id()));
      }
    }
  }

  /** Reads every log and every record again. */
  @Override
  public void verify(Consumer<String> problems) throws IOException {
    for (String experiment : Layout.list(files.experiments())) {
      NavigableMap<Integer, Entry> entries = files.list(experiment);
      for (int number = 1; !entries.isEmpty() && number <= entries.lastKey(); number++) {
        RunId id = new RunId(experiment, number);
        Entry entry = entries.get(number);
        if (entry == null) {
          problems.accept("run " + id + " is missing: " + files.log(id));
          continue;
        }
        try {
          verify(id, entry, problems);
        } catch (MlInfraException e) {
          problems.accept(String.valueOf(e.getMessage()));
        } catch (IOException e) {
          problems.accept(e.toString());
        }
      }
    }
  }

  private void verify(RunId id, Entry entry, Consumer<String> problems) throws IOException {
    if (!entry.log()) {
      problems.accept(files.log(id) + " is missing");
    }
    // What was read before may have been altered since.
    ended.remove(id);
    live.remove(id);
    Optional<Kept> found = load(id, entry.revision());
    if (found.isPresent() && entry.log()) {
      Blob log = reader(id).readAll((number, json) -> {});
      requireSame(found.get(), log, files.log(id));
    }
  }

  /** Seals logs with another key. */
  Reencryption.Rewriter logs() {
    return new LogRewriter(layout, lock, id -> require(id).run().status() == Status.RUNNING);
  }
}
