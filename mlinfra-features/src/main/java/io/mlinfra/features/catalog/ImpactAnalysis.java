package io.mlinfra.features.catalog;

import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.features.catalog.CatalogEntry.Type;
import io.mlinfra.features.catalog.FeatureImpact.AffectedFeature;
import io.mlinfra.features.catalog.FeatureImpact.AffectedModel;
import io.mlinfra.features.catalog.FeatureImpact.AffectedService;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Alias;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Follows a change from the features that it touches to the models. Used once. */
final class ImpactAnalysis {
  /** What a change does to a view. */
  interface Change {
    /** The features of the view that it touches, by name, and why. */
    Map<String, String> in(FeatureView view);
  }

  private static final Comparator<VersionId> BY_NAME =
      Comparator.comparing(VersionId::name)
          .thenComparing(VersionId::number, Comparator.reverseOrder());

  private final FeatureCatalog catalog;
  private final Registry registry;
  private final Change change;
  private final List<AffectedFeature> features = new ArrayList<>();
  private final List<AffectedService> services = new ArrayList<>();
  private final Map<VersionId, Set<VersionId>> models = new TreeMap<>(BY_NAME);

  private ImpactAnalysis(FeatureCatalog catalog, Registry registry, Change change) {
    this.catalog = catalog;
    this.registry = registry;
    this.change = change;
  }

  static FeatureImpact of(FeatureCatalog catalog, Registry registry, String what, Change change) {
    return new ImpactAnalysis(catalog, registry, change).run(what);
  }

  private FeatureImpact run(String what) {
    Map<String, List<CatalogEntry>> names = catalog.entries();
    Set<VersionId> ofServices = new HashSet<>();
    for (List<CatalogEntry> versions : names.values()) {
      for (CatalogEntry entry : versions) {
        if (entry.type() == Type.SERVICE) {
          ofServices.add(entry.version().id());
        }
      }
    }
    for (List<CatalogEntry> versions : names.values()) {
      CatalogEntry newestView = FeatureCatalog.newest(versions, Type.VIEW).orElse(null);
      CatalogEntry newestService = FeatureCatalog.newest(versions, Type.SERVICE).orElse(null);
      for (CatalogEntry entry : versions) {
        if (entry.type() == Type.VIEW) {
          view(entry.version(), entry == newestView, ofServices);
        } else {
          service(entry.version(), entry == newestService);
        }
      }
    }
    return new FeatureImpact(what, features, services, models());
  }

  private void view(Version version, boolean newest, Set<VersionId> ofServices) {
    Map<String, String> touched = change.in(catalog.view(version));
    if (touched.isEmpty()) {
      return;
    }
    VersionId id = version.id();
    if (newest) {
      touched.forEach((name, why) -> features.add(new AffectedFeature(id, name, why)));
    }
    // What goes through a service may use other features of the view.
    Lineage lineage = registry.lineage(version);
    Set<VersionId> seen = new HashSet<>(ofServices);
    Deque<VersionId> open = new ArrayDeque<>(List.of(id));
    while (!open.isEmpty()) {
      for (VersionId product : lineage.madeInto(open.remove())) {
        if (seen.add(product)) {
          open.add(product);
          reached(product, id);
        }
      }
    }
  }

  private void service(Version version, boolean newest) {
    FeatureService service = catalog.service(version);
    Set<String> touched = new LinkedHashSet<>();
    for (FeatureView view : service.views()) {
      Set<String> ofView = change.in(view).keySet();
      service.features(view).stream()
          .map(Feature::name)
          .filter(ofView::contains)
          .forEach(touched::add);
    }
    service
        .derived()
        .forEach(
            (feature, how) -> {
              if (how.inputs().stream().anyMatch(touched::contains)) {
                touched.add(feature);
              }
            });
    if (touched.isEmpty()) {
      return;
    }
    // A lineage looks at all folders of the registry, and costs more than what is read above.
    List<VersionId> made =
        registry.lineage(version).products().stream()
            .filter(product -> product.kind() == Kind.MODEL)
            .toList();
    if (newest || !made.isEmpty()) {
      services.add(new AffectedService(version.id(), newest, List.copyOf(touched)));
      made.forEach(model -> reached(model, version.id()));
    }
  }

  private void reached(VersionId product, VersionId from) {
    if (product.kind() == Kind.MODEL) {
      models.computeIfAbsent(product, any -> new LinkedHashSet<>()).add(from);
    }
  }

  private List<AffectedModel> models() {
    Map<String, List<Alias>> aliases = new LinkedHashMap<>();
    List<AffectedModel> affected = new ArrayList<>();
    models.forEach(
        (id, from) ->
            affected.add(
                new AffectedModel(
                    id,
                    aliases.computeIfAbsent(id.name(), registry::aliases).stream()
                        .filter(alias -> alias.version().equals(id))
                        .map(Alias::alias)
                        .toList(),
                    List.copyOf(from))));
    affected.sort(Comparator.comparing(model -> model.aliases().isEmpty()));
    return affected;
  }
}
