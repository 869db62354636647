/**
 * Features of an entity at a time, defined once. A {@link io.mlinfra.features.view.FeatureView}
 * says how they are derived; a {@link io.mlinfra.features.view.FeatureStore} computes them, for a
 * {@link io.mlinfra.features.view.TrainingSet} at each row's own time, or for the online store at
 * one time.
 *
 * <p>Point-in-time correct means: a row sees an event only from the moment at which it was known.
 */
@NullMarked
package io.mlinfra.features.view;

import org.jspecify.annotations.NullMarked;
