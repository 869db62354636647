package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.CandidateRegistrar.Prepared;
import io.mlinfra.registry.CandidateRegistrar.Registered;
import io.mlinfra.registry.TrackedRun.Metric;
import io.mlinfra.registry.TrackedRun.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A run that is under way, for the process that does it.
 *
 * <pre>{@code
 * try (ActiveRun run = registry.runs().start("flight-delay")) {
 *   run.param("trainer", "mlp");
 *   run.metric("loss", epoch, loss);
 *   run.artifact("confusion.csv", confusion);
 *   Version model = run.register("flight-delay", trained);
 *   run.finish();
 * }
 * }</pre>
 *
 * <p>What a method was told is with the operating system when it returns: it outlives the process,
 * however that ends. It is forced to the disk about once a second while something is logged, and
 * when the run ends: when the power fails, the last second of logging may be lost, also where
 * nothing was logged since, and nothing before it.
 *
 * <p>A run that is closed without having been finished is marked {@link Status#FAILED}, for an
 * exception may have led there; so is one that is open when its registry closes. Ending a run again
 * does nothing. Everything else is an {@link IllegalStateException} once it has ended.
 *
 * <p>Thread-safe: many threads may log to one run. Interrupts lose nothing. Beside what the methods
 * name, every call may throw an {@link MlInfraException} of {@link ErrorCode#IO_FAILED}; what could
 * not be logged then is not in the run, and logging may go on.
 */
public final class ActiveRun implements AutoCloseable {
  private static final int MAX_ERROR = 10_000;

  private final RunStore store;
  private final RunId id;

  /** Never held when the write lock is asked for; the other way round it may be. */
  private final Object monitor = new Object();

  private final RunState state;
  private final LogWriter log;
  private final LogLine line = new LogLine();
  private boolean ended;

  ActiveRun(RunStore store, RunState state, LogWriter log) {
    this.store = store;
    this.id = state.id();
    this.state = state;
    this.log = log;
  }

  /** Experiment and number, such as {@code flight-delay/17}. */
  public String id() {
    return id.toString();
  }

  /**
   * Notes a setting.
   *
   * @throws IllegalArgumentException if the run has another value for it: a param is set once
   */
  public void param(String name, String value) {
    params(Map.of(name, value));
  }

  /** As {@link #param}, for each entry; all of them or none. */
  public void params(Map<String, String> params) {
    Map<String, String> sorted = Texts.sorted("param", params);
    change(
        change -> {
          sorted.forEach(this::requireSame);
          state.requireRoom(RunState.weight(sorted));
          RunState.put(change, "params", sorted);
        });
  }

  private void requireSame(String name, String value) {
    String before = state.params().get(name);
    if (before != null && !before.equals(value)) {
      throw new IllegalArgumentException(
          "param '"
              + Texts.abbreviated(name)
              + "' ('"
              + Texts.abbreviated(value)
              + "') must stay '"
              + Texts.abbreviated(before)
              + "', which run "
              + id
              + " has for it");
    }
  }

  /**
   * Logs a point of a curve.
   *
   * @param step what is counted: epochs, batches, examples; several values at one step are kept
   * @param value may be NaN or infinite
   */
  public void metric(String name, long step, double value) {
    Gate.Pass pass = store.enter();
    try {
      synchronized (monitor) {
        requireOpen();
        point(name, step, value);
      }
    } catch (IOException e) {
      throw store.failed(e);
    } finally {
      pass.close();
    }
  }

  private void point(String name, long step, double value) throws IOException {
    RunState.Summary summary = state.summary(name);
    startPoints(step).raw(summary.member).number(value).ascii("}}");
    log.append(line);
    summary.add(step, value);
  }

  private LogLine startPoints(long step) {
    return line.start()
        .ascii("{\"step\":")
        .number(step)
        .ascii(",\"at\":")
        .number(store.now().toEpochMilli())
        .ascii(",\"metrics\":{");
  }

  /** As {@link #metric}, for several metrics at one step; all of them or none. */
  public void metrics(long step, Map<String, Double> values) {
    Map<String, Double> sorted = new TreeMap<>(values);
    if (sorted.isEmpty()) {
      return;
    }
    Gate.Pass pass = store.enter();
    try {
      synchronized (monitor) {
        requireOpen();
        startPoints(step);
        String separator = "";
        for (Map.Entry<String, Double> each : sorted.entrySet()) {
          double value = Objects.requireNonNull(each.getValue(), each.getKey());
          line.ascii(separator).raw(state.summary(each.getKey()).member).number(value);
          separator = ",";
        }
        line.ascii("}}");
        log.append(line);
        sorted.forEach((name, value) -> state.summary(name).add(step, value));
      }
    } catch (IOException e) {
      throw store.failed(e);
    } finally {
      pass.close();
    }
  }

  /** Notes something about the run; a later value takes the place of an earlier one. */
  public void tag(String name, String value) {
    Map<String, String> tag = Texts.sorted("tag", Map.of(name, value));
    change(
        change -> {
          state.requireRoom(RunState.weight(tag));
          RunState.put(change, "tags", tag);
        });
  }

  /** Notes that the run reads these versions. */
  public void inputs(Version... versions) {
    List<VersionId> ids = List.of(versions).stream().map(Version::id).toList();
    change(change -> RunState.put(change, "inputs", ids));
  }

  /**
   * Keeps a file of the run. One of the same name takes its place.
   *
   * @param name such as {@code confusion.csv}
   * @throws IllegalArgumentException if the name cannot be a file name everywhere
   */
  public void artifact(String name, byte[] content) {
    Objects.requireNonNull(content, "content");
    keep(name, () -> new ByteArrayInputStream(content));
  }

  /**
   * As {@link #artifact(String, byte[])}: a file of any size, as it is now.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_MISSING} if there is no such file
   */
  public void artifact(String name, Path file) {
    Objects.requireNonNull(file, "file");
    keep(name, () -> BlobStore.open(file));
  }

  private void keep(String name, Registration.Content content) {
    FileNames.require("artifact name", name);
    store.inside(
        () -> {
          synchronized (monitor) {
            requireOpen();
          }
          return store.keep(
              content,
              blob -> {
                change(change -> put(change, name, blob));
              });
        });
  }

  private void put(ObjectNode change, String name, Blob blob) {
    state.requireRoom(RunState.weight(Map.of(name, blob.hash().hex())));
    Json.put(change.putObject("artifacts").putObject(name), blob);
  }

  /**
   * Registers what was trained in this run: its pipeline, if it says what that is, its {@link Run},
   * made from its inputs and that pipeline, and its model, made from that {@link Run}; all of them
   * under one name. The same training, registered again, gives the same versions.
   *
   * <p>What the candidate says goes into this run: its settings, which take the place of params of
   * the same name, for with these it was trained; its environment and inputs; its curves, but for
   * metrics that this run has points of already; and its metrics.
   *
   * @return the model's version
   * @throws IllegalArgumentException if the name cannot be a file name everywhere, or a row of the
   *     input example does not fit the model's signature
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the registry does not hold an input,
   *     {@link ErrorCode#CONFLICT} if the name differs only in case from an existing one; either
   *     before anything is kept
   */
  public Version register(String name, Candidate candidate) {
    return register(store.inside(() -> store.candidates().prepare(name, candidate)));
  }

  Version register(Prepared prepared) {
    Run run = prepared.run();
    long weight =
        RunState.weight(run.settings())
            + RunState.weight(run.environment())
            + RunState.weight(prepared.curves().keySet())
            + RunState.weight(run.metrics().keySet());
    return store.inside(
        () -> {
          synchronized (monitor) {
            requireOpen();
            state.requireRoom(weight);
          }
          Registered registered = store.candidates().register(prepared);
          List<VersionId> versions = List.of(registered.run().id(), registered.model().id());
          synchronized (monitor) {
            requireOpen();
            merge(prepared);
            change(
                change -> {
                  RunState.put(change, "params", run.settings());
                  RunState.put(change, "environment", run.environment());
                  RunState.put(change, "inputs", run.inputs());
                  RunState.put(change, "versions", versions);
                });
          }
          return registered.model();
        });
  }

  private void merge(Prepared prepared) throws IOException {
    for (Map.Entry<String, List<Double>> curve : prepared.curves().entrySet()) {
      if (state.metric(curve.getKey()).isEmpty()) {
        long step = 1;
        for (double value : curve.getValue()) {
          point(curve.getKey(), step++, value);
        }
      }
    }
    for (Map.Entry<String, Double> metric : prepared.run().metrics().entrySet()) {
      double value = metric.getValue();
      Optional<Metric> logged = state.metric(metric.getKey());
      if (logged.isEmpty() || Double.compare(logged.get().last(), value) != 0) {
        point(metric.getKey(), logged.map(Metric::step).orElse(0L), value);
      }
    }
  }

  /** Starts a run that is a part of this one, in the same experiment. */
  public ActiveRun child() {
    return store.inside(() -> store.start(id.experiment(), id));
  }

  /** Ends the run well. */
  public void finish() {
    end(Status.FINISHED, "");
  }

  /** Ends the run as failed. */
  public void fail(Throwable cause) {
    fail(cause.toString());
  }

  /**
   * Ends the run as failed.
   *
   * @param error why; of a longer one, the first 10,000 characters are kept
   */
  public void fail(String error) {
    String text = error.substring(0, Math.min(error.length(), MAX_ERROR));
    // Half of a surrogate pair becomes a question mark: no reason to lose the error over.
    end(Status.FAILED, new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }

  /** Marks the run as failed unless it has ended. */
  @Override
  public void close() {
    end(Status.FAILED, "closed without finish");
  }

  private void end(Status status, String error) {
    synchronized (monitor) {
      if (ended) {
        return;
      }
      Gate.Pass pass = store.tryEnter();
      if (pass == null) {
        // Its registry is closed: nothing may be written any more.
        ended = true;
        log.close();
        return;
      }
      try {
        store.seal(state, log, status, error);
        ended = true;
        store.ended(this);
      } catch (IOException e) {
        throw store.failed(e);
      } finally {
        pass.close();
      }
    }
  }

  private void change(Consumer<ObjectNode> members) {
    store.inside(
        () -> {
          synchronized (monitor) {
            requireOpen();
            Instant at = store.now();
            ObjectNode change = RunState.change(at);
            members.accept(change);
            byte[] json = Json.compact(change);
            log.append(line.start().raw(json));
            // As a reader will read it.
            String source = "run " + id;
            state.apply(Fields.parse(source, json), at, source);
            return id;
          }
        });
  }

  private void requireOpen() {
    if (ended) {
      throw new IllegalStateException("run " + id + " has ended");
    }
  }

  @Override
  public String toString() {
    synchronized (monitor) {
      return "ActiveRun[" + id + (ended ? ", ended]" : "]");
    }
  }
}
