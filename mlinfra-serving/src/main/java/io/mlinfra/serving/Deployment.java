package io.mlinfra.serving;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * A reference being served: most often an alias, such as {@code flight-delay@champion}. The version
 * it means is looked up when the deployment opens and at each {@link #refresh()}, which the host
 * calls as often as it likes to follow the alias: on a schedule, or after a promotion.
 *
 * <p>Thread-safe. Every call is answered by one version, wholly; a call that is under way during a
 * refresh is answered by the version it began with. Closing waits for calls in flight; calls after
 * it throw {@link IllegalStateException}. The registry is borrowed: it must be open for {@code
 * open} and {@code refresh} only.
 *
 * <pre>{@code
 * try (Deployment delay = Deployment.open(registry, "flight-delay@champion")) {
 *   double probability =
 *       delay.predict(Map.of("origin", "JFK", "distance", 2475L)).probability();
 * }
 * }</pre>
 */
public final class Deployment implements AutoCloseable {
  private final Registry registry;
  private final String reference;
  private final ScorerOptions options;

  /** Held while what is served changes, never while it answers. */
  private final ReentrantLock changing = new ReentrantLock();

  private volatile Served served;

  private record Served(Version version, OnnxScorer scorer) {}

  private Deployment(Registry registry, String reference, ScorerOptions options, Served served) {
    this.registry = registry;
    this.reference = reference;
    this.options = options;
    this.served = served;
  }

  /** As {@link #open(Registry, String, ScorerOptions)} with {@link ScorerOptions#defaults()}. */
  public static Deployment open(Registry registry, String reference) {
    return open(registry, reference, ScorerOptions.defaults());
  }

  /**
   * Serves the version that a reference means now.
   *
   * @param reference {@code name@alias}; or {@code name} for the latest version, or {@code name:3}
   *     for one that stays
   * @return for the caller to close
   * @throws IllegalArgumentException if the reference is malformed
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such version; {@link
   *     ErrorCode#CONTENT_ALTERED} if its content is not what was registered; otherwise as {@link
   *     Scorer#open(Model, ScorerOptions)}
   */
  public static Deployment open(Registry registry, String reference, ScorerOptions options) {
    Objects.requireNonNull(options, "options");
    Version version = registry.version(Kind.MODEL, reference);
    // By its version, not by the reference: the alias may have moved since it was looked up.
    OnnxScorer scorer = open(registry.model(version), version, options);
    return new Deployment(registry, reference, options, new Served(version, scorer));
  }

  private static OnnxScorer open(Model model, Version version, ScorerOptions options) {
    return NativeRuntime.load(() -> OnnxScorer.open(model, options, Optional.of(version.id())));
  }

  /** As {@link Scorer#predict}, by the version served now, which the prediction names. */
  public Prediction predict(Map<String, ?> row) {
    OnnxScorer scorer = served.scorer;
    Gate.Pass pass = scorer.tryEnter();
    while (pass == null) {
      scorer = successor(scorer);
      pass = scorer.tryEnter();
    }
    try {
      return scorer.predictInside(row);
    } finally {
      pass.close();
    }
  }

  /** As {@link Scorer#score(VectorSchemaRoot, String, FloatBuffer)}, by the version served now. */
  public void score(VectorSchemaRoot batch, String output, FloatBuffer into) {
    OnnxScorer scorer = served.scorer;
    Gate.Pass pass = scorer.tryEnter();
    while (pass == null) {
      scorer = successor(scorer);
      pass = scorer.tryEnter();
    }
    try {
      scorer.scoreInside(batch, output, into);
    } finally {
      pass.close();
    }
  }

  /** What is served in place of a scorer that has closed. */
  private OnnxScorer successor(OnnxScorer closed) {
    OnnxScorer successor = served.scorer;
    // A scorer is replaced before it is closed, so one that is closed and still there is the last.
    if (successor == closed) {
      throw closed();
    }
    return successor;
  }

  /** The version served now. */
  public Version version() {
    return served.version;
  }

  /** What the model takes and gives; the same for as long as the deployment is open. */
  public Signature signature() {
    return served.scorer.signature();
  }

  /**
   * Looks the reference up again and, if it means another version by now, serves that one. Callers
   * are answered all the while, by the old version until the new one is loaded; the method returns
   * when the last call that the old one answers is done.
   *
   * @return whether the version changed
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the new version does not take and
   *     give the same columns as the old one, beside what {@link #open(Registry, String,
   *     ScorerOptions)} throws; the old version is served on
   */
  public boolean refresh() {
    changing.lock();
    try {
      Served old = served;
      if (old.scorer.isClosed()) {
        throw closed();
      }
      Version version = registry.version(Kind.MODEL, reference);
      if (version.id().equals(old.version.id())) {
        return false;
      }
      Model model = registry.model(version);
      requireSameColumns(old, version, model.signature());
      served = new Served(version, open(model, version, options));
      old.scorer.close();
      return true;
    } finally {
      changing.unlock();
    }
  }

  /** Who calls with the columns of the old version must not fail by the new one. */
  private void requireSameColumns(Served old, Version version, Signature offered) {
    Signature agreed = old.scorer.signature();
    if (!new HashSet<>(agreed.inputs()).equals(new HashSet<>(offered.inputs()))
        || !new HashSet<>(agreed.outputs()).equals(new HashSet<>(offered.outputs()))) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          this
              + " goes on to serve "
              + old.version.id()
              + ": its columns are "
              + agreed
              + ", and those of "
              + version.id()
              + " are "
              + offered
              + "; open another deployment for those");
    }
  }

  @Override
  public void close() {
    changing.lock();
    try {
      served.scorer.close();
    } finally {
      changing.unlock();
    }
  }

  @Override
  public String toString() {
    return "Deployment '" + reference + "'";
  }

  private IllegalStateException closed() {
    return new IllegalStateException(this + " is closed");
  }
}
