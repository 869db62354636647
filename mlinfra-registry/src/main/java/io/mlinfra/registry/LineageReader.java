package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.VersionGraph.Node;
import io.mlinfra.registry.VersionGraph.Snapshot;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Lineages and their facts. Facts never keep a lineage from being told: one that cannot be read
 * says so in its place. Thread-safe.
 */
final class LineageReader {
  private static final int MOST_METRICS = 6;
  private static final int MOST_RUN_BYTES = 1 << 20;
  private static final int SHORT_COMMIT = 8;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

  private final VersionGraph graph;
  private final BlobStore blobs;
  private final AliasStore aliases;

  /** By the content of the run, which is what it is named by. */
  private final Map<ContentHash, Map<String, String>> runs = new ConcurrentHashMap<>();

  LineageReader(VersionGraph graph, BlobStore blobs, AliasStore aliases) {
    this.graph = graph;
    this.blobs = blobs;
    this.aliases = aliases;
  }

  Lineage read(VersionId id) throws IOException {
    Snapshot snapshot = graph.around(id);
    Set<VersionId> around = new HashSet<>(Set.of(id));
    around.addAll(reached(id, source -> snapshot.node(source).madeFrom()));
    around.addAll(reached(id, source -> there(snapshot.madeInto(source))));
    Map<VersionId, List<VersionId>> madeFrom = new HashMap<>();
    Map<VersionId, Map<String, String>> facts = new HashMap<>();
    Map<String, Map<VersionId, String>> aliasesOfModels = new HashMap<>();
    for (VersionId version : around) {
      Node node = snapshot.node(version);
      madeFrom.put(version, node.madeFrom());
      Map<String, String> texts = new LinkedHashMap<>();
      if (version.kind() == Kind.MODEL) {
        Map<VersionId, String> ofModel = aliasesOfModels.get(version.name());
        if (ofModel == null) {
          ofModel = aliasesOf(version, around);
          aliasesOfModels.put(version.name(), ofModel);
        }
        String alias = ofModel.get(version);
        if (alias != null) {
          texts.put("alias", alias);
        }
      }
      texts.put(
          "created", node.created().truncatedTo(ChronoUnit.SECONDS).toString().replace('T', ' '));
      if (version.kind() == Kind.RUN) {
        runFacts(node).forEach(texts::putIfAbsent);
      }
      facts.put(version, texts);
    }
    try {
      return Lineage.of(id, madeFrom, facts);
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          "a record in the lineage of " + id + " was altered: " + e.getMessage(),
          e);
    }
  }

  private interface Steps {
    List<VersionId> from(VersionId id) throws IOException;
  }

  /** Those that were not deleted. Only what nothing was made from can be. */
  private List<VersionId> there(List<VersionId> products) throws IOException {
    List<VersionId> there = new ArrayList<>();
    for (VersionId product : products) {
      if (graph.isThere(product)) {
        there.add(product);
      }
    }
    return there;
  }

  private static Set<VersionId> reached(VersionId start, Steps steps) throws IOException {
    Set<VersionId> reached = new HashSet<>();
    Deque<VersionId> open = new ArrayDeque<>(List.of(start));
    while (!open.isEmpty()) {
      for (VersionId next : steps.from(open.pop())) {
        if (reached.add(next)) {
          open.push(next);
        }
      }
    }
    return reached;
  }

  /** The aliases that point at versions of that model now. */
  private Map<VersionId, String> aliasesOf(VersionId model, Set<VersionId> around)
      throws IOException {
    Map<VersionId, String> names = new HashMap<>();
    try {
      for (Alias alias : aliases.all(model.name())) {
        names.merge(alias.version(), alias.alias(), (one, other) -> one + ", " + other);
      }
    } catch (MlInfraException e) {
      for (VersionId id : around) {
        if (id.kind() == Kind.MODEL && id.name().equals(model.name())) {
          names.put(id, "unreadable");
        }
      }
    }
    return names;
  }

  private Map<String, String> runFacts(Node node) throws IOException {
    Map<String, String> known = runs.get(node.id().hash());
    if (known != null) {
      return known;
    }
    if (node.blob().bytes() > MOST_RUN_BYTES) {
      return Map.of();
    }
    byte[] content;
    try {
      content = blobs.read(node.blob(), node.id().toString());
    } catch (MlInfraException e) {
      return Map.of("content", "altered or missing");
    }
    Map<String, String> facts = new LinkedHashMap<>();
    try {
      Run run = Run.read(node.id().toString(), content);
      run.metrics().entrySet().stream()
          .limit(MOST_METRICS)
          .forEach(metric -> facts.put(metric.getKey(), format(metric.getValue())));
      String commit = run.environment().get("git.commit");
      if (commit != null) {
        facts.putIfAbsent(
            "git", COMMIT.matcher(commit).matches() ? commit.substring(0, SHORT_COMMIT) : commit);
      }
    } catch (MlInfraException | IllegalArgumentException e) {
      // Any content may be registered as a run. What is none has no metrics.
      facts.clear();
    }
    runs.put(node.id().hash(), facts);
    return facts;
  }

  /** Four significant digits. */
  private static String format(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
    }
    double size = Math.abs(value);
    if (size < 1e12 && value == Math.rint(value)) {
      return Long.toString((long) value);
    }
    if (size >= 1e12 || size < 1e-4) {
      return String.format(Locale.ROOT, "%.3e", value);
    }
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(4));
    return rounded.stripTrailingZeros().toPlainString();
  }
}
