package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Names;
import io.mlinfra.core.version.ContentHash;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The named set of features that a model uses: some of some views, and what is derived from them
 * and from the row that asks. Immutable.
 *
 * <pre>{@code
 * FeatureService fraud = FeatureService.named("fraud")
 *     .with(card)
 *     .with(shop, "shop__mean_amount_7d")
 *     .derive("over_mean", ratio("amount", "shop__mean_amount_7d"))
 *     .derive("hour", hour("asked"))
 *     .build();
 * }</pre>
 */
public final class FeatureService {
  private final String name;
  private final Map<FeatureView, List<Feature>> selected;
  private final Map<String, Derived> derived;
  private final @Nullable String owner;
  private final @Nullable String description;
  private final String definition;

  private FeatureService(Builder from) {
    this.name = from.name;
    this.selected = new LinkedHashMap<>(from.selected);
    this.derived = new LinkedHashMap<>(from.derived);
    this.owner = from.owner;
    this.description = from.description;
    this.definition = write();
  }

  /** Starts a service. */
  public static Builder named(String name) {
    return new Builder(Names.require("feature service", name));
  }

  /**
   * Reads a {@link #definition}. One written by hand may have its clauses in any order, but that
   * the features of its first view stand before those of the second, and blanks and empty lines
   * between them.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if it is none; the message says in
   *     which line, and what was expected there
   */
  public static FeatureService parse(String definition) {
    return DefinitionReader.service(definition);
  }

  /** Starts a service that has all that this one has, and gets more or other parts. */
  public Builder toBuilder() {
    Builder builder = new Builder(name);
    builder.selected.putAll(selected);
    builder.derived.putAll(derived);
    builder.owner = owner;
    builder.description = description;
    return builder;
  }

  public String name() {
    return name;
  }

  /** The views, in order. */
  public List<FeatureView> views() {
    return List.copyOf(selected.keySet());
  }

  /**
   * The features that it takes of a view, in the order of the view.
   *
   * @throws IllegalArgumentException if the view is not one of its own
   */
  public List<Feature> features(FeatureView view) {
    List<Feature> features = selected.get(view);
    if (features == null) {
      throw new IllegalArgumentException(
          "feature service '" + name + "' does not use feature view '" + view.name() + "'");
    }
    return features;
  }

  /** What is derived, by name and in order. */
  public Map<String, Derived> derived() {
    return Collections.unmodifiableMap(derived);
  }

  /** The names of all its features: those of its views in order, then what is derived. */
  public List<String> names() {
    return Stream.concat(
            selected.values().stream().flatMap(List::stream).map(Feature::name),
            derived.keySet().stream())
        .toList();
  }

  /** Who answers for it. */
  public Optional<String> owner() {
    return Optional.ofNullable(owner);
  }

  public Optional<String> description() {
    return Optional.ofNullable(description);
  }

  /**
   * The definition as text, those of its views behind it: equal definitions give equal texts. It is
   * what a version keeps.
   */
  public String definition() {
    return definition;
  }

  private String write() {
    StringBuilder text = new StringBuilder("feature service ").append(Text.quote(name));
    selected.forEach(
        (view, features) ->
            text.append("\n  features ")
                .append(
                    features.stream()
                        .map(feature -> Text.quote(feature.name()))
                        .collect(Collectors.joining(", "))));
    derived.forEach(
        (feature, how) ->
            text.append("\n  derive ").append(Text.quote(feature)).append(" = ").append(how));
    if (owner != null) {
      text.append("\n  owner ").append(Text.quote(owner));
    }
    if (description != null) {
      text.append("\n  description ").append(Text.quote(description));
    }
    text.append('\n');
    selected.keySet().forEach(view -> text.append('\n').append(view.definition()));
    return text.toString();
  }

  /** The SHA-256 of the definition, by which the registry tells versions apart. */
  public ContentHash hash() {
    return ContentHash.of(definition);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FeatureService that && definition.equals(that.definition);
  }

  @Override
  public int hashCode() {
    return definition.hashCode();
  }

  /** The definition. */
  @Override
  public String toString() {
    return definition;
  }

  /** Collects the parts of a service. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private final Map<FeatureView, List<Feature>> selected = new LinkedHashMap<>();
    private final Map<String, Derived> derived = new LinkedHashMap<>();
    private @Nullable String owner;
    private @Nullable String description;

    private Builder(String name) {
      this.name = name;
    }

    /**
     * Adds features of a view.
     *
     * @param features their names; all if none is named
     * @throws IllegalArgumentException if the view has no such feature, or is there already
     */
    public Builder with(FeatureView view, String... features) {
      Objects.requireNonNull(view, "view");
      Set<String> wanted = new HashSet<>(Arrays.asList(features));
      List<Feature> taken =
          view.features().stream()
              .filter(feature -> features.length == 0 || wanted.remove(feature.name()))
              .toList();
      if (!wanted.isEmpty()) {
        throw new IllegalArgumentException(
            "feature view '"
                + view.name()
                + "' has no feature "
                + wanted
                + "; it has "
                + view.features().stream().map(Feature::name).toList());
      }
      if (selected.keySet().stream().anyMatch(other -> other.name().equals(view.name()))) {
        throw new IllegalArgumentException("feature view '" + view.name() + "' is there already");
      }
      selected.put(view, taken);
      return this;
    }

    /**
     * Adds a feature that is computed when it is asked for.
     *
     * @param feature its name
     */
    public Builder derive(String feature, Derived how) {
      Text.required("the name of a derived feature", feature);
      if (derived.putIfAbsent(feature, Objects.requireNonNull(how, "how")) != null) {
        throw new IllegalArgumentException("feature '" + feature + "' is derived twice");
      }
      return this;
    }

    /** Who answers for it. */
    public Builder owner(String who) {
      this.owner = Text.required("owner", who);
      return this;
    }

    public Builder description(String text) {
      this.description = Text.required("description", text);
      return this;
    }

    /**
     * The finished service.
     *
     * @throws IllegalStateException if it has no features
     * @throws IllegalArgumentException if two features have one name, whose case does not matter,
     *     or one is derived from a later one or itself
     */
    public FeatureService build() {
      if (selected.isEmpty() && derived.isEmpty()) {
        throw new IllegalStateException("feature service '" + name + "' has no features");
      }
      Map<String, String> origins = new HashMap<>();
      selected.forEach(
          (view, features) ->
              features.forEach(
                  feature -> claim(origins, feature.name(), "view '" + view.name() + "'")));
      derived.keySet().forEach(feature -> claim(origins, feature, "what is derived"));
      Set<String> later = new HashSet<>(derived.keySet());
      derived.forEach(
          (feature, how) -> {
            for (String input : how.inputs()) {
              if (later.contains(input)) {
                throw new IllegalArgumentException(
                    "feature '" + feature + "' is derived from '" + input + "', which comes later");
              }
            }
            later.remove(feature);
          });
      return new FeatureService(this);
    }

    private void claim(Map<String, String> origins, String feature, String origin) {
      String other = origins.putIfAbsent(feature.toLowerCase(Locale.ROOT), origin);
      if (other != null) {
        throw new IllegalArgumentException(
            "feature '" + feature + "' is both in " + other + " and in " + origin);
      }
    }
  }
}
