package io.mlinfra.features.catalog;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import io.mlinfra.core.version.Kind;
import io.mlinfra.features.catalog.CatalogEntry.Type;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The definitions of features that a registry keeps: to register them, to find them, and to see
 * what breaks if one changes. The registry is borrowed. Thread-safe.
 *
 * <pre>{@code
 * FeatureCatalog catalog = FeatureCatalog.of(registry);
 * Version definitions = catalog.register(fraud);
 * TrainingSet noted = trainingSet.madeFrom(List.of(dataSet.id(), definitions.id()));
 *
 * catalog.search("tag:pii owner:risk amount");
 * catalog.impact(card.toBuilder().knownAt("booked").build());
 * }</pre>
 *
 * <p>A view and a service may bear one name; their versions are numbered together. The newest
 * version is the one with the highest number: a definition that is registered once more is the
 * version that it was, and does not become the newest by it.
 *
 * <p>Every call may throw what the registry's do.
 */
public final class FeatureCatalog {
  private final Registry registry;

  private FeatureCatalog(Registry registry) {
    this.registry = registry;
  }

  /** The catalog of a registry. */
  public static FeatureCatalog of(Registry registry) {
    return new FeatureCatalog(registry);
  }

  /** Keeps the definition of a view; the same definition again is the version that it was. */
  public Version register(FeatureView view) {
    return registry.register(
        Registration.of(Kind.FEATURES, view.name())
            .content(view.definition().getBytes(StandardCharsets.UTF_8))
            .properties(CatalogEntry.properties(view)));
  }

  /**
   * Keeps the definition of a service, made from those of its views, which are kept as well; the
   * same definition again is the version that it was. What is made from this version, such as a
   * training set and the model after it, is found by {@link #impact}.
   */
  public Version register(FeatureService service) {
    return registry.register(
        Registration.of(Kind.FEATURES, service.name())
            .content(service.definition().getBytes(StandardCharsets.UTF_8))
            .properties(CatalogEntry.properties(service))
            .madeFrom(service.views().stream().map(this::register).toList()));
  }

  /** The newest version of each view, by name. */
  public List<FeatureView> views() {
    return newest(Type.VIEW).map(entry -> view(entry.version())).toList();
  }

  /** The newest version of each service, by name. */
  public List<FeatureService> services() {
    return newest(Type.SERVICE).map(entry -> service(entry.version())).toList();
  }

  /**
   * The view that a reference means.
   *
   * @param reference {@code card:3}, or {@code card} for the newest
   * @throws IllegalArgumentException if it is not of that form
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such view
   */
  public FeatureView view(String reference) {
    return view(find(reference, Type.VIEW));
  }

  /**
   * The service that a reference means, with its views as they were when it was registered.
   *
   * @param reference {@code fraud:3}, or {@code fraud} for the newest
   * @throws IllegalArgumentException if it is not of that form
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such service
   */
  public FeatureService service(String reference) {
    return service(find(reference, Type.SERVICE));
  }

  private Version find(String reference, Type type) {
    Version found = registry.version(Kind.FEATURES, reference);
    Optional<CatalogEntry> entry = CatalogEntry.of(found).filter(e -> e.type() == type);
    if (entry.isEmpty() && reference.indexOf(':') < 0) {
      entry = newest(versions(reference), type);
    }
    return entry
        .orElseThrow(
            () ->
                new MlInfraException(
                    ErrorCode.NAME_UNKNOWN,
                    "there is no feature "
                        + type.label()
                        + " '"
                        + reference
                        + "'; "
                        + CatalogEntry.of(found)
                            .map(other -> "it is a feature " + other.type().label())
                            .orElse(found.id() + " was registered by no catalog")))
        .version();
  }

  FeatureView view(Version version) {
    return FeatureView.parse(definition(version));
  }

  FeatureService service(Version version) {
    return FeatureService.parse(definition(version));
  }

  private String definition(Version version) {
    return new String(registry.content(version), StandardCharsets.UTF_8);
  }

  /** Every version of the view or service of a name, oldest first; none if there is none. */
  public List<CatalogEntry> versions(String name) {
    return registry.versions(Kind.FEATURES, name).stream()
        .flatMap(version -> CatalogEntry.of(version).stream())
        .toList();
  }

  /** All versions by name. */
  Map<String, List<CatalogEntry>> entries() {
    Map<String, List<CatalogEntry>> entries = new LinkedHashMap<>();
    for (String name : registry.names(Kind.FEATURES)) {
      entries.put(name, versions(name));
    }
    return entries;
  }

  static Optional<CatalogEntry> newest(List<CatalogEntry> versions, Type type) {
    return versions.stream().filter(entry -> entry.type() == type).reduce((older, newer) -> newer);
  }

  private Stream<CatalogEntry> newest(Type type) {
    return entries().values().stream().flatMap(versions -> newest(versions, type).stream());
  }

  /**
   * The newest versions of the views and services that have all of some words, views first. No
   * definition is read for it.
   *
   * <p>{@code tag:pii owner:risk amount} finds what has the tag {@code pii}, an owner with the word
   * {@code risk}, and {@code amount} anywhere in its names, description, owner, tags, features,
   * columns or sources. The words that say where are {@code type:} (view or service), {@code
   * name:}, {@code entity:}, {@code source:}, {@code column:}, {@code feature:}, {@code tag:} and
   * {@code owner:}; they ask for all of such a text or for a word of it. In double quotes, blanks
   * and colons may stand: {@code owner:"payments team"}. Case does not matter. An empty text finds
   * all.
   *
   * @throws IllegalArgumentException if the text cannot be understood; the message says where
   */
  public List<CatalogEntry> search(String text) {
    Predicate<CatalogEntry> wanted = CatalogSearch.parse(text);
    Map<String, List<CatalogEntry>> entries = entries();
    return Stream.of(Type.values())
        .flatMap(
            type -> entries.values().stream().flatMap(versions -> newest(versions, type).stream()))
        .filter(wanted)
        .toList();
  }

  /**
   * How two views differ, in words, one difference a line; none if and only if they are equal.
   * {@code diff(catalog.view("card"), card)} is what registering {@code card} would change.
   */
  public static List<String> diff(FeatureView view, FeatureView other) {
    return ViewComparison.diff(view, other);
  }

  /**
   * What would break if a view became this one, compared with its newest version here. A feature is
   * affected if it would be missing, or if its values would follow from anything else: another
   * source, key, time, known-at or computation; for what the latest events say also another time to
   * live, and for what depends on their order another tie break. Owner, description, tags and new
   * features affect none.
   *
   * <p>The services are those that use such a feature, or derive another from it: in their newest
   * version, or in one from which a model was made. A version is left out in which the feature says
   * already what it would say. The models are all that were made from such a version of a service,
   * or from the view itself, which counts as using all its features.
   */
  public FeatureImpact impact(FeatureView changed) {
    String what = "feature view '" + changed.name() + "'";
    Optional<CatalogEntry> newest = newest(versions(changed.name()), Type.VIEW);
    if (newest.isEmpty()) {
      return new FeatureImpact(
          what + ", of which no version is registered", List.of(), List.of(), List.of());
    }
    Version before = newest.get().version();
    Map<String, String> changes = ViewComparison.changes(view(before), changed);
    return ImpactAnalysis.of(
        this,
        registry,
        what + ", changed from " + before.id(),
        view -> {
          if (!view.name().equals(changed.name())) {
            return Map.of();
          }
          Map<String, String> touched = ViewComparison.changes(view, changed);
          touched.keySet().retainAll(changes.keySet());
          return touched;
        });
  }

  /**
   * What would break if a column of a table changed or went away, in the way of {@link
   * #impact(FeatureView)}. Of a view with a query of its own, what its text names is all that is
   * known: if it names the table and the column, all its features may be affected, and if only the
   * table, those that read a column of that name; why they are affected begins with {@code perhaps}
   * then.
   *
   * @param table its name, as a view names it; case does not matter
   */
  public FeatureImpact impact(String table, String column) {
    String what = "column '" + ViewComparison.oneLine(table + "." + column) + "'";
    return ImpactAnalysis.of(this, registry, what, view -> readers(view, table, column));
  }

  private static Map<String, String> readers(FeatureView view, String table, String column) {
    if (!view.isSql()) {
      return view.source().equalsIgnoreCase(table)
          ? ViewComparison.readers(view, column)
          : Map.of();
    }
    Map<String, String> readers = new LinkedHashMap<>();
    if (names(view.source(), table)) {
      ViewComparison.readers(view, column)
          .forEach(
              (feature, why) ->
                  readers.put(feature, "perhaps, for the query names the table: " + why));
      if (names(view.source(), column)) {
        view.features()
            .forEach(
                feature ->
                    readers.putIfAbsent(feature.name(), "perhaps, for the query names both"));
      }
    }
    return readers;
  }

  private static boolean names(String sql, String name) {
    return Pattern.compile(
            "(?<![\\p{L}\\p{N}_])"
                + Pattern.quote(name.toLowerCase(Locale.ROOT))
                + "(?![\\p{L}\\p{N}_])")
        .matcher(sql.toLowerCase(Locale.ROOT))
        .find();
  }

  /** The newest version of each view and service, one a line. */
  @Override
  public String toString() {
    TextTable table =
        new TextTable("name", "type", "entity", ">features", "owner", "tags", "source");
    try {
      search("").forEach(entry -> table.row(cells(entry)));
    } catch (IllegalStateException e) {
      // A debugger asks for it even when the registry is closed, which its text says.
      return "FeatureCatalog[" + registry + "]";
    }
    return table.toString();
  }

  /** The same for a notebook: a fragment of HTML. */
  public String toHtml() {
    Html html =
        new Html()
            .markup("<table class=\"mlinfra\">\n<tr><th>name</th><th>type</th><th>entity</th>")
            .markup("<th>features</th><th>owner</th><th>tags</th><th>source</th></tr>\n");
    for (CatalogEntry entry : search("")) {
      html.markup("<tr>");
      for (String cell : cells(entry)) {
        html.markup("<td>{}</td>", cell);
      }
      html.markup("</tr>\n");
    }
    return html.markup("</table>\n").toString();
  }

  private static String[] cells(CatalogEntry entry) {
    return new String[] {
      CatalogEntry.reference(entry.version().id()),
      entry.type().label(),
      String.join(", ", entry.entities()),
      String.valueOf(entry.features().size()),
      entry.owner().orElse(""),
      String.join(", ", entry.tags()),
      String.join(", ", entry.sources())
    };
  }
}
