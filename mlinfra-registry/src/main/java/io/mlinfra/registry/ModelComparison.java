package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.Bundle.Identity;
import io.mlinfra.registry.ModelDiff.Change;
import io.mlinfra.registry.ModelDiff.MetricChange;
import io.mlinfra.registry.ModelDiff.SourceChange;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Compares two models, their runs and what they were made from. */
final class ModelComparison {
  private final VersionStore versions;
  private final BlobStore blobs;
  private final List<String> notes = new ArrayList<>();

  ModelComparison(VersionStore versions, BlobStore blobs) {
    this.versions = versions;
    this.blobs = blobs;
  }

  /** A model and how it came about; a run without anything where there is none. */
  private record Side(Stored model, Run run, List<VersionId> sources) {}

  ModelDiff compare(VersionId first, VersionId second) throws IOException {
    Side before = side(first);
    Side after = side(second);
    GraphComparison graphs = new GraphComparison(notes);
    if (!before.model.blob().equals(after.model.blob())) {
      graphs.compare(graph(before), graph(after));
    }
    return new ModelDiff(
        before.model.version(),
        after.model.version(),
        graphs.inputs(),
        graphs.outputs(),
        changes(before.run.settings(), after.run.settings()),
        metrics(before.run.metrics(), after.run.metrics()),
        changes(before.run.environment(), after.run.environment()),
        sources(before.sources, after.sources),
        graphs.operators(),
        graphs.constants(),
        graphs.operatorSets(),
        graphs.metadata(),
        notes);
  }

  private Side side(VersionId id) throws IOException {
    Stored model = versions.require(id);
    Map<Identity, VersionId> sources = new LinkedHashMap<>();
    Run run = null;
    for (VersionId source : model.version().madeFrom()) {
      if (source.kind() != Kind.RUN) {
        sources.putIfAbsent(Identity.of(source), source);
      } else if (run == null) {
        Stored stored = versions.require(source);
        run = read(stored);
        stored.version().madeFrom().forEach(made -> sources.putIfAbsent(Identity.of(made), made));
        // By the numbers of wherever it was run; those of its version are ours.
        run.inputs().forEach(input -> sources.putIfAbsent(Identity.of(input), input));
      }
    }
    if (run == null) {
      notes.add(model.version().id() + " has no run: its settings and metrics are not known");
      run = nothing();
    }
    return new Side(model, run, List.copyOf(sources.values()));
  }

  private Run read(Stored stored) throws IOException {
    VersionId id = stored.version().id();
    byte[] content = blobs.read(stored.blob(), id.toString());
    try {
      return Run.read("the content of " + id, content);
    } catch (MlInfraException e) {
      notes.add(id + " tells nothing: " + e.getMessage());
      return nothing();
    }
  }

  private static Run nothing() {
    return new Run(Map.of(), Map.of(), Map.of(), List.of());
  }

  private @Nullable ModelGraph graph(Side side) throws IOException {
    VersionId id = side.model.version().id();
    byte[] content;
    try {
      content = blobs.read(side.model.blob(), id.toString());
    } catch (MlInfraException e) {
      if (e.code() != ErrorCode.DATA_UNSUITABLE) {
        throw e;
      }
      notes.add("the graph of " + id + " cannot be compared: " + e.getMessage());
      return null;
    }
    try {
      return ModelGraph.read(content);
    } catch (MlInfraException e) {
      notes.add("the graph of " + id + " cannot be compared: " + e.getMessage());
      return null;
    }
  }

  /** What differs between two tables of texts, sorted by name. */
  static List<Change> changes(Map<String, String> before, Map<String, String> after) {
    List<Change> changes = new ArrayList<>();
    for (String name : names(before, after)) {
      String old = before.get(name);
      String young = after.get(name);
      if (!Objects.equals(old, young)) {
        changes.add(new Change(name, old, young));
      }
    }
    return changes;
  }

  private static List<MetricChange> metrics(Map<String, Double> before, Map<String, Double> after) {
    return names(before, after).stream()
        .map(name -> new MetricChange(name, before.get(name), after.get(name)))
        .toList();
  }

  private static Collection<String> names(Map<String, ?> before, Map<String, ?> after) {
    TreeSet<String> names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    return names;
  }

  /** Pairs what is the same, and of the rest what has the same kind and name, in its order. */
  private static List<SourceChange> sources(List<VersionId> before, List<VersionId> after) {
    List<SourceChange> changes = new ArrayList<>();
    List<VersionId> others = new ArrayList<>(after);
    List<VersionId> unpaired = new ArrayList<>();
    for (VersionId id : before) {
      VersionId same = take(others, other -> Identity.of(other).equals(Identity.of(id)));
      if (same == null) {
        unpaired.add(id);
      } else {
        changes.add(new SourceChange(id.kind(), id.name(), id, same));
      }
    }
    for (VersionId id : unpaired) {
      VersionId other =
          take(others, next -> next.kind() == id.kind() && next.name().equals(id.name()));
      changes.add(new SourceChange(id.kind(), id.name(), id, other));
    }
    others.forEach(id -> changes.add(new SourceChange(id.kind(), id.name(), null, id)));
    changes.sort(Comparator.comparing(SourceChange::kind).thenComparing(SourceChange::name));
    return changes;
  }

  private static @Nullable VersionId take(List<VersionId> from, Predicate<VersionId> wanted) {
    for (VersionId id : from) {
      if (wanted.test(id)) {
        from.remove(id);
        return id;
      }
    }
    return null;
  }
}
