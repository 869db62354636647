/** Definitions of features in the registry: {@link io.mlinfra.features.catalog.FeatureCatalog}. */
@NullMarked
package io.mlinfra.features.catalog;

import org.jspecify.annotations.NullMarked;
