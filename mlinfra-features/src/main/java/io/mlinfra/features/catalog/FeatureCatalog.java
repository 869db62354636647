package io.mlinfra.features.catalog;

import io.mlinfra.core.version.Kind;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.nio.charset.StandardCharsets;

/** The definitions of features that a registry keeps. The registry is borrowed. Thread-safe. */
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
            .content(view.definition().getBytes(StandardCharsets.UTF_8)));
  }

  /** Keeps the definition of a service, made from those of its views, which are kept as well. */
  public Version register(FeatureService service) {
    return registry.register(
        Registration.of(Kind.FEATURES, service.name())
            .content(service.definition().getBytes(StandardCharsets.UTF_8))
            .madeFrom(service.views().stream().map(this::register).toList()));
  }
}
