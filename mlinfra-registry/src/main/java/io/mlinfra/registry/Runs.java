package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.registry.CandidateRegistrar.Prepared;
import io.mlinfra.registry.TrackedRun.Status;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The runs of a registry, by experiment: each time that something was tried, with what was set,
 * what was measured and how that went. {@link Registry#runs()} gives it.
 *
 * <pre>{@code
 * List<TrackedRun> best =
 *     registry.runs().search(
 *         "flight-delay",
 *         "metrics.auc > 0.7 and params.trainer = 'mlp' order by metrics.auc desc limit 10");
 * RunComparison comparison = registry.runs().compare(best);
 * }</pre>
 *
 * <p>A run is named {@code experiment/number}; numbers count from 1. While it is under way, its log
 * grows, which others can read meanwhile; when it ends, a record says all but the curves.
 *
 * <h2>Searching</h2>
 *
 * A search has three parts, all optional: a condition, {@code order by} and {@code limit}.
 *
 * <ul>
 *   <li>Names are {@code params.x}, {@code metrics.x} (its last value), {@code tags.x}, {@code
 *       environment.x}, and {@code status}, {@code started}, {@code ended}, {@code duration} (in
 *       seconds), {@code experiment}, {@code number}, {@code actor}, {@code parent}. A name with
 *       characters other than letters, digits and {@code _ . - : /} stands in backticks or double
 *       quotes, twice that quote for one of them: {@code params.`learning rate`}.
 *   <li>Values are numbers, and texts in single quotes, twice that quote for one of them. Times are
 *       texts: {@code '2026-11-22'}, which is midnight UTC, or {@code '2026-11-22T12:00:00Z'}.
 *   <li>Conditions are {@code = != < <= > >=}, {@code like} and {@code ilike} ({@code %} is any
 *       text, {@code _} any character; {@code ilike} ignores case), {@code in (…)}, {@code not in
 *       (…)}, {@code not like}, {@code is null}, {@code is not null}, put together with {@code
 *       and}, {@code or}, {@code not} and brackets. Params, tags and environment entries are texts;
 *       beside a number they are compared as numbers, and one that is no number satisfies nothing.
 *       A name that a run has no value for satisfies {@code is null} and nothing else.
 *   <li>Order is {@code order by metrics.auc desc, params.seed}: numbers, then texts, then those
 *       without a value or with NaN, in either direction. What is equal then, and everything where
 *       no order is given, comes newest first.
 * </ul>
 *
 * <p>Thread-safe. Beside what the methods name, every call may throw an {@link MlInfraException} of
 * {@link ErrorCode#IO_FAILED}, {@link ErrorCode#CONTENT_ALTERED} or {@link
 * ErrorCode#FILE_UNREADABLE} that names the file.
 */
public final class Runs {
  private final RunStore store;

  Runs(RunStore store) {
    this.store = store;
  }

  /**
   * Starts a run.
   *
   * @param experiment what is tried, such as a model's name; new or existing
   * @throws IllegalArgumentException if it cannot be a file name everywhere
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if it differs only in case from an existing
   *     one
   */
  public ActiveRun start(String experiment) {
    FileNames.require("experiment name", experiment);
    return store.inside(() -> store.start(experiment, null));
  }

  /**
   * Starts a run that is a part of another.
   *
   * @param parent the other one's id, of any experiment
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such run; otherwise as
   *     {@link #start(String)}
   */
  public ActiveRun start(String experiment, String parent) {
    FileNames.require("experiment name", experiment);
    RunId id = RunId.parse(parent);
    return store.inside(() -> store.start(experiment, id));
  }

  /**
   * Goes on with a run whose process is gone, after the last thing that it had logged.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such run; {@link
   *     ErrorCode#CONFLICT} if it is not {@link Status#LOST}
   */
  public ActiveRun resume(String id) {
    RunId run = RunId.parse(id);
    return store.inside(() -> store.resume(run));
  }

  /**
   * A run as it stands now.
   *
   * @throws IllegalArgumentException if the id is not of the form {@code experiment/number}
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such run
   */
  public TrackedRun get(String id) {
    RunId run = RunId.parse(id);
    return store.inside(() -> store.require(run).run());
  }

  /** The experiments that have runs, sorted. */
  public Set<String> experiments() {
    return store.inside(() -> Collections.unmodifiableSet(store.experiments()));
  }

  /**
   * The runs of an experiment that a search finds; none if there is no such experiment.
   *
   * @param search as the class says; an empty one finds all, newest first
   * @throws IllegalArgumentException if the search cannot be understood; the message says where
   */
  public List<TrackedRun> search(String experiment, String search) {
    FileNames.require("experiment name", experiment);
    RunSearch parsed = RunSearch.parse(search);
    return parsed.of(store.inside(() -> store.all(experiment)));
  }

  /** As {@link #search}, in all experiments. */
  public List<TrackedRun> searchAll(String search) {
    RunSearch parsed = RunSearch.parse(search);
    return parsed.of(store.inside(this::all));
  }

  private List<TrackedRun> all() throws IOException {
    List<TrackedRun> runs = new ArrayList<>();
    for (String experiment : store.experiments()) {
      runs.addAll(store.all(experiment));
    }
    return runs;
  }

  /** The runs that are parts of this one, of all experiments, newest first. */
  public List<TrackedRun> children(String id) {
    String parent = RunId.parse(id).toString();
    return RunSearch.parse("").of(store.inside(this::all)).stream()
        .filter(run -> run.parent().filter(parent::equals).isPresent())
        .toList();
  }

  /**
   * How a metric of a run went.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such run or it has no
   *     such metric
   */
  public Curve curve(String id, String metric) {
    RunId run = RunId.parse(id);
    return store.inside(() -> store.curves(run, Set.of(metric)).values().iterator().next());
  }

  /**
   * A file of a run.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such run or it has no
   *     such file
   */
  public byte[] artifact(String id, String name) {
    RunId run = RunId.parse(id);
    return store.inside(() -> store.artifact(run, name));
  }

  /**
   * Notes something about a run that has ended; a later value takes the place of an earlier one.
   *
   * @return the run as it is now
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such run; {@link
   *     ErrorCode#CONFLICT} if it has not ended: who runs it tags it
   */
  public TrackedRun tag(String id, String name, String value) {
    RunId run = RunId.parse(id);
    Texts.sorted("tag", Map.of(name, value));
    return store.inside(() -> store.tag(run, name, value));
  }

  /**
   * Puts runs side by side; their curves are read now.
   *
   * @throws IllegalArgumentException if there is none
   */
  public RunComparison compare(List<TrackedRun> runs) {
    if (runs.isEmpty()) {
      throw new IllegalArgumentException("runs must hold at least one run");
    }
    return store.inside(
        () -> {
          List<Map<String, Curve>> curves = new ArrayList<>();
          for (TrackedRun run : runs) {
            curves.add(store.curves(RunId.parse(run.id()), Set.of()));
          }
          return new RunComparison(runs, curves);
        });
  }

  /** A training that was not tracked while it went on: one run, from its start to its end. */
  Version register(String name, Candidate candidate) {
    Prepared prepared = store.inside(() -> store.candidates().prepare(name, candidate));
    try (ActiveRun run = start(name)) {
      Version model = run.register(prepared);
      run.finish();
      return model;
    }
  }
}
