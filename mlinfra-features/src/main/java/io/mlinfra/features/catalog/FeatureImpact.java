package io.mlinfra.features.catalog;

import io.mlinfra.core.text.Html;
import io.mlinfra.core.version.VersionId;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What would break: the features that a change touches, the services that use them, and the models
 * that were made from those. Immutable. {@link #toString} is for a shell, {@link #toHtml} for a
 * notebook.
 *
 * @param change what would change, for people
 * @param features by view, in the order of the views
 * @param services in the order of their names and versions
 * @param models those with an alias first, then by name, the newest first
 */
public record FeatureImpact(
    String change,
    List<AffectedFeature> features,
    List<AffectedService> services,
    List<AffectedModel> models) {
  /**
   * A feature that would be missing or say something else.
   *
   * @param view the newest version of its view
   * @param name of the feature
   * @param why for people; {@code removed} for one that would be missing
   */
  public record AffectedFeature(VersionId view, String name, String why) {
    @Override
    public String toString() {
      return ViewComparison.oneLine(name) + ": " + why;
    }
  }

  /**
   * A service that uses such features.
   *
   * @param version of the service
   * @param newest whether it is its newest version; other versions count where a model was made
   *     from them
   * @param features the names of those that it takes of its views, and of what is derived from them
   */
  public record AffectedService(VersionId version, boolean newest, List<String> features) {
    public AffectedService {
      features = List.copyOf(features);
    }

    @Override
    public String toString() {
      return CatalogEntry.reference(version)
          + (newest ? ", the newest: " : ": ")
          + ViewComparison.oneLine(String.join(", ", features));
    }
  }

  /**
   * A model that was made from such a service, or from the view itself.
   *
   * @param version of the model
   * @param aliases that point at it now, such as {@code champion}
   * @param madeFrom the services and views through which the change gets at it
   */
  public record AffectedModel(VersionId version, List<String> aliases, List<VersionId> madeFrom) {
    public AffectedModel {
      aliases = List.copyOf(aliases);
      madeFrom = List.copyOf(madeFrom);
    }

    private String origin() {
      return "made from "
          + madeFrom.stream().map(CatalogEntry::reference).collect(Collectors.joining(" and "));
    }

    private String reference() {
      return CatalogEntry.reference(version)
          + aliases.stream().map(alias -> " @" + alias).collect(Collectors.joining());
    }

    @Override
    public String toString() {
      return reference() + ", " + origin();
    }
  }

  public FeatureImpact {
    features = List.copyOf(features);
    services = List.copyOf(services);
    models = List.copyOf(models);
  }

  /** Whether nothing that is registered is touched. */
  public boolean isEmpty() {
    return features.isEmpty() && services.isEmpty() && models.isEmpty();
  }

  /** What would change, and below it what that touches, one a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(change);
    if (isEmpty()) {
      return text.append(": nothing that is registered is affected").toString();
    }
    list(text, "features", features.stream());
    list(text, "services", services.stream());
    list(text, "models", models.stream());
    return text.toString();
  }

  private static void list(StringBuilder text, String heading, Stream<?> items) {
    List<?> all = items.toList();
    text.append('\n').append(heading).append(all.isEmpty() ? ": none" : "");
    all.forEach(item -> text.append("\n  ").append(item));
  }

  /** The same for a notebook: a fragment of HTML. */
  public String toHtml() {
    Html html = new Html().markup("<table class=\"mlinfra\">\n<caption>{}</caption>\n", change);
    if (isEmpty()) {
      html.markup("<tr><td>nothing that is registered is affected</td></tr>\n");
    }
    for (AffectedFeature feature : features) {
      row(html, "feature", feature.name(), feature.why());
    }
    for (AffectedService service : services) {
      row(
          html,
          service.newest() ? "service, newest" : "service",
          CatalogEntry.reference(service.version()),
          String.join(", ", service.features()));
    }
    for (AffectedModel model : models) {
      row(html, "model", model.reference(), model.origin());
    }
    return html.markup("</table>\n").toString();
  }

  private static void row(Html html, String what, String name, String more) {
    html.markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", what, name, more);
  }
}
