package io.mlinfra.features.catalog;

import io.mlinfra.core.version.VersionId;
import io.mlinfra.features.view.Condition;
import io.mlinfra.features.view.Entity;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Version;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a catalog knows of a version without reading its definition. A service has the entities,
 * sources, columns and tags of its views.
 *
 * @param version the version
 * @param type whether it is a view or a service
 * @param entities the names of what its features are about
 * @param sources the tables and queries of its events
 * @param columns of its sources that it reads, keys and times among them
 * @param features the names of its features, in order
 * @param tags in alphabetical order
 * @param owner who answers for it
 * @param description what it says about itself
 */
public record CatalogEntry(
    Version version,
    Type type,
    List<String> entities,
    List<String> sources,
    List<String> columns,
    List<String> features,
    List<String> tags,
    Optional<String> owner,
    Optional<String> description) {
  private static final String TYPE = "definition";

  /** What is defined. */
  public enum Type {
    VIEW,
    SERVICE;

    /** As it stands in texts. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public CatalogEntry {
    entities = List.copyOf(entities);
    sources = List.copyOf(sources);
    columns = List.copyOf(columns);
    features = List.copyOf(features);
    tags = List.copyOf(tags);
  }

  /** The name of the view or service. */
  public String name() {
    return version.id().name();
  }

  /** What the registry keeps beside the definition of a view. */
  static Map<String, String> properties(FeatureView view) {
    List<String> features = view.features().stream().map(Feature::name).toList();
    return properties(
        Type.VIEW,
        List.of(view),
        features,
        view.owner().orElse(null),
        view.description().orElse(null));
  }

  /** What the registry keeps beside the definition of a service. */
  static Map<String, String> properties(FeatureService service) {
    return properties(
        Type.SERVICE,
        service.views(),
        service.names(),
        service.owner().orElse(null),
        service.description().orElse(null));
  }

  private static Map<String, String> properties(
      Type type,
      List<FeatureView> views,
      List<String> features,
      @Nullable String owner,
      @Nullable String description) {
    Set<String> entities = new LinkedHashSet<>();
    Set<String> sources = new LinkedHashSet<>();
    Set<String> columns = new LinkedHashSet<>();
    Set<String> tags = new TreeSet<>();
    for (FeatureView view : views) {
      Entity entity = view.entity();
      entities.add(entity.name());
      sources.add(view.source());
      columns.addAll(columns(view));
      tags.addAll(view.tags());
    }
    Map<String, String> properties = new TreeMap<>();
    properties.put(TYPE, type.label());
    properties.put("entities", joined(entities));
    properties.put("sources", joined(sources));
    properties.put("columns", joined(columns));
    properties.put("features", joined(features));
    properties.put("tags", joined(tags));
    if (owner != null) {
      properties.put("owner", owner);
    }
    if (description != null) {
      properties.put("description", description);
    }
    properties.values().removeIf(String::isEmpty);
    return properties;
  }

  private static Set<String> columns(FeatureView view) {
    Set<String> columns = new LinkedHashSet<>(view.entity().keys());
    columns.add(view.eventTime());
    view.knownAt().ifPresent(columns::add);
    view.tieBreak().ifPresent(columns::add);
    for (Feature feature : view.features()) {
      columns.add(feature.aggregate().column());
      Condition condition = feature.aggregate().condition();
      columns.add(condition == null ? "" : condition.column());
    }
    columns.remove("");
    return columns;
  }

  /** Empty for a version that no catalog registered. */
  static Optional<CatalogEntry> of(Version version) {
    Map<String, String> properties = version.properties();
    for (Type type : Type.values()) {
      if (type.label().equals(properties.get(TYPE))) {
        return Optional.of(
            new CatalogEntry(
                version,
                type,
                split(properties.get("entities")),
                split(properties.get("sources")),
                split(properties.get("columns")),
                split(properties.get("features")),
                split(properties.get("tags")),
                Optional.ofNullable(properties.get("owner")),
                Optional.ofNullable(properties.get("description"))));
      }
    }
    return Optional.empty();
  }

  /** One a line; those that have a line break of their own cannot be told from two otherwise. */
  private static String joined(Collection<String> texts) {
    return String.join(
        "\n", texts.stream().map(text -> text.replace("\\", "\\\\").replace("\n", "\\n")).toList());
  }

  private static List<String> split(@Nullable String joined) {
    List<String> texts = new ArrayList<>();
    for (String line : joined == null ? new String[0] : joined.split("\n")) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < line.length(); i++) {
        boolean escaped = line.charAt(i) == '\\' && i + 1 < line.length();
        char c = escaped ? line.charAt(++i) : line.charAt(i);
        text.append(escaped && c == 'n' ? '\n' : c);
      }
      texts.add(text.toString());
    }
    return texts;
  }

  /** {@code card:3}. */
  static String reference(VersionId id) {
    return id.name() + ":" + id.number();
  }

  /** {@code feature view card:3 (0a1b2c3d4e5f), 7 features}. */
  @Override
  public String toString() {
    VersionId id = version.id();
    int count = features.size();
    return "feature "
        + type.label()
        + " "
        + reference(id)
        + " ("
        + id.hash().abbreviated()
        + "), "
        + (count == 1 ? "1 feature" : count + " features");
  }
}
