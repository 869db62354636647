/**
 * Definitions, which are plain values: an {@link io.mlinfra.features.view.Entity}, a {@link
 * io.mlinfra.features.view.FeatureView} that says how its features are derived from events, a
 * {@link io.mlinfra.features.view.FeatureService} that names the features a model uses. Each has a
 * text form that reads back as the same value.
 *
 * <p>What computes them is in {@code io.mlinfra.features.offline} and {@code
 * io.mlinfra.features.online}, from the one definition.
 */
@NullMarked
package io.mlinfra.features.view;

import org.jspecify.annotations.NullMarked;
